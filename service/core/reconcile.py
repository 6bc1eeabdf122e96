"""Three-way reconciliation of one record: ours, theirs, baseline -> plan.

The decision tables stand in ``docs/sync-model.md``; ``tests/core/test_reconcile.py`` is made of the same rows.
A field is compared only if both sides can hold it; a field the baseline lacks meets for the first time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from msgspec import Struct

from service.core.snapshot import FieldName, Snapshot, Value, differences

#: The record's own being active or archived, where it stands among field actions and conflicts.
ACTIVE: FieldName = "active"


class Flow(StrEnum):
    """Which way a field may travel."""

    OURS = "ours"  #: we own it: differences are pushed
    THEIRS = "theirs"  #: the package owns it: differences are pulled
    BOTH = "both"  #: either side may edit it: true three-way merge


class Move(StrEnum):
    """What happens to one field."""

    PUSH = "push"  #: write our value to the package
    PULL = "pull"  #: write their value to our record
    ADOPT = "adopt"  #: both sides agree already; only the baseline moves


class Rule(StrEnum):
    """Why a field moves; the event that records the move names it."""

    OURS_CHANGED = "ours changed"
    THEIRS_CHANGED = "theirs changed"
    SAME_CHANGE = "both sides agree already"
    OURS_PUTS_BACK = "owner is ours: put back"  #: they edited a field that we own
    THEIRS_PUTS_BACK = "owner is theirs: put back"  #: we edited a field that they own
    OURS_OVERRULES = "owner is ours: both changed"
    THEIRS_OVERRULES = "owner is theirs: both changed"
    FIRST_OURS = "first meeting: owner is ours"
    FIRST_THEIRS = "first meeting: owner is theirs"
    FIRST_OURS_BLANK = "first meeting: ours was blank"
    FIRST_THEIRS_BLANK = "first meeting: theirs was blank"
    NEW_THERE = "new there: sent whole"
    ARCHIVED_HERE = "archived here"
    RESTORED_HERE = "restored here"
    STEPS_ASIDE = "makes room for the record that takes its name"
    MAKES_ROOM = "reset: makes room for the record that takes its place"
    FORMER_ARCHIVED = "reset: the former one is archived"
    CHOSE_OURS = "a person chose ours"
    CHOSE_THEIRS = "a person chose theirs"
    THEIRS_ACCEPTED = "drift is accepted: theirs taken over"  #: a connection's rule, see ``core.drift``


class RecordMove(StrEnum):
    """What happens to the record as a whole."""

    NOTHING = "nothing"  #: at most the baseline moves
    CREATE = "create"  #: exists only here: create it there
    UPDATE = "update"  #: exists on both sides: apply the field actions
    ARCHIVE = "archive"  #: archived or deleted here, active there: archive it there
    RESTORE = "restore"  #: active here again, still archived there: restore it there with the field actions
    IMPORT = "import"  #: exists only there: offer it as a candidate, never create it here by itself
    FORGET = "forget"  #: gone on both sides: close the link


class ConflictKind(StrEnum):
    """Why a person has to decide; each is also a kind of problem of the same name."""

    BOTH_CHANGED = "both_changed"  #: all three values differ, or a first meeting of two different ones
    DELETED_THERE = "deleted_there"
    ARCHIVED_THERE = "archived_there"
    MERGED_THERE = "merged_there"  #: their entity went up in another one
    DUPLICATE_NAME = "duplicate_name"  #: from a search for clashes or from the package's refusal
    AMBIGUOUS_MATCH = "ambiguous_match"  #: several entities could be the counterpart


class FieldAction(Struct, frozen=True, kw_only=True):
    """One field, one move, the value that wins, and why."""

    field: FieldName
    move: Move
    value: Value
    rule: Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """One question for a person, with all three values kept for the page.

    ``field`` is None where the record as a whole is in question; for MERGED_THERE ``theirs`` is the winner's id.
    """

    kind: ConflictKind
    field: FieldName | None = None
    ours: Value = None
    theirs: Value = None
    agreed: Value = None


class Plan(Struct, frozen=True, kw_only=True, dict=True):
    """Everything decided about one record; executing it is another module's job.

    ``actions`` is what would be done; ``pushes`` and ``pulls`` are what may be done now. The record's own being
    active is one of the actions (field ACTIVE), so that ``advance`` moves it like any other.
    """

    record: RecordMove
    actions: tuple[FieldAction, ...] = ()
    conflicts: tuple[Conflict, ...] = ()

    @property
    def held(self) -> bool:
        """True while any conflict is open: a held plan sends and writes nothing."""
        return bool(self.conflicts)

    @cached_property
    def pushes(self) -> tuple[FieldAction, ...]:
        """Fields to write there now, without ACTIVE; none while held."""
        return self._now(Move.PUSH)

    @cached_property
    def pulls(self) -> tuple[FieldAction, ...]:
        """Fields to write here now, ACTIVE included; none while held."""
        return self._now(Move.PULL)

    @property
    def writes_there(self) -> bool:
        """True if carrying the plan out now takes a write to the package."""
        whole = self.record in {RecordMove.CREATE, RecordMove.ARCHIVE, RecordMove.RESTORE}
        return not self.held and (whole or bool(self.pushes))

    def _now(self, move: Move) -> tuple[FieldAction, ...]:
        if self.held:
            return ()
        hidden = ACTIVE if move is Move.PUSH else None
        return tuple(action for action in self.actions if action.move is move and action.field != hidden)


def reconcile(
    *,
    ours: Snapshot | None,
    theirs: Snapshot | None,
    baseline: Snapshot | None,
    flows: Mapping[FieldName, Flow],
    merged_into: str | None = None,
) -> Plan:
    """Decide what one sync step should do to one record.

    ``None`` means absent on that side; a ``None`` baseline means the two sides never agreed; ``merged_into`` is the id
    of the entity that theirs was merged into. A field without a flow counts as BOTH. Total: every combination yields
    a plan, nothing raises. Laws (each is a property test): no value is overwritten unseen unless its owner says so;
    no edit is dropped; equal sides never conflict; each field gets at most one action or conflict; carrying a plan
    out and reconciling again writes nothing; a crash between the remote write and the baseline's converges by ADOPT;
    swapping the sides swaps PUSH and PULL; a held plan writes nothing.
    """
    if theirs is None or merged_into is not None:
        return _gone_there(ours, baseline, flows, merged_into)
    if ours is None:
        return _only_there(theirs, baseline)
    return _both(ours, theirs, baseline, flows)


def resolve(plan: Plan, answers: Mapping[FieldName, Move]) -> Plan:
    """Turn answered conflicts into actions; unanswered ones stay and keep the plan held.

    An answer is PUSH (keep ours) or PULL (keep theirs); answers to questions the plan does not ask are ignored.

    :raises ValueError: for ADOPT, which settles nothing.
    """
    if Move.ADOPT in answers.values():
        raise ValueError("a conflict is answered by PUSH or PULL")
    record, actions, left = plan.record, list(plan.actions), []
    for conflict in plan.conflicts:
        if conflict.field is None or conflict.field not in answers:
            left.append(conflict)
            continue
        answer = answers[conflict.field]
        ours_won = answer is Move.PUSH
        value = conflict.ours if ours_won else conflict.theirs
        rule = Rule.CHOSE_OURS if ours_won else Rule.CHOSE_THEIRS
        actions.append(FieldAction(field=conflict.field, move=answer, value=value, rule=rule))
        if conflict.field == ACTIVE and ours_won:
            record = RecordMove.RESTORE if value else RecordMove.ARCHIVE
    return Plan(record=record, actions=tuple(actions), conflicts=tuple(left))


def advance(baseline: Snapshot | None, done: tuple[FieldAction, ...]) -> Snapshot:
    """Return the next baseline after exactly these actions were confirmed on both sides."""
    fields = dict(baseline.fields) if baseline is not None else {}
    active = baseline.active if baseline is not None else True
    for action in done:
        if action.field == ACTIVE:
            active = bool(action.value)
        else:
            fields[action.field] = action.value
    return Snapshot(fields=fields, active=active)


def _gone_there(
    ours: Snapshot | None, baseline: Snapshot | None, flows: Mapping[FieldName, Flow], merged_into: str | None
) -> Plan:
    """Absent there: create what was never there, ask about what was."""
    if merged_into is not None and ours is not None and ours.active:
        return _question(Conflict(kind=ConflictKind.MERGED_THERE, theirs=merged_into))
    if baseline is None and merged_into is None:
        return _create(ours, flows) if ours is not None and ours.active else Plan(record=RecordMove.NOTHING)
    if ours is None:
        return Plan(record=RecordMove.FORGET)
    if not ours.active:
        # Archived here: nobody misses it. The link stays, so that a later restore asks instead of creating anew.
        return Plan(record=RecordMove.NOTHING)
    return _question(Conflict(kind=ConflictKind.DELETED_THERE))


def _create(ours: Snapshot, flows: Mapping[FieldName, Flow]) -> Plan:
    """Send every filled field that is not theirs to say; blanks agree with a record that is not there yet."""
    actions = [
        FieldAction(field=name, move=Move.ADOPT if value is None else Move.PUSH, value=value, rule=Rule.NEW_THERE)
        for name, value in sorted(ours.fields.items())
        if flows.get(name) is not Flow.THEIRS
    ]
    return Plan(record=RecordMove.CREATE, actions=tuple(actions))


def _only_there(theirs: Snapshot, baseline: Snapshot | None) -> Plan:
    """Absent here: a stranger is offered for import, a deleted record of ours is archived there if untouched."""
    if baseline is None:
        return Plan(record=RecordMove.IMPORT)
    if not theirs.active:
        return Plan(record=RecordMove.FORGET)
    if _unchanged(theirs, baseline):
        return Plan(record=RecordMove.ARCHIVE, actions=(_push_active(active=False, rule=Rule.ARCHIVED_HERE),))
    # Deleted here, edited there: keeping ours archives it, keeping theirs offers it for import again.
    question = Conflict(kind=ConflictKind.BOTH_CHANGED, field=ACTIVE, ours=False, theirs=True, agreed=baseline.active)
    return Plan(record=RecordMove.IMPORT, conflicts=(question,))


def _both(ours: Snapshot, theirs: Snapshot, baseline: Snapshot | None, flows: Mapping[FieldName, Flow]) -> Plan:
    """Present on both sides: first whether it is active, then field by field."""
    agreed = None if baseline is None else baseline.active
    if ours.active is not theirs.active:
        return _active_differs(ours, theirs, baseline, flows)
    moved = (
        ()
        if agreed is ours.active
        else (FieldAction(field=ACTIVE, move=Move.ADOPT, value=ours.active, rule=Rule.SAME_CHANGE),)
    )
    if not ours.active:
        # Archived on both sides: nothing is compared until one of them restores it; the baseline keeps its values.
        return Plan(record=RecordMove.NOTHING, actions=moved)
    actions, conflicts = _fields(ours, theirs, baseline, flows)
    writes = conflicts or any(action.move is not Move.ADOPT for action in actions)
    record = RecordMove.UPDATE if writes else RecordMove.NOTHING
    return Plan(record=record, actions=(*moved, *actions), conflicts=conflicts)


def _active_differs(
    ours: Snapshot, theirs: Snapshot, baseline: Snapshot | None, flows: Mapping[FieldName, Flow]
) -> Plan:
    """Send our own archiving or restoring, ask about theirs."""
    agreed = None if baseline is None else baseline.active
    if agreed is not None and agreed is theirs.active:
        if not ours.active:
            return Plan(record=RecordMove.ARCHIVE, actions=(_push_active(active=False, rule=Rule.ARCHIVED_HERE),))
        actions, conflicts = _fields(ours, theirs, baseline, flows)
        restore = _push_active(active=True, rule=Rule.RESTORED_HERE)
        return Plan(record=RecordMove.RESTORE, actions=(restore, *actions), conflicts=conflicts)
    kind = ConflictKind.ARCHIVED_THERE if ours.active else ConflictKind.BOTH_CHANGED
    return _question(Conflict(kind=kind, field=ACTIVE, ours=ours.active, theirs=theirs.active, agreed=agreed))


def _fields(
    ours: Snapshot, theirs: Snapshot, baseline: Snapshot | None, flows: Mapping[FieldName, Flow]
) -> tuple[tuple[FieldAction, ...], tuple[Conflict, ...]]:
    """Decide every field that both sides can hold, in the order of their names."""
    actions: list[FieldAction] = []
    conflicts: list[Conflict] = []
    for name in sorted(ours.fields.keys() & theirs.fields.keys()):
        a, b = ours.fields[name], theirs.fields[name]
        met = baseline is not None and baseline.holds(name)
        agreed = None if baseline is None else baseline.get(name)
        if a == b:
            if not met or agreed != a:
                actions.append(FieldAction(field=name, move=Move.ADOPT, value=a, rule=Rule.SAME_CHANGE))
            continue
        flow = flows.get(name)
        won = _three_way(a, b, agreed, flow) if met else _first_meeting(a, b, flow)
        if won is None:
            conflicts.append(Conflict(kind=ConflictKind.BOTH_CHANGED, field=name, ours=a, theirs=b, agreed=agreed))
            continue
        move, rule = won
        actions.append(FieldAction(field=name, move=move, value=a if move is Move.PUSH else b, rule=rule))
    return tuple(actions), tuple(conflicts)


def _three_way(a: Value, b: Value, agreed: Value, flow: Flow | None) -> tuple[Move, Rule] | None:
    """Decide between two different values that have agreed before (no flow: BOTH); None: a person decides."""
    ours_changed, theirs_changed = a != agreed, b != agreed
    if flow is Flow.OURS:
        if not theirs_changed:
            return Move.PUSH, Rule.OURS_CHANGED
        return Move.PUSH, Rule.OURS_OVERRULES if ours_changed else Rule.OURS_PUTS_BACK
    if flow is Flow.THEIRS:
        if not ours_changed:
            return Move.PULL, Rule.THEIRS_CHANGED
        return Move.PULL, Rule.THEIRS_OVERRULES if theirs_changed else Rule.THEIRS_PUTS_BACK
    if ours_changed and theirs_changed:
        return None
    return (Move.PUSH, Rule.OURS_CHANGED) if ours_changed else (Move.PULL, Rule.THEIRS_CHANGED)


def _first_meeting(a: Value, b: Value, flow: Flow | None) -> tuple[Move, Rule] | None:
    """Decide between two different values that never agreed (no flow: BOTH); None: a person decides."""
    if flow is Flow.OURS:
        return Move.PUSH, Rule.FIRST_OURS
    if flow is Flow.THEIRS:
        return Move.PULL, Rule.FIRST_THEIRS
    if a is None:
        return Move.PULL, Rule.FIRST_OURS_BLANK
    return (Move.PUSH, Rule.FIRST_THEIRS_BLANK) if b is None else None


def _unchanged(theirs: Snapshot, baseline: Snapshot) -> bool:
    return theirs.active is baseline.active and not differences(ours=baseline, theirs=theirs)


def _push_active(*, active: bool, rule: Rule) -> FieldAction:
    return FieldAction(field=ACTIVE, move=Move.PUSH, value=active, rule=rule)


def _question(conflict: Conflict) -> Plan:
    """Return a plan held by one question about the whole record."""
    return Plan(record=RecordMove.UPDATE, conflicts=(conflict,))
