"""What an answer would change, here and there: the planner's own word on the facts as the answer would leave them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from msgspec import structs
from sqlalchemy.orm import Session

from service.core.intent import Operation
from service.core.model import Allocation, Customer, Invoice, InvoiceStatus, Payment
from service.core.names import name_key
from service.core.ports import EntityKind, Family, MappingContext, RemoteRecord
from service.core.problem import Candidate, OptionId, Problem, ProblemKind, from_json, options
from service.core.reconcile import ACTIVE, Move
from service.core.snapshot import FieldName, Snapshot, Value, value_to_json
from service.store.queries import counterparts, neighbours
from service.store.sync_models import ConnectionRow, LinkRow, ProblemRow
from service.sync.answering import Answer, agreed_on
from service.sync.asking import Around
from service.sync.cases import Ground, ground_of, load_chunk, name_parts
from service.sync.names import Names, path_of
from service.sync.planner import Case, Decision, decide
from service.sync.platform import Platform

#: Fields that say nothing to a person: our key there, and what follows from other fields.
HIDDEN = frozenset({"reference", "subtotal", "tax_total", "total", "amount_paid", "amount_due"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field of one record, on one side."""

    side: str  #: "ours" or "theirs"
    record: str  #: what people call the record
    field: FieldName
    before: Value
    after: Value

    def as_json(self) -> dict[str, Any]:
        """Return it as a document."""
        values = {"from": value_to_json(self.before), "to": value_to_json(self.after)}
        return {"side": self.side, "record": self.record, "field": self.field, **values}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A question with everything that the planner knows about it."""

    session: Session
    ground: Ground
    link: LinkRow
    problem: Problem
    case: Case
    context: MappingContext
    names: Names

    @property
    def kind(self) -> EntityKind:
        """The kind of our record."""
        return self.case.ref.kind

    def decided(self, case: Case, context: MappingContext | None = None) -> list[Change]:
        """Return what the next sync would do about a case."""
        chosen = context or self.context
        if case.name is not None:
            chosen = replace(chosen, names={**chosen.names, case.ref: case.name.name})
        return _changes(decide(case, self.ground.mappers[self.kind], chosen, self.ground.capabilities))

    def named(self, case: Case, parts: Sequence[str]) -> Case:
        """Return a case with the name that the naming rule gives it."""
        if not parts:
            return case
        return structs.replace(case, name=self.names.choose(case.ref, parts, remote_id=case.remote_id, current=None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What the answers to one question would change, as far as it is known before they are given in full."""

    options: Mapping[OptionId, Sequence[Change]] = field(default_factory=dict)
    linking: Mapping[str, Sequence[Change]] = field(default_factory=dict)  #: to each candidate, by remote id


def effects(view: View | None) -> Effects:
    """Return what each answer to an open question would change."""
    if view is None:
        return Effects()
    offered = [option.id for option in options(view.problem)]
    found = {one: effect_of(view, _default(view.problem, one)) for one in offered}
    ties = OptionId.LINK_EXISTING in offered
    candidates = [one.remote_id for one in view.problem.candidates if ties and _is_tieable(view, one)]
    return Effects(options=found, linking={one: _linked(view, one) for one in candidates})


def foreseen(platform: Platform, session: Session, row: ProblemRow, answer: Answer) -> list[dict[str, Any]]:
    """Return what an answer changes, as documents; kept with it."""
    view = view_of(platform, session, row)
    return [] if view is None else [change.as_json() for change in effect_of(view, answer)]


def view_of(platform: Platform, session: Session, row: ProblemRow, *, link: LinkRow | None = None) -> View | None:
    """Return a question as the planner sees it now; None where nothing is known of the package or the tie is cut.

    :param link: the record's link in force, where the question was about an earlier one.
    """
    return views_of(platform, session, [(row, link or session.get_one(LinkRow, row.link_id))]).get(row.id)


def views_of(platform: Platform, session: Session, rows: Sequence[tuple[ProblemRow, LinkRow]]) -> dict[str, View]:
    """Return questions about records of one kind at one connection, by id, each as :func:`view_of` does."""
    found = [(row, link, from_json(row.document)) for row, link in rows if link.retired_at is None]
    if not found:
        return {}
    connection = session.get_one(ConnectionRow, found[0][0].connection_id)
    kind = EntityKind(found[0][1].entity)
    if connection.reference is None:
        return {}
    ground = ground_of(platform, session, connection)
    if kind not in ground.mappers:
        return {}
    names = _names(session, ground, [(link, problem) for _, link, problem in found])
    chunk = load_chunk(session, ground, kind, [link for _, link, _ in found], names)
    return {
        row.id: View(
            session=session, ground=ground, link=link, problem=problem, case=case, context=chunk.context, names=names
        )
        for (row, link, problem), case in zip(found, chunk.cases, strict=True)
    }


