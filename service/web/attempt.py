"""Attempts to sign in: counted per address of mail and per network address, so that guessing takes years."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

#: How long an attempt counts.
SPAN = timedelta(minutes=15)
PER_ADDRESS = 8
PER_NETWORK = 40
#: Keys that are remembered at most; the longest unused is forgotten first.
_KEYS = 10_000


class Attempts:
    """The attempts of the last minutes, in the memory of this one process."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """Take the clock that attempts are counted by."""
        self._clock = clock
        self._lock = threading.Lock()
        self._made: dict[str, deque[datetime]] = {}

    def admit(self, address: str, network: str) -> bool:
        """Count an attempt; return False, and count nothing, if there were too many."""
        now = self._clock()
        limits = {f"address:{address}": PER_ADDRESS, f"network:{network}": PER_NETWORK}
        with self._lock:
            recent = {key: self._recent(key, now) for key in limits}
            if any(len(made) >= limits[key] for key, made in recent.items()):
                return False
            for made in recent.values():
                made.append(now)
            while len(self._made) > _KEYS:
                del self._made[next(iter(self._made))]
            return True

    def forget(self, address: str) -> None:
        """Begin anew for an address whose owner has signed in."""
        with self._lock:
            self._made.pop(f"address:{address}", None)

    def _recent(self, key: str, now: datetime) -> deque[datetime]:
        made = self._made.pop(key, None) or deque()
        while made and now - made[0] > SPAN:
            made.popleft()
        self._made[key] = made
        return made
