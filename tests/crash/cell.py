"""One cell of the matrix: one operation, one step of it, one fault, and how long afterwards the work goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from unittest import mock

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from sandbox.common.request_log import Seen
from service.core.problem import OptionId
from service.store import leases
from service.store.sync_models import ConnectionRow, CredentialRow, RunRow
from service.sync import run as running
from tests.crash.fault import Fault, LateLanding
from tests.crash.operation import Made, Operation
from tests.crash.outcome import Outcome, differences, left_open, outcome_of
from tests.crash.watch import Killed, Step, Watch, Weather
from tests.support.inprocess import InProcess
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office, connection_of

#: How long after the blow the next run begins; keys of one package are good for six minutes.
MOMENTS = {"soon": timedelta(0), "7min": timedelta(minutes=7), "25h": timedelta(hours=25)}
#: Runs until everything has settled, at most: what the feed showed too late of credits is read anew after ten minutes.
MOST_RUNS = 7
#: Longer than any lease and than a scheduled sync is waited for.
_A_WHILE = 130.0
_LONGEST_KEY = 36
_WINDOW = timedelta(minutes=6)
_TOUCHED = "+1 415 555 0155"


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a cell stands in the matrix."""

    package: str
    operation: str
    size: int
    step: Step
    fault: Fault
    moment: str

    @property
    def id(self) -> str:
        """Return its name, by which it can be played again."""
        many = "single" if self.size == 1 else "batch"
        return f"{self.package}/{self.operation}/{many}/{self.step.label}/{self.fault.name}/{self.moment}"


@dataclass(frozen=True, slots=True)
class Result:
    """How a cell came out; an empty story means that all is well."""

    id: str
    story: tuple[str, ...]
    seconds: float
    again: int = 0  #: writes in excess of an undisturbed run
    runs: int = 0


def undisturbed(office: Office, operation: Operation, made: Made, *, touch: bool = False) -> tuple[Outcome, Watch]:
    """Play the change without a fault; return what it comes to, and the steps it took."""
    made = operation.change(office, made)
    office.package.sandbox.log.clear()
    watch = Watch(office)
    with watch.watching():
        run_id = office.ask()
        running.perform(office.platform, office.connection_id)
    run = office.run(run_id)
    assert run.state == "succeeded", (run.problem, [problem.document for problem in office.problems()])
    written = office.writes()
    if touch:
        _touch(office, made)
    office.settled()  # a run may leave news of its own writes for the next one to look at
    outcome = outcome_of(office)
    assert touch or outcome.writes == written, "an undisturbed sync writes again"
    assert not (stray := list(left_open(office))), stray
    assert office.sync().state == "succeeded"
    assert office.writes() == outcome.writes, "an undisturbed sync writes again"
    return outcome, watch


def play(office: Office, operation: Operation, made: Made, cell: Cell, expected: Outcome) -> tuple[list[str], int, int]:
    """Play a cell; return its story, the writes that it cost in excess, and the runs that it took."""
    package = office.package
    assert isinstance(package, InProcess)
    made = operation.change(office, made)
    package.sandbox.log.clear()
    blow = cell.fault.weather(package, cell.step)
    story: list[str] = []
    _first_run(office, blow)
    if not blow.struck:
        return ["the step was never reached"], 0, 0
    package.sandbox.faults.clear()
    package.lags = False
    if cell.fault.touches:
        _touch(office, made)
    if not cell.fault.late:
        package.land()
    package.sandbox.clock.advance(MOMENTS[cell.moment].total_seconds())
    runs = _recover(office, LateLanding(package) if cell.fault.late else Weather())
    if runs is None:
        story.append(f"not settled after {MOST_RUNS} runs: {_last_words(office)}")
    else:
        office.settled()  # as in the undisturbed life
    package.land()
    story += _settled_story(office, cell, expected)
    return story, office.writes() - expected.writes, runs or MOST_RUNS


