"""What each answer to a problem does: it changes facts, in one transaction, and the next sync follows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from service.core.errors import SyncError
from service.core.intent import Operation
from service.core.link import Heard, Reset, Retry, Settled, Tied
from service.core.ports import Capabilities, EntityKind, Family, Ref
from service.core.problem import OptionId, Problem, ProblemKind
from service.core.reconcile import ACTIVE
from service.core.snapshot import Snapshot, Value, from_json, to_json
from service.records import credits as crediting
from service.records import customers, invoices, payments
from service.records.author import Author
from service.records.errors import NotFound
from service.records.inputs import CustomerChanges, InvoiceChanges, PaymentChanges
from service.store.credit_models import AllocationRow
from service.store.facts import apply_to
from service.store.queries import calls, find, links, neighbours, resets
from service.store.records import CustomerRow, InvoiceRow
from service.store.sync_models import ConnectionRow, LinkRow, ProblemRow
from service.sync.left import left_row
from service.sync.surroundings import label_of_link

#: Refusals after which the package's lists are read again: what they name may not be in use any more.
_STALE_LISTS = frozenset({"reference_inactive", "closed_period", "currency_not_enabled"})


class BadAnswer(SyncError):
    """The answer can't be taken; the message says why, ``field`` what to change."""

    code = "bad_answer"

    def __init__(self, message: str, *, field: str = "option") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a person chose."""

    option: OptionId
    remote_id: str | None = None
    name: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)  #: field -> "ours" or "theirs"
    date: date | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The question that is answered, with what answering works on."""

    session: Session
    connection: ConnectionRow
    link: LinkRow
    row: ProblemRow
    problem: Problem
    author: Author
    capabilities: Capabilities

    @property
    def now(self) -> datetime:
        """The moment of the answer."""
        return self.author.now

    @property
    def kind(self) -> EntityKind:
        """The kind of our record."""
        return EntityKind(self.link.entity)

    def again(self, baseline: Snapshot | None = None) -> None:
        """Have the link compared once more; a change of the record may have seen to that already."""
        if self.link.open_problem_id is not None:
            event = Retry(baseline=None if baseline is None else to_json(baseline))
            apply_to(self.session, self.link, event, now=self.now, by=self.author.actor)

    def end(self, link: LinkRow, why: str) -> None:
        """Retire a link."""
        apply_to(self.session, link, Reset(at=self.now), now=self.now, by=self.author.actor)
        link.retired_why = why
        self.session.flush()


def take(asked: Asked, answer: Answer) -> None:
    """Do what an answer says.

    :raises BadAnswer: it lacks what it needs, or can't be done now.
    :raises RecordError: our own rules do not allow the change of the record that it asks for.
    """
    _ANSWERS[answer.option](asked, answer)


def renew(asked: Asked, *, why: str) -> LinkRow:
    """Retire the link and begin its next generation, which is tied to nothing yet."""
    return next_life(asked, asked.link, why=why)


def next_life(asked: Asked, link: LinkRow, *, why: str) -> LinkRow:
    """Retire a link, unless that was done, and begin its next generation, which is tied to nothing yet."""
    if link.retired_at is None:
        asked.end(link, why)
    fresh = links.add(
        asked.session,
        asked.connection,
        Ref(kind=EntityKind(link.entity), id=link.record_id),
        Family(link.family),
        generation=link.generation + 1,
        hint=(link.reference or "").rpartition("-")[0],
    )
    asked.session.flush()
    for one in resets.hanging_on(asked.session, link):
        apply_to(asked.session, one, Heard(), now=asked.now)  # it names the former counterpart
    return fresh


def _look_again(asked: Asked, answer: Answer) -> None:
    """Let the next sync decide about the link anew."""
    del answer
    asked.again()
    asked.link.doubts = 0
    if asked.problem.params.get("code") in _STALE_LISTS:
        asked.connection.reference_at = None


