"""What is given to create or change a record: the same shapes for the API, the pages, an import and a pull.

A field that was not given keeps its value; ``model_fields_set`` tells. Blank text is the same as null. A value that
comes from a package and was valid there may be taken unchecked with ``model_construct``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, field_validator

from service.core.model import ZERO, CustomerKind, CustomerType, PaymentKind, SendTo
from service.records.fields import (
    Country,
    Currency,
    Day,
    Email,
    Line,
    Name,
    Number,
    Paragraph,
    Percent,
    RecordId,
    Short,
)

Emails = Annotated[list[Email], Field(max_length=20)]


class Input(BaseModel):
    """Base of all inputs: unknown fields are refused, blank text is null."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _blank_is_null(cls, value: object) -> object:
        return None if isinstance(value, str) and not value.strip() else value


class AddressInput(Input):
    """A postal address; ``country`` is ISO 3166-1 alpha-2."""

    line1: Line | None = None
    line2: Line | None = None
    city: Line | None = None
    region: Line | None = None
    postal_code: Short | None = None
    country: Country | None = None


class _ContactFields(Input):
    first_name: Name | None = None
    last_name: Name | None = None
    role: Line | None = None
    email: Email | None = None
    other_emails: Emails = []
    phone: Short | None = None
    mobile: Short | None = None
    fax: Short | None = None
    notes: Paragraph | None = None
    primary: StrictBool = False
    tax_level_id: RecordId | None = None
    billing_address: AddressInput | None = None
    use_as_billing_address: StrictBool = False
    job_site_id: RecordId | None = None
    invoice_email: SendTo = SendTo.NONE
    other_emails_invoice: SendTo = SendTo.NONE


class ContactInput(_ContactFields):
    """A new contact; it needs a name or an address of mail."""


class ContactChanges(_ContactFields):
    """Changes of a contact."""


class _CustomerFields(Input):
    type: CustomerType | None = Field(None, description="Follows from parent_id; may be left out.")
    name: Name | None = None
    first_name: Name | None = None
    last_name: Name | None = None
    parent_id: RecordId | None = None
    number: Short | None = Field(None, description="The next free one if left out.")
    is_customer: StrictBool = True
    status: Literal["active", "on_hold", "prospect"] = "active"
    email: Email | None = None
    other_emails: Emails = []
    invoice_email: SendTo = SendTo.TO
    other_emails_invoice: SendTo = SendTo.NONE
    phone: Short | None = None
    mobile: Short | None = None
    fax: Short | None = None
    website: Line | None = None
    vat_number: Short | None = None
    ean_number: Short | None = None
    currency: Currency | None = None
    tax_level_id: RecordId | None = None
    discount_percent: Percent = ZERO
    payment_terms: Short | None = None
    sales_rep: Line | None = None
    shipping_method: Line | None = None
    allow_partial_payments: StrictBool | None = None
    product_visibility: Short = "standard_and_exclusive"
    billing_address: AddressInput | None = None
    shipping_address: AddressInput | None = None
    job_site_id: RecordId | None = None


class CustomerInput(_CustomerFields):
    """A new client or, with ``parent_id``, a new job."""

    kind: CustomerKind = CustomerKind.COMPANY
    contacts: Annotated[list[ContactInput], Field(max_length=200)] = []


class CustomerChanges(_CustomerFields):
    """Changes of a client or job; ``parent_id`` moves it with everything below it."""

    kind: CustomerKind | None = None


class JobSiteInput(Input):
    """A new place of work."""

    name: Name
    address: AddressInput | None = None


class TaxComponentInput(Input):
    """One part of a tax level."""

    name: Name
    rate_percent: Percent


class TaxLevelInput(Input):
    """A new tax level; the components, if any, add up to ``rate_percent``."""

    name: Name
    rate_percent: Percent
    components: Annotated[list[TaxComponentInput], Field(max_length=20)] = []


class RecipientsInput(Input):
    """Who receives an invoice, whatever the rules say; empty: nobody."""

    to: Emails = []
    cc: Emails = []


class NewcomerInput(Input):
    """A customer at a package to take in; a company needs somebody with a first name and an email."""

    remote_id: Annotated[str, Field(min_length=1, max_length=64)]
    first_name: Name | None = Field(None, description="Of whom to write to, where the package names nobody.")
    email: Email | None = Field(None, description="Of whom to write to, where the package has no address.")


class InvoiceLineInput(Input):
    """One line of an invoice."""

    description: Paragraph
    quantity: Number = Decimal(1)
    unit_price: Number
    item_code: Short | None = None
    category: Short | None = Field(None, description="What was sold; the mapping gives it an income account.")
    discount_percent: Percent = ZERO
    tax_level_id: RecordId | None = None


class _InvoiceFields(Input):
    number: Short | None = Field(None, description="The next free one if left out.")
    contact_id: RecordId | None = None
    issue_date: Day | None = Field(None, description="Today if left out.")
    due_date: Day | None = Field(None, description="By the customer's payment terms if left out.")
    currency: Currency | None = Field(None, description="The customer's if left out, else the organisation's.")
    reference: Line | None = None
    tax_inclusive: StrictBool = False
    tax_level_id: RecordId | None = None
    lines: Annotated[list[InvoiceLineInput], Field(max_length=1000)] = []
    recipients_override: RecipientsInput | None = None
    billing_address_override: AddressInput | None = Field(
        None, description="Printed on this invoice, whatever the rules say."
    )


class InvoiceInput(_InvoiceFields):
    """A new invoice."""

    customer_id: RecordId
    status: Literal["draft", "approved"] = "draft"


class InvoiceChanges(_InvoiceFields):
    """Changes of an invoice; the status allows some of them only."""

    customer_id: RecordId | None = None


class PaymentInput(Input):
    """Money received, returned or credited, for an invoice or on a customer's account; ``amount`` is positive."""

    invoice_id: RecordId | None = None
    customer_id: RecordId | None = None
    amount: Number
    currency: Currency | None = Field(None, description="The invoice's or the customer's if left out.")
    date: Day | None = Field(None, description="Today if left out.")
    method: Short | None = None
    reference: Line | None = None
    kind: PaymentKind = PaymentKind.PAYMENT
    refund_of_id: RecordId | None = Field(None, description="Of a refund: the credit that is paid out.")
    tax_level_id: RecordId | None = Field(
        None, description="Of a credit or a refund: the tax inside its amount; the invoice's if it has one."
    )


class AllocationInput(Input):
    """A part of a credit, or of money on a customer's account, that is to settle an invoice."""

    invoice_id: RecordId
    amount: Number | None = Field(None, description="As much as both have left, if left out.")
    date: Day | None = Field(None, description="Today if left out.")


class PaymentChanges(Input):
    """Changes of a payment."""

    amount: Number | None = None
    date: Day | None = None
    method: Short | None = None
    reference: Line | None = None
