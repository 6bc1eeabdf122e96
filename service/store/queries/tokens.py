"""Tokens of the API, by the hash that is all we keep of them."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from service.store.accounts import ApiToken


def hash_of(token: str) -> str:
    """Return the SHA-256 of a token in hexadecimal."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def token_by_text(session: Session, token: str) -> ApiToken | None:
    """Return the row of a token that was not revoked, or None."""
    wanted = hash_of(token)
    row = session.scalars(select(ApiToken).where(ApiToken.token_hash == wanted)).one_or_none()
    if row is None or not hmac.compare_digest(row.token_hash, wanted) or row.revoked_at is not None:
        return None
    return row


def mark_used(session: Session, token_id: str, now: datetime) -> None:
    """Keep when a token was last used."""
    session.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=now))
