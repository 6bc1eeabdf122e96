"""Contacts and job sites as forms: nothing typed is lost, nothing changed meanwhile is overwritten unseen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from pydantic import ValidationError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.core.model import SendTo
from service.records import contacts, job_sites
from service.records.errors import NotFound, RecordError, StaleRevision
from service.records.inputs import ContactChanges, ContactInput, JobSiteInput
from service.store.accounts import Role
from service.store.queries import tree
from service.store.queries.find import find
from service.store.queries.load import load_tax_levels
from service.store.records import ContactRow, CustomerRow, JobSiteRow
from service.web.access import does, person, shows
from service.web.form import form_of, revision
from service.web.pages import pages
from service.web.parts import parts
from service.web.typed import address_of, address_values, emails_of, faults_of, texts_of

SENT = {SendTo.TO: "To", SendTo.CC: "Cc", SendTo.NONE: "gets none"}
_TEXTS = ("first_name", "last_name", "role", "email", "phone", "mobile", "fax", "notes", "tax_level_id", "job_site_id")
_CHOICES = ("invoice_email", "other_emails_invoice")
_FLAGS = ("primary", "use_as_billing_address")


@pages.get("/customers/<customer_id>/contacts/new")
@shows(Role.ACCOUNTANT)
def new_contact(session: Session, customer_id: str) -> str:
    """Show the form for a person at a customer."""
    return _contact_page(session, _find(session, CustomerRow, customer_id, "customer"), None, {})


@pages.post("/customers/<customer_id>/contacts/new")
@does(Role.ACCOUNTANT)
def add_contact(customer_id: str) -> Any:
    """Add a person to a customer."""

    def add(session: Session) -> str:
        given = ContactInput.model_validate(_contact(request.form))
        row = contacts.create_contact(session, person().author(), customer_id, given)
        return f"{_called(row)} is added."

    def again(session: Session, faults: Mapping[str, str], *, stale: bool) -> str:
        del stale
        customer = _find(session, CustomerRow, customer_id, "customer")
        return _contact_page(session, customer, None, request.form, faults)

    return _save(customer_id, add, again)


@pages.get("/contacts/<contact_id>/edit")
@shows(Role.ACCOUNTANT)
def contact_form(session: Session, contact_id: str) -> str:
    """Show the form of a person."""
    row = _find(session, ContactRow, contact_id, "contact")
    return _contact_page(session, _find(session, CustomerRow, row.customer_id, "customer"), row, {})


@pages.post("/contacts/<contact_id>/edit")
@does(Role.ACCOUNTANT)
def save_contact(contact_id: str) -> Any:
    """Save what was changed of a person."""
    with parts().platform.database.read() as session:
        row = _find(session, ContactRow, contact_id, "contact")
        customer = _find(session, CustomerRow, row.customer_id, "customer")

    def change(session: Session) -> str:
        given = _contact(request.form)
        if row.primary:
            del given["primary"]  # the form does not ask: another one is made the primary contact instead
        changes = ContactChanges.model_validate(given)
        changed = contacts.change_contact(session, person().author(), contact_id, changes, expected=revision())
        return f"{_called(changed)} is saved. The next sync carries it over."

    def again(session: Session, faults: Mapping[str, str], *, stale: bool) -> str:
        now = _find(session, ContactRow, contact_id, "contact")
        return _contact_page(session, customer, now, request.form, faults, stale=stale)

    return _save(customer.id, change, again)


@pages.post("/contacts/<contact_id>/delete")
@does(Role.ACCOUNTANT)
def remove_contact(contact_id: str) -> Response:
    """Delete a person, or say why they stay."""
    with parts().platform.database.read() as session:
        row = _find(session, ContactRow, contact_id, "contact")

    def remove(session: Session) -> str:
        contacts.delete_contact(session, person().author(), contact_id, expected=revision())
        return f"{_called(row)} is deleted."

    return _remove(row.customer_id, remove)


@pages.get("/customers/<customer_id>/job-sites/new")
@shows(Role.ACCOUNTANT)
def new_site(session: Session, customer_id: str) -> str:
    """Show the form for a job site."""
    return _site_page(session, _find(session, CustomerRow, customer_id, "customer"), None, {})


@pages.post("/customers/<customer_id>/job-sites/new")
@does(Role.ACCOUNTANT)
def add_site(customer_id: str) -> Any:
    """Add a job site to a customer."""

    def add(session: Session) -> str:
        row = job_sites.create_job_site(session, person().author(), customer_id, _site(request.form))
        return f"{row.name} is added."

    def again(session: Session, faults: Mapping[str, str], *, stale: bool) -> str:
        del stale
        return _site_page(session, _find(session, CustomerRow, customer_id, "customer"), None, request.form, faults)

    return _save(customer_id, add, again)


@pages.get("/job-sites/<site_id>/edit")
@shows(Role.ACCOUNTANT)
def site_form(session: Session, site_id: str) -> str:
    """Show the form of a job site."""
    row = _find(session, JobSiteRow, site_id, "job site")
    return _site_page(session, _find(session, CustomerRow, row.customer_id, "customer"), row, {})


@pages.post("/job-sites/<site_id>/edit")
@does(Role.ACCOUNTANT)
def save_site(site_id: str) -> Any:
    """Save what was changed of a job site."""
    with parts().platform.database.read() as session:
        customer_id = _find(session, JobSiteRow, site_id, "job site").customer_id

    def change(session: Session) -> str:
        row = job_sites.change_job_site(session, person().author(), site_id, _site(request.form), expected=revision())
        return f"{row.name} is saved."

    def again(session: Session, faults: Mapping[str, str], *, stale: bool) -> str:
        customer = _find(session, CustomerRow, customer_id, "customer")
        return _site_page(
            session, customer, _find(session, JobSiteRow, site_id, "job site"), request.form, faults, stale=stale
        )

    return _save(customer_id, change, again)


@pages.post("/job-sites/<site_id>/delete")
@does(Role.ACCOUNTANT)
def remove_site(site_id: str) -> Response:
    """Delete a job site, or say why it stays."""
    with parts().platform.database.read() as session:
        row = _find(session, JobSiteRow, site_id, "job site")

    def remove(session: Session) -> str:
        job_sites.delete_job_site(session, person().author(), site_id, expected=revision())
        return f"{row.name} is deleted."

    return _remove(row.customer_id, remove)


def _save(customer_id: str, change: Callable[[Session], str], again: Callable[..., str]) -> Any:
    """Carry out a change; where it is refused, show the form as it was typed with what is wrong."""
    database, faults, stale = parts().platform.database, {}, False
    try:
        with database.write() as session:
            told = change(session)
        flash(told)
        return redirect(url_for("pages.customer", customer_id=customer_id), 303)
    except NotFound:
        raise
    except StaleRevision:
        stale = True
    except (ValidationError, RecordError, ValueError) as refusal:
        faults = faults_of(refusal)
    with database.read() as session:
        return again(session, faults, stale=stale), 409 if stale else 422


def _remove(customer_id: str, remove: Callable[[Session], str]) -> Response:
    try:
        with parts().platform.database.write() as session:
            told = remove(session)
    except NotFound:
        raise
    except RecordError as refusal:
        told = str(refusal)
    flash(told)
    return redirect(url_for("pages.customer", customer_id=customer_id), 303)


def _find(session: Session, row_type: Any, row_id: str, kind: str) -> Any:
    row = find(session, row_type, person().company.id, row_id)
    if row is None:
        raise NotFound(kind)
    return row


def _called(row: ContactRow) -> str:
    return " ".join(part for part in (row.first_name, row.last_name) if part) or row.email or "The contact"


def _contact(given: Mapping[str, str]) -> dict[str, Any]:
    """Return the form as the use case takes it; a box that is not ticked is not sent, so it is said here."""
    return {
        **texts_of(given, _TEXTS),
        **{name: given[name] for name in _CHOICES if given.get(name) in set(SendTo)},
        **{name: given.get(name) == "true" for name in _FLAGS},
        "other_emails": emails_of(given.get("other_emails", "")),
        "billing_address": address_of(given, "billing_address"),
    }


def _site(given: Mapping[str, str]) -> JobSiteInput:
    return JobSiteInput.model_validate({"name": given.get("name", ""), "address": address_of(given, "address")})


def _contact_values(row: ContactRow | None) -> dict[str, str]:
    if row is None:
        return {"invoice_email": SendTo.NONE.value, "other_emails_invoice": SendTo.NONE.value}
    values = {name: getattr(row, name) or "" for name in (*_TEXTS, *_CHOICES)}
    values |= {name: "true" if getattr(row, name) else "" for name in _FLAGS}
    values["other_emails"] = ", ".join(row.other_emails)
    return values | address_values("billing_address", row.billing_address)


def _contact_page(
    session: Session,
    customer: CustomerRow,
    row: ContactRow | None,
    typed: Mapping[str, str],
    faults: Mapping[str, str] | None = None,
    *,
    stale: bool = False,
) -> str:
    organisation_id = person().company.id
    levels = load_tax_levels(session, organisation_id)
    sites = tree.job_sites_of(session, organisation_id, [customer.id, *tree.ancestor_ids(customer)])
    return render_template(
        "contact_form.html",
        customer=customer,
        tax_choices=[("", "as the customer's"), *((one.id, one.name) for one in levels.values())],
        site_choices=[("", "none"), *((one.id, one.name) for one in sites)],
        SENT=SENT,
        **form_of(session, row, _contact_values(row), typed, faults, stale=stale, flags=_FLAGS),
    )


def _site_page(
    session: Session,
    customer: CustomerRow,
    row: JobSiteRow | None,
    typed: Mapping[str, str],
    faults: Mapping[str, str] | None = None,
    *,
    stale: bool = False,
) -> str:
    stored = {} if row is None else {"name": row.name} | address_values("address", row.address)
    form = form_of(session, row, stored, typed, faults, stale=stale)
    return render_template("site_form.html", customer=customer, **form)