def _keep_ours(asked: Asked, answer: Answer) -> None:
    """Take their value as seen: against that baseline only ours has changed, so ours is sent."""
    del answer
    _agree(asked, {dispute.field: dispute.theirs for dispute in asked.problem.fields} or {ACTIVE: False})


def _keep_theirs(asked: Asked, answer: Answer) -> None:
    """Take our value as agreed: against that baseline only theirs has changed, so theirs is taken over."""
    del answer
    if asked.problem.kind is ProblemKind.NOT_ALLOWED_NOW:
        _leave(asked)
    elif any(dispute.field == ACTIVE for dispute in asked.problem.fields):
        _revive(asked)
    else:
        _agree(asked, {dispute.field: dispute.ours for dispute in asked.problem.fields})


def _revive(asked: Asked) -> None:
    """Make ours active again, as theirs is; a record that is gone here lets go of its counterpart."""
    found = find.find(asked.session, CustomerRow, asked.author.organisation_id, asked.link.record_id)
    if found is None:
        asked.end(asked.link, "deleted here, kept there")
        return
    customers.unarchive_customer(asked.session, asked.author, asked.link.record_id)
    asked.again()


def _leave(asked: Asked) -> None:
    """Note what can't be changed there as differences that both sides keep; nothing is sent for them any more."""
    archives = asked.kind is EntityKind.CUSTOMER
    kept = {dispute.field: (dispute.ours, dispute.theirs) for dispute in asked.problem.fields}
    if not kept:
        refused = calls.last_intent(asked.session, asked.link)
        if refused is None:
            message = "It is not known any more what was refused. Try again instead."
            raise BadAnswer(message)
        written = from_json(refused.expected)
        shown = Snapshot(fields={}) if refused.before is None else from_json(refused.before)
        kept = {name: (value, shown.get(name)) for name, value in written.fields.items()}
        if refused.operation in (Operation.ARCHIVE, Operation.VOID, Operation.RESTORE):
            kept[ACTIVE] = (written.active, shown.active)
        archives = archives and refused.operation == Operation.ARCHIVE
    if archives and kept.get(ACTIVE) == (False, True):
        _revive(asked)
        return
    for name, (ours, theirs) in kept.items():
        if ours != theirs:
            asked.session.add(left_row(asked, name, ours, theirs))
    asked.again()


def _choose_fields(asked: Asked, answer: Answer) -> None:
    agreed: dict[str, Value] = {}
    for dispute in asked.problem.fields:
        side = answer.fields.get(dispute.field)
        if side not in ("ours", "theirs"):
            message = "Choose ours or theirs for every field."
            raise BadAnswer(message, field=f"fields.{dispute.field}")
        agreed[dispute.field] = dispute.theirs if side == "ours" else dispute.ours
    _agree(asked, agreed)


def _agree(asked: Asked, values: Mapping[str, Value]) -> None:
    """Move the baseline of some fields; the three-way rule then does what was chosen, and still sees newer edits."""
    before = None if asked.link.baseline is None else from_json(asked.link.baseline)
    asked.again(agreed_on(before, values))


def agreed_on(baseline: Snapshot | None, values: Mapping[str, Value]) -> Snapshot:
    """Return a baseline in which some fields, perhaps being active, were agreed on."""
    before = baseline or Snapshot(fields={})
    fields = {**before.fields, **{name: value for name, value in values.items() if name != ACTIVE}}
    return Snapshot(fields=fields, active=bool(values[ACTIVE]) if ACTIVE in values else before.active)


