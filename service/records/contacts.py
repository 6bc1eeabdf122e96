"""Contacts: the people at a customer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from service.core.model import CustomerKind, CustomerType
from service.core.ports import EntityKind
from service.ids import new_id
from service.records.author import Author
from service.records.errors import Fault, Invalid, NotFound, NotPossibleNow, invalid
from service.records.inputs import ContactChanges, ContactInput
from service.records.places import require_references, write_words_of
from service.records.resolution import follow
from service.records.trail import alter, check_revision, report, revise, stored, want, want_below
from service.store.queries.events import Subject
from service.store.queries.find import find
from service.store.queries.invoices import names_contact
from service.store.queries.load import contacts_of
from service.store.queries.ties import forget, is_known_there
from service.store.queries.tree import delete_contact_row, subtree
from service.store.records import ContactRow, CustomerRow

_SEARCHED = frozenset({"first_name", "last_name", "email", "other_emails", "phone", "mobile"})
#: Fields that no invoice rule looks at.
_BESIDE_INVOICES = frozenset({"role", "phone", "mobile", "fax", "notes"})
#: What decides the address that a job without one of its own takes from above, at packages that pass nothing on.
_PASSED_DOWN = frozenset({"email", "primary"})
_LOOKED_UP = ("tax_level_id", "job_site_id")


def create_contact(session: Session, author: Author, customer_id: str, given: ContactInput) -> ContactRow:
    """Add a person to a customer; the first one is the primary contact.

    :raises NotFound: there is no such customer.
    :raises Invalid: no name and no email; a tax level or job site that does not exist.
    """
    customer = _customer(session, author, customer_id)
    (row,) = add_contacts(session, author, customer, [given], path="")
    _spread(session, author, customer)
    report(session, author, "created", subject_of(row))
    return row


def add_contacts(
    session: Session,
    author: Author,
    customer: CustomerRow,
    given: Sequence[ContactInput],
    *,
    path: str = "contacts.{}.",
) -> list[ContactRow]:
    """Add people to a customer without reporting it; ``path`` is where faults lie in what was given.

    :raises Invalid: as :func:`create_contact`.
    """
    if not given:
        return []
    others = list(contacts_of(session, author.organisation_id, [customer.id]).get(customer.id, ()))
    added = []
    for index, contact in enumerate(given):
        _require_somebody(contact.first_name, contact.last_name, contact.email, field=path.format(index) + "first_name")
        values: dict[str, Any] = {field: stored(getattr(contact, field)) for field in ContactInput.model_fields}
        _require_references(session, author, customer, values, path.format(index))
        row = ContactRow(
            id=new_id(),
            organisation_id=author.organisation_id,
            customer_id=customer.id,
            position=max((other.position for other in others), default=-1) + 1,
            created_at=author.now,
            updated_at=author.now,
            **values,
        )
        session.add(row)
        others.append(row)
        added.append(row)
        if row.primary:
            _make_primary(row, others)
    if not any(other.primary for other in others):
        others[0].primary = True
    session.flush()
    return added


def change_contact(
    session: Session, author: Author, contact_id: str, changes: ContactChanges, *, expected: int | None = None
) -> ContactRow:
    """Change the fields that were given. No real change, no new revision.

    :raises NotFound, StaleRevision: as their names say.
    :raises Invalid: as for a new contact; also what would leave a company without a contact that can be written to.
    """
    row = _row(session, author, contact_id)
    check_revision(row, expected)
    customer = _customer(session, author, row.customer_id)
    values = {field: stored(getattr(changes, field)) for field in changes.model_fields_set}
    first, last, email = (values.get(field, getattr(row, field)) for field in ("first_name", "last_name", "email"))
    _require_somebody(first, last, email, field="first_name")
    _require_references(session, author, customer, values, "")
    others = contacts_of(session, author.organisation_id, [customer.id])[customer.id]
    if values.get("primary") is False and row.primary:
        raise invalid("primary", "A customer with contacts has a primary one. Make another contact the primary one.")
    fit_before = _is_company_fit(customer, others)
    alteration = alter(row, values)
    if not alteration:
        return row
    if "primary" in alteration:
        _make_primary(row, others)
    if fit_before:
        require_company_contact(customer, others, path="")
    revise(row, author)
    _spread(session, author, customer, frozenset(alteration.after))
    want(session, author.everywhere(), EntityKind.CONTACT, [row.id])
    report(session, author, "edited", subject_of(row), alteration)
    return row


def delete_contact(session: Session, author: Author, contact_id: str, *, expected: int | None = None) -> None:
    """Delete a person.

    :raises NotFound, StaleRevision: as their names say.
    :raises NotPossibleNow: it is a company's only contact that can be written to, an issued invoice names it, or a
        package has a record of its own for it.
    """
    row = _row(session, author, contact_id)
    check_revision(row, expected)
    customer = _customer(session, author, row.customer_id)
    people = contacts_of(session, author.organisation_id, [customer.id])[customer.id]
    others = [other for other in people if other.id != row.id]
    called = _called(row)
    if _is_company_fit(customer, people) and not _is_company_fit(customer, others):
        raise NotPossibleNow(f"{called} is the only contact of {customer.name} with a first name and an email.")
    if names_contact(session, author.organisation_id, row.id):
        raise NotPossibleNow(f"{called} stands on an issued invoice.")
    if is_known_there(session, author.organisation_id, [row.id]):
        raise NotPossibleNow(f"{called} is tied to a record in the accounting package. Unlink it first.")
    forget(session, author.organisation_id, [row.id])
    if row.primary and others:
        others[0].primary = True
    report(session, author, "deleted", subject_of(row))
    delete_contact_row(session, row)
    _spread(session, author, customer)


def require_company_contact(customer: CustomerRow, people: Iterable[ContactRow], *, path: str = "contacts") -> None:
    """Refuse a company at the top of a tree that nobody can be written to at.

    :raises Invalid: none of its people has a first name and an email.
    """
    if not _is_company_fit(customer, people):
        raise invalid(path or "email", "A company needs a contact with a first name and an email.")


def subject_of(row: ContactRow) -> Subject:
    """Return the contact as the audit trail names it."""
    return Subject(kind=EntityKind.CONTACT, id=row.id, label=_called(row))


def _called(row: ContactRow) -> str:
    return " ".join(part for part in (row.first_name, row.last_name) if part) or row.email or "The contact"


def _row(session: Session, author: Author, contact_id: str) -> ContactRow:
    row = find(session, ContactRow, author.organisation_id, contact_id, lock=True)
    if row is None:
        raise NotFound("contact")
    return row


def _customer(session: Session, author: Author, customer_id: str) -> CustomerRow:
    row = find(session, CustomerRow, author.organisation_id, customer_id, lock=True)
    if row is None:
        raise NotFound("customer")
    return row


def _is_company_fit(customer: CustomerRow, people: Iterable[ContactRow]) -> bool:
    if customer.kind != CustomerKind.COMPANY or customer.type != CustomerType.CLIENT:
        return True
    return any(contact.first_name and contact.email for contact in people)


def _require_somebody(first_name: str | None, last_name: str | None, email: str | None, *, field: str) -> None:
    if not (first_name or last_name or email):
        raise invalid(field, "A contact needs a name or an email.")


def _require_references(
    session: Session, author: Author, customer: CustomerRow, values: dict[str, Any], path: str
) -> None:
    try:
        require_references(session, author, customer, values, _LOOKED_UP)
    except Invalid as refusal:
        raise Invalid([Fault(path + fault.field, fault.message) for fault in refusal.faults]) from None


def _make_primary(row: ContactRow, others: Iterable[ContactRow]) -> None:
    for other in others:
        other.primary = other is row


def _spread(session: Session, author: Author, customer: CustomerRow, changed: frozenset[str] = _SEARCHED) -> None:
    """Carry a change of a customer's people on: to the search words, to open invoices, to the packages."""
    organisation_id = author.organisation_id
    if changed & _SEARCHED:
        write_words_of(session, organisation_id, [customer])
    if changed - _BESIDE_INVOICES:
        follow(session, author, [row.id for row in subtree(session, customer)])
    want(session, author, EntityKind.CUSTOMER, [customer.id])
    if changed & _PASSED_DOWN:
        want_below(session, author, customer)
