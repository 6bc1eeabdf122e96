"""The decision tables of the reconcile, row by row."""

from __future__ import annotations

from typing import Any

import pytest

from service.core.reconcile import (
    ACTIVE,
    Conflict,
    ConflictKind,
    FieldAction,
    Flow,
    Move,
    Plan,
    RecordMove,
    Rule,
    advance,
    reconcile,
    resolve,
)
from service.core.snapshot import Snapshot, Value

ASK = "a person decides"
NOTHING = "nothing"
MISSING = object()


def _snap(active: bool = True, **fields: Value) -> Snapshot:
    return Snapshot(fields=fields, active=active)


def _phone(value: Any, active: bool = True) -> Snapshot:
    fields: dict[str, Value] = {} if value is MISSING else {"phone": value}
    return Snapshot(fields=fields, active=active)


# --- one field -------------------------------------------------------------------------------------------------------

FIELD_TABLE = [
    # case, ours, theirs, baseline, and what follows by flow: OURS, THEIRS, BOTH
    ("nobody changed it", "1", "1", "1", NOTHING, NOTHING, NOTHING),
    ("blank everywhere", None, None, None, NOTHING, NOTHING, NOTHING),
    ("both made the same change", "2", "2", "1", Rule.SAME_CHANGE, Rule.SAME_CHANGE, Rule.SAME_CHANGE),
    ("both cleared it", None, None, "1", Rule.SAME_CHANGE, Rule.SAME_CHANGE, Rule.SAME_CHANGE),
    ("ours changed", "2", "1", "1", Rule.OURS_CHANGED, Rule.THEIRS_PUTS_BACK, Rule.OURS_CHANGED),
    ("ours was cleared", None, "1", "1", Rule.OURS_CHANGED, Rule.THEIRS_PUTS_BACK, Rule.OURS_CHANGED),
    ("theirs changed", "1", "2", "1", Rule.OURS_PUTS_BACK, Rule.THEIRS_CHANGED, Rule.THEIRS_CHANGED),
    ("theirs was cleared", "1", None, "1", Rule.OURS_PUTS_BACK, Rule.THEIRS_CHANGED, Rule.THEIRS_CHANGED),
    ("both changed", "2", "3", "1", Rule.OURS_OVERRULES, Rule.THEIRS_OVERRULES, ASK),
    ("ours cleared, theirs changed", None, "3", "1", Rule.OURS_OVERRULES, Rule.THEIRS_OVERRULES, ASK),
    ("both filled a blank", "2", "3", None, Rule.OURS_OVERRULES, Rule.THEIRS_OVERRULES, ASK),
    ("first meeting, equal", "1", "1", MISSING, Rule.SAME_CHANGE, Rule.SAME_CHANGE, Rule.SAME_CHANGE),
    ("first meeting, both blank", None, None, MISSING, Rule.SAME_CHANGE, Rule.SAME_CHANGE, Rule.SAME_CHANGE),
    ("first meeting, ours blank", None, "2", MISSING, Rule.FIRST_OURS, Rule.FIRST_THEIRS, Rule.FIRST_OURS_BLANK),
    ("first meeting, theirs blank", "1", None, MISSING, Rule.FIRST_OURS, Rule.FIRST_THEIRS, Rule.FIRST_THEIRS_BLANK),
    ("first meeting, they differ", "1", "2", MISSING, Rule.FIRST_OURS, Rule.FIRST_THEIRS, ASK),
    ("they cannot hold it", "1", MISSING, "2", NOTHING, NOTHING, NOTHING),
    ("we cannot hold it", MISSING, "1", "2", NOTHING, NOTHING, NOTHING),
]

MOVES = {
    Rule.SAME_CHANGE: Move.ADOPT,
    Rule.OURS_CHANGED: Move.PUSH,
    Rule.OURS_PUTS_BACK: Move.PUSH,
    Rule.OURS_OVERRULES: Move.PUSH,
    Rule.FIRST_OURS: Move.PUSH,
    Rule.FIRST_THEIRS_BLANK: Move.PUSH,
    Rule.THEIRS_CHANGED: Move.PULL,
    Rule.THEIRS_PUTS_BACK: Move.PULL,
    Rule.THEIRS_OVERRULES: Move.PULL,
    Rule.FIRST_THEIRS: Move.PULL,
    Rule.FIRST_OURS_BLANK: Move.PULL,
}


