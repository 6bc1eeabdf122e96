"""Job sites: the places where a customer's work is done."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.core.ports import EntityKind
from service.ids import new_id
from service.records.author import Author
from service.records.errors import NotFound, NotPossibleNow
from service.records.inputs import JobSiteInput
from service.records.resolution import follow
from service.records.trail import alter, check_revision, report, revise, stored, want
from service.store.queries.events import Subject
from service.store.queries.find import find
from service.store.queries.tree import delete_job_site_row, subtree, users_of_job_site
from service.store.records import CustomerRow, JobSiteRow


def create_job_site(session: Session, author: Author, customer_id: str, given: JobSiteInput) -> JobSiteRow:
    """Add a job site to a customer; jobs below it may use it too.

    :raises NotFound: there is no such customer.
    """
    if find(session, CustomerRow, author.organisation_id, customer_id) is None:
        raise NotFound("customer")
    row = JobSiteRow(
        id=new_id(),
        organisation_id=author.organisation_id,
        customer_id=customer_id,
        name=given.name,
        address=stored(given.address),
        created_at=author.now,
        updated_at=author.now,
    )
    session.add(row)
    session.flush()
    report(session, author, "created", _subject_of(row))
    return row


def change_job_site(
    session: Session, author: Author, site_id: str, given: JobSiteInput, *, expected: int | None = None
) -> JobSiteRow:
    """Change a job site. Open invoices that take their address from it follow, and so do contacts at the packages.

    :raises NotFound, StaleRevision: as their names say.
    """
    row = _row(session, author, site_id)
    check_revision(row, expected)
    alteration = alter(row, {"name": given.name, "address": stored(given.address)})
    if not alteration:
        return row
    revise(row, author)
    session.flush()
    customer = find(session, CustomerRow, author.organisation_id, row.customer_id)
    if customer is not None:
        follow(session, author, [below.id for below in subtree(session, customer)])
    _, contact_ids = users_of_job_site(session, row)
    want(session, author, EntityKind.CONTACT, contact_ids)
    report(session, author, "edited", _subject_of(row), alteration)
    return row


def delete_job_site(session: Session, author: Author, site_id: str, *, expected: int | None = None) -> None:
    """Delete a job site.

    :raises NotFound, StaleRevision: as their names say.
    :raises NotPossibleNow: a job or a contact names it.
    """
    row = _row(session, author, site_id)
    check_revision(row, expected)
    jobs, people = users_of_job_site(session, row)
    if jobs or people:
        counts = {"job": len(jobs), "contact": len(people)}
        held = [f"{count} {what}{'s' if count > 1 else ''}" for what, count in counts.items() if count]
        raise NotPossibleNow(f"{row.name} is the job site of {' and '.join(held)}. Choose another one there first.")
    report(session, author, "deleted", _subject_of(row))
    delete_job_site_row(session, row)


def _row(session: Session, author: Author, site_id: str) -> JobSiteRow:
    row = find(session, JobSiteRow, author.organisation_id, site_id, lock=True)
    if row is None:
        raise NotFound("job site")
    return row


def _subject_of(row: JobSiteRow) -> Subject:
    return Subject(kind="job_site", id=row.id, label=row.name)
