"""A year of sample invoices and the payments of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from msgspec import structs

from service.core.hierarchy import ancestors
from service.core.model import (
    Customer,
    CustomerType,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
    JobSite,
    Payment,
    PaymentKind,
    Recipients,
    TaxLevel,
)
from service.core.money import quantise
from service.core.recipients import resolve_billing_address, resolve_recipients, sub_contact_of
from service.core.tax import applied_tax, rate_of
from service.core.totals import TaxableLine, compute_totals, line_amount
from service.samples.chance import happens
from service.samples.clients import EXEMPT, TERMS
from service.samples.words import METHODS, WORK

INVOICES = 1500
_DAYS = 365
_RECENT = 21  #: days in which much is still a draft and little is paid
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleInvoice:
    """An invoice as it must come out of the API, and the override that was given with it."""

    invoice: Invoice
    recipients_override: Recipients | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What invoices are made from: the books so far."""

    customers: Mapping[str, Customer]
    job_sites: Mapping[str, JobSite]
    tax_levels: Mapping[str, TaxLevel]
    today: date

    def chain(self, customer_id: str) -> list[Customer]:
        """Return a customer and its ancestors, nearest first."""
        parents = {ref: customer.parent_id for ref, customer in self.customers.items()}
        return [self.customers[ref] for ref in (customer_id, *ancestors(parents, customer_id))]


def make_invoices(rng: Random, ledger: Ledger) -> list[SampleInvoice]:
    """Return the invoices in order of issue, INV-1001 and on, over the year that ends today."""
    clients, jobs = _billable(ledger)
    days = sorted((rng.randrange(_DAYS) for _ in range(INVOICES)), reverse=True)
    made = []
    for index, day in enumerate(days, start=1):
        customer = rng.choice(jobs if happens(rng, 60) else clients)
        made.append(_invoice(rng, ledger, customer, index, ledger.today - timedelta(days=day)))
    return made


def _billable(ledger: Ledger) -> tuple[list[Customer], list[Customer]]:
    """Return the clients and the jobs that get invoices: active customers below active customers."""
    clients: list[Customer] = []
    jobs: list[Customer] = []
    for customer in ledger.customers.values():
        if all(above.is_customer and not above.archived for above in ledger.chain(customer.id)):
            (clients if customer.type is CustomerType.CLIENT else jobs).append(customer)
    return clients, jobs


def _invoice(rng: Random, ledger: Ledger, customer: Customer, index: int, issued: date) -> SampleInvoice:
    chain = ledger.chain(customer.id)
    currency = customer.currency or ""
    lines = tuple(
        _line(rng, customer.discount_percent, currency) for _ in range(rng.choice([1, 1, 1, 2, 2, 3, 4, 5, 6, 7, 8]))
    )
    override = _override(rng, index)
    people = [contact.id for above in chain for contact in above.contacts]
    draft = Invoice(
        id=f"invoice-{index:04}",
        number=f"INV-{1000 + index}",
        customer_id=customer.id,
        contact_id=rng.choice(people) if people and happens(rng, 12) else None,
        status=_status(rng, (ledger.today - issued).days),
        issue_date=issued,
        due_date=issued + timedelta(days=TERMS[customer.payment_terms or "net30"]),
        currency=currency,
        reference=f"PO {rng.randrange(10_000, 100_000)}" if happens(rng, 30) else None,
        tax_inclusive=happens(rng, 5),
        tax_level_id=rng.choice(list(ledger.tax_levels)) if happens(rng, 4) else None,
        lines=lines,
    )
    return SampleInvoice(invoice=_settle(ledger, draft, chain, override), recipients_override=override)


def _line(rng: Random, customer_discount: Decimal, currency: str) -> InvoiceLine:
    description, low, high, in_hours = rng.choice(WORK)
    quantity = Decimal(rng.randint(1, 64)) / 4 if in_hours else Decimal(rng.choice([1, 1, 1, 2, 3, 5, 12]))
    unit_price = quantise(Decimal(rng.randint(low, high)) / 100, currency)
    discount = Decimal(rng.choice(["5", "10", "12.5"])) if happens(rng, 8) else customer_discount
    return InvoiceLine(
        description=description,
        quantity=quantity,
        unit_price=unit_price,
        discount_percent=discount,
        amount=line_amount(quantity=quantity, unit_price=unit_price, discount_percent=discount, currency=currency),
        # a line has either the document's tax or none: one tax per document is what every package can hold
        tax_level_id=EXEMPT if happens(rng, 4) else None,
    )


