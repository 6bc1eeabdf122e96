"""Editing a customer: what was typed is never lost, and what somebody changed meanwhile never overwritten unseen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from pydantic import ValidationError
from sqlalchemy.orm import Session

from service.records.customers import change_customer
from service.records.errors import NotFound, RecordError, StaleRevision
from service.records.inputs import CustomerChanges
from service.store.accounts import Role
from service.store.queries.find import find
from service.store.records import CustomerRow
from service.web.access import does, person, shows
from service.web.pages import pages
from service.web.parts import parts
from service.web.typed import ADDRESS_PARTS, address_of, address_values, faults_of, texts_of

TEXTS = ("name", "first_name", "last_name", "email", "phone", "mobile", "fax", "website", "vat_number", "number")
ADDRESSES = ("billing_address", "shipping_address")


@pages.get("/customers/<customer_id>/edit")
@shows(Role.ACCOUNTANT)
def customer_form(session: Session, customer_id: str) -> str:
    """Show the form."""
    row = _row(session, customer_id)
    return _page(row, typed=_values(row))


@pages.post("/customers/<customer_id>/edit")
@does(Role.ACCOUNTANT)
def save_customer(customer_id: str) -> Any:
    """Save what was changed, or show what is wrong beside what was typed."""
    given = request.form
    database = parts().platform.database
    faults: dict[str, str] = {}
    try:
        changes = CustomerChanges.model_validate(_changes(given))
        revision = int(given.get("revision", ""))
        with database.write() as session:
            row = change_customer(session, person().author(), customer_id, changes, expected=revision)
            told = (
                f"{row.name} is saved. The next sync carries it over."
                if row.revision != revision
                else "Nothing was changed."
            )
        flash(told)
        return redirect(url_for("pages.customer", customer_id=customer_id), 303)
    except NotFound:
        raise
    except ValidationError as refusal:
        faults = faults_of(refusal)
    except StaleRevision:
        with database.read() as session:
            return _page(_row(session, customer_id), typed=given, stale=True), 409
    except RecordError as refusal:
        faults = faults_of(refusal)
    except ValueError as refusal:
        faults = faults_of(refusal)
    with database.read() as session:
        return _page(_row(session, customer_id), typed=given, faults=faults, revision=given.get("revision")), 422


def _row(session: Session, customer_id: str) -> CustomerRow:
    row = find(session, CustomerRow, person().company.id, customer_id)
    if row is None:
        raise NotFound("customer")
    return row


def _values(row: CustomerRow) -> dict[str, str]:
    """Return the form's fields as they are stored."""
    values = {name: getattr(row, name) or "" for name in TEXTS}
    for name in ADDRESSES:
        values |= address_values(name, getattr(row, name))
    return values


def _changes(given: Mapping[str, str]) -> dict[str, Any]:
    """Return the form as the use case takes it; only fields that the form had."""
    found = {name: address_of(given, name) for name in ADDRESSES}
    return texts_of(given, TEXTS) | {name: address for name, address in found.items() if address is not None}


def _page(
    row: CustomerRow,
    *,
    typed: Mapping[str, str],
    faults: Mapping[str, str] | None = None,
    stale: bool = False,
    revision: str | None = None,
) -> str:
    stored = _values(row)
    return render_template(
        "customer_form.html",
        row=row,
        typed={**stored, **typed},
        stored=stored,
        faults=faults or {},
        stale=stale,
        changed=[name for name in stored if stale and (typed.get(name) or "") != stored[name]],
        revision=revision or row.revision,
        ADDRESSES=ADDRESSES,
        ADDRESS_PARTS=ADDRESS_PARTS,
    )
