"""How records stand at every connection: what the dots of a page of records are made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from sqlalchemy import select
from sqlalchemy.orm import Session, load_only
from sqlalchemy.sql.base import ExecutableOption

from service.core.link import Dot
from service.core.ports import EntityKind
from service.store.queries import drift
from service.store.queries.dots import dot_expression
from service.store.queries.find import chunks
from service.store.sync_models import ConnectionRow, LinkRow, ProblemRow


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDot:
    """The dot of one record at one connection: as much as a list shows."""

    connection: ConnectionRow
    dot: Dot
    problem: ProblemRow | None = None  #: open


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncState(RecordDot):
    """One record at one connection."""

    link: LinkRow | None = None  #: in force
    drift: int = 0  #: fields of ours that stand changed there


def record_dots(
    session: Session, organisation_id: str, kind: EntityKind, record_ids: Sequence[str]
) -> dict[str, list[RecordDot]]:
    """Return the dots of records at the connections of :func:`sync_states`, out of as many statements, but short ones.

    Rows of links and of connections are wide, and a list shows next to nothing of them.
    """
    shown = load_only(ConnectionRow.provider, ConnectionRow.state, ConnectionRow.organisation_name, raiseload=True)
    connections = _connections(session, organisation_id, shown)
    query = select(LinkRow.record_id, LinkRow.connection_id, dot_expression(), LinkRow.open_problem_id).where(
        LinkRow.organisation_id == organisation_id, LinkRow.entity == kind, LinkRow.retired_at.is_(None)
    )
    found = {
        (record_id, connection_id): (Dot(dot), problem_id)
        for part in chunks(record_ids if connections else ())
        for record_id, connection_id, dot, problem_id in session.execute(query.where(LinkRow.record_id.in_(part)))
    }
    problems = _problems(session, [problem_id for _, problem_id in found.values() if problem_id])
    dots: dict[str, list[RecordDot]] = {record_id: [] for record_id in record_ids}
    for record_id, connection in product(dots, connections):
        known = found.get((record_id, connection.id))
        if known is not None:
            dot, problem_id = known
            dots[record_id].append(RecordDot(connection=connection, dot=dot, problem=problems.get(problem_id or "")))
        elif connection.state != "disconnected":
            dots[record_id].append(RecordDot(connection=connection, dot=Dot.NONE))
    return dots


def sync_states(
    session: Session, organisation_id: str, kind: EntityKind, record_ids: Sequence[str]
) -> dict[str, list[SyncState]]:
    """Return the states of records at every connection that was ever consented to, in three statements.

    A disconnected connection is left out for records that have no link there.
    """
    connections = _connections(session, organisation_id)
    if not connections:
        return {record_id: [] for record_id in record_ids}
    links = _links(session, organisation_id, kind, record_ids)
    problems = _problems(session, [link.open_problem_id for link, _, _ in links.values() if link.open_problem_id])
    states: dict[str, list[SyncState]] = {}
    for record_id in record_ids:
        states[record_id] = found = []
        for connection in connections:
            link, dot, drifted = links.get((record_id, connection.id), (None, Dot.NONE, 0))
            if link is None and connection.state == "disconnected":
                continue
            problem = problems.get(link.open_problem_id or "") if link else None
            found.append(SyncState(connection=connection, dot=dot, link=link, problem=problem, drift=drifted))
    return states


def _connections(session: Session, organisation_id: str, *shown: ExecutableOption) -> Sequence[ConnectionRow]:
    query = select(ConnectionRow).where(
        ConnectionRow.organisation_id == organisation_id, ConnectionRow.state != "pending"
    )
    return session.scalars(query.options(*shown).order_by(ConnectionRow.id)).all()


def _links(
    session: Session, organisation_id: str, kind: EntityKind, record_ids: Sequence[str]
) -> dict[tuple[str, str], tuple[LinkRow, Dot, int]]:
    query = select(LinkRow, dot_expression(), drift.count_expression()).where(
        LinkRow.organisation_id == organisation_id, LinkRow.entity == kind, LinkRow.retired_at.is_(None)
    )
    return {
        (link.record_id, link.connection_id): (link, Dot(dot), drifted)
        for part in chunks(record_ids)
        for link, dot, drifted in session.execute(query.where(LinkRow.record_id.in_(part)))
    }


def _problems(session: Session, problem_ids: Sequence[str]) -> dict[str, ProblemRow]:
    return {
        row.id: row
        for part in chunks(problem_ids)
        for row in session.scalars(select(ProblemRow).where(ProblemRow.id.in_(part)))
    }
