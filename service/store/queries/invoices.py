"""Reads over invoices and payments that the use cases need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.store.queries.allocations import paying
from service.store.queries.find import chunks
from service.store.records import InvoiceLineRow, InvoiceRow, PaymentRow


def open_invoices_of(session: Session, organisation_id: str, customer_ids: Iterable[str]) -> Sequence[InvoiceRow]:
    """Return the invoices of customers that are drafts or await payment: those whose recipients may still matter."""
    query = select(InvoiceRow).where(
        InvoiceRow.organisation_id == organisation_id, InvoiceRow.status.in_(("draft", "approved"))
    )
    return [
        row
        for part in chunks(customer_ids)
        for row in session.scalars(query.where(InvoiceRow.customer_id.in_(part)).order_by(InvoiceRow.id))
    ]


def customers_with_drafts(session: Session, organisation_id: str) -> Sequence[str]:
    """Return the customers that have an invoice which is not issued yet."""
    query = select(InvoiceRow.customer_id).where(
        InvoiceRow.organisation_id == organisation_id, InvoiceRow.status == "draft"
    )
    return session.scalars(query.distinct()).all()


def payments_of(session: Session, organisation_id: str, invoice_id: str) -> Sequence[PaymentRow]:
    """Return the payments of an invoice that count, oldest first."""
    query = select(PaymentRow).where(
        PaymentRow.organisation_id == organisation_id,
        (PaymentRow.invoice_id == invoice_id) | paying([invoice_id]),
        PaymentRow.removed.is_(False),
    )
    return session.scalars(query.order_by(PaymentRow.date, PaymentRow.id)).all()


def names_contact(session: Session, organisation_id: str, contact_id: str) -> bool:
    """Tell whether an issued invoice names a contact, or carries its address or tax."""
    query = select(InvoiceRow.id).where(
        InvoiceRow.organisation_id == organisation_id,
        InvoiceRow.status != "draft",
        (InvoiceRow.contact_id == contact_id) | (InvoiceRow.sub_contact_id == contact_id),
    )
    return session.scalars(query.limit(1)).one_or_none() is not None


def replace_lines(session: Session, invoice_id: str, lines: Sequence[InvoiceLineRow]) -> None:
    """Put these lines in the place of an invoice's old ones."""
    session.execute(delete(InvoiceLineRow).where(InvoiceLineRow.invoice_id == invoice_id))
    session.add_all(lines)
    session.flush()


def delete_invoice_rows(session: Session, row: InvoiceRow) -> None:
    """Delete an invoice with its lines."""
    session.flush()
    session.execute(delete(InvoiceLineRow).where(InvoiceLineRow.invoice_id == row.id))
    session.execute(delete(InvoiceRow).where(InvoiceRow.id == row.id))
