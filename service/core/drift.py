"""Drift: what somebody at the package changed in fields that are ours to say.

``reconcile`` decides that such a field is written back. Whether that happens by itself, after a person was asked, or
not at all is a rule of the connection; ``govern`` applies it to a plan, field by field.

Drift stands beside the dot. A field that waits for a decision keeps nothing else of its record waiting, and the time
up to which both sides agreed stays where it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct, structs

from service.core.problem import field_label, value_text
from service.core.reconcile import ACTIVE, FieldAction, Flow, Move, Plan, RecordMove, Rule
from service.core.snapshot import FieldName, Snapshot, Value


class DriftRule(StrEnum):
    """What becomes of drift on a connection unless a person says otherwise."""

    PUT_BACK = "put_back"  #: the next sync writes our value again
    ASK = "ask"  #: it stays as it is there, listed, until a person decides
    ACCEPT = "accept"  #: theirs is taken over; where ours was changed as well a person decides


class DriftDecision(StrEnum):
    """What a person can decide about one drifted field."""

    ACCEPT = "accept"  #: theirs becomes ours, or is left there where it can't
    PUT_BACK = "put_back"  #: the next sync writes ours again


class DriftStatus(StrEnum):
    """What became of it; OPEN is the only one that may change."""

    OPEN = "open"  #: it differs there
    PUT_BACK = "put_back"  #: ours was written again
    ACCEPTED = "accepted"  #: theirs was taken over, or the difference is left as it is
    LAPSED = "lapsed"  #: it went away by itself: changed back there, made alike here, or its link ended


#: Rules under which a write replaces a value that was changed there in a field of ours.
PUTTING_BACK = frozenset({Rule.OURS_PUTS_BACK, Rule.OURS_OVERRULES, Rule.CHOSE_OURS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Drifted:
    """One field of ours that was changed there."""

    field: FieldName
    agreed: Value
    ours: Value
    theirs: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is remembered of one field: a decision not carried out yet, or a difference that was accepted and left."""

    ours: Value
    theirs: Value
    decision: DriftDecision | None = None
    kept: bool = False  #: accepted; ours could not take the value over, so both sides keep what they have

    def about(self, found: Drifted) -> bool:
        """Tell whether it was said about this value of theirs, and not about one they changed it to since."""
        return self.theirs == found.theirs


class Governed(Struct, frozen=True, kw_only=True):
    """A plan under a connection's rule."""

    plan: Plan
    found: tuple[Drifted, ...] = ()  #: every drifted field, whatever becomes of it
    left: frozenset[FieldName] = frozenset()  #: fields that stay as they are there
    waiting: bool = False  #: one of them waits for a person
    accepted: tuple[Drifted, ...] = ()  #: fields whose value of theirs is taken over by this plan


def govern(
    plan: Plan,
    *,
    ours: Snapshot,
    theirs: Snapshot | None,
    baseline: Snapshot | None,
    rule: DriftRule,
    known: Mapping[FieldName, Known],
) -> Governed:
    """Apply a connection's rule, and what people have decided, to the drifted fields of a plan.

    Total, like ``reconcile``. A held plan stays as it is, its drift is only told. Laws (property tests): with
    ``PUT_BACK`` and nothing known the plan is untouched; with any other rule no value of theirs is overwritten that
    was changed there and that nobody has decided about; fields that did not drift are decided as before.
    """
    if theirs is None or baseline is None:
        return Governed(plan=plan)
    found: list[Drifted] = []
    actions: list[FieldAction] = []
    accepted: list[Drifted] = []
    left: set[FieldName] = set()
    waiting = False
    for action in plan.actions:
        if action.move is not Move.PUSH or action.field == ACTIVE:
            actions.append(action)
            continue
        name = action.field
        one = Drifted(field=name, agreed=baseline.get(name), ours=ours.get(name), theirs=theirs.get(name))
        told = known.get(name)
        if told is not None and told.kept and told.about(one) and told.ours == one.ours:
            left.add(name)
            continue
        if action.rule not in PUTTING_BACK:
            actions.append(action)
            continue
        found.append(one)
        decided = _decided(action, one, rule, told)
        if decided is None:
            left.add(name)
            waiting = True
            continue
        actions.append(decided)
        if decided.move is Move.PULL:
            accepted.append(one)
    if plan.held:
        return Governed(plan=plan, found=tuple(found))
    governed = plan if tuple(actions) == plan.actions else _with_actions(plan, tuple(actions))
    return Governed(plan=governed, found=tuple(found), left=frozenset(left), waiting=waiting, accepted=tuple(accepted))


