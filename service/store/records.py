"""The company's own records: customers and jobs, contacts, sites, tax levels, invoices, payments."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.store.base import Base, Owned, Revised
from service.store.types import Exact, Id, Json, SortKey

#: Invoices that have no dot, in the words of :mod:`service.store.queries.tallies`; few beside the issued ones.
_NOT_ISSUED = text("status in ('draft', 'voided')")


class CustomerRow(Owned, Revised, Base):
    """A client or a job. ``sort_key`` puts a tree in reading order: a parent, then its jobs, by name."""

    __tablename__ = "customer"
    __table_args__ = (
        UniqueConstraint("organisation_id", "number"),
        Index(None, "organisation_id", "sort_key"),
        Index(None, "organisation_id", "name_key"),
        Index(None, "organisation_id", "updated_at"),
        Index(
            "ix_customer_archived",
            "organisation_id",
            "id",
            sqlite_where=text("archived IS 1"),
            postgresql_where=text("archived IS TRUE"),
        ),
        Index("ix_customer_level_by_name", "organisation_id", "parent_id", "name_key", "id"),
        Index("ix_customer_level_by_age", "organisation_id", "parent_id", "created_at", "id"),
        Index("ix_customer_jobs", "parent_id", "archived", "organisation_id"),
        Index(None, "root_id"),
        CheckConstraint("depth between 1 and 5", name="depth_in_range"),
        CheckConstraint("(parent_id is null) = (depth = 1)", name="only_the_top_has_no_parent"),
    )

    kind: Mapped[str]
    type: Mapped[str]
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(SortKey)  #: folded for comparison: see core.names.name_key
    full_name: Mapped[str] = mapped_column(Text)
    sort_key: Mapped[str] = mapped_column(SortKey)
    parent_id: Mapped[str | None] = mapped_column(Id, ForeignKey("customer.id"))
    root_id: Mapped[str] = mapped_column(Id)  #: the client at the top of the tree; itself for a client
    depth: Mapped[int]
    number: Mapped[str]
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    is_customer: Mapped[bool] = mapped_column(default=True)
    archived: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(default="active")
    email: Mapped[str | None]
    other_emails: Mapped[list[str]] = mapped_column(Json, default=list)
    invoice_email: Mapped[str] = mapped_column(default="to")
    other_emails_invoice: Mapped[str] = mapped_column(default="none")
    phone: Mapped[str | None]
    mobile: Mapped[str | None]
    fax: Mapped[str | None]
    website: Mapped[str | None]
    vat_number: Mapped[str | None]
    ean_number: Mapped[str | None]
    currency: Mapped[str | None]
    tax_level_id: Mapped[str | None] = mapped_column(Id, ForeignKey("tax_level.id"))
    discount_percent: Mapped[Decimal] = mapped_column(Exact, default=Decimal(0))
    payment_terms: Mapped[str | None]
    sales_rep: Mapped[str | None]
    shipping_method: Mapped[str | None]
    allow_partial_payments: Mapped[bool | None]
    product_visibility: Mapped[str] = mapped_column(default="standard_and_exclusive")
    billing_address: Mapped[dict[str, Any] | None] = mapped_column(Json)
    shipping_address: Mapped[dict[str, Any] | None] = mapped_column(Json)
    job_site_id: Mapped[str | None] = mapped_column(Id)  #: site of this job, its client's or its own; checked in code

    contacts: Mapped[list[ContactRow]] = relationship(
        back_populates="customer", order_by="ContactRow.position", cascade="all, delete-orphan", lazy="raise_on_sql"
    )


class SearchWord(Base):
    """A word of a customer's names, number or addresses of mail, folded, so that a prefix search is an index range."""

    __tablename__ = "search_word"
    __table_args__ = (Index(None, "organisation_id", "word"),)

    customer_id: Mapped[str] = mapped_column(Id, ForeignKey("customer.id", ondelete="CASCADE"), primary_key=True)
    word: Mapped[str] = mapped_column(SortKey, primary_key=True)
    organisation_id: Mapped[str] = mapped_column(Id)


