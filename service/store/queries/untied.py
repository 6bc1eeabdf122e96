"""Records that belong at a package and were never tied to it.

Unlinking and reset leave a link behind, so that what a person took off is not tied again by itself. Each sync asks for
these records, and mostly there are none: to build the statements takes longer than to run them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, cast

from sqlalchemy import BindParameter, ColumnElement, Integer, Select, and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session, aliased

from service.core.kind import MONEY
from service.core.model import InvoiceStatus
from service.core.ports import EntityKind
from service.store.credit_models import AllocationRow
from service.store.records import CustomerRow, InvoiceRow, PaymentRow
from service.store.sync_models import ConnectionRow, LinkRow

_DEEPER_THAN_ANY = 1_000


def customers(
    session: Session,
    connection: ConnectionRow,
    *,
    deepest: int | None,
    with_documents: bool,
    left_out: Collection[str] = (),
    limit: int = 1000,
) -> Sequence[tuple[str, str, int]]:
    """Return (id, number, depth) of active customers of the customer list that were never tied to the connection.

    :param left_out: currencies; customers that are kept in one of them are left out, with their jobs.
    """
    query = _customers(some=bool(left_out), with_documents=with_documents)
    given = _given(connection, EntityKind.CUSTOMER, left_out, limit) | {"deepest": deepest or _DEEPER_THAN_ANY}
    return [(record_id, number, depth) for record_id, number, depth in session.execute(query, given)]


def invoices(
    session: Session, connection: ConnectionRow, *, left_out: Collection[str] = (), limit: int = 1000
) -> Sequence[str]:
    """Return the ids of issued invoices that were never tied to the connection; those in some currencies left out."""
    return session.scalars(_INVOICES, _given(connection, EntityKind.INVOICE, left_out, limit)).all()


def money(
    session: Session,
    connection: ConnectionRow,
    kind: EntityKind,
    *,
    on_account: bool = False,
    left_out: Collection[str] = (),
    limit: int = 1000,
) -> Sequence[str]:
    """Return the ids of payments, credits or refunds that were never tied to the connection and did not come from it.

    Payments of issued invoices, in whole or in part; others only of customers who are tied to it.

    :param on_account: payments that settle no invoice too.
    :param left_out: currencies whose records are left out.
    """
    settled = not on_account and kind is EntityKind.PAYMENT
    return session.scalars(_money(kind, settled=settled), _given(connection, kind, left_out, limit)).all()


def _given(connection: ConnectionRow, kind: EntityKind, left_out: Collection[str], limit: int) -> dict[str, Any]:
    return {
        "of_organisation": connection.organisation_id,
        "of_connection": connection.id,
        "of_kind": kind.value,
        "left_out": list(left_out),
        "most": limit,
    }


def _never_tied(record_id: object) -> ColumnElement[bool]:
    return ~exists().where(
        LinkRow.connection_id == bindparam("of_connection"),
        LinkRow.entity == bindparam("of_kind"),
        LinkRow.record_id == record_id,
    )


_ISSUED = InvoiceRow.status.in_([InvoiceStatus.APPROVED.value, InvoiceStatus.PAID.value])
_LEFT_OUT: BindParameter[Any] = bindparam("left_out", expanding=True)
_MOST = bindparam("most", type_=Integer)
_INVOICES = (
    select(InvoiceRow.id)
    .where(
        InvoiceRow.organisation_id == bindparam("of_organisation"),
        _ISSUED,
        InvoiceRow.currency.not_in(_LEFT_OUT),
        _never_tied(InvoiceRow.id),
    )
    .order_by(InvoiceRow.issue_date, InvoiceRow.id)
    .limit(_MOST)
)


@cache
def _customers(*, some: bool, with_documents: bool) -> Select[Any]:
    """Return the statement; ``some``: customers of some currencies are left out."""
    root = CustomerRow.__table__.alias("root")
    query = (
        cast("Select[Any]", select(CustomerRow.id, CustomerRow.number, CustomerRow.depth))
        .join(root, root.c.id == CustomerRow.root_id)
        .where(
            CustomerRow.organisation_id == bindparam("of_organisation"),
            CustomerRow.archived.is_(False),
            CustomerRow.is_customer.is_(True),
            root.c.is_customer.is_(True),
            CustomerRow.depth <= bindparam("deepest"),
            _never_tied(CustomerRow.id),
        )
        .order_by(CustomerRow.depth, CustomerRow.id)
        .limit(_MOST)
    )
    if some:
        query = query.where(or_(root.c.currency.is_(None), root.c.currency.not_in(_LEFT_OUT)))
    if with_documents:
        has_invoice = exists().where(InvoiceRow.customer_id == CustomerRow.id, InvoiceRow.status != "draft")
        query = query.where(has_invoice)
    return query


@cache
def _money(kind: EntityKind, *, settled: bool) -> Select[Any]:
    """Return the statement; ``settled``: what is tied to no invoice itself has to settle one all the same."""
    client = aliased(LinkRow)
    known = exists().where(
        client.connection_id == bindparam("of_connection"),
        client.entity == EntityKind.CUSTOMER.value,
        client.record_id == PaymentRow.customer_id,
        client.retired_at.is_(None),
    )
    apart = and_(PaymentRow.invoice_id.is_(None), known)
    if settled:
        settles = exists().where(AllocationRow.payment_id == PaymentRow.id, AllocationRow.removed.is_(False))
        apart = and_(apart, settles)
    origin = PaymentRow.origin_connection_id
    return (
        select(PaymentRow.id)
        .outerjoin(InvoiceRow, InvoiceRow.id == PaymentRow.invoice_id)
        .where(
            PaymentRow.organisation_id == bindparam("of_organisation"),
            PaymentRow.removed.is_(False),
            PaymentRow.kind.in_([one.value for one in MONEY[kind]]),
            PaymentRow.currency.not_in(_LEFT_OUT),
            or_(origin.is_(None), origin != bindparam("of_connection")),
            or_(_ISSUED, apart),
            _never_tied(PaymentRow.id),
        )
        .order_by(PaymentRow.date, PaymentRow.id)
        .limit(_MOST)
    )
