"""The law of formatting: what a package does to the look of a value is no difference, and a real change always is one.

Ten records of one palette make an example. ``make laws`` looks at more than 10,000 records; an ordinary run at fewer.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
from hypothesis import Phase, given, settings

from service.core.errors import MappingError
from service.core.intent import Operation
from service.core.ports import EntityKind, MappingContext, Payload, Record, RemoteRecord
from service.core.reconcile import Flow, Move, Plan, RecordMove, advance, reconcile
from service.core.snapshot import Snapshot, Value, differences, spelled_like
from service.providers import PROVIDERS
from tests.mapping.laws import quickbooks, xero
from tests.mapping.laws.records import Palette, changed, palettes

HANDS = [(hand, kind) for hand in (xero, quickbooks) for kind in hand.MAKERS]
UPDATED = [(hand, kind) for hand, kind in HANDS if kind in hand.UPDATED]
TOGETHER = 10  #: records of one example
MANY, FEW = 60, 6  #: examples of one kind at one package in one law

EXAMPLES = MANY if settings.get_current_profile_name() == "soak" else FEW

law = settings(max_examples=EXAMPLES, phases=set(Phase) - {Phase.explain})


def named(pairs: list[tuple[ModuleType, EntityKind]]) -> pytest.MarkDecorator:
    """Run a law for each package and kind."""
    ids = [f"{hand.__name__.rpartition('.')[2]}-{kind}" for hand, kind in pairs]
    return pytest.mark.parametrize(("hand", "kind"), pairs, ids=ids)


@dataclass(frozen=True)
class Book:
    """One record, what the package holds for it, and what both last agreed on."""

    hand: ModuleType
    kind: EntityKind
    record: Any
    within: MappingContext
    theirs: RemoteRecord | None = None
    baseline: Snapshot | None = None

    @property
    def ours(self) -> Snapshot:
        """Our record as the package can hold it."""
        found: Snapshot = self.hand.mapper(self.kind).project(self.record, self.within).snapshot
        return found

    def plan(self) -> Plan:
        """What a sync would do."""
        ours, mapper = self.ours, self.hand.mapper(self.kind)
        read = None if self.theirs is None else mapper.read(self.theirs, self.within)
        theirs = None if read is None else spelled_like(read, self.baseline, ours)
        return reconcile(ours=ours, theirs=theirs, baseline=self.baseline, flows=mapper.flows)

    def shown_otherwise(self, palette: Palette) -> Book:
        """The same, formatted by the package."""
        assert self.theirs is not None
        return self.but(theirs=self.formatted(self.theirs, palette))

    def formatted(self, answer: RemoteRecord, palette: Palette) -> RemoteRecord:
        """An answer in another look."""
        region = self.within.reference.company.country
        found: RemoteRecord = self.hand.formatted(self.kind, answer, palette.chance, region)
        return found

    def but(self, **changes: Any) -> Book:
        """The same with something else in it."""
        return Book(**{**self.__dict__, **changes})

    def written(self, palette: Palette) -> Book | None:
        """Carry out what is to be sent, and take in the answer; None where nothing is, or a sentence says why not."""
        try:
            plan, ours = self.plan(), self.ours
            changed_fields = frozenset(action.field for action in plan.pushes)
            if plan.record not in {RecordMove.CREATE, RecordMove.UPDATE} or not changed_fields:
                return None
            operation = Operation.CREATE if plan.record is RecordMove.CREATE else Operation.UPDATE
            body = self._body(operation, ours, changed_fields)
        except MappingError:
            return None
        answer = self.hand.stored(self.kind, body, self.theirs, self.record)
        meant = Snapshot(fields={name: ours.get(name) for name in changed_fields}, active=ours.active)
        read = self.hand.mapper(self.kind).read(self.formatted(answer, palette), self.within)
        stored = spelled_like(read, meant)
        apart = differences(ours=meant, theirs=stored)
        assert not apart, [(name, meant.get(name), stored.get(name)) for name in apart]
        moved = advance(self.baseline, plan.actions)
        as_stored = {name: stored.get(name) for name in meant.fields if stored.holds(name)}
        agreed = Snapshot(fields={**moved.fields, **as_stored}, active=moved.active)
        return self.but(theirs=answer, baseline=agreed)

    def _body(self, operation: Operation, ours: Snapshot, fields: frozenset[str]) -> Payload:
        body: Payload = self.hand.mapper(self.kind).body(
            operation, ours, changed=fields, theirs=self.theirs, context=self.within
        )
        return body


def moving(plan: Plan) -> set[str]:
    """The fields that a plan moves, or asks about."""
    moves = {one.field for one in plan.actions if one.move is not Move.ADOPT}
    return moves | {one.field for one in plan.conflicts if one.field}


def in_peace(book: Book) -> bool:
    """Nothing is to be sent or taken over, and nothing to be asked."""
    plan = book.plan()
    told = [action for action in plan.actions if action.move is not Move.ADOPT]
    assert not told, told
    assert not plan.conflicts, plan.conflicts
    return plan.record is RecordMove.NOTHING


def created(hand: ModuleType, kind: EntityKind, palette: Palette) -> list[Book]:
    """Ten records, sent as new ones; those that can't be sent are left out."""
    records = [hand.MAKERS[kind](palette) for _ in range(TOGETHER)]
    books = [Book(hand, kind, record, hand.context(record, palette)) for record in records]
    return [there for book in books if (there := book.written(palette)) is not None]


