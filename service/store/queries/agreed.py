"""How many records both sides have agreed on, and how many of those are still there: what a brake goes by."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from service.core.ports import Family
from service.store.sync_models import ConnectionRow, CounterpartRow, LinkRow

_IN_FORCE = LinkRow.retired_at.is_(None)
_NEEDS_WORK = or_(LinkRow.wanted > LinkRow.confirmed, LinkRow.heard > LinkRow.settled)


def count_agreed(session: Session, connection: ConnectionRow, *, due: bool = False) -> int:
    """Count records that both sides have agreed on before; ``due``: those of them that are changed on either side."""
    query = (
        select(func.count())
        .select_from(LinkRow)
        .where(
            LinkRow.connection_id == connection.id,
            _IN_FORCE,
            LinkRow.remote_id.is_not(None),
            LinkRow.last_synced_at.is_not(None),
        )
    )
    return session.scalar(query.where(_NEEDS_WORK) if due else query) or 0


def linked_and_seen(
    session: Session, connection_id: str, families: Collection[Family], *, since: datetime
) -> tuple[int, int]:
    """Count the entities of some families that links are tied to, and those of them that were seen since a moment."""
    tied = and_(
        CounterpartRow.connection_id == LinkRow.connection_id,
        CounterpartRow.family == LinkRow.family,
        CounterpartRow.remote_id == LinkRow.remote_id,
    )
    seen = case((CounterpartRow.seen_at >= since, 1), else_=0)
    row = session.execute(
        select(func.count(), func.coalesce(func.sum(seen), 0))
        .select_from(LinkRow)
        .join(CounterpartRow, tied)
        .where(
            LinkRow.connection_id == connection_id,
            LinkRow.family.in_([family.value for family in families]),
            _IN_FORCE,
            CounterpartRow.deleted.is_(False),
        )
    ).one()
    return int(row[0]), int(row[1])
