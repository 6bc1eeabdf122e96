"""Customers over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator
from sqlalchemy.orm import Session

from service.api.access import caller
from service.api.outputs import CustomerOut, customer_out
from service.api.paging import PageQuery, Query, sort_of
from service.api.problems import ApiError
from service.api.routes import IdPath, routes, sync_of
from service.api.units import expected_revision, reads, writes
from service.core.ports import EntityKind
from service.records import customers
from service.records.author import Author
from service.records.fields import Line, RecordId
from service.records.inputs import CustomerChanges, CustomerInput
from service.store.accounts import Role
from service.store.queries.find import find
from service.store.queries.lists import CustomerFilter, customer_page, customer_sorts
from service.store.queries.load import contacts_of
from service.store.queries.states import sync_states
from service.store.records import CustomerRow

api = routes("Customers", about="Clients and jobs, companies and individuals.")

_SORTS = frozenset(customer_sorts())


class CustomerList(BaseModel):
    """A page of customers."""

    items: list[CustomerOut]
    next: str | None


class CustomerQuery(PageQuery):
    """Filters and order of the list."""

    q: Line | None = Field(None, description="Each word begins a word of the names, the number or an email.")
    list: Literal["customers", "contacts", "all"] = "all"
    archived: Literal["true", "false", "all"] = "false"
    parent_id: RecordId | None = None
    dot: Literal["green", "orange", "red", "none"] | None = Field(None, description="Needs connection_id.")
    connection_id: RecordId | None = None
    sort: Annotated[str, Field(max_length=100)] | None = Field(
        None, description=f"Up to three of {', '.join(sorted(_SORTS))}, with a minus for descending."
    )
    view: Literal["tree", "flat"] = "flat"

    @model_validator(mode="after")
    def _dot_needs_a_connection(self) -> Self:
        if self.dot is not None and self.connection_id is None:
            raise ValueError("A dot is one at a connection: name its connection_id.")
        return self


class ArchiveQuery(Query):
    """What else is archived."""

    with_jobs: bool = Field(default=False, description="Archive the jobs below it as well.")


@api.get("/customers", responses={200: CustomerList})
@reads(Role.VIEWER)
def list_customers(session: Session, query: CustomerQuery) -> CustomerList:
    """List customers."""
    organisation_id = caller().organisation_id
    chosen = CustomerFilter(
        q=query.q,
        is_customer=None if query.list == "all" else query.list == "customers",
        archived=None if query.archived == "all" else query.archived == "true",
        parent_id=query.parent_id,
        dot=query.dot,
        connection_id=query.connection_id,
    )
    tree = query.view == "tree"
    sort = sort_of(query.sort, _SORTS) or (() if tree else ("name",))
    found = customer_page(
        session, organisation_id, chosen, sort=sort, tree=tree, limit=query.limit, cursor=query.cursor
    )
    return CustomerList(items=_documents(session, organisation_id, found.items), next=found.next)


@api.post("/customers", responses={201: CustomerOut})
@writes(Role.ACCOUNTANT)
def create_customer(session: Session, author: Author, body: CustomerInput) -> tuple[CustomerOut, int]:
    """Add a client or, with parent_id, a job."""
    row = customers.create_customer(session, author, body)
    return _document(session, row), 201


@api.get("/customers/<id>", responses={200: CustomerOut})
@reads(Role.VIEWER)
def get_customer(session: Session, path: IdPath) -> CustomerOut:
    """Read a customer."""
    row = find(session, CustomerRow, caller().organisation_id, path.id)
    if row is None:
        raise ApiError(404, "There is no such customer.")
    return _document(session, row)


@api.patch("/customers/<id>", responses={200: CustomerOut})
@writes(Role.ACCOUNTANT)
def change_customer(session: Session, author: Author, path: IdPath, body: CustomerChanges) -> CustomerOut:
    """Change a customer; parent_id moves it with everything below it."""
    row = customers.change_customer(session, author, path.id, body, expected=expected_revision())
    return _document(session, row)


@api.delete("/customers/<id>", responses={204: None})
@writes(Role.ACCOUNTANT)
def delete_customer(session: Session, author: Author, path: IdPath) -> None:
    """Delete a customer on which nothing hangs."""
    customers.delete_customer(session, author, path.id)


@api.post("/customers/<id>/archive", responses={200: CustomerOut})
@writes(Role.ACCOUNTANT)
def archive_customer(session: Session, author: Author, path: IdPath, query: ArchiveQuery) -> CustomerOut:
    """Archive a customer; one with active jobs only together with them."""
    row = customers.archive_customer(session, author, path.id, with_jobs=query.with_jobs, expected=expected_revision())
    return _document(session, row)


@api.post("/customers/<id>/unarchive", responses={200: CustomerOut})
@writes(Role.ACCOUNTANT)
def unarchive_customer(session: Session, author: Author, path: IdPath) -> CustomerOut:
    """Take a customer back out of the archive."""
    row = customers.unarchive_customer(session, author, path.id, expected=expected_revision())
    return _document(session, row)


def _document(session: Session, row: CustomerRow) -> CustomerOut:
    session.flush()
    return _documents(session, row.organisation_id, [row])[0]


def _documents(session: Session, organisation_id: str, rows: Sequence[CustomerRow]) -> list[CustomerOut]:
    ids = [row.id for row in rows]
    people = contacts_of(session, organisation_id, ids)
    states = sync_states(session, organisation_id, EntityKind.CUSTOMER, ids)
    return [customer_out(row, people.get(row.id, ()), sync_of(states[row.id])) for row in rows]
