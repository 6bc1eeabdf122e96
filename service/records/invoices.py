"""Invoices: draft, approved, paid, voided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from service.core.model import ZERO, InvoiceStatus
from service.core.ports import EntityKind
from service.ids import new_id
from service.records.author import Author
from service.records.errors import NotFound, NotPossibleNow, invalid
from service.records.inputs import InvoiceChanges, InvoiceInput, InvoiceLineInput
from service.records.places import require_tax_levels
from service.records.resolution import Circumstances, load_circumstances, settle, settle_recipients
from service.records.terms import due_on
from service.records.trail import Alteration, alter, check_revision, plain, report, revise, stored, want
from service.records.unique import require_free_number
from service.store.queries.counters import next_number
from service.store.queries.events import Subject
from service.store.queries.find import find, find_organisation
from service.store.queries.invoices import delete_invoice_rows, replace_lines
from service.store.queries.load import lines_of
from service.store.queries.tree import ancestor_ids
from service.store.records import ContactRow, CustomerRow, InvoiceLineRow, InvoiceRow

#: What may still be changed, by status; a draft may change altogether.
_CHANGEABLE: Mapping[InvoiceStatus, frozenset[str]] = {
    InvoiceStatus.APPROVED: frozenset(
        {
            "contact_id",
            "issue_date",
            "due_date",
            "reference",
            "tax_inclusive",
            "tax_level_id",
            "lines",
            "recipients_override",
        }
    ),
    InvoiceStatus.PAID: frozenset({"reference", "recipients_override"}),
    InvoiceStatus.VOIDED: frozenset(),
}
#: What may still be changed once some of it is paid.
_CHANGEABLE_PART_PAID = frozenset({"due_date", "reference", "recipients_override"})
#: Fields after whose change tax, totals and address are worked out anew; for others the recipients alone.
_RECKONED = frozenset({"customer_id", "contact_id", "currency", "tax_inclusive", "tax_level_id", "lines"})
_DERIVED = ("recipients", "billing_address", "subtotal", "tax_total", "total", "status")


def create_invoice(session: Session, author: Author, given: InvoiceInput) -> InvoiceRow:
    """Write an invoice, as a draft or approved at once.

    :raises Invalid: a customer, contact or tax level that does not exist; a due date before the issue date; amounts
        too large; approved without lines or with a total below zero.
    :raises Taken: the number is in use.
    """
    customer = _customer(session, author, given.customer_id)
    organisation = find_organisation(session, author.organisation_id)
    if given.number is not None:
        require_free_number(session, author, InvoiceRow.number, given.number)
    issued = given.issue_date or author.now.astimezone(ZoneInfo(organisation.timezone)).date()
    circumstances = load_circumstances(session, author.organisation_id, [customer.id])
    row = InvoiceRow(
        id=new_id(),
        organisation_id=author.organisation_id,
        number=given.number
        or next_number(session, author.organisation_id, series="invoice", prefix="INV-", column=InvoiceRow.number),
        customer_id=customer.id,
        contact_id=given.contact_id,
        status=InvoiceStatus.DRAFT,
        issue_date=issued,
        due_date=given.due_date or due_on(issued, _inherited(circumstances, customer.id, "payment_terms")),
        currency=given.currency or _inherited(circumstances, customer.id, "currency") or organisation.currency,
        reference=given.reference,
        tax_inclusive=given.tax_inclusive,
        tax_level_id=given.tax_level_id,
        recipients_override=stored(given.recipients_override),
        amount_paid=ZERO,
        created_at=author.now,
        updated_at=author.now,
    )
    _require_sound(session, author, row, customer, given.lines)
    lines = _line_rows(row.id, given.lines)
    settle(row, lines, circumstances)
    if given.status == "approved":
        _approve(row, lines)
    session.add(row)
    session.flush()
    replace_lines(session, row.id, lines)
    report(session, author, "created", subject_of(row))
    return row


def change_invoice(
    session: Session, author: Author, invoice_id: str, changes: InvoiceChanges, *, expected: int | None = None
) -> InvoiceRow:
    """Change the fields that were given, as far as the status allows. No real change, no new revision.

    :raises NotFound, StaleRevision, Taken: as their names say.
    :raises NotPossibleNow: the status does not allow a change of one of the fields; the message names them.
    :raises Invalid: as for a new invoice.
    """
    row = _row(session, author, invoice_id)
    check_revision(row, expected)
    values = _given_values(row, changes)
    lines = list(lines_of(session, [row.id]).get(row.id, ()))
    new_lines = changes.lines if "lines" in changes.model_fields_set else None
    if new_lines is not None and not _differ(lines, new_lines):
        new_lines = None
    changing = {field for field, value in values.items() if getattr(row, field) != value}
    _require_changeable(row, changing | ({"lines"} if new_lines is not None else set()))
    if "number" in changing:
        require_free_number(session, author, InvoiceRow.number, values["number"])
    derived = {field: plain(getattr(row, field)) for field in _DERIVED}
    lines_before = _documents(lines)
    alteration = alter(row, values)
    customer = _customer(session, author, row.customer_id, also=None if "customer_id" in changing else row.customer_id)
    _require_sound(session, author, row, customer, new_lines or ())
    if new_lines is not None:
        lines = _line_rows(row.id, new_lines)
    elif not alteration:
        return row
    circumstances = load_circumstances(session, author.organisation_id, [row.customer_id])
    if new_lines is not None or changing & _RECKONED:
        settle(row, lines, circumstances)
    else:
        settle_recipients(row, circumstances)
    if row.status != InvoiceStatus.DRAFT:
        _require_issuable(row, lines)
    if new_lines is not None:
        replace_lines(session, row.id, lines)
    revise(row, author)
    report(session, author, "edited", subject_of(row), _whole(row, alteration, derived, lines_before, lines))
    want(session, author, EntityKind.INVOICE, [row.id])
    return row


def approve_invoice(session: Session, author: Author, invoice_id: str, *, expected: int | None = None) -> InvoiceRow:
    """Issue a draft: tax, totals, address and recipients are worked out a last time. One with nothing due is paid.

    :raises NotFound, StaleRevision: as their names say.
    :raises NotPossibleNow: it is no draft.
    :raises Invalid: it has no lines, or a total below zero.
    """
    row = _row(session, author, invoice_id)
    check_revision(row, expected)
    if row.status != InvoiceStatus.DRAFT:
        raise NotPossibleNow(f"Only a draft can be approved; {row.number} is {row.status}.")
    lines = lines_of(session, [row.id]).get(row.id, ())
    before = {field: plain(getattr(row, field)) for field in _DERIVED}
    settle(row, lines, load_circumstances(session, author.organisation_id, [row.customer_id]))
    _approve(row, lines)
    revise(row, author)
    report(session, author, "approved", subject_of(row), _whole(row, Alteration({}, {}), before))
    want(session, author, EntityKind.INVOICE, [row.id])
    return row


def void_invoice(session: Session, author: Author, invoice_id: str, *, expected: int | None = None) -> InvoiceRow:
    """Take an issued invoice back.

    :raises NotFound, StaleRevision: as their names say.
    :raises NotPossibleNow: it is a draft, voided already, or something of it is paid.
    """
    row = _row(session, author, invoice_id)
    check_revision(row, expected)
    if row.status == InvoiceStatus.DRAFT:
        raise NotPossibleNow(f"{row.number} is a draft. Delete it instead.")
    if row.status == InvoiceStatus.VOIDED:
        raise NotPossibleNow(f"{row.number} is voided already.")
    if row.amount_paid:
        raise NotPossibleNow(f"Something of {row.number} is paid. Take its payments back first.")
    alteration = alter(row, {"status": str(InvoiceStatus.VOIDED)})
    revise(row, author)
    report(session, author, "voided", subject_of(row), alteration)
    want(session, author, EntityKind.INVOICE, [row.id])
    return row


def delete_invoice(session: Session, author: Author, invoice_id: str) -> None:
    """Delete a draft.

    :raises NotFound: there is no such invoice.
    :raises NotPossibleNow: it was issued.
    """
    row = _row(session, author, invoice_id)
    if row.status != InvoiceStatus.DRAFT:
        raise NotPossibleNow(f"{row.number} is {row.status}. Void it instead of deleting it.")
    report(session, author, "deleted", subject_of(row))
    delete_invoice_rows(session, row)


def subject_of(row: InvoiceRow) -> Subject:
    """Return the invoice as the audit trail names it."""
    return Subject(kind=EntityKind.INVOICE, id=row.id, label=row.number)


def _row(session: Session, author: Author, invoice_id: str) -> InvoiceRow:
    row = find(session, InvoiceRow, author.organisation_id, invoice_id, lock=True)
    if row is None:
        raise NotFound("invoice")
    return row


def _customer(session: Session, author: Author, customer_id: str, *, also: str | None = None) -> CustomerRow:
    """Return the customer of an invoice; ``also`` is taken even if it is archived, because it was there before."""
    customer = find(session, CustomerRow, author.organisation_id, customer_id)
    if customer is None:
        raise invalid("customer_id", "There is no such customer.")
    if customer.archived and customer.id != also:
        raise invalid("customer_id", f"{customer.full_name} is archived.")
    return customer


def _given_values(row: InvoiceRow, changes: InvoiceChanges) -> dict[str, Any]:
    """Return the values to set but for the lines; a null where the row needs a value is refused."""
    given = changes.model_fields_set - {"lines"}
    values = {field: stored(getattr(changes, field)) for field in given}
    for field in ("number", "customer_id", "issue_date", "due_date", "currency"):
        if field in values and values[field] is None:
            raise invalid(field, "An invoice needs this.")
    if values.get("currency", row.currency) != row.currency and row.amount_paid:
        raise NotPossibleNow(f"Something of {row.number} is paid: its currency stays.")
    return values


def _require_changeable(row: InvoiceRow, changing: set[str]) -> None:
    status = InvoiceStatus(row.status)
    if status is InvoiceStatus.DRAFT:
        return
    allowed = _CHANGEABLE[status]
    if status is InvoiceStatus.APPROVED and row.amount_paid:
        allowed = _CHANGEABLE_PART_PAID
    refused = sorted(changing - allowed)
    if refused:
        state = "partly paid" if status is InvoiceStatus.APPROVED and row.amount_paid else status
        raise NotPossibleNow(f"{row.number} is {state}: {', '.join(refused)} cannot be changed any more.")


def _require_sound(
    session: Session, author: Author, row: InvoiceRow, customer: CustomerRow, lines: Sequence[InvoiceLineInput]
) -> None:
    """Check an invoice against itself and against what it points to."""
    if row.due_date < row.issue_date:
        raise invalid("due_date", "An invoice cannot be due before it is issued.")
    if row.contact_id is not None:
        contact = find(session, ContactRow, author.organisation_id, row.contact_id)
        if contact is None or contact.customer_id not in {customer.id, *ancestor_ids(customer)}:
            raise invalid("contact_id", "There is no such contact at this customer or above it.")
    levels = {f"lines.{index}.tax_level_id": line.tax_level_id for index, line in enumerate(lines)}
    require_tax_levels(session, author, {"tax_level_id": row.tax_level_id, **levels})


def _approve(row: InvoiceRow, lines: Sequence[InvoiceLineRow]) -> None:
    _require_issuable(row, lines)
    row.status = InvoiceStatus.APPROVED if row.total > row.amount_paid else InvoiceStatus.PAID


def _require_issuable(row: InvoiceRow, lines: Sequence[InvoiceLineRow]) -> None:
    if not lines:
        raise invalid("lines", "An invoice needs at least one line before it is approved.")
    if row.total < 0:
        raise invalid("lines", "An invoice cannot have a total below zero.")


def _line_rows(invoice_id: str, given: Sequence[InvoiceLineInput]) -> list[InvoiceLineRow]:
    return [
        InvoiceLineRow(
            invoice_id=invoice_id,
            position=position,
            description=line.description,
            quantity=line.quantity,
            unit_price=line.unit_price,
            item_code=line.item_code,
            category=line.category,
            discount_percent=line.discount_percent,
            tax_level_id=line.tax_level_id,
            amount=ZERO,
        )
        for position, line in enumerate(given)
    ]


def _inherited(given: Circumstances, customer_id: str, field: str) -> str | None:
    """Return a customer's own value, else the nearest ancestor's."""
    return next((value for customer in given.chain(customer_id) if (value := getattr(customer, field))), None)


def _differ(lines: Sequence[InvoiceLineRow], given: Sequence[InvoiceLineInput]) -> bool:
    fields = tuple(InvoiceLineInput.model_fields)
    return [[getattr(line, field) for field in fields] for line in lines] != [
        [getattr(line, field) for field in fields] for line in given
    ]


def _documents(lines: Sequence[InvoiceLineRow]) -> list[dict[str, Any]]:
    return [{field: plain(getattr(line, field)) for field in InvoiceLineInput.model_fields} for line in lines]


def _whole(
    row: InvoiceRow,
    alteration: Alteration,
    derived: Mapping[str, Any],
    lines_before: Sequence[Mapping[str, Any]] = (),
    lines: Sequence[InvoiceLineRow] = (),
) -> Alteration:
    """Add what followed from a change to what was changed."""
    before, after = dict(alteration.before), dict(alteration.after)
    for field, old in derived.items():
        new = plain(getattr(row, field))
        if new != old:
            before[field], after[field] = old, new
    if (documents := _documents(lines)) != list(lines_before):
        before["lines"], after["lines"] = list(lines_before), documents
    return Alteration(before, after)
