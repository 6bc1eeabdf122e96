"""People and tokens, as signing in and the pages need them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from service.store.accounts import ApiToken, Organisation, User
from service.store.sync_models import ProblemRow


def user_by_email(session: Session, key: str) -> User | None:
    """Return the account of a case-folded address, of whichever organisation."""
    return session.scalars(select(User).where(User.email_key == key)).one_or_none()


def is_anybody(session: Session) -> bool:
    """Tell whether there is any account at all."""
    return session.scalar(select(User.id).limit(1)) is not None


class SignedIn(NamedTuple):
    """An account with its organisation, as much of both as every page needs."""

    email: str
    role: str
    active: bool
    session_epoch: int
    organisation_id: str
    organisation_name: str
    currency: str
    timezone: str
    locale: str
    open_questions: int  #: of the organisation


def signed_in(session: Session, user_id: str) -> SignedIn | None:
    """Return the account that a session belongs to, in one short statement: every page asks."""
    found = session.execute(_SIGNED_IN, {"of_user": user_id}).one_or_none()
    return None if found is None else SignedIn(*found)


_SIGNED_IN = (
    select(
        User.email,
        User.role,
        User.active,
        User.session_epoch,
        Organisation.id,
        Organisation.name,
        Organisation.currency,
        Organisation.timezone,
        Organisation.locale,
        select(func.count())
        .where(ProblemRow.organisation_id == User.organisation_id, ProblemRow.closed_at.is_(None))
        .scalar_subquery(),
    )
    .join(Organisation, Organisation.id == User.organisation_id)
    .where(User.id == bindparam("of_user"))
)


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
