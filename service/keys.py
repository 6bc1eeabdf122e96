"""Keys that the service makes for itself on the embedded database, and keeps in files only their owner may read."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet


def read_or_make_key(folder: Path | None, name: str) -> str:
    """Return the key of that name kept in the folder, made on the first call; without a folder, a passing one.

    Two processes that start together get the same key: it appears under its name complete or not at all.

    :raises OSError: the folder cannot be written to.
    """
    if folder is None:
        return _make_key()
    path = folder / f"{name}.key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        # mkstemp makes a file that only its owner may read and write.
        descriptor, draft = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(_make_key() + "\n")
                file.flush()
                os.fsync(file.fileno())
            # Unlike a rename, a link never replaces what another process put there first.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            Path(draft).unlink()
    return path.read_text(encoding="ascii").strip()


def _make_key() -> str:
    return Fernet.generate_key().decode("ascii")
