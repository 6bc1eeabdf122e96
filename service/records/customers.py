"""Customers: clients and their jobs, companies and individuals."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from service.core.model import CustomerKind, CustomerType
from service.core.names import name_key
from service.core.ports import EntityKind
from service.ids import new_id
from service.records.author import Author
from service.records.contacts import add_contacts, require_company_contact
from service.records.errors import NotFound, NotPossibleNow, invalid
from service.records.inputs import CustomerChanges, CustomerInput
from service.records.places import (
    NAME_KEY,
    lock_tree,
    parent_for,
    place,
    plan_place,
    require_own_sites,
    require_references,
    write_words_of,
)
from service.records.resolution import follow
from service.records.trail import alter, check_revision, report, revise, stored, want, want_below
from service.records.unique import require_free_number
from service.store.queries.counters import next_number
from service.store.queries.events import Subject
from service.store.queries.find import find
from service.store.queries.load import contacts_of
from service.store.queries.ties import forget, is_known_there
from service.store.queries.tree import counts_of_records, delete_with_people, subtree
from service.store.records import CustomerRow

#: Fields whose change may change what the rules give for an invoice.
_INVOICE_RULES = frozenset(
    {
        "name",
        "email",
        "other_emails",
        "invoice_email",
        "other_emails_invoice",
        "billing_address",
        "tax_level_id",
        "parent_id",
        "job_site_id",
    }
)
#: Fields that a job without a value of its own takes from above, at packages that pass nothing on.
_PASSED_DOWN = frozenset({"email", "billing_address", "currency", "payment_terms", "tax_level_id"})
_SEARCHED = frozenset(
    {"name", "first_name", "last_name", "number", "email", "other_emails", "phone", "mobile", "parent_id"}
)
_LOOKED_UP = ("tax_level_id", "job_site_id")


def create_customer(session: Session, author: Author, given: CustomerInput) -> CustomerRow:
    """Add a client or, with ``parent_id``, a job.

    :raises Invalid: a company client without a contact that has a first name and an email; an individual without a
        name; a parent, tax level or job site that does not exist; a sixth level.
    :raises Taken: the number is in use.
    """
    organisation_id = author.organisation_id
    if given.parent_id is not None:
        lock_tree(session, author)
    parent = parent_for(session, author, given.parent_id)
    _require_type(given.type, given.parent_id)
    if given.number is not None:
        require_free_number(session, author, CustomerRow.number, given.number)
    number = given.number or next_number(
        session, organisation_id, series="customer", prefix="C-", column=CustomerRow.number
    )
    fields = given.model_dump(exclude={"contacts", "type", "name", "number", "parent_id"}).keys()
    values: dict[str, Any] = {field: stored(getattr(given, field)) for field in fields}
    row = CustomerRow(
        id=new_id(),
        organisation_id=organisation_id,
        name=_own_name(given.kind, given.name, given.first_name, given.last_name, is_job=given.parent_id is not None),
        number=number,
        created_at=author.now,
        updated_at=author.now,
        **values,
    )
    place(row, parent)
    require_references(session, author, row, values, _LOOKED_UP)
    session.add(row)
    session.flush()
    contacts = add_contacts(session, author, row, given.contacts)
    require_company_contact(row, contacts)
    write_words_of(session, organisation_id, [row])
    report(session, author, "created", subject_of(row))
    return row


def change_customer(
    session: Session, author: Author, customer_id: str, changes: CustomerChanges, *, expected: int | None = None
) -> CustomerRow:
    """Change the fields that were given; ``parent_id`` moves the whole subtree. No real change, no new revision.

    :raises NotFound, StaleRevision, Taken: as their names say.
    :raises Invalid: as for a new customer; also a loop, or a job that would be on a sixth level.
    """
    given = changes.model_fields_set
    if given & {"name", "first_name", "last_name", "parent_id"}:
        lock_tree(session, author)
    row = _row(session, author, customer_id)
    check_revision(row, expected)
    values = {field: stored(getattr(changes, field)) for field in given - {"type"}}
    _complete(session, author, row, changes, values)
    rows = [row]
    parent = None
    if "parent_id" in values or "name" in values:
        rows = list(subtree(session, row))
        parent = plan_place(session, author, rows, values.get("parent_id", row.parent_id))
    alteration = alter(row, values)
    if not alteration:
        return row
    if "parent_id" in alteration or "name" in alteration:
        _place_again(rows, parent)
        if "parent_id" in alteration:
            require_own_sites(session, author, rows)
    else:
        rows = [row]
    if "kind" in alteration or "parent_id" in alteration:
        people = contacts_of(session, author.organisation_id, [row.id])
        require_company_contact(row, people.get(row.id, ()))
    revise(row, author)
    _spread(session, author, rows, frozenset(alteration.after), frozenset(given))
    report(session, author, "edited", subject_of(row), alteration)
    return row


def archive_customer(
    session: Session, author: Author, customer_id: str, *, with_jobs: bool = False, expected: int | None = None
) -> CustomerRow:
    """Archive a customer. Archived already: nothing changes.

    :param with_jobs: archive the jobs below it as well, from the lowest up.
    :raises NotPossibleNow: a job below it is active.
    """
    row = _row(session, author, customer_id)
    check_revision(row, expected)
    if not row.archived:
        active = [below for below in subtree(session, row)[1:] if not below.archived]
        if active and not with_jobs:
            raise NotPossibleNow(f"{row.name} has active jobs. Archive its jobs first.")
        for job in reversed(active):
            _set_archived(session, author, job, archived=True)
    return _set_archived(session, author, row, archived=True)


def unarchive_customer(
    session: Session, author: Author, customer_id: str, *, expected: int | None = None
) -> CustomerRow:
    """Take a customer back out of the archive. Not archived: nothing changes.

    :raises NotPossibleNow: what it stands under is archived.
    """
    row = _row(session, author, customer_id)
    check_revision(row, expected)
    parent = find(session, CustomerRow, author.organisation_id, row.parent_id) if row.parent_id else None
    if parent is not None and parent.archived:
        raise NotPossibleNow(f"{parent.full_name} is archived. Take it out of the archive first.")
    return _set_archived(session, author, row, archived=False)


def delete_customer(session: Session, author: Author, customer_id: str, *, expected: int | None = None) -> None:
    """Delete a customer on which nothing hangs, with its contacts and job sites.

    :raises NotPossibleNow: it has jobs, invoices or payments, or a package knows it; the message counts them.
    :raises StaleRevision: somebody changed it meanwhile.
    """
    lock_tree(session, author)
    row = _row(session, author, customer_id)
    check_revision(row, expected)
    kept = why_kept(session, author.organisation_id, row)
    if kept is not None:
        raise NotPossibleNow(kept)
    forget(session, author.organisation_id, _with_people(session, row))
    report(session, author, "deleted", subject_of(row))
    delete_with_people(session, row)


def why_kept(session: Session, organisation_id: str, row: CustomerRow) -> str | None:
    """Return why a customer can't be deleted, as a sentence; None where it can."""
    counts = counts_of_records(session, row)
    held = [f"{count} {what}{'s' if count > 1 else ''}" for what, count in counts.items() if count]
    if held:
        return f"{row.name} has {' and '.join(held)}. Archive it instead."
    if is_known_there(session, organisation_id, _with_people(session, row)):
        return f"{row.name} is tied to a record in the accounting package. Archive it instead."
    return None


