"""How many records of a connection have which dot."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import exists, func, select
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
    return tallies(session, [connection])[connection.id]


def tallies(session: Session, connections: Sequence[ConnectionRow]) -> dict[str, dict[str, int]]:
    """Return the counts of several connections of one organisation, by id; what they share is counted once."""
    if not connections:
        return {}
    ids = [connection.id for connection in connections]
    dots = _by_dot(session, ids)
    in_force = _in_force(session, ids)
    open_ones = (
        select(ProblemRow.connection_id, func.count())
        .where(ProblemRow.connection_id.in_(ids), ProblemRow.closed_at.is_(None))
        .group_by(ProblemRow.connection_id)
    )
    asked = {row[0]: row[1] for row in session.execute(open_ones)}
    records = _records(session, connections[0].organisation_id)
    others = _tied_others(session, connections[0].organisation_id, ids)
    found = {}
    for one in ids:
        counts = {dot.value: dots.get((one, dot.value), 0) for dot in Dot}
        counts[Dot.GREEN.value] = sum(in_force.get(one, {}).values()) - sum(counts.values())
        tied = sum(in_force.get(one, {}).get(kind.value, 0) for kind in (EntityKind.CUSTOMER, EntityKind.INVOICE))
        counts[Dot.NONE.value] += records - tied + others.get(one, 0)
        found[one] = {**counts, "conflicts": asked.get(one, 0)}
    return found


def count_green(session: Session, connection_id: str) -> int:
    """Count the records that are in sync."""
    others = sum(_by_dot(session, [connection_id]).values())
    return sum(_in_force(session, [connection_id]).get(connection_id, {}).values()) - others


def count_readback(session: Session, connection_id: str, reading: Reading) -> int:
    """Count the links in force whose last write was stored in a way."""
    query = select(func.count()).where(
        LinkRow.connection_id == connection_id, LinkRow.readback_state == reading.value, LinkRow.retired_at.is_(None)
    )
    return session.scalar(query) or 0


def _by_dot(session: Session, ids: Sequence[str]) -> dict[tuple[str, str], int]:
    """Count the links in force that are not green, by connection and dot."""
    dot = dot_expression()
    query = (
        select(LinkRow.connection_id, dot, func.count())
        .where(LinkRow.connection_id.in_(ids), unsettled())
        .group_by(LinkRow.connection_id, dot)
    )
    return {(connection_id, str(name)): number for connection_id, name, number in session.execute(query)}


def _in_force(session: Session, ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Count the links in force, by connection and kind."""
    query = (
        select(LinkRow.connection_id, LinkRow.entity, func.count())
        .where(LinkRow.connection_id.in_(ids), LinkRow.retired_at.is_(None))
        .group_by(LinkRow.connection_id, LinkRow.entity)
    )
    found: dict[str, dict[str, int]] = {}
    for connection_id, entity, number in session.execute(query):
        found.setdefault(connection_id, {})[entity] = number
    return found


def _records(session: Session, mine: str) -> int:
    """Count the records of an organisation that have a dot: active customers, and invoices that are issued."""
    customers = select(func.count()).where(CustomerRow.organisation_id == mine, CustomerRow.archived.is_(False))
    issued = select(func.count()).where(InvoiceRow.organisation_id == mine, InvoiceRow.status.in_(_ISSUED))
    return sum(session.scalar(query) or 0 for query in (customers, issued))


def _tied_others(session: Session, mine: str, ids: Sequence[str]) -> dict[str, int]:
    """Count the links in force of records without a dot: of archived customers, and of invoices that are not issued.

    Records without a link, looked up one by one in the links, would take seconds where there are a hundred thousand.
    So all are counted, all links are counted, and those that are looked up are the few that make the difference: the
    archived customers in the links, and the invoices of links.
    """
    not_issued = (
        select(LinkRow.connection_id, func.count())
        .join(InvoiceRow, InvoiceRow.id == LinkRow.record_id)
        .where(LinkRow.connection_id.in_(ids), LinkRow.entity == EntityKind.INVOICE.value)
        .where(LinkRow.retired_at.is_(None), InvoiceRow.status.in_(_NOT_ISSUED))
        .group_by(LinkRow.connection_id)
    )
    found = {row[0]: row[1] for row in session.execute(not_issued)}
    for one in ids:
        tied = exists().where(
            LinkRow.connection_id == one,
            LinkRow.entity == EntityKind.CUSTOMER.value,
            LinkRow.record_id == CustomerRow.id,
            LinkRow.retired_at.is_(None),
        )
        archived = (CustomerRow.organisation_id == mine, CustomerRow.archived.is_(True))
        found[one] = found.get(one, 0) + (session.scalar(select(func.count()).where(*archived, tied)) or 0)
    return found
