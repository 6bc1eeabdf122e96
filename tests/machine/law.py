"""What must be true after every step of every story, whatever has happened in it.

A law that does not hold raises :class:`Breach`; its name says which of the promises in ``docs/sync-model.md`` it is
about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.core.intent import Operation
from service.core.link import Dot
from service.core.ports import Family
from service.core.problem import from_json as problem_from_json
from service.core.problem import options, sentence
from service.store.queries import resets
from service.store.queries.dots import dot_expression, dot_of_row
from service.store.reset_models import ResetItemRow, ResetRow
from service.store.sync_models import CallRow, ConnectionRow, IntentRow, LinkRow, ProblemRow, RunRow
from tests.machine import truth
from tests.machine.world import World

#: States of a run that has ended by itself.
ENDED = ("succeeded", "partial", "failed")


class Breach(AssertionError):
    """A law does not hold."""

    def __init__(self, law: str, why: str) -> None:
        super().__init__(f"{law}: {why}")
        self.law = law


def need(holds: object, law: str, why: str) -> None:
    """Raise a breach of the law unless it holds."""
    if not holds:
        raise Breach(law, why)


@dataclass(frozen=True, slots=True)
class Look:
    """One look at what is stored about the connection."""

    connection: ConnectionRow
    dots: dict[str, tuple[LinkRow, Dot]]  #: by link id, retired ones too; the dot is the database's
    problems: Sequence[ProblemRow]  #: open ones
    intents: Sequence[IntentRow]  #: open ones
    calls: Sequence[CallRow]  #: open ones
    runs: Sequence[RunRow]  #: not ended
    resets: Sequence[ResetRow]  #: whose next lives have not begun
    made_anew: frozenset[str]  #: links that a reset has begun

    @property
    def in_force(self) -> list[LinkRow]:
        """Links that count."""
        return [link for link, _ in self.dots.values() if link.retired_at is None]


@dataclass(slots=True)
class Laws:
    """The laws that hold at any moment, with what they remember from step to step."""

    requests: int = 0  #: of the package's log, seen so far
    was_live: bool = False
    lives: set[str] = field(default_factory=set)  #: links of a later generation, seen so far

    def check(self, world: World, *, a_person_chose: bool) -> Look:
        """Check all of them.

        :param a_person_chose: since the last check somebody answered a question, or reset a link.
        :raises Breach: one does not hold.
        """
        with world.office.platform.database.read() as session:
            look = look_at(session, world.connection_id)
            _dots(look)
            _ties(look)
            _questions(look)
            _writes_under_way(look, died=world.counts["crashes"] + world.counts["leases lost"] > 0)
            _nothing_twice(world, look)
            _echoes(world, look)
            self._silence(world, look)
            self._generations(look, a_person_chose=a_person_chose)
            session.expunge_all()
        return look

    def _silence(self, world: World, look: Look) -> None:
        """Nothing is written while the connection is not live."""
        seen = world.package.sandbox.log._seen
        if self.requests > len(seen):
            self.requests = 0
        written = [one for one in seen[self.requests :] if one.write and one.key]
        live = look.connection.state == "live"
        need(live or self.was_live or not written, "silence", f"written while {look.connection.state}: {written}")
        self.requests, self.was_live = len(seen), live
        world.counts["calls"] = len(seen)

    def _generations(self, look: Look, *, a_person_chose: bool) -> None:
        """A link begins a new life only where a person said so."""
        later = {link.id for link, _ in look.dots.values() if link.generation > 1}
        known = self.lives | look.made_anew
        need(a_person_chose or later <= known, "generation", f"nobody asked for {later - known}")
        self.lives = later


def look_at(session: Session, connection_id: str) -> Look:
    """Load what the laws look at."""
    rows = session.execute(select(LinkRow, dot_expression()).where(LinkRow.connection_id == connection_id))
    return Look(
        connection=session.get_one(ConnectionRow, connection_id),
        dots={link.id: (link, Dot(dot)) for link, dot in rows},
        problems=session.scalars(
            select(ProblemRow).where(ProblemRow.connection_id == connection_id, ProblemRow.closed_at.is_(None))
        ).all(),
        intents=session.scalars(
            select(IntentRow).where(IntentRow.connection_id == connection_id, IntentRow.closed_at.is_(None))
        ).all(),
        calls=session.scalars(
            select(CallRow).where(CallRow.connection_id == connection_id, CallRow.closed_at.is_(None))
        ).all(),
        runs=session.scalars(
            select(RunRow).where(RunRow.connection_id == connection_id, RunRow.finished_at.is_(None))
        ).all(),
        resets=resets.under_way(session, connection_id, "asked", "releasing"),
        made_anew=frozenset(one for one in session.scalars(select(ResetItemRow.new_link_id)) if one is not None),
    )


def _dots(look: Look) -> None:
    """The dot of a list is the dot that follows from the stored facts."""
    for link, dot in look.dots.values():
        derived = dot_of_row(link)
        need(dot is derived, "dot", f"{link.entity} {link.remote_name}: {dot} in lists, {derived} by its facts")


def _ties(look: Look) -> None:
    """A record has one link in force, and so has an entity."""
    records = Counter((link.entity, link.record_id) for link in look.in_force)
    entities = Counter((link.family, link.remote_id) for link in look.in_force if link.remote_id)
    doubled = [one for one, count in (records + entities).items() if count > 1]
    need(not doubled, "one link", f"tied twice: {doubled}")


def _questions(look: Look) -> None:
    """What is red says why and offers a way out, and every open question is that of a link in force."""
    asked = {link.open_problem_id: link for link in look.in_force if link.open_problem_id}
    open_ones = {row.id: row for row in look.problems}
    need(asked.keys() <= open_ones.keys(), "question", "a link is red, and its question is closed")
    for row in look.problems:
        link = asked.get(row.id)
        need(link is not None and link.id == row.link_id, "question", f"{row.kind} of {row.label!r} is nobody's")
        problem = problem_from_json(row.document)
        said, offered = sentence(problem), options(problem)
        need(len(said) > len("No.") and said.endswith("."), "question", f"{row.kind} says {said!r}")
        need(offered and all(one.label and one.effect for one in offered), "question", f"no way out of {said!r}")


def _writes_under_way(look: Look, *, died: bool) -> None:
    """What is open is known to be open on both ends: call, intent and link; and nothing else is."""
    calls = {call.id: call for call in look.calls}
    for call in look.calls:
        need(died or call.state == "unknown", "doubt", f"call {call.key} is {call.state} though no run is under way")
        need(any(one.call_id == call.id for one in look.intents), "doubt", f"call {call.key} carries nothing any more")
    for intent in look.intents:
        link, _ = look.dots[intent.link_id]
        need(intent.call_id in calls, "doubt", f"an intent of {link.remote_name} outlived its call")
        open_there = link.intent_open or link.retired_at is not None
        need(open_there, "doubt", f"{link.entity} {link.remote_name} does not know of its open intent")
        unknown = intent.state == "unknown"
        need(link.retired_at is not None or link.intent_unknown is unknown, "doubt", f"{link.remote_name}: doubt")
    carried = {intent.link_id for intent in look.intents}
    for link in look.in_force:
        need(not link.intent_open or link.id in carried, "doubt", f"{link.remote_name} waits for nothing")


def _echoes(world: World, look: Look) -> None:
    """Where nobody but ourselves has ever written there, nothing is heard from there."""
    heard = [link.remote_name for link in look.in_force if link.heard]
    need(world.stirred or not heard, "echo", f"our own writes come back as news: {heard}")


def _nothing_twice(world: World, look: Look) -> None:
    """Every entity there was entered by the bookkeeper, is tied to one link's life, or belongs to a write in doubt."""
    tied = {(Family(link.family), link.remote_id) for link, _ in look.dots.values() if link.remote_id}
    strays = truth.ids(world.package.sandbox) - world.by_hand - tied
    if not strays:
        return
    creating = [one.link_id for one in look.intents if one.operation == Operation.CREATE]
    in_doubt = Counter(Family(look.dots[link_id][0].family) for link_id in creating)
    for family, count in Counter(family for family, _ in strays).items():
        ids = sorted(remote_id for one, remote_id in strays if one is family)
        why = f"{count} {family}(s) there that nobody knows of ({ids}), {in_doubt[family]} in doubt"
        need(count <= in_doubt[family], "nothing twice", why)
