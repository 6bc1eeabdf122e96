"""The lists of records: their filters and their orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, aliased

from service.core.link import Dot
from service.core.ports import EntityKind
from service.store.accounts import Event
from service.store.queries.allocations import paying
from service.store.queries.dots import dot_expression
from service.store.queries.pages import Beside, Key, Page, day, flag, moment, page, text, whole
from service.store.queries.search import matches
from service.store.records import (
    ContactRow,
    CustomerRow,
    InvoiceRow,
    JobSiteRow,
    PaymentRow,
    TaxLevelRow,
)
from service.store.sync_models import LinkRow

_MAYBE_BLANK = frozenset({"email", "phone", "mobile", "vat_number"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFilter:
    """Which customers a list shows; None: all of them."""

    q: str | None = None
    is_customer: bool | None = None
    archived: bool | None = False
    parent_id: str | None = None
    dot: str | None = None  #: at the connection of ``connection_id``
    connection_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceFilter:
    """Which invoices a list shows; None: all of them."""

    customer_id: str | None = None
    status: str | None = None
    q: str | None = None
    since: date | None = None
    until: date | None = None
    dot: str | None = None
    connection_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which lines of the audit trail a list shows; None: all of them."""

    record_id: str | None = None
    link_id: str | None = None
    connection_id: str | None = None
    run_id: str | None = None
    since: datetime | None = None


def customer_sorts() -> dict[str, tuple[str, Any]]:
    """Return what customers can be sorted by: the column's name and how a cursor's value is read."""
    return {
        "name": ("name_key", text),
        "full_name": ("sort_key", text),
        "number": ("number", text),
        "email": ("email", text),
        "phone": ("phone", text),
        "mobile": ("mobile", text),
        "vat_number": ("vat_number", text),
        "archived": ("archived", flag),
        "kind": ("kind", text),
        "type": ("type", text),
        "status": ("status", text),
        "depth": ("depth", whole),
        "created_at": ("created_at", moment),
        "updated_at": ("updated_at", moment),
    }


def invoice_sorts() -> dict[str, tuple[str, Any]]:
    """Return what invoices can be sorted by."""
    return {
        "number": ("number", text),
        "issue_date": ("issue_date", day),
        "due_date": ("due_date", day),
        "status": ("status", text),
        "created_at": ("created_at", moment),
        "updated_at": ("updated_at", moment),
    }


def customer_page(
    session: Session,
    organisation_id: str,
    chosen: CustomerFilter,
    *,
    sort: Sequence[str],
    tree: bool,
    limit: int,
    cursor: str | None,
    beside: Beside | None = None,
) -> Page[CustomerRow]:
    """Return a page of customers.

    ``sort`` holds names of :func:`customer_sorts`, with a minus for descending. In a tree it sorts the clients, each
    followed by its jobs in reading order.

    :raises BadCursor: the cursor is of another list.
    """
    query = select(CustomerRow).where(
        CustomerRow.organisation_id == organisation_id, *_customer_conditions(organisation_id, chosen)
    )
    query = _with_dot(query, CustomerRow.id, EntityKind.CUSTOMER, chosen.dot, chosen.connection_id)
    sorted_by: Any = CustomerRow
    if tree and sort:
        sorted_by = aliased(CustomerRow)
        query = query.join(sorted_by, sorted_by.id == CustomerRow.root_id)
    keys = sort_keys(sorted_by, customer_sorts(), sort)
    last = Key(CustomerRow.sort_key, text) if tree else Key(CustomerRow.id, text)
    if tree and sort:
        keys.append(Key(CustomerRow.root_id, text))
    order = f"customers:{'tree' if tree else 'flat'}:{','.join(sort)}"
    return page(session, query, [*keys, last], order=order, limit=limit, cursor=cursor, beside=beside)


def invoice_page(
    session: Session,
    organisation_id: str,
    chosen: InvoiceFilter,
    *,
    sort: Sequence[str],
    limit: int,
    cursor: str | None,
    beside: Beside | None = None,
) -> Page[InvoiceRow]:
    """Return a page of invoices.

    :raises BadCursor: the cursor is of another list.
    """
    query = select(InvoiceRow).where(InvoiceRow.organisation_id == organisation_id)
    if chosen.customer_id is not None:
        query = query.where(InvoiceRow.customer_id == chosen.customer_id)
    if chosen.status is not None:
        query = query.where(InvoiceRow.status == chosen.status)
    if chosen.since is not None:
        query = query.where(InvoiceRow.issue_date >= chosen.since)
    if chosen.until is not None:
        query = query.where(InvoiceRow.issue_date <= chosen.until)
    if chosen.q is not None:
        started = func.lower(InvoiceRow.number).startswith(chosen.q.lower(), autoescape=True)
        named = InvoiceRow.customer_id.in_(
            select(CustomerRow.id).where(
                CustomerRow.organisation_id == organisation_id, matches(organisation_id, chosen.q)
            )
        )
        query = query.where(started | named)
    query = _with_dot(query, InvoiceRow.id, EntityKind.INVOICE, chosen.dot, chosen.connection_id)
    keys = [*sort_keys(InvoiceRow, invoice_sorts(), sort), Key(InvoiceRow.id, text)]
    return page(session, query, keys, order=f"invoices:{','.join(sort)}", limit=limit, cursor=cursor, beside=beside)


def customer_name(row: Any) -> ColumnElement[str]:
    """Return the full name of the customer whose record each row of a page is, to be shown beside it."""
    mine = CustomerRow.organisation_id == row.organisation_id
    return select(CustomerRow.full_name).where(mine, CustomerRow.id == row.customer_id).scalar_subquery()


