"""Putting the sample books into a database, in one transaction, through the same use cases as the API."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from service.records import contacts, customers, invoices, job_sites, payments, tax_levels
from service.records.author import Author
from service.records.inputs import (
    ContactInput,
    CustomerInput,
    InvoiceInput,
    JobSiteInput,
    PaymentInput,
    TaxLevelInput,
)
from service.samples.bodies import ApiRequest, api_requests, remember
from service.samples.books import SampleBooks
from service.store.queries.load import contacts_of

_Load = Callable[[Session, Author, str, Mapping[str, Any]], Any]


def load(session: Session, author: Author, books: SampleBooks) -> dict[str, str]:
    """Load the books for the author's organisation; return the real id of each local reference."""
    ids: dict[str, str] = {}
    for request in api_requests(books, ids):
        made = _load_one(session, author, request)
        remember(ids, request, {"id": made.id, "contacts": _people(session, author, request, made.id)})
    return ids


def _people(session: Session, author: Author, request: ApiRequest, customer_id: str) -> list[dict[str, str]]:
    if not request.contact_refs:
        return []
    made = contacts_of(session, author.organisation_id, [customer_id])
    return [{"id": person.id} for person in made[customer_id]]


def _load_one(session: Session, author: Author, request: ApiRequest) -> Any:
    for pattern, action in _ROUTES:
        found = pattern.fullmatch(request.path)
        if found is not None:
            return action(session, author, found[1] if found.groups() else "", request.body)
    raise LookupError(request.path)


def _customer(session: Session, author: Author, _: str, body: Mapping[str, Any]) -> Any:
    return customers.create_customer(session, author, CustomerInput.model_validate(body))


def _site(session: Session, author: Author, customer_id: str, body: Mapping[str, Any]) -> Any:
    return job_sites.create_job_site(session, author, customer_id, JobSiteInput.model_validate(body))


def _contact(session: Session, author: Author, customer_id: str, body: Mapping[str, Any]) -> Any:
    return contacts.create_contact(session, author, customer_id, ContactInput.model_validate(body))


def _level(session: Session, author: Author, _: str, body: Mapping[str, Any]) -> Any:
    return tax_levels.create_tax_level(session, author, TaxLevelInput.model_validate(body))


def _invoice(session: Session, author: Author, _: str, body: Mapping[str, Any]) -> Any:
    return invoices.create_invoice(session, author, InvoiceInput.model_validate(body))


def _payment(session: Session, author: Author, _: str, body: Mapping[str, Any]) -> Any:
    return payments.record_payment(session, author, PaymentInput.model_validate(body))


def _void(session: Session, author: Author, invoice_id: str, _: Mapping[str, Any]) -> Any:
    return invoices.void_invoice(session, author, invoice_id)


def _archive(session: Session, author: Author, customer_id: str, _: Mapping[str, Any]) -> Any:
    return customers.archive_customer(session, author, customer_id)


_ROUTES: tuple[tuple[re.Pattern[str], _Load], ...] = (
    (re.compile("/tax-levels"), _level),
    (re.compile("/customers"), _customer),
    (re.compile("/customers/([^/]+)/job-sites"), _site),
    (re.compile("/customers/([^/]+)/contacts"), _contact),
    (re.compile("/customers/([^/]+)/archive"), _archive),
    (re.compile("/invoices"), _invoice),
    (re.compile("/invoices/([^/]+)/void"), _void),
    (re.compile("/payments"), _payment),
)
