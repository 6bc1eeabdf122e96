"""Invoices: the list, and one invoice to read."""

from __future__ import annotations

from flask import render_template, request
from sqlalchemy.orm import Session

from service.core.model import InvoiceStatus
from service.core.ports import EntityKind
from service.records.errors import NotFound
from service.store.queries import lists, web_users
from service.store.queries.allocations import settled_of
from service.store.queries.find import find
from service.store.queries.letters import count_unknown
from service.store.queries.load import lines_of, load_tax_levels
from service.store.queries.states import dot_places, record_dots, sync_states
from service.store.records import ContactRow, CustomerRow, InvoiceRow
from service.sync.editable import editable_at
from service.web import comparison
from service.web.access import person, shows
from service.web.letter import letters_of
from service.web.pages import pages
from service.web.parts import package_of, parts
from service.web.words import DOTS

_ROWS = 100
_PAYMENTS = 50
_EVENTS = 50
_LONGEST_QUERY = 200


@pages.get("/invoices")
@shows()
def invoice_list(session: Session) -> str:
    """List invoices, newest first."""
    organisation_id = person().company.id
    places = dot_places(session, organisation_id)
    known = [place.id for place in places]
    given = request.args
    dot = given.get("dot", "") if given.get("dot") in DOTS and known else ""
    wish = {
        "q": " ".join(given.get("q", "").replace("\x00", "").split())[:_LONGEST_QUERY],
        "status": given.get("status", "") if given.get("status") in set(InvoiceStatus) else "",
        "dot": dot,
        "connection": given.get("connection", "") if given.get("connection") in known else (known[0] if dot else ""),
    }
    found = lists.invoice_page(
        session,
        organisation_id,
        lists.InvoiceFilter(
            q=wish["q"] or None,
            status=wish["status"] or None,
            dot=wish["dot"] or None,
            connection_id=wish["connection"] or None,
        ),
        sort=("-issue_date", "-number"),
        limit=_ROWS,
        cursor=given.get("cursor") or None,
        beside=lists.customer_name,
    )
    ids = [row.id for row in found.items]
    return render_template(
        "invoices.html",
        wish=wish,
        rows=found.items,
        next=found.next,
        connections=places,
        statuses=list(InvoiceStatus),
        doubtful=count_unknown(session, organisation_id),
        customers=dict(zip(ids, found.beside, strict=True)),
        states=record_dots(session, organisation_id, EntityKind.INVOICE, ids, places=places),
    )


@pages.get("/invoices/<invoice_id>")
@shows()
def invoice(session: Session, invoice_id: str) -> str:
    """Show one invoice."""
    organisation_id = person().company.id
    row = find(session, InvoiceRow, organisation_id, invoice_id)
    if row is None:
        raise NotFound("invoice")
    states = sync_states(session, organisation_id, EntityKind.INVOICE, [row.id])[row.id]
    events = lists.event_page(
        session, organisation_id, lists.EventFilter(record_id=row.id), limit=_EVENTS, cursor=None
    ).items
    payments = lists.payment_page(
        session, organisation_id, invoice_id=row.id, customer_id=None, limit=_PAYMENTS, cursor=None
    ).items
    letters = letters_of(session, row.id)
    actors = {event.actor for event in events} | {one.asked_by for one in letters}
    actors |= {one.decided_by for one in letters if one.decided_by is not None}
    return render_template(
        "invoice.html",
        row=row,
        letters=letters,
        packages={state.connection.id: package_of(state.connection.provider) for state in states},
        customer=find(session, CustomerRow, organisation_id, row.customer_id),
        contact=find(session, ContactRow, organisation_id, row.contact_id) if row.contact_id else None,
        lines=lines_of(session, [row.id]).get(row.id, ()),
        tax_levels=load_tax_levels(session, organisation_id),
        payments=payments,
        settled=settled_of(session, payments, row.id),
        states=states,
        editable=editable_at(parts().platform, session, EntityKind.INVOICE, states),
        comparisons=[comparison.compare(session, parts().platform, state, EntityKind.INVOICE) for state in states],
        events=events,
        names=web_users.names_of_actors(session, organisation_id, actors),
    )
