"""People and tokens, as signing in and the pages need them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.accounts import ApiToken, Organisation, User


def user_by_email(session: Session, key: str) -> User | None:
    """Return the account of a case-folded address, of whichever organisation."""
    return session.scalars(select(User).where(User.email_key == key)).one_or_none()


def is_anybody(session: Session) -> bool:
    """Tell whether there is any account at all."""
    return session.scalar(select(User.id).limit(1)) is not None


def user_with_organisation(session: Session, user_id: str) -> tuple[User, Organisation] | None:
    """Return an account and its organisation in one statement."""
    query = select(User, Organisation).join(Organisation, Organisation.id == User.organisation_id)
    found = session.execute(query.where(User.id == user_id)).one_or_none()
    return None if found is None else (found[0], found[1])


def users_of(session: Session, organisation_id: str) -> Sequence[User]:
    """Return everybody of an organisation, by address."""
    return session.scalars(select(User).where(User.organisation_id == organisation_id).order_by(User.email_key)).all()


def tokens_of(session: Session, organisation_id: str) -> Sequence[ApiToken]:
    """Return every token of an organisation, newest first, revoked ones too."""
    query = select(ApiToken).where(ApiToken.organisation_id == organisation_id)
    return session.scalars(query.order_by(ApiToken.id.desc())).all()


def names_of_actors(session: Session, organisation_id: str, actors: Iterable[str]) -> dict[str, str]:
    """Return who stands behind actors such as ``user:<id>`` and ``token:<id>``; unknown ones are left out."""
    by_kind: dict[str, set[str]] = {}
    for actor in actors:
        kind, _, row_id = actor.partition(":")
        by_kind.setdefault(kind, set()).add(row_id)
    names: dict[str, str] = {}
    if people := by_kind.get("user"):
        users = select(User.id, User.email).where(User.organisation_id == organisation_id, User.id.in_(people))
        names |= {f"user:{row_id}": email for row_id, email in session.execute(users)}
    if tokens := by_kind.get("token"):
        query = select(ApiToken.id, ApiToken.name).where(
            ApiToken.organisation_id == organisation_id, ApiToken.id.in_(tokens)
        )
        names |= {f"token:{row_id}": f"token {name}" for row_id, name in session.execute(query)}
    return names