def _with_people(session: Session, row: CustomerRow) -> list[str]:
    people = contacts_of(session, row.organisation_id, [row.id]).get(row.id, ())
    return [row.id, *(contact.id for contact in people)]


def subject_of(row: CustomerRow) -> Subject:
    """Return the customer as the audit trail names it."""
    return Subject(kind=EntityKind.CUSTOMER, id=row.id, label=row.full_name)


def _row(session: Session, author: Author, customer_id: str) -> CustomerRow:
    row = find(session, CustomerRow, author.organisation_id, customer_id, lock=True)
    if row is None:
        raise NotFound("customer")
    return row


def _complete(
    session: Session, author: Author, row: CustomerRow, changes: CustomerChanges, values: dict[str, Any]
) -> None:
    """Check the given values against the row and each other, and fill in what follows from them."""
    kind = CustomerKind(values["kind"] or row.kind) if "kind" in values else CustomerKind(row.kind)
    if "kind" in values:
        values["kind"] = str(kind)
    if "number" in values and values["number"] is None:
        raise invalid("number", "A customer keeps a number.")
    if "number" in values and values["number"] != row.number:
        require_free_number(session, author, CustomerRow.number, values["number"])
    if changes.type is not None:
        _require_type(changes.type, values.get("parent_id", row.parent_id))
    if values.keys() & {"name", "first_name", "last_name", "kind"}:
        first, last = (values.get(field, getattr(row, field)) for field in ("first_name", "last_name"))
        made = _made_name(row.first_name, row.last_name)
        kept = None if kind is CustomerKind.INDIVIDUAL and row.name == made else row.name
        is_job = values.get("parent_id", row.parent_id) is not None
        name = _own_name(kind, values.get("name", kept), first, last, is_job=is_job)
        values.pop("name", None)
        if name != row.name:
            values["name"] = name
    require_references(session, author, row, values, _LOOKED_UP)


