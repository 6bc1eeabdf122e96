"""Where problems come from: a comparison that can't decide, a mapper or a package that refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from service.core.errors import ConnectorError, DuplicateName, MappingError, NotAllowedNow, NotFound, OutcomeUnknown
from service.core.problem.kind import Candidate, Dispute, Problem, ProblemKind
from service.core.reconcile import ACTIVE, Conflict, Plan
from service.core.snapshot import Value

#: Codes by which a connector says more than the class of its error does.
_KINDS = {
    "archived_there": ProblemKind.ARCHIVED_THERE,
    "deleted_there": ProblemKind.DELETED_THERE,
    "too_deep": ProblemKind.TOO_DEEP,
    "parent_archived": ProblemKind.PARENT_NOT_SYNCED,
}
#: What such a code says about the record that this one hangs below.
_PARENTS = {"parent_archived": "archived"}


def problem_of_plan(plan: Plan, params: Mapping[str, Value], candidates: tuple[Candidate, ...] = ()) -> Problem:
    """Turn a held plan into the one question it asks.

    :raises ValueError: if the plan is not held.
    """
    if not plan.held:
        raise ValueError("only a held plan is a problem")
    first = plan.conflicts[0]
    fields = tuple(_dispute(conflict) for conflict in plan.conflicts if conflict.field is not None)
    return Problem(kind=ProblemKind(first.kind.value), params=params, fields=fields, candidates=candidates)


def problem_of_error(
    error: MappingError | ConnectorError, params: Mapping[str, Value], candidates: tuple[Candidate, ...] = ()
) -> Problem:
    """Turn a refusal into a problem; ``params`` win over what the error says."""
    match error:
        case MappingError():
            kind = ProblemKind.REJECTED if error.missing is None else ProblemKind.MISSING_MAPPING
            said: dict[str, Value] = {"reason": error.reason, "sent": False, "field": error.field}
            if error.cause is not None:
                said["code"] = error.cause
            return Problem(kind=kind, params={**said, **params}, candidates=candidates)
        case ConnectorError():
            facts: dict[str, Value] = {"reason": error.message or None, "code": error.code}
            facts["field"] = getattr(error, "field", None)
            facts["state"] = _PARENTS.get(error.code)
            told = {name: value for name, value in facts.items() if value is not None}
            return Problem(
                kind=_kind_of(error),
                params={**told, **params},
                provider_code=error.provider_code,
                candidates=candidates,
            )
        case _:
            assert_never(error)


def _dispute(conflict: Conflict) -> Dispute:
    return Dispute(field=conflict.field or ACTIVE, ours=conflict.ours, theirs=conflict.theirs, agreed=conflict.agreed)


def _kind_of(error: ConnectorError) -> ProblemKind:
    if error.code in _KINDS:
        return _KINDS[error.code]
    if isinstance(error, DuplicateName):
        return ProblemKind.DUPLICATE_NAME
    if isinstance(error, NotAllowedNow):
        return ProblemKind.NOT_ALLOWED_NOW
    if isinstance(error, OutcomeUnknown):
        return ProblemKind.OUTCOME_UNKNOWN
    if isinstance(error, NotFound) and error.field is None:
        # With a field it is something the record refers to that is gone, which the sentence of a refusal explains.
        return ProblemKind.DELETED_THERE
    return ProblemKind.REJECTED
