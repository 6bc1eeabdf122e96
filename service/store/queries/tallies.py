"""How many records of a connection have which dot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import monotonic_ns

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, literal, select, union_all
from sqlalchemy.orm import Session

from service.core.link import Dot
from service.core.ports import EntityKind
from service.core.readback import Reading
from service.store.queries.dots import unsettled, unsettled_dot
from service.store.records import CustomerRow, InvoiceRow
from service.store.sync_models import ConnectionRow, LinkRow, ProblemRow

_CUSTOMER, _INVOICE = EntityKind.CUSTOMER.value, EntityKind.INVOICE.value


#: From how many records on a list of connections may tell how many were never sent as it was a moment ago.
_LARGE = 20_000
#: How long that stands, in nanoseconds.
_LASTS = 20_000_000_000
_KNOWN: dict[tuple[str, ...], tuple[int, Mapping[str, int]]] = {}


def tally(session: Session, connection: ConnectionRow) -> dict[str, int]:
    """Return the number of records per dot, and of open conflicts.

    Records are active customers and jobs, and issued invoices; one without a link counts as never sent.
    """
    return tallies(session, [connection])[connection.id]


def tallies(
    session: Session, connections: Sequence[ConnectionRow], *, lately: bool = False
) -> dict[str, dict[str, int]]:
    """Return the counts of several connections of one organisation, by id; what they share is counted once.

    :param lately: for pages that ask every few seconds: of a large company the number of records without a link may be
        up to 20 seconds old, because to find it takes most of the time. What is red, orange or green is never old.
    """
    if not connections:
        return {}
    ids, organisation_id = [connection.id for connection in connections], connections[0].organisation_id
    dots, in_force, asked = _by_dot(session, ids), _in_force(session, ids), _questions(session, ids)
    without_link = (_without_link_lately if lately else _without_link)(session, organisation_id, ids)
    found = {}
    for one in ids:
        counts = {dot.value: dots.get((one, dot.value), 0) for dot in Dot}
        counts[Dot.GREEN.value] = in_force[one] - sum(counts.values())
        counts[Dot.NONE.value] += without_link[one]
        found[one] = {**counts, "conflicts": asked.get(one, 0)}
    return found


def count_green(session: Session, connection_id: str) -> int:
    """Count the records that are in sync."""
    others = sum(_by_dot(session, [connection_id]).values())
    return _in_force(session, [connection_id])[connection_id] - others


def count_readback(session: Session, connection_id: str, reading: Reading) -> int:
    """Count the links in force whose last write was stored in a way."""
    query = select(func.count()).where(
        LinkRow.connection_id == connection_id, LinkRow.readback_state == reading.value, LinkRow.retired_at.is_(None)
    )
    return session.scalar(query) or 0


def _by_dot(session: Session, ids: Sequence[str]) -> dict[tuple[str, str], int]:
    """Count the links in force that are not green, by connection and dot."""
    dot = unsettled_dot()
    query = (
        select(LinkRow.connection_id, dot, func.count())
        .where(LinkRow.connection_id.in_(ids), unsettled())
        .group_by(LinkRow.connection_id, dot)
    )
    return {(connection_id, str(name)): number for connection_id, name, number in session.execute(query)}


def _questions(session: Session, ids: Sequence[str]) -> dict[str, int]:
    """Count the open conflicts, by connection."""
    query = (
        select(ProblemRow.connection_id, func.count())
        .where(ProblemRow.connection_id.in_(ids), ProblemRow.closed_at.is_(None))
        .group_by(ProblemRow.connection_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _in_force(session: Session, ids: Sequence[str]) -> dict[str, int]:
    """Count the links in force, by connection: one count after the other, because grouped they take twice as long."""
    counts = [
        _count(LinkRow.connection_id == one, LinkRow.retired_at.is_(None)).add_columns(literal(one)) for one in ids
    ]
    return {one: number for number, one in session.execute(union_all(*counts))}


def _without_link_lately(session: Session, organisation_id: str, ids: Sequence[str]) -> Mapping[str, int]:
    """Return how many records have no link, as it was a moment ago if they are many."""
    now = monotonic_ns()
    for key in [key for key, (counted, _) in list(_KNOWN.items()) if now - counted > _LASTS]:
        _KNOWN.pop(key, None)
    known = _KNOWN.get(tuple(ids))
    if known is not None:
        return known[1]
    found = _without_link(session, organisation_id, ids)
    if sum(found.values()) >= _LARGE:
        _KNOWN[tuple(ids)] = now, found
    return found


def _without_link(session: Session, organisation_id: str, ids: Sequence[str]) -> Mapping[str, int]:
    """Return how many records that have a dot have no link in force, by connection.

    Looked up one by one in the links, they would take seconds where there are a hundred thousand. So all records are
    counted and all links of records, and looked up are the few that make the difference: the archived customers in the
    links, and the invoices of links among those that are not issued. Each count reads an index alone, and each stands
    for itself: grouped they take longer.
    """
    in_force = (LinkRow.connection_id == ConnectionRow.id, LinkRow.retired_at.is_(None))
    customers, invoices = LinkRow.entity == _CUSTOMER, LinkRow.entity == _INVOICE
    archived = (CustomerRow.organisation_id == ConnectionRow.organisation_id, CustomerRow.archived.is_(True))
    counts = (
        _count(*in_force, customers),
        _count(*in_force, invoices),
        _count(*in_force, customers, LinkRow.record_id == CustomerRow.id, *archived),
        _count(*in_force, invoices, LinkRow.record_id == InvoiceRow.id, _not_issued()),
    )
    columns = (one.correlate(ConnectionRow).scalar_subquery() for one in counts)
    rows = session.execute(select(ConnectionRow.id, *columns).where(ConnectionRow.id.in_(ids)))
    tied = {row[0]: row[1] + row[2] - row[3] - row[4] for row in rows}
    records = _records(session, organisation_id)
    return {one: records - tied[one] for one in ids}


def _records(session: Session, mine: str) -> int:
    """Count the records of an organisation that have a dot: active customers, and invoices that are issued."""
    archived = _count(CustomerRow.organisation_id == mine, CustomerRow.archived.is_(True)).scalar_subquery()
    not_issued = _count(InvoiceRow.organisation_id == mine, _not_issued()).scalar_subquery()
    query = select(_all_of(CustomerRow, mine) - archived + _all_of(InvoiceRow, mine) - not_issued)
    return session.scalar(query) or 0


def _all_of(row: type[CustomerRow | InvoiceRow], mine: str) -> ColumnElement[int]:
    """Return the number of an organisation's rows; of the whole table where nobody else has any, which costs little."""
    alone = and_(
        select(func.min(row.organisation_id)).scalar_subquery() == mine,
        select(func.max(row.organisation_id)).scalar_subquery() == mine,
    )
    return case(
        (alone, select(func.count()).select_from(row).scalar_subquery()),
        else_=_count(row.organisation_id == mine).scalar_subquery(),
    )


def _count(*where: ColumnElement[bool]) -> Select[int]:
    return select(func.count()).where(*where)


def _not_issued() -> ColumnElement[bool]:
    """Return the condition for invoices without a dot, in the words of the index that holds just these."""
    return InvoiceRow.status.in_(bindparam("not_issued", ["draft", "voided"], expanding=True, literal_execute=True))
