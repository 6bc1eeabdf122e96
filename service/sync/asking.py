"""Questions that a look at one record and its surroundings raises. Pure: the planner asks them before it writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from service.core.model import Contact, Customer, Invoice, InvoiceStatus
from service.core.ports import Capabilities, EntityKind, Family, Mapper, MappingContext, Record, Ref, RemoteRecord
from service.core.problem import Candidate, Dispute, Problem, ProblemKind, problem_of_plan
from service.core.reconcile import ACTIVE, Plan, RecordMove
from service.core.snapshot import Snapshot, Value

if TYPE_CHECKING:
    from service.sync.planner import Case

_VOIDED = InvoiceStatus.VOIDED.value


class Around(Struct, frozen=True, kw_only=True):
    """What stands around a record at the package, as far as it matters for a question."""

    heirs: tuple[RemoteRecord, ...] = ()  #: customers who have the documents of one that is gone there
    held_by: str | None = None  #: another record of ours, tied to what theirs was merged into
    ours_too: str | None = None  #: another record of ours that has the name there
    lookalikes: tuple[RemoteRecord, ...] = ()  #: untied entities with our reference or our number
    away: Mapping[Ref, str] = field(default_factory=dict)  #: records that were there once: "gone" or "archived"
    jobs: tuple[str, ...] = ()  #: of a customer to be archived: active jobs that stay active, by name
    strangers: int = 0  #: of one to be moved: levels below it that hold customers which are none of ours


def params_of(case: Case, capabilities: Capabilities) -> dict[str, Value]:
    """Return what every question about a case says."""
    return {"package": capabilities.package, "name": case.label, "entity": case.ref.kind.value}


def obstacle(
    case: Case,
    record: Record,
    mapper: Mapper,
    context: MappingContext,
    capabilities: Capabilities,
    params: Mapping[str, Value],
) -> Problem | None:
    """Return why a record can't be sent whatever it says: its parent is missing there, or it lies too deep."""
    for ref in mapper.needs(record, context):
        state = case.around.away.get(ref)
        if ref in context.remote_ids and not (state == "archived" and _goes_below(case, context.remote_ids[ref])):
            continue
        return _parent_away(ref, state, context, params)
    depth = record.depth + case.around.strangers if isinstance(record, Customer) else 0
    if isinstance(record, Customer) and 1 < capabilities.native_depth < depth:
        above = context.customers.get(record.parent_id or "")
        deep = {**params, "depth": depth, "limit": capabilities.native_depth}
        return Problem(kind=ProblemKind.TOO_DEEP, params={**deep, "parent": above.full_name if above else None})
    return None


def _parent_away(ref: Ref, state: str | None, context: MappingContext, params: Mapping[str, Value]) -> Problem:
    """Return the question of what a record needs there: never sent, or as it stands now (gone, archived)."""
    parent = context.customers.get(ref.id)
    said = {**params, "parent": parent.full_name if parent else None, "needs": f"{ref.kind}:{ref.id}"}
    return Problem(kind=ProblemKind.PARENT_NOT_SYNCED, params=said if state is None else {**said, "state": state})


def _moved_to_archived(
    case: Case, record: Record, plan: Plan, mapper: Mapper, context: MappingContext, params: Mapping[str, Value]
) -> Problem | None:
    """Return the question of a document that would go to a customer who is archived there; no package takes it."""
    to = next((action.value for action in plan.pushes if action.field == "customer"), None)
    for ref in mapper.needs(record, context) if to is not None and case.remote_id is not None else ():
        state = case.around.away.get(ref)
        if state == "archived" and context.remote_ids.get(ref) == to:
            return _parent_away(ref, state, context, params)
    return None


def _goes_below(case: Case, parent: str) -> bool:
    """Tell whether a record is new there, or is to be moved below this one."""
    if case.theirs is None or case.ref.kind is not EntityKind.CUSTOMER:
        return case.remote_id is None
    return case.theirs.parent_id != parent


def as_compared(record: Record, ours: Snapshot, theirs: Snapshot | None) -> Snapshot:
    """Return our side as it counts: a voided invoice is not missed where there is none."""
    voided = isinstance(record, Invoice) and record.status is InvoiceStatus.VOIDED
    return replace(ours, active=False) if voided and theirs is None else ours


