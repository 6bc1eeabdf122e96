"""Time that is moved, not waited for: it stands still while anybody works, and jumps when all of them wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sandbox.common.clock import Clock
from service.core.ports import Connector
from service.providers import Provider
from service.settings import ProviderSettings
from service.sync.platform import Platform

#: Real seconds after which somebody must have got stuck.
_PATIENCE = 600


class SharedTime:
    """The time of several workers and of the packages they call.

    A worker takes part from ``working`` on. While one of them works, time stands still; once all of them sleep it
    jumps to when the first one wants to go on.
    """

    def __init__(self, clock: Clock) -> None:
        """Take over a clock; it is frozen."""
        clock.freeze()
        self.clock = clock
        self._turn = threading.Condition()
        self._awake = 0
        self._sleepers: list[datetime] = []

    @contextmanager
    def working(self) -> Iterator[None]:
        """Take part for as long as some work lasts."""
        self.join()
        try:
            yield
        finally:
            self.leave()

    def join(self) -> None:
        """Take part from now on; may be done for another thread before that begins."""
        with self._turn:
            self._awake += 1

    def leave(self) -> None:
        """Take part no longer."""
        with self._turn:
            self._awake -= 1
            self._jump()

    def sleep(self, seconds: float) -> None:
        """Sleep, as one of those who take part."""
        with self._turn:
            until = self.clock() + timedelta(seconds=max(0.0, seconds))
            self._awake -= 1
            self._sleepers.append(until)
            self._jump()
            if not self._turn.wait_for(lambda: self.clock() >= until, timeout=_PATIENCE):
                raise RuntimeError("time stands still: somebody works for ever")
            # whoever moved the clock has counted this one as awake again

    def _jump(self) -> None:
        if self._awake or not self._sleepers:
            return
        first = min(self._sleepers)
        self.clock.advance((first - self.clock()).total_seconds())
        self._awake = sum(until <= self.clock() for until in self._sleepers)
        self._sleepers = [until for until in self._sleepers if until > self.clock()]
        self._turn.notify_all()


@dataclass(frozen=True, kw_only=True)
class Simulated(Platform):
    """A platform whose waiting takes no time, and whose calls take a while of shared time."""

    time: SharedTime
    call_seconds: float = 0.0  #: what each call to a package takes

    def pause(self, seconds: float) -> bool:
        """Sleep in shared time, letting another connection be worked on meanwhile."""
        with self.waiting():
            self.time.sleep(seconds)
        return not self.stopping.is_set()

    def provider(self, name: str) -> Provider:
        """Return a package whose calls take their time."""
        known = super().provider(name)
        return _Distant(known.name, known.connector_module, known.mapping_module, self._call)

    def _call(self) -> None:
        if self.call_seconds:
            self.time.sleep(self.call_seconds)


@dataclass(frozen=True)
class _Distant(Provider):
    """A package that every call takes a while to reach."""

    travel: Callable[[], None]

    def connect(self, settings: ProviderSettings, **given: Any) -> Connector:
        """Return a connector whose calls travel once they are allowed."""
        permit = given.pop("access_token")

        def permitted() -> str:
            token: str = permit()
            self.travel()
            return token

        return super().connect(settings, access_token=permitted, **given)


def simulated(platform: Platform, time: SharedTime, *, call_seconds: float = 0.0) -> Simulated:
    """Return a platform in shared time."""
    parts = {part.name: getattr(platform, part.name) for part in fields(platform)}
    return Simulated(**{**parts, "clock": time.clock}, time=time, call_seconds=call_seconds)
