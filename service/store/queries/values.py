"""Rows as the frozen values of the core."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from service.core.model import (
    Address,
    Allocation,
    Contact,
    Customer,
    CustomerKind,
    CustomerType,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
    JobSite,
    Payment,
    PaymentKind,
    Recipients,
    SendTo,
    TaxComponent,
    TaxLevel,
)
from service.store.credit_models import AllocationRow
from service.store.records import (
    ContactRow,
    CustomerRow,
    InvoiceLineRow,
    InvoiceRow,
    JobSiteRow,
    PaymentRow,
    TaxLevelRow,
)

# An enumeration that is called for a member takes as long as the rest of a record's fields together.
_KINDS = {one.value: one for one in CustomerKind}
_TYPES = {one.value: one for one in CustomerType}
_SENDS = {one.value: one for one in SendTo}


def address_value(document: Mapping[str, Any] | None) -> Address | None:
    """Return a stored address, or None."""
    return None if document is None else Address(**document)


def contact_value(row: ContactRow) -> Contact:
    """Return a contact."""
    return Contact(
        id=row.id,
        customer_id=row.customer_id,
        first_name=row.first_name,
        last_name=row.last_name,
        role=row.role,
        email=row.email,
        other_emails=tuple(row.other_emails),
        phone=row.phone,
        mobile=row.mobile,
        fax=row.fax,
        notes=row.notes,
        primary=row.primary,
        tax_level_id=row.tax_level_id,
        billing_address=address_value(row.billing_address),
        use_as_billing_address=row.use_as_billing_address,
        job_site_id=row.job_site_id,
        invoice_email=_SENDS[row.invoice_email],
        other_emails_invoice=_SENDS[row.other_emails_invoice],
    )


def customer_value(row: CustomerRow, contacts: Iterable[ContactRow]) -> Customer:
    """Return a customer with its contacts in their order."""
    return Customer(
        id=row.id,
        kind=_KINDS[row.kind],
        type=_TYPES[row.type],
        name=row.name,
        full_name=row.full_name,
        depth=row.depth,
        parent_id=row.parent_id,
        number=row.number,
        first_name=row.first_name,
        last_name=row.last_name,
        is_customer=row.is_customer,
        archived=row.archived,
        email=row.email,
        other_emails=tuple(row.other_emails),
        invoice_email=_SENDS[row.invoice_email],
        other_emails_invoice=_SENDS[row.other_emails_invoice],
        phone=row.phone,
        mobile=row.mobile,
        fax=row.fax,
        website=row.website,
        vat_number=row.vat_number,
        ean_number=row.ean_number,
        currency=row.currency,
        tax_level_id=row.tax_level_id,
        discount_percent=row.discount_percent,
        payment_terms=row.payment_terms,
        billing_address=address_value(row.billing_address),
        shipping_address=address_value(row.shipping_address),
        job_site_id=row.job_site_id,
        contacts=tuple(contact_value(contact) for contact in contacts),
    )


def job_site_value(row: JobSiteRow) -> JobSite:
    """Return a job site."""
    return JobSite(id=row.id, customer_id=row.customer_id, name=row.name, address=address_value(row.address))


def tax_level_value(row: TaxLevelRow) -> TaxLevel:
    """Return a tax level with its components."""
    parts = tuple(TaxComponent(name=part.name, rate_percent=part.rate_percent) for part in row.components)
    return TaxLevel(id=row.id, name=row.name, rate_percent=row.rate_percent, components=parts)


def recipients_value(document: Mapping[str, Any] | None) -> Recipients:
    """Return stored recipients; nobody for none."""
    stored = document or {}
    return Recipients(to=tuple(stored.get("to", ())), cc=tuple(stored.get("cc", ())), why=stored.get("why", ""))


def line_value(row: InvoiceLineRow) -> InvoiceLine:
    """Return one line of an invoice."""
    return InvoiceLine(
        description=row.description,
        quantity=row.quantity,
        unit_price=row.unit_price,
        amount=row.amount,
        item_code=row.item_code,
        category=row.category,
        discount_percent=row.discount_percent,
        tax_level_id=row.tax_level_id,
    )


def invoice_value(row: InvoiceRow, lines: Iterable[InvoiceLineRow]) -> Invoice:
    """Return an invoice with what the rules gave for it."""
    kept = tuple(lines)
    return Invoice(
        id=row.id,
        number=row.number,
        customer_id=row.customer_id,
        status=InvoiceStatus(row.status),
        issue_date=row.issue_date,
        due_date=row.due_date,
        currency=row.currency,
        contact_id=row.contact_id,
        reference=row.reference,
        tax_inclusive=row.tax_inclusive,
        tax_level_id=row.tax_level_id,
        lines=tuple(line_value(line) for line in kept),
        line_tax_levels=tuple(line.applied_tax_level_id for line in kept),
        subtotal=row.subtotal,
        tax_total=row.tax_total,
        total=row.total,
        amount_paid=row.amount_paid,
        recipients=recipients_value(row.recipients),
        billing_address=address_value(row.billing_address),
        sub_contact_id=row.sub_contact_id,
    )


def allocation_value(row: AllocationRow, payment: PaymentRow) -> Allocation:
    """Return a part of a payment that settles an invoice."""
    return Allocation(
        id=row.id,
        payment_id=row.payment_id,
        invoice_id=row.invoice_id,
        customer_id=payment.customer_id,
        amount=row.amount,
        currency=payment.currency,
        date=row.date,
        removed=row.removed or payment.removed,
    )


def payment_value(row: PaymentRow, allocations: Iterable[AllocationRow] = ()) -> Payment:
    """Return a payment with what it settles."""
    return Payment(
        id=row.id,
        kind=PaymentKind(row.kind),
        amount=row.amount,
        date=row.date,
        customer_id=row.customer_id,
        currency=row.currency,
        invoice_id=row.invoice_id,
        method=row.method,
        reference=row.reference,
        removed=row.removed,
        allocations=tuple(allocation_value(one, row) for one in allocations),
        refund_of_id=row.refund_of_id,
        tax_level_id=row.tax_level_id,
        origin_connection_id=row.origin_connection_id,
    )
