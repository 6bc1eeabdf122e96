"""Organisations, for whoever administers the service itself."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.accounts import Organisation


def all_of(session: Session) -> Sequence[Organisation]:
    """Return every organisation, oldest first."""
    return session.scalars(select(Organisation).order_by(Organisation.id)).all()
