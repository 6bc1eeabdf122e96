"""The documents the API answers with, and how they are made from rows. Money and quantities are decimal strings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, WithJsonSchema

from service.core.model import ZERO, CustomerKind, CustomerType, InvoiceStatus, SendTo
from service.core.money import decimal_text, money_text, quantise
from service.core.problem import from_json, sentence
from service.core.readback import Reading
from service.store.accounts import Event
from service.store.queries.states import SyncState
from service.store.records import (
    ContactRow,
    CustomerRow,
    InvoiceLineRow,
    InvoiceRow,
    JobSiteRow,
    TaxLevelRow,
)
from service.store.sync_models import LinkRow

DecimalText = Annotated[str, WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"})]
Dot = Literal["green", "orange", "red", "none"]


class ProblemState(BaseModel):
    """Why a record needs a person."""

    kind: str
    message: str
    provider_code: str | None
    conflict_id: str
    since: datetime


class ReadbackLine(BaseModel):
    """One thing that a package stored, beside what was meant."""

    what: str
    meant: Any
    stored: Any
    difference: str | None
    cause: str | None
    reading: Reading


class ReadbackOut(BaseModel):
    """What the package stored of the last write; what was declared as a loss before counts as meant."""

    state: Literal["as_meant", "rounding", "differs"]
    lines: list[ReadbackLine]


class SyncOut(BaseModel):
    """How a record stands at one connection."""

    connection_id: str
    provider: str
    dot: Dot
    link_id: str | None
    remote_id: str | None
    remote_url: str | None
    last_synced_at: datetime | None
    problem: ProblemState | None
    #: fields of ours that stand changed there, whatever the dot says
    drift: int
    readback: ReadbackOut | None
    #: what of the record could not be carried there, and why
    losses: list[dict[str, str]]


class AddressOut(BaseModel):
    """A postal address."""

    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None


class ContactOut(BaseModel):
    """A person at a customer."""

    id: str
    customer_id: str
    first_name: str | None
    last_name: str | None
    role: str | None
    email: str | None
    other_emails: list[str]
    phone: str | None
    mobile: str | None
    fax: str | None
    notes: str | None
    primary: bool
    tax_level_id: str | None
    billing_address: AddressOut | None
    use_as_billing_address: bool
    job_site_id: str | None
    invoice_email: SendTo
    other_emails_invoice: SendTo
    revision: int
    created_at: datetime
    updated_at: datetime


class CustomerOut(BaseModel):
    """A client or a job."""

    id: str
    number: str
    kind: CustomerKind
    type: CustomerType
    name: str
    first_name: str | None
    last_name: str | None
    full_name: str
    parent_id: str | None
    depth: int
    is_customer: bool
    archived: bool
    status: str
    email: str | None
    other_emails: list[str]
    invoice_email: SendTo
    other_emails_invoice: SendTo
    phone: str | None
    mobile: str | None
    fax: str | None
    website: str | None
    vat_number: str | None
    ean_number: str | None
    currency: str | None
    tax_level_id: str | None
    discount_percent: DecimalText
    payment_terms: str | None
    sales_rep: str | None
    shipping_method: str | None
    allow_partial_payments: bool | None
    product_visibility: str
    billing_address: AddressOut | None
    shipping_address: AddressOut | None
    job_site_id: str | None
    contacts: list[ContactOut]
    revision: int
    created_at: datetime
    updated_at: datetime
    sync: list[SyncOut]


class JobSiteOut(BaseModel):
    """A place of work."""

    id: str
    customer_id: str
    name: str
    address: AddressOut | None
    revision: int
    created_at: datetime
    updated_at: datetime


class TaxComponentOut(BaseModel):
    """One part of a tax level."""

    name: str
    rate_percent: DecimalText


class TaxLevelOut(BaseModel):
    """A tax level."""

    id: str
    name: str
    rate_percent: DecimalText
    components: list[TaxComponentOut]
    archived: bool
    revision: int
    created_at: datetime
    updated_at: datetime


class RecipientsOut(BaseModel):
    """Who receives an invoice, and the rule that decided."""

    to: list[str]
    cc: list[str]
    why: str


class OverrideOut(BaseModel):
    """Who receives an invoice, whatever the rules say."""

    to: list[str]
    cc: list[str]


class InvoiceLineOut(BaseModel):
    """One line of an invoice."""

    description: str
    quantity: DecimalText
    unit_price: DecimalText
    item_code: str | None
    category: str | None
    discount_percent: DecimalText
    tax_level_id: str | None
    applied_tax_level_id: str | None = Field(description="The level that applies once every rule was followed.")
    tax_why: str = Field(description="The rule that decided about the tax level.")
    amount: DecimalText


class InvoiceOut(BaseModel):
    """An invoice."""

    id: str
    number: str
    customer_id: str
    contact_id: str | None
    status: InvoiceStatus
    issue_date: date
    due_date: date
    currency: str
    reference: str | None
    tax_inclusive: bool
    tax_level_id: str | None
    lines: list[InvoiceLineOut]
    subtotal: DecimalText
    tax_total: DecimalText
    total: DecimalText
    amount_paid: DecimalText
    amount_due: DecimalText
    billing_address: AddressOut | None
    recipients: RecipientsOut
    recipients_override: OverrideOut | None
    billing_address_override: AddressOut | None
    revision: int
    created_at: datetime
    updated_at: datetime
    sync: list[SyncOut]


class EventOut(BaseModel):
    """One line of the audit trail."""

    id: str
    at: datetime
    actor: str
    verb: str
    record_kind: str | None
    record_id: str | None
    label: str | None
    link_id: str | None
    connection_id: str | None
    run_id: str | None
    call_id: str | None
    before: Any
    after: Any
    why: str | None
    request_id: str | None


def sync_out(state: SyncState, remote_url: str | None) -> SyncOut:
    """Return how a record stands at one connection."""
    link, row = state.link, state.problem
    problem = None
    if row is not None:
        known = from_json(row.document)
        problem = ProblemState(
            kind=row.kind,
            message=sentence(known),
            provider_code=known.provider_code,
            conflict_id=row.id,
            since=row.opened_at,
        )
    return SyncOut(
        connection_id=state.connection.id,
        provider=state.connection.provider,
        dot=state.dot.value,
        link_id=link.id if link else None,
        remote_id=link.remote_id if link else None,
        remote_url=remote_url,
        last_synced_at=link.last_synced_at if link else None,
        problem=problem,
        drift=state.drift,
        losses=[dict(one) for one in link.losses] if link else [],
        readback=readback_out(link) if link else None,
    )


def readback_out(link: LinkRow) -> ReadbackOut | None:
    """Return what a package stored of the last write of a link; None where nothing was written yet."""
    if link.readback_state is None:
        return None
    return ReadbackOut.model_validate({"state": link.readback_state, "lines": link.readback})


def contact_out(row: ContactRow) -> ContactOut:
    """Return a contact's document."""
    return ContactOut.model_validate(row, from_attributes=True)


