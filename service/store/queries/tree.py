"""The tree of customers: its reading order, a subtree, and what lies above a record.

A sort key is one part per level, each the beginning of the folded name and the id. So a client's jobs follow it at
once, equal names keep their subtrees apart, and the ids of all ancestors can be read off the key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlalchemy.orm import Session

from service.core.names import name_key
from service.store.queries.find import find_all
from service.store.records import ContactRow, CustomerRow, InvoiceRow, JobSiteRow, PaymentRow

_LEVEL = "\x1f"
_ID = "\x1e"  # sorts before every character of a name, so that "Ann" comes before "Ann B"
_AFTER_LEVEL = "\x20"
#: Characters of a name that count for the order; five levels of more would not fit an index entry.
_NAME = 64


def sort_key(name: str, record_id: str, parent: CustomerRow | None) -> str:
    """Return the key that puts a record behind its parent, beside its siblings by name."""
    own = f"{name_key(name)[:_NAME]}{_ID}{record_id}"
    return own if parent is None else f"{parent.sort_key}{_LEVEL}{own}"


def ancestor_ids(row: CustomerRow) -> tuple[str, ...]:
    """Return the ids above a customer, nearest first."""
    levels = row.sort_key.split(_LEVEL)[:-1]
    return tuple(level.rpartition(_ID)[2] for level in reversed(levels))


def below_of(row: CustomerRow) -> ColumnElement[bool]:
    """Return the condition for every job below a customer, whatever its level."""
    return and_(
        CustomerRow.organisation_id == row.organisation_id,
        CustomerRow.sort_key >= row.sort_key + _LEVEL,
        CustomerRow.sort_key < row.sort_key + _AFTER_LEVEL,
    )


def subtree(session: Session, row: CustomerRow) -> Sequence[CustomerRow]:
    """Return a customer and everything below it, parents before their jobs."""
    below = select(CustomerRow).where(below_of(row))
    return [row, *session.scalars(below.order_by(CustomerRow.sort_key))]


def with_ancestors(session: Session, organisation_id: str, customer_ids: Iterable[str]) -> dict[str, CustomerRow]:
    """Return customers and all that lies above them, by id, in two statements."""
    rows = find_all(session, CustomerRow, organisation_id, customer_ids)
    above = {above_id for row in rows.values() for above_id in ancestor_ids(row)} - rows.keys()
    return rows | (find_all(session, CustomerRow, organisation_id, above) if above else {})


def counts_of_records(session: Session, row: CustomerRow) -> dict[str, int]:
    """Count what hangs on a customer and would be lost with it: its jobs, invoices and payments."""
    counted = {
        "job": select(func.count()).where(CustomerRow.parent_id == row.id),
        "invoice": select(func.count()).where(InvoiceRow.customer_id == row.id),
        "payment": select(func.count()).where(PaymentRow.customer_id == row.id),
    }
    return {what: session.scalars(query).one() for what, query in counted.items()}


def job_sites_of(session: Session, organisation_id: str, customer_ids: Iterable[str]) -> Sequence[JobSiteRow]:
    """Return the job sites of customers, by name."""
    query = select(JobSiteRow).where(
        JobSiteRow.organisation_id == organisation_id, JobSiteRow.customer_id.in_(set(customer_ids))
    )
    return session.scalars(query.order_by(JobSiteRow.name, JobSiteRow.id)).all()


def users_of_job_site(session: Session, row: JobSiteRow) -> tuple[Sequence[str], Sequence[str]]:
    """Return the ids of the customers and of the contacts that name a job site."""
    customers = select(CustomerRow.id).where(
        CustomerRow.organisation_id == row.organisation_id, CustomerRow.job_site_id == row.id
    )
    people = select(ContactRow.id).where(
        ContactRow.organisation_id == row.organisation_id, ContactRow.job_site_id == row.id
    )
    return session.scalars(customers).all(), session.scalars(people).all()


def delete_job_site_row(session: Session, row: JobSiteRow) -> None:
    """Delete a job site that nothing names."""
    session.flush()
    session.execute(delete(JobSiteRow).where(JobSiteRow.id == row.id))


def delete_with_people(session: Session, row: CustomerRow) -> None:
    """Delete a customer that has no jobs, with its contacts, job sites and search words."""
    session.flush()
    session.execute(update(CustomerRow).where(CustomerRow.id == row.id).values(job_site_id=None))
    session.execute(delete(ContactRow).where(ContactRow.customer_id == row.id))
    session.execute(delete(JobSiteRow).where(JobSiteRow.customer_id == row.id))
    session.execute(delete(CustomerRow).where(CustomerRow.id == row.id))


def delete_contact_row(session: Session, row: ContactRow) -> None:
    """Delete a contact; drafts that chose it choose nobody then."""
    session.flush()
    session.execute(update(InvoiceRow).where(InvoiceRow.contact_id == row.id).values(contact_id=None))
    session.execute(delete(ContactRow).where(ContactRow.id == row.id))


def at_path(session: Session, organisation_id: str, path: Sequence[str]) -> CustomerRow | None:
    """Return the customer that these names lead to, a client's first; None where none or several do."""
    found: CustomerRow | None = None
    for name in path:
        query = select(CustomerRow).where(
            CustomerRow.organisation_id == organisation_id,
            CustomerRow.parent_id == (found.id if found else None),
            CustomerRow.name_key == name_key(name),
        )
        rows = session.scalars(query.limit(2)).all()
        if len(rows) != 1:
            return None
        found = rows[0]
    return found
