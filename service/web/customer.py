"""Customers: the list on a page of its own, one customer with everything about it, and its rows for opening trees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.core.ports import EntityKind, Ref
from service.records.errors import NotFound
from service.store.accounts import Role
from service.store.queries import allocations, balances, history, lists, tree, web_users
from service.store.queries.find import find, find_all
from service.store.queries.load import contacts_of, load_tax_levels
from service.store.queries.states import dot_places, record_dots, sync_states
from service.store.records import CustomerRow, InvoiceRow, JobSiteRow
from service.sync import run
from service.sync.connect import WrongState
from service.web import comparison, listing
from service.web.access import does, person, safe_path, shows
from service.web.customer_act import COLUMNS_COOKIE
from service.web.deed import deed_of
from service.web.pages import pages
from service.web.parts import now, parts
from service.web.people import SENT
from service.web.words import zone

_ROWS = 100
_CHILDREN = 500
_HANGING = 25  #: invoices, jobs and sites that a customer's page lists before it leads to the whole list
_EVENTS = 50


@pages.get("/customers")
@shows()
def customer_list(session: Session) -> str:
    """List customers."""
    organisation_id = person().company.id
    places = dot_places(session, organisation_id)
    wish = listing.wish_of(request.args, places)
    parent = find(session, CustomerRow, organisation_id, wish.parent) if wish.parent else None
    base = parent.depth if parent else 0
    shown = listing.shown(session, organisation_id, wish, limit=_ROWS, base=base, columns=_columns(), places=places)
    return render_template("customers.html", shown=shown, parent=parent, **listing.words(places))


@pages.get("/parts/customers/<customer_id>/children")
@shows()
def children_part(session: Session, customer_id: str) -> str:
    """Give the rows right below a customer, to be put under it."""
    wish = listing.Wish(
        parent=customer_id,
        archived=request.args.get("archived") == "true",
        sort=listing.sort_of(request.args.getlist("sort")),
    )
    base = request.args.get("base", 0, type=int)
    shown = listing.shown(session, person().company.id, wish, limit=_CHILDREN, base=base, columns=_columns())
    return render_template("part/rows.html", shown=shown)


@pages.get("/customers/<customer_id>")
@shows()
def customer(session: Session, customer_id: str) -> str:
    """Show one customer."""
    organisation_id = person().company.id
    row = find(session, CustomerRow, organisation_id, customer_id)
    if row is None:
        raise NotFound("customer")
    above = find_all(session, CustomerRow, organisation_id, tree.ancestor_ids(row)) if row.parent_id else {}
    wish = replace(listing.Wish(parent=row.id), archived=True)
    people = contacts_of(session, organisation_id, [row.id]).get(row.id, ())
    sites = lists.job_site_page(session, organisation_id, row.id, limit=_HANGING, cursor=None).items
    states = sync_states(session, organisation_id, EntityKind.CUSTOMER, [row.id])[row.id]
    return render_template(
        "customer.html",
        row=row,
        above=[above[one] for one in reversed(tree.ancestor_ids(row)) if one in above],
        states=states,
        comparisons=[comparison.compare(session, parts().platform, state, EntityKind.CUSTOMER) for state in states],
        contacts=people,
        SENT=SENT,
        sites=sites,
        site=find(session, JobSiteRow, organisation_id, row.job_site_id) if row.job_site_id else None,
        tax_levels=load_tax_levels(session, organisation_id),
        shown=listing.shown(session, organisation_id, wish, limit=_CHILDREN, base=row.depth, columns=_columns()),
        COLUMNS=listing.COLUMNS,
        **_money(session, row),
        **_timeline(session, row, [row.id, *(one.id for one in people), *(one.id for one in sites)]),
    )


def _money(session: Session, row: CustomerRow) -> dict[str, object]:
    """Return what a customer's page shows of invoices, payments and what is owed."""
    organisation_id, today = row.organisation_id, now().astimezone(zone()).date()
    invoices = lists.invoice_page(
        session,
        organisation_id,
        lists.InvoiceFilter(customer_id=row.id),
        sort=("-issue_date",),
        limit=_HANGING,
        cursor=None,
    )
    payments = lists.payment_page(
        session, organisation_id, invoice_id=None, customer_id=row.id, limit=_HANGING, cursor=None
    )
    parts_of = allocations.of_payments(session, [one.id for one in payments.items])
    paid = {one.invoice_id for one in payments.items if one.invoice_id}
    paid |= {part.invoice_id for found in parts_of.values() for part in found}
    named = find_all(session, InvoiceRow, organisation_id, paid) if paid else {}
    return {
        "invoices": invoices,
        "invoice_states": record_dots(session, organisation_id, EntityKind.INVOICE, [one.id for one in invoices.items]),
        "payments": payments,
        "paid": named,
        "parts_of": {one: [named[part.invoice_id].number for part in found] for one, found in parts_of.items()},
        "balances": balances.balances(session, row, today=today, with_jobs=False),
        "balances_with_jobs": balances.balances(session, row, today=today, with_jobs=True),
    }


def _timeline(session: Session, row: CustomerRow, record_ids: Sequence[str]) -> dict[str, object]:
    """Return what happened to a customer, its people and its sites, newest first."""
    cursor = request.args.get("earlier") or None
    found = history.record_page(session, row.organisation_id, record_ids, limit=_EVENTS, cursor=cursor)
    told = [one.event for one in found.items if one.event is not None]
    written = {
        Ref(kind=EntityKind(one.write.link.entity), id=one.write.link.record_id) for one in found.items if one.write
    }
    names = web_users.names_of_actors(session, row.organisation_id, {event.actor for event in told})
    labels = history.labels_of(session, written)

    def as_of(moment: datetime) -> str:
        return url_for("pages.customer_as_of", customer_id=row.id, at=moment.isoformat())

    return {
        "actions": [deed_of(one, labels, names) for one in found.items],
        "earlier": found.next,
        "as_of": as_of,
        "at_now": as_of(now()),
    }


def _columns() -> tuple[str, ...]:
    return listing.columns_of(request.cookies.get(COLUMNS_COOKIE))


def ask_for_sync(connection_id: str) -> bool:
    """Ask for a sync of a connection as the person; return False where its state does not allow one."""
    someone = person()
    try:
        asked = run.ask(
            parts().platform, organisation_id=someone.company.id, connection_id=connection_id, actor=someone.actor
        )
    except WrongState:
        return False
    parts().runner.wake(asked.connection_id)
    return True


@pages.post("/connections/<connection_id>/sync")
@does(Role.ACCOUNTANT)
def sync_connection(connection_id: str) -> Response:
    """Ask for a sync; one that is under way goes on and looks again afterwards."""
    if ask_for_sync(connection_id):
        flash("The sync has begun. This page follows it.")
    else:
        flash("The connection is not live, so nothing can be sent now.")
    return redirect(safe_path(request.form.get("next"), url_for("pages.connection", connection_id=connection_id)), 303)
