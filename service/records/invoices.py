"""Invoices: draft, approved, paid, voided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from service.core.model import InvoiceStatus
from service.core.ports import EntityKind
from service.records.author import Author
from service.records.drafting import customer_of, draft_of, line_rows, require_sound
from service.records.errors import NotFound, NotPossibleNow, invalid
from service.records.inputs import InvoiceChanges, InvoiceInput, InvoiceLineInput
from service.records.resolution import load_circumstances, settle, settle_recipients
from service.records.trail import Alteration, alter, check_revision, plain, report, revise, stored, want
from service.records.unique import require_free_number
from service.store.queries.counters import next_number
from service.store.queries.events import Subject
from service.store.queries.find import find
from service.store.queries.invoices import delete_invoice_rows, replace_lines
from service.store.queries.load import lines_of
from service.store.records import InvoiceLineRow, InvoiceRow

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
            "billing_address_override",
        }
    ),
    InvoiceStatus.PAID: frozenset({"reference", "recipients_override"}),
    InvoiceStatus.VOIDED: frozenset(),
}
PART_PAID = "partly paid"
#: What may still be changed once some of it is paid.
_CHANGEABLE_PART_PAID = frozenset({"due_date", "reference", "recipients_override"})
#: Fields after whose change tax, totals and address are worked out anew; for others the recipients alone.
_RECKONED = frozenset(
    {"customer_id", "contact_id", "currency", "tax_inclusive", "tax_level_id", "lines", "billing_address_override"}
)
_DERIVED = ("recipients", "billing_address", "subtotal", "tax_total", "total", "status")


def create_invoice(
    session: Session, author: Author, given: InvoiceInput, *, record_id: str | None = None
) -> InvoiceRow:
    """Write an invoice, as a draft or approved at once.

    :param record_id: a new identifier, so that who asks twice can be told what came of it the first time.
    :raises Invalid: a customer, contact or tax level that does not exist; a due date before the issue date; amounts
        too large; approved without lines or with a total below zero.
    :raises Taken: the number is in use.
    """
    row, lines = draft_of(session, author, given, record_id=record_id)
    if given.number is not None:
        require_free_number(session, author, InvoiceRow.number, given.number)
    row.number = given.number or next_number(
        session, author.organisation_id, series="invoice", prefix="INV-", column=InvoiceRow.number
    )
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
    customer = customer_of(
        session, author, row.customer_id, also=None if "customer_id" in changing else row.customer_id
    )
    require_sound(session, author, row, customer, new_lines or ())
    if new_lines is not None:
        lines = line_rows(row.id, new_lines)
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
    refusal = why_not_voided(row)
    if refusal is not None:
        raise NotPossibleNow(refusal)
    alteration = alter(row, {"status": str(InvoiceStatus.VOIDED)})
    revise(row, author)
    report(session, author, "voided", subject_of(row), alteration)
    want(session, author, EntityKind.INVOICE, [row.id])
    return row


def why_not_voided(row: InvoiceRow) -> str | None:
    """Return why an invoice can't be taken back, as a sentence; None where it can."""
    if row.status == InvoiceStatus.DRAFT:
        return f"{row.number} is a draft. Delete it instead."
    if row.status == InvoiceStatus.VOIDED:
        return f"{row.number} is voided already."
    if row.amount_paid:
        return f"Something of {row.number} is paid or credited. Take its payments and credits back first."
    return None


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


def changeable(row: InvoiceRow) -> frozenset[str] | None:
    """Return which fields of an invoice may still be changed, the lines among them; None: all of them."""
    status = InvoiceStatus(row.status)
    if status is InvoiceStatus.DRAFT:
        return None
    return _CHANGEABLE_PART_PAID if state_of(row) == PART_PAID else _CHANGEABLE[status]


def state_of(row: InvoiceRow) -> str:
    """Return how an invoice stands, as a person says it: its status, or that it is partly paid."""
    return PART_PAID if row.status == InvoiceStatus.APPROVED and row.amount_paid else row.status


def _require_changeable(row: InvoiceRow, changing: set[str]) -> None:
    allowed = changeable(row)
    refused = [] if allowed is None else sorted(changing - allowed)
    if refused:
        raise NotPossibleNow(f"{row.number} is {state_of(row)}: {', '.join(refused)} cannot be changed any more.")


def _approve(row: InvoiceRow, lines: Sequence[InvoiceLineRow]) -> None:
    _require_issuable(row, lines)
    row.status = InvoiceStatus.APPROVED if row.total > row.amount_paid else InvoiceStatus.PAID


def _require_issuable(row: InvoiceRow, lines: Sequence[InvoiceLineRow]) -> None:
    if not lines:
        raise invalid("lines", "An invoice needs at least one line before it is approved.")
    if row.total < 0:
        raise invalid("lines", "An invoice cannot have a total below zero.")


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
