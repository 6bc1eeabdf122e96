"""Records in bulk as values of the core: a few statements for any number of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from msgspec import defstruct
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.core.model import Allocation, Contact, Customer, Invoice, JobSite, Payment, TaxLevel
from service.store.credit_models import AllocationRow
from service.store.queries import allocations
from service.store.queries.find import chunks, find_all
from service.store.queries.tree import ancestor_ids, job_sites_of
from service.store.queries.values import (
    allocation_value,
    contact_value,
    customer_value,
    invoice_value,
    job_site_value,
    payment_value,
    tax_level_value,
)
from service.store.records import ContactRow, CustomerRow, InvoiceLineRow, InvoiceRow, PaymentRow, TaxLevelRow

_CUSTOMERS, _CONTACTS = CustomerRow.__table__, ContactRow.__table__
#: What values are made of, and where a customer stands in its tree.
_CUSTOMER = [column for column in _CUSTOMERS.c if column.name in {*Customer.__struct_fields__, "sort_key"}]
_CONTACT = [column for column in _CONTACTS.c if column.name in Contact.__struct_fields__]
# Plain rows: the toolkit's own take half a microsecond for each look at a column.
_PlainCustomer = defstruct("_PlainCustomer", [column.name for column in _CUSTOMER])
_PlainContact = defstruct("_PlainContact", [column.name for column in _CONTACT])


def load_customers(session: Session, organisation_id: str, ids: Iterable[str]) -> dict[str, Customer]:
    """Return customers with their contacts, and with them all their ancestors, by id. Unknown ids are left out."""
    rows = _plain_customers(session, organisation_id, ids)
    above = {above_id for row in rows.values() for above_id in ancestor_ids(row)} - rows.keys()
    rows |= _plain_customers(session, organisation_id, above)
    people = _plain_contacts(session, organisation_id, rows)
    return {row.id: customer_value(row, people.get(row.id, ())) for row in rows.values()}


def _plain_customers(session: Session, organisation_id: str, ids: Iterable[str]) -> dict[str, CustomerRow]:
    """Return customers as plain rows, to be read and not changed: as objects they would cost as much again."""
    query = select(*_CUSTOMER).where(_CUSTOMERS.c.organisation_id == organisation_id)
    found = (row for part in chunks(set(ids)) for row in session.execute(query.where(_CUSTOMERS.c.id.in_(part))))
    plain = (cast("CustomerRow", _PlainCustomer(*row)) for row in found)
    return {row.id: row for row in plain}


def _plain_contacts(session: Session, organisation_id: str, customer_ids: Iterable[str]) -> dict[str, list[ContactRow]]:
    """Return the contacts of customers in their order, by customer id, as plain rows."""
    people: dict[str, list[ContactRow]] = {}
    people_of = _CONTACTS.c
    query = select(*_CONTACT).where(people_of.organisation_id == organisation_id)
    for part in chunks(customer_ids):
        wanted = query.where(people_of.customer_id.in_(part)).order_by(people_of.position, people_of.id)
        for row in session.execute(wanted):
            plain = cast("ContactRow", _PlainContact(*row))
            people.setdefault(plain.customer_id, []).append(plain)
    return people


def load_contacts(session: Session, organisation_id: str, ids: Iterable[str]) -> dict[str, Contact]:
    """Return contacts by id."""
    rows = find_all(session, ContactRow, organisation_id, ids)
    return {row.id: contact_value(row) for row in rows.values()}


def load_invoices(session: Session, organisation_id: str, ids: Iterable[str]) -> dict[str, Invoice]:
    """Return invoices with their lines and what the rules gave for them, by id."""
    rows = find_all(session, InvoiceRow, organisation_id, ids)
    lines = lines_of(session, rows)
    return {row.id: invoice_value(row, lines.get(row.id, ())) for row in rows.values()}


def load_payments(session: Session, organisation_id: str, ids: Iterable[str]) -> dict[str, Payment]:
    """Return payments by id, removed ones too."""
    rows = find_all(session, PaymentRow, organisation_id, ids)
    settled = allocations.of_payments(session, rows)
    return {row.id: payment_value(row, settled.get(row.id, ())) for row in rows.values()}


def load_allocations(session: Session, organisation_id: str, ids: Iterable[str]) -> dict[str, Allocation]:
    """Return parts of credits that settle invoices by id, removed ones too."""
    rows = find_all(session, AllocationRow, organisation_id, ids)
    whole = find_all(session, PaymentRow, organisation_id, {row.payment_id for row in rows.values()})
    return {row.id: allocation_value(row, whole[row.payment_id]) for row in rows.values()}


def load_tax_levels(session: Session, organisation_id: str) -> dict[str, TaxLevel]:
    """Return every tax level of an organisation by id, in order of their names."""
    query = select(TaxLevelRow).where(TaxLevelRow.organisation_id == organisation_id)
    rows = session.scalars(query.order_by(TaxLevelRow.name_key))
    return {row.id: tax_level_value(row) for row in rows}


def load_job_sites(session: Session, organisation_id: str, customer_ids: Iterable[str]) -> dict[str, JobSite]:
    """Return the job sites of customers by id."""
    return {row.id: job_site_value(row) for row in job_sites_of(session, organisation_id, customer_ids)}


def chain_of(customers: dict[str, Customer], customer_id: str) -> tuple[Customer, ...]:
    """Return a customer and its ancestors, nearest first, out of what :func:`load_customers` gave."""
    chain = [customers[customer_id]]
    while (parent_id := chain[-1].parent_id) is not None:
        chain.append(customers[parent_id])
    return tuple(chain)


def contacts_of(session: Session, organisation_id: str, customer_ids: Iterable[str]) -> dict[str, Sequence[ContactRow]]:
    """Return the contacts of customers in their order, by customer id."""
    people: dict[str, list[ContactRow]] = {}
    query = select(ContactRow).where(ContactRow.organisation_id == organisation_id)
    for part in chunks(customer_ids):
        wanted = query.where(ContactRow.customer_id.in_(part)).order_by(ContactRow.position, ContactRow.id)
        for row in session.scalars(wanted):
            people.setdefault(row.customer_id, []).append(row)
    return dict(people)


def lines_of(session: Session, invoice_ids: Iterable[str]) -> dict[str, Sequence[InvoiceLineRow]]:
    """Return the lines of invoices in their order, by invoice id; the ids must come from the organisation's rows."""
    lines: dict[str, list[InvoiceLineRow]] = {}
    for part in chunks(invoice_ids):
        query = select(InvoiceLineRow).where(InvoiceLineRow.invoice_id.in_(part))
        for row in session.scalars(query.order_by(InvoiceLineRow.invoice_id, InvoiceLineRow.position)):
            lines.setdefault(row.invoice_id, []).append(row)
    return dict(lines)
