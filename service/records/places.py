"""A customer's place in the tree, and the records it may point to from there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from service.core.hierarchy import MAX_DEPTH, Refusal, plan_move
from service.core.model import CustomerType
from service.core.names import full_name, name_key
from service.records.author import Author
from service.records.errors import Fault, Invalid, invalid
from service.store.queries.find import find, find_all, find_organisation
from service.store.queries.load import contacts_of
from service.store.queries.search import words_of, write_words
from service.store.queries.tree import ancestor_ids, sort_key, with_ancestors
from service.store.records import CustomerRow, JobSiteRow, TaxLevelRow

#: Characters of a folded name that are kept for comparing; folding may lengthen a name beyond what an index takes.
NAME_KEY = 255


def lock_tree(session: Session, author: Author) -> None:
    """Make changes of the organisation's tree wait for each other, so that two moves at once can't make a loop."""
    find_organisation(session, author.organisation_id, lock=True)


def parent_for(session: Session, author: Author, parent_id: str | None) -> CustomerRow | None:
    """Return the customer that a new job is to stand under.

    :raises Invalid: it does not exist, is archived, or stands on the lowest level already.
    """
    if parent_id is None:
        return None
    parent = _parent(session, author, parent_id)
    if parent.depth >= MAX_DEPTH:
        refusal = f"A client can have jobs down to level {MAX_DEPTH}; this would make a level {parent.depth + 1}."
        raise invalid("parent_id", refusal)
    return parent


def plan_place(
    session: Session, author: Author, rows: Sequence[CustomerRow], parent_id: str | None
) -> CustomerRow | None:
    """Return what a subtree (its top row first) is to stand under, having checked that it may.

    :raises Invalid: the parent does not exist or is archived, or the move would make a loop or a sixth level.
    """
    row = rows[0]
    if parent_id == row.parent_id:
        return find(session, CustomerRow, author.organisation_id, parent_id) if parent_id else None
    parent = _parent(session, author, parent_id) if parent_id else None
    around = with_ancestors(session, author.organisation_id, [row.id, *([parent.id] if parent else [])])
    parents = {each.id: each.parent_id for each in (*around.values(), *rows)}
    move = plan_move(parents, row.id, parent_id)
    if isinstance(move, Refusal):
        raise invalid("parent_id", move.sentence)
    return parent


def place(row: CustomerRow, parent: CustomerRow | None) -> None:
    """Write all that follows from a customer's name and parent into its row."""
    row.parent_id = parent.id if parent else None
    row.type = CustomerType.JOB if parent else CustomerType.CLIENT
    row.root_id = parent.root_id if parent else row.id
    row.depth = parent.depth + 1 if parent else 1
    row.name_key = name_key(row.name)[:NAME_KEY]
    row.full_name = full_name((parent.full_name, row.name)) if parent else row.name
    row.sort_key = sort_key(row.name, row.id, parent)


def require_references(
    session: Session, author: Author, customer: CustomerRow, values: Mapping[str, Any], fields: Iterable[str]
) -> None:
    """Refuse a tax level that does not exist, or a job site of another client's tree; ``fields`` says what to check.

    :raises Invalid: naming each field at fault.
    """
    faults = []
    for field in fields:
        value = values.get(field)
        if value is None:
            continue
        if field == "tax_level_id" and find(session, TaxLevelRow, author.organisation_id, value) is None:
            faults.append(Fault(field, "There is no such tax level."))
        if field == "job_site_id":
            site = find(session, JobSiteRow, author.organisation_id, value)
            if site is None or site.customer_id not in {customer.id, *ancestor_ids(customer)}:
                faults.append(Fault(field, "There is no such job site at this customer or above it."))
    if faults:
        raise Invalid(faults)


def require_own_sites(session: Session, author: Author, rows: Sequence[CustomerRow]) -> None:
    """Refuse a move that would leave a job site of another client behind on the moved customers or their people.

    :raises Invalid: naming the site, and who works there.
    """
    people = contacts_of(session, author.organisation_id, [row.id for row in rows])
    named = {
        row.id: {site for site in (row.job_site_id, *(one.job_site_id for one in people.get(row.id, ()))) if site}
        for row in rows
    }
    sites = find_all(session, JobSiteRow, author.organisation_id, {site for found in named.values() for site in found})
    for row in rows:
        for site_id in sorted(named[row.id]):
            site = sites.get(site_id)
            if site is not None and site.customer_id not in {row.id, *ancestor_ids(row)}:
                told = f"{row.name} uses the job site {site.name} of another customer; take it off first."
                raise invalid("parent_id", told)


def require_tax_levels(session: Session, author: Author, given: Mapping[str, str | None]) -> None:
    """Refuse tax levels that do not exist; ``given`` are ids by the path of their field.

    :raises Invalid: naming each field at fault.
    """
    wanted = {level_id for level_id in given.values() if level_id}
    known = find_all(session, TaxLevelRow, author.organisation_id, wanted) if wanted else {}
    faults = [Fault(field, "There is no such tax level.") for field, level_id in given.items() if level_id not in known]
    if faults := [fault for fault in faults if given[fault.field]]:
        raise Invalid(faults)


def write_words_of(session: Session, organisation_id: str, rows: Iterable[CustomerRow]) -> None:
    """Write anew the words under which customers are found: their names, people, numbers, phones, emails."""
    by_id = {row.id: row for row in rows}
    session.flush()
    people = contacts_of(session, organisation_id, by_id)
    words = {}
    for row in by_id.values():
        texts = [row.full_name, row.first_name, row.last_name, row.number]
        emails = [row.email, *row.other_emails]
        phones = [row.phone, row.mobile]
        for contact in people.get(row.id, ()):
            texts += [contact.first_name, contact.last_name]
            emails += [contact.email, *contact.other_emails]
            phones += [contact.phone, contact.mobile]
        words[row.id] = words_of(texts, emails=emails, phones=phones)
    write_words(session, organisation_id, words)


def _parent(session: Session, author: Author, parent_id: str) -> CustomerRow:
    parent = find(session, CustomerRow, author.organisation_id, parent_id)
    if parent is None:
        raise invalid("parent_id", "The customer to place it under does not exist.")
    if parent.archived:
        raise invalid("parent_id", f"{parent.full_name} is archived.")
    return parent
