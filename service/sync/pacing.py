"""Keeping within a package's limits: how long to wait before the next call to one company.

Windows slide over the calls that this process has made. Another process, or a restart, can make them incomplete; then
the package's own answer, with the rest it asks for, is obeyed.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from threading import Lock

from service.core.ports import Limits

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
#: Batches that may go out as fast as they can be made.
_BURST = 20
#: The package counts when a call arrives, we when it leaves.
_SLACK = timedelta(milliseconds=150)


class Pacer:
    """The calls made to one company within the last minute."""

    def __init__(self, limits: Limits) -> None:
        """Start with no call made."""
        self._windows = [
            (span + _SLACK, allowed)
            for span, allowed in ((_SECOND, limits.per_second), (_MINUTE, limits.per_minute))
            if allowed is not None
        ]
        self._batches_allowed = limits.batches_per_minute
        self._calls: deque[datetime] = deque()
        self._batches: deque[datetime] = deque()
        self._lock = Lock()

    def note(self, now: datetime, *, calls: int = 1, batches: int = 0) -> None:
        """Remember calls that were made."""
        with self._lock:
            self._calls.extend([now] * calls)
            self._batches.extend([now] * batches)
            for made in (self._calls, self._batches):
                while made and now - made[0] > _MINUTE + _SLACK:
                    made.popleft()

    def delay(self, now: datetime, *, batch: bool = False) -> timedelta:
        """Return how long to wait before another call keeps within every limit."""
        with self._lock:
            waits = [_wait(self._calls, span, allowed, now) for span, allowed in self._windows]
            if batch and self._batches_allowed is not None and len(self._batches) >= _BURST:
                # Evenly spaced, so that the change feed is never flooded by our own writes.
                waits.append(self._batches[-1] + _MINUTE / self._batches_allowed - now)
        return max([timedelta(0), *waits])


def _wait(made: deque[datetime], span: timedelta, allowed: int, now: datetime) -> timedelta:
    if len(made) < allowed:
        return timedelta(0)
    return made[-allowed] + span - now


_PACERS: dict[str, Pacer] = {}
_PACERS_LOCK = Lock()


def pacer_of(connection_id: str, limits: Limits) -> Pacer:
    """Return the one pacer that this process has for a connection."""
    with _PACERS_LOCK:
        return _PACERS.setdefault(connection_id, Pacer(limits))
