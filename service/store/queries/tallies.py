"""How many records of a connection have which dot."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.core.link import Dot
from service.core.readback import Reading
from service.store.queries.dots import dot_expression
from service.store.records import CustomerRow, InvoiceRow
from service.store.sync_models import ConnectionRow, LinkRow, ProblemRow


def tally(session: Session, connection: ConnectionRow) -> dict[str, int]:
    """Return the number of records per dot, and of open conflicts.

    Records are active customers and jobs, and issued invoices; one without a link counts as never sent.
    """
    dot = dot_expression()
    rows = session.execute(
        select(dot, func.count())
        .select_from(LinkRow)
        .where(LinkRow.connection_id == connection.id, LinkRow.retired_at.is_(None))
        .group_by(dot)
    )
    counts = {one.value: 0 for one in Dot} | {str(name): number for name, number in rows}
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


def _without_link(session: Session, connection: ConnectionRow) -> int:
    linked = (
        select(LinkRow.record_id)
        .where(LinkRow.connection_id == connection.id, LinkRow.retired_at.is_(None))
        .scalar_subquery()
    )
    customers = session.scalar(
        select(func.count())
        .select_from(CustomerRow)
        .where(
            CustomerRow.organisation_id == connection.organisation_id,
            CustomerRow.archived.is_(False),
            CustomerRow.id.not_in(linked),
        )
    )
    issued = session.scalar(
        select(func.count())
        .select_from(InvoiceRow)
        .where(
            InvoiceRow.organisation_id == connection.organisation_id,
            InvoiceRow.status.in_(["approved", "paid"]),
            InvoiceRow.id.not_in(linked),
        )
    )
    return (customers or 0) + (issued or 0)
