"""Counts over the whole service, one statement each: what its operator watches. Nothing here tells of one customer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from service.store.queries.dots import dot_expression
from service.store.sync_models import CallRow, ConnectionRow, HeartbeatRow, LinkRow, ProblemRow, RunRow


def connections_by_state(session: Session) -> Mapping[str, int]:
    """Count the connections in each state."""
    return _counts(session, select(ConnectionRow.state, func.count()).group_by(ConnectionRow.state))


def runs_by_state(session: Session) -> Mapping[str, int]:
    """Count the runs in each state."""
    return _counts(session, select(RunRow.state, func.count()).group_by(RunRow.state))


def calls_by_status(session: Session) -> Mapping[str, int]:
    """Count the writes by the status of HTTP that answered them; "none" for those without an answer."""
    return _counts(session, select(CallRow.status, func.count()).group_by(CallRow.status))


def open_problems_by_kind(session: Session) -> Mapping[str, int]:
    """Count the questions that wait for a person, by their kind."""
    return _counts(
        session, select(ProblemRow.kind, func.count()).where(ProblemRow.closed_at.is_(None)).group_by(ProblemRow.kind)
    )


def links_by_dot(session: Session) -> Mapping[str, int]:
    """Count the links in force by their dot."""
    dot = dot_expression()
    return _counts(session, select(dot, func.count()).where(LinkRow.retired_at.is_(None)).group_by(dot))


def heartbeats(session: Session) -> Mapping[str, datetime]:
    """Return when each background part was last alive."""
    return {row.name: row.at for row in session.scalars(select(HeartbeatRow))}


def _counts(session: Session, statement: Select[str, int] | Select[int | None, int]) -> Mapping[str, int]:
    return {"none" if name is None else str(name): number for name, number in session.execute(statement)}
