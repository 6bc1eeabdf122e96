"""Deciding what one sync step does to each record. Pure: the same planner serves the preview and the push."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from service.core.choice import MappingSettings
from service.core.drift import DriftRule, Governed, Known, as_left_there, govern
from service.core.errors import MappingError
from service.core.intent import Operation
from service.core.model import Allocation, Contact, Customer, Invoice, Payment
from service.core.names import NameChoice
from service.core.ports import (
    Capabilities,
    Element,
    EntityKind,
    Loss,
    Mapper,
    MappingContext,
    Projection,
    Record,
    Ref,
    RemoteRecord,
)
from service.core.problem import Problem, problem_of_error, problem_of_plan
from service.core.reconcile import ACTIVE, FieldAction, Flow, Move, Plan, RecordMove, Rule, reconcile
from service.core.reset import Withheld, adapted
from service.core.snapshot import FieldName, Snapshot, Value, spelled_like
from service.mapping.settings import uses, words
from service.sync import allowed, asking
from service.sync.names import NOW, Turn

#: Fields whose values stand for entries of the package's lists.
_BY_CHOICE = frozenset({"lines", "tracking", "tax_level", "payment_terms", "method", "account"})


class Case(Struct, frozen=True, kw_only=True):
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
    confirmed: int = 0
    settled: int = 0
    generation: int = 1
    sequence: int = 0
    asked: bool = False  #: a problem is open about it
    name: NameChoice | None = None  #: chosen by the naming rule, for kinds that have display names
    turn: Turn = NOW  #: when it may take that name
    holders: tuple[RemoteRecord, ...] = ()  #: entities there that already have that name
    around: asking.Around = field(default_factory=asking.Around)
    drift_rule: DriftRule = DriftRule.PUT_BACK
    drift: Mapping[FieldName, Known] = field(default_factory=dict)  #: decided, or accepted and left, by field
    withheld: tuple[Withheld, ...] = ()  #: fields that stay as they are there while a reason holds
    stand_ins: Mapping[FieldName, Value] = field(default_factory=dict)  #: values that take the place of ours there
    kept_there: bool = False  #: a payment that was recorded there: ours follows it, and is never sent
    retired: bool = False  #: of an earlier life: only what a reset does with its former counterpart


class Decision(Struct, frozen=True, kw_only=True):
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
    drift: Governed | None = None  #: fields of ours that were changed there; None: the sides were not compared
    waits: bool = False  #: nothing is done yet: another record of ours gives up the name first

    @property
    def writes(self) -> bool:
        """True if carrying it out takes a write to the package."""
        return self.element is not None

    @property
    def again(self) -> bool:
        """True if the record has to be decided about once more in the same sync."""
        return self.waits or any(action.rule is Rule.STEPS_ASIDE for action in self.plan.actions)


def flows_of(mapper: Mapper, settings: MappingSettings) -> Mapping[FieldName, Flow]:
    """Return who owns each field on a connection: its settings over the mapper's defaults."""
    if not (settings.lists or settings.owners):
        return mapper.flows
    return {name: settings.owner_of(mapper.kind, name, flow) for name, flow in mapper.flows.items()}


def decide(case: Case, mapper: Mapper, context: MappingContext, capabilities: Capabilities) -> Decision:
    """Decide about one case. Never raises: what can't be expressed becomes a problem."""
    params = asking.params_of(case, capabilities)
    record = case.record
    if record is None:
        return _without_record(case, mapper, context, params)
    if isinstance(record, Payment | Allocation) and record.removed and case.remote_id is None:
        return Decision(case=case, plan=Plan(record=RecordMove.NOTHING))  # taken back before it was ever sent
    if case.kept_there and isinstance(record, Payment) and not record.removed:
        return Decision(case=case, plan=Plan(record=RecordMove.NOTHING))
    if (obstacle := asking.obstacle(case, record, mapper, context, capabilities, params)) is not None:
        return _asks(case, obstacle)
    try:
        return _decide(case, record, mapper, context, capabilities)
    except MappingError as error:
        return _asks(case, problem_of_error(error, params))


def _decide(
    case: Case, record: Record, mapper: Mapper, context: MappingContext, capabilities: Capabilities
) -> Decision:
    params = asking.params_of(case, capabilities)
    projection = _project(record, mapper, context, case)
    theirs, merged_into = _read(case, mapper, context, projection.snapshot)
    ours = asking.as_compared(record, projection.snapshot, theirs)
    flows = flows_of(mapper, context.settings)
    agreed = _agreed(case, theirs)
    plan = reconcile(ours=ours, theirs=theirs, baseline=agreed, flows=flows, merged_into=merged_into)
    drift = govern(plan, ours=ours, theirs=theirs, baseline=case.baseline, rule=case.drift_rule, known=case.drift)
    plan = _as_left_active(drift.plan, case)
    asked = asking.question(case, record, ours, theirs, plan, mapper, context, capabilities, params)
    if asked is not None:
        return _asks(case, asked, plan=plan, losses=projection.losses, drift=drift if asked.fields else None)
    if case.turn.waits and _sends_name(plan):
        return Decision(case=case, plan=plan, ours=ours, theirs=theirs, losses=projection.losses, waits=True)
    if case.turn.aside is not None and _sends_name(plan):
        return _step_aside(case, case.turn.aside, ours, theirs, mapper, context)
    sent = as_left_there(ours, theirs, left=drift.left, flows=flows)
    if sent is not projection.snapshot:
        projection = replace(projection, snapshot=sent)
    try:
        decision = _write(case, plan, projection, theirs, mapper, context, params)
    except MappingError as error:
        return replace(_asks(case, problem_of_error(error, params)), drift=drift)
    return replace(decision, ours=ours, theirs=theirs, drift=drift)


