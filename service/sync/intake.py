"""Taking in what changed there: field values into our records, payments and balances onto our invoices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from service.core.link import Settled, Tied
from service.core.model import Contact, Customer, CustomerKind, Invoice, InvoiceStatus, PaymentKind, SendTo
from service.core.ports import EntityKind, Family, Record, Ref
from service.core.reconcile import FieldAction
from service.core.snapshot import Snapshot, Value, format_phone, from_json, to_json
from service.records import contacts, customers, invoices, payments
from service.records.author import Author
from service.records.errors import RecordError
from service.records.inputs import (
    AddressInput,
    ContactChanges,
    CustomerChanges,
    InvoiceChanges,
    PaymentChanges,
    PaymentInput,
    RecipientsInput,
)
from service.store.facts import apply_to
from service.store.queries import counterparts, links
from service.store.records import PaymentRow
from service.store.sync_models import ConnectionRow, CounterpartRow, LinkRow
from service.sync.cases import Ground

_PHONES = frozenset({"phone", "mobile", "fax"})
_ADDRESSES = frozenset({"billing_address", "shipping_address"})
_ADDRESS_PARTS = ("line1", "line2", "city", "region", "postal_code", "country")
_DAYS = frozenset({"issue_date", "due_date"})
_PERSONAL = frozenset({"first_name", "last_name"})
#: Fields of a customer that can be taken over from a package as they stand.
_PLAIN = frozenset({"website", "vat_number", "payment_terms", "currency", "name", "number"})
#: Fields of a customer that name something else: taken over where that is known here.
_FOUND = frozenset({"parent", "tax_level"})
#: How what the package counts as settled without naming a payment is called here.
_BALANCING = "Recorded in {package}"


def pull(
    session: Session, ground: Ground, author: Author, record: Record | None, actions: Sequence[FieldAction]
) -> tuple[str, ...]:
    """Write values of theirs into our record; return the fields that could not be taken over.

    What our own rules refuse (a place in the tree that would make a loop) stays there and is left as it is here.
    """
    if isinstance(record, Customer):
        return _pull_customer(session, ground, author, record, actions)
    if isinstance(record, Contact):
        return _pull_contact(session, ground, author, record, actions)
    if isinstance(record, Invoice):
        return _pull_invoice(session, author, record, actions)
    return tuple(action.field for action in actions)  # what is paid and due follows the payments, not these fields


def _pull_customer(
    session: Session, ground: Ground, author: Author, record: Customer, actions: Sequence[FieldAction]
) -> tuple[str, ...]:
    own: dict[str, Any] = {}
    person: dict[str, Any] = {}
    left = []
    for action in actions:
        found = _customer_values(session, ground, record, action)
        if found is None:
            left.append(action.field)
            continue
        others, shown = found, found.pop(action.field, None)
        target = own if _belongs_to_customer(record, action.field) else person
        target |= {} if action.field in _FOUND else {action.field: shown}
        own |= others
    primary = record.primary_contact
    try:
        with session.begin_nested():
            if own:
                customers.change_customer(session, author, record.id, CustomerChanges.model_construct(**own))
            if person and primary is not None:
                contacts.change_contact(session, author, primary.id, ContactChanges.model_construct(**person))
    except RecordError:
        return tuple(action.field for action in actions)
    return tuple(left)


def _customer_values(session: Session, ground: Ground, record: Customer, action: FieldAction) -> dict[str, Any] | None:
    """Return what a field of theirs means here, further fields of the customer with it; None if nothing."""
    field = action.field
    if field in _FOUND:
        return _found(session, ground, action)
    if field == "email":
        return _emails(action.value)
    if field in _PHONES:
        return {field: format_phone(_text(action.value))}
    if field in _ADDRESSES:
        return {field: _address(action.value)}
    plain = field in _PERSONAL or (field in _PLAIN and (field != "name" or record.depth == 1))
    return {field: _text(action.value)} if plain else None


def _pull_contact(
    session: Session, ground: Ground, author: Author, record: Contact, actions: Sequence[FieldAction]
) -> tuple[str, ...]:
    """Take over what a bookkeeper changed at the counterpart of a sub-contact: from then on it is the contact's own."""
    given: dict[str, Any] = {}
    left = []
    for action in actions:
        if action.field in _PHONES:
            given[action.field] = format_phone(_text(action.value))
        elif action.field == "billing_address":
            given[action.field] = _address(action.value)
        elif action.field in _PERSONAL or action.field == "email":
            given[action.field] = _text(action.value)
        elif action.field == "tax_level" and (found := _found(session, ground, action)) is not None:
            given |= found
        else:
            left.append(action.field)
    try:
        with session.begin_nested():
            if given:
                contacts.change_contact(session, author, record.id, ContactChanges.model_construct(**given))
    except RecordError:
        return tuple(action.field for action in actions)
    return tuple(left)