class ContactRow(Owned, Revised, Base):
    """A person at a customer."""

    __tablename__ = "contact"
    __table_args__ = (Index(None, "customer_id"), Index(None, "organisation_id"))

    customer_id: Mapped[str] = mapped_column(Id, ForeignKey("customer.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(default=0)
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    role: Mapped[str | None]
    email: Mapped[str | None]
    other_emails: Mapped[list[str]] = mapped_column(Json, default=list)
    phone: Mapped[str | None]
    mobile: Mapped[str | None]
    fax: Mapped[str | None]
    notes: Mapped[str | None] = mapped_column(Text)
    primary: Mapped[bool] = mapped_column(default=False)
    tax_level_id: Mapped[str | None] = mapped_column(Id, ForeignKey("tax_level.id"))
    billing_address: Mapped[dict[str, Any] | None] = mapped_column(Json)
    use_as_billing_address: Mapped[bool] = mapped_column(default=False)
    job_site_id: Mapped[str | None] = mapped_column(Id, ForeignKey("job_site.id"))
    invoice_email: Mapped[str] = mapped_column(default="none")
    other_emails_invoice: Mapped[str] = mapped_column(default="none")

    customer: Mapped[CustomerRow] = relationship(back_populates="contacts", lazy="raise_on_sql")


class JobSiteRow(Owned, Revised, Base):
    """A place where a customer's work is done."""

    __tablename__ = "job_site"
    __table_args__ = (Index(None, "customer_id"), Index(None, "organisation_id"))

    customer_id: Mapped[str] = mapped_column(Id, ForeignKey("customer.id", ondelete="CASCADE"))
    name: Mapped[str]
    address: Mapped[dict[str, Any] | None] = mapped_column(Json)


class TaxLevelRow(Owned, Revised, Base):
    """A named tax rate; ``components`` are ``{"name", "rate_percent"}`` objects that add up to it."""

    __tablename__ = "tax_level"
    __table_args__ = (UniqueConstraint("organisation_id", "name_key"),)

    name: Mapped[str]
    name_key: Mapped[str]
    rate_percent: Mapped[Decimal] = mapped_column(Exact)
    archived: Mapped[bool] = mapped_column(default=False)

    components: Mapped[list[TaxComponentRow]] = relationship(
        order_by="TaxComponentRow.position", cascade="all, delete-orphan", lazy="selectin"
    )


class TaxComponentRow(Base):
    """One part of a tax level."""

    __tablename__ = "tax_component"

    tax_level_id: Mapped[str] = mapped_column(Id, ForeignKey("tax_level.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    rate_percent: Mapped[Decimal] = mapped_column(Exact)


class InvoiceRow(Owned, Revised, Base):
    """A sales invoice. Totals are kept beside the lines they are made of, so that lists need no lines."""

    __tablename__ = "invoice"
    __table_args__ = (
        UniqueConstraint("organisation_id", "number"),
        Index(None, "customer_id", "issue_date"),
        Index(None, "organisation_id", "issue_date", "id"),
        Index(None, "organisation_id", "status", "due_date"),
        Index("uq_invoice_not_issued", "id", unique=True, sqlite_where=_NOT_ISSUED, postgresql_where=_NOT_ISSUED),
        CheckConstraint("status in ('draft', 'approved', 'paid', 'voided')", name="status_known"),
    )

    number: Mapped[str]
    customer_id: Mapped[str] = mapped_column(Id, ForeignKey("customer.id"))
    contact_id: Mapped[str | None] = mapped_column(Id, ForeignKey("contact.id", ondelete="SET NULL"))
    status: Mapped[str] = mapped_column(default="draft")
    issue_date: Mapped[dt.date]
    due_date: Mapped[dt.date]
    currency: Mapped[str]
    reference: Mapped[str | None]
    tax_inclusive: Mapped[bool] = mapped_column(default=False)
    tax_level_id: Mapped[str | None] = mapped_column(Id, ForeignKey("tax_level.id"))
    subtotal: Mapped[Decimal] = mapped_column(Exact, default=Decimal(0))
    tax_total: Mapped[Decimal] = mapped_column(Exact, default=Decimal(0))
    total: Mapped[Decimal] = mapped_column(Exact, default=Decimal(0))
    amount_paid: Mapped[Decimal] = mapped_column(Exact, default=Decimal(0))
    recipients_override: Mapped[dict[str, Any] | None] = mapped_column(Json)
    billing_address_override: Mapped[dict[str, Any] | None] = mapped_column(Json)
    #: What the rules gave when they were last asked; an issued invoice keeps its address and its sub-contact.
    recipients: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)  #: {"to", "cc", "why"}
    billing_address: Mapped[dict[str, Any] | None] = mapped_column(Json)
    billing_address_why: Mapped[str | None]  #: the rule that gave it; None for an override
    sub_contact_id: Mapped[str | None] = mapped_column(Id)

    lines: Mapped[list[InvoiceLineRow]] = relationship(
        order_by="InvoiceLineRow.position", cascade="all, delete-orphan", lazy="raise_on_sql"
    )


class InvoiceLineRow(Base):
    """One line of an invoice."""

    __tablename__ = "invoice_line"

    invoice_id: Mapped[str] = mapped_column(Id, ForeignKey("invoice.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    description: Mapped[str] = mapped_column(Text)
    quantity: Mapped[Decimal] = mapped_column(Exact)
    unit_price: Mapped[Decimal] = mapped_column(Exact)
    discount_percent: Mapped[Decimal] = mapped_column(Exact, default=Decimal(0))
    amount: Mapped[Decimal] = mapped_column(Exact)
    item_code: Mapped[str | None]
    category: Mapped[str | None]
    tax_level_id: Mapped[str | None] = mapped_column(Id, ForeignKey("tax_level.id"))
    #: The level that applies by every rule, as of the totals; an issued invoice keeps it.
    applied_tax_level_id: Mapped[str | None] = mapped_column(Id, ForeignKey("tax_level.id"))
    applied_tax_why: Mapped[str] = mapped_column(Text, default="", server_default="")  #: the rule that decided


class PaymentRow(Owned, Revised, Base):
    """Money received, returned or credited; ``amount`` is positive, the sign is in ``kind``."""

    __tablename__ = "payment"
    __table_args__ = (
        Index(None, "invoice_id"),
        Index(None, "customer_id"),
        Index(None, "organisation_id", "date"),
        CheckConstraint("amount > 0", name="amount_positive"),
    )

    kind: Mapped[str] = mapped_column(default="payment")
    invoice_id: Mapped[str | None] = mapped_column(Id, ForeignKey("invoice.id"))
    customer_id: Mapped[str] = mapped_column(Id, ForeignKey("customer.id"))
    amount: Mapped[Decimal] = mapped_column(Exact)
    currency: Mapped[str]
    date: Mapped[dt.date]
    method: Mapped[str | None]
    reference: Mapped[str | None]
    origin: Mapped[str] = mapped_column(default="ours")  #: "ours", or "package" when a bookkeeper recorded it there
    origin_connection_id: Mapped[str | None] = mapped_column(Id)  #: where it was recorded
    removed: Mapped[bool] = mapped_column(default=False)  #: taken back; kept for the history
    refund_of_id: Mapped[str | None] = mapped_column(Id, ForeignKey("payment.id"))  #: the credit that is paid out
    tax_level_id: Mapped[str | None] = mapped_column(Id, ForeignKey("tax_level.id"))  #: inside a credit or a refund