def later(book: Book, palette: Palette) -> Record:
    """The record with other values in about half of its fields."""
    found: Record = changed(palette, book.record, book.hand.MAKERS[book.kind])
    return found


@named(HANDS)
@law
@given(palettes)
def test_what_was_sent_stays_in_agreement_however_it_is_shown(
    hand: ModuleType, kind: EntityKind, palette: Palette
) -> None:
    for book in created(hand, kind, palette):
        for _ in range(2):
            assert in_peace(book.shown_otherwise(palette))


@named(HANDS)
@law
@given(palettes)
def test_every_loss_is_one_of_those_that_are_declared(hand: ModuleType, kind: EntityKind, palette: Palette) -> None:
    provider = PROVIDERS[hand.__name__.rpartition(".")[2]]
    declared, never = provider.losses[kind], provider.never_carried[kind]
    for book in created(hand, kind, palette):
        found = hand.mapper(kind).project(book.record, book.within)
        assert {loss.field for loss in found.losses} <= set(declared)
        assert not {name for name in never if found.snapshot.get(name) not in {None, ()}}


@named(UPDATED)
@law
@given(palettes)
def test_a_real_change_here_is_sent_alone_and_stays_in_agreement(
    hand: ModuleType, kind: EntityKind, palette: Palette
) -> None:
    for book in created(hand, kind, palette):
        edited = book.shown_otherwise(palette).but(record=later(book, palette))
        try:
            real = set(differences(ours=edited.ours, theirs=book.ours))
            plan = edited.plan()
        except MappingError:
            continue
        mapper = hand.mapper(kind)
        assert book.theirs is not None
        held = mapper.read(book.theirs, book.within).fields.keys()
        ours = {name for name in held & book.ours.fields.keys() if mapper.flows.get(name) is not Flow.THEIRS}
        assert moving(plan) & ours == real & ours
        sent = edited.written(palette)
        if sent is not None:
            assert in_peace(sent.shown_otherwise(palette))


@named(UPDATED)
@law
@given(palettes)
def test_a_real_change_there_is_always_noticed(hand: ModuleType, kind: EntityKind, palette: Palette) -> None:
    for book in created(hand, kind, palette):
        try:
            by_hand = book.shown_otherwise(palette).but(record=later(book, palette)).written(palette)
        except MappingError:
            continue
        if by_hand is None:
            continue
        noticed = moving(book.but(theirs=by_hand.theirs).shown_otherwise(palette).plan())
        before, after = book.baseline, by_hand.baseline
        assert before is not None
        assert after is not None
        compared = before.fields.keys() & book.ours.fields.keys()
        assert noticed >= {name for name in compared if said_by(after.get(name)) != said_by(before.get(name))}


def said_by(value: Value) -> object:
    """What a value says: of an address its words, however its lines are broken."""
    if (
        not isinstance(value, tuple)
        or len(value) != 6
        or not all(part is None or isinstance(part, str) for part in value)
    ):
        return value
    words = " ".join(str(line) for line in value[:2] if line).replace(",", " ").split()
    return words, value[2:]


def test_the_laws_look_at_ten_thousand_records() -> None:
    assert (len(HANDS) + 2 * len(UPDATED)) * MANY * TOGETHER > 10_000
