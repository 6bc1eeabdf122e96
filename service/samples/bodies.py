"""The sample books as requests to our own API, in an order in which each finds what it refers to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec import Struct, structs

from service.core.model import Contact, Customer, CustomerType, InvoiceStatus
from service.core.money import decimal_text
from service.samples.books import SampleBooks
from service.samples.documents import SampleInvoice

Body = dict[str, Any]

# what the API takes from the path, or works out by itself
_OMITTED_OF_CUSTOMER = ("type", "full_name", "depth", "archived")
_OMITTED_OF_CONTACT = ("customer_id",)
_OMITTED_OF_SITE = ("customer_id",)
_OMITTED_OF_INVOICE = (
    "status",
    "line_tax_levels",
    "subtotal",
    "tax_total",
    "total",
    "amount_paid",
    "recipients",
    "billing_address",
    "sub_contact_id",
)
_OMITTED_OF_LINE = ("amount",)
_OMITTED_OF_PAYMENT = ("customer_id", "currency", "removed")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """One POST below ``/api/v1``."""

    path: str
    body: Body
    ref: str | None = None  #: local reference of the record it makes; None where it makes none
    contact_refs: tuple[str, ...] = ()  #: those of the contacts made with it, in order


def api_requests(books: SampleBooks, ids: Mapping[str, str]) -> Iterator[ApiRequest]:
    """Yield the requests that load the books, one by one.

    :param ids: local reference -> id. Call ``remember`` with each answer before taking the next request.
    :raises KeyError: if that was forgotten.
    """
    yield from _masters(books, ids)
    for sample in books.invoices:
        yield _invoice_request(sample, ids)
    for payment in books.payments:
        yield ApiRequest(ref=payment.id, path="/payments", body=_body(payment, ids, _OMITTED_OF_PAYMENT))
    for sample in books.invoices:
        if sample.invoice.status is InvoiceStatus.VOIDED:
            yield ApiRequest(path=f"/invoices/{ids[sample.invoice.id]}/void", body={})
    for customer in reversed(books.customers):  # children first: nothing stays active below an archived parent
        if customer.archived:
            yield ApiRequest(path=f"/customers/{ids[customer.id]}/archive", body={})


def _masters(books: SampleBooks, ids: Mapping[str, str]) -> Iterator[ApiRequest]:
    for level in books.tax_levels:
        yield ApiRequest(ref=level.id, path="/tax-levels", body=_body(level, ids))
    for client in _of_type(books.customers, CustomerType.CLIENT):
        yield _customer_request(client, ids)
    for site in books.job_sites:
        path = f"/customers/{ids[site.customer_id]}/job-sites"
        yield ApiRequest(ref=site.id, path=path, body=_body(site, ids, _OMITTED_OF_SITE))
    for person in _at_sites(books.customers):
        path = f"/customers/{ids[person.customer_id]}/contacts"
        yield ApiRequest(ref=person.id, path=path, body=_body(person, ids, _OMITTED_OF_CONTACT))
    for job in _of_type(books.customers, CustomerType.JOB):
        yield _customer_request(job, ids)


def remember(ids: MutableMapping[str, str], request: ApiRequest, answer: Mapping[str, Any]) -> None:
    """Keep the ids of the records that a request has made."""
    if request.ref is not None:
        ids[request.ref] = answer["id"]
    for ref, contact in zip(request.contact_refs, answer.get("contacts") or (), strict=False):
        ids[ref] = contact["id"]


def _of_type(customers: Sequence[Customer], kind: CustomerType) -> Iterator[Customer]:
    return (customer for customer in customers if customer.type is kind)


def _at_sites(customers: Sequence[Customer]) -> Iterator[Contact]:
    """Yield the contacts that can be made only after their job site."""
    return (person for customer in customers for person in customer.contacts if person.job_site_id)


def _customer_request(customer: Customer, ids: Mapping[str, str]) -> ApiRequest:
    people = tuple(person for person in customer.contacts if not person.job_site_id)
    body = _body(structs.replace(customer, contacts=()), ids, _OMITTED_OF_CUSTOMER)
    body["contacts"] = [_body(person, ids, _OMITTED_OF_CONTACT) for person in people]
    refs = tuple(person.id for person in people)
    return ApiRequest(ref=customer.id, path="/customers", body=body, contact_refs=refs)


def _invoice_request(sample: SampleInvoice, ids: Mapping[str, str]) -> ApiRequest:
    invoice = sample.invoice
    body = _body(structs.replace(invoice, lines=()), ids, _OMITTED_OF_INVOICE)
    body["status"] = "draft" if invoice.status is InvoiceStatus.DRAFT else "approved"
    body["lines"] = [_body(line, ids, _OMITTED_OF_LINE) for line in invoice.lines]
    if sample.recipients_override is not None:
        override = sample.recipients_override
        body["recipients_override"] = {"to": list(override.to), "cc": list(override.cc)}
    return ApiRequest(ref=invoice.id, path="/invoices", body=body)


def _body(record: Any, ids: Mapping[str, str], omitted: Sequence[str] = ()) -> Body:  # any frozen value of the model
    fields = {name: value for name, value in structs.asdict(record).items() if name != "id" and name not in omitted}
    return _plain(fields, ids)


def _plain(fields: Mapping[str, Any], ids: Mapping[str, str]) -> Body:
    """Write values as JSON has them, references as ids, and leave out what is not set."""
    return {
        name: ids[value] if name.endswith("_id") else _plain_value(value, ids)
        for name, value in fields.items()
        if value is not None and value != ()
    }


def _plain_value(value: Any, ids: Mapping[str, str]) -> Any:
    match value:
        case Decimal():
            return decimal_text(value)
        case date():
            return value.isoformat()
        case Struct():
            return _plain(structs.asdict(value), ids)
        case tuple():
            return [_plain_value(item, ids) for item in value]
        case bool():
            return value
        case _:
            return str(value)