def customer_out(row: CustomerRow, contacts: Sequence[ContactRow], sync: list[SyncOut]) -> CustomerOut:
    """Return a customer's document."""
    made = {"contacts", "sync", "discount_percent"}
    fields = {name: getattr(row, name) for name in CustomerOut.model_fields.keys() - made}
    people = [contact_out(contact) for contact in contacts]
    return CustomerOut(**fields, discount_percent=decimal_text(row.discount_percent), contacts=people, sync=sync)


def job_site_out(row: JobSiteRow) -> JobSiteOut:
    """Return a job site's document."""
    return JobSiteOut.model_validate(row, from_attributes=True)


def tax_level_out(row: TaxLevelRow) -> TaxLevelOut:
    """Return a tax level's document."""
    made = {"components", "rate_percent"}
    fields = {name: getattr(row, name) for name in TaxLevelOut.model_fields.keys() - made}
    parts = [TaxComponentOut(name=part.name, rate_percent=decimal_text(part.rate_percent)) for part in row.components]
    return TaxLevelOut(**fields, rate_percent=decimal_text(row.rate_percent), components=parts)


def invoice_out(row: InvoiceRow, lines: Sequence[InvoiceLineRow], sync: list[SyncOut]) -> InvoiceOut:
    """Return an invoice's document."""
    amounts = {
        "subtotal": row.subtotal,
        "tax_total": row.tax_total,
        "total": row.total,
        "amount_paid": row.amount_paid,
        "amount_due": ZERO if row.status == InvoiceStatus.VOIDED else row.total - row.amount_paid,
    }
    fields = {name: getattr(row, name) for name in InvoiceOut.model_fields.keys() - amounts.keys() - {"lines", "sync"}}
    return InvoiceOut(
        **fields,
        **{name: money_text(amount, row.currency) for name, amount in amounts.items()},
        lines=[_line_out(line, row.currency) for line in lines],
        sync=sync,
    )


def event_out(row: Event) -> EventOut:
    """Return a line of the audit trail."""
    return EventOut.model_validate(row, from_attributes=True)


def _line_out(line: InvoiceLineRow, currency: str) -> InvoiceLineOut:
    return InvoiceLineOut(
        description=line.description,
        quantity=decimal_text(line.quantity),
        unit_price=_price_text(line.unit_price, currency),
        item_code=line.item_code,
        category=line.category,
        discount_percent=decimal_text(line.discount_percent),
        tax_level_id=line.tax_level_id,
        applied_tax_level_id=line.applied_tax_level_id,
        tax_why=line.applied_tax_why,
        amount=money_text(line.amount, currency),
    )


def _price_text(price: Decimal, currency: str) -> str:
    """Return a price with at least the currency's digits: "150.00", but "0.0125" as it is."""
    return money_text(price, currency) if quantise(price, currency) == price else decimal_text(price)
