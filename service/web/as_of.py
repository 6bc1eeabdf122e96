"""What a customer was at a moment: today's record with every later change taken back, as the audit trail tells them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import render_template, request
from sqlalchemy.orm import Session

from service.core.model import SendTo
from service.records.errors import NotFound
from service.records.trail import plain
from service.store.accounts import Event
from service.store.queries import history, web_users
from service.store.queries.find import find, find_all
from service.store.queries.load import contacts_of
from service.store.records import ContactRow, CustomerRow, JobSiteRow, TaxLevelRow
from service.web.access import person, shows
from service.web.customer_form import STATUSES
from service.web.pages import pages
from service.web.people import SENT
from service.web.words import plain_value, terms_words, zone

_CUSTOMER = (
    "name", "number", "kind", "first_name", "last_name", "is_customer", "archived", "status", "parent_id", "email",
    "other_emails", "invoice_email", "other_emails_invoice", "phone", "mobile", "fax", "website", "billing_address",
    "shipping_address", "vat_number", "ean_number", "currency", "payment_terms", "tax_level_id", "discount_percent",
    "job_site_id", "sales_rep", "shipping_method", "allow_partial_payments", "product_visibility",
)  # fmt: skip
_CONTACT = (
    "first_name", "last_name", "role", "email", "other_emails", "phone", "mobile", "fax", "primary", "tax_level_id",
    "billing_address", "use_as_billing_address", "job_site_id", "invoice_email", "other_emails_invoice", "notes",
)  # fmt: skip
#: Fields that hold another row's id: of which table, and what it is called by.
_NAMED: Mapping[str, tuple[Any, str]] = {
    "parent_id": (CustomerRow, "full_name"),
    "tax_level_id": (TaxLevelRow, "name"),
    "job_site_id": (JobSiteRow, "name"),
}
#: Fields that hold a code, and what says it in words.
_SAID: Mapping[str, Callable[[str], str]] = {
    "payment_terms": terms_words,
    "invoice_email": lambda code: SENT[SendTo(code)],
    "other_emails_invoice": lambda code: SENT[SendTo(code)],
    "product_visibility": lambda code: code.replace("_", " "),
    "status": lambda code: STATUSES.get(code, code),
}
_WORDS: Mapping[str, str] = {"parent_id": "Stands under", "tax_level_id": "Tax level", "job_site_id": "Job site"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """A record as it was at a moment."""

    label: str
    fields: Sequence[tuple[str, str, str]]  #: what each is called, its value then and now; blank in both left out
    later: Sequence[Event]  #: what was changed since, newest first
    existed: bool


@pages.get("/customers/<customer_id>/as-of")
@shows()
def customer_as_of(session: Session, customer_id: str) -> str:
    """Show a customer and its people as they were at a moment."""
    organisation_id = person().company.id
    row = find(session, CustomerRow, organisation_id, customer_id)
    if row is None:
        raise NotFound("customer")
    moment = moment_of(request.args.get("at", ""))
    records, people = [], contacts_of(session, organisation_id, [row.id]).get(row.id, ())
    if moment is not None:
        later = history.changes_since(session, organisation_id, [row.id, *(one.id for one in people)], moment)
        states = [_state(row, row.full_name, _CUSTOMER, later[row.id])]
        states += [_state(one, _called(one), _CONTACT, later[one.id]) for one in people]
        called = _names_of(session, organisation_id, states)
        records = [_then(state, called, moment) for state in states]
    actors = {event.actor for one in records for event in one.later}
    return render_template(
        "customer_as_of.html",
        row=row,
        moment=moment,
        given=request.args.get("at", ""),
        local="" if moment is None else f"{moment.astimezone(zone()):%Y-%m-%dT%H:%M}",
        records=records,
        changes=sum(len(one.later) for one in records),
        names=web_users.names_of_actors(session, organisation_id, actors),
    )


def moment_of(text: str) -> datetime | None:
    """Read a moment; one without a zone is in the organisation's. None for what is no moment."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=zone()) if found.tzinfo is None else found


def values_then(values: Mapping[str, Any], later: Iterable[Event]) -> dict[str, Any]:
    """Return values with the changes taken back that came later; ``later`` newest first."""
    found = dict(values)
    for event in later:
        if isinstance(event.before, dict):
            found |= {name: value for name, value in event.before.items() if name in found}
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """A record now and then, before ids in it are put into words."""

    row: CustomerRow | ContactRow
    label: str
    later: Sequence[Event]
    today: Mapping[str, Any]
    then: Mapping[str, Any]


def _state(row: CustomerRow | ContactRow, label: str, fields: Sequence[str], later: Sequence[Event]) -> _State:
    today = {name: plain(getattr(row, name)) for name in fields}
    return _State(row=row, label=label, later=later, today=today, then=values_then(today, later))


def _names_of(session: Session, organisation_id: str, states: Sequence[_State]) -> dict[str, str]:
    """Return what the records that these name are called, by id."""
    found: dict[str, str] = {}
    for field, (row_type, called) in _NAMED.items():
        ids = {side[field] for state in states for side in (state.today, state.then) if side.get(field)}
        rows = find_all(session, row_type, organisation_id, ids) if ids else {}
        found |= {row_id: str(getattr(row, called)) for row_id, row in rows.items()}
    return found


def _then(state: _State, called: Mapping[str, str], moment: datetime) -> Then:
    shown = [
        (_WORDS.get(name, name), _text(called, name, state.then[name]), _text(called, name, state.today[name]))
        for name in state.today
    ]
    return Then(
        label=state.label,
        fields=[one for one in shown if one[1] != "blank" or one[2] != "blank"],
        later=state.later,
        existed=all(event.verb != "created" for event in state.later) and state.row.created_at <= moment,
    )


def _text(called: Mapping[str, str], name: str, value: Any) -> str:
    if name in _NAMED and value:
        return called.get(value, "one that is gone")
    if name in _SAID and isinstance(value, str):
        return _SAID[name](value)
    return plain_value(value)


def _called(row: ContactRow) -> str:
    return " ".join(part for part in (row.first_name, row.last_name) if part) or row.email or "Contact"
