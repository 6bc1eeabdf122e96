"""What a forecast counts: entities there by family, and what is due in few columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from service.core.kind import MONEY
from service.core.ports import EntityKind, Family
from service.store.queries.find import chunks
from service.store.records import InvoiceRow, PaymentRow
from service.store.sync_models import CounterpartRow


def known(session: Session, connection_id: str) -> dict[Family, int]:
    """Count the entities that are known there, by family; what is gone there is not read again."""
    rows = session.execute(
        select(CounterpartRow.family, func.count())
        .where(CounterpartRow.connection_id == connection_id, CounterpartRow.deleted.is_(False))
        .group_by(CounterpartRow.family)
    )
    return {Family(family): count for family, count in rows}


def changed_since(session: Session, connection_id: str, starts: Mapping[Family, datetime]) -> dict[Family, int]:
    """Count the entities that changed there after a moment, by family: the change feed is going to show them."""
    later = [
        and_(CounterpartRow.family == family.value, CounterpartRow.modified_at >= start)
        for family, start in starts.items()
    ]
    rows = session.execute(
        select(CounterpartRow.family, func.count())
        .where(CounterpartRow.connection_id == connection_id, or_(*later))
        .group_by(CounterpartRow.family)
    )
    return {Family(family): count for family, count in rows}


def moved_by(session: Session, kind: EntityKind, record_ids: Sequence[str]) -> Iterator[tuple[str, Family, str]]:
    """Yield what documents move there besides themselves: (record, family, id of ours)."""
    for part in chunks(record_ids):
        if kind is EntityKind.INVOICE:
            for record_id, customer_id in session.execute(
                select(InvoiceRow.id, InvoiceRow.customer_id).where(InvoiceRow.id.in_(part))
            ):
                yield record_id, Family.CUSTOMER, customer_id
        elif kind in MONEY:
            for record_id, customer_id, invoice_id in session.execute(
                select(PaymentRow.id, PaymentRow.customer_id, PaymentRow.invoice_id).where(PaymentRow.id.in_(part))
            ):
                yield record_id, Family.CUSTOMER, customer_id
                if invoice_id is not None:
                    yield record_id, Family.INVOICE, invoice_id
