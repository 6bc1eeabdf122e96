"""What payments and credits without an invoice of their own settle."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from service.core.model import InvoiceStatus, PaymentKind
from service.core.ports import EntityKind
from service.ids import new_id
from service.store.credit_models import AllocationRow
from service.store.queries.find import chunks
from service.store.queries.values import payment_value
from service.store.records import InvoiceRow, PaymentRow
from service.store.sync_models import ConnectionRow, LinkRow

_CREDITS = (PaymentKind.CREDIT.value, PaymentKind.ADJUSTMENT.value)


def of_payments(session: Session, payment_ids: Iterable[str]) -> dict[str, list[AllocationRow]]:
    """Return the allocations that count, oldest first, by payment; the ids must come from the organisation's rows."""
    found: dict[str, list[AllocationRow]] = {}
    for part in chunks(payment_ids):
        query = select(AllocationRow).where(AllocationRow.payment_id.in_(part), AllocationRow.removed.is_(False))
        for row in session.scalars(query.order_by(AllocationRow.created_at, AllocationRow.id)):
            found.setdefault(row.payment_id, []).append(row)
    return found


def settled_of(session: Session, payments: Sequence[PaymentRow], invoice_id: str) -> dict[str, Decimal]:
    """Return what payments settle of an invoice, by payment id; of one that is its own, the whole amount."""
    parts = of_payments(session, [row.id for row in payments])
    return {row.id: payment_value(row, parts.get(row.id, ())).settles(invoice_id) for row in payments}


def refunded_of(session: Session, payment_id: str) -> Sequence[PaymentRow]:
    """Return the refunds of a credit that count."""
    query = select(PaymentRow).where(PaymentRow.refund_of_id == payment_id, PaymentRow.removed.is_(False))
    return session.scalars(query).all()


def without_link(session: Session, connection: ConnectionRow, *, limit: int = 1000) -> Sequence[str]:
    """Return allocations of credits, with both ends at the connection, that were never tied to it."""
    credit, tied = LinkRow.__table__.alias("credit"), LinkRow.__table__.alias("tied")
    has_link = exists().where(
        credit.c.connection_id == connection.id,
        credit.c.entity == EntityKind.CREDIT.value,
        credit.c.record_id == AllocationRow.payment_id,
        credit.c.retired_at.is_(None),
    )
    linked = exists().where(
        tied.c.connection_id == connection.id,
        tied.c.entity == EntityKind.ALLOCATION.value,
        tied.c.record_id == AllocationRow.id,
    )
    query = (
        select(AllocationRow.id)
        .join(InvoiceRow, InvoiceRow.id == AllocationRow.invoice_id)
        .join(PaymentRow, PaymentRow.id == AllocationRow.payment_id)
        .where(
            AllocationRow.organisation_id == connection.organisation_id,
            AllocationRow.removed.is_(False),
            PaymentRow.kind.in_(_CREDITS),
            InvoiceRow.status.in_([InvoiceStatus.APPROVED.value, InvoiceStatus.PAID.value]),
            has_link,
            ~linked,
        )
    )
    return session.scalars(query.order_by(AllocationRow.id).limit(limit)).all()


def split_credits(session: Session, organisation_id: str) -> None:
    """Give credits that name their invoice themselves, as they once did, an allocation of their whole amount."""
    query = select(PaymentRow).where(
        PaymentRow.organisation_id == organisation_id,
        PaymentRow.kind.in_(_CREDITS),
        PaymentRow.invoice_id.is_not(None),
    )
    for row in session.scalars(query).all():
        session.add(
            AllocationRow(
                id=new_id(),
                organisation_id=organisation_id,
                payment_id=row.id,
                invoice_id=row.invoice_id or "",
                amount=row.amount,
                date=row.date,
                removed=row.removed,
            )
        )
        row.invoice_id = None


def known_there(
    session: Session, connection: ConnectionRow, invoice_id: str
) -> Sequence[tuple[AllocationRow, LinkRow | None]]:
    """Return the allocations onto an invoice that the package knows of, each with the link that ties it to it."""
    tie = (
        (LinkRow.connection_id == connection.id)
        & (LinkRow.entity == EntityKind.ALLOCATION.value)
        & (LinkRow.record_id == AllocationRow.id)
        & LinkRow.remote_id.is_not(None)
        & LinkRow.retired_at.is_(None)
    )
    rows = session.execute(
        select(AllocationRow, LinkRow)
        .outerjoin(LinkRow, tie)
        .where(
            AllocationRow.organisation_id == connection.organisation_id,
            AllocationRow.invoice_id == invoice_id,
            LinkRow.id.is_not(None) | (AllocationRow.origin_connection_id == connection.id),
        )
    )
    return [(allocation, link) for allocation, link in rows]


def paying(invoice_ids: Collection[str]) -> ColumnElement[bool]:
    """Return the condition of payments that settle one of the invoices through an allocation."""
    return PaymentRow.id.in_(
        select(AllocationRow.payment_id).where(
            AllocationRow.invoice_id.in_(invoice_ids), AllocationRow.removed.is_(False)
        )
    )
