"""First answers kept for a while, so that a repeated write gets the same one again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto


class Turn(Enum):
    """What a request that carries a key is."""

    FIRST = auto()  #: do the work, then call ``finish`` (or ``abandon``)
    AGAIN = auto()  #: the answer is known
    DIFFERENT = auto()  #: the key belongs to another request


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A stored answer, byte for byte."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(slots=True)
class _Entry:
    fingerprint: str
    begun_at: datetime
    answer: Answer | None = None


class ReplayStore:
    """Keeps answers for ``window`` from the first call; a concurrent repeat waits for the first to end."""

    def __init__(self, window: timedelta, now: Callable[[], datetime]) -> None:
        self._window = window
        self._now = now
        self._entries: dict[str, _Entry] = {}
        self._changed = threading.Condition()

    def begin(self, key: str, fingerprint: str, patience: float = 30.0) -> tuple[Turn, Answer | None]:
        """Say whether the request (told apart by ``fingerprint``) is the first with ``key``.

        Waits up to ``patience`` real seconds for a first call still under way, then counts as FIRST itself.
        """
        with self._changed:
            self._forget_old()
            entry = self._entries.get(key)
            if entry is not None and entry.fingerprint != fingerprint:
                return Turn.DIFFERENT, None
            if entry is not None:
                self._changed.wait_for(lambda: entry.answer is not None or key not in self._entries, patience)
                if entry.answer is not None:
                    return Turn.AGAIN, entry.answer
            self._entries[key] = _Entry(fingerprint, self._now())
            return Turn.FIRST, None

    def finish(self, key: str, answer: Answer) -> None:
        """Store the first answer; waiting repeats get it."""
        with self._changed:
            entry = self._entries.get(key)
            if entry is not None and entry.answer is None:
                entry.answer = answer
            self._changed.notify_all()

    def abandon(self, key: str) -> None:
        """Forget a first call that ended without an answer; the next repeat is the first."""
        with self._changed:
            entry = self._entries.get(key)
            if entry is not None and entry.answer is None:
                del self._entries[key]
            self._changed.notify_all()

    def clear(self) -> None:
        """Forget everything."""
        with self._changed:
            self._entries.clear()
            self._changed.notify_all()

    def _forget_old(self) -> None:
        oldest = self._now() - self._window
        for key in [key for key, entry in self._entries.items() if entry.begun_at <= oldest]:
            del self._entries[key]
