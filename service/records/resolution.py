"""What follows for an invoice from its customer, contacts and tax levels: recipients, address, tax and totals.

A draft follows every change of what it is made from. An issued invoice keeps its tax and its address, as the document
that it is; until it is paid its recipients still follow, so that a reminder reaches the address that is right now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from msgspec import structs
from sqlalchemy.orm import Session

from service.core.model import Customer, InvoiceStatus, JobSite, Recipients, TaxLevel
from service.core.money import MoneyError, to_units
from service.core.ports import EntityKind
from service.core.recipients import resolve_billing_address, resolve_recipients, sub_contact_of
from service.core.tax import applied_tax, rate_of
from service.core.totals import TaxableLine, compute_totals, line_amount
from service.records.author import Author
from service.records.errors import invalid
from service.records.trail import Alteration, plain, report, revise, want
from service.store.queries.events import Subject
from service.store.queries.find import find_organisation
from service.store.queries.invoices import open_invoices_of
from service.store.queries.load import chain_of, lines_of, load_customers, load_job_sites, load_tax_levels
from service.store.queries.values import recipients_value
from service.store.records import InvoiceLineRow, InvoiceRow

_DERIVED = ("recipients", "billing_address", "subtotal", "tax_total", "total")


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Everything the rules look at, for the invoices of some customers."""

    customers: Mapping[str, Customer]
    job_sites: Mapping[str, JobSite]
    tax_levels: Mapping[str, TaxLevel]
    default_tax_level_id: str | None = None

    def chain(self, customer_id: str) -> tuple[Customer, ...]:
        """Return a customer and its ancestors, nearest first."""
        return chain_of(dict(self.customers), customer_id)


def load_circumstances(session: Session, organisation_id: str, customer_ids: Iterable[str]) -> Circumstances:
    """Read what the rules need for the invoices of these customers, in a few statements."""
    customers = load_customers(session, organisation_id, customer_ids)
    return Circumstances(
        customers=customers,
        job_sites=load_job_sites(session, organisation_id, customers),
        tax_levels=load_tax_levels(session, organisation_id),
        default_tax_level_id=find_organisation(session, organisation_id).tax_level_id,
    )


def settle(row: InvoiceRow, lines: Sequence[InvoiceLineRow], given: Circumstances) -> None:
    """Work out tax, totals, address and recipients anew.

    :raises Invalid: the amounts are too large to be kept.
    """
    chain = given.chain(row.customer_id)
    taxable = []
    for position, line in enumerate(lines):
        applied = applied_tax(
            line_level_id=line.tax_level_id,
            invoice_level_id=row.tax_level_id,
            chain=chain,
            contact_id=row.contact_id,
            job_sites=given.job_sites,
            default_level_id=given.default_tax_level_id,
        )
        line.applied_tax_level_id, line.applied_tax_why = applied.tax_level_id, applied.why
        line.amount = line_amount(
            quantity=line.quantity,
            unit_price=line.unit_price,
            discount_percent=line.discount_percent,
            currency=row.currency,
        )
        _require_room(f"lines.{position}", line)
        rate = rate_of(given.tax_levels.get(applied.tax_level_id or ""))
        taxable.append(TaxableLine(amount=line.amount, rate_percent=rate))
    totals = compute_totals(taxable, inclusive=row.tax_inclusive, currency=row.currency)
    row.subtotal, row.tax_total, row.total = totals.subtotal, totals.tax_total, totals.total
    _require_room("lines", row)
    found = resolve_billing_address(chain=chain, contact_id=row.contact_id, job_sites=given.job_sites)
    by_rule = None if found.address is None else structs.asdict(found.address)
    row.billing_address = row.billing_address_override or by_rule
    row.billing_address_why = None if row.billing_address_override or by_rule is None else found.why
    sub_contact = sub_contact_of(chain, row.contact_id, job_sites=given.job_sites)
    row.sub_contact_id = sub_contact.id if sub_contact else None
    settle_recipients(row, given)


def settle_recipients(row: InvoiceRow, given: Circumstances) -> None:
    """Work out anew who receives an invoice."""
    override = None if row.recipients_override is None else recipients_value(row.recipients_override)
    found = resolve_recipients(
        chain=given.chain(row.customer_id),
        contact_id=row.contact_id,
        override=override,
        job_sites=given.job_sites,
    )
    row.recipients = _document(found)


def follow(session: Session, author: Author, customer_ids: Iterable[str]) -> None:
    """Let open invoices of customers follow a change of those customers; what changes by it is touched and reported."""
    rows = open_invoices_of(session, author.organisation_id, customer_ids)
    if not rows:
        return
    given = load_circumstances(session, author.organisation_id, {row.customer_id for row in rows})
    lines = lines_of(session, [row.id for row in rows if row.status == InvoiceStatus.DRAFT])
    changed = []
    for row in rows:
        before = {field: plain(getattr(row, field)) for field in _DERIVED}
        if row.status == InvoiceStatus.DRAFT:
            settle(row, lines.get(row.id, ()), given)
        else:
            settle_recipients(row, given)
        after = {field: value for field in _DERIVED if (value := plain(getattr(row, field))) != before[field]}
        if _matters(before, after):
            changed.append(row)
            revise(row, author)
            subject = Subject(kind=EntityKind.INVOICE, id=row.id, label=row.number)
            report(session, author, "followed", subject, Alteration({field: before[field] for field in after}, after))
    issued = [row.id for row in changed if row.status != InvoiceStatus.DRAFT]
    want(session, author.everywhere(), EntityKind.INVOICE, issued)


def _matters(before: Mapping[str, object], after: Mapping[str, object]) -> bool:
    """Tell whether more changed than the words that explain the recipients."""
    if set(after) != {"recipients"}:
        return bool(after)
    old, new = before["recipients"], after["recipients"]
    assert isinstance(old, dict)  # noqa: S101 - documents as settle_recipients writes them
    assert isinstance(new, dict)  # noqa: S101
    return any(old.get(part) != new.get(part) for part in ("to", "cc"))


def _document(found: Recipients) -> dict[str, object]:
    return {"to": list(found.to), "cc": list(found.cc), "why": found.why}


def _require_room(field: str, row: InvoiceRow | InvoiceLineRow) -> None:
    amounts = [row.amount] if isinstance(row, InvoiceLineRow) else [row.subtotal, row.tax_total, row.total]
    try:
        for amount in amounts:
            to_units(amount)
    except MoneyError as error:
        raise invalid(field, str(error)) from None
