"""Runs as the pages show them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.sync_models import RunRow


def under_way(session: Session, organisation_id: str) -> dict[str, RunRow]:
    """Return the runs that are queued or running, by connection."""
    query = select(RunRow).where(RunRow.organisation_id == organisation_id, RunRow.finished_at.is_(None))
    return {row.connection_id: row for row in session.scalars(query)}
