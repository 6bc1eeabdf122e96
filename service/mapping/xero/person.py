"""Further people of a Xero contact: names, an address each, and whether invoices go to it.

Xero facts: developer.xero.com Contacts, "ContactPersons": at most five, a list replaces the list, ``[{}]`` clears it;
and the contact's own address can't be blank while there are any.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from service.core.model import Contact, SendTo
from service.core.ports import Payload
from service.core.snapshot import Value, clean_email
from service.mapping.xero.value import Losses, as_list, as_text

MOST_PEOPLE = 5
FIELD = "people"
_NAME_LIMIT = 255
_EMAIL_LIMIT = 255


def project_people(contacts: Iterable[Contact], *, first_email: str | None, losses: Losses) -> Value:
    """Return the people whom Xero can list beside the first one: (first name, last name, email, gets invoices).

    People who get invoices come before others when there are more than five; the list itself is sorted, so that its
    order means nothing.
    """
    entries = dict.fromkeys(entry for contact in contacts for entry in _entries(contact, first_email, losses))
    if entries and first_email is None:
        losses.add(FIELD, "Xero takes further people only beside a first one with an email address; none is sent.")
        return ()
    wanted = sorted(entries, key=lambda entry: not entry[3])
    if len(wanted) > MOST_PEOPLE:
        left_out = ", ".join(_called(entry) for entry in wanted[MOST_PEOPLE:])
        losses.add(FIELD, f"Xero keeps at most {MOST_PEOPLE} further people; left out: {left_out}.")
    return _in_order(wanted[:MOST_PEOPLE])


def write_people(value: Value) -> list[dict[str, Any]]:
    """Return ``ContactPersons`` that replace whatever is there."""
    people = value if isinstance(value, tuple) else ()
    written: list[dict[str, Any]] = []
    for person in people:
        first, last, email, included = person if isinstance(person, tuple) else (None, None, None, False)
        written.append(
            {
                "FirstName": first or "",
                "LastName": last or "",
                "EmailAddress": email or "",
                "IncludeInEmails": bool(included),
            }
        )
    return written or [{}]


def read_people(payload: Payload) -> Value:
    """Return the people of a contact; entries without name and address don't count."""
    people = [
        (
            as_text(person.get("FirstName")),
            as_text(person.get("LastName")),
            clean_email(as_text(person.get("EmailAddress"))),
            person.get("IncludeInEmails") is True,
        )
        for person in as_list(payload.get("ContactPersons"))
    ]
    return _in_order([person for person in people if any(person[:3])])


_Person = tuple[str | None, str | None, str | None, bool]


def _entries(contact: Contact, first_email: str | None, losses: Losses) -> Iterator[_Person]:
    """Yield a person, and once more for each further address that invoices go to."""
    first = losses.fit(contact.first_name, _NAME_LIMIT, FIELD)
    last = losses.fit(contact.last_name, _NAME_LIMIT, FIELD)
    email = project_email(contact.email, FIELD, losses)
    if (first or last or email) and (email is None or email != first_email):
        yield first, last, email, bool(email) and contact.invoice_email is not SendTo.NONE
    if SendTo.CC in {contact.invoice_email if email else None, contact.other_emails_invoice}:
        losses.add(FIELD, "Xero has no Cc: people who get a copy receive the invoice like everybody else.")
    others = [project_email(other, FIELD, losses) for other in contact.other_emails]
    if others and contact.other_emails_invoice is SendTo.NONE:
        losses.add(FIELD, "Xero keeps one address per person; further ones that get no invoices stay here.")
        return
    for other in others:
        if other is not None and other not in {email, first_email}:
            yield first, last, other, True


def project_email(email: str | None, field: str, losses: Losses) -> str | None:
    """Return the address as Xero can hold it: at most 255 characters, none outside ASCII; else None and a loss."""
    cleaned = clean_email(email)
    if cleaned is None:
        return None
    if not cleaned.isascii() or len(cleaned) > _EMAIL_LIMIT:
        losses.add(field, f"Xero does not take the address {cleaned[:80]}; it is left out.")
        return None
    return cleaned


def _in_order(people: Iterable[_Person]) -> tuple[_Person, ...]:
    return tuple(sorted(people, key=lambda person: tuple(str(part or "") for part in person)))


def _called(entry: _Person) -> str:
    return " ".join(part for part in entry[:2] if part) or entry[2] or "?"
