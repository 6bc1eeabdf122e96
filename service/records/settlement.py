"""What payments, credits and refunds make of their invoice."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.core.kind import kind_of_payment
from service.core.model import InvoiceStatus
from service.core.money import money_text
from service.core.totals import amount_paid
from service.records.author import Author
from service.records.invoices import subject_of as invoice_subject
from service.records.trail import alter, report, revise
from service.store.queries import allocations
from service.store.queries.events import Subject
from service.store.queries.invoices import payments_of
from service.store.queries.values import payment_value
from service.store.records import InvoiceRow, PaymentRow


def subject_of(row: PaymentRow) -> Subject:
    """Return the payment as the audit trail names it."""
    label = f"{row.kind} of {money_text(row.amount, row.currency)} {row.currency}"
    return Subject(kind=kind_of_payment(row.kind), id=row.id, label=label)


def settle(session: Session, author: Author, invoice: InvoiceRow | None) -> None:
    """Bring what is paid of an invoice, and its status, up to date.

    The invoice itself is not wanted at the packages: they reckon what is due from the payments.
    """
    if invoice is None:
        return
    session.flush()
    rows = payments_of(session, author.organisation_id, invoice.id)
    parts = allocations.of_payments(session, [row.id for row in rows])
    paid = amount_paid((payment_value(row, parts.get(row.id, ())) for row in rows), invoice.id)
    values: dict[str, object] = {"amount_paid": paid}
    if invoice.status in {InvoiceStatus.APPROVED, InvoiceStatus.PAID}:
        values["status"] = str(InvoiceStatus.PAID if paid >= invoice.total else InvoiceStatus.APPROVED)
    alteration = alter(invoice, values)
    if alteration:
        revise(invoice, author)
        report(session, author, "paid" if "status" in alteration and invoice.status == InvoiceStatus.PAID else "edited",
               invoice_subject(invoice), alteration)  # fmt: skip
