"""Contacts and job sites over HTTP."""

from __future__ import annotations

from pydantic import BaseModel
from sqlalchemy.orm import Session

from service.api.access import caller
from service.api.outputs import ContactOut, JobSiteOut, contact_out, job_site_out
from service.api.paging import PageQuery
from service.api.problems import ApiError
from service.api.routes import IdPath, routes
from service.api.units import expected_revision, reads, writes
from service.records import contacts, job_sites
from service.records.author import Author
from service.records.inputs import ContactChanges, ContactInput, JobSiteInput
from service.store.accounts import Role
from service.store.queries.find import find
from service.store.queries.lists import contact_page, job_site_page
from service.store.records import ContactRow, CustomerRow

api = routes("Contacts", about="The people at a customer, and its places of work.")


class ContactList(BaseModel):
    """A page of contacts."""

    items: list[ContactOut]
    next: str | None


class JobSiteList(BaseModel):
    """A page of job sites."""

    items: list[JobSiteOut]
    next: str | None


@api.get("/customers/<id>/contacts", responses={200: ContactList})
@reads(Role.VIEWER)
def list_contacts(session: Session, path: IdPath, query: PageQuery) -> ContactList:
    """List a customer's contacts in their order."""
    organisation_id = _require_customer(session, path.id)
    found = contact_page(session, organisation_id, path.id, limit=query.limit, cursor=query.cursor)
    return ContactList(items=[contact_out(row) for row in found.items], next=found.next)


@api.post("/customers/<id>/contacts", responses={201: ContactOut})
@writes(Role.ACCOUNTANT)
def create_contact(session: Session, author: Author, path: IdPath, body: ContactInput) -> tuple[ContactOut, int]:
    """Add a person to a customer."""
    return contact_out(contacts.create_contact(session, author, path.id, body)), 201


@api.get("/contacts/<id>", responses={200: ContactOut})
@reads(Role.VIEWER)
def get_contact(session: Session, path: IdPath) -> ContactOut:
    """Read a contact."""
    row = find(session, ContactRow, caller().organisation_id, path.id)
    if row is None:
        raise ApiError(404, "There is no such contact.")
    return contact_out(row)


@api.patch("/contacts/<id>", responses={200: ContactOut})
@writes(Role.ACCOUNTANT)
def change_contact(session: Session, author: Author, path: IdPath, body: ContactChanges) -> ContactOut:
    """Change a contact."""
    return contact_out(contacts.change_contact(session, author, path.id, body, expected=expected_revision()))


@api.delete("/contacts/<id>", responses={204: None})
@writes(Role.ACCOUNTANT)
def delete_contact(session: Session, author: Author, path: IdPath) -> None:
    """Delete a contact."""
    contacts.delete_contact(session, author, path.id)


@api.get("/customers/<id>/job-sites", responses={200: JobSiteList})
@reads(Role.VIEWER)
def list_job_sites(session: Session, path: IdPath, query: PageQuery) -> JobSiteList:
    """List a customer's job sites by name."""
    organisation_id = _require_customer(session, path.id)
    found = job_site_page(session, organisation_id, path.id, limit=query.limit, cursor=query.cursor)
    return JobSiteList(items=[job_site_out(row) for row in found.items], next=found.next)


@api.post("/customers/<id>/job-sites", responses={201: JobSiteOut})
@writes(Role.ACCOUNTANT)
def create_job_site(session: Session, author: Author, path: IdPath, body: JobSiteInput) -> tuple[JobSiteOut, int]:
    """Add a job site to a customer."""
    return job_site_out(job_sites.create_job_site(session, author, path.id, body)), 201


def _require_customer(session: Session, customer_id: str) -> str:
    organisation_id = caller().organisation_id
    if find(session, CustomerRow, organisation_id, customer_id) is None:
        raise ApiError(404, "There is no such customer.")
    return organisation_id
