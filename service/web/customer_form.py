"""Editing a customer: what was typed is never lost, and what somebody changed meanwhile never overwritten unseen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from pydantic import ValidationError
from sqlalchemy.orm import Session

from service.core.model import SendTo
from service.core.money import decimal_text
from service.records.customers import change_customer
from service.records.errors import NotFound, RecordError, StaleRevision
from service.records.inputs import CustomerChanges
from service.records.terms import USUAL
from service.store.accounts import Role
from service.store.queries import tree
from service.store.queries.find import find, find_all, find_organisation
from service.store.queries.load import load_tax_levels
from service.store.records import CustomerRow
from service.web.access import does, person, shows
from service.web.form import form_of, revision
from service.web.pages import pages
from service.web.parts import parts
from service.web.people import SENT
from service.web.typed import address_of, address_values, emails_of, faults_of, texts_of
from service.web.words import terms_words

TEXTS = (
    "name", "first_name", "last_name", "email", "phone", "mobile", "fax", "website", "vat_number", "ean_number",
    "number", "currency", "tax_level_id", "payment_terms", "job_site_id", "discount_percent", "sales_rep",
)  # fmt: skip
ADDRESSES = ("billing_address", "shipping_address")
_CHOICES = ("invoice_email", "other_emails_invoice")
STATUSES = {"active": "Active", "on_hold": "On hold", "prospect": "Prospect"}
PARTIAL = {"": "As usual", "true": "Allowed", "false": "Not allowed"}
_TERMS_HINT = "Due on receipt if blank. net30, eom15 and so on"


@pages.get("/customers/<customer_id>/edit")
@shows(Role.ACCOUNTANT)
def customer_form(session: Session, customer_id: str) -> str:
    """Show the form."""
    return _page(session, _row(session, customer_id), {})


@pages.post("/customers/<customer_id>/edit")
@does(Role.ACCOUNTANT)
def save_customer(customer_id: str) -> Any:
    """Save what was changed, or show what is wrong beside what was typed."""
    given, database = request.form, parts().platform.database
    faults: dict[str, str] = {}
    stale = False
    try:
        changes = CustomerChanges.model_validate(_changes(given))
        seen = revision()
        with database.write() as session:
            row = change_customer(session, person().author(), customer_id, changes, expected=seen)
            saved = row.revision != seen
            told = f"{row.name} is saved. The next sync carries it over." if saved else "Nothing was changed."
        flash(told)
        return redirect(url_for("pages.customer", customer_id=customer_id), 303)
    except NotFound:
        raise
    except StaleRevision:
        stale = True
    except (ValidationError, RecordError, ValueError) as refusal:
        faults = faults_of(refusal)
    with database.read() as session:
        return _page(session, _row(session, customer_id), given, faults, stale=stale), 409 if stale else 422


def _row(session: Session, customer_id: str) -> CustomerRow:
    row = find(session, CustomerRow, person().company.id, customer_id)
    if row is None:
        raise NotFound("customer")
    return row


def _values(row: CustomerRow) -> dict[str, str]:
    """Return the form's fields as they are stored."""
    values = {name: getattr(row, name) or "" for name in (*TEXTS, *_CHOICES, "status")}
    values["discount_percent"] = decimal_text(row.discount_percent)
    values["other_emails"] = ", ".join(row.other_emails)
    values["allow_partial_payments"] = {None: "", True: "true", False: "false"}[row.allow_partial_payments]
    for name in ADDRESSES:
        values |= address_values(name, getattr(row, name))
    return values


def _changes(given: Mapping[str, str]) -> dict[str, Any]:
    """Return the form as the use case takes it; only fields that the form had."""
    found: dict[str, Any] = texts_of(given, TEXTS)
    found |= {name: given[name] for name in _CHOICES if given.get(name) in set(SendTo)}
    found |= {name: address for name in ADDRESSES if (address := address_of(given, name)) is not None}
    if "currency" in found:
        found["currency"] = found["currency"].strip().upper()
    if "discount_percent" in found:
        found["discount_percent"] = found["discount_percent"].strip() or "0"
    if "other_emails" in given:
        found["other_emails"] = emails_of(given["other_emails"])
    if given.get("status") in STATUSES:
        found["status"] = given["status"]
    if given.get("allow_partial_payments") in PARTIAL:
        found["allow_partial_payments"] = {"true": True, "false": False}.get(given["allow_partial_payments"])
    return found


def _page(
    session: Session,
    row: CustomerRow,
    typed: Mapping[str, str],
    faults: Mapping[str, str] | None = None,
    *,
    stale: bool = False,
) -> str:
    organisation = find_organisation(session, row.organisation_id)
    levels = load_tax_levels(session, row.organisation_id)
    sites = tree.job_sites_of(session, row.organisation_id, [row.id, *tree.ancestor_ids(row)])
    above = find_all(session, CustomerRow, row.organisation_id, tree.ancestor_ids(row)) if row.parent_id else {}
    chain = [above[one] for one in tree.ancestor_ids(row) if one in above]

    def passed_down(field: str) -> tuple[str, str]:
        """Return what applies where this customer says nothing, and whose it is."""
        found = next(((getattr(one, field), one.name) for one in chain if getattr(one, field)), None)
        return found or (getattr(organisation, field, None) or "", "the company")

    level_id, level_of = passed_down("tax_level_id")
    inherited = f"as {level_of}: {levels[level_id].name}" if level_id in levels else "none: no tax"
    currency, currency_of = passed_down("currency")
    terms, terms_of = passed_down("payment_terms")
    return render_template(
        "customer_form.html",
        tax_choices=[("", inherited), *((one.id, f"{one.name}") for one in levels.values())],
        site_choices=[("", "none"), *((one.id, one.name) for one in sites)],
        currency_hint=f"As {currency_of} if blank: {currency}",
        terms_hint=f"As {terms_of} if blank: {terms_words(terms)}" if terms else _TERMS_HINT,
        usual_terms=USUAL,
        ADDRESSES=ADDRESSES,
        SENT=SENT,
        STATUSES=STATUSES,
        PARTIAL=PARTIAL,
        **form_of(session, row, _values(row), typed, faults, stale=stale),
    )
