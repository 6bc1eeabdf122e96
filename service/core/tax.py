"""Which tax level applies to each line of an invoice, and what a level adds up to.

The first that is set wins: the line, the invoice, the sub-contact (the chosen contact, else that of the job's job
site), the customer, its nearest ancestor, the company's own default. Set nowhere, the line carries no tax.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from service.core.model import Customer, JobSite, TaxComponent, TaxLevel
from service.core.money import add_up, decimal_text
from service.core.recipients import NO_SITES, contact_words, invoice_contacts

MAX_RATE = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedTax:
    """The tax level of one line and the rule that decided."""

    tax_level_id: str | None  #: None: no tax
    why: str


def applied_tax(
    *,
    line_level_id: str | None,
    invoice_level_id: str | None,
    chain: Sequence[Customer],
    contact_id: str | None = None,
    job_sites: Mapping[str, JobSite] = NO_SITES,
    default_level_id: str | None = None,
) -> AppliedTax:
    """Return the tax level of one line.

    :param chain: the invoice's customer, then its ancestors, nearest first.
    :param contact_id: the contact chosen on the invoice.
    :param job_sites: by id, for their names.
    :param default_level_id: the level of the company whose books these are, where nothing nearer names one.
    """
    if line_level_id:
        return AppliedTax(tax_level_id=line_level_id, why="tax level of the line")
    if invoice_level_id:
        return AppliedTax(tax_level_id=invoice_level_id, why="tax level of the invoice")
    for found in invoice_contacts(chain, contact_id):
        if found.contact.tax_level_id:
            why = f"tax level of {contact_words(found, job_sites)}"
            return AppliedTax(tax_level_id=found.contact.tax_level_id, why=why)
    for customer in chain:
        if customer.tax_level_id:
            whose = "the customer" if customer is chain[0] else customer.name
            return AppliedTax(tax_level_id=customer.tax_level_id, why=f"tax level of {whose}")
    if default_level_id:
        return AppliedTax(tax_level_id=default_level_id, why="company default")
    return AppliedTax(tax_level_id=None, why="no tax level is set")


def rate_of(level: TaxLevel | None) -> Decimal:
    """Return the rate in per cent: the sum of the components if there are any; 0 for no level."""
    if level is None:
        return Decimal(0)
    return sum_rates(level.components) if level.components else level.rate_percent


def sum_rates(components: Sequence[TaxComponent]) -> Decimal:
    """Return the sum of the components' rates in per cent. Components add up; none is charged on another."""
    return add_up(component.rate_percent for component in components)


def tax_level_fault(rate_percent: Decimal, components: Sequence[TaxComponent]) -> str | None:
    """Return a sentence saying why a tax level cannot be as stated, or None."""
    rates = [rate_percent, *(component.rate_percent for component in components)]
    if any(not 0 <= rate <= MAX_RATE for rate in rates):
        return "A tax rate must be between 0 and 100 per cent."
    if components and sum_rates(components) != rate_percent:
        total, stated = decimal_text(sum_rates(components)), decimal_text(rate_percent)
        return f"The components add up to {total} %, but the rate is {stated} %."
    return None
