"""The sandbox's own clock: real until a test moves or freezes it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the time to everything in one sandbox: tokens, windows, limits and change stamps.

    Calling the object gives the current aware UTC time. Thread-safe.
    """

    def __init__(self, frozen_at: datetime | None = None) -> None:
        self._lock = threading.Lock()
        self._frozen_at = frozen_at
        self._offset = timedelta()

    def __call__(self) -> datetime:
        """Return the current time, aware and in UTC."""
        with self._lock:
            return self._frozen_at or datetime.now(UTC) + self._offset

    def freeze(self, at: datetime | None = None) -> None:
        """Stop at ``at`` (aware), by default at the current time."""
        moment = (at or self()).astimezone(UTC)
        with self._lock:
            self._frozen_at = moment

    def advance(self, seconds: float) -> None:
        """Move by so many seconds, frozen or running; negative moves back."""
        step = timedelta(seconds=seconds)
        with self._lock:
            if self._frozen_at is not None:
                self._frozen_at += step
            else:
                self._offset += step

    def set(self, at: datetime) -> None:
        """Jump to ``at`` (aware) and run on from there; a frozen clock stays frozen at ``at``."""
        with self._lock:
            if self._frozen_at is not None:
                self._frozen_at = at.astimezone(UTC)
            else:
                self._offset = at - datetime.now(UTC)

    def run(self) -> None:
        """Show real time again."""
        with self._lock:
            self._frozen_at = None
            self._offset = timedelta()

    @property
    def frozen(self) -> bool:
        """Whether time stands still."""
        with self._lock:
            return self._frozen_at is not None
