"""What goes wrong at a step, and what it may cost: how often something is sent again because of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from urllib3 import HTTPResponse
from urllib3.exceptions import ReadTimeoutError

from sandbox.common.faults import FaultRule
from tests.crash.watch import Answering, Commit, Killed, Kind, Step, Weather
from tests.support.inprocess import InProcess

#: Longer than any caller waits, in seconds.
_LONG = 600.0
#: Most times that a run sends a write which never gets through: once in each pass, and once at its end.
_A_RUN = 4
_PATHS: Mapping[Kind, str] = {Kind.READ: r"^/(api\.xro|v3)/", Kind.WRITE: r"^/(api\.xro|v3)/", Kind.TOKEN: "token"}
_METHODS: Mapping[Kind, str] = {Kind.READ: "^GET$", Kind.WRITE: "^(PUT|POST|DELETE)$", Kind.TOKEN: "^POST$"}


@dataclass(slots=True)
class Blow(Weather):
    """Weather in which one step is struck, once."""

    package: InProcess
    step: Step
    struck: bool = False

    def commit(self, nth: int, commit: Commit) -> None:
        """Carry out a commit, or what becomes of it."""
        if (Kind.COMMIT, nth) == (self.step.kind, self.step.nth) and not self.struck:
            self.struck = True
            self.struck_commit(commit)
        else:
            commit()

    def request(self, kind: Kind, nth: int, target: str, answer: Answering) -> HTTPResponse:
        """Have a request answered, or what becomes of it."""
        if (kind, nth) == (self.step.kind, self.step.nth) and not self.struck:
            self.struck = True
            return self.struck_request(answer)
        return self.other_request(kind, target, answer)

    def struck_commit(self, commit: Commit) -> None:
        """Do what becomes of the commit."""
        commit()

    def struck_request(self, answer: Answering) -> HTTPResponse:
        """Do what becomes of the request."""
        return answer()

    def other_request(self, kind: Kind, target: str, answer: Answering) -> HTTPResponse:
        """Have any other request answered."""
        return answer()


class KilledBefore(Blow):
    """The process dies before the step."""

    def struck_commit(self, commit: Commit) -> None:
        raise Killed

    def struck_request(self, answer: Answering) -> HTTPResponse:
        raise Killed


class KilledAfter(Blow):
    """The process dies when the step is done: the commit is durable, the answer arrived and was not read."""

    def struck_commit(self, commit: Commit) -> None:
        commit()
        raise Killed

    def struck_request(self, answer: Answering) -> HTTPResponse:
        answer()
        raise Killed


class KilledUnderWay(Blow):
    """The process dies while its request hangs at the package."""

    def struck_request(self, answer: Answering) -> HTTPResponse:
        self.package.sandbox.faults.add(FaultRule.from_json({"kind": "hang", "seconds": _LONG}))
        try:
            answer()
        except ReadTimeoutError:
            raise Killed from None
        raise AssertionError("it was to hang")


class StoreFails(Blow):
    """The database takes nothing at this moment."""

    def struck_commit(self, commit: Commit) -> None:
        message = "database is locked"
        raise sqlite3.OperationalError(message)


class Lands(Blow):
    """The package hangs past the time-out, and does the write before it answers anything else."""

    def struck_request(self, answer: Answering) -> HTTPResponse:
        self.package.sandbox.faults.add(FaultRule.from_json({"kind": "hang", "seconds": _LONG}))
        return answer()

    def other_request(self, kind: Kind, target: str, answer: Answering) -> HTTPResponse:
        self.package.land()
        return answer()


class LandsAfterItsRepeat(Lands):
    """The package hangs past the time-out, and does the write only once it has answered its repeat."""

    def other_request(self, kind: Kind, target: str, answer: Answering) -> HTTPResponse:
        answered = answer()
        if kind is Kind.WRITE:
            self.package.land()
        return answered


class FeedLags(Blow):
    """The write is done and its answer lost, and for a while the package shows its records as they were."""

    def struck_request(self, answer: Answering) -> HTTPResponse:
        self.package.sandbox.faults.add(FaultRule.from_json({"kind": "drop", "when": "after"}))
        self.package.lags = True
        return answer()


class LateLanding(Weather):
    """A later run, during which what hung in an earlier one lands: once the repeat of it was answered."""

    def __init__(self, package: InProcess) -> None:
        self._package = package

    def request(self, kind: Kind, nth: int, target: str, answer: Answering) -> HTTPResponse:
        """Have a request answered, and let what hangs go on behind a write."""
        answered = answer()
        if kind is Kind.WRITE:
            self._package.land()
        return answered


@dataclass(slots=True)
class WireFault(Blow):
    """One of the sandbox's own faults strikes the request."""

    rule: Mapping[str, Any] = field(default_factory=dict)

    def struck_request(self, answer: Answering) -> HTTPResponse:
        self.package.sandbox.faults.add(FaultRule.from_json(self.rule))
        return answer()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One column of the matrix."""

    name: str
    says: str  #: what happens, for whoever reads a failure
    strikes: frozenset[Kind]
    weather: Callable[[InProcess, Step], Blow]
    again: int = 0  #: writes that it may cost in excess of an undisturbed run
    persists: bool = False  #: it leaves something to be done by a later run: how much later is then of interest
    batch_only: bool = False
    touches: bool = False  #: a bookkeeper edits the records there before the next run
    all_run: bool = False  #: it strikes every call until the run has ended
    splits: bool = False  #: what was one batch is two from there on, and so is whatever is sent after it
    late: bool = False  #: what hangs lands only once a later run has sent its repeat


_ALL = frozenset({Kind.COMMIT, Kind.READ, Kind.WRITE, Kind.TOKEN})
_REQUESTS = frozenset({Kind.READ, Kind.WRITE})
_WRITE = frozenset({Kind.WRITE})


def _wire(**rule: Any) -> Callable[[InProcess, Step], Blow]:
    def weather(package: InProcess, step: Step) -> Blow:
        return WireFault(package, step, rule=rule)

    return weather


def _from_then_on(**rule: Any) -> Callable[[InProcess, Step], Blow]:
    """Return a fault that strikes every request of the step's kind until the run has ended."""

    def weather(package: InProcess, step: Step) -> Blow:
        where = {"method": _METHODS[step.kind], "path": _PATHS[step.kind]}
        return WireFault(package, step, rule={**where, "count": None, **rule})

    return weather