def _rename(asked: Asked, answer: Answer) -> None:
    """Give our record another name, or another number where that is what collides.

    An issued invoice keeps its number here; it is another one there.
    """
    by_number = asked.problem.params.get("code") == "duplicate_number"
    name = (answer.name or "").strip()
    if not name:
        message = "Give the new number." if by_number or asked.problem.is_document else "Give the new name."
        raise BadAnswer(message, field="name")
    if asked.kind is EntityKind.INVOICE:
        asked.link.remote_name = name
    elif asked.kind is EntityKind.CUSTOMER:
        given: Any = {"number": name} if by_number else {"name": name}
        try:
            changes = CustomerChanges.model_validate(given)
        except ValidationError as error:
            message = error.errors()[0]["msg"].removeprefix("Value error, ").rstrip(".") + "."
            raise BadAnswer(message, field="name") from None
        customers.change_customer(asked.session, asked.author, asked.link.record_id, changes)
    else:
        message = "Only a customer, a job or an invoice can be renamed here."
        raise BadAnswer(message)
    asked.again()


def _link_existing(asked: Asked, answer: Answer) -> None:
    if not answer.remote_id:
        message = "Say which record there it is."
        raise BadAnswer(message, field="remote_id")
    _tie_to(asked, answer.remote_id)


def _follow_merge(asked: Asked, answer: Answer) -> None:
    del answer
    session, link, family = asked.session, asked.link, Family(asked.link.family)
    there = neighbours.survivor(session, asked.connection.id, family, link.remote_id or "")
    if there is None or there.remote_id == link.remote_id:
        message = "It is not known any more what it was merged into."
        raise BadAnswer(message)
    holders = neighbours.holders_of(session, asked.connection.id, family, [there.remote_id])
    holder = holders.get(there.remote_id)
    if holder is not None and holder.id != link.id:
        _change_places(asked, holder)
    _tie_to(asked, there.remote_id)


def _change_places(asked: Asked, holder: LinkRow) -> None:
    """Archive the other of two records that are one there now; it keeps a tie to what went up in the other."""
    if EntityKind(holder.entity) is not EntityKind.CUSTOMER:
        raise _taken(asked, holder, holder.remote_name or "It")
    customers.archive_customer(asked.session, asked.author, holder.record_id)
    loser, name = asked.link.remote_id or "", asked.link.remote_name
    asked.end(asked.link, "tied to another record there")  # lets go of it, so that the other can have it
    fresh = next_life(asked, holder, why=f"two records became one there; {asked.row.label} has it now")
    apply_to(asked.session, fresh, Tied(external_id=loser), now=asked.now)
    fresh.remote_name = name


def _tie_to(asked: Asked, remote_id: str) -> None:
    """Tie the record to another entity: a new generation, because an answer to the old one must never reach it."""
    session, link, family = asked.session, asked.link, Family(asked.link.family)
    there = neighbours.survivor(session, asked.connection.id, family, remote_id)
    if there is None or there.deleted:
        message = "There is no such record there."
        raise BadAnswer(message, field="remote_id")
    holder = neighbours.holders_of(session, asked.connection.id, family, [there.remote_id]).get(there.remote_id)
    if holder is not None and holder.id != link.id:
        raise _taken(asked, holder, there.name or remote_id)
    if not there.active and asked.kind is EntityKind.CUSTOMER and not asked.capabilities.restores_customers:
        message = f"'{there.name}' is archived, and only a person can make it active again there. Do that first."
        raise BadAnswer(message, field="remote_id")
    fresh = renew(asked, why="tied to another record there") if link.remote_id is not None else link
    apply_to(session, fresh, Tied(external_id=there.remote_id), now=asked.now, by=asked.author.actor)
    if not there.active:
        # What is inactive there is agreed to be so: against that, ours being active makes it active again.
        agreed = to_json(Snapshot(fields={}, active=False))
        apply_to(session, fresh, Settled(heard=fresh.heard, baseline=agreed), now=asked.now)
    apply_to(session, fresh, Heard(), now=asked.now)
    fresh.remote_name = None if asked.kind is EntityKind.INVOICE else there.name


def _taken(asked: Asked, holder: LinkRow, name: str) -> BadAnswer:
    other = label_of_link(asked.session, asked.connection.organisation_id, holder)
    return BadAnswer(f"'{name}' is tied to another record of ours already: '{other}'.", field="remote_id")