def payment_page(
    session: Session,
    organisation_id: str,
    *,
    invoice_id: str | None,
    customer_id: str | None,
    removed: bool | None = False,
    limit: int,
    cursor: str | None,
) -> Page[PaymentRow]:
    """Return a page of payments, newest first.

    :raises BadCursor: the cursor is of another list.
    """
    query = select(PaymentRow).where(PaymentRow.organisation_id == organisation_id)
    if removed is not None:
        query = query.where(PaymentRow.removed.is_(removed))
    if invoice_id is not None:
        query = query.where((PaymentRow.invoice_id == invoice_id) | paying([invoice_id]))
    if customer_id is not None:
        query = query.where(PaymentRow.customer_id == customer_id)
    keys = [Key(PaymentRow.date, day, descending=True), Key(PaymentRow.id, text, descending=True)]
    return page(session, query, keys, order="payments", limit=limit, cursor=cursor)


def contact_page(
    session: Session, organisation_id: str, customer_id: str, *, limit: int, cursor: str | None
) -> Page[ContactRow]:
    """Return a page of a customer's contacts in their order.

    :raises BadCursor: the cursor is of another list.
    """
    query = select(ContactRow).where(
        ContactRow.organisation_id == organisation_id, ContactRow.customer_id == customer_id
    )
    keys = [Key(ContactRow.position, whole), Key(ContactRow.id, text)]
    return page(session, query, keys, order="contacts", limit=limit, cursor=cursor)


def job_site_page(
    session: Session, organisation_id: str, customer_id: str, *, limit: int, cursor: str | None
) -> Page[JobSiteRow]:
    """Return a page of a customer's job sites by name.

    :raises BadCursor: the cursor is of another list.
    """
    query = select(JobSiteRow).where(
        JobSiteRow.organisation_id == organisation_id, JobSiteRow.customer_id == customer_id
    )
    keys = [Key(JobSiteRow.name, text), Key(JobSiteRow.id, text)]
    return page(session, query, keys, order="job-sites", limit=limit, cursor=cursor)


def tax_level_page(session: Session, organisation_id: str, *, limit: int, cursor: str | None) -> Page[TaxLevelRow]:
    """Return a page of tax levels by name.

    :raises BadCursor: the cursor is of another list.
    """
    query = select(TaxLevelRow).where(TaxLevelRow.organisation_id == organisation_id)
    keys = [Key(TaxLevelRow.name_key, text), Key(TaxLevelRow.id, text)]
    return page(session, query, keys, order="tax-levels", limit=limit, cursor=cursor)


def event_page(
    session: Session, organisation_id: str, chosen: EventFilter, *, limit: int, cursor: str | None
) -> Page[Event]:
    """Return a page of the audit trail, newest first.

    :raises BadCursor: the cursor is of another list.
    """
    query = select(Event).where(Event.organisation_id == organisation_id)
    if chosen.record_id is not None:
        query = query.where(Event.record_id == chosen.record_id)
    if chosen.link_id is not None:
        query = query.where(Event.link_id == chosen.link_id)
    if chosen.connection_id is not None:
        query = query.where(Event.connection_id == chosen.connection_id)
    if chosen.run_id is not None:
        query = query.where(Event.run_id == chosen.run_id)
    if chosen.since is not None:
        query = query.where(Event.at >= chosen.since)
    keys = [Key(Event.at, moment, descending=True), Key(Event.id, text, descending=True)]
    return page(session, query, keys, order="events", limit=limit, cursor=cursor)


def _customer_conditions(organisation_id: str, chosen: CustomerFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if chosen.q is not None:
        conditions.append(matches(organisation_id, chosen.q))
    if chosen.is_customer is not None:
        conditions.append(CustomerRow.is_customer.is_(chosen.is_customer))
    if chosen.archived is not None:
        conditions.append(CustomerRow.archived.is_(chosen.archived))
    if chosen.parent_id is not None:
        conditions.append(CustomerRow.parent_id == chosen.parent_id)
    return conditions


def _with_dot(
    query: Select[Any], record_id: Any, kind: EntityKind, dot: str | None, connection_id: str | None
) -> Select[Any]:
    if dot is None or connection_id is None:
        return query
    # Asked from the links' side: records that show another dot are many, and looked up one by one they take long.
    linked = select(LinkRow.record_id).where(
        LinkRow.connection_id == connection_id, LinkRow.entity == kind, LinkRow.retired_at.is_(None)
    )
    if dot == Dot.NONE:
        return query.where(record_id.not_in(linked.where(dot_expression() != dot)))
    if dot == Dot.RED:
        linked = linked.where(LinkRow.open_problem_id.is_not(None))  # follows from the dot; an index holds just these
    return query.where(record_id.in_(linked.where(dot_expression() == dot)))


def sort_keys(sorted_by: Any, sorts: dict[str, tuple[str, Any]], sort: Sequence[str]) -> list[Key]:
    """Return the keys of an order; what may be blank sorts as an empty text.

    :param sort: names of ``sorts``, each with a minus for descending.
    """
    keys = []
    for wish in sort:
        column_name, read = sorts[wish.removeprefix("-")]
        column = getattr(sorted_by, column_name)
        if column_name in _MAYBE_BLANK:
            column = func.coalesce(column, "")
        keys.append(Key(column, read, descending=wish.startswith("-")))
    return keys