@pytest.mark.parametrize("flow", list(Flow))
@pytest.mark.parametrize(
    ("ours", "theirs", "baseline", "expected"),
    [pytest.param(*row[1:4], row[4:], id=row[0]) for row in FIELD_TABLE],
)
def test_a_field_follows_its_flow(
    ours: Any, theirs: Any, baseline: Any, expected: tuple[object, ...], flow: Flow
) -> None:
    outcome = expected[list(Flow).index(flow)]
    plan = reconcile(ours=_phone(ours), theirs=_phone(theirs), baseline=_phone(baseline), flows={"phone": flow})
    if outcome == NOTHING:
        assert plan == Plan(record=RecordMove.NOTHING)
    elif outcome == ASK:
        agreed = None if baseline is MISSING else baseline
        conflict = Conflict(
            kind=ConflictKind.BOTH_CHANGED,
            field="phone",
            ours=ours,
            theirs=theirs,
            agreed=agreed,
        )
        assert plan == Plan(record=RecordMove.UPDATE, conflicts=(conflict,))
    else:
        assert isinstance(outcome, Rule)
        move = MOVES[outcome]
        value = theirs if move is Move.PULL else ours
        record = RecordMove.NOTHING if move is Move.ADOPT else RecordMove.UPDATE
        action = FieldAction(field="phone", move=move, value=value, rule=outcome)
        assert plan == Plan(record=record, actions=(action,))


def test_without_any_baseline_every_field_meets_for_the_first_time() -> None:
    plan = reconcile(
        ours=_snap(name="Acme", phone="1", fax=None),
        theirs=_snap(name="ACME", phone="1", fax="2"),
        baseline=None,
        flows={"name": Flow.OURS, "phone": Flow.BOTH, "fax": Flow.BOTH},
    )
    assert plan.actions == (
        FieldAction(field=ACTIVE, move=Move.ADOPT, value=True, rule=Rule.SAME_CHANGE),
        FieldAction(field="fax", move=Move.PULL, value="2", rule=Rule.FIRST_OURS_BLANK),
        FieldAction(field="name", move=Move.PUSH, value="Acme", rule=Rule.FIRST_OURS),
        FieldAction(field="phone", move=Move.ADOPT, value="1", rule=Rule.SAME_CHANGE),
    )


def test_a_field_without_a_flow_is_never_overwritten_unseen() -> None:
    plan = reconcile(ours=_phone("2"), theirs=_phone("3"), baseline=_phone("1"), flows={})
    assert plan.held


# --- the record as a whole -------------------------------------------------------------------------------------------

HERE = _snap(name="Acme")
ARCHIVED = _snap(active=False, name="Acme")
EDITED = _snap(name="Acme Ltd")

RECORD_TABLE = [
    # case, ours, theirs, baseline, record move, kind of conflict
    ("nowhere", None, None, None, RecordMove.NOTHING, None),
    ("gone on both sides", None, None, HERE, RecordMove.FORGET, None),
    ("only here", HERE, None, None, RecordMove.CREATE, None),
    ("only here, archived", ARCHIVED, None, None, RecordMove.NOTHING, None),
    ("only there", None, HERE, None, RecordMove.IMPORT, None),
    ("gone there", HERE, None, HERE, RecordMove.UPDATE, ConflictKind.DELETED_THERE),
    ("edited here, gone there", EDITED, None, HERE, RecordMove.UPDATE, ConflictKind.DELETED_THERE),
    ("archived here, gone there", ARCHIVED, None, HERE, RecordMove.NOTHING, None),
    ("deleted here, untouched there", None, HERE, HERE, RecordMove.ARCHIVE, None),
    ("deleted here, edited there", None, EDITED, HERE, RecordMove.IMPORT, ConflictKind.BOTH_CHANGED),
    ("deleted here, archived there", None, ARCHIVED, HERE, RecordMove.FORGET, None),
    ("deleted here, restored there", None, HERE, ARCHIVED, RecordMove.IMPORT, ConflictKind.BOTH_CHANGED),
    ("in step", HERE, HERE, HERE, RecordMove.NOTHING, None),
    ("archived here", ARCHIVED, HERE, HERE, RecordMove.ARCHIVE, None),
    ("archived here, edited there", ARCHIVED, EDITED, HERE, RecordMove.ARCHIVE, None),
    ("archived there", HERE, ARCHIVED, HERE, RecordMove.UPDATE, ConflictKind.ARCHIVED_THERE),
    ("archived on both sides", ARCHIVED, ARCHIVED, HERE, RecordMove.NOTHING, None),
    ("still archived on both sides", ARCHIVED, ARCHIVED, ARCHIVED, RecordMove.NOTHING, None),
    ("restored here", HERE, ARCHIVED, ARCHIVED, RecordMove.RESTORE, None),
    ("restored there", ARCHIVED, HERE, ARCHIVED, RecordMove.UPDATE, ConflictKind.BOTH_CHANGED),
    ("restored on both sides", HERE, HERE, ARCHIVED, RecordMove.NOTHING, None),
    ("first meeting, archived there", HERE, ARCHIVED, None, RecordMove.UPDATE, ConflictKind.ARCHIVED_THERE),
    ("first meeting, archived here", ARCHIVED, HERE, None, RecordMove.UPDATE, ConflictKind.BOTH_CHANGED),
    ("first meeting, archived on both", ARCHIVED, ARCHIVED, None, RecordMove.NOTHING, None),
]


