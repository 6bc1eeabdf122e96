"""What becomes of changes there in fields that are ours: the table, and the laws for any sides and any owners."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.drift import (
    PUTTING_BACK,
    DriftDecision,
    Drifted,
    DriftRule,
    DriftStatus,
    Governed,
    Known,
    as_left_there,
    govern,
    sentence,
)
from service.core.reconcile import ACTIVE, Flow, Move, Plan, RecordMove, Rule, reconcile
from service.core.snapshot import FieldName, Snapshot, Value
from tests.core.test_reconcile_laws import FLOWS, MAYBE, NAMES, PARTIAL, VALUES, WHOLE

RULES = st.sampled_from(list(DriftRule))
KNOWN = st.dictionaries(
    st.sampled_from(NAMES),
    st.builds(
        Known, ours=VALUES, theirs=VALUES, decision=st.none() | st.sampled_from(list(DriftDecision)), kept=st.booleans()
    ),
)
OURS_LEADS = {"due": Flow.OURS, "phone": Flow.BOTH, "total": Flow.THEIRS}


def _governed(
    ours: str,
    theirs: str,
    *,
    rule: DriftRule = DriftRule.PUT_BACK,
    known: Known | None = None,
    agreed: str = "1 Dec",
) -> Governed:
    """Decide about one field of ours."""
    here, there, before = (Snapshot(fields={"due": value}) for value in (ours, theirs, agreed))
    plan = reconcile(ours=here, theirs=there, baseline=before, flows=OURS_LEADS)
    remembered = {} if known is None else {"due": known}
    return govern(plan, ours=here, theirs=there, baseline=before, rule=rule, known=remembered)


PUT_BACK = (Move.PUSH, "1 Dec", Rule.OURS_PUTS_BACK)
BY_HAND = (Move.PUSH, "1 Dec", Rule.CHOSE_OURS)
TAKEN = (Move.PULL, "9 Dec", Rule.THEIRS_ACCEPTED)
TAKEN_BY_HAND = (Move.PULL, "9 Dec", Rule.CHOSE_THEIRS)
SAID_BACK = Known(ours="1 Dec", theirs="9 Dec", decision=DriftDecision.PUT_BACK)
SAID_ACCEPT = Known(ours="1 Dec", theirs="9 Dec", decision=DriftDecision.ACCEPT)
SAID_OF_ANOTHER = Known(ours="1 Dec", theirs="5 Dec", decision=DriftDecision.PUT_BACK)


@pytest.mark.parametrize(
    ("rule", "known", "done"),
    [
        (DriftRule.PUT_BACK, None, PUT_BACK),
        (DriftRule.ASK, None, None),
        (DriftRule.ACCEPT, None, TAKEN),
        (DriftRule.PUT_BACK, SAID_ACCEPT, TAKEN_BY_HAND),
        (DriftRule.ASK, SAID_ACCEPT, TAKEN_BY_HAND),
        (DriftRule.ASK, SAID_BACK, BY_HAND),
        (DriftRule.ACCEPT, SAID_BACK, BY_HAND),
        (DriftRule.ASK, SAID_OF_ANOTHER, None),
        (DriftRule.PUT_BACK, SAID_OF_ANOTHER, PUT_BACK),
    ],
)
def test_the_rule_decides_unless_a_person_has_decided_about_this_very_value(
    rule: DriftRule, known: Known | None, done: tuple[Move, Value, Rule] | None
) -> None:
    governed = _governed("1 Dec", "9 Dec", rule=rule, known=known)
    assert governed.found == (Drifted(field="due", agreed="1 Dec", ours="1 Dec", theirs="9 Dec"),)
    assert [(one.move, one.value, one.rule) for one in governed.plan.actions] == ([] if done is None else [done])
    assert governed.waiting is (done is None)
    assert governed.left == (frozenset() if done else {"due"})
    assert bool(governed.accepted) is (done is not None and done[0] is Move.PULL)


def test_where_ours_was_changed_too_accepting_waits_for_a_person_and_putting_back_does_not() -> None:
    assert _governed("3 Dec", "9 Dec", rule=DriftRule.ACCEPT).waiting
    assert _governed("3 Dec", "9 Dec", rule=DriftRule.ASK).waiting
    (action,) = _governed("3 Dec", "9 Dec").plan.actions
    assert (action.move, action.value, action.rule) == (Move.PUSH, "3 Dec", Rule.OURS_OVERRULES)


def test_a_difference_that_was_accepted_as_it_stands_is_left_until_either_side_moves() -> None:
    kept = Known(ours="1 Dec", theirs="9 Dec", kept=True)
    for agreed in ("1 Dec", "9 Dec"):  # whichever of them the baseline says
        governed = _governed("1 Dec", "9 Dec", known=kept, agreed=agreed)
        assert governed.plan == Plan(record=RecordMove.NOTHING)
        assert not governed.found
        assert not governed.waiting
    (sent,) = _governed("3 Dec", "9 Dec", known=kept, agreed="9 Dec").plan.pushes
    assert sent.value == "3 Dec"
    assert _governed("1 Dec", "12 Dec", known=kept, agreed="9 Dec", rule=DriftRule.ASK).waiting


def test_a_write_of_something_else_carries_what_is_left_there() -> None:
    ours = Snapshot(fields={"due": "1 Dec", "issued": "1 Nov", "total": "10", "phone": "1"})
    theirs = Snapshot(fields={"due": "9 Dec", "issued": "2 Nov", "total": "12", "phone": "2"})
    sent = as_left_there(ours, theirs, left=frozenset({"due"}), flows=OURS_LEADS)
    assert sent.fields == {"due": "9 Dec", "issued": "1 Nov", "total": "12", "phone": "1"}
    assert as_left_there(ours, theirs, left=frozenset(), flows=OURS_LEADS) == ours


@given(ours=PARTIAL, theirs=MAYBE, baseline=MAYBE, flows=FLOWS)
def test_law_with_the_usual_rule_and_nothing_known_every_plan_stays_as_it_is(
    ours: Snapshot, theirs: Snapshot | None, baseline: Snapshot | None, flows: dict[FieldName, Flow]
) -> None:
    plan = reconcile(ours=ours, theirs=theirs, baseline=baseline, flows=flows)
    governed = govern(plan, ours=ours, theirs=theirs, baseline=baseline, rule=DriftRule.PUT_BACK, known={})
    assert governed.plan == plan
    assert not governed.left
    assert {one.field for one in governed.found} == {one.field for one in plan.actions if one.rule in PUTTING_BACK}


@given(ours=WHOLE, theirs=WHOLE, baseline=WHOLE, flows=FLOWS, rule=RULES, known=KNOWN)
def test_law_nothing_changed_there_is_overwritten_without_a_rule_or_a_person_who_said_so(
    ours: Snapshot,
    theirs: Snapshot,
    baseline: Snapshot,
    flows: dict[FieldName, Flow],
    rule: DriftRule,
    known: dict[FieldName, Known],
) -> None:
    plan = reconcile(ours=ours, theirs=theirs, baseline=baseline, flows=flows)
    governed = govern(plan, ours=ours, theirs=theirs, baseline=baseline, rule=rule, known=known)
    for action in governed.plan.pushes:
        name = action.field
        if theirs.get(name) in {baseline.get(name), ours.get(name)}:
            continue
        said = known.get(name)
        by_hand = said is not None and said.decision is DriftDecision.PUT_BACK and said.theirs == theirs.get(name)
        assert rule is DriftRule.PUT_BACK or by_hand
        assert flows[name] is Flow.OURS


@given(ours=WHOLE, theirs=WHOLE, baseline=st.none() | WHOLE, flows=FLOWS, rule=RULES, known=KNOWN)
def test_law_what_did_not_drift_is_decided_as_before(
    ours: Snapshot,
    theirs: Snapshot,
    baseline: Snapshot | None,
    flows: dict[FieldName, Flow],
    rule: DriftRule,
    known: dict[FieldName, Known],
) -> None:
    plan = reconcile(ours=ours, theirs=theirs, baseline=baseline, flows=flows)
    governed = govern(plan, ours=ours, theirs=theirs, baseline=baseline, rule=rule, known=known)
    touched = {one.field for one in governed.found} | governed.left
    assert [one for one in governed.plan.actions if one.field not in touched] == [
        one for one in plan.actions if one.field not in touched
    ]
    assert governed.plan.conflicts == plan.conflicts
    assert ACTIVE not in touched
    if plan.held:
        assert governed.plan == plan


FOUND = Drifted(field="due_date", agreed="2026-12-01", ours="2026-12-01", theirs="2026-12-09")


@pytest.mark.parametrize(
    ("rule", "status", "decision", "kept", "ending"),
    [
        (DriftRule.PUT_BACK, DriftStatus.OPEN, None, False, "Ours leads, so the next sync puts it back."),
        (DriftRule.ASK, DriftStatus.OPEN, None, False, "It stays as it is until somebody decides."),
        (DriftRule.ACCEPT, DriftStatus.OPEN, None, False, "The next sync takes it over."),
        (DriftRule.ASK, DriftStatus.OPEN, DriftDecision.ACCEPT, False, "The next sync takes it over."),
        (DriftRule.ASK, DriftStatus.OPEN, DriftDecision.PUT_BACK, False, "Ours leads, so the next sync puts it back."),
        (DriftRule.ASK, DriftStatus.PUT_BACK, None, False, "Ours was written to Books again."),
        (DriftRule.ASK, DriftStatus.ACCEPTED, None, False, "Accepted: theirs was taken over here."),
        (
            DriftRule.ASK,
            DriftStatus.ACCEPTED,
            None,
            True,
            "Accepted: it can't be taken over here, so each side keeps its value.",
        ),
        (DriftRule.ASK, DriftStatus.LAPSED, None, False, "The difference went away by itself."),
    ],
)
def test_the_sentence_says_what_was_changed_and_what_becomes_of_it(
    rule: DriftRule, status: DriftStatus, decision: DriftDecision | None, kept: bool, ending: str
) -> None:
    said = sentence(FOUND, package="Books", rule=rule, status=status, decision=decision, kept=kept)
    assert said == f"Due date was changed in Books from 2026-12-01 to 2026-12-09. {ending}"


def test_the_sentence_says_when_ours_was_changed_as_well() -> None:
    both = Drifted(field="due_date", agreed="2026-12-01", ours="2026-12-03", theirs="2026-12-09")
    said = sentence(both, package="Books", rule=DriftRule.ACCEPT, status=DriftStatus.OPEN, decision=None, kept=False)
    assert "Ours was changed as well, to 2026-12-03. It stays as it is until somebody decides." in said
