"""Decisions about proposed matches."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.sync_models import MatchRow


def decisions(session: Session, connection_id: str) -> Sequence[MatchRow]:
    """Return every decision of a connection."""
    return session.scalars(select(MatchRow).where(MatchRow.connection_id == connection_id)).all()


def decision(session: Session, connection_id: str, customer_id: str, remote_id: str) -> MatchRow | None:
    """Return the decision about one pair."""
    return session.scalar(
        select(MatchRow).where(
            MatchRow.connection_id == connection_id,
            MatchRow.customer_id == customer_id,
            MatchRow.remote_id == remote_id,
        )
    )