@pytest.mark.parametrize(
    ("ours", "theirs", "baseline", "record", "kind"), [pytest.param(*row[1:], id=row[0]) for row in RECORD_TABLE]
)
def test_a_record_moves_as_the_table_says(
    ours: Snapshot | None,
    theirs: Snapshot | None,
    baseline: Snapshot | None,
    record: RecordMove,
    kind: ConflictKind | None,
) -> None:
    plan = reconcile(ours=ours, theirs=theirs, baseline=baseline, flows={"name": Flow.OURS})
    assert plan.record is record
    assert [conflict.kind for conflict in plan.conflicts] == ([] if kind is None else [kind])


@pytest.mark.parametrize("theirs", [None, HERE, ARCHIVED])
def test_a_merge_there_is_a_question_naming_the_winner(theirs: Snapshot | None) -> None:
    plan = reconcile(ours=HERE, theirs=theirs, baseline=HERE, flows={}, merged_into="77")
    assert plan.conflicts == (Conflict(kind=ConflictKind.MERGED_THERE, theirs="77"),)
    assert plan.record is RecordMove.UPDATE


def test_a_merge_of_a_record_we_archived_concerns_nobody() -> None:
    assert reconcile(ours=ARCHIVED, theirs=None, baseline=HERE, flows={}, merged_into="77") == Plan(
        record=RecordMove.NOTHING
    )
    assert reconcile(ours=ARCHIVED, theirs=HERE, baseline=None, flows={}, merged_into="77") == Plan(
        record=RecordMove.NOTHING
    )


def test_a_merge_of_a_record_we_deleted_closes_the_link() -> None:
    assert reconcile(ours=None, theirs=HERE, baseline=HERE, flows={}, merged_into="77").record is RecordMove.FORGET


def test_a_create_sends_filled_fields_but_none_that_is_theirs_to_say() -> None:
    plan = reconcile(
        ours=_snap(name="Acme", fax=None, amount_due="12", note="x"),
        theirs=None,
        baseline=None,
        flows={"name": Flow.OURS, "fax": Flow.BOTH, "amount_due": Flow.THEIRS},
    )
    assert plan.pushes == (
        FieldAction(field="name", move=Move.PUSH, value="Acme", rule=Rule.NEW_THERE),
        FieldAction(field="note", move=Move.PUSH, value="x", rule=Rule.NEW_THERE),
    )
    assert advance(None, plan.actions) == _snap(name="Acme", fax=None, note="x")


def test_restoring_sends_the_edits_made_meanwhile() -> None:
    plan = reconcile(ours=EDITED, theirs=ARCHIVED, baseline=ARCHIVED, flows={})
    assert plan.pushes == (FieldAction(field="name", move=Move.PUSH, value="Acme Ltd", rule=Rule.OURS_CHANGED),)
    assert plan.actions[0] == FieldAction(field=ACTIVE, move=Move.PUSH, value=True, rule=Rule.RESTORED_HERE)


def test_restoring_is_held_while_a_field_is_disputed() -> None:
    other = _snap(active=False, name="Acme Inc")
    plan = reconcile(ours=EDITED, theirs=other, baseline=ARCHIVED, flows={})
    assert plan.record is RecordMove.RESTORE
    assert [conflict.field for conflict in plan.conflicts] == ["name"]
    assert not plan.writes_there


def test_archiving_names_its_rule_and_moves_the_baseline() -> None:
    plan = reconcile(ours=ARCHIVED, theirs=HERE, baseline=HERE, flows={})
    assert plan.actions == (FieldAction(field=ACTIVE, move=Move.PUSH, value=False, rule=Rule.ARCHIVED_HERE),)
    assert plan.pushes == ()
    assert plan.writes_there
    assert advance(HERE, plan.actions) == ARCHIVED


def test_deleting_ours_archives_theirs_and_names_its_rule() -> None:
    plan = reconcile(ours=None, theirs=HERE, baseline=HERE, flows={})
    assert plan.actions == (FieldAction(field=ACTIVE, move=Move.PUSH, value=False, rule=Rule.ARCHIVED_HERE),)


