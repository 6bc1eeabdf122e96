"""Which records the packages are to have, as far as the records themselves say."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session, aliased

from service.core.ports import EntityKind
from service.store.records import CustomerRow, InvoiceRow, PaymentRow
from service.store.sync_models import LinkRow


def eligible_customers(session: Session, organisation_id: str, *, with_documents: bool = False) -> Sequence[str]:
    """Return the ids of customers to send, parents before their jobs: active, and the client's customer flag is set.

    :param with_documents: only trees in which some customer has an issued invoice or a payment.
    """
    client = aliased(CustomerRow)
    query = (
        select(CustomerRow.id)
        .join(client, client.id == CustomerRow.root_id)
        .where(
            CustomerRow.organisation_id == organisation_id,
            CustomerRow.archived.is_(False),
            CustomerRow.is_customer.is_(True),
            client.is_customer.is_(True),
            client.archived.is_(False),
        )
    )
    if with_documents:
        query = query.where(CustomerRow.root_id.in_(_clients_with_documents(organisation_id)))
    return session.scalars(query.order_by(CustomerRow.sort_key)).all()


def eligible_invoices(session: Session, organisation_id: str) -> Sequence[str]:
    """Return the ids of invoices to send, oldest first: approved or paid, and voided ones that a package knows."""
    sent = exists().where(
        LinkRow.entity == EntityKind.INVOICE,
        LinkRow.record_id == InvoiceRow.id,
        LinkRow.retired_at.is_(None),
    )
    query = select(InvoiceRow.id).where(
        InvoiceRow.organisation_id == organisation_id,
        InvoiceRow.status.in_(("approved", "paid")) | ((InvoiceRow.status == "voided") & sent),
    )
    return session.scalars(query.order_by(InvoiceRow.issue_date, InvoiceRow.id)).all()


def eligible_payments(session: Session, organisation_id: str) -> Sequence[str]:
    """Return the ids of payments to send, oldest first: those that count, and removed ones that a package knows."""
    sent = exists().where(
        LinkRow.entity == EntityKind.PAYMENT, LinkRow.record_id == PaymentRow.id, LinkRow.retired_at.is_(None)
    )
    query = select(PaymentRow.id).where(
        PaymentRow.organisation_id == organisation_id, PaymentRow.removed.is_(False) | sent
    )
    return session.scalars(query.order_by(PaymentRow.date, PaymentRow.id)).all()


def _clients_with_documents(organisation_id: str) -> Select[str]:
    issued = exists().where(InvoiceRow.customer_id == CustomerRow.id, InvoiceRow.status != "draft")
    paid = exists().where(PaymentRow.customer_id == CustomerRow.id, PaymentRow.removed.is_(False))
    return select(CustomerRow.root_id).where(CustomerRow.organisation_id == organisation_id, issued | paid)


def currencies_of(session: Session, organisation_id: str) -> frozenset[str]:
    """Return the currencies that customers, invoices and payments of an organisation are kept in."""
    found: set[str] = set()
    for table in (CustomerRow, InvoiceRow, PaymentRow):
        query = select(table.currency).where(table.organisation_id == organisation_id).distinct()
        found |= {code for code in session.scalars(query) if code}
    return frozenset(found)