def _found(session: Session, ground: Ground, action: FieldAction) -> dict[str, Any] | None:
    """Return what a reference of theirs stands for here; None where it stands for nothing of ours."""
    there = _text(action.value)
    if action.field == "parent":
        if there is None:
            return {"parent_id": None}
        link = links.by_remote_ids(session, ground.connection_id, Family.CUSTOMER, [there]).get(there)
        return None if link is None or link.entity != EntityKind.CUSTOMER else {"parent_id": link.record_id}
    if there is None or there in ground.tax_levels:
        return {"tax_level_id": there}
    levels = [level for level, code in ground.settings.taxes.items() if code == there and level in ground.tax_levels]
    return {"tax_level_id": min(levels)} if levels else None


def _emails(value: Value) -> dict[str, Any]:
    """Return the addresses of a customer there as ours: further ones get invoices as well, as they do there."""
    first, *others = str(value).split(",") if value else [None]
    return {"email": first, **({"other_emails": others, "other_emails_invoice": SendTo.TO} if others else {})}


def _pull_invoice(session: Session, author: Author, record: Invoice, actions: Sequence[FieldAction]) -> tuple[str, ...]:
    """Take over what an issued invoice here can take: its dates, its reference, who receives it, being voided.

    Lines and taxes are reckoned here from items, rates and discounts, which those of a package can't be turned into.
    """
    given: dict[str, Any] = {}
    people = {"to": list(record.recipients.to), "cc": list(record.recipients.cc)}
    voids = False
    left = []
    for action in actions:
        if action.field in _DAYS and action.value is not None:
            given[action.field] = date.fromisoformat(str(action.value))
        elif action.field == "reference":
            given[action.field] = _text(action.value)
        elif action.field in people:
            people[action.field] = [str(one) for one in action.value] if isinstance(action.value, tuple) else []
            given["recipients_override"] = RecipientsInput.model_construct(to=people["to"], cc=people["cc"])
        elif action.field == "status" and action.value == InvoiceStatus.VOIDED:
            voids = True
        else:
            left.append(action.field)
    try:
        with session.begin_nested():
            if voids:
                invoices.void_invoice(session, author, record.id)
            elif given:
                invoices.change_invoice(session, author, record.id, InvoiceChanges.model_construct(**given))
    except RecordError:
        return tuple(action.field for action in actions)
    return tuple(left)


def _belongs_to_customer(record: Customer, field: str) -> bool:
    """Tell whether a field was shown there from the customer itself, and not from its primary contact."""
    primary = record.primary_contact
    if primary is None:
        return True
    if field in _PERSONAL:
        return record.kind is CustomerKind.INDIVIDUAL
    if field == "email" or field in _PHONES:
        return getattr(record, field) is not None or getattr(primary, field) is None
    return True


def _address(value: Value) -> AddressInput | None:
    if not isinstance(value, tuple):
        return None
    parts: dict[str, Any] = dict(zip(_ADDRESS_PARTS, value, strict=True))
    return AddressInput.model_construct(**parts)


def _text(value: Value) -> str | None:
    return None if value is None else str(value)


def take_in_documents(session: Session, ground: Ground, connection: ConnectionRow, author: Author) -> int:
    """Take in payments and balances that the feed brought news of; return how many changed something here."""
    changed = 0
    if not ground.settings.receives(EntityKind.PAYMENT):
        return changed  # what is paid there stays news, in case that it will be taken over one day
    if EntityKind.PAYMENT in ground.mappers:
        rows = counterparts.pending(session, connection.id, ground.capabilities.family_of[EntityKind.PAYMENT])
        changed += sum(_take_in_payment(session, ground, connection, author, row) for row in rows)
    rows = counterparts.pending(session, connection.id, Family.INVOICE)
    tied = links.by_remote_ids(session, connection.id, Family.INVOICE, [row.remote_id for row in rows])
    for row in rows:
        row.pending = False
        link = tied.get(row.remote_id)
        if link is not None and not row.deleted:
            changed += _take_in_balance(session, ground, connection, author, row, link)
    return changed


