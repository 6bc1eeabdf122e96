"""One clock for several processes: it stands still while anybody works, and jumps when all of them sleep."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from multiprocessing.connection import Connection

from sandbox.common.clock import Clock


class Watch:
    """A worker's view of the time: told when it may go on after a sleep."""

    def __init__(self, wire: Connection, now: datetime) -> None:
        """Bind to the one who keeps the time."""
        self._wire, self._now = wire, now

    def __call__(self) -> datetime:
        """Return the present moment."""
        return self._now

    def sleep(self, seconds: float) -> bool:
        """Sleep; return False once the day is over."""
        self._wire.send(self._now + timedelta(seconds=max(0.0, seconds)))
        told: datetime | None = self._wire.recv()
        self._now = self._now if told is None else told
        return told is not None

    def fail(self, why: str) -> None:
        """Say that this worker can't go on."""
        self._wire.send(why)


@dataclass
class Timekeeper:
    """Moves the clock to whatever comes first: a worker that wakes up, or something that people do."""

    clock: Clock  #: frozen; the packages have it too
    workers: Sequence[Connection]
    _agenda: list[tuple[datetime, int, Callable[[], object]]] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=count)

    def at(self, when: datetime, do: Callable[[], object]) -> None:
        """Note something to be done at a time."""
        heapq.heappush(self._agenda, (when, next(self._numbers), do))

    def run(self, until: datetime, *, between: Callable[[], object]) -> None:
        """Let the day pass.

        :param between: done whenever everybody sleeps.
        :raises RuntimeError: a worker failed.
        """
        asleep: dict[int, datetime] = {}
        while self.clock() < until:
            for number, worker in enumerate(self.workers):
                if number not in asleep:
                    asleep[number] = _heard(worker.recv())
            between()
            following = [*asleep.values(), *(when for when, _, _ in self._agenda[:1]), until]
            now = max(self.clock(), min(following))
            self.clock.freeze(now)
            while self._agenda and self._agenda[0][0] <= now:
                heapq.heappop(self._agenda)[2]()
            for number in [number for number, when in asleep.items() if when <= now]:
                del asleep[number]
                self.workers[number].send(now)
        for number, worker in enumerate(self.workers):
            if number not in asleep:
                _heard(worker.recv())
            worker.send(None)


def _heard(told: datetime | str) -> datetime:
    if isinstance(told, str):
        raise RuntimeError(told)  # noqa: TRY004  (what the worker says is why it failed)
    return told
