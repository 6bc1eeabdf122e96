"""Tokens of the API: shown once when they are made, kept as a hash."""

from __future__ import annotations

import secrets

from sqlalchemy.orm import Session

from service.ids import new_id
from service.records.author import Author
from service.records.errors import NotFound
from service.records.trail import report
from service.store.accounts import ApiToken, Role
from service.store.queries.events import Subject
from service.store.queries.find import find
from service.store.queries.tokens import hash_of

_BYTES = 32
_SHOWN = 12


def issue_token(session: Session, author: Author, *, name: str, role: Role) -> tuple[ApiToken, str]:
    """Make a token and return its row and the token itself, which nobody can read again."""
    token = f"tieout_{secrets.token_urlsafe(_BYTES)}"
    row = ApiToken(
        id=new_id(),
        organisation_id=author.organisation_id,
        name=name,
        role=role.value,
        token_hash=hash_of(token),
        prefix=token[:_SHOWN],
        created_at=author.now,
    )
    session.add(row)
    session.flush()
    report(session, author, "created", Subject(kind="token", id=row.id, label=name))
    return row, token


def revoke_token(session: Session, author: Author, token_id: str) -> ApiToken:
    """End a token for good. Revoked already: nothing changes.

    :raises NotFound: there is no such token.
    """
    row = find(session, ApiToken, author.organisation_id, token_id, lock=True)
    if row is None:
        raise NotFound("token")
    if row.revoked_at is None:
        row.revoked_at = author.now
        report(session, author, "revoked", Subject(kind="token", id=row.id, label=row.name))
    return row
