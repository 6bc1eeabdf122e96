"""Outgoing calls and the intents they carry."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.sync_models import CallRow, IntentRow, LinkRow


def open_calls(session: Session, connection_id: str) -> Sequence[CallRow]:
    """Return the calls of a connection that are not closed, oldest first."""
    return session.scalars(
        select(CallRow)
        .where(CallRow.connection_id == connection_id, CallRow.closed_at.is_(None))
        .order_by(CallRow.created_at, CallRow.id)
    ).all()


def intents_of(session: Session, call_id: str) -> Sequence[tuple[IntentRow, LinkRow]]:
    """Return the intents of a call with their links, in the order of the call's elements; closed ones too."""
    rows = session.execute(
        select(IntentRow, LinkRow)
        .join(LinkRow, LinkRow.id == IntentRow.link_id)
        .where(IntentRow.call_id == call_id)
        .order_by(IntentRow.position)
    )
    return [(intent, link) for intent, link in rows]


def intents_of_link(session: Session, link_id: str, *, limit: int = 50) -> Sequence[IntentRow]:
    """Return what was sent for a link, newest first."""
    return session.scalars(
        select(IntentRow).where(IntentRow.link_id == link_id).order_by(IntentRow.sequence.desc()).limit(limit)
    ).all()


def last_intent(session: Session, link: LinkRow) -> IntentRow | None:
    """Return what was last meant to be written for a link."""
    return next(iter(intents_of_link(session, link.id, limit=1)), None)