def question(
    case: Case,
    record: Record,
    ours: Snapshot,
    theirs: Snapshot | None,
    plan: Plan,
    mapper: Mapper,
    context: MappingContext,
    capabilities: Capabilities,
    params: Mapping[str, Value],
) -> Problem | None:
    """Return what a person has to be asked before a plan is carried out; None if it may be."""
    if _is_void(theirs) and not _is_void(ours) and isinstance(record, Invoice):
        active = Dispute(field=ACTIVE, ours=True, theirs=False, agreed=True)
        said = {**params, "paid": bool(record.amount_paid)}
        return Problem(kind=ProblemKind.ARCHIVED_THERE, params=said, fields=(active,), candidates=_there(case))
    if plan.held:
        return _held(case, record, plan, capabilities, params)
    if plan.record is RecordMove.ARCHIVE and case.around.jobs:
        reason = f"{capabilities.package} archives nobody with active jobs, and there is {', '.join(case.around.jobs)}"
        return Problem(kind=ProblemKind.REJECTED, params={**params, "sent": False, "reason": reason})
    restores = capabilities.restores_customers or not isinstance(record, Customer | Contact)
    if plan.record is RecordMove.RESTORE and not restores:
        active = Dispute(field=ACTIVE, ours=True, theirs=False, agreed=False)
        said = {**params, "restores": False, "reopened": True}
        return Problem(kind=ProblemKind.ARCHIVED_THERE, params=said, fields=(active,), candidates=_there(case))
    if plan.record is RecordMove.CREATE and (found := _lookalikes(case, ours, mapper, context)):
        candidates = tuple(candidate_of(one) for one in found)
        return Problem(kind=ProblemKind.AMBIGUOUS_MATCH, params=_suggesting(case, params), candidates=candidates)
    return _moved_to_archived(case, record, plan, mapper, context, params) or _clash(case, plan, params)


def candidate_of(record: RemoteRecord) -> Candidate:
    """Return an entity as it stands in a question."""
    return Candidate(
        remote_id=record.remote_id,
        name=record.name or record.remote_id,
        type=record.family.value,
        params={"email": record.email, "active": record.active},
    )


def _there(case: Case) -> tuple[Candidate, ...]:
    there = case.survivor or case.theirs
    return () if there is None else (candidate_of(there),)


def _is_void(side: Snapshot | None) -> bool:
    return side is not None and (side.get("status") == _VOIDED or not side.active)


def _held(case: Case, record: Record, plan: Plan, capabilities: Capabilities, params: Mapping[str, Value]) -> Problem:
    said, candidates = dict(params), _there(case)
    around = case.around
    if isinstance(record, Invoice):
        said["paid"] = bool(record.amount_paid)
    match plan.conflicts[0].kind.value:
        case ProblemKind.MERGED_THERE.value if case.survivor is not None:
            said["into"] = case.survivor.name
            if around.held_by is not None:
                said["held_by"] = around.held_by
        case ProblemKind.DELETED_THERE.value if case.ref.kind is EntityKind.CUSTOMER:
            candidates = tuple(candidate_of(heir) for heir in around.heirs)
            if capabilities.merges_look_deleted:
                said["merges"] = True
            if candidates:
                said["heirs"] = True
            if len(candidates) == 1 and around.held_by is not None:
                said["held_by"] = around.held_by
        case ProblemKind.ARCHIVED_THERE.value if not capabilities.restores_customers:
            said["restores"] = False
        case _:
            pass
    return problem_of_plan(plan, said, candidates)


def _lookalikes(case: Case, ours: Snapshot, mapper: Mapper, context: MappingContext) -> list[RemoteRecord]:
    """Return untied entities that a create would repeat: ours by their identity. A person who said "new" is heard."""
    if case.generation > 1:
        return []
    shown = [(one, mapper.read(one, context)) for one in case.around.lookalikes]
    return [
        one
        for one, there in shown
        if not _is_void(there) and all(there.get(name) == ours.get(name) for name in mapper.identity)
    ]


def _clash(case: Case, plan: Plan, params: Mapping[str, Value]) -> Problem | None:
    """Ask before a name is sent that somebody there has already."""
    if case.name is None or not case.name.clash:
        return None
    sends_name = plan.record is RecordMove.CREATE or any(action.field == "name" for action in plan.pushes)
    return _duplicate(case, params) if sends_name else None


def _duplicate(case: Case, params: Mapping[str, Value]) -> Problem:
    """Return the question about a name that is taken, with who holds it if that is known."""
    first = case.holders[0] if case.holders else None
    said = duplicate_params(case.label, first, ours_too=case.around.ours_too)
    candidates = tuple(candidate_of(held) for held in case.holders)
    return Problem(kind=ProblemKind.DUPLICATE_NAME, params={**params, **said}, candidates=candidates)


def duplicate_params(label: str, holder: RemoteRecord | None, *, ours_too: str | None) -> dict[str, Value]:
    """Return what a question about a taken name says of whoever holds it."""
    said: dict[str, Value] = {"suggestion": f"{label.rpartition(':')[2]} (customer)"}
    if holder is not None:
        said["collides_with"] = holder.family.value
        if not holder.active:
            said["inactive"] = True
    if ours_too is not None:
        # Two of ours can't both be told apart by being customers; a number says which is which.
        said |= {"ours_too": ours_too, "suggestion": f"{label.rpartition(':')[2]} (2)"}
        said["collides_with"] = Family.CUSTOMER.value
    return said


def _suggesting(case: Case, params: Mapping[str, Value]) -> dict[str, Value]:
    document = case.ref.kind is EntityKind.INVOICE
    return {**params, "suggestion": f"{case.label}-2"} if document else dict(params)
