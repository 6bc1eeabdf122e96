"""Where this machine keeps a Chromium that a test can drive."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@cache
def find_chromium() -> Path | None:
    """Return the first Chromium that answers: the machine's own, else one that Playwright downloaded; None without."""
    downloads = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache/ms-playwright")
    installed = [Path(path) for path in map(shutil.which, NAMES) if path]
    downloaded = sorted(downloads.glob("chromium-*/chrome-*/chrome"), reverse=True)
    return next((path for path in [*installed, *downloaded] if _answers(path)), None)


def _answers(path: Path) -> bool:
    # Ubuntu installs a stub of this name that only tells people to use snap.
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=30, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