def _settled_story(office: Office, cell: Cell, expected: Outcome) -> Iterator[str]:
    found = outcome_of(office)
    yield from left_open(office)
    yield from differences(expected, found)
    excess = found.writes - expected.writes
    most = _most_again(cell, expected)
    if not 0 <= excess <= most:
        yield f"{found.writes} writes, where {expected.writes} are needed and {most} more are allowed"
    yield from _abused_keys(office.package.sandbox.log.writes, windowed=cell.package == "xero")
    last = office.sync()
    if last.state != "succeeded":
        yield f"a further sync is {last.state}: {last.problem}"
    if office.writes() != found.writes:
        yield "a further sync writes again"


def _most_again(cell: Cell, expected: Outcome) -> int:
    """Return how many writes in excess of an undisturbed run a cell may cost."""
    if cell.fault.splits:
        return cell.fault.again * (expected.writes - cell.step.nth + 1)
    return cell.fault.again * (expected.writes if cell.fault.all_run else 1)


def _first_run(office: Office, weather: Weather) -> None:
    """Ask for a run and do it, as far as it gets; who dies in it leaves everything as it lies."""
    with Watch(office, weather).watching():
        try:
            office.ask()
            running.perform(office.platform, office.connection_id)
        except Killed:
            _bury(office)
        except OperationalError:
            pass


def _bury(office: Office) -> None:
    """Let it be known on this machine that the worker is dead."""
    with office.platform.database.read() as session:
        held = [
            *session.scalars(select(ConnectionRow.lease_token)),
            *session.scalars(select(CredentialRow.lease_token)),
        ]
    dead = {holder for holder in held if holder is not None}
    mock.patch.object(leases, "_is_dead", dead.__contains__).start()


def _recover(office: Office, weather: Weather) -> int | None:
    """Sync until a run succeeds; return how many runs it took, or None."""
    for number in range(1, MOST_RUNS + 1):
        with Watch(office, weather).watching():
            run = office.sync()
        if run.state == "succeeded" and not office.problems():
            return number
        for problem in office.problems():
            if problem.kind == "rejected":
                office.answer(OptionId.RETRY, problem)
        waits = connection_of(office).wait_until
        now = office.platform.clock()
        rest = max(_A_WHILE, (waits - now).total_seconds() + 1) if waits else _A_WHILE
        if number < MOST_RUNS:
            office.platform.pause(rest)
    return None


def _touch(office: Office, made: Made) -> None:
    """Let the bookkeeper change the telephone numbers of customers, by the names that they have there."""
    bookkeeper = Bookkeeper(office.package.sandbox)
    for record in made:
        link = office.link(record)
        assert link is not None
        assert link.remote_name is not None
        for remote_id in bookkeeper.named(link.remote_name):
            bookkeeper.edit(remote_id, phone=_TOUCHED)


def _abused_keys(writes: tuple[Seen, ...], *, windowed: bool) -> Iterator[str]:
    """Say where a key was used for other bytes, after its window, or is too long."""
    first: dict[str, tuple[datetime, str]] = {}
    for seen in writes:
        if seen.key is None:
            yield f"{seen.method} {seen.path} carries no key"
            continue
        at, digest = first.setdefault(seen.key, (seen.time, seen.digest))
        if digest != seen.digest:
            yield f"the key {seen.key} is used for other bytes"
        if windowed and seen.time - at >= _WINDOW:
            yield f"the key {seen.key} is used again after {seen.time - at}"
        if len(seen.key) > _LONGEST_KEY:
            yield f"the key {seen.key} is too long"


def _last_words(office: Office) -> str:
    connection = connection_of(office)
    problems = [problem.document for problem in office.problems()]
    with office.platform.database.read() as session:
        run = session.scalars(select(RunRow).order_by(RunRow.id.desc()).limit(1)).one()
    said = f"the last run is {run.state}, {run.problem}, {run.counts}"
    return f"{said}; connection {connection.state}, {connection.problem}, questions {problems}"
