"""The laws of the reconcile: what holds for any two sides, any baseline and any owners."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.core.reconcile import (
    ACTIVE,
    Flow,
    Move,
    Plan,
    RecordMove,
    advance,
    reconcile,
    resolve,
)
from service.core.snapshot import FieldName, Snapshot

NAMES = ("a", "b", "c")
VALUES = st.sampled_from([None, "1", "2", "3"])
FLOWS = st.fixed_dictionaries({}, optional={name: st.sampled_from(list(Flow)) for name in NAMES})
WHOLE = st.builds(Snapshot, fields=st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES)), active=st.booleans())
PARTIAL = st.builds(
    Snapshot, fields=st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, VALUES)), active=st.booleans()
)
MAYBE = st.none() | PARTIAL


def _written(plan: Plan, ours: Snapshot, theirs: Snapshot) -> tuple[Snapshot, Snapshot]:
    """Carry a plan out on both sides."""
    here, there = dict(ours.fields), dict(theirs.fields)
    here_active, there_active = ours.active, theirs.active
    for action in plan.pulls:
        if action.field == ACTIVE:
            here_active = bool(action.value)
        else:
            here[action.field] = action.value
    for action in plan.pushes:
        there[action.field] = action.value
    if not plan.held and plan.record in {RecordMove.ARCHIVE, RecordMove.RESTORE, RecordMove.CREATE}:
        there_active = plan.record is not RecordMove.ARCHIVE
    return Snapshot(fields=here, active=here_active), Snapshot(fields=there, active=there_active)


def _blank(like: Snapshot) -> Snapshot:
    return Snapshot(fields=dict.fromkeys(like.fields))


@given(ours=WHOLE, theirs=WHOLE, baseline=MAYBE, flows=FLOWS)
def test_law_no_value_is_overwritten_unseen_unless_its_owner_says_so(
    ours: Snapshot, theirs: Snapshot, baseline: Snapshot | None, flows: dict[FieldName, Flow]
) -> None:
    plan = reconcile(ours=ours, theirs=theirs, baseline=baseline, flows=flows)
    for action in (*plan.pushes, *plan.pulls):
        if action.field == ACTIVE:
            continue
        pushed = action.move is Move.PUSH
        overwritten = (theirs if pushed else ours).get(action.field)
        owner = Flow.OURS if pushed else Flow.THEIRS
        seen = overwritten is None if baseline is None else overwritten == baseline.get(action.field)
        assert seen or flows.get(action.field) is owner or overwritten is None


@given(ours=MAYBE, theirs=MAYBE, baseline=MAYBE, flows=FLOWS, merged=st.sampled_from([None, "9"]))
def test_law_every_combination_has_one_plan_with_one_decision_per_field(
    ours: Snapshot | None,
    theirs: Snapshot | None,
    baseline: Snapshot | None,
    flows: dict[FieldName, Flow],
    merged: str | None,
) -> None:
    plan = reconcile(ours=ours, theirs=theirs, baseline=baseline, flows=flows, merged_into=merged)
    assert plan == reconcile(ours=ours, theirs=theirs, baseline=baseline, flows=flows, merged_into=merged)
    decided = [action.field for action in plan.actions] + [conflict.field for conflict in plan.conflicts]
    assert len(decided) == len(set(decided))
    if plan.held:
        assert not plan.pushes
        assert not plan.pulls
        assert not plan.writes_there


@given(ours=PARTIAL, theirs=PARTIAL, baseline=MAYBE, flows=FLOWS)
def test_law_what_was_carried_out_is_not_done_again(
    ours: Snapshot, theirs: Snapshot, baseline: Snapshot | None, flows: dict[FieldName, Flow]
) -> None:
    plan = reconcile(ours=ours, theirs=theirs, baseline=baseline, flows=flows)
    if plan.held:
        return
    here, there = _written(plan, ours, theirs)
    after = advance(baseline, plan.actions)
    again = reconcile(ours=here, theirs=there, baseline=after, flows=flows)
    assert again == Plan(record=RecordMove.NOTHING)


@given(ours=WHOLE, flows=FLOWS)
def test_law_a_created_record_is_in_step_but_for_what_they_own(ours: Snapshot, flows: dict[FieldName, Flow]) -> None:
    plan = reconcile(ours=ours, theirs=None, baseline=None, flows=flows)
    if plan.record is not RecordMove.CREATE:
        assert not ours.active
        return
    here, there = _written(plan, ours, _blank(ours))
    again = reconcile(ours=here, theirs=there, baseline=advance(None, plan.actions), flows=flows)
    assert not again.held
    assert not again.writes_there
    assert {flows.get(action.field) for action in again.actions} <= {Flow.THEIRS}


@given(ours=PARTIAL, theirs=PARTIAL, baseline=MAYBE, flows=FLOWS)
def test_law_a_crash_between_the_remote_write_and_the_baseline_converges_without_a_question(
    ours: Snapshot, theirs: Snapshot, baseline: Snapshot | None, flows: dict[FieldName, Flow]
) -> None:
    plan = reconcile(ours=ours, theirs=theirs, baseline=baseline, flows=flows)
    if plan.held:
        return
    here, there = _written(plan, ours, theirs)
    again = reconcile(ours=here, theirs=there, baseline=baseline, flows=flows)
    assert not again.held
    assert not again.writes_there
    assert {action.move for action in again.actions} <= {Move.ADOPT}


@given(ours=WHOLE, theirs=WHOLE, baseline=st.none() | WHOLE, flows=FLOWS)
def test_law_no_edit_is_dropped(
    ours: Snapshot, theirs: Snapshot, baseline: Snapshot | None, flows: dict[FieldName, Flow]
) -> None:
    both = Snapshot(fields=ours.fields), Snapshot(fields=theirs.fields)
    agreed = None if baseline is None else Snapshot(fields=baseline.fields)
    plan = reconcile(ours=both[0], theirs=both[1], baseline=agreed, flows=flows)
    decided = {action.field for action in plan.actions} | {conflict.field for conflict in plan.conflicts}
    for name in NAMES:
        if ours.get(name) != theirs.get(name):
            assert name in decided


@given(ours=PARTIAL, baseline=MAYBE, flows=FLOWS)
def test_law_equal_sides_never_conflict_and_never_write(
    ours: Snapshot, baseline: Snapshot | None, flows: dict[FieldName, Flow]
) -> None:
    plan = reconcile(ours=ours, theirs=ours, baseline=baseline, flows=flows)
    assert not plan.held
    assert plan.record is RecordMove.NOTHING
    assert {action.move for action in plan.actions} <= {Move.ADOPT}


MIRRORED_FLOW = {Flow.OURS: Flow.THEIRS, Flow.THEIRS: Flow.OURS, Flow.BOTH: Flow.BOTH}
MIRRORED_MOVE = {Move.PUSH: Move.PULL, Move.PULL: Move.PUSH, Move.ADOPT: Move.ADOPT}


@given(ours=PARTIAL, theirs=PARTIAL, baseline=MAYBE, flows=FLOWS)
def test_law_swapping_the_sides_swaps_push_and_pull(
    ours: Snapshot, theirs: Snapshot, baseline: Snapshot | None, flows: dict[FieldName, Flow]
) -> None:
    ours, theirs = Snapshot(fields=ours.fields), Snapshot(fields=theirs.fields)
    plan = reconcile(ours=ours, theirs=theirs, baseline=baseline, flows=flows)
    swapped = {name: MIRRORED_FLOW[flow] for name, flow in flows.items()}
    mirror = reconcile(ours=theirs, theirs=ours, baseline=baseline, flows=swapped)
    assert [(action.field, MIRRORED_MOVE[action.move], action.value) for action in plan.actions] == [
        (action.field, action.move, action.value) for action in mirror.actions
    ]
    assert [(c.field, c.ours, c.theirs, c.agreed) for c in plan.conflicts] == [
        (c.field, c.theirs, c.ours, c.agreed) for c in mirror.conflicts
    ]


@given(ours=PARTIAL, theirs=PARTIAL, baseline=MAYBE, flows=FLOWS, data=st.data())
def test_law_answering_every_field_releases_the_plan_with_the_chosen_values(
    ours: Snapshot, theirs: Snapshot, baseline: Snapshot | None, flows: dict[FieldName, Flow], data: st.DataObject
) -> None:
    plan = reconcile(ours=ours, theirs=theirs, baseline=baseline, flows=flows)
    asked = [conflict.field for conflict in plan.conflicts if conflict.field is not None]
    answers = {name: data.draw(st.sampled_from([Move.PUSH, Move.PULL])) for name in asked}
    settled = resolve(plan, answers)
    assert not settled.held
    here, there = _written(settled, ours, theirs)
    for name, answer in answers.items():
        if name != ACTIVE:
            kept = ours if answer is Move.PUSH else theirs
            assert here.get(name) == there.get(name) == kept.get(name)