def _agreed(case: Case, theirs: Snapshot | None) -> Snapshot | None:
    """Return what both sides agreed on last: of what was tied and is gone, at least that it was there."""
    if case.baseline is None and case.remote_id is not None and theirs is None:
        return Snapshot(fields={}, active=True)
    return case.baseline


def _sends_name(plan: Plan) -> bool:
    whole = plan.record in {RecordMove.CREATE, RecordMove.RESTORE}
    return plan.writes_there and (whole or any(action.field == "name" for action in plan.pushes))


def _step_aside(
    case: Case, name: str, ours: Snapshot, theirs: Snapshot | None, mapper: Mapper, context: MappingContext
) -> Decision:
    """Take another name for a moment, so that whoever waits for the present one can have it."""
    action = FieldAction(field="name", move=Move.PUSH, value=name, rule=Rule.STEPS_ASIDE)
    meant = replace(ours, fields={**ours.fields, "name": name})
    body = mapper.body(Operation.UPDATE, meant, changed=frozenset({"name"}), theirs=case.theirs, context=context)
    # What is wanted here is still to be sent after this write: it must not count as confirmed.
    before = replace(case, wanted=case.confirmed, heard=case.settled)
    return Decision(
        case=before,
        plan=Plan(record=RecordMove.UPDATE, actions=(action,)),
        operation=Operation.UPDATE,
        element=_element(case, Operation.UPDATE, body),
        expected=Snapshot(fields={"name": name}, active=True),
        ours=ours,
        theirs=theirs,
    )


def _as_left_active(plan: Plan, case: Case) -> Plan:
    """Do not archive again there what the package refused to archive and a person left as it is."""
    left = case.drift.get(ACTIVE)
    if plan.record is RecordMove.ARCHIVE and left is not None and left.kept:
        return Plan(record=RecordMove.NOTHING)
    return plan


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
    if isinstance(record, Allocation):
        return f"{record.amount} {record.currency} of a credit of {whose}"
    return f"{record.kind.value} of {record.amount} {record.currency} from {whose}"


def _project(record: Record, mapper: Mapper, context: MappingContext, case: Case) -> Projection:
    projection = mapper.project(record, context)
    if isinstance(record, Payment | Allocation) and record.removed:
        projection = replace(projection, snapshot=replace(projection.snapshot, active=False))
    if case.name is not None and case.name.beside and all(loss.field != "name" for loss in projection.losses):
        loss = Loss(field="name", reason=f"Somebody there has that name; it is called '{case.name.name}' there.")
        projection = replace(projection, losses=(*projection.losses, loss))
    if case.name is not None and case.name.altered:
        loss = Loss(field="name", reason=f"The name is too long there and is shortened to '{case.name.name}'.")
        projection = replace(projection, losses=(*projection.losses, loss))
    return adapted(projection, case.withheld, case.stand_ins)


def _read(
    case: Case, mapper: Mapper, context: MappingContext, ours: Snapshot | None = None
) -> tuple[Snapshot | None, str | None]:
    """Return their side as it is known, and what it was merged into."""
    if case.theirs is None:
        return None, None
    if case.theirs.merged_into is not None:
        return None, case.theirs.merged_into
    if case.theirs.deleted:
        return None, None
    return spelled_like(mapper.read(case.theirs, context), case.baseline, ours), None


def _write(
    case: Case,
    plan: Plan,
    projection: Projection,
    theirs: Snapshot | None,
    mapper: Mapper,
    context: MappingContext,
    params: Mapping[str, Value],
) -> Decision:
    if not plan.writes_there:
        return Decision(case=case, plan=plan, losses=projection.losses)
    changed = frozenset(action.field for action in plan.pushes)
    _require_offered(case.record, changed, context)
    operation = _operation(case.ref.kind, plan, projection.snapshot, changed)
    refused = allowed.obstacle(
        case, plan, operation, ours=projection.snapshot, theirs=theirs, mapper=mapper, context=context, params=params
    )
    if refused is not None:
        return _asks(case, refused, plan=plan, losses=projection.losses)
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


def _require_offered(record: Record | None, changed: frozenset[FieldName], context: MappingContext) -> None:
    """Refuse to send by a choice that the package no longer offers: it would refuse the record.

    :raises MappingError: names the entry.
    """
    if record is None or not context.gone or not changed & _BY_CHOICE:
        return
    tracked = {f"tracking:{key}" for key in context.settings.tracking} if isinstance(record, Invoice) else set()
    entry = next((one for one in (*uses([record]), *sorted(tracked)) if one in context.gone), None)
    if entry is not None:
        reason = f"What was chosen for {words(entry, context.tax_levels)} is no longer offered."
        raise MappingError(entry, reason, missing=entry)


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
    flows = flows_of(mapper, context.settings)
    plan = reconcile(ours=None, theirs=theirs, baseline=_agreed(case, theirs), flows=flows)
    if plan.held:
        return _asks(case, problem_of_plan(plan, params), plan=plan)
    if plan.record is not RecordMove.ARCHIVE or case.baseline is None:
        return Decision(case=case, plan=plan)
    gone = Snapshot(fields={}, active=False)
    operation = _operation(case.ref.kind, plan, gone, frozenset())
    body = mapper.body(operation, gone, changed=frozenset(), theirs=case.theirs, context=context)
    return Decision(case=case, plan=plan, operation=operation, element=_element(case, operation, body), expected=gone)


def _asks(
    case: Case,
    problem: Problem,
    *,
    plan: Plan | None = None,
    losses: tuple[Loss, ...] = (),
    drift: Governed | None = None,
) -> Decision:
    return Decision(
        case=case, plan=plan or Plan(record=RecordMove.NOTHING), losses=losses, problem=problem, drift=drift
    )
