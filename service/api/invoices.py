"""Invoices over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator
from sqlalchemy.orm import Session

from service.api.access import caller
from service.api.outputs import InvoiceOut, invoice_out
from service.api.paging import PageQuery, sort_of
from service.api.problems import ApiError
from service.api.routes import IdPath, routes, sync_of
from service.api.units import expected_revision, reads, writes
from service.core.ports import EntityKind
from service.records import invoices
from service.records.author import Author
from service.records.fields import Day, Line, RecordId
from service.records.inputs import InvoiceChanges, InvoiceInput
from service.store.accounts import Role
from service.store.queries.find import find
from service.store.queries.lists import InvoiceFilter, invoice_page, invoice_sorts
from service.store.queries.load import lines_of
from service.store.queries.states import sync_states
from service.store.records import InvoiceRow

api = routes("Invoices", about="Sales invoices: draft, approved, paid, voided.")

_SORTS = frozenset(invoice_sorts())


class InvoiceList(BaseModel):
    """A page of invoices."""

    items: list[InvoiceOut]
    next: str | None


class InvoiceQuery(PageQuery):
    """Filters and order of the list."""

    q: Line | None = Field(None, description="Begins the number, or finds the customer.")
    customer_id: RecordId | None = None
    status: Literal["draft", "approved", "paid", "voided"] | None = None
    since: Day | None = Field(None, description="Issued on or after this date.")
    until: Day | None = Field(None, description="Issued on or before this date.")
    dot: Literal["green", "orange", "red", "none"] | None = Field(None, description="Needs connection_id.")
    connection_id: RecordId | None = None
    sort: Annotated[str, Field(max_length=100)] | None = Field(
        None, description=f"Up to three of {', '.join(sorted(_SORTS))}, with a minus for descending."
    )

    @model_validator(mode="after")
    def _dot_needs_a_connection(self) -> Self:
        if self.dot is not None and self.connection_id is None:
            raise ValueError("A dot is one at a connection: name its connection_id.")
        return self


@api.get("/invoices", responses={200: InvoiceList})
@reads(Role.VIEWER)
def list_invoices(session: Session, query: InvoiceQuery) -> InvoiceList:
    """List invoices, newest first unless sorted otherwise."""
    organisation_id = caller().organisation_id
    chosen = InvoiceFilter(**query.model_dump(exclude={"limit", "cursor", "sort"}))
    sort = sort_of(query.sort, _SORTS) or ("-issue_date",)
    found = invoice_page(session, organisation_id, chosen, sort=sort, limit=query.limit, cursor=query.cursor)
    return InvoiceList(items=_documents(session, organisation_id, found.items), next=found.next)


@api.post("/invoices", responses={201: InvoiceOut})
@writes(Role.ACCOUNTANT)
def create_invoice(session: Session, author: Author, body: InvoiceInput) -> tuple[InvoiceOut, int]:
    """Write an invoice, as a draft or approved at once."""
    return _document(session, invoices.create_invoice(session, author, body)), 201


@api.get("/invoices/<id>", responses={200: InvoiceOut})
@reads(Role.VIEWER)
def get_invoice(session: Session, path: IdPath) -> InvoiceOut:
    """Read an invoice."""
    row = find(session, InvoiceRow, caller().organisation_id, path.id)
    if row is None:
        raise ApiError(404, "There is no such invoice.")
    return _document(session, row)


@api.patch("/invoices/<id>", responses={200: InvoiceOut})
@writes(Role.ACCOUNTANT)
def change_invoice(session: Session, author: Author, path: IdPath, body: InvoiceChanges) -> InvoiceOut:
    """Change an invoice as far as its status allows."""
    row = invoices.change_invoice(session, author, path.id, body, expected=expected_revision())
    return _document(session, row)


@api.delete("/invoices/<id>", responses={204: None})
@writes(Role.ACCOUNTANT)
def delete_invoice(session: Session, author: Author, path: IdPath) -> None:
    """Delete a draft."""
    invoices.delete_invoice(session, author, path.id)


@api.post("/invoices/<id>/approve", responses={200: InvoiceOut})
@writes(Role.ACCOUNTANT)
def approve_invoice(session: Session, author: Author, path: IdPath) -> InvoiceOut:
    """Issue a draft."""
    row = invoices.approve_invoice(session, author, path.id, expected=expected_revision())
    return _document(session, row)


@api.post("/invoices/<id>/void", responses={200: InvoiceOut})
@writes(Role.ACCOUNTANT)
def void_invoice(session: Session, author: Author, path: IdPath) -> InvoiceOut:
    """Take an issued invoice back, as long as nothing of it is paid."""
    row = invoices.void_invoice(session, author, path.id, expected=expected_revision())
    return _document(session, row)


def _document(session: Session, row: InvoiceRow) -> InvoiceOut:
    session.flush()
    return _documents(session, row.organisation_id, [row])[0]


def _documents(session: Session, organisation_id: str, rows: Sequence[InvoiceRow]) -> list[InvoiceOut]:
    ids = [row.id for row in rows]
    lines = lines_of(session, ids)
    states = sync_states(session, organisation_id, EntityKind.INVOICE, ids)
    return [invoice_out(row, lines.get(row.id, ()), sync_of(states[row.id])) for row in rows]
