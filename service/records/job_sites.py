"""Job sites: the places where a customer's work is done."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.ids import new_id
from service.records.author import Author
from service.records.errors import NotFound
from service.records.inputs import JobSiteInput
from service.records.trail import report, stored
from service.store.queries.events import Subject
from service.store.queries.find import find
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
    report(session, author, "created", Subject(kind="job_site", id=row.id, label=row.name))
    return row
