"""One story: what people and machines do, step by step, told in sentences; after each step the laws are checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import wraps
from typing import Any, ClassVar, Concatenate, ParamSpec, TypeVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from service.core.ports import Family
from service.store.queries import problems
from service.store.sync_models import ConnectionRow, ProblemRow, RunRow
from service.sync import connect
from service.sync import run as running
from tests.machine import agreement, truth
from tests.machine.law import ENDED, Laws, Look, need
from tests.machine.memory import Memory
from tests.machine.truth import Where
from tests.machine.world import World, opened

S = TypeVar("S", bound="Story")
P = ParamSpec("P")
T = TypeVar("T")

#: Which of those there are; the same number means the same one as long as none comes or goes.
WHICH = st.integers(0, 9)
#: Few names, some of which a package takes for the same: so they clash.
NAMES = ("Cedar", "Maple", "cedar", "Birch Ltd", "Oak")
JOBS = ("Roof", "Barn", "Cedar")
TOTALS: Counter[str] = Counter()  #: over all stories of this process


def act(step: Callable[Concatenate[S, P], None]) -> Callable[Concatenate[S, P], None]:
    """Make a method a step of a story: the laws are checked after it, and a broken story is not brought to an end."""

    @wraps(step)
    def acting(self: S, /, *args: P.args, **kwargs: P.kwargs) -> None:
        self.sound = False
        self.world.counts["steps"] += 1
        step(self, *args, **kwargs)
        self.after_step()
        self.sound = True

    return acting


class Story(RuleBasedStateMachine):
    """What the chapters of a story share: the world, the ways to tell and to choose, and one run of the sync."""

    provider: ClassVar[str]

    def __init__(self) -> None:
        """Open a world."""
        super().__init__()
        self._open = ExitStack()
        self.world: World = self._open.enter_context(opened(self.provider))
        self.laws, self.memory = Laws(), Memory()
        self.customers: list[str] = []  #: of ours, in the order in which they came; likewise the others
        self.people: list[str] = []
        self.invoices: list[str] = []
        self.payments: list[str] = []
        self.sound = True
        self.a_person_chose = False
        #: When the laws were checked last: the state of the connection, and whether anything was asked.
        self.state, self.asked = "pending", False

    def tell(self, sentence: str) -> None:
        """Say what happens; a failing story is read by these sentences."""
        note(f"    {sentence}")

    def pick(self, among: Sequence[T], which: int) -> T:
        """Choose one."""
        return among[which % len(among)]

    def after_step(self) -> Look:
        """Check the laws that hold at any moment; time passes."""
        look = self.laws.check(self.world, a_person_chose=self.a_person_chose)
        self.a_person_chose = False
        self.state, self.asked = look.connection.state, bool(look.problems)
        self.world.clock.advance(0.4)
        return look

    def try_here(self, sentence: str, do: Callable[[], Any]) -> bool:
        """Let somebody try something here."""
        refusal = self.world.here(do)
        self.tell(sentence if refusal is None else f"{sentence} - which is refused: {refusal}")
        return refusal is None

    def try_there(self, sentence: str, do: Callable[[], Any]) -> bool:
        """Let the bookkeeper try something there."""
        refusal = self.world.there(do)
        self.tell(sentence if refusal is None else f"{sentence} - which {self.provider} refuses: {refusal}")
        return refusal is None

    # --- what there is ---

    def connection(self) -> ConnectionRow:
        """Return the connection as it stands."""
        with self.world.office.platform.database.read() as session:
            row = session.get_one(ConnectionRow, self.world.connection_id)
            session.expunge(row)
            return row

    def entities(self, family: Family) -> list[str]:
        """Return the ids of a family there, in the order in which they came."""
        return truth.listed(self.world.package.sandbox, family)

    def called(self, where: Where) -> str:
        """Return what people call an entity."""
        found = truth.entity_of(self.world.package.sandbox, where)
        return f"{where[0]} {where[1]}" if found is None else f"'{found.name or where[1]}'"

    def questions(self) -> list[ProblemRow]:
        """Return the open questions, oldest first."""
        with self.world.office.platform.database.read() as session:
            rows = [row for row, _ in problems.listed(session, self.world.office.organisation_id, limit=1000)]
            session.expunge_all()
            return rows

    # --- the sync ---

    def run(self, kind: str = "sync", **options: Any) -> RunRow | None:
        """Ask for a run and do it as one worker would; return it as it ended, or None where none could be done."""
        office = self.world.office
        try:
            run_id = office.ask(kind, **options)
        except connect.WrongState as refusal:
            self.tell(f"    not now: {refusal}")
            return None
        self.world.touched = False
        if running.perform(office.platform, office.connection_id) is None:
            self._nobody_may()
            return None
        return self.ended(run_id)

    def ended(self, run_id: str) -> RunRow:
        """Take note of a run that has ended: how, and whether both sides agree where they should."""
        run = self.world.office.run(run_id)
        said = "" if run.problem is None else f": {run.problem.get('message')}"
        self.tell(f"    ends {run.state}{said} ({_counts(run)})")
        need(run.state in (*ENDED, "running", "queued"), "runs end", f"the run is {run.state}")
        need((run.problem or {}).get("kind") != "internal", "no accident", f"{run.problem}")
        self.world.counts["syncs"] += 1
        if run.finished_at is not None:
            self.memory.check(self.world)  # first: what was overwritten just now agrees, but had not been seen
        if run.state in {"succeeded", "partial"} and run.problem is None and not self.world.touched:
            self.memory.agreed(*agreement.check(self.world))
        return run

    def _nobody_may(self) -> None:
        """Say why no worker could begin: another one has the connection, or the package wants to be left alone."""
        row, now = self.connection(), self.world.clock()
        waits = row.wait_until is not None and row.wait_until > now
        held = row.lease_token is not None and row.lease_until is not None and row.lease_until >= now
        need(waits or held, "runs begin", f"nobody may work on it: {row.state}, {row.lease_until}, {row.wait_until}")
        self.tell("    nobody may begin yet: " + ("the package wants a rest" if waits else "another worker is at it"))

    def teardown(self) -> None:
        """Bring a story that went well to its end, and count."""
        try:
            if self.sound and self.world.connection_id:
                self.end()
        finally:
            self.world.interruptions.nothing()
            TOTALS.update(self.world.counts)
            TOTALS["examples"] += 1
            self._open.close()

    def end(self) -> None:
        """Bring the story to its end."""
        raise NotImplementedError


def _counts(run: RunRow) -> str:
    shown = ", ".join(f"{count} {what}" for what, count in sorted(run.counts.items()) if count)
    return f"{shown or 'nothing'}; {run.calls} calls"
