"""Problems: the questions that wait for a person, and those that were settled."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.store.accounts import Event
from service.store.queries.connections import NotFoundError
from service.store.sync_models import LinkRow, ProblemRow


def get(session: Session, organisation_id: str, problem_id: str, *, lock: bool = False) -> ProblemRow:
    """Return a problem of the organisation; with ``lock`` nobody else answers it meanwhile.

    :raises NotFoundError: unknown, or another organisation's.
    """
    query = select(ProblemRow).where(ProblemRow.id == problem_id, ProblemRow.organisation_id == organisation_id)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise NotFoundError(problem_id)
    return row


def listed(
    session: Session,
    organisation_id: str,
    *,
    is_open: bool | None = True,
    connection_id: str | None = None,
    kind: str | None = None,
    after: str | None = None,
    limit: int = 100,
    newest_first: bool = False,
) -> Sequence[tuple[ProblemRow, LinkRow]]:
    """Return problems with their links, oldest first; ``after`` is the last id of the page before."""
    query = (
        select(ProblemRow, LinkRow)
        .join(LinkRow, LinkRow.id == ProblemRow.link_id)
        .where(ProblemRow.organisation_id == organisation_id)
    )
    if is_open is not None:
        query = query.where(ProblemRow.closed_at.is_(None) if is_open else ProblemRow.closed_at.is_not(None))
    if connection_id is not None:
        query = query.where(ProblemRow.connection_id == connection_id)
    if kind is not None:
        query = query.where(ProblemRow.kind == kind)
    if after is not None:
        query = query.where(ProblemRow.id < after if newest_first else ProblemRow.id > after)
    order = ProblemRow.id.desc() if newest_first else ProblemRow.id
    return [(problem, link) for problem, link in session.execute(query.order_by(order).limit(limit))]


def next_open(session: Session, row: ProblemRow) -> ProblemRow | None:
    """Return the question to go on with after one: the next that is open, then the oldest."""
    query = select(ProblemRow).where(
        ProblemRow.organisation_id == row.organisation_id, ProblemRow.closed_at.is_(None), ProblemRow.id != row.id
    )
    return session.scalar(query.order_by(ProblemRow.id < row.id, ProblemRow.id).limit(1))


def kinds_open(session: Session, organisation_id: str) -> list[tuple[str, str, int, str]]:
    """Count the open questions by connection and kind: (connection id, kind, how many, id of the oldest)."""
    query = (
        select(ProblemRow.connection_id, ProblemRow.kind, func.count(), func.min(ProblemRow.id))
        .where(ProblemRow.organisation_id == organisation_id, ProblemRow.closed_at.is_(None))
        .group_by(ProblemRow.connection_id, ProblemRow.kind)
        .order_by(func.min(ProblemRow.id))
    )
    return [(connection_id, kind, count, oldest) for connection_id, kind, count, oldest in session.execute(query)]


def named(session: Session, organisation_id: str, problem_ids: Collection[str]) -> Sequence[ProblemRow]:
    """Return problems of the organisation by their ids, oldest first; unknown ones are left out."""
    query = select(ProblemRow).where(ProblemRow.organisation_id == organisation_id, ProblemRow.id.in_(problem_ids))
    return session.scalars(query.order_by(ProblemRow.id)).all()


def count_open(
    session: Session, organisation_id: str, *, connection_id: str | None = None, kind: str | None = None
) -> int:
    """Count the questions that wait for a person."""
    query = (
        select(func.count())
        .select_from(ProblemRow)
        .where(ProblemRow.organisation_id == organisation_id, ProblemRow.closed_at.is_(None))
    )
    if connection_id is not None:
        query = query.where(ProblemRow.connection_id == connection_id)
    if kind is not None:
        query = query.where(ProblemRow.kind == kind)
    return session.scalar(query) or 0


def later_of(session: Session, row: ProblemRow, link: LinkRow) -> ProblemRow | None:
    """Return the open question about the same record that stands in the place of one that is closed."""
    query = (
        select(ProblemRow)
        .join(LinkRow, LinkRow.open_problem_id == ProblemRow.id)
        .where(
            LinkRow.connection_id == link.connection_id,
            LinkRow.entity == link.entity,
            LinkRow.record_id == link.record_id,
            LinkRow.retired_at.is_(None),
            ProblemRow.id != row.id,
        )
    )
    return session.scalar(query)


def events_since(session: Session, row: ProblemRow, link: LinkRow, *, limit: int = 20) -> Sequence[Event]:
    """Return what happened to the record at its package since a question was settled, oldest first.

    It ends with the next question about the record: what follows that came of another answer.
    """
    if row.closed_at is None:
        return []
    query = (
        select(Event)
        .where(
            Event.organisation_id == row.organisation_id,
            Event.connection_id == row.connection_id,
            Event.record_id == link.record_id,
            Event.at >= row.closed_at,
            Event.verb.not_in(("problem answered", "answer taken back")),
        )
        .order_by(Event.id)
        .limit(limit)
    )
    found = list(session.scalars(query))
    ends = next((place for place, event in enumerate(found, 1) if event.verb == "needs a person"), len(found))
    return found[:ends]
