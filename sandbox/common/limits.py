"""Call limits as providers keep them: sliding windows and calls at the same time."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

#: Name under which a refusal for too many calls at the same time is reported.
CONCURRENT = "concurrent"


@dataclass(frozen=True, slots=True)
class Window:
    """At most ``limit`` calls within any ``seconds`` seconds; None lifts the limit."""

    name: str
    seconds: int
    limit: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a call may go on, and what is left."""

    refused_by: str | None = None  #: name of the window that is full, or CONCURRENT
    retry_after: int | None = None  #: seconds until the full window has room; None for CONCURRENT
    remaining: Mapping[str, int] = field(default_factory=dict)  #: calls left per limited window

    @property
    def allowed(self) -> bool:
        """Whether the call may go on; if so, ``RateLimiter.leave`` must follow."""
        return self.refused_by is None


class RateLimiter:
    """Counts calls per subject (a tenant, a realm). Refused calls don't count. Thread-safe."""

    def __init__(self, windows: Sequence[Window], now: Callable[[], datetime], concurrent: int | None = None) -> None:
        self._windows = tuple(window for window in windows if window.limit is not None)
        self._concurrent = concurrent
        self._now = now
        self._lock = threading.Lock()
        self._calls: defaultdict[tuple[str, str], deque[datetime]] = defaultdict(deque)
        self._running: defaultdict[str, int] = defaultdict(int)

    def enter(self, subject: str) -> Verdict:
        """Count a call of ``subject``, or refuse it."""
        with self._lock:
            now = self._now()
            for window in self._windows:
                calls = self._calls[subject, window.name]
                while calls and calls[0] <= now - timedelta(seconds=window.seconds):
                    calls.popleft()
            if self._concurrent is not None and self._running[subject] >= self._concurrent:
                return Verdict(refused_by=CONCURRENT, remaining=self._remaining(subject))
            for window in self._windows:
                calls = self._calls[subject, window.name]
                if len(calls) >= (window.limit or 0):
                    free_at = calls[0] + timedelta(seconds=window.seconds) if calls else now
                    wait = max(1, ceil((free_at - now).total_seconds()))
                    return Verdict(refused_by=window.name, retry_after=wait, remaining=self._remaining(subject))
            for window in self._windows:
                self._calls[subject, window.name].append(now)
            self._running[subject] += 1
            return Verdict(remaining=self._remaining(subject))

    def leave(self, subject: str) -> None:
        """End a call that was allowed."""
        with self._lock:
            self._running[subject] = max(0, self._running[subject] - 1)

    def clear(self) -> None:
        """Forget all counted calls (those under way still count as running)."""
        with self._lock:
            self._calls.clear()

    def _remaining(self, subject: str) -> dict[str, int]:
        return {w.name: max(0, (w.limit or 0) - len(self._calls[subject, w.name])) for w in self._windows}
