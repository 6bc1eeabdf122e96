"""One payment, credit or refund: what it settles and what of it is left, applying it, and taking it back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from pydantic import ValidationError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.core.kind import kind_of_payment
from service.core.model import ZERO, InvoiceStatus, PaymentKind
from service.core.money import money_text
from service.records import credits as crediting
from service.records.errors import NotFound, RecordError, StaleRevision
from service.records.inputs import AllocationInput
from service.records.payments import remove_payment
from service.store.accounts import Role
from service.store.queries import allocations, lists, web_users
from service.store.queries.find import find, find_all
from service.store.queries.load import load_tax_levels
from service.store.queries.states import sync_states
from service.store.records import CustomerRow, InvoiceRow, PaymentRow
from service.sync.editable import editable_at
from service.web import comparison
from service.web.access import does, person, shows
from service.web.pages import pages
from service.web.parts import parts
from service.web.payment_form import KINDS, why_it_stays, why_kept
from service.web.typed import faults_of, texts_of

_EVENTS = 50
_OPEN = 200  #: open invoices that are offered; older ones come first


@pages.get("/payments/<payment_id>")
@shows()
def payment(session: Session, payment_id: str) -> str:
    """Show one payment."""
    return _page(session, payment_id)


@pages.post("/payments/<payment_id>/apply")
@does(Role.ACCOUNTANT)
def apply_payment(payment_id: str) -> Any:
    """Let a credit, or money on account, settle an invoice."""
    given, database = request.form, parts().platform.database
    try:
        asked = AllocationInput.model_validate(texts_of(given, ("invoice_id", "amount")))
        with database.write() as session:
            crediting.allocate(session, person().author(), payment_id, asked)
        flash("It is applied. The next sync carries it over.")
        return redirect(url_for("pages.payment", payment_id=payment_id), 303)
    except NotFound:
        raise
    except (ValidationError, RecordError) as refusal:
        faults = faults_of(refusal)
    with database.read() as session:
        return _page(session, payment_id, typed=given, faults=faults), 422


@pages.post("/payments/<payment_id>/parts/<part_id>/remove")
@does(Role.ACCOUNTANT)
def unapply_payment(payment_id: str, part_id: str) -> Response:
    """Take back what a payment settles of an invoice; it stays on the customer's account."""

    def change(session: Session) -> str:
        crediting.deallocate(session, person().author(), payment_id, part_id)
        return "It is taken back from the invoice and stays on the customer's account."

    return _do(payment_id, change)


@pages.get("/payments/<payment_id>/remove")
@shows(Role.ACCOUNTANT)
def look_before_removing(session: Session, payment_id: str) -> str:
    """Show what taking a payment back would do, or why it can't be."""
    row = _row(session, payment_id)
    kind = kind_of_payment(row.kind)
    states = sync_states(session, row.organisation_id, kind, [row.id])[row.id]
    refusal, owed = _look(payment_id)
    return render_template(
        "payment_remove.html",
        row=row,
        title=KINDS[PaymentKind(row.kind)][0],
        refusal=refusal,
        owed=owed,
        states=[state for state in states if state.link is not None and state.link.remote_id is not None],
        refused={
            one.connection_id: one.reason
            for one in editable_at(parts().platform, session, kind, states)
            if not one.rule.withdraws
        },
    )


@pages.post("/payments/<payment_id>/remove")
@does(Role.ACCOUNTANT)
def do_remove_payment(payment_id: str) -> Response:
    """Take a payment back."""

    def change(session: Session) -> str:
        remove_payment(session, person().author(), payment_id, expected=request.form.get("revision", type=int))
        return "It is taken back and counts no more. The next sync carries it over."

    return _do(payment_id, change)


def _look(payment_id: str) -> tuple[str, Sequence[tuple[str, str]]]:
    """Take a payment back, see what is owed then, and undo that at once: what is told is what would happen."""
    with parts().platform.database.write() as session:
        row = _row(session, payment_id)
        try:
            if row.removed:
                return why_kept(row), ()
            settled = [invoice_id for _, invoice_id, _ in _settles(session, row)]
            remove_payment(session, person().author(), payment_id)
            invoices = find_all(session, InvoiceRow, row.organisation_id, settled).values()
            owed = [(one.number, money_text(one.total - one.amount_paid, one.currency)) for one in invoices]
        except RecordError as refusal:
            return str(refusal), ()
        finally:
            session.rollback()
        return "", owed


def _settles(session: Session, row: PaymentRow) -> list[tuple[str, str, Decimal]]:
    """Return what a payment settles: the part's id, the invoice's and the amount."""
    if row.invoice_id is not None and row.kind == PaymentKind.PAYMENT:
        return [(row.id, row.invoice_id, row.amount)]
    parts_of = allocations.of_payments(session, [row.id]).get(row.id, [])
    return [(part.id, part.invoice_id, part.amount) for part in parts_of]


def _page(session: Session, payment_id: str, **shown: Any) -> str:
    row = _row(session, payment_id)
    organisation_id, kind = row.organisation_id, kind_of_payment(row.kind)
    states = sync_states(session, organisation_id, kind, [row.id])[row.id]
    settles = _settles(session, row)
    named = {invoice_id for _, invoice_id, _ in settles} | ({row.invoice_id} if row.invoice_id else set())
    applies = row.kind != PaymentKind.REFUND and not row.removed
    left = crediting.left_of(session, row) if applies else ZERO
    chosen = lists.EventFilter(record_id=row.id)
    events = lists.event_page(session, organisation_id, chosen, limit=_EVENTS, cursor=None).items
    return render_template(
        "payment.html",
        row=row,
        title=KINDS[PaymentKind(row.kind)][0],
        customer=find(session, CustomerRow, organisation_id, row.customer_id),
        settles=settles,
        invoices=find_all(session, InvoiceRow, organisation_id, named) if named else {},
        left=left,
        kept=why_kept(row),
        stays=why_it_stays(session, row),
        open_invoices=_open_invoices(session, row) if left > 0 else [],
        refunds=allocations.refunded_of(session, row.id) if row.kind in crediting.KINDS else [],
        credit=find(session, PaymentRow, organisation_id, row.refund_of_id) if row.refund_of_id else None,
        is_credit=row.kind in crediting.KINDS,
        tax_levels=load_tax_levels(session, organisation_id),
        states=states,
        editable=editable_at(parts().platform, session, kind, states),
        comparisons=[comparison.compare(session, parts().platform, state, kind) for state in states],
        events=events,
        names=web_users.names_of_actors(session, organisation_id, {event.actor for event in events}),
        **{"typed": {}, "faults": {}, **shown},
    )


def _open_invoices(session: Session, row: PaymentRow) -> list[InvoiceRow]:
    chosen = lists.InvoiceFilter(customer_id=row.customer_id, status=InvoiceStatus.APPROVED)
    found = lists.invoice_page(
        session, row.organisation_id, chosen, sort=("due_date", "number"), limit=_OPEN, cursor=None
    )
    return [one for one in found.items if one.currency == row.currency and one.total > one.amount_paid]


def _do(payment_id: str, change: Callable[[Session], str]) -> Response:
    try:
        with parts().platform.database.write() as session:
            told = change(session)
    except NotFound:
        raise
    except StaleRevision:
        told = "It was changed meanwhile, so nothing was done. This is how it stands now."
    except RecordError as refusal:
        told = str(refusal)
    flash(told)
    return redirect(url_for("pages.payment", payment_id=payment_id), 303)


def _row(session: Session, payment_id: str) -> PaymentRow:
    row = find(session, PaymentRow, person().company.id, payment_id)
    if row is None:
        raise NotFound("payment")
    return row
