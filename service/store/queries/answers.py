"""First answers to requests that came with an ``Idempotency-Key``.

A claim is an insert under a unique constraint: a second request with the same key waits on it until the first one's
transaction ends, and then finds the answer, or, if that failed as a whole, claims the key itself.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.ids import new_id
from service.store.accounts import RememberedAnswer


def claim(
    session: Session, organisation_id: str, *, key: str, request_hash: str, now: datetime
) -> tuple[RememberedAnswer, bool]:
    """Return the row of a key, and whether it was made just now."""
    insert = (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert
    row_id = new_id()
    made = session.execute(
        insert(RememberedAnswer)
        .values(id=row_id, organisation_id=organisation_id, key=key, request_hash=request_hash, created_at=now)
        .on_conflict_do_nothing(index_elements=[RememberedAnswer.organisation_id, RememberedAnswer.key])
        .returning(RememberedAnswer.id)
    ).scalar_one_or_none()
    query = select(RememberedAnswer).where(
        RememberedAnswer.organisation_id == organisation_id, RememberedAnswer.key == key
    )
    return session.scalars(query).one(), made is not None


def forget_answers(session: Session, *, before: datetime) -> None:
    """Delete answers older than a moment, over all organisations."""
    session.execute(delete(RememberedAnswer).where(RememberedAnswer.created_at < before))
