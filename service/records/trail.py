"""What every change leaves behind: the revision, one line of the audit trail, and the change made wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from service.core.money import decimal_text
from service.core.ports import EntityKind, Ref
from service.records.author import Author
from service.records.errors import StaleRevision
from service.store.base import Revised
from service.store.queries.events import Subject, add_event
from service.store.queries.load import contacts_of
from service.store.queries.touch import touch
from service.store.queries.tree import subtree
from service.store.records import CustomerRow


@dataclass(frozen=True, slots=True)
class Alteration:
    """The fields that really changed, before and after, JSON-ready."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]

    def __bool__(self) -> bool:
        """Tell whether anything changed."""
        return bool(self.after)

    def __contains__(self, field: str) -> bool:
        """Tell whether a field changed."""
        return field in self.after


def stored(value: Any) -> Any:
    """Return a given value as a row keeps it: an address or recipients as a document, nothing for an empty address."""
    if isinstance(value, BaseModel):
        document = value.model_dump(mode="json")
        return document if any(document.values()) or "to" in document else None
    return str(value) if isinstance(value, str) else value


def check_revision(row: Revised, expected: int | None) -> None:
    """Refuse a change that was made for another revision.

    :raises StaleRevision: the row is at another revision than expected; None expects nothing.
    """
    if expected is not None and row.revision != expected:
        raise StaleRevision(expected=expected, current=row.revision)


def alter(row: Revised, values: Mapping[str, Any]) -> Alteration:
    """Set the values that differ and tell which they were."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for field, value in values.items():
        old = getattr(row, field)
        if old != value:
            before[field], after[field] = plain(old), plain(value)
            setattr(row, field, value)
    return Alteration(before, after)


def revise(row: Revised, author: Author) -> None:
    """Raise the revision of a changed row."""
    row.revision += 1
    row.updated_at = author.now


def plain(value: Any) -> Any:
    """Return a value as JSON keeps it."""
    if isinstance(value, Decimal):
        return decimal_text(value)
    return value.isoformat() if isinstance(value, date) else value


def report(session: Session, author: Author, verb: str, subject: Subject, alteration: Alteration | None = None) -> None:
    """Write the line of the audit trail."""
    add_event(
        session,
        organisation_id=author.organisation_id,
        at=author.now,
        actor=author.actor,
        verb=verb,
        subject=subject,
        before=alteration.before if alteration else None,
        after=alteration.after if alteration else None,
        why=author.why,
        connection_id=author.except_connection_id,
    )


def want_below(session: Session, author: Author, customer: CustomerRow) -> None:
    """Make a change wanted for the jobs and people below a customer, because a package may not pass it on to them.

    Also where the change was pulled from: there it was made at the customer alone.
    """
    below = [row.id for row in subtree(session, customer)[1:]]
    if below:
        people = contacts_of(session, author.organisation_id, below)
        teller = author.everywhere()
        want(session, teller, EntityKind.CUSTOMER, below)
        want(session, teller, EntityKind.CONTACT, [contact.id for found in people.values() for contact in found])


def want(session: Session, author: Author, kind: EntityKind, record_ids: Iterable[str]) -> None:
    """Make the change of records wanted at every package but the one it came from."""
    touch(
        session,
        organisation_id=author.organisation_id,
        refs=[Ref(kind=kind, id=record_id) for record_id in record_ids],
        now=author.now,
        except_connection_id=author.except_connection_id,
    )
