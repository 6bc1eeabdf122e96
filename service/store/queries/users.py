"""Accounts of people."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.accounts import User


def email_key(email: str) -> str:
    """Return an address of mail as accounts are told apart by."""
    return email.strip().casefold()


def by_email(session: Session, email: str) -> User | None:
    """Return the account of an address, over all organisations."""
    return session.scalar(select(User).where(User.email_key == email_key(email)))


def all_of(session: Session, organisation_id: str) -> Sequence[User]:
    """Return the accounts of an organisation."""
    return session.scalars(select(User).where(User.organisation_id == organisation_id).order_by(User.email_key)).all()
