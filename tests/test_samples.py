"""What the sample books promise: the same everywhere, sound by our own rules, and wide enough to show what matters."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

import pytest
from msgspec import structs
from pydantic import BaseModel

from service.core.hierarchy import find_refusals, full_name_of
from service.core.model import Contact, Customer, CustomerKind, CustomerType, InvoiceStatus, SendTo
from service.core.names import MAX_NAME_LENGTH, name_fault, name_key
from service.core.recipients import NOBODY
from service.core.tax import rate_of, tax_level_fault
from service.core.totals import amount_paid
from service.ids import new_id
from service.records.inputs import (
    ContactInput,
    CustomerInput,
    InvoiceInput,
    JobSiteInput,
    PaymentInput,
    TaxLevelInput,
)
from service.samples import ApiRequest, SampleBooks, SampleInvoice, api_requests, remember, sample_books

TODAY = date(2026, 11, 22)
BOOKS = sample_books(TODAY)
CUSTOMERS = {customer.id: customer for customer in BOOKS.customers}
CLIENTS = [customer for customer in BOOKS.customers if customer.type is CustomerType.CLIENT]
JOBS = [customer for customer in BOOKS.customers if customer.type is CustomerType.JOB]
PEOPLE = [person for customer in BOOKS.customers for person in customer.contacts]
INVOICES = [sample.invoice for sample in BOOKS.invoices]


def _named(name: str) -> Customer:
    (found,) = [client for client in CLIENTS if client.name == name]
    return found


def _scripts(text: str) -> set[str]:
    return {unicodedata.name(char).split()[0] for char in text if char.isalpha()}


# --- the same everywhere ----------------------------------------------------------------------------------------------


def test_the_same_day_gives_the_same_books() -> None:
    assert sample_books(TODAY) == BOOKS


def test_another_day_moves_the_dates_and_nothing_else() -> None:
    def without_dates(books: SampleBooks) -> list[object]:
        plain = [structs.replace(s.invoice, issue_date=TODAY, due_date=TODAY, id="") for s in books.invoices]
        return [books.customers, books.job_sites, *plain, *(structs.replace(p, date=TODAY) for p in books.payments)]

    later = sample_books(TODAY + timedelta(days=100))
    assert without_dates(later) == without_dates(BOOKS)
    assert {
        b.issue_date - a.issue_date for a, b in zip(INVOICES, (s.invoice for s in later.invoices), strict=True)
    } == {timedelta(days=100)}


def test_the_books_have_the_promised_size() -> None:
    assert BOOKS.counts["companies"] == 300
    assert BOOKS.counts["invoices"] == 1500
    assert BOOKS.counts["tax_levels"] == 4
    assert 300 <= BOOKS.counts["jobs"] <= 600
    assert BOOKS.counts["jobs"] + len(CLIENTS) == len(BOOKS.customers)
    assert BOOKS.counts["companies"] + BOOKS.counts["individuals"] == len(CLIENTS)
    assert BOOKS.counts["contacts"] == len(PEOPLE) > 600
    assert BOOKS.counts["payments"] == len(BOOKS.payments) > 900


# --- customers --------------------------------------------------------------------------------------------------------


def test_the_tree_is_sound_parents_come_first_and_every_depth_occurs() -> None:
    parents = {customer.id: customer.parent_id for customer in BOOKS.customers}
    assert len(parents) == len(BOOKS.customers)
    assert find_refusals(parents) == ()
    names = {customer.id: customer.name for customer in BOOKS.customers}
    seen: set[str | None] = {None}
    for customer in BOOKS.customers:
        assert customer.parent_id in seen
        assert customer.full_name == full_name_of(parents, names, customer.id)
        assert (customer.depth > 1) == (customer.type is CustomerType.JOB) == (customer.parent_id is not None)
        seen.add(customer.id)
    assert min(Counter(customer.depth for customer in BOOKS.customers).values()) >= 30
    assert {customer.depth for customer in BOOKS.customers} == {1, 2, 3, 4, 5}


def test_names_are_valid_and_unique_where_they_must_be_and_repeat_where_they_may() -> None:
    assert [name_fault(customer.name) for customer in BOOKS.customers] == [None] * len(BOOKS.customers)
    assert len({name_key(client.name) for client in CLIENTS}) == len(CLIENTS)
    assert len({(job.parent_id, name_key(job.name)) for job in JOBS}) == len(JOBS)
    repeated = Counter(name_key(job.name) for job in JOBS)
    assert repeated["phase 1"] > 10
    assert len({job.full_name.split(":")[0] for job in JOBS if job.name == "Phase 1"}) > 10
    (longest,) = [client for client in CLIENTS if len(client.name) == MAX_NAME_LENGTH]
    assert [job for job in JOBS if job.parent_id == longest.id]
    numbers = [customer.number for customer in BOOKS.customers]
    assert None not in numbers
    assert len(set(numbers)) == len(numbers)


def test_names_come_in_six_scripts() -> None:
    scripts = Counter(script for client in CLIENTS for script in _scripts(client.name))
    assert {"LATIN", "CYRILLIC", "GREEK", "CJK", "ARABIC", "DEVANAGARI"} <= set(scripts)
    assert min(scripts[script] for script in ("CYRILLIC", "GREEK", "CJK", "ARABIC", "DEVANAGARI")) >= 6
    assert sum(not client.name.isascii() and _scripts(client.name) == {"LATIN"} for client in CLIENTS) >= 15
    assert len({tuple(_scripts(person.full_name)) for person in PEOPLE}) >= 5


@pytest.mark.parametrize(
    ("name", "email"),
    [
        ("Freeman Sporting Goods", "freemansportinggoods@example.com"),
        ("Amy's Bird Sanctuary", "amysbirdsanctuary@example.com"),
        ("Ridgeway University", "katherine@ridgewayuniversity.example.com"),
        ("City Limousines", "martin@citylimousines.example.com"),
    ],
)
def test_some_customers_are_known_at_the_packages_by_name_and_email(name: str, email: str) -> None:
    assert (_named(name).email, _named(name).is_customer, _named(name).archived) == (email, True, False)


def test_the_client_that_collides_with_a_vendor_is_sent() -> None:
    client = _named("Harbour Roofing")
    assert (client.is_customer, client.archived, client.depth) == (True, False, 1)


def test_some_are_archived_some_are_no_customers_and_neither_has_invoices() -> None:
    idle = {client.id for client in CLIENTS if client.archived or not client.is_customer}
    assert sum(not client.is_customer for client in CLIENTS) >= 5
    assert sum(client.archived for client in CLIENTS) >= 5
    assert [job for job in JOBS if job.archived]
    assert not idle & {job.parent_id for job in JOBS}
    assert not [i for i in INVOICES if i.customer_id in idle or CUSTOMERS[i.customer_id].archived]
    assert not [job for job in JOBS if CUSTOMERS[job.parent_id or ""].archived and not job.archived]


def test_a_company_has_a_primary_contact_who_can_be_written_to() -> None:
    for client in CLIENTS:
        assert client.kind is CustomerKind.INDIVIDUAL or (client.contacts[0].first_name and client.contacts[0].email)
        marked = [place for place, person in enumerate(client.contacts) if person.primary]
        assert marked == ([0] if client.kind is CustomerKind.COMPANY else [])
        assert client.kind is CustomerKind.COMPANY or client.name == f"{client.first_name} {client.last_name}"
    assert max(len(client.contacts) for client in CLIENTS) > 5  # more than one package can hold


def test_contacts_have_all_roles_and_every_choice_of_recipients() -> None:
    assert {person.role for person in PEOPLE} == {
        "Accounts",
        "Site manager",
        "Owner",
        "Purchasing",
        "Facilities",
        "Project manager",
        "Reception",
    }
    choices = {(p.invoice_email, p.other_emails_invoice) for p in PEOPLE if p.job_site_id and p.other_emails}
    assert len(choices) == len(SendTo) ** 2
    assert [p for p in PEOPLE if p.tax_level_id and p.billing_address]
    assert [p for p in PEOPLE if p.tax_level_id and not p.billing_address]
    assert [p for p in PEOPLE if p.billing_address and not p.tax_level_id]
    assert [p for p in PEOPLE if p.use_as_billing_address and not p.billing_address and p.job_site_id]


def _addresses_of_mail() -> Iterator[str]:
    owners: list[Customer | Contact] = [*BOOKS.customers, *PEOPLE]
    for owner in owners:
        yield from filter(None, (owner.email, *owner.other_emails))
    for sample in BOOKS.invoices:
        yield from (*sample.invoice.recipients.to, *sample.invoice.recipients.cc)


def test_no_address_and_no_telephone_could_be_somebodys() -> None:
    for address in _addresses_of_mail():
        assert re.fullmatch(r"[a-z0-9._-]+@([a-z0-9-]+\.)*example(\.com)?", address), address
    owners: list[Customer | Contact] = [*BOOKS.customers, *PEOPLE]
    for phone in filter(None, (number for owner in owners for number in (owner.phone, owner.mobile, owner.fax))):
        assert re.fullmatch(r"\+1 [0-9]{3} 555 01[0-9]{2}", phone), phone
    for client in CLIENTS:
        assert client.website is None or client.website.endswith((".example", "//example.com", ".example.com"))


def test_job_sites_belong_to_their_clients_and_jobs_point_to_them() -> None:
    owner_of = {site.id: site.customer_id for site in BOOKS.job_sites}
    for customer in BOOKS.customers:
        client = customer.id.replace("job-", "client-").split(".")[0]
        assert customer.job_site_id is None or owner_of[customer.job_site_id] == client
        assert all(p.job_site_id is None or owner_of[p.job_site_id] == customer.id for p in customer.contacts)
        assert all(p.customer_id == customer.id for p in customer.contacts)
    assert sum(job.job_site_id is not None for job in JOBS) > 30


# --- documents --------------------------------------------------------------------------------------------------------


def test_invoices_run_over_one_year_that_ends_today() -> None:
    days = [invoice.issue_date for invoice in INVOICES]
    assert days == sorted(days)
    assert TODAY - timedelta(days=365) < days[0] < TODAY - timedelta(days=350)
    assert TODAY - timedelta(days=7) < days[-1] <= TODAY
    assert [invoice.number for invoice in INVOICES] == [f"INV-{number}" for number in range(1001, 2501)]
    assert all(invoice.due_date >= invoice.issue_date for invoice in INVOICES)


def test_invoices_are_of_every_kind() -> None:
    assert {len(invoice.lines) for invoice in INVOICES} == set(range(1, 9))
    statuses = Counter(invoice.status for invoice in INVOICES)
    assert min(statuses[status] for status in InvoiceStatus) >= 30
    levels = Counter(level for invoice in INVOICES for level in invoice.line_tax_levels)
    assert set(levels) == {None, *(level.id for level in BOOKS.tax_levels)}
    assert sum(invoice.tax_inclusive for invoice in INVOICES) >= 30
    assert sum(any(line.discount_percent for line in invoice.lines) for invoice in INVOICES) >= 200
    assert sum(sample.recipients_override is not None for sample in BOOKS.invoices) >= 30
    assert sum(invoice.sub_contact_id is not None for invoice in INVOICES) >= 50
    assert sum(CUSTOMERS[invoice.customer_id].depth == 5 for invoice in INVOICES) >= 30
    rules = Counter(invoice.recipients.why.split()[0] for invoice in INVOICES if invoice.recipients.why != NOBODY)
    assert set(rules) == {"override", "contact", "company", "primary"}
    assert [invoice for invoice in INVOICES if invoice.recipients.cc]


def test_tax_levels_add_up_and_no_invoice_mixes_two_rates_above_zero() -> None:
    rates = {level.id: rate_of(level) for level in BOOKS.tax_levels}
    assert [tax_level_fault(level.rate_percent, level.components) for level in BOOKS.tax_levels] == [None] * 4
    assert [level for level in BOOKS.tax_levels if level.components]
    for invoice in INVOICES:
        assert len({rates[level] for level in invoice.line_tax_levels if level and rates[level]}) <= 1


def test_amounts_are_those_of_the_lines() -> None:
    for invoice in INVOICES:
        amounts = sum((line.amount for line in invoice.lines), start=Decimal(0))
        assert invoice.subtotal + invoice.tax_total == invoice.total > 0
        assert amounts == (invoice.total if invoice.tax_inclusive else invoice.subtotal)


def test_payments_settle_exactly_the_paid_invoices() -> None:
    of_invoice: dict[str | None, list[int]] = {}
    for place, payment in enumerate(BOOKS.payments):
        assert payment.amount > 0
        of_invoice.setdefault(payment.invoice_id, []).append(place)
    for invoice in INVOICES:
        payments = [BOOKS.payments[place] for place in of_invoice.get(invoice.id, ())]
        assert amount_paid(payments) == invoice.amount_paid
        assert all(invoice.issue_date <= payment.date <= TODAY for payment in payments)
        assert (invoice.status is InvoiceStatus.PAID) == (invoice.amount_paid == invoice.total)
        assert not payments or invoice.status in {InvoiceStatus.PAID, InvoiceStatus.APPROVED}
    assert [i for i in INVOICES if 0 < i.amount_paid < i.total]
    assert [places for places in of_invoice.values() if len(places) > 1]


def test_another_currency_is_possible() -> None:
    books = sample_books(TODAY, currency="JPY")
    assert {invoice.invoice.currency for invoice in books.invoices} == {"JPY"}
    assert all(invoice.invoice.total == int(invoice.invoice.total) for invoice in books.invoices)


# --- loading through the API ------------------------------------------------------------------------------------------

INPUTS: tuple[tuple[str, type[BaseModel]], ...] = (
    (r"/tax-levels", TaxLevelInput),
    (r"/customers", CustomerInput),
    (r"/customers/[0-9a-f]{32}/job-sites", JobSiteInput),
    (r"/customers/[0-9a-f]{32}/contacts", ContactInput),
    (r"/invoices", InvoiceInput),
    (r"/payments", PaymentInput),
)


@cache
def _load() -> tuple[dict[str, str], list[ApiRequest]]:
    ids: dict[str, str] = {}
    requests: list[ApiRequest] = []
    for request in api_requests(BOOKS, ids):
        requests.append(request)
        contacts = [{"id": new_id()} for _ in request.contact_refs]
        remember(ids, request, {"id": new_id(), "contacts": contacts})
    return ids, requests


def test_every_record_is_made_by_one_request_that_the_api_understands() -> None:
    ids, requests = _load()
    expected = [level.id for level in BOOKS.tax_levels] + [site.id for site in BOOKS.job_sites] + list(CUSTOMERS)
    expected += [person.id for person in PEOPLE]
    expected += [invoice.id for invoice in INVOICES] + [payment.id for payment in BOOKS.payments]
    assert sorted(ids) == sorted(expected)
    made = [ref for request in requests for ref in (request.ref, *request.contact_refs) if ref]
    assert len(made) == len(set(made)) == len(expected)
    for request in requests:
        body = json.loads(json.dumps(request.body))
        models = [model for pattern, model in INPUTS if re.fullmatch(pattern, request.path)]
        assert len(models) == (request.ref is not None)
        for model in models:
            model.model_validate(body)


def test_what_is_voided_or_archived_is_so_by_a_request_of_its_own() -> None:
    ids, requests = _load()
    acts = Counter(request.path.rsplit("/", 1)[1] for request in requests if request.ref is None)
    assert acts == {
        "void": sum(invoice.status is InvoiceStatus.VOIDED for invoice in INVOICES),
        "archive": sum(customer.archived for customer in BOOKS.customers),
    }
    assert {f"/customers/{ids[c.id]}/archive" for c in BOOKS.customers if c.archived} <= {r.path for r in requests}


def test_a_request_carries_what_was_chosen_and_nothing_that_follows_from_it() -> None:
    ids, requests = _load()
    sample: SampleInvoice = next(s for s in BOOKS.invoices if s.recipients_override and s.recipients_override.cc)
    (request,) = [request for request in requests if request.ref == sample.invoice.id]
    assert sample.recipients_override is not None
    assert request.body["customer_id"] == ids[sample.invoice.customer_id]
    assert request.body["recipients_override"]["to"] == list(sample.recipients_override.to)
    assert request.body["status"] == ("draft" if sample.invoice.status is InvoiceStatus.DRAFT else "approved")
    assert not {"id", "total", "amount_paid", "recipients", "line_tax_levels"} & set(request.body)
    assert "amount" not in request.body["lines"][0]


def test_a_loader_that_forgets_an_id_is_told() -> None:
    with pytest.raises(KeyError):
        list(api_requests(BOOKS, {}))
