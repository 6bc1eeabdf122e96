"""Decisions about proposed matches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.ids import new_id
from service.store.sync_models import ConnectionRow, MatchRow


def decisions(session: Session, connection_id: str) -> Sequence[MatchRow]:
    """Return every decision of a connection."""
    return session.scalars(select(MatchRow).where(MatchRow.connection_id == connection_id)).all()


def decision_of(session: Session, connection_id: str, customer_id: str, remote_id: str) -> MatchRow | None:
    """Return the decision about one pair."""
    return session.scalar(
        select(MatchRow).where(
            MatchRow.connection_id == connection_id,
            MatchRow.customer_id == customer_id,
            MatchRow.remote_id == remote_id,
        )
    )


def remember(
    session: Session,
    connection: ConnectionRow,
    customer_id: str,
    remote_id: str,
    *,
    decision: str,
    actor: str,
    now: datetime,
) -> None:
    """Keep a decision about a pair, in the place of an earlier one."""
    row = decision_of(session, connection.id, customer_id, remote_id)
    if row is None:
        row = MatchRow(
            id=new_id(),
            organisation_id=connection.organisation_id,
            connection_id=connection.id,
            customer_id=customer_id,
            remote_id=remote_id,
        )
        session.add(row)
    row.decision, row.decided_by, row.decided_at = decision, actor, now