def as_left_there(
    ours: Snapshot, theirs: Snapshot | None, *, left: frozenset[FieldName], flows: Mapping[FieldName, Flow]
) -> Snapshot:
    """Return our side with the values of theirs in the fields that are left as they are there.

    A package writes some fields only together. With theirs in place of ours, a write of one does not carry the other.
    What theirs is to say goes along: totals belong to the lines that they were reckoned from.
    """
    if not left or theirs is None:
        return ours
    alike = {
        name: theirs.get(name)
        for name in ours.fields
        if theirs.holds(name) and (name in left or flows.get(name) is Flow.THEIRS)
    }
    return structs.replace(ours, fields={**ours.fields, **alike})


def sentence(
    found: Drifted, *, package: str, rule: DriftRule, status: DriftStatus, decision: DriftDecision | None, kept: bool
) -> str:
    """Say what was changed there and what becomes of it, in words an accountant uses."""
    field = field_label(found.field)
    changed = f"{field} was changed in {package} from {value_text(found.agreed)} to {value_text(found.theirs)}."
    also = "" if found.ours == found.agreed else f" Ours was changed as well, to {value_text(found.ours)}."
    return f"{changed}{also} {_outcome(package, rule, status, decision, kept=kept, also=bool(also))}"


def who_is_not_told(package: str) -> str:
    """Say why there is no name beside a change."""
    return f"{package} tells when a record was last changed, not by whom."


def _decided(action: FieldAction, found: Drifted, rule: DriftRule, told: Known | None) -> FieldAction | None:
    """Return what is done about one drifted field; None: it is left as it is there and waits for a person."""
    decision = told.decision if told is not None and told.about(found) else None
    if decision is DriftDecision.PUT_BACK:
        return structs.replace(action, rule=Rule.CHOSE_OURS)
    if decision is DriftDecision.ACCEPT:
        return structs.replace(action, move=Move.PULL, value=found.theirs, rule=Rule.CHOSE_THEIRS)
    if rule is DriftRule.PUT_BACK:
        return action
    if rule is DriftRule.ACCEPT and found.ours == found.agreed:
        return structs.replace(action, move=Move.PULL, value=found.theirs, rule=Rule.THEIRS_ACCEPTED)
    return None


def _with_actions(plan: Plan, actions: tuple[FieldAction, ...]) -> Plan:
    writes = plan.record is not RecordMove.UPDATE or any(action.move is not Move.ADOPT for action in actions)
    return structs.replace(plan, actions=actions, record=plan.record if writes else RecordMove.NOTHING)


def _outcome(  # noqa: PLR0911 - one sentence per outcome
    package: str, rule: DriftRule, status: DriftStatus, decision: DriftDecision | None, *, kept: bool, also: bool
) -> str:
    match status:
        case DriftStatus.PUT_BACK:
            return f"Ours was written to {package} again."
        case DriftStatus.ACCEPTED if kept:
            return "Accepted: it can't be taken over here, so each side keeps its value."
        case DriftStatus.ACCEPTED:
            return "Accepted: theirs was taken over here."
        case DriftStatus.LAPSED:
            return "The difference went away by itself."
        case _:
            pass
    if decision is DriftDecision.PUT_BACK or (decision is None and rule is DriftRule.PUT_BACK):
        return "Ours leads, so the next sync puts it back."
    if decision is DriftDecision.ACCEPT or (rule is DriftRule.ACCEPT and not also):
        return "The next sync takes it over."
    return "It stays as it is until somebody decides."
