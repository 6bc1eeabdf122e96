"""Saved plans and their actions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.store.plan_models import PlanActionRow, PlanRow
from service.store.queries.connections import NotFoundError


def get(session: Session, organisation_id: str, plan_id: str) -> PlanRow:
    """Return a plan of the organisation.

    :raises NotFoundError: unknown, forgotten, or another organisation's.
    """
    row = session.scalar(select(PlanRow).where(PlanRow.id == plan_id, PlanRow.organisation_id == organisation_id))
    if row is None:
        raise NotFoundError(plan_id)
    return row


def actions(session: Session, plan_id: str, *, after: int = -1, limit: int | None = None) -> Sequence[PlanActionRow]:
    """Return the actions of a plan in their order, from the one after a position."""
    query = select(PlanActionRow).where(PlanActionRow.plan_id == plan_id, PlanActionRow.position > after)
    return session.scalars(query.order_by(PlanActionRow.position).limit(limit)).all()


def forget(session: Session, connection_id: str, *, before: datetime) -> None:
    """Delete the plans of a connection that were made before a moment and never applied."""
    session.execute(
        delete(PlanRow).where(
            PlanRow.connection_id == connection_id, PlanRow.created_at < before, PlanRow.applied_at.is_(None)
        )
    )
