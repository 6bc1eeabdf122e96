"""What a package would refuse: asked about before any call is made. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from service.core.editing import closed_reason, in_closed_period, refusal
from service.core.errors import ClosedPeriod
from service.core.intent import Operation
from service.core.ports import EntityKind, Mapper, MappingContext
from service.core.problem import Dispute, Problem, ProblemKind
from service.core.reconcile import ACTIVE, Plan
from service.core.snapshot import FieldName, Snapshot, Value

if TYPE_CHECKING:
    from service.sync.planner import Case

#: Why a write is not sent, besides a closed period: how the entity stands there.
NOT_EDITABLE = "not_editable"
#: Kinds of records that are dated, and that a closed period therefore holds.
_DATED = frozenset(EntityKind) - {EntityKind.CUSTOMER, EntityKind.CONTACT}


def obstacle(
    case: Case,
    plan: Plan,
    operation: Operation,
    *,
    ours: Snapshot,
    theirs: Snapshot | None,
    mapper: Mapper,
    context: MappingContext,
    params: Mapping[str, Value],
) -> Problem | None:
    """Return the question that a write is which the package would refuse; None if it may be sent."""
    changed = frozenset(action.field for action in plan.pushes)
    said = {**params, "exists": operation is not Operation.CREATE}
    closed_until = context.reference.company.lock_date
    if case.ref.kind in _DATED and closed_until is not None:
        created = operation is Operation.CREATE
        if in_closed_period(ours if changed else None, theirs, closed_until=closed_until):
            said |= {"code": ClosedPeriod.code, "reason": closed_reason(closed_until)}
            if created:
                said["open_from"] = (closed_until + timedelta(days=1)).isoformat()
            return _not_now(said, changed, operation, ours, theirs)
    if theirs is None or case.theirs is None:
        return None
    found = refusal(mapper.rule_of(case.theirs), operation, changed, ours=ours, theirs=theirs)
    if found is None:
        return None
    return _not_now({**said, "code": NOT_EDITABLE, "reason": found.reason}, found.fields, operation, ours, theirs)


def _not_now(
    params: Mapping[str, Value],
    changed: frozenset[FieldName],
    operation: Operation,
    ours: Snapshot,
    theirs: Snapshot | None,
) -> Problem:
    """Return the question, with both sides of what can't be changed."""
    if theirs is None:
        return Problem(kind=ProblemKind.NOT_ALLOWED_NOW, params=params)
    fields = [Dispute(field=name, ours=ours.get(name), theirs=theirs.get(name)) for name in sorted(changed)]
    if operation in {Operation.VOID, Operation.DELETE, Operation.ARCHIVE, Operation.RESTORE}:
        fields.append(Dispute(field=ACTIVE, ours=ours.active, theirs=theirs.active))
    return Problem(kind=ProblemKind.NOT_ALLOWED_NOW, params=params, fields=tuple(fields))