def _names(session: Session, ground: Ground, found: Sequence[tuple[LinkRow, Problem]]) -> Names:
    """Load as much of the company file's namespace as the questions touch."""
    wanted: set[str] = set()
    for link, problem in found:
        label, suggestion = problem.text("name"), problem.text("suggestion")
        wanted |= {label, label.rpartition(":")[2], link.remote_name or "", suggestion} - {""}
    taken = counterparts.by_names(session, ground.connection_id, {name_key(one) for one in wanted})
    return Names(ground.capabilities, taken)


def _default(problem: Problem, option: OptionId) -> Answer:
    """Return an answer as the page offers it, before anything is typed."""
    suggestion = problem.params.get("suggestion")
    first = problem.candidates[0].remote_id if problem.candidates else None
    return Answer(option=option, remote_id=first, name=None if suggestion is None else str(suggestion))


def effect_of(view: View, answer: Answer) -> list[Change]:  # noqa: C901, PLR0911 - one case per answer
    """Return what an answer would change, field by field."""
    problem, case = view.problem, view.case
    match answer.option:
        case OptionId.RETRY:
            return view.decided(case)
        case OptionId.KEEP_OURS:
            agreed = {dispute.field: dispute.theirs for dispute in problem.fields} or {ACTIVE: False}
            return view.decided(structs.replace(case, baseline=agreed_on(case.baseline, agreed)))
        case OptionId.KEEP_THEIRS:
            return _theirs_kept(view)
        case OptionId.CHOOSE_FIELDS:
            return _chosen(view, answer)
        case OptionId.LINK_EXISTING:
            return _linked(view, answer.remote_id) if answer.remote_id else []
        case OptionId.FOLLOW_MERGE:
            return _followed(view)
        case OptionId.CREATE_NEW:
            return _created(view)
        case OptionId.RENAME_OURS:
            return _renamed(view, answer.name) if answer.name else []
        case OptionId.ARCHIVE_OURS:
            return _archived(view)
        case OptionId.PROMOTE:
            return _promoted(view)
        case OptionId.MOVE_DATE:
            return _dated(view, answer)
        case OptionId.UNLINK:
            return []


def _theirs_kept(view: View) -> list[Change]:
    case, fields = view.case, view.problem.fields
    if view.problem.kind is ProblemKind.NOT_ALLOWED_NOW:
        return []
    if any(dispute.field == ACTIVE for dispute in fields):
        if not isinstance(case.record, Customer):
            return []
        again = _ours(case, ACTIVE, before=False, after=True)
        return [again, *view.decided(structs.replace(case, record=structs.replace(case.record, archived=False)))]
    agreed = {dispute.field: dispute.ours for dispute in fields}
    return view.decided(structs.replace(case, baseline=agreed_on(case.baseline, agreed)))


def _chosen(view: View, answer: Answer) -> list[Change]:
    sides = {dispute.field: answer.fields.get(dispute.field) for dispute in view.problem.fields}
    if not all(sides.values()):
        return []
    agreed = {one.field: one.theirs if sides[one.field] == "ours" else one.ours for one in view.problem.fields}
    return view.decided(structs.replace(view.case, baseline=agreed_on(view.case.baseline, agreed)))


def _linked(view: View, remote_id: str) -> list[Change]:
    family = Family(view.link.family)
    row = neighbours.survivor(view.session, view.ground.connection_id, family, remote_id)
    if row is None or row.deleted:
        return []
    return view.decided(_tied(view, counterparts.record_of(row)))


def _tied(view: View, there: RemoteRecord) -> Case:
    baseline = None if there.active else Snapshot(fields={}, active=False)
    case = structs.replace(
        view.case, remote_id=there.remote_id, theirs=there, survivor=None, baseline=baseline, drift={}, around=Around()
    )
    return view.named(structs.replace(case, holders=()), name_parts(case.record, view.context.customers))


def _followed(view: View) -> list[Change]:
    if view.case.survivor is None:
        return []
    other = view.problem.text("held_by")
    archived = [Change(side="ours", record=other, field=ACTIVE, before=True, after=False)] if other else []
    return [*archived, *view.decided(_tied(view, view.case.survivor))]


