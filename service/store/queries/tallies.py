"""How many records of a connection have which dot."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from service.core.link import Dot
from service.core.ports import EntityKind
from service.core.readback import Reading
from service.store.queries.dots import dot_expression, unsettled
from service.store.records import CustomerRow, InvoiceRow
from service.store.sync_models import ConnectionRow, LinkRow, ProblemRow

_ISSUED, _NOT_ISSUED = ("approved", "paid"), ("draft", "voided")


def tally(session: Session, connection: ConnectionRow) -> dict[str, int]:
    """Return the number of records per dot, and of open conflicts.

    Records are active customers and jobs, and issued invoices; one without a link counts as never sent.
    """
    dot = dot_expression()
    rows = session.execute(
        select(dot, func.count())
        .select_from(LinkRow)
        .where(LinkRow.connection_id == connection.id, unsettled())
        .group_by(dot)
    )
    counts = {one.value: 0 for one in Dot} | {str(name): number for name, number in rows}
    counts[Dot.GREEN.value] = _in_force(session, connection) - sum(counts.values())
    counts[Dot.NONE.value] += _without_link(session, connection)
    counts["conflicts"] = (
        session.scalar(
            select(func.count())
            .select_from(ProblemRow)
            .where(ProblemRow.connection_id == connection.id, ProblemRow.closed_at.is_(None))
        )
        or 0
    )
    return counts


def count_readback(session: Session, connection_id: str, reading: Reading) -> int:
    """Count the links in force whose last write was stored in a way."""
    query = select(func.count()).where(
        LinkRow.connection_id == connection_id, LinkRow.readback_state == reading.value, LinkRow.retired_at.is_(None)
    )
    return session.scalar(query) or 0


def _in_force(session: Session, connection: ConnectionRow, *kinds: EntityKind) -> int:
    """Count the links in force, of some kinds or of all."""
    query = select(func.count()).where(LinkRow.connection_id == connection.id, LinkRow.retired_at.is_(None))
    return session.scalar(query.where(LinkRow.entity.in_(kinds)) if kinds else query) or 0


def _without_link(session: Session, connection: ConnectionRow) -> int:
    """Count the records that have no link in force: all of them, less those that have one.

    Looked up one by one in the links they would take seconds where there are a hundred thousand. So the links are
    counted, and those looked up that are of no such record: of archived customers, and of invoices that are not issued.
    """
    mine = connection.organisation_id
    customers = select(func.count()).where(CustomerRow.organisation_id == mine, CustomerRow.archived.is_(False))
    issued = select(func.count()).where(InvoiceRow.organisation_id == mine, InvoiceRow.status.in_(_ISSUED))
    archived = _linked(connection, EntityKind.CUSTOMER, CustomerRow).where(
        CustomerRow.organisation_id == mine, CustomerRow.archived.is_(True)
    )
    not_issued = _linked(connection, EntityKind.INVOICE, InvoiceRow).where(
        InvoiceRow.organisation_id == mine, InvoiceRow.status.in_(_NOT_ISSUED)
    )
    records, others = (
        sum(session.scalar(query) or 0 for query in queries)
        for queries in ((customers, issued), (archived, not_issued))
    )
    return records - _in_force(session, connection, EntityKind.CUSTOMER, EntityKind.INVOICE) + others


def _linked(connection: ConnectionRow, kind: EntityKind, row_type: type[CustomerRow | InvoiceRow]) -> Select[Any]:
    in_force = (LinkRow.connection_id == connection.id, LinkRow.entity == kind, LinkRow.retired_at.is_(None))
    return select(func.count()).select_from(row_type).join(LinkRow, LinkRow.record_id == row_type.id).where(*in_force)
