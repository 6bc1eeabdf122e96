"""Payments over HTTP."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel
from sqlalchemy.orm import Session

from service.api.access import caller
from service.api.paging import PageQuery
from service.api.payment_outputs import PaymentOut, payment_documents
from service.api.problems import ApiError
from service.api.routes import IdPath, routes
from service.api.units import expected_revision, reads, writes
from service.records import credits as crediting
from service.records import payments
from service.records.author import Author
from service.records.fields import RecordId
from service.records.inputs import AllocationInput, PaymentChanges, PaymentInput
from service.store.accounts import Role
from service.store.queries.find import find
from service.store.queries.lists import payment_page
from service.store.records import PaymentRow

api = routes("Payments", about="Payments, refunds, credits and adjustments.")


class PaymentList(BaseModel):
    """A page of payments."""

    items: list[PaymentOut]
    next: str | None


class AllocationPath(IdPath):
    """A payment, and what it settles of one invoice."""

    allocation_id: str


class PaymentQuery(PageQuery):
    """Filters of the list."""

    invoice_id: RecordId | None = None
    customer_id: RecordId | None = None
    removed: Literal["true", "false", "all"] = "false"


@api.get("/payments", responses={200: PaymentList})
@reads(Role.VIEWER)
def list_payments(session: Session, query: PaymentQuery) -> PaymentList:
    """List payments, newest first."""
    organisation_id = caller().organisation_id
    found = payment_page(
        session,
        organisation_id,
        invoice_id=query.invoice_id,
        customer_id=query.customer_id,
        removed=None if query.removed == "all" else query.removed == "true",
        limit=query.limit,
        cursor=query.cursor,
    )
    return PaymentList(items=payment_documents(session, organisation_id, found.items), next=found.next)


@api.post("/payments", responses={201: PaymentOut})
@writes(Role.ACCOUNTANT)
def record_payment(session: Session, author: Author, body: PaymentInput) -> tuple[PaymentOut, int]:
    """Record money for an invoice, or on a customer's account."""
    return _document(session, payments.record_payment(session, author, body)), 201


@api.get("/payments/<id>", responses={200: PaymentOut})
@reads(Role.VIEWER)
def get_payment(session: Session, path: IdPath) -> PaymentOut:
    """Read a payment."""
    return get_payment_in(session, path.id)


@api.patch("/payments/<id>", responses={200: PaymentOut})
@writes(Role.ACCOUNTANT)
def change_payment(session: Session, author: Author, path: IdPath, body: PaymentChanges) -> PaymentOut:
    """Change a payment."""
    return _document(session, payments.change_payment(session, author, path.id, body, expected=expected_revision()))


@api.delete("/payments/<id>", responses={204: None})
@writes(Role.ACCOUNTANT)
def remove_payment(session: Session, author: Author, path: IdPath) -> None:
    """Take a payment back; it stays in the history."""
    payments.remove_payment(session, author, path.id, expected=expected_revision())


@api.post("/payments/<id>/allocations", responses={201: PaymentOut})
@writes(Role.ACCOUNTANT)
def allocate(session: Session, author: Author, path: IdPath, body: AllocationInput) -> tuple[PaymentOut, int]:
    """Let a credit, or money on the customer's account, settle an invoice, wholly or in part."""
    crediting.allocate(session, author, path.id, body)
    return get_payment_in(session, path.id), 201


@api.delete("/payments/<id>/allocations/<allocation_id>", responses={204: None})
@writes(Role.ACCOUNTANT)
def deallocate(session: Session, author: Author, path: AllocationPath) -> None:
    """Take back what a credit or a payment settles of an invoice; it stays on the customer's account."""
    crediting.deallocate(session, author, path.id, path.allocation_id)


def get_payment_in(session: Session, payment_id: str) -> PaymentOut:
    """Return a payment of the caller's organisation as it is now.

    :raises ApiError: 404.
    """
    row = find(session, PaymentRow, caller().organisation_id, payment_id)
    if row is None:
        raise ApiError(404, "There is no such payment.")
    return _document(session, row)


def _document(session: Session, row: PaymentRow) -> PaymentOut:
    session.flush()
    return payment_documents(session, row.organisation_id, [row])[0]