def _created(view: View) -> list[Change]:
    case, context = view.case, view.context
    later = structs.replace(
        case,
        remote_id=None,
        theirs=None,
        survivor=None,
        baseline=None,
        generation=case.generation + 1,
        drift={},
        around=structs.replace(case.around, lookalikes=()),
    )
    record = case.record
    if case.theirs is not None and not case.theirs.deleted and isinstance(record, Customer | Invoice):
        held = view.ground.mappers[view.kind].read(case.theirs, view.ground.reading).get("number")
        if held == record.number:
            context = replace(context, numbers={**context.numbers, case.ref: f"{record.number}-{later.generation}"})
    return view.decided(view.named(later, name_parts(record, context.customers)), context)


def _renamed(view: View, name: str) -> list[Change]:
    case, record, context = view.case, view.case.record, view.context
    if isinstance(record, Invoice):
        return view.decided(case, replace(context, numbers={**context.numbers, case.ref: name}))
    if not isinstance(record, Customer):
        return []
    if view.problem.params.get("code") == "duplicate_number":
        changed = structs.replace(case, record=structs.replace(record, number=name))
        return [_ours(case, "number", before=record.number, after=name), *view.decided(changed)]
    parts = (*path_of(record, context.customers)[:-1], name)
    renamed = view.named(structs.replace(case, record=structs.replace(record, name=name), holders=()), parts)
    return [_ours(case, "name", before=record.name, after=name), *view.decided(renamed)]


def _archived(view: View) -> list[Change]:
    case = view.case
    match case.record:
        case Customer() as customer:
            done = structs.replace(case, record=structs.replace(customer, archived=True))
            return [_ours(case, ACTIVE, before=True, after=False), *view.decided(done)]
        case Invoice() as invoice:
            done = structs.replace(case, record=structs.replace(invoice, status=InvoiceStatus.VOIDED))
            change = _ours(case, "status", before=invoice.status.value, after=InvoiceStatus.VOIDED.value)
            return [change, *view.decided(done)]
        case Payment() | Allocation() as payment:
            done = structs.replace(case, record=structs.replace(payment, removed=True))
            return [_ours(case, ACTIVE, before=True, after=False), *view.decided(done)]
        case _:
            return []


def _promoted(view: View) -> list[Change]:
    case, record, known = view.case, view.case.record, view.context.customers
    above = known.get(record.parent_id or "") if isinstance(record, Customer) else None
    if above is None or not isinstance(record, Customer):
        return []
    beside = known.get(above.parent_id or "")
    moved = structs.replace(case, record=structs.replace(record, parent_id=above.parent_id, depth=record.depth - 1))
    change = _ours(case, "parent", before=above.full_name, after=None if beside is None else beside.full_name)
    return [change, *view.decided(moved)]


def _dated(view: View, answer: Answer) -> list[Change]:
    case, record = view.case, view.case.record
    day = answer.date.isoformat() if answer.date else view.problem.text("open_from")
    name = "issue_date" if isinstance(record, Invoice) else "date"
    if not day or record is None:
        return []
    return [_ours(case, name, before=getattr(record, name).isoformat(), after=day)]


def _ours(case: Case, name: FieldName, *, before: Value, after: Value) -> Change:
    return Change(side="ours", record=case.label, field=name, before=before, after=after)


def _changes(decision: Decision) -> list[Change]:
    """Return what a decision changes, here and there; nothing if it would only ask again."""
    if decision.problem is not None:
        return []
    case, ours, theirs = decision.case, decision.ours, decision.theirs
    there = case.theirs.name if case.theirs is not None and case.theirs.name else case.label
    found = [
        Change(
            side="ours",
            record=case.label,
            field=action.field,
            before=None if ours is None else _own(ours, action.field),
            after=action.value,
        )
        for action in decision.plan.pulls
        if action.move is Move.PULL and action.field not in HIDDEN
    ]
    if decision.operation in (Operation.ARCHIVE, Operation.VOID, Operation.DELETE, Operation.RESTORE):
        back = decision.operation is Operation.RESTORE
        found.append(Change(side="theirs", record=there, field=ACTIVE, before=not back, after=back))
    if decision.expected is not None:
        found += [
            Change(side="theirs", record=there, field=name, before=before, after=value)
            for name, value in sorted(decision.expected.fields.items())
            if name not in HIDDEN and (before := None if theirs is None else theirs.get(name)) != value
        ]
    return found


def _own(ours: Snapshot, name: FieldName) -> Value:
    return ours.active if name == ACTIVE else ours.get(name)


def _is_tieable(view: View, candidate: Candidate) -> bool:
    return candidate.type == Family(view.link.family).value
