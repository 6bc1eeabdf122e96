"""Watching one run from outside: each commit and each request is a numbered step, at which something may go wrong.

The steps are taken where effects become durable (a commit of the database, a request to the package) and not from the
code that causes them, so that code may change without a step being lost.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import event
from urllib3 import HTTPResponse

from tests.support.inprocess import InProcess
from tests.sync.office import Office

#: Calls to the accounting API; what a sign-in sends is not of it.
API = re.compile(r"^/(api\.xro|v3)/")


class Killed(BaseException):
    """The process is gone: nothing below a cell catches this."""


class Kind(StrEnum):
    """What a step does."""

    COMMIT = "commit"
    READ = "read"
    WRITE = "write"
    TOKEN = "token"


@dataclass(frozen=True, slots=True)
class Step:
    """One durable effect of a run, found by its kind and its number among those of its kind."""

    kind: Kind
    nth: int
    label: str  #: what it is for, and its number among those

    @property
    def purpose(self) -> str:
        """Return what it is for."""
        return self.label.rpartition("-")[0]


#: What a commit is for, told from the statements in it; the first that fits.
_PURPOSES: tuple[tuple[str, str], ...] = (
    (r"INSERT INTO call\b", "intent"),
    (r"UPDATE intent .*closed_at", "closing"),
    (r"UPDATE intent\b", "doubt"),
    (r"UPDATE call\b", "sent"),
    (r"INSERT INTO run\b", "asked"),
    (r"UPDATE run .*finished_at", "end"),
    (r"UPDATE credential .*ciphertext", "token"),
    (r"(UPDATE|INSERT INTO) link\b", "links"),
    (r"(INSERT INTO|UPDATE) (payment|invoice|customer|contact)\b", "records"),
    (r"(INSERT INTO|UPDATE) counterpart\b|UPDATE connection .*cursor", "feed"),
    (r"UPDATE run .*state", "begin"),
)
_WRITES = re.compile(r"^\s*(INSERT|UPDATE|DELETE)\b", re.IGNORECASE)

Commit = Callable[[], None]
Answering = Callable[[], HTTPResponse]


class Weather:
    """What happens around the steps of a run; this one lets everything pass."""

    def commit(self, nth: int, commit: Commit) -> None:
        """Carry out the nth commit."""
        commit()

    def request(self, kind: Kind, nth: int, target: str, answer: Answering) -> HTTPResponse:
        """Have the nth request of a kind answered."""
        return answer()


@dataclass(slots=True)
class Watch:
    """Counts steps and hands each to the weather."""

    office: Office
    weather: Weather = field(default_factory=Weather)
    steps: list[Step] = field(default_factory=list)
    _labels: Counter[str] = field(default_factory=Counter)
    _numbers: Counter[Kind] = field(default_factory=Counter)
    _statements: dict[int, list[str]] = field(default_factory=dict)  #: of each connection, since it last ended

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch for the length of a ``with`` block."""
        engine = self.office.platform.database.engine
        package = self.office.package
        assert isinstance(package, InProcess)
        dialect: Any = engine.dialect
        original, answer = dialect.do_commit, package.answer

        def commit(connection: Any) -> None:
            written = self._statements.pop(id(connection.dbapi_connection), [])
            self._numbers[Kind.COMMIT] += 1
            nth = self._numbers[Kind.COMMIT]
            if purpose := _purpose(written):
                self._note(Kind.COMMIT, nth, purpose)
            try:
                self.weather.commit(nth, lambda: original(connection))
            except BaseException:
                connection.rollback()  # as for a database whose client is gone: what was not committed is undone
                raise

        def answered(pool: Any, asked: Any) -> HTTPResponse:
            kind = kind_of(asked.method, asked.target)
            self._numbers[kind] += 1
            nth = self._numbers[kind]
            self._note(kind, nth, kind.value)
            return self.weather.request(kind, nth, asked.target, lambda: answer(pool, asked))

        event.listen(engine, "before_cursor_execute", self._take_down)
        event.listen(engine, "rollback", self._forget)
        dialect.do_commit = commit
        package.answer = answered  # type: ignore[method-assign]
        try:
            yield
        finally:
            event.remove(engine, "before_cursor_execute", self._take_down)
            event.remove(engine, "rollback", self._forget)
            dialect.do_commit = original
            del package.answer

    def _forget(self, connection: Any) -> None:
        self._statements.pop(id(connection.connection.dbapi_connection), None)

    def _take_down(self, _connection: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        if _WRITES.match(statement):
            self._statements.setdefault(id(cursor.connection), []).append(statement)

    def _note(self, kind: Kind, nth: int, label: str) -> None:
        self._labels[label] += 1
        self.steps.append(Step(kind, nth, f"{label}-{self._labels[label]}"))


def kind_of(method: str, target: str) -> Kind:
    """Return what a request is for."""
    if not API.match(target):
        return Kind.TOKEN
    return Kind.READ if method == "GET" else Kind.WRITE


def _purpose(statements: list[str]) -> str | None:
    """Return what a commit is for; None if it only keeps the lease or reports progress."""
    said = "\n".join(statement.replace("\n", " ") for statement in statements)
    return next((purpose for pattern, purpose in _PURPOSES if re.search(pattern, said)), None)
