"""How records stand at every connection: what the dots of a page of records are made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.core.link import Dot
from service.core.ports import EntityKind
from service.store.queries import drift
from service.store.queries.dots import dot_expression
from service.store.queries.find import chunks
from service.store.sync_models import ConnectionRow, LinkRow, ProblemRow


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncState:
    """One record at one connection."""

    connection: ConnectionRow
    dot: Dot
    link: LinkRow | None = None  #: in force
    problem: ProblemRow | None = None  #: open
    drift: int = 0  #: fields of ours that stand changed there


def sync_states(
    session: Session, organisation_id: str, kind: EntityKind, record_ids: Sequence[str]
) -> dict[str, list[SyncState]]:
    """Return the states of records at every connection that was ever consented to, in three statements.

    A disconnected connection is left out for records that have no link there.
    """
    query = select(ConnectionRow).where(
        ConnectionRow.organisation_id == organisation_id, ConnectionRow.state != "pending"
    )
    connections = session.scalars(query.order_by(ConnectionRow.id)).all()
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
