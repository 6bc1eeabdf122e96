"""Small chores: heartbeats, and forgetting what need not be remembered."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from service.store.accounts import RememberedAnswer
from service.store.sync_models import HeartbeatRow

#: How long the first answer to a request with an ``Idempotency-Key`` is repeated.
ANSWERS_KEPT = timedelta(days=7)


def beat(session: Session, name: str, now: datetime) -> None:
    """Note that a background part is alive."""
    row = session.get(HeartbeatRow, name)
    if row is None:
        session.add(HeartbeatRow(name=name, at=now))
    else:
        row.at = now


def last_beat(session: Session, name: str) -> datetime | None:
    """Return when a background part was last alive."""
    row = session.get(HeartbeatRow, name)
    return None if row is None else row.at


def forget_old_answers(session: Session, now: datetime) -> None:
    """Forget answers whose keys nobody will repeat any more."""
    session.execute(delete(RememberedAnswer).where(RememberedAnswer.created_at < now - ANSWERS_KEPT))
