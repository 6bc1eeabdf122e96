"""Deciding what one sync step does to each record. Pure: the same planner serves the preview and the push."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from service.core.errors import MappingError
from service.core.intent import Operation
from service.core.model import Contact, Customer, Invoice, Payment
from service.core.names import NameChoice
from service.core.ports import (
    Capabilities,
    Element,
    EntityKind,
    Family,
    Loss,
    Mapper,
    MappingContext,
    MappingSettings,
    Projection,
    Record,
    Ref,
    RemoteRecord,
)
from service.core.problem import Candidate, Problem, ProblemKind, problem_of_error, problem_of_plan
from service.core.reconcile import Flow, Plan, RecordMove, reconcile
from service.core.snapshot import FieldName, Snapshot, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One link with everything that a decision about it needs."""

    ref: Ref
    link_id: str
    label: str  #: what people call the record
    record: Record | None  #: None: it is gone here
    remote_id: str | None
    theirs: RemoteRecord | None
    survivor: RemoteRecord | None = None  #: what theirs was merged into
    baseline: Snapshot | None
    wanted: int
    heard: int
    generation: int = 1
    sequence: int = 0
    name: NameChoice | None = None  #: chosen by the naming rule, for kinds that have display names
    holders: tuple[RemoteRecord, ...] = ()  #: entities there that already have that name


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to be done about one case: at most one write there, some changes here, or a question."""

    case: Case
    plan: Plan
    operation: Operation | None = None
    element: Element | None = None
    expected: Snapshot | None = None  #: the fields written, as the package should show them afterwards
    ours: Snapshot | None = None  #: our record as the package can hold it
    theirs: Snapshot | None = None  #: as it was known when the decision was made
    losses: tuple[Loss, ...] = ()
    problem: Problem | None = None

    @property
    def writes(self) -> bool:
        """True if carrying it out takes a write to the package."""
        return self.element is not None


def flows_of(mapper: Mapper, settings: MappingSettings) -> Mapping[FieldName, Flow]:
    """Return who owns each field on a connection: its settings over the mapper's defaults."""
    return {**mapper.flows, **{name: flow for name, flow in settings.owners.items() if name in mapper.flows}}


def decide(case: Case, mapper: Mapper, context: MappingContext, capabilities: Capabilities) -> Decision:
    """Decide about one case. Never raises: what can't be expressed becomes a problem."""
    params: dict[str, Value] = {"package": capabilities.package, "name": case.label}
    record = case.record
    if record is None:
        return _without_record(case, mapper, context, params)
    if (obstacle := _obstacle(record, mapper, context, capabilities, params)) is not None:
        return _asks(case, obstacle)
    try:
        return _decide(case, record, mapper, context, params)
    except MappingError as error:
        return _asks(case, problem_of_error(error, params))


def _obstacle(
    record: Record, mapper: Mapper, context: MappingContext, capabilities: Capabilities, params: Mapping[str, Value]
) -> Problem | None:
    """Return why a record can't be sent whatever it says: its parent is missing there, or it lies too deep."""
    waits = next((ref for ref in mapper.needs(record, context) if ref not in context.remote_ids), None)
    if waits is not None:
        parent = context.customers.get(waits.id)
        return Problem(
            kind=ProblemKind.PARENT_NOT_SYNCED,
            params={**params, "parent": parent.full_name if parent else None, "needs": f"{waits.kind}:{waits.id}"},
        )
    if isinstance(record, Customer) and 1 < capabilities.native_depth < record.depth:
        deep = {**params, "depth": record.depth, "limit": capabilities.native_depth}
        return Problem(kind=ProblemKind.TOO_DEEP, params=deep)
    return None


def _decide(
    case: Case, record: Record, mapper: Mapper, context: MappingContext, params: Mapping[str, Value]
) -> Decision:
    projection = _project(record, mapper, context, case)
    theirs, merged_into = _read(case, mapper, context)
    plan = reconcile(
        ours=projection.snapshot,
        theirs=theirs,
        baseline=case.baseline,
        flows=flows_of(mapper, context.settings),
        merged_into=merged_into,
    )
    if plan.held:
        return _asks(case, _held(case, plan, params), plan=plan, losses=projection.losses)
    if (clash := _clash(case, plan, params)) is not None:
        return _asks(case, clash, plan=plan, losses=projection.losses)
    decision = _write(case, plan, projection, mapper, context)
    return replace(decision, ours=projection.snapshot, theirs=theirs)


def label_of(record: Record, customers: Mapping[str, Customer]) -> str:
    """Return what people call a record: a full name, an invoice's number, a payment's amount and customer."""
    if isinstance(record, Customer):
        return record.full_name
    if isinstance(record, Invoice):
        return record.number
    owner = customers.get(record.customer_id)
    whose = owner.full_name if owner else "customer"
    if isinstance(record, Contact):
        return f"{record.full_name or record.email or 'contact'} at {whose}"
    return f"{record.kind.value} of {record.amount} {record.currency} from {whose}"


