"""Pages of what the sync keeps: connections, runs, links, problems."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.plan_models import PlanRow
from service.store.queries.links import page_query
from service.store.queries.pages import Key, Page, page, text
from service.store.sync_models import ConnectionRow, LinkRow, ProblemRow, RunRow


def connection_page(session: Session, organisation_id: str, *, limit: int, cursor: str | None) -> Page[ConnectionRow]:
    """Return connections, oldest first."""
    query = select(ConnectionRow).where(ConnectionRow.organisation_id == organisation_id)
    return page(session, query, [Key(ConnectionRow.id, text)], order="connection", limit=limit, cursor=cursor)


def run_page(
    session: Session, organisation_id: str, *, connection_id: str | None, limit: int, cursor: str | None
) -> Page[RunRow]:
    """Return runs of one connection or of all, newest first."""
    query = select(RunRow).where(RunRow.organisation_id == organisation_id)
    if connection_id is not None:
        query = query.where(RunRow.connection_id == connection_id)
    keys = [Key(RunRow.id, text, descending=True)]
    return page(session, query, keys, order="run", limit=limit, cursor=cursor)


def plan_page(
    session: Session, organisation_id: str, *, connection_id: str | None, limit: int, cursor: str | None
) -> Page[PlanRow]:
    """Return plans of one connection or of all, newest first."""
    query = select(PlanRow).where(PlanRow.organisation_id == organisation_id)
    if connection_id is not None:
        query = query.where(PlanRow.connection_id == connection_id)
    return page(session, query, [Key(PlanRow.id, text, descending=True)], order="plan", limit=limit, cursor=cursor)


def link_page(
    session: Session,
    organisation_id: str,
    *,
    connection_id: str | None = None,
    dot: str | None = None,
    entity: str | None = None,
    record_id: str | None = None,
    limit: int,
    cursor: str | None,
) -> Page[LinkRow]:
    """Return links in force, oldest first."""
    query = page_query(organisation_id, connection_id=connection_id, dot=dot, entity=entity, record_id=record_id)
    return page(session, query, [Key(LinkRow.id, text)], order="link", limit=limit, cursor=cursor)


def problem_page(
    session: Session,
    organisation_id: str,
    *,
    is_open: bool | None,
    connection_id: str | None,
    limit: int,
    cursor: str | None,
) -> Page[ProblemRow]:
    """Return problems, oldest first."""
    query = select(ProblemRow).where(ProblemRow.organisation_id == organisation_id)
    if is_open is not None:
        query = query.where(ProblemRow.closed_at.is_(None) if is_open else ProblemRow.closed_at.is_not(None))
    if connection_id is not None:
        query = query.where(ProblemRow.connection_id == connection_id)
    return page(session, query, [Key(ProblemRow.id, text)], order="problem", limit=limit, cursor=cursor)
