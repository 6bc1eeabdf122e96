"""Taking in what changed there: field values into our records, payments and balances onto our invoices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from service.core.model import Contact, Customer, CustomerKind, Invoice, InvoiceStatus, Payment, SendTo
from service.core.phone import format_phone
from service.core.ports import EntityKind, Family, Record
from service.core.reconcile import FieldAction
from service.core.snapshot import Snapshot, Value
from service.records import contacts, customers, invoices, payments
from service.records import credits as crediting
from service.records.author import Author
from service.records.errors import RecordError
from service.records.inputs import (
    AddressInput,
    ContactChanges,
    CustomerChanges,
    InvoiceChanges,
    PaymentChanges,
    RecipientsInput,
)
from service.store.queries import links
from service.store.queries.find import find
from service.store.records import PaymentRow
from service.sync.balances import amount_of, shares_of
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
#: Fields of a payment that say what it settles.
_APPLIED = frozenset({"applied", "invoice"})


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
    if isinstance(record, Payment):
        return _pull_payment(session, ground, author, record, actions)
    return tuple(action.field for action in actions)


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


def _pull_payment(
    session: Session, ground: Ground, author: Author, record: Payment, actions: Sequence[FieldAction]
) -> tuple[str, ...]:
    """Take over what a bookkeeper made of a payment of ours: what it settles, as far as that are invoices of ours."""
    shown = {action.field: action.value for action in actions}
    given: dict[str, Any] = {name: _text(shown[name]) for name in ("reference",) if name in shown}
    given |= {"amount": amount_of(shown["amount"])} if shown.get("amount") else {}
    given |= {"date": date.fromisoformat(str(shown["date"]))} if shown.get("date") else {}
    taken = set(given)
    try:
        with session.begin_nested():
            if given:
                payments.change_payment(session, author, record.id, PaymentChanges.model_construct(**given))
            if "applied" in shown and _apply(session, ground, author, record, shown["applied"]):
                taken |= _APPLIED
    except RecordError:
        return tuple(shown)
    return tuple(name for name in shown if name not in taken)


def _apply(session: Session, ground: Ground, author: Author, record: Payment, applied: Value) -> bool:
    row = find(session, PaymentRow, ground.organisation_id, record.id, lock=True)
    shares = shares_of(Snapshot(fields={"applied": applied}))
    tied = links.by_remote_ids(session, ground.connection_id, Family.INVOICE, list(shares))
    if row is None or shares.keys() - tied.keys() or sum(shares.values()) > row.amount:
        return False
    amounts = {tied[one].record_id: amount for one, amount in shares.items()}
    crediting.apportion(session, author, row, amounts, day=record.date)
    return True


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