def _require_type(given: CustomerType | None, parent_id: str | None) -> None:
    implied = CustomerType.CLIENT if parent_id is None else CustomerType.JOB
    if given is not None and given is not implied:
        told = "A job needs a parent_id." if given is CustomerType.JOB else "A client has no parent_id."
        raise invalid("parent_id", told)


def _own_name(
    kind: CustomerKind, name: str | None, first_name: str | None, last_name: str | None, *, is_job: bool
) -> str:
    """Return the customer's name. A job of an individual is a piece of work: its own name is enough.

    :raises Invalid: it has none and none can be made.
    """
    made = _made_name(first_name, last_name)
    if kind is CustomerKind.INDIVIDUAL and not made and not (is_job and name):
        raise invalid("first_name", "An individual needs a first or a last name.")
    chosen = name or (made if kind is CustomerKind.INDIVIDUAL else None)
    if chosen is None:
        raise invalid("name", "A name is needed.")
    return chosen


def _made_name(first_name: str | None, last_name: str | None) -> str:
    return " ".join(part for part in (first_name, last_name) if part)


def _place_again(rows: list[CustomerRow], parent: CustomerRow | None) -> None:
    """Give a moved or renamed customer and all below it their new paths; parents come first."""
    by_id = {row.id: row for row in rows}
    for row in rows:
        row.name_key = name_key(row.name)[:NAME_KEY]
        place(row, parent if row is rows[0] else by_id[row.parent_id or ""])


def _spread(
    session: Session, author: Author, rows: list[CustomerRow], changed: frozenset[str], given: frozenset[str]
) -> None:
    """Carry a change on: to the search words, to open invoices, to the packages.

    Where it was pulled from only what was given is known: not what followed, such as a name made of a first name.
    """
    organisation_id = author.organisation_id
    ids = [row.id for row in rows]
    if changed & _SEARCHED:
        write_words_of(session, organisation_id, rows)
    if changed & _INVOICE_RULES:
        below = rows if len(rows) > 1 else subtree(session, rows[0])
        follow(session, author, [row.id for row in below])
    teller = author.everywhere()
    want(session, teller if changed - given else author, EntityKind.CUSTOMER, ids[:1])
    # What hangs below is told everywhere: a package that sent the new name or place does not pass it on by itself.
    want(session, teller, EntityKind.CUSTOMER, ids[1:])
    people = contacts_of(session, organisation_id, ids)
    want(session, teller, EntityKind.CONTACT, [contact.id for found in people.values() for contact in found])
    if changed & _PASSED_DOWN and len(rows) == 1:
        want_below(session, author, rows[0])


def _set_archived(session: Session, author: Author, row: CustomerRow, *, archived: bool) -> CustomerRow:
    alteration = alter(row, {"archived": archived})
    if alteration:
        revise(row, author)
        report(session, author, "archived" if archived else "unarchived", subject_of(row), alteration)
        want(session, author, EntityKind.CUSTOMER, [row.id])
        people = contacts_of(session, author.organisation_id, [row.id]).get(row.id, ())
        want(session, author, EntityKind.CONTACT, [contact.id for contact in people])
    return row
