"""The company's own records as frozen values: what the core decides about, free of any database.

Amounts are ``Decimal`` in the currency that stands beside them; percentages are per cent (``Decimal("19")`` is 19 %);
identifiers are those of the rows the values were loaded from.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

ZERO = Decimal(0)


class CustomerKind(StrEnum):
    """What a customer is in law."""

    COMPANY = "company"  #: has a name and contacts
    INDIVIDUAL = "individual"  #: a person; the name is made of first and last name if absent


class CustomerType(StrEnum):
    """Where a customer stands in the tree."""

    CLIENT = "client"  #: top of a tree
    JOB = "job"  #: has a parent


class SendTo(StrEnum):
    """Whether an address takes part when an invoice is sent."""

    TO = "to"
    CC = "cc"
    NONE = "none"


class InvoiceStatus(StrEnum):
    """The life of an invoice: draft, approved, paid, or voided."""

    DRAFT = "draft"  #: may be edited freely, is not sent to any package
    APPROVED = "approved"  #: issued; carried to the packages
    PAID = "paid"  #: nothing is due any more
    VOIDED = "voided"  #: issued and taken back; amounts count no more


class PaymentKind(StrEnum):
    """What moves the balance."""

    PAYMENT = "payment"
    REFUND = "refund"
    CREDIT = "credit"
    ADJUSTMENT = "adjustment"


class Address(Struct, frozen=True, kw_only=True):
    """A postal address; ``country`` is ISO 3166-1 alpha-2."""

    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None


class Contact(Struct, frozen=True, kw_only=True):
    """A person at a customer. With a tax level, a billing address or a job site it is a sub-contact."""

    id: str
    customer_id: str
    first_name: str | None = None
    last_name: str | None = None
    role: str | None = None
    email: str | None = None
    other_emails: tuple[str, ...] = ()
    phone: str | None = None
    mobile: str | None = None
    fax: str | None = None
    notes: str | None = None
    primary: bool = False
    tax_level_id: str | None = None
    billing_address: Address | None = None
    use_as_billing_address: bool = False
    job_site_id: str | None = None
    invoice_email: SendTo = SendTo.NONE
    other_emails_invoice: SendTo = SendTo.NONE

    @property
    def full_name(self) -> str:
        """First and last name joined by a blank; empty when neither is known."""
        return " ".join(part for part in (self.first_name, self.last_name) if part)

    @property
    def is_sub_contact(self) -> bool:
        """True when the contact brings a tax level, a billing address or a job site of its own."""
        return bool(self.tax_level_id or self.billing_address or self.job_site_id)


class JobSite(Struct, frozen=True, kw_only=True):
    """A place where a customer's work is done."""

    id: str
    customer_id: str
    name: str
    address: Address | None = None


class TaxComponent(Struct, frozen=True, kw_only=True):
    """One part of a tax level, in per cent."""

    name: str
    rate_percent: Decimal


class TaxLevel(Struct, frozen=True, kw_only=True):
    """A named rate; the components, if any, add up to ``rate_percent``."""

    id: str
    name: str
    rate_percent: Decimal
    components: tuple[TaxComponent, ...] = ()


class Customer(Struct, frozen=True, kw_only=True):
    """A client or a job, with the people who belong to it."""

    id: str
    kind: CustomerKind
    type: CustomerType
    name: str
    full_name: str
    depth: int
    parent_id: str | None = None
    number: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    is_customer: bool = True
    archived: bool = False
    email: str | None = None
    other_emails: tuple[str, ...] = ()
    invoice_email: SendTo = SendTo.TO
    other_emails_invoice: SendTo = SendTo.NONE
    phone: str | None = None
    mobile: str | None = None
    fax: str | None = None
    website: str | None = None
    vat_number: str | None = None
    ean_number: str | None = None
    currency: str | None = None
    tax_level_id: str | None = None
    discount_percent: Decimal = ZERO
    payment_terms: str | None = None
    billing_address: Address | None = None
    shipping_address: Address | None = None
    job_site_id: str | None = None
    contacts: tuple[Contact, ...] = ()

    @property
    def primary_contact(self) -> Contact | None:
        """The contact marked as primary, else the first one."""
        return next((c for c in self.contacts if c.primary), self.contacts[0] if self.contacts else None)


class InvoiceLine(Struct, frozen=True, kw_only=True):
    """One line; ``amount`` is quantity times price less discount, in the invoice's currency."""

    description: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    item_code: str | None = None
    category: str | None = None  #: what was sold, in words of ours; decides the income account
    discount_percent: Decimal = ZERO
    tax_level_id: str | None = None


class Recipients(Struct, frozen=True, kw_only=True):
    """Who receives an invoice, and the rule that decided."""

    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    why: str = ""


class Invoice(Struct, frozen=True, kw_only=True):
    """A sales invoice with what was derived for it: totals, recipients, tax level per line."""

    id: str
    number: str
    customer_id: str
    status: InvoiceStatus
    issue_date: date
    due_date: date
    currency: str
    contact_id: str | None = None
    reference: str | None = None
    tax_inclusive: bool = False
    tax_level_id: str | None = None
    lines: tuple[InvoiceLine, ...] = ()
    #: the level that applies to each line once every rule was followed; same order as ``lines``
    line_tax_levels: tuple[str | None, ...] = ()
    subtotal: Decimal = ZERO
    tax_total: Decimal = ZERO
    total: Decimal = ZERO
    amount_paid: Decimal = ZERO
    recipients: Recipients = Recipients()
    billing_address: Address | None = None
    #: the sub-contact that brings its own billing address or tax level to this invoice
    sub_contact_id: str | None = None

    @property
    def amount_due(self) -> Decimal:
        """What is still to be paid; a voided invoice asks for nothing."""
        return ZERO if self.status is InvoiceStatus.VOIDED else self.total - self.amount_paid


class Allocation(Struct, frozen=True, kw_only=True):
    """A part of a credit, or of money on a customer's account, that settles an invoice."""

    id: str
    payment_id: str  #: the credit, or the payment, that it is a part of
    invoice_id: str
    customer_id: str
    amount: Decimal
    currency: str
    date: date
    removed: bool = False  #: taken back; kept for the history


class Payment(Struct, frozen=True, kw_only=True):
    """Money received, returned or credited; the sign is in ``kind``, ``amount`` is positive.

    With an ``invoice_id`` it settles that invoice with its whole amount, else whatever its allocations say.
    """

    id: str
    kind: PaymentKind
    amount: Decimal
    date: date
    customer_id: str
    currency: str
    invoice_id: str | None = None
    method: str | None = None
    reference: str | None = None
    removed: bool = False  #: taken back; kept for the history
    allocations: tuple[Allocation, ...] = ()  #: those that count
    refund_of_id: str | None = None  #: of a refund: the credit that is paid out
    tax_level_id: str | None = None  #: of a credit or a refund: the tax inside its amount
    origin_connection_id: str | None = None  #: where a bookkeeper recorded it, if not here

    def settles(self, invoice_id: str) -> Decimal:
        """Return what it settles of an invoice, without its sign."""
        if self.invoice_id == invoice_id:
            return self.amount
        return sum((one.amount for one in self.allocations if one.invoice_id == invoice_id), ZERO)

    @property
    def unallocated(self) -> Decimal:
        """What of it settles no invoice yet."""
        return ZERO if self.invoice_id else self.amount - sum((one.amount for one in self.allocations), ZERO)