def _status(rng: Random, age: int) -> InvoiceStatus:
    """Draw a status that fits the age in days. PAID here means: to be paid; payments make it so."""
    if happens(rng, 35 if age < _RECENT else 2):
        return InvoiceStatus.DRAFT
    if happens(rng, 3):
        return InvoiceStatus.VOIDED
    return InvoiceStatus.PAID if happens(rng, 20 if age < _RECENT else 75) else InvoiceStatus.APPROVED


def _override(rng: Random, index: int) -> Recipients | None:
    if not happens(rng, 4):
        return None
    to = (f"project{index}@example.com",)
    return Recipients(to=to, cc=(f"copy{index}@example.com",) if index % 2 else ())


def _settle(ledger: Ledger, draft: Invoice, chain: Sequence[Customer], override: Recipients | None) -> Invoice:
    """Add what follows from the rest: tax levels, totals, recipients, billing address."""
    levels = tuple(
        applied_tax(
            line_level_id=line.tax_level_id,
            invoice_level_id=draft.tax_level_id,
            chain=chain,
            contact_id=draft.contact_id,
        ).tax_level_id
        for line in draft.lines
    )
    totals = compute_totals(
        [
            TaxableLine(amount=line.amount, rate_percent=rate_of(ledger.tax_levels.get(level or "")))
            for line, level in zip(draft.lines, levels, strict=True)
        ],
        inclusive=draft.tax_inclusive,
        currency=draft.currency,
    )
    sites, contact_id = ledger.job_sites, draft.contact_id
    sub_contact = sub_contact_of(chain, contact_id, job_sites=sites)
    return structs.replace(
        draft,
        line_tax_levels=levels,
        subtotal=totals.subtotal,
        tax_total=totals.tax_total,
        total=totals.total,
        recipients=resolve_recipients(chain=chain, contact_id=contact_id, override=override, job_sites=sites),
        billing_address=resolve_billing_address(chain=chain, contact_id=contact_id, job_sites=sites).address,
        sub_contact_id=sub_contact.id if sub_contact else None,
    )


def make_payments(
    rng: Random, invoices: Sequence[SampleInvoice], today: date
) -> tuple[list[SampleInvoice], list[Payment]]:
    """Return the invoices with what was paid of them, and the payments: in full, in two parts, or part only."""
    settled: list[SampleInvoice] = []
    payments: list[Payment] = []
    for sample in invoices:
        made = list(_payments(rng, sample.invoice, today))
        payments += made
        paid = sum((payment.amount for payment in made), start=_ZERO)
        settled.append(replace(sample, invoice=structs.replace(sample.invoice, amount_paid=paid)))
    return settled, payments


def _payments(rng: Random, invoice: Invoice, today: date) -> Iterator[Payment]:
    half = quantise(invoice.total / 2, invoice.currency)
    match invoice.status:
        case InvoiceStatus.PAID if happens(rng, 88):
            amounts = [invoice.total]
        case InvoiceStatus.PAID:
            amounts = [half, invoice.total - half]
        case InvoiceStatus.APPROVED if happens(rng, 10):
            amounts = [half]
        case _:
            amounts = []
    for place, amount in enumerate(amounts, start=1):
        day = min(today, invoice.issue_date + timedelta(days=rng.randint(1, 20) * place))
        yield Payment(
            id=f"{invoice.id.replace('invoice', 'payment')}.{place}",
            kind=PaymentKind.PAYMENT,
            amount=amount,
            date=day,
            customer_id=invoice.customer_id,
            currency=invoice.currency,
            invoice_id=invoice.id,
            method=rng.choice(METHODS),
            reference=f"R{rng.randrange(10**6, 10**7)}" if happens(rng, 60) else None,
        )
