"""Writing and editing an invoice; without scripts too: a line is added, and totals come, by showing the form again."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.core.model import InvoiceStatus
from service.core.ports import EntityKind
from service.ids import is_id, new_id
from service.records.errors import NotFound, RecordError, StaleRevision
from service.records.inputs import InvoiceChanges, InvoiceInput
from service.records.invoices import approve_invoice, change_invoice, create_invoice, state_of
from service.records.terms import USUAL
from service.store.accounts import Role
from service.store.queries.find import find, find_organisation
from service.store.queries.load import lines_of
from service.store.queries.states import sync_states
from service.store.records import CustomerRow, InvoiceRow
from service.sync.editable import editable_at
from service.web.access import does, person, shows
from service.web.choose import matching, searched
from service.web.form import form_of, revision, was_of
from service.web.invoice_sheet import Sheet, chain_above, inherited, locked_of, reckoned, with_due_date
from service.web.invoice_typed import (
    FLAGS,
    LINE,
    Line,
    document_of,
    faults_beside,
    fields_stored,
    lines_stored,
    lines_typed,
    told,
)
from service.web.offers import codes_offered
from service.web.pages import pages
from service.web.parts import now, parts
from service.web.typed import faults_of
from service.web.words import terms_words, zone

_EMPTY: Line = dict.fromkeys(LINE, "") | {"quantity": "1"}
#: Buttons that save; every other one shows the form again.
_SAVES = frozenset({"save", "approve"})


@pages.get("/invoices/new")
@shows(Role.ACCOUNTANT)
def new_invoice_for(session: Session) -> str:
    """Choose whose invoice it is to be."""
    words = searched()
    return render_template("invoice_new.html", q=words, found=matching(session, words))


@pages.get("/customers/<customer_id>/invoices/new")
@shows(Role.ACCOUNTANT)
def new_invoice(session: Session, customer_id: str) -> str:
    """Show an empty form."""
    return _page(session, _sheet(session, customer_id))


@pages.post("/customers/<customer_id>/invoices/new")
@does(Role.ACCOUNTANT)
def add_invoice(customer_id: str) -> Any:
    """Write the invoice, once however often the form is sent; or show the form again as it was typed."""
    given, record_id, database = request.form, request.form.get("record_id", ""), parts().platform.database
    with database.read() as session:
        sheet = _sheet(session, customer_id)
        if given.get("do") not in _SAVES:
            return _page(session, sheet)
    document = with_due_date(sheet, document_of(given, sheet.lines))
    document |= {"customer_id": customer_id, "status": "approved" if given["do"] == "approve" else "draft"}
    try:
        asked, own_id = InvoiceInput.model_validate(document), record_id if is_id(record_id) else new_id()
        with database.write() as session:
            if find(session, InvoiceRow, person().company.id, own_id) is None:
                row = create_invoice(session, person().author(), asked, record_id=own_id)
                flash(f"{row.number} is {'written' if row.status == InvoiceStatus.DRAFT else 'approved'}.")
        return redirect(url_for("pages.invoice", invoice_id=own_id), 303)
    except IntegrityError:  # the same form, sent again at the same moment, was first
        return redirect(url_for("pages.invoice", invoice_id=record_id), 303)
    except (ValidationError, RecordError) as refusal:
        sheet.faults = faults_beside(faults_of(refusal), sheet.lines)
    with database.read() as session:
        return _page(session, sheet), 422


@pages.get("/invoices/<invoice_id>/edit")
@shows(Role.ACCOUNTANT)
def invoice_form(session: Session, invoice_id: str) -> str:
    """Show an invoice's form, and first what of it can't be changed any more."""
    row = _row(session, invoice_id)
    return _page(session, _sheet(session, row.customer_id, row))


@pages.post("/invoices/<invoice_id>/edit")
@does(Role.ACCOUNTANT)
def save_invoice(invoice_id: str) -> Any:
    """Save what was changed of an invoice, or show the form again as it was typed."""
    given, database = request.form, parts().platform.database
    with database.read() as session:
        row = _row(session, invoice_id)
        sheet = _sheet(session, row.customer_id, row)
        if given.get("do") not in _SAVES:
            return _page(session, sheet)
    try:
        document = with_due_date(sheet, document_of(given, sheet.lines, locked=locked_of(row)))
        changes, seen = InvoiceChanges.model_validate(document), revision()
        with database.write() as session:
            saved = change_invoice(session, person().author(), invoice_id, changes, expected=seen)
            if given["do"] == "approve" and saved.status == InvoiceStatus.DRAFT:
                saved = approve_invoice(session, person().author(), invoice_id)
            flash(_said(saved, seen))
        return redirect(url_for("pages.invoice", invoice_id=invoice_id), 303)
    except NotFound:
        raise
    except StaleRevision:
        sheet.stale = True
    except (ValidationError, RecordError, ValueError) as refusal:
        sheet.faults = faults_beside(faults_of(refusal), sheet.lines)
    with database.read() as session:
        sheet.row = _row(session, invoice_id)
        if sheet.stale and was_of(given).get("lines") == told(sheet.lines):
            sheet.lines = _stored(session, sheet.row)  # only the other one changed them
        return _page(session, sheet), 409 if sheet.stale else 422


@pages.post("/parts/invoices/reckoned")
@does(Role.ACCOUNTANT)
def reckoned_part() -> str:
    """Give what the typed invoice would come to, for following it while one types."""
    given = request.form
    with parts().platform.database.read() as session:
        row = find(session, InvoiceRow, person().company.id, given.get("invoice_id", ""))
        sheet = _sheet(session, given.get("customer_id", ""), row)
        return render_template("part/reckoned.html", **reckoned(session, sheet))


def _sheet(session: Session, customer_id: str, row: InvoiceRow | None = None) -> Sheet:
    """Return the form as it was sent, or as it is shown first."""
    customer = find(session, CustomerRow, person().company.id, customer_id)
    if customer is None:
        raise NotFound("customer")
    typed, gone = request.form, request.form.get("remove-line", "")
    sheet = Sheet(customer=customer, chain=chain_above(session, customer), row=row, typed=typed)
    if row is not None and (not typed or "lines" in locked_of(row)):
        sheet.lines = _stored(session, row)
    else:
        sheet.lines = lines_typed(typed, without=int(gone) if gone.isdecimal() else None)
    sheet.blank_line = typed.get("do") == "add-line" or not sheet.lines
    return sheet


def _said(row: InvoiceRow, seen: int) -> str:
    if row.revision == seen:
        return "Nothing was changed."
    if row.status == InvoiceStatus.DRAFT:
        return f"{row.number} is saved. It is sent once it is approved."
    return f"{row.number} is saved. The next sync carries it over."


def _page(session: Session, sheet: Sheet) -> str:
    row, customer, chain = sheet.row, sheet.customer, sheet.chain
    organisation = find_organisation(session, customer.organisation_id)
    stored = {"issue_date": now().astimezone(zone()).date().isoformat()}
    states = []
    if row is not None:
        stored = fields_stored(row, _stored(session, row))
        states = sync_states(session, row.organisation_id, EntityKind.INVOICE, [row.id])[row.id]
    typed = {**sheet.typed, "lines": told(sheet.lines)} if sheet.typed else {}
    locked = frozenset() if row is None else locked_of(row)
    lines = [*sheet.lines, *([_EMPTY] if sheet.blank_line else [])]
    totals = reckoned(session, sheet)
    return render_template(
        "invoice_form.html",
        customer=customer,
        lines=lines,
        focus=len(lines) - 1 if sheet.typed.get("do") == "add-line" else None,
        locked=locked,
        standing="" if row is None else state_of(row),
        editable=editable_at(parts().platform, session, EntityKind.INVOICE, states),
        record_id=sheet.typed.get("record_id") or new_id(),
        tax_choices=[("", "by the rules"), *((one.id, one.name) for one in totals["tax_levels"].values())],
        contact_choices=_contact_choices(sheet),
        terms_choices=_terms_choices(inherited(chain, "payment_terms")),
        usual_currency=inherited(chain, "currency") or organisation.currency,
        offered=codes_offered(session, customer.organisation_id),
        **form_of(session, row, stored, typed, sheet.faults, stale=sheet.stale, flags=FLAGS),
        **totals,
    )


def _terms_choices(usual: str | None) -> list[tuple[str, str]]:
    return [("", terms_words(usual or "due_on_receipt")), *((one, terms_words(one)) for one in USUAL)]


def _contact_choices(sheet: Sheet) -> list[tuple[str, str]]:
    people = [(one.id, one.full_name or one.email or "without a name") for each in sheet.chain for one in each.contacts]
    return [("", "nobody in particular"), *people]


def _stored(session: Session, row: InvoiceRow) -> list[Line]:
    return lines_stored(lines_of(session, [row.id]).get(row.id, ()))


def _row(session: Session, invoice_id: str) -> InvoiceRow:
    row = find(session, InvoiceRow, person().company.id, invoice_id)
    if row is None:
        raise NotFound("invoice")
    return row
