"""People who sign in: their accounts and their passwords, which are kept as Argon2 hashes alone."""

from __future__ import annotations

from functools import cache

from pwdlib import PasswordHash
from sqlalchemy.orm import Session

from service.ids import new_id
from service.records.author import Author
from service.records.errors import Fault, NotFound, NotPossibleNow, Taken, invalid
from service.records.trail import Alteration, report
from service.store.accounts import Role, User
from service.store.queries.events import Subject
from service.store.queries.find import find
from service.store.queries.web_users import user_by_email, users_of

#: Characters a password needs; length is what makes it strong.
LEAST_CHARACTERS = 10
_MOST_CHARACTERS = 1_000  # hashing longer ones would only cost time


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _nobodys_hash() -> str:
    """Return a hash to compare with where there is no account, so that the answer takes as long."""
    return _hasher().hash("nobody has this password")


def email_key(email: str) -> str:
    """Return the form in which an address is compared: without outer blanks, case-folded."""
    return email.strip().casefold()


def hash_password(password: str) -> str:
    """Return the hash to keep. Takes about 0.2 seconds on purpose.

    :raises Invalid: it is too short or too long.
    """
    if not LEAST_CHARACTERS <= len(password) <= _MOST_CHARACTERS:
        raise invalid("password", f"A password needs {LEAST_CHARACTERS} characters or more.")
    return _hasher().hash(password)


def create_user(session: Session, author: Author, *, email: str, password: str, role: Role) -> User:
    """Add an account.

    :raises Taken: the address has an account already, in this organisation or another.
    :raises Invalid: no address of mail, or the password is too short.
    """
    address = email.strip()
    if "@" not in address[1:-1]:
        raise invalid("email", f"'{address}' is not an address of mail.")
    if user_by_email(session, email_key(address)) is not None:
        raise Taken(Fault("email", f"{address} has an account already."))
    row = User(
        id=new_id(),
        organisation_id=author.organisation_id,
        email=address,
        email_key=email_key(address),
        password_hash=hash_password(password),
        role=role.value,
        created_at=author.now,
    )
    session.add(row)
    session.flush()
    report(session, author, "created", Subject(kind="user", id=row.id, label=address))
    return row


def set_password(session: Session, author: Author, user_id: str, password: str) -> User:
    """Give an account a new password and end its sessions.

    :raises NotFound: there is no such account.
    :raises Invalid: the password is too short.
    """
    row = _row(session, author, user_id)
    row.password_hash = hash_password(password)
    row.session_epoch += 1
    report(session, author, "password changed", Subject(kind="user", id=row.id, label=row.email))
    return row


def set_role(session: Session, author: Author, user_id: str, role: Role) -> User:
    """Let an account do more or less from its next request on. The same role: nothing changes.

    :raises NotFound: there is no such account.
    :raises NotPossibleNow: no administrator would be left.
    """
    row = _row(session, author, user_id)
    if row.role != role:
        _require_another_admin(session, row)
        told = Alteration({"role": row.role}, {"role": role.value})
        row.role = role.value
        report(session, author, "role changed", Subject(kind="user", id=row.id, label=row.email), told)
    return row


def set_active(session: Session, author: Author, user_id: str, *, active: bool) -> User:
    """Open or close an account; closing ends its sessions.

    :raises NotFound: there is no such account.
    :raises NotPossibleNow: no administrator would be left.
    """
    row = _row(session, author, user_id)
    if row.active != active:
        _require_another_admin(session, row)
        row.active = active
        row.session_epoch += 1
        report(session, author, "opened" if active else "closed", Subject(kind="user", id=row.id, label=row.email))
    return row


def check_password(user: User | None, password: str) -> tuple[bool, str | None]:
    """Tell whether a password is right, and give a better hash to keep where the old one is out of date.

    Without a user it takes as long and says no. A closed account's password is never right.
    """
    stored = _nobodys_hash() if user is None else user.password_hash
    right, better = _hasher().verify_and_update(password[:_MOST_CHARACTERS], stored)
    if user is None or not user.active or not right:
        return False, None
    return True, better


def _row(session: Session, author: Author, user_id: str) -> User:
    row = find(session, User, author.organisation_id, user_id, lock=True)
    if row is None:
        raise NotFound("user")
    return row


def _require_another_admin(session: Session, row: User) -> None:
    """Refuse what would leave nobody to manage people.

    :raises NotPossibleNow: it is an administrator's account, and no other one is open.
    """
    if not row.active or row.role != Role.ADMIN:
        return
    others = (one for one in users_of(session, row.organisation_id) if one.id != row.id)
    if not any(one.active and one.role == Role.ADMIN for one in others):
        raise NotPossibleNow(f"{row.email} is the only administrator. Make somebody else one first.")
