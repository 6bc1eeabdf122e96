"""What is done with an invoice besides editing: approving, voiding after a look at the effect, deleting a draft."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.core.model import InvoiceStatus
from service.core.ports import EntityKind
from service.records.errors import NotFound, RecordError, StaleRevision
from service.records.invoices import approve_invoice, delete_invoice, void_invoice, why_not_voided
from service.store.accounts import Role
from service.store.queries.find import find
from service.store.queries.states import sync_states
from service.store.records import CustomerRow, InvoiceRow
from service.sync.editable import editable_at
from service.web.access import does, person, shows
from service.web.letter import letters_of
from service.web.pages import pages
from service.web.parts import parts


@pages.post("/invoices/<invoice_id>/approve")
@does(Role.ACCOUNTANT)
def do_approve_invoice(invoice_id: str) -> Response:
    """Issue a draft."""

    def approve(session: Session) -> str:
        row = approve_invoice(session, person().author(), invoice_id, expected=_revision())
        return f"{row.number} is {row.status}. The next sync sends it."

    return _do(invoice_id, approve)


@pages.get("/invoices/<invoice_id>/void")
@shows(Role.ACCOUNTANT)
def look_before_voiding(session: Session, invoice_id: str) -> str:
    """Show what voiding an invoice would do here and at each package, or why it can't be."""
    organisation_id = person().company.id
    row = find(session, InvoiceRow, organisation_id, invoice_id)
    if row is None:
        raise NotFound("invoice")
    states = sync_states(session, organisation_id, EntityKind.INVOICE, [row.id])[row.id]
    return render_template(
        "invoice_void.html",
        row=row,
        customer=find(session, CustomerRow, organisation_id, row.customer_id),
        refusal=why_not_voided(row),
        states=[state for state in states if state.link is not None and state.link.remote_id is not None],
        refused={
            one.connection_id: one.reason
            for one in editable_at(parts().platform, session, EntityKind.INVOICE, states)
            if not one.rule.withdraws
        },
        letters=[one for one in letters_of(session, row.id) if one.state == "sent"],
    )


@pages.post("/invoices/<invoice_id>/void")
@does(Role.ACCOUNTANT)
def do_void_invoice(invoice_id: str) -> Response:
    """Take an issued invoice back."""

    def void(session: Session) -> str:
        row = void_invoice(session, person().author(), invoice_id, expected=_revision())
        return f"{row.number} is voided. The next sync carries it over."

    return _do(invoice_id, void)


@pages.post("/invoices/<invoice_id>/delete")
@does(Role.ACCOUNTANT)
def do_delete_invoice(invoice_id: str) -> Response:
    """Delete a draft."""
    with parts().platform.database.read() as session:
        row = find(session, InvoiceRow, person().company.id, invoice_id)
        kept = None if row is None else url_for("pages.customer", customer_id=row.customer_id)

    def delete(session: Session) -> str:
        found = find(session, InvoiceRow, person().company.id, invoice_id)
        number = "" if found is None else found.number
        if found is not None and found.status == InvoiceStatus.DRAFT and found.revision != _revision():
            raise StaleRevision(expected=_revision() or 0, current=found.revision)
        delete_invoice(session, person().author(), invoice_id)
        return f"The draft {number} is deleted."

    return _do(invoice_id, delete, then=kept)


def _do(invoice_id: str, change: Callable[[Session], str], *, then: str | None = None) -> Response:
    """Carry out a change and say what came of it, or why it did not."""
    page = url_for("pages.invoice", invoice_id=invoice_id)
    try:
        with parts().platform.database.write() as session:
            told = change(session)
    except NotFound:
        raise
    except StaleRevision:
        flash("It was changed meanwhile, so nothing was done. This is how it stands now.")
        return redirect(page, 303)
    except RecordError as refusal:
        flash(str(refusal))
        return redirect(page, 303)
    flash(told)
    return redirect(then or page, 303)


def _revision() -> int | None:
    return request.form.get("revision", type=int)
