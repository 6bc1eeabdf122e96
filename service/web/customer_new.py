"""Adding a customer, and a job below one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from pydantic import ValidationError
from sqlalchemy.orm import Session

from service.core.hierarchy import MAX_DEPTH
from service.core.model import CustomerKind
from service.records.customers import create_customer
from service.records.errors import NotFound, RecordError
from service.records.inputs import CustomerInput
from service.store.accounts import Role
from service.store.queries.find import find
from service.store.records import CustomerRow
from service.web.access import does, person, shows
from service.web.pages import pages
from service.web.parts import parts
from service.web.typed import ADDRESS_PARTS, address_of, faults_of, texts_of

_TEXTS = ("name", "first_name", "last_name", "email", "phone", "mobile", "vat_number", "number")
_PERSON = {"contact.first_name": "first_name", "contact.last_name": "last_name", "contact.email": "email"}
#: Where faults of the first contact lie in what the use case was given.
_CONTACT = "contacts.0."


@pages.get("/customers/new")
@shows(Role.ACCOUNTANT)
def new_customer(session: Session) -> str:
    """Show the form for a client."""
    del session
    return _page(None, {})


@pages.post("/customers/new")
@does(Role.ACCOUNTANT)
def add_customer() -> Any:
    """Add a client, or show what is wrong beside what was typed."""
    return _add(None)


@pages.get("/customers/<customer_id>/jobs/new")
@shows(Role.ACCOUNTANT)
def new_job(session: Session, customer_id: str) -> str:
    """Show the form for a job."""
    return _page(_parent(session, customer_id), {})


@pages.post("/customers/<customer_id>/jobs/new")
@does(Role.ACCOUNTANT)
def add_job(customer_id: str) -> Any:
    """Add a job, or show what is wrong beside what was typed."""
    with parts().platform.database.read() as session:
        parent = _parent(session, customer_id)
    return _add(parent)


def _add(parent: CustomerRow | None) -> Any:
    given = request.form
    try:
        with parts().platform.database.write() as session:
            row = create_customer(session, person().author(), CustomerInput.model_validate(_input(given, parent)))
        flash(f"{row.name} is added. The next sync of each live connection sends it.")
        return redirect(url_for("pages.customer", customer_id=row.id), 303)
    except (ValidationError, RecordError) as refusal:
        if isinstance(refusal, NotFound):
            raise
        faults = {
            f"contact.{field.removeprefix(_CONTACT)}" if field.startswith(_CONTACT) else field: told
            for field, told in faults_of(refusal).items()
        }
        if "contacts" in faults:
            faults["contact.first_name"] = faults.pop("contacts")
    return _page(parent, given, faults), 422


def _input(given: Mapping[str, str], parent: CustomerRow | None) -> dict[str, Any]:
    somebody = {field: given[name] for name, field in _PERSON.items() if given.get(name, "").strip()}
    kind = given.get("kind") if given.get("kind") in set(CustomerKind) else CustomerKind.COMPANY
    return {
        **texts_of(given, _TEXTS),
        "kind": kind if parent is None else parent.kind,
        "parent_id": parent.id if parent else None,
        "billing_address": address_of(given, "billing_address"),
        "contacts": [somebody] if somebody else [],
    }


def _parent(session: Session, customer_id: str) -> CustomerRow:
    row = find(session, CustomerRow, person().company.id, customer_id)
    if row is None:
        raise NotFound("customer")
    return row


def _page(parent: CustomerRow | None, typed: Mapping[str, str], faults: Mapping[str, str] | None = None) -> str:
    return render_template(
        "customer_new.html",
        parent=parent,
        too_deep=parent is not None and parent.depth >= MAX_DEPTH,
        typed=typed,
        faults=faults or {},
        ADDRESS_PARTS=ADDRESS_PARTS,
    )
