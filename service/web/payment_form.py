"""Recording money for an invoice or on an account: payments, credits, refunds, write-offs; and editing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.core.kind import kind_of_payment
from service.core.model import ZERO, InvoiceStatus, PaymentKind
from service.core.money import money_text
from service.ids import is_id, new_id
from service.records import payments
from service.records.credits import KINDS as CREDITS
from service.records.credits import left_of, require_ours, require_removable
from service.records.errors import NotFound, RecordError, StaleRevision
from service.records.inputs import PaymentChanges, PaymentInput
from service.store.accounts import Role
from service.store.queries.find import find, find_organisation
from service.store.queries.load import load_tax_levels
from service.store.queries.states import sync_states
from service.store.records import CustomerRow, InvoiceRow, PaymentRow
from service.sync.editable import editable_at
from service.web.access import does, person, shows
from service.web.form import form_of, revision
from service.web.invoice_sheet import chain_above, inherited
from service.web.offers import codes_offered
from service.web.pages import pages
from service.web.parts import now, parts
from service.web.typed import faults_of, texts_of
from service.web.words import PAYMENTS, zone

#: What each kind is called, and what recording it means.
KINDS: Mapping[PaymentKind, tuple[str, str]] = {
    kind: (PAYMENTS[kind], meaning)
    for kind, meaning in (
        (PaymentKind.PAYMENT, "Money that was received."),
        (PaymentKind.CREDIT, "What is owed is lowered by a credit note; no money moves."),
        (PaymentKind.REFUND, "Money that was given back."),
        (PaymentKind.ADJUSTMENT, "What is not collected, or a discount given later; sent as a credit note."),
    )
}
_TEXTS = ("amount", "date", "method", "reference")


@dataclass(kw_only=True)
class _For:
    """What money is recorded for."""

    customer: CustomerRow
    invoice: InvoiceRow | None = None
    credit: PaymentRow | None = None  #: that a refund pays out
    left: Decimal = ZERO  #: of the credit

    def room(self, kind: PaymentKind) -> Decimal | None:
        """Return what of a kind there is room for; None: any amount."""
        if self.credit is not None:
            return self.left
        if self.invoice is None:
            return None
        paid = self.invoice.amount_paid
        return paid if kind is PaymentKind.REFUND else self.invoice.total - paid

    def refusal(self, kind: PaymentKind) -> str:
        """Return why nothing of a kind can be recorded for it, as a sentence; "" where it can."""
        room, invoice = self.room(kind), self.invoice
        if invoice is not None and invoice.status in {InvoiceStatus.DRAFT, InvoiceStatus.VOIDED}:
            return f"{invoice.number} is {invoice.status}: nothing can be paid on it."
        if room is None or room > 0:
            return ""
        if invoice is None:
            return "Nothing of this credit is left: it settles invoices or was paid out. Take that back first."
        if kind is PaymentKind.REFUND:
            return f"Nothing of {invoice.number} is paid, so nothing can be given back."
        return (
            f"Nothing is due on {invoice.number} any more. Money that came in besides goes on the customer's account."
        )


@pages.get("/invoices/<invoice_id>/payments/new")
@shows(Role.ACCOUNTANT)
def new_invoice_payment(session: Session, invoice_id: str) -> str:
    """Show the form for money of an invoice."""
    return _page(session, _for_invoice(session, invoice_id), {})


@pages.post("/invoices/<invoice_id>/payments/new")
@does(Role.ACCOUNTANT)
def add_invoice_payment(invoice_id: str) -> Any:
    """Record money of an invoice."""
    with parts().platform.database.read() as session:
        return _add(_for_invoice(session, invoice_id))


@pages.get("/customers/<customer_id>/payments/new")
@shows(Role.ACCOUNTANT)
def new_customer_payment(session: Session, customer_id: str) -> str:
    """Show the form for money on a customer's account."""
    return _page(session, _for_customer(session, customer_id), {})


@pages.post("/customers/<customer_id>/payments/new")
@does(Role.ACCOUNTANT)
def add_customer_payment(customer_id: str) -> Any:
    """Record money on a customer's account."""
    with parts().platform.database.read() as session:
        return _add(_for_customer(session, customer_id))


@pages.get("/payments/<payment_id>/edit")
@shows(Role.ACCOUNTANT)
def payment_form(session: Session, payment_id: str) -> str:
    """Show the form of a payment."""
    return _edit_page(session, _find(session, PaymentRow, payment_id, "payment"), {})


@pages.post("/payments/<payment_id>/edit")
@does(Role.ACCOUNTANT)
def save_payment(payment_id: str) -> Any:
    """Save what was changed of a payment."""
    given, database = request.form, parts().platform.database
    faults, stale = {}, False
    try:
        changes, seen = PaymentChanges.model_validate(texts_of(given, _TEXTS)), revision()
        with database.write() as session:
            row = payments.change_payment(session, person().author(), payment_id, changes, expected=seen)
            saved = row.revision != seen
        flash("It is saved. The next sync carries it over." if saved else "Nothing was changed.")
        return redirect(url_for("pages.payment", payment_id=payment_id), 303)
    except NotFound:
        raise
    except StaleRevision:
        stale = True
    except (ValidationError, RecordError, ValueError) as refusal:
        faults = faults_of(refusal)
    with database.read() as session:
        row = _find(session, PaymentRow, payment_id, "payment")
        return _edit_page(session, row, given, faults, stale=stale), 409 if stale else 422


