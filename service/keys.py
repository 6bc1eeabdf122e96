"""Keys: what the operator gives, in the form that encryption needs; and those the service makes and keeps itself."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

KEY_BYTES = 32
LEAST_CHARACTERS = 16


def to_fernet_key(text: str) -> str:
    """Return a given key in Fernet's form: 32 bytes in URL-safe base64.

    32 bytes in any base64 or in hexadecimal are taken as they are; any other text is a passphrase and is stretched.

    :raises ValueError: the text is too short to keep anything secret.
    """
    if len(text) < LEAST_CHARACTERS:
        message = f"must have at least {LEAST_CHARACTERS} characters"
        raise ValueError(message)
    for decode in (_from_hex, _from_base64):
        key = decode(text)
        if len(key) == KEY_BYTES:
            break
    else:
        # The salt is fixed because the same passphrase has to open the same database on every machine.
        key = hashlib.scrypt(text.encode(), salt=b"tieout/encryption-key", n=2**14, r=8, p=1, dklen=KEY_BYTES)
    return base64.urlsafe_b64encode(key).decode("ascii")


def _from_hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _from_base64(text: str) -> bytes:
    bare = text.rstrip("=").translate({ord("-"): "+", ord("_"): "/"})
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


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
