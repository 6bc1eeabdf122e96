"""What comes between the steps of a run: the process dies there, or somebody else does something there.

A step is what can be seen from outside: a commit, or a request. So every moment of a run has a number, whatever the
code in between is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.orm import Session

from service.store.database import Database
from tests.support.inprocess import InProcess


class Crash(BaseException):
    """The process is gone; whatever still runs of it (a ``finally``, say) reaches neither database nor package."""


class Interruptions:
    """Counts the steps of one process, and interrupts it where it is told to."""

    def __init__(self, database: Database, package: InProcess) -> None:
        """Stand between a process, its database and its package."""
        self._write, self._answer = database.write, package.answer
        self.requests = 0  #: since the last :meth:`nothing`
        self.dead = False
        self._dies_in: int | None = None
        self._meanwhile: tuple[int, Callable[[], None]] | None = None
        database.write = self._writing  # type: ignore[method-assign]
        package.answer = self._asking  # type: ignore[assignment, method-assign]

    def nothing(self) -> None:
        """Interrupt nothing (any more); who was dead is started anew."""
        self.dead, self._dies_in, self._meanwhile, self.requests = False, None, None, 0

    def die_at(self, step: int) -> None:
        """Let the process die at a step, counted from 1."""
        self._dies_in = step

    def at_request(self, number: int, do: Callable[[], None]) -> None:
        """Do something once, as the request of this number arrives, counted from 1."""
        self.requests, self._meanwhile = 0, (number, do)

    @property
    def waits(self) -> bool:
        """True as long as what was to come between has not come."""
        return self._dies_in is not None or self._meanwhile is not None

    def _step(self) -> None:
        if self._dies_in is not None:
            self._dies_in -= 1
            if not self._dies_in:
                self._dies_in, self.dead = None, True
        if self.dead:
            raise Crash

    @contextmanager
    def _writing(self, *, lasting: bool = False) -> Iterator[Session]:
        if self.dead:
            raise Crash
        with self._write(lasting=lasting) as session:
            yield session
            self._step()  # nothing of it is committed
        self._step()  # all of it is

    def _asking(self, *asked: Any) -> Any:
        self._step()
        self.requests += 1
        if self._meanwhile is not None and self._meanwhile[0] == self.requests:
            do, self._meanwhile = self._meanwhile[1], None
            do()
        answer = self._answer(*asked)
        self._step()  # the package has done it, and nobody knows
        return answer
