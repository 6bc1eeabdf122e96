"""The whole of the sample books in one value, the same for the same day on every machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from random import Random

from service.core.model import Customer, CustomerKind, CustomerType, JobSite, Payment, TaxLevel
from service.samples.clients import TAX_LEVELS, make_clients
from service.samples.documents import Ledger, SampleInvoice, make_invoices, make_payments
from service.samples.jobs import add_site_contacts, make_jobs, make_sites

SEED = 20261122
HOME_CURRENCY = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleBooks:
    """All records, each with a local reference as its id that the other records use; a loader gives real ids."""

    organisation_name: str
    currency: str
    tax_levels: tuple[TaxLevel, ...]
    customers: tuple[Customer, ...]  #: clients first, then jobs; always parents before children
    job_sites: tuple[JobSite, ...]
    invoices: tuple[SampleInvoice, ...]  #: in order of issue
    payments: tuple[Payment, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many records of each kind there are."""
        clients = [customer for customer in self.customers if customer.type is CustomerType.CLIENT]
        kinds = Counter(client.kind for client in clients)
        return {
            "companies": kinds[CustomerKind.COMPANY],
            "individuals": kinds[CustomerKind.INDIVIDUAL],
            "jobs": len(self.customers) - len(clients),
            "contacts": sum(len(customer.contacts) for customer in self.customers),
            "job_sites": len(self.job_sites),
            "tax_levels": len(self.tax_levels),
            "invoices": len(self.invoices),
            "payments": len(self.payments),
        }


def sample_books(today: date, *, currency: str = HOME_CURRENCY) -> SampleBooks:
    """Make the books of a job-management company with a year of documents that ends on ``today``.

    Everything but the dates is the same whatever the day. Amounts are in ``currency`` (ISO 4217).
    """
    rng = Random(SEED)
    clients = make_clients(rng, currency)
    sites = make_sites(rng, clients)
    clients = add_site_contacts(rng, clients, sites)
    customers = [*clients, *make_jobs(rng, clients, sites)]
    ledger = Ledger(
        customers={customer.id: customer for customer in customers},
        job_sites={site.id: site for site in sites},
        tax_levels={level.id: level for level in TAX_LEVELS},
        today=today,
    )
    invoices, payments = make_payments(rng, make_invoices(rng, ledger), today)
    return SampleBooks(
        organisation_name="Freeman Job Management",
        currency=currency,
        tax_levels=TAX_LEVELS,
        customers=tuple(customers),
        job_sites=tuple(sites),
        invoices=tuple(invoices),
        payments=tuple(payments),
    )
