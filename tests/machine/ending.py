"""How a story begins and ends: both books are connected; at the end everything is answered, agreed, and at rest."""

from __future__ import annotations

from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from service.core.link import Dot
from service.core.ports import Family
from service.core.problem import Option, OptionId, Problem, ProblemKind, from_json, options, sentence
from service.store.sync_models import LinkRow, ProblemRow
from service.sync import resolve
from service.sync.resolve import Answer, BadAnswer
from tests.machine.law import Look, need
from tests.machine.post import Post
from tests.machine.story import NAMES, WHICH, act
from tests.sync.office import reconnected

#: Rounds of answering and syncing after which every story has to be at rest.
ROUNDS = 12
#: Questions that an answer here alone can't settle: somebody has to change the record, the mapping, or the other side.
STAYING = frozenset(
    {
        ProblemKind.REJECTED,
        ProblemKind.NOT_ALLOWED_NOW,
        ProblemKind.PARENT_NOT_SYNCED,
        ProblemKind.TOO_DEEP,
        ProblemKind.MISSING_MAPPING,
    }
)


class WholeStory(Post):
    """A story from the first meeting of both books to their rest."""

    @initialize(
        ours=st.lists(st.sampled_from(NAMES), max_size=2),
        theirs=st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
        link=st.booleans(),
    )
    def both_books_meet(self, ours: list[str], theirs: list[str], link: bool) -> None:
        self.tell(f"We have {ours or 'nobody'}, they have {theirs or 'nobody'}; they are {'' if link else 'not '}tied.")
        for name in ours:
            self._add({"name": name})
        for name in theirs:
            self.world.there(partial(self.world.clerk.add_customer, name))
        self.world.meet(decision="link" if link else "separate", empty=not ours and not theirs)
        self.after_step()

    # --- answers ---

    @precondition(lambda self: self.asked)
    @rule(which=WHICH, choice=st.integers(0, 4), detail=WHICH)
    @act
    def we_answer_a_question(self, which: int, choice: int, detail: int) -> None:
        row = self.pick(self.questions(), which)
        problem = from_json(row.document)
        self.answer(row, self.pick(options(problem), choice), detail)

    def answer(self, row: ProblemRow, option: Option, detail: int = 0) -> bool:
        """Answer a question; tell whether the answer was taken."""
        problem = from_json(row.document)
        given = self._given(problem, option.id, detail)
        office = self.world.office
        told = f"Asked: {sentence(problem)} We answer: {option.label} {given.name or given.remote_id or ''}"
        try:
            resolve.resolve(
                office.platform,
                organisation_id=office.organisation_id,
                problem_id=row.id,
                answer=given,
                actor="user:ann",
            )
        except BadAnswer as refusal:
            self.tell(f"{told} - which is refused: {refusal}")
            return False
        self.a_person_chose = True
        self.world.stirred |= option.id is OptionId.LINK_EXISTING  # what is tied is looked at, as if it were heard of
        self.memory.chosen()
        self.world.counts["answers"] += 1
        self.tell(told)
        return True

    def _given(self, problem: Problem, option: OptionId, detail: int) -> Answer:
        match option:
            case OptionId.LINK_EXISTING:
                known = [one.remote_id for one in problem.candidates if one.type == "customer"]
                among = [*known, *(self.entities(Family.CUSTOMER) if detail or not known else ())]
                return Answer(option=option, remote_id=self.pick(among, detail) if among else None)
            case OptionId.RENAME_OURS:
                return Answer(option=option, name=f"Another {self.world.number()}")
            case OptionId.CHOOSE_FIELDS:
                sides = {
                    one.field: ("ours", "theirs")[(detail >> place) & 1] for place, one in enumerate(problem.fields)
                }
                return Answer(option=option, fields=sides)
            case _:
                return Answer(option=option)

    # --- the end ---

    def end(self) -> None:
        """Let everything come to rest: nothing fails any more, questions are answered as recommended.

        :raises Breach: something is left that nothing explains, or another sync still writes.
        """
        self.tell("The end: nothing fails any more, every question is answered as recommended.")
        self.world.interruptions.nothing()
        self.world.package.sandbox.faults.clear()
        self.land()
        self._be_live()
        self._wait()
        self._settle()
        self.tell("Everything is compared once more.")
        self.run("reconcile", full=True)
        self._settle()
        look = self.after_step()
        self._at_rest(look)
        written = self.world.office.writes()
        for last in (False, True):
            before, run, look = look, self.run(), self.after_step()
            need(run is not None and run.state in {"succeeded", "partial"}, "rest", "the last sync did not end well")
            need(self.world.office.writes() == written, "rest", "another sync still writes")
            # What our own writes move at the package besides (a balance, say) is news to the first of the two.
            need(not last or _heard(look) == _heard(before), "echo", "another sync takes what is known for news")

    def _be_live(self) -> None:
        if self.connection().state == "paused":
            self.we_pause_or_resume()
        if self.connection().state in {"disconnected", "needs_reauth"}:
            reconnected(self.world.office)
        if self.connection().state == "paused":
            self.we_pause_or_resume()
        need(self.connection().state == "live", "the end", f"the connection stays {self.connection().state}")

    def _wait(self) -> None:
        """Wait until the lease of whoever died has run out, and the package wants no rest any more."""
        row, now = self.connection(), self.world.clock()
        until = max([moment for moment in (row.wait_until, row.lease_until) if moment is not None] or [now])
        self.world.clock.advance(max(0.0, (until - now).total_seconds()) + 1)

    def _settle(self) -> None:
        for _ in range(ROUNDS):
            self._be_live()
            run = self.run()
            self._wait()
            look = self.after_step()
            answered = [self._answered(row) for row in self.questions()]
            if run is not None and not any(answered) and not _waiting(look):
                return

    def _answered(self, row: ProblemRow) -> bool:
        """Answer as recommended, or by the next best; tell whether that can change anything."""
        problem = from_json(row.document)
        with self.world.office.platform.database.read() as session:
            if session.get_one(ProblemRow, row.id).closed_at is not None:
                return True
        if problem.kind in STAYING:
            return False
        return any(self.answer(row, option) for option in options(problem))

    def _at_rest(self, look: Look) -> None:
        """Everything is green, or says why it is not."""
        waiting = [f"{link.entity} {link.remote_name or link.record_id}" for link in _waiting(look)]
        need(not waiting, "rest", f"still waiting for a sync: {waiting}")
        need(not look.resets, "rest", f"resets are {[one.state for one in look.resets]}")
        for row in look.problems:
            problem = from_json(row.document)
            need(problem.kind in STAYING, "rest", f"answering did not settle: {sentence(problem)}")


def _heard(look: Look) -> int:
    return sum(link.heard for link, _ in look.dots.values())


def _waiting(look: Look) -> list[LinkRow]:
    return [
        link
        for link, dot in look.dots.values()
        if link.retired_at is None
        and not link.open_problem_id
        and (dot is Dot.ORANGE or (dot is Dot.NONE and link.wanted > link.confirmed))
    ]
