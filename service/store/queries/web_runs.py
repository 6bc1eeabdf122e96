"""Runs as the pages show them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.sync_models import RunRow


def under_way(session: Session, organisation_id: str) -> dict[str, RunRow]:
    """Return the runs that are queued or running, by connection."""
    query = select(RunRow).where(RunRow.organisation_id == organisation_id, RunRow.finished_at.is_(None))
    return {row.connection_id: row for row in session.scalars(query)}


def last_problem(session: Session, organisation_id: str, connection_ids: Iterable[str]) -> dict[str, RunRow]:
    """Return the newest finished run of each connection if it ended with a problem of its own."""
    found = {}
    for connection_id in connection_ids:
        query = select(RunRow).where(
            RunRow.organisation_id == organisation_id,
            RunRow.connection_id == connection_id,
            RunRow.finished_at.is_not(None),
        )
        row = session.scalars(query.order_by(RunRow.id.desc()).limit(1)).one_or_none()
        if row is not None and row.problem:
            found[connection_id] = row
    return found
