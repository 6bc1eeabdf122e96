"""An invoice as its input makes it, before anything is kept: for writing one, and for looking at one first."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from service.core.model import ZERO, InvoiceStatus
from service.ids import new_id
from service.records.author import Author
from service.records.errors import invalid
from service.records.inputs import InvoiceInput, InvoiceLineInput
from service.records.places import require_tax_levels
from service.records.resolution import Circumstances, load_circumstances, settle
from service.records.terms import due_on
from service.records.trail import stored
from service.store.queries.find import find, find_organisation
from service.store.queries.tree import ancestor_ids
from service.store.records import ContactRow, CustomerRow, InvoiceLineRow, InvoiceRow


def draft_of(
    session: Session, author: Author, given: InvoiceInput, *, record_id: str | None = None
) -> tuple[InvoiceRow, list[InvoiceLineRow]]:
    """Return a draft with its tax, totals, address and recipients, and without a number unless one is given.

    Nothing of it is kept.

    :raises Invalid: a customer, contact or tax level that does not exist; a due date before the issue date; amounts
        too large.
    """
    customer = customer_of(session, author, given.customer_id)
    organisation = find_organisation(session, author.organisation_id)
    issued = given.issue_date or author.now.astimezone(ZoneInfo(organisation.timezone)).date()
    circumstances = load_circumstances(session, author.organisation_id, [customer.id])
    row = InvoiceRow(
        id=record_id or new_id(),
        organisation_id=author.organisation_id,
        number=given.number or "",
        customer_id=customer.id,
        contact_id=given.contact_id,
        status=InvoiceStatus.DRAFT,
        issue_date=issued,
        due_date=given.due_date or due_on(issued, inherited(circumstances, customer.id, "payment_terms")),
        currency=given.currency or inherited(circumstances, customer.id, "currency") or organisation.currency,
        reference=given.reference,
        tax_inclusive=given.tax_inclusive,
        tax_level_id=given.tax_level_id,
        recipients_override=stored(given.recipients_override),
        billing_address_override=stored(given.billing_address_override),
        amount_paid=ZERO,
        created_at=author.now,
        updated_at=author.now,
    )
    require_sound(session, author, row, customer, given.lines)
    lines = line_rows(row.id, given.lines)
    settle(row, lines, circumstances)
    return row, lines


def customer_of(session: Session, author: Author, customer_id: str, *, also: str | None = None) -> CustomerRow:
    """Return the customer of an invoice; ``also`` is taken even if it is archived, because it was there before.

    :raises Invalid: there is none, or it is archived.
    """
    customer = find(session, CustomerRow, author.organisation_id, customer_id)
    if customer is None:
        raise invalid("customer_id", "There is no such customer.")
    if customer.archived and customer.id != also:
        raise invalid("customer_id", f"{customer.full_name} is archived.")
    return customer


def require_sound(
    session: Session, author: Author, row: InvoiceRow, customer: CustomerRow, lines: Sequence[InvoiceLineInput]
) -> None:
    """Check an invoice against itself and against what it points to.

    :raises Invalid: it is due before it is issued, or a contact or tax level does not exist.
    """
    if row.due_date < row.issue_date:
        raise invalid("due_date", "An invoice cannot be due before it is issued.")
    if row.contact_id is not None:
        contact = find(session, ContactRow, author.organisation_id, row.contact_id)
        if contact is None or contact.customer_id not in {customer.id, *ancestor_ids(customer)}:
            raise invalid("contact_id", "There is no such contact at this customer or above it.")
    levels = {f"lines.{index}.tax_level_id": line.tax_level_id for index, line in enumerate(lines)}
    require_tax_levels(session, author, {"tax_level_id": row.tax_level_id, **levels})


def line_rows(invoice_id: str, given: Sequence[InvoiceLineInput]) -> list[InvoiceLineRow]:
    """Return an invoice's lines; their amounts are worked out when the invoice is settled."""
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


def inherited(given: Circumstances, customer_id: str, field: str) -> str | None:
    """Return a customer's own value, else the nearest ancestor's."""
    return next((value for customer in given.chain(customer_id) if (value := getattr(customer, field))), None)
