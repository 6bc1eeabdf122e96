"""One of the service's processes during the day: it asks for what is due and does it, as worker and scheduler do."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, fields
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, TypeVar

from scheduler.clockwork import Clockwork
from service.settings import load_settings
from service.sync.platform import Platform, build_platform
from tests.day.hours import Watch

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Timed(Platform):
    """A platform that sleeps by a watch."""

    watch: Watch

    def pause(self, seconds: float) -> bool:
        """Sleep; False once the day is over."""
        if not self.watch.sleep(seconds):
            self.stopping.set()
        return not self.stopping.is_set()


class _AtOnce(Executor):
    """Does what it is given before it returns: one process is one thread here, so that the day can be told apart."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Do it."""
        done: Future[T] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


def work(wire: Connection, settings: Mapping[str, Any], begins: datetime, step: float) -> None:
    """Work until the day is over: look at the rows, do what waits, sleep a little."""
    watch = Watch(wire, begins)
    try:
        built = build_platform(load_settings(env_file=None, **settings), clock=watch)
        platform = Timed(**{part.name: getattr(built, part.name) for part in fields(built)}, watch=watch)
        clockwork = Clockwork(platform)
        clockwork._pool = _AtOnce()  # type: ignore[assignment]  # what is submitted is done
        while not platform.stopping.is_set() and platform.pause(step):
            clockwork.tick()
        built.database.close()
    except BaseException:  # whoever keeps the time has to know, or waits for ever
        watch.fail(traceback.format_exc())
        raise