def _add(target: _For) -> Any:
    given, database, record_id = request.form, parts().platform.database, request.form.get("record_id", "")
    wish: dict[str, Any] = {**texts_of(given, (*_TEXTS, "tax_level_id")), "kind": _kind(given)}
    if target.invoice is not None:
        wish["invoice_id"] = target.invoice.id
    elif target.credit is not None:
        wish |= {"refund_of_id": target.credit.id, "kind": PaymentKind.REFUND}
    else:
        wish |= {"customer_id": target.customer.id, "currency": given.get("currency", "").strip().upper() or None}
    own_id = record_id if is_id(record_id) else new_id()
    try:
        asked = PaymentInput.model_validate(wish)
        with database.write() as session:
            if find(session, PaymentRow, person().company.id, own_id) is None:
                row = payments.record_payment(session, person().author(), asked, record_id=own_id)
                amount = f"{money_text(row.amount, row.currency)} {row.currency}"
                flash(f"{KINDS[PaymentKind(row.kind)][0]} of {amount} recorded. The next sync sends it.")
        return redirect(_page_of(target, own_id), 303)
    except IntegrityError:  # the same form, sent again at the same moment, was first
        return redirect(_page_of(target, own_id), 303)
    except NotFound:
        raise
    except (ValidationError, RecordError) as refusal:
        faults = faults_of(refusal)
    with database.read() as session:
        return _page(session, target, given, faults), 422


def _page_of(target: _For, payment_id: str) -> str:
    if target.invoice is not None:
        return url_for("pages.invoice", invoice_id=target.invoice.id)
    return url_for("pages.payment", payment_id=payment_id)


def _page(session: Session, target: _For, typed: Mapping[str, str], faults: Mapping[str, str] | None = None) -> str:
    kind = PaymentKind.REFUND if target.credit else _kind(typed or request.args)
    organisation = find_organisation(session, target.customer.organisation_id)
    room, invoice = target.room(kind), target.invoice
    money = (invoice or target.credit or target.customer).currency
    currency = money or inherited(chain_above(session, target.customer), "currency") or organisation.currency
    stored = {
        "amount": money_text(room, currency) if room is not None and room > 0 else "",
        "date": now().astimezone(zone()).date().isoformat(),
    }
    levels = load_tax_levels(session, target.customer.organisation_id)
    return render_template(
        "payment_form.html",
        target=target,
        kind=kind,
        kinds=[one for one in KINDS if (invoice or one is not PaymentKind.REFUND) and not target.credit],
        KINDS=KINDS,
        refusal=target.refusal(kind),
        currency=currency,
        room=room,
        taxed=kind is not PaymentKind.PAYMENT and not target.credit,
        tax_choices=[
            ("", "as the invoice's lines" if invoice else "none"),
            *((one.id, one.name) for one in levels.values()),
        ],
        record_id=typed.get("record_id") or new_id(),
        offered=codes_offered(session, target.customer.organisation_id),
        **form_of(session, None, stored, typed, faults),
    )


def _edit_page(
    session: Session,
    row: PaymentRow,
    typed: Mapping[str, str],
    faults: Mapping[str, str] | None = None,
    *,
    stale: bool = False,
) -> str:
    kind = kind_of_payment(row.kind)
    states = sync_states(session, row.organisation_id, kind, [row.id])[row.id]
    stored = {name: getattr(row, name) or "" for name in ("method", "reference")}
    stored |= {"amount": money_text(row.amount, row.currency), "date": row.date.isoformat()}
    return render_template(
        "payment_edit.html",
        title=KINDS[PaymentKind(row.kind)][0],
        refusal=why_kept(row),
        amount_kept=row.kind in CREDITS and left_of(session, row) != row.amount,
        editable=editable_at(parts().platform, session, kind, states),
        offered=codes_offered(session, row.organisation_id),
        **form_of(session, row, stored, typed, faults, stale=stale),
    )


def why_kept(row: PaymentRow) -> str:
    """Return why a payment can't be changed here, as a sentence; "" where it can."""
    return _refusal(row, lambda: require_ours(person().author(), row))


def why_it_stays(session: Session, row: PaymentRow) -> str:
    """Return why a payment can't be taken back here, as a sentence; "" where it can."""
    return _refusal(row, lambda: require_removable(session, person().author(), row))


def _refusal(row: PaymentRow, require: Callable[[], None]) -> str:
    if row.removed:
        return "It was taken back; it stays for the history and counts no more."
    try:
        require()
    except RecordError as refusal:
        return str(refusal)
    return ""


def _for_invoice(session: Session, invoice_id: str) -> _For:
    invoice = _find(session, InvoiceRow, invoice_id, "invoice")
    return _For(customer=_find(session, CustomerRow, invoice.customer_id, "customer"), invoice=invoice)


def _for_customer(session: Session, customer_id: str) -> _For:
    target = _For(customer=_find(session, CustomerRow, customer_id, "customer"))
    of = request.form.get("of") or request.args.get("of", "")
    if is_id(of):
        target.credit = _find(session, PaymentRow, of, "credit")
        target.left = left_of(session, target.credit)
    return target


def _kind(given: Mapping[str, str]) -> PaymentKind:
    asked = given.get("kind", "")
    return PaymentKind(asked) if asked in set(PaymentKind) else PaymentKind.PAYMENT


def _find(session: Session, row_type: Any, row_id: str, kind: str) -> Any:
    row = find(session, row_type, person().company.id, row_id)
    if row is None:
        raise NotFound(kind)
    return row
