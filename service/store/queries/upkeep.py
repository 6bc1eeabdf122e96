"""When background parts were last alive."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from service.store.sync_models import HeartbeatRow


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