def _create_new(asked: Asked, answer: Answer) -> None:
    del answer
    renew(asked, why="created anew")


def _unlink(asked: Asked, answer: Answer) -> None:
    del answer
    asked.end(asked.link, "unlinked")


def _archive_ours(asked: Asked, answer: Answer) -> None:
    record_id = asked.link.record_id
    match asked.kind:
        case EntityKind.CUSTOMER:
            customers.archive_customer(asked.session, asked.author, record_id)
            _note_heir(asked)
        case EntityKind.INVOICE:
            invoices.void_invoice(asked.session, asked.author, record_id)
        case EntityKind.PAYMENT | EntityKind.CREDIT | EntityKind.REFUND:
            payments.remove_payment(asked.session, asked.author, record_id)
        case EntityKind.ALLOCATION:
            part = find.find(asked.session, AllocationRow, asked.author.organisation_id, record_id)
            if part is not None:
                crediting.deallocate(asked.session, asked.author, part.payment_id, part.id)
        case EntityKind.CONTACT:
            _unlink(asked, answer)
            return
    asked.again()


def _note_heir(asked: Asked) -> None:
    """A person agreed that what is gone there went up in the one customer who has its documents now."""
    if not asked.problem.params.get("heirs") or len(asked.problem.candidates) != 1:
        return
    family, winner = Family(asked.link.family), asked.problem.candidates[0].remote_id
    loser = asked.link.remote_id or ""
    neighbours.note_merge(asked.session, asked.connection.id, family, loser=loser, winner=winner)


def _promote(asked: Asked, answer: Answer) -> None:
    """Put a job beside what it hangs below; below a client it becomes a client itself."""
    del answer
    organisation_id = asked.author.organisation_id
    row = find.find(asked.session, CustomerRow, organisation_id, asked.link.record_id)
    above = find.find(asked.session, CustomerRow, organisation_id, row.parent_id or "") if row is not None else None
    if above is None:
        message = "It is at the top already."
        raise BadAnswer(message)
    changes = CustomerChanges.model_validate({"parent_id": above.parent_id})
    customers.change_customer(asked.session, asked.author, asked.link.record_id, changes)
    asked.again()


def _move_date(asked: Asked, answer: Answer) -> None:
    day = answer.date or date.fromisoformat(asked.problem.text("open_from", asked.now.date().isoformat()))
    match asked.kind:
        case EntityKind.INVOICE:
            row = find.find(asked.session, InvoiceRow, asked.author.organisation_id, asked.link.record_id)
            if row is None:
                raise NotFound("invoice")
            changes = InvoiceChanges(issue_date=day, due_date=max(row.due_date, day))
            invoices.change_invoice(asked.session, asked.author, asked.link.record_id, changes)
        case EntityKind.PAYMENT | EntityKind.CREDIT | EntityKind.REFUND:
            payments.change_payment(asked.session, asked.author, asked.link.record_id, PaymentChanges(date=day))
        case EntityKind.ALLOCATION:
            part = find.find(asked.session, AllocationRow, asked.author.organisation_id, asked.link.record_id)
            if part is not None:
                part.date = day
        case _:
            message = "Only a document has a date."
            raise BadAnswer(message)
    asked.again()


_ANSWERS: Mapping[OptionId, Callable[[Asked, Answer], None]] = {
    OptionId.RETRY: _look_again,
    OptionId.KEEP_OURS: _keep_ours,
    OptionId.KEEP_THEIRS: _keep_theirs,
    OptionId.CHOOSE_FIELDS: _choose_fields,
    OptionId.RENAME_OURS: _rename,
    OptionId.LINK_EXISTING: _link_existing,
    OptionId.FOLLOW_MERGE: _follow_merge,
    OptionId.CREATE_NEW: _create_new,
    OptionId.UNLINK: _unlink,
    OptionId.ARCHIVE_OURS: _archive_ours,
    OptionId.PROMOTE: _promote,
    OptionId.MOVE_DATE: _move_date,
}
