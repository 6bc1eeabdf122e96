"""How records stand at every connection: what the dots of a page of records are made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple, cast

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from service.core.link import Dot
from service.core.ports import EntityKind
from service.store.among import Ids, among
from service.store.queries import drift
from service.store.queries.dots import dot_expression
from service.store.queries.find import chunks
from service.store.sync_models import ConnectionRow, LinkRow, ProblemRow


class DotPlace(NamedTuple):
    """A connection, as much of it as a dot shows."""

    id: str
    provider: str
    state: str
    organisation_name: str | None


class DotProblem(NamedTuple):
    """An open problem, as much of it as a dot shows."""

    id: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDot:
    """The dot of one record at one connection: as much as a list shows."""

    connection: DotPlace
    dot: Dot
    problem: DotProblem | None = None  #: open


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncState:
    """One record at one connection."""

    connection: ConnectionRow
    dot: Dot
    problem: ProblemRow | None = None  #: open
    link: LinkRow | None = None  #: in force
    drift: int = 0  #: fields of ours that stand changed there


def dot_places(session: Session, organisation_id: str) -> list[DotPlace]:
    """Return the connections at which records have a dot: those that somebody has consented to, oldest first."""
    return [DotPlace(*row) for row in session.execute(_PLACES, {"of_organisation": organisation_id})]


def record_dots(
    session: Session,
    organisation_id: str,
    kind: EntityKind,
    record_ids: Sequence[str],
    *,
    places: Sequence[DotPlace] | None = None,
) -> dict[str, list[RecordDot]]:
    """Return the dots of records at the connections of :func:`sync_states`, out of one or two short statements.

    Rows of links, problems and connections are wide, and a list shows next to nothing of them.

    :param places: those of the organisation, where they are known already.
    """
    places = dot_places(session, organisation_id) if places is None else places
    given = {"of_organisation": organisation_id, "of_kind": kind.value, "record_ids": record_ids}
    found = {
        (record_id, connection_id): (Dot(dot), DotProblem(problem_id, problem) if problem_id else None)
        for record_id, connection_id, dot, problem_id, problem in (session.execute(_DOTS, given) if places else ())
    }
    dots: dict[str, list[RecordDot]] = {record_id: [] for record_id in record_ids}
    for record_id, connection in product(dots, places):
        known = found.get((record_id, connection.id))
        if known is not None:
            dots[record_id].append(RecordDot(connection=connection, dot=known[0], problem=known[1]))
        elif connection.state != "disconnected":
            dots[record_id].append(RecordDot(connection=connection, dot=Dot.NONE))
    return dots


# Every list asks these: built once.
_PLACES = (
    select(ConnectionRow.id, ConnectionRow.provider, ConnectionRow.state, ConnectionRow.organisation_name)
    .where(ConnectionRow.organisation_id == bindparam("of_organisation"), ConnectionRow.state != "pending")
    .order_by(ConnectionRow.id)
)
_DOTS = cast(
    "Select[Any]",
    select(LinkRow.record_id, LinkRow.connection_id, dot_expression(), ProblemRow.id, ProblemRow.kind)
    .outerjoin_from(LinkRow, ProblemRow, ProblemRow.id == LinkRow.open_problem_id)
    .where(
        LinkRow.organisation_id == bindparam("of_organisation"),
        LinkRow.entity == bindparam("of_kind"),
        LinkRow.retired_at.is_(None),
        among(LinkRow.record_id, bindparam("record_ids", type_=Ids())),
    ),
)


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


def _connections(session: Session, organisation_id: str) -> Sequence[ConnectionRow]:
    query = select(ConnectionRow).where(
        ConnectionRow.organisation_id == organisation_id, ConnectionRow.state != "pending"
    )
    return session.scalars(query.order_by(ConnectionRow.id)).all()


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
