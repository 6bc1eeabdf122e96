"""What an invoice's form stands on: whose it is, what was typed, and what the rules make of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from service.core.model import Customer
from service.records.drafting import draft_of
from service.records.errors import RecordError
from service.records.inputs import InvoiceChanges, InvoiceInput
from service.records.invoices import changeable
from service.records.terms import due_on
from service.store.queries.load import chain_of, lines_of, load_customers, load_tax_levels
from service.store.records import CustomerRow, InvoiceLineRow, InvoiceRow
from service.web.access import person
from service.web.invoice_typed import FLAGS, SCALARS, Line, document_of, fields_stored
from service.web.parts import now
from service.web.words import zone

#: Everything of an invoice that a form may hold back.
_FIELDS = (*SCALARS, *FLAGS, "lines")


@dataclass(kw_only=True)
class Sheet:
    """One form as it is shown: whose invoice, what was typed, and what is wrong with it."""

    customer: CustomerRow
    chain: Sequence[Customer]  #: the customer and what it stands under, nearest first
    row: InvoiceRow | None = None
    typed: Mapping[str, str] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    faults: Mapping[str, str] = field(default_factory=dict)
    stale: bool = False
    blank_line: bool = False  #: with one more line, which the cursor goes to


def locked_of(row: InvoiceRow) -> frozenset[str]:
    """Return what of an invoice our own books don't let anybody change any more."""
    allowed = changeable(row)
    return frozenset() if allowed is None else frozenset(_FIELDS) - allowed


def with_due_date(sheet: Sheet, document: dict[str, Any]) -> dict[str, Any]:
    """Fill in a due date by the chosen terms, else the customer's, where none was typed."""
    if "due_date" not in document or document["due_date"]:
        return document
    given = sheet.typed.get("terms") or inherited(sheet.chain, "payment_terms")
    try:
        start = InvoiceChanges.model_validate({"issue_date": document.get("issue_date")}).issue_date
    except ValidationError:
        return document  # the day of issue is what is wrong
    start = start or (sheet.row.issue_date if sheet.row else now().astimezone(zone()).date())
    return document | {"due_date": due_on(start, given).isoformat()}


def reckoned(session: Session, sheet: Sheet) -> dict[str, Any]:
    """Return what the invoice would come to as it is typed now; nothing where it is not whole yet."""
    row: InvoiceRow | None = None
    lines: Sequence[InvoiceLineRow] = ()
    if sheet.row is not None and (not sheet.typed or "lines" in locked_of(sheet.row)):
        row, lines = sheet.row, lines_of(session, [sheet.row.id]).get(sheet.row.id, ())
    elif sheet.typed:
        kept = {}
        if sheet.row is not None:
            stored, locked = fields_stored(sheet.row, ()), locked_of(sheet.row)
            kept = {name: text for name, text in stored.items() if name in locked}
        document = with_due_date(sheet, document_of({**sheet.typed, **kept}, sheet.lines))
        try:
            asked = InvoiceInput.model_validate(document | {"customer_id": sheet.customer.id, "number": None})
            row, lines = draft_of(session, person().author(), asked)
        except (ValidationError, RecordError):
            pass  # the totals come once every line is whole; what is wrong is said when it is saved
    levels = load_tax_levels(session, sheet.customer.organisation_id)
    return {"reckoned": row, "reckoned_lines": lines, "tax_levels": levels}


def chain_above(session: Session, customer: CustomerRow) -> Sequence[Customer]:
    """Return a customer and what it stands under, nearest first."""
    return chain_of(load_customers(session, customer.organisation_id, [customer.id]), customer.id)


def inherited(chain: Sequence[Customer], name: str) -> str | None:
    """Return a customer's own value, else the nearest one above it."""
    return next((value for one in chain if (value := getattr(one, name))), None)