def test_archived_on_both_sides_only_the_baseline_learns_of_it() -> None:
    plan = reconcile(ours=_snap(active=False, name="X"), theirs=ARCHIVED, baseline=HERE, flows={})
    assert plan.actions == (FieldAction(field=ACTIVE, move=Move.ADOPT, value=False, rule=Rule.SAME_CHANGE),)
    assert advance(HERE, plan.actions) == ARCHIVED


def test_the_question_about_archiving_carries_all_three_values() -> None:
    plan = reconcile(ours=HERE, theirs=ARCHIVED, baseline=HERE, flows={})
    assert plan.conflicts == (
        Conflict(kind=ConflictKind.ARCHIVED_THERE, field=ACTIVE, ours=True, theirs=False, agreed=True),
    )
    plan = reconcile(ours=None, theirs=EDITED, baseline=HERE, flows={})
    assert plan.conflicts == (
        Conflict(kind=ConflictKind.BOTH_CHANGED, field=ACTIVE, ours=False, theirs=True, agreed=True),
    )
    plan = reconcile(ours=ARCHIVED, theirs=HERE, baseline=None, flows={})
    assert plan.conflicts == (
        Conflict(kind=ConflictKind.BOTH_CHANGED, field=ACTIVE, ours=False, theirs=True, agreed=None),
    )


# --- a person's answer -----------------------------------------------------------------------------------------------


def _disputed() -> Plan:
    return reconcile(
        ours=_snap(fax="2", name="New", phone="2"),
        theirs=_snap(fax="3", name="Old", phone="3"),
        baseline=_snap(fax="1", name="Old", phone="1"),
        flows={},
    )


def test_answers_become_actions_and_the_rest_stays_held() -> None:
    plan = resolve(_disputed(), {"phone": Move.PULL})
    assert plan.held
    assert [conflict.field for conflict in plan.conflicts] == ["fax"]
    assert plan.actions == (
        FieldAction(field="name", move=Move.PUSH, value="New", rule=Rule.OURS_CHANGED),
        FieldAction(field="phone", move=Move.PULL, value="3", rule=Rule.CHOSE_THEIRS),
    )
    settled = resolve(plan, {"fax": Move.PUSH, "name": Move.PULL, "unknown": Move.PUSH})
    assert not settled.held
    assert settled.record is RecordMove.UPDATE
    assert settled.pushes == (
        FieldAction(field="name", move=Move.PUSH, value="New", rule=Rule.OURS_CHANGED),
        FieldAction(field="fax", move=Move.PUSH, value="2", rule=Rule.CHOSE_OURS),
    )
    assert settled.pulls == (FieldAction(field="phone", move=Move.PULL, value="3", rule=Rule.CHOSE_THEIRS),)


def test_adopting_answers_no_question() -> None:
    with pytest.raises(ValueError, match="PUSH or PULL"):
        resolve(_disputed(), {"phone": Move.ADOPT})


def test_a_question_about_the_whole_record_is_not_answered_by_a_move() -> None:
    plan = reconcile(ours=HERE, theirs=None, baseline=HERE, flows={})
    assert resolve(plan, {"name": Move.PUSH, ACTIVE: Move.PUSH}) == plan


@pytest.mark.parametrize(
    ("ours", "theirs", "baseline", "answer", "record", "pulled"),
    [
        pytest.param(HERE, ARCHIVED, HERE, Move.PUSH, RecordMove.RESTORE, (), id="archived there: restore it there"),
        pytest.param(HERE, ARCHIVED, HERE, Move.PULL, RecordMove.UPDATE, (False,), id="archived there: archive ours"),
        pytest.param(ARCHIVED, HERE, ARCHIVED, Move.PUSH, RecordMove.ARCHIVE, (), id="restored there: archive again"),
        pytest.param(
            ARCHIVED, HERE, ARCHIVED, Move.PULL, RecordMove.UPDATE, (True,), id="restored there: restore ours"
        ),
        pytest.param(None, EDITED, HERE, Move.PUSH, RecordMove.ARCHIVE, (), id="deleted here: archive there"),
        pytest.param(None, EDITED, HERE, Move.PULL, RecordMove.IMPORT, (True,), id="deleted here: offer it again"),
    ],
)
def test_an_answer_about_archiving_settles_the_record(
    ours: Snapshot | None,
    theirs: Snapshot,
    baseline: Snapshot,
    answer: Move,
    record: RecordMove,
    pulled: tuple[bool, ...],
) -> None:
    plan = resolve(reconcile(ours=ours, theirs=theirs, baseline=baseline, flows={}), {ACTIVE: answer})
    assert plan.record is record
    assert tuple(action.value for action in plan.pulls) == pulled
    assert plan.writes_there is (answer is Move.PUSH)