def _take_in_payment(
    session: Session, ground: Ground, connection: ConnectionRow, author: Author, row: CounterpartRow
) -> bool:
    """A payment that a bookkeeper recorded, changed or took back there, on an invoice of ours."""
    row.pending = False
    family = Family(row.family)
    link = links.by_remote_ids(session, connection.id, family, [row.remote_id]).get(row.remote_id)
    record = counterparts.record_of(row)
    gone = row.deleted or not row.active
    if link is None:
        return not gone and _record(session, ground, connection, author, row)
    payment = session.get(PaymentRow, link.record_id)
    if payment is None or payment.origin_connection_id != connection.id:
        return False  # one of ours: the planner reconciles it like any record
    if gone:
        apply_to(session, link, Settled(heard=link.heard), now=author.now)
        if not payment.removed:
            payments.remove_payment(session, author, payment.id)
        return True
    shown = ground.mappers[EntityKind.PAYMENT].read(record, ground.reading)
    changes = {name: value for name, value in _terms(shown).items() if getattr(payment, name) != value}
    if changes:
        payments.change_payment(session, author, payment.id, PaymentChanges.model_construct(**changes))
    apply_to(session, link, Settled(heard=link.heard, baseline=to_json(shown)), now=author.now)
    return bool(changes)


def _record(session: Session, ground: Ground, connection: ConnectionRow, author: Author, row: CounterpartRow) -> bool:
    shown = ground.mappers[EntityKind.PAYMENT].read(counterparts.record_of(row), ground.reading)
    invoice_there = _text(shown.get("invoice"))
    found = links.by_remote_ids(session, connection.id, Family.INVOICE, [invoice_there or ""])
    invoice_link = found.get(invoice_there or "")
    if invoice_link is None:
        return False  # it pays something that is not ours
    terms = _terms(shown)
    amount = terms.get("amount")
    if not amount or amount <= 0:
        return False
    given = PaymentInput.model_construct(invoice_id=invoice_link.record_id, kind=PaymentKind.PAYMENT, **terms)
    recorded = payments.record_payment(session, author, given, origin=payments.PACKAGE)
    recorded.origin_connection_id = connection.id
    ref = Ref(kind=EntityKind.PAYMENT, id=recorded.id)
    link = links.add(session, connection, ref, Family(row.family))
    apply_to(session, link, Tied(external_id=row.remote_id), now=author.now)
    apply_to(session, link, Settled(heard=0, baseline=to_json(shown), wanted=link.wanted), now=author.now)
    link.last_synced_at = author.now
    return True


def _take_in_balance(
    session: Session, ground: Ground, connection: ConnectionRow, author: Author, row: CounterpartRow, link: LinkRow
) -> bool:
    """Let what is due here follow what is due there, where no payment explains the difference (a credit, say)."""
    shown = ground.mappers[EntityKind.INVOICE].read(counterparts.record_of(row), ground.reading)
    total, due = _amount(shown.get("total")), _amount(shown.get("amount_due"))
    if total is None or due is None or shown.get("status") == "voided":
        return False
    settled_there = total - due
    known = links.payments_known_there(session, connection, link.record_id)
    difference = settled_there - sum((_settles(connection, payment, tie) for payment, tie in known), Decimal(0))
    if difference == 0:
        return False
    balancing = [payment for payment, tie in known if tie is None]
    for payment in balancing:
        difference += payment.amount
        payments.remove_payment(session, author, payment.id)
    if difference > 0:
        given = PaymentInput.model_construct(
            invoice_id=link.record_id,
            kind=PaymentKind.PAYMENT,
            amount=difference,
            method=_BALANCING.format(package=ground.capabilities.package),
        )
        recorded = payments.record_payment(session, author, given, origin=payments.PACKAGE)
        recorded.origin_connection_id = connection.id
    return difference > 0 or bool(balancing)


def _settles(connection: ConnectionRow, payment: PaymentRow, link: LinkRow | None) -> Decimal:
    """Return how much of its invoice a payment settles there, as far as both sides have agreed on it.

    One of ours counts as it was sent, whatever was done to it here since: the package is told that later.
    """
    if payment.origin_connection_id == connection.id:
        return Decimal(0) if payment.removed else payment.amount
    agreed = None if link is None or link.baseline is None else from_json(link.baseline)
    if agreed is None or not agreed.active:
        return Decimal(0)
    return _amount(agreed.get("amount")) or payment.amount


def _terms(shown: Snapshot) -> Mapping[str, Any]:
    """Return what a payment says of itself, as our payment's fields."""
    day = _text(shown.get("date"))
    terms: dict[str, Any] = {"amount": _paid(shown), "reference": _text(shown.get("reference"))}
    if day is not None:
        terms["date"] = date.fromisoformat(day)
    return terms


def _paid(shown: Snapshot) -> Decimal | None:
    """Return what a payment settles of its one invoice, which may be less than what was received."""
    applied = shown.get("applied")
    if isinstance(applied, tuple) and len(applied) == 1 and isinstance(applied[0], tuple):
        return _amount(applied[0][1])
    return _amount(shown.get("amount"))


def _amount(value: Value) -> Decimal | None:
    return None if value is None or isinstance(value, tuple | bool) else Decimal(str(value))
