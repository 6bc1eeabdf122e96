"""Variances: where a package's total of an invoice is not ours, by how much, and why."""

from __future__ import annotations

from flask import render_template, request
from sqlalchemy.orm import Session

from service.ids import is_id
from service.store.queries import connections
from service.store.queries import variances as queries
from service.store.queries.find import find_all
from service.store.queries.variances import VarianceKind
from service.store.records import InvoiceRow
from service.sync.readback import variance_in
from service.web.access import person, shows
from service.web.pages import pages
from service.web.parts import package_of

_ROWS = 100


@pages.get("/variances")
@shows()
def variance_list(session: Session) -> str:
    """List the invoices whose total differs, newest first, and what the differences come to."""
    organisation_id = person().company.id
    given = request.args
    kind = VarianceKind(given["kind"]) if given.get("kind") in set(VarianceKind) else None
    chosen = given.get("connection", "") if is_id(given.get("connection", "")) else ""
    found = queries.variance_page(
        session,
        organisation_id,
        connection_id=chosen or None,
        kind=kind,
        limit=_ROWS,
        cursor=given.get("cursor") or None,
    )
    every = [row for row in connections.all_of(session, organisation_id) if row.state != "pending"]
    return render_template(
        "variances.html",
        rows=[(link, variance_in(link)) for link in found.items],
        invoices=find_all(session, InvoiceRow, organisation_id, {link.record_id for link in found.items}),
        sums=queries.sums_of(session, organisation_id, connection_id=chosen or None, kind=kind),
        next=found.next,
        kind=kind,
        kinds=list(VarianceKind),
        connections=every,
        chosen=chosen,
        titles={row.id: f"{package_of(row.provider)} · {row.organisation_name or ''}" for row in every},
    )