def _project(record: Record, mapper: Mapper, context: MappingContext, case: Case) -> Projection:
    projection = mapper.project(record, context)
    if isinstance(record, Payment) and record.removed:
        projection = replace(projection, snapshot=replace(projection.snapshot, active=False))
    if case.name is not None and case.name.altered:
        loss = Loss(field="name", reason=f"The name is too long there and is shortened to '{case.name.name}'.")
        projection = replace(projection, losses=(*projection.losses, loss))
    return projection


def _read(case: Case, mapper: Mapper, context: MappingContext) -> tuple[Snapshot | None, str | None]:
    """Return their side as it is known, and what it was merged into."""
    if case.theirs is None:
        return None, None
    if case.theirs.merged_into is not None:
        return None, case.theirs.merged_into
    return (None if case.theirs.deleted else mapper.read(case.theirs, context)), None


def _held(case: Case, plan: Plan, params: Mapping[str, Value]) -> Problem:
    there = case.survivor or case.theirs
    said = {**params, "into": case.survivor.name} if case.survivor is not None else params
    return problem_of_plan(plan, said, () if there is None else (candidate_of(there),))


def _clash(case: Case, plan: Plan, params: Mapping[str, Value]) -> Problem | None:
    """Ask before a name is sent that somebody there has already."""
    if case.name is None or not case.name.clash:
        return None
    sends_name = plan.record is RecordMove.CREATE or any(action.field == "name" for action in plan.pushes)
    return duplicate(case, params) if sends_name else None


def duplicate(case: Case, params: Mapping[str, Value]) -> Problem:
    """Return the question about a name that is taken, with who holds it if that is known."""
    first = case.holders[0] if case.holders else None
    said: dict[str, Value] = {**params, "suggestion": f"{case.label.split(':')[-1]} (customer)"}
    # nobody there holds it: then another of our own customers was sent under that name just now
    said["collides_with"] = first.family.value if first is not None else Family.CUSTOMER.value
    return Problem(
        kind=ProblemKind.DUPLICATE_NAME, params=said, candidates=tuple(candidate_of(held) for held in case.holders)
    )


def candidate_of(record: RemoteRecord) -> Candidate:
    """Return an entity as it stands in a question."""
    return Candidate(
        remote_id=record.remote_id,
        name=record.name or record.remote_id,
        type=record.family.value,
        params={"email": record.email, "active": record.active},
    )


def _write(case: Case, plan: Plan, projection: Projection, mapper: Mapper, context: MappingContext) -> Decision:
    if not plan.writes_there:
        return Decision(case=case, plan=plan, losses=projection.losses)
    changed = frozenset(action.field for action in plan.pushes)
    operation = _operation(case.ref.kind, plan, projection.snapshot, changed)
    body = mapper.body(operation, projection.snapshot, changed=changed, theirs=case.theirs, context=context)
    return Decision(
        case=case,
        plan=plan,
        operation=operation,
        element=_element(case, operation, body),
        expected=Snapshot(
            fields={name: projection.snapshot.get(name) for name in changed}, active=projection.snapshot.active
        ),
        losses=projection.losses,
    )


def _element(case: Case, operation: Operation, body: Mapping[str, object]) -> Element:
    creates = operation is Operation.CREATE
    return Element(
        kind=case.ref.kind,
        operation=operation,
        body=body,
        remote_id=None if creates else case.remote_id,
        version=None if creates or case.theirs is None else case.theirs.version,
    )


def _operation(kind: EntityKind, plan: Plan, ours: Snapshot, changed: frozenset[FieldName]) -> Operation:
    match plan.record:
        case RecordMove.CREATE:
            return Operation.CREATE
        case RecordMove.ARCHIVE:
            return Operation.ARCHIVE if kind in {EntityKind.CUSTOMER, EntityKind.CONTACT} else Operation.VOID
        case RecordMove.RESTORE:
            return Operation.RESTORE
        case _:
            voids = kind is EntityKind.INVOICE and "status" in changed and ours.get("status") == "voided"
            return Operation.VOID if voids else Operation.UPDATE


def _without_record(case: Case, mapper: Mapper, context: MappingContext, params: Mapping[str, Value]) -> Decision:
    """Deleted here: archive there what nobody touched, ask about the rest."""
    theirs, _ = _read(case, mapper, context)
    plan = reconcile(ours=None, theirs=theirs, baseline=case.baseline, flows=flows_of(mapper, context.settings))
    if plan.held:
        return _asks(case, problem_of_plan(plan, params), plan=plan)
    if plan.record is not RecordMove.ARCHIVE or case.baseline is None:
        return Decision(case=case, plan=plan)
    gone = Snapshot(fields={}, active=False)
    operation = _operation(case.ref.kind, plan, gone, frozenset())
    body = mapper.body(operation, gone, changed=frozenset(), theirs=case.theirs, context=context)
    return Decision(case=case, plan=plan, operation=operation, element=_element(case, operation, body), expected=gone)


def _asks(case: Case, problem: Problem, *, plan: Plan | None = None, losses: tuple[Loss, ...] = ()) -> Decision:
    return Decision(case=case, plan=plan or Plan(record=RecordMove.NOTHING), losses=losses, problem=problem)