FAULTS: tuple[Fault, ...] = (
    Fault(name="killed-before", says="the process dies before it", strikes=_ALL, weather=KilledBefore),
    Fault(name="killed-after", says="the process dies right after it", strikes=_ALL, weather=KilledAfter,
          persists=True),
    Fault(
        name="killed-under-way",
        says="the process dies while it hangs, and it lands before the next run",
        strikes=_WRITE,
        weather=KilledUnderWay,
        persists=True,
    ),
    Fault(
        name="killed-lands-late",
        says="the process dies while it hangs, and it lands after the next run has sent it again",
        strikes=_WRITE,
        weather=KilledUnderWay,
        again=1,
        late=True,
    ),
    Fault(name="killed-touched", says="the process dies right after it, and the bookkeeper edits the record there",
          strikes=_WRITE, weather=KilledAfter, touches=True),
    Fault(name="store-fails", says="the database refuses it", strikes=frozenset({Kind.COMMIT}), weather=StoreFails),
    Fault(name="dropped-before", says="the connection drops before anything is done", strikes=_ALL - {Kind.COMMIT},
          weather=_wire(kind="drop"), again=1),
    Fault(name="dropped-run", says="every connection drops until the run has ended", strikes=_REQUESTS,
          weather=_from_then_on(kind="drop"), again=_A_RUN, all_run=True, persists=True),
    Fault(name="dropped-after", says="the connection drops when it is done", strikes=_ALL - {Kind.COMMIT},
          weather=_wire(kind="drop", when="after")),
    Fault(name="hang-lands", says="it hangs past the time-out, and lands at once then", strikes=_WRITE, weather=Lands),
    Fault(name="hang-lands-late", says="it hangs past the time-out, and lands after its repeat", strikes=_WRITE,
          weather=LandsAfterItsRepeat, again=1),
    Fault(name="hang-run", says="it and its repeats hang past the time-out, and all land before the next run",
          strikes=_WRITE, weather=_from_then_on(kind="hang", seconds=_LONG), again=_A_RUN, all_run=True, persists=True),
    Fault(name="feed-lags", says="the connection drops when it is done, and the feed does not show it in this run",
          strikes=_WRITE, weather=FeedLags, again=_A_RUN, all_run=True),
    Fault(name="500-before", says="500, and nothing was done", strikes=_REQUESTS,
          weather=_wire(kind="status", status=500), again=1),
    Fault(name="500-run", says="500 to everything of its kind until the run has ended", strikes=_REQUESTS,
          weather=_from_then_on(kind="status", status=500), again=_A_RUN, all_run=True, persists=True),
    Fault(name="500-after", says="500 although it was done", strikes=_WRITE,
          weather=_wire(kind="status", status=500, when="after")),
    Fault(name="503", says="503, and nothing was done", strikes=_ALL - {Kind.COMMIT},
          weather=_wire(kind="status", status=503), again=1),
    Fault(name="503-run", says="503 to every call until the run has ended", strikes=_REQUESTS,
          weather=_from_then_on(kind="status", status=503, method=""), again=_A_RUN, all_run=True),
    Fault(name="429-short", says="429 that names a short rest", strikes=_REQUESTS,
          weather=_wire(kind="throttle", retry_after=7), again=1),
    Fault(name="429-long", says="429 that names a long rest", strikes=_REQUESTS,
          weather=_wire(kind="throttle", retry_after=600), again=1),
    Fault(name="429-no-rest", says="429 that names no rest", strikes=_REQUESTS, weather=_wire(kind="throttle"),
          again=1),
    Fault(name="half", says="half an answer", strikes=_REQUESTS, weather=_wire(kind="half")),
    Fault(name="malformed", says="a page instead of an answer", strikes=_REQUESTS, weather=_wire(kind="malformed")),
    Fault(name="elements", says="one element of the batch is refused", strikes=_WRITE, batch_only=True,
          weather=_wire(kind="elements", elements=[1]), again=1, splits=True),
)  # fmt: skip
