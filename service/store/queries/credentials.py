"""Credentials: the permissions of packages, over all organisations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from service.store.sync_models import ConnectionRow, CredentialRow


def idle(session: Session, *, before: datetime) -> Sequence[str]:
    """Return the ids of permissions that are in force, belong to a connection, and were not renewed since a moment."""
    used = exists().where(ConnectionRow.credential_id == CredentialRow.id)
    return session.scalars(
        select(CredentialRow.id).where(used, CredentialRow.dead_at.is_(None), CredentialRow.refreshed_at < before)
    ).all()


def ending(
    session: Session, organisation_id: str, *, before: datetime
) -> Sequence[tuple[ConnectionRow, CredentialRow]]:
    """Return the permissions in force that end before a moment, each with every connection that works by it."""
    rows = session.execute(
        select(ConnectionRow, CredentialRow)
        .join(CredentialRow, ConnectionRow.credential_id == CredentialRow.id)
        .where(
            ConnectionRow.organisation_id == organisation_id,
            CredentialRow.dead_at.is_(None),
            CredentialRow.refresh_expires_at < before,
        )
        .order_by(ConnectionRow.id)
    )
    return [(connection, credential) for connection, credential in rows]


def all_of(session: Session) -> Sequence[CredentialRow]:
    """Return every permission."""
    return session.scalars(select(CredentialRow)).all()
