"""Invoices, with who receives them, the address and tax of a sub-contact, and what QuickBooks says is paid.

QuickBooks facts (developer.intuit.com, Invoice): DocNumber 21 characters; BillEmail 100, BillEmailCc 200, several
addresses separated by commas; PrivateNote 4000; a missing BillAddr is filled from the customer; a changed BillAddr
flows into free lines; a voided invoice stays with amounts of zero and "Voided" before its note.

Our reference stands in the first line of PrivateNote, the memo that every company has: custom fields exist only where
a bookkeeper has set them up. The lines of the memo below it are the bookkeeper's and are left as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from service.core.errors import MappingError
from service.core.fields import owners
from service.core.intent import Operation
from service.core.model import Customer, Invoice, InvoiceStatus
from service.core.money import decimal_text
from service.core.ports import (
    EntityKind,
    Loss,
    MappingContext,
    Payload,
    Projection,
    Record,
    Ref,
    RemoteRecord,
)
from service.core.reconcile import Flow
from service.core.snapshot import FieldName, Snapshot, Value, clean_text
from service.mapping.quickbooks import address, email, lines, tax, terms, track
from service.mapping.quickbooks.base import QuickBooksMapper
from service.mapping.quickbooks.body import amount_text, cut, number, part, ref, text
from service.mapping.quickbooks.customer import currency_of, enabled, terms_of
from service.mapping.settings import chosen

NUMBER_LIMIT = 21
_TO_LIMIT = 100
_CC_LIMIT = 200
_REFERENCE_LIMIT = 1000  #: of the 4000 characters of PrivateNote; the rest is the bookkeeper's
_NOTE_LIMIT = 4000
_VOIDED = "Voided"
_ISSUED = "approved"
_DAY = len("2026-11-22")

_DATES = {"issue_date": "TxnDate", "due_date": "DueDate"}
_TOTALS = ("subtotal", "tax_total", "total", "amount_paid", "amount_due")


@dataclass(frozen=True, slots=True)
class InvoiceMapper(QuickBooksMapper):
    """Translates an issued invoice. ``bill_to`` says what the billing address says, however it is split into lines.

    ``status`` is "approved" or "voided": whether it is paid follows from the amounts. Terms go out with a new invoice
    only: the due date counts. A voided invoice has nothing left to compare but what it is.
    """

    kind: EntityKind = EntityKind.INVOICE
    identity: tuple[FieldName, ...] = ("number", "customer")

    @property
    def flows(self) -> Mapping[FieldName, Flow]:
        """Who owns each field."""
        return {**owners(self.kind), "bill_to": Flow.OURS}

    def needs(self, record: Record, context: MappingContext) -> tuple[Ref, ...]:
        """Return the customer it is for."""
        del context
        return (Ref(kind=EntityKind.CUSTOMER, id=_invoice(record).customer_id),)

    def project(self, record: Record, context: MappingContext) -> Projection:
        """Return the invoice as QuickBooks can hold it.

        :raises MappingError: for a number that is too long, an item or a tax code that is not chosen, taxes or a
            currency that can't stand on one invoice there, and for a draft.
        """
        invoice = _invoice(record)
        fields = _identity(invoice, context)
        if invoice.status is InvoiceStatus.VOIDED:
            return Projection(snapshot=Snapshot(fields=fields))
        held = lines.hold(invoice, context)
        fields |= {
            "issue_date": invoice.issue_date.isoformat(),
            "due_date": invoice.due_date.isoformat(),
            "lines": lines.as_value(held.lines),
            **track.hold(held.categories, context),
            "subtotal": decimal_text(invoice.subtotal),
            "tax_total": decimal_text(invoice.tax_total),
            "total": decimal_text(invoice.total),
            "amount_paid": decimal_text(invoice.amount_paid),
            "amount_due": decimal_text(invoice.amount_due),
        }
        if not tax.is_us(context):
            codes = [line[-1] for line in held.lines]
            fields["tax_inclusive"] = lines.carries_tax_inside(invoice, codes)
        if tax.is_automated(context):
            del fields["tax_total"]  # not ours to say: QuickBooks works it out, and its figure counts
        _add_currency(invoice, context, fields)
        _add_terms(invoice, context, fields)
        losses = [*held.losses, *_add_recipients(invoice, fields)]
        if (given := _number(invoice, context)) != invoice.number:
            reason = f"The one it was before keeps its number in QuickBooks; it is {given} there now."
            losses.append(Loss(field="number", reason=reason))
        losses += [*_add_address(invoice, context, fields), *_add_reference(invoice, fields)]
        return Projection(snapshot=Snapshot(fields=fields), losses=tuple(losses))

    def body(
        self,
        operation: Operation,
        snapshot: Snapshot,
        *,
        changed: frozenset[FieldName],
        theirs: RemoteRecord | None,
        context: MappingContext,
    ) -> Payload:
        """Build the body; id and version are added when it is packed.

        :raises MappingError: for what QuickBooks does not undo: a void, another currency.
        """
        match operation:
            case Operation.CREATE:
                names = frozenset(name for name, value in snapshot.fields.items() if value not in {None, ()})
                return _write(snapshot, names, theirs=None, context=context)
            case Operation.UPDATE:
                _require_possible(changed)
                return _write(snapshot, changed - {"payment_terms"}, theirs=theirs, context=context)
            case Operation.VOID | Operation.ARCHIVE | Operation.DELETE:
                return {}
            case Operation.RESTORE:
                raise MappingError("status", "QuickBooks does not undo the voiding of an invoice.")

    def read(self, remote: RemoteRecord, context: MappingContext) -> Snapshot:
        """Read an invoice; whether it is paid is said by ``amount_due``."""
        payload = remote.payload
        company = context.reference.company
        total, balance = number(payload, "TotalAmt") or Decimal(0), number(payload, "Balance") or Decimal(0)
        tax_total = number(payload, "TxnTaxDetail", "TotalTax") or Decimal(0)
        amounts = (total - tax_total, tax_total, total, total - balance, balance)
        fields: dict[FieldName, Value] = {
            "number": text(payload, "DocNumber"),
            "customer": text(payload, "CustomerRef", "value"),
            "status": InvoiceStatus.VOIDED.value if _is_voided(payload) else _ISSUED,
            **{name: (text(payload, member) or "")[:_DAY] or None for name, member in _DATES.items()},
            "lines": lines.as_value(lines.read(payload, context)),
            "to": email.split(text(payload, "BillEmail", "Address")),
            "cc": email.split(text(payload, "BillEmailCc", "Address")),
            "bill_to": _read_bill_to(payload, context),
            "reference": clean_text(_note_lines(payload)[0]),
            **{name: amount_text(amount) for name, amount in zip(_TOTALS, amounts, strict=True)},
            **track.read(payload, context),
        }
        if not tax.is_us(context):
            fields["tax_inclusive"] = lines.is_inclusive(payload)
        if company.flags.get("multicurrency"):
            fields["currency"] = text(payload, "CurrencyRef", "value") or company.base_currency
        return Snapshot(fields=fields, active=remote.active)


def _invoice(record: Record) -> Invoice:
    if not isinstance(record, Invoice):
        raise TypeError(f"a {type(record).__name__} is no invoice")
    return record


def _identity(invoice: Invoice, context: MappingContext) -> dict[FieldName, Value]:
    if invoice.status is InvoiceStatus.DRAFT:
        raise MappingError("status", "A draft is not sent to QuickBooks.")
    invoice_number = clean_text(_number(invoice, context))
    if invoice_number is None or len(invoice_number) > NUMBER_LIMIT:
        raise MappingError("number", f"QuickBooks has {NUMBER_LIMIT} characters for an invoice's number.")
    customer = context.remote_ids.get(Ref(kind=EntityKind.CUSTOMER, id=invoice.customer_id))
    if customer is None:
        raise MappingError("customer", "Its customer is not in QuickBooks yet.")
    status = InvoiceStatus.VOIDED.value if invoice.status is InvoiceStatus.VOIDED else _ISSUED
    return {"number": invoice_number, "customer": customer, "status": status}


def _number(invoice: Invoice, context: MappingContext) -> str:
    """Return its number, or another while the invoice that it was before holds it."""
    return context.numbers.get(Ref(kind=EntityKind.INVOICE, id=invoice.id), invoice.number)


def _add_currency(invoice: Invoice, context: MappingContext, fields: dict[FieldName, Value]) -> None:
    company = context.reference.company
    customer = context.customers.get(invoice.customer_id)
    if not company.flags.get("multicurrency"):
        if company.base_currency and invoice.currency != company.base_currency:
            reason = (
                f"The QuickBooks company works in {company.base_currency} only; this invoice is in {invoice.currency}."
            )
            raise MappingError("currency", reason, cause="currency_not_enabled")
    elif customer is not None and currency_of(customer, context) not in {None, invoice.currency}:
        reason = f"In QuickBooks an invoice has its customer's currency, which is {currency_of(customer, context)}."
        raise MappingError("currency", reason)
    else:
        fields["currency"] = enabled(invoice.currency, company)


def _add_terms(invoice: Invoice, context: MappingContext, fields: dict[FieldName, Value]) -> None:
    customer = context.customers.get(invoice.customer_id)
    ours = terms_of(customer, context) if customer else None
    code = terms.hold(ours, context) if ours else None
    if code is not None:
        fields["payment_terms"] = code


def _add_recipients(invoice: Invoice, fields: dict[FieldName, Value]) -> Iterator[Loss]:
    """Fit To, then Cc; whoever finds no room in To still gets a copy. Nobody at all leaves both as they are there."""
    if not invoice.recipients.to and not invoice.recipients.cc:
        return
    to = email.fit(invoice.recipients.to, _TO_LIMIT)
    cc = email.fit([*to.over, *(one for one in invoice.recipients.cc if one not in to.kept)], _CC_LIMIT)
    fields["to"], fields["cc"] = to.kept, cc.kept
    moved = [one for one in to.over if one in cc.kept]
    if moved:
        reason = f"QuickBooks has {_TO_LIMIT} characters for To; moved to Cc: {', '.join(moved)}."
        yield Loss(field="to", reason=reason)
    if cc.over:
        yield Loss(field="cc", reason=f"QuickBooks has no room for these recipients: {', '.join(cc.over)}.")


def _add_address(invoice: Invoice, context: MappingContext, fields: dict[FieldName, Value]) -> Iterator[Loss]:
    held, was_cut = address.hold(invoice.billing_address)
    if held is None:
        return  # QuickBooks then fills in the customer's, which is as it should be
    customer = context.customers.get(invoice.customer_id)
    fields["billing_address"] = held
    fields["bill_to"] = address.words(held, without=() if any(held[2:]) else _names_of(customer, context))
    if was_cut:
        reason = "A part of the billing address is longer than QuickBooks can hold and is cut there."
        yield Loss(field="billing_address", reason=reason)


def _add_reference(invoice: Invoice, fields: dict[FieldName, Value]) -> Iterator[Loss]:
    whole = clean_text(invoice.reference)
    if whole is None:
        return  # the memo is then all the bookkeeper's
    fields["reference"] = cut(whole, _REFERENCE_LIMIT)
    if fields["reference"] != whole:
        reason = f"The reference is cut to {_REFERENCE_LIMIT} characters in QuickBooks."
        yield Loss(field="reference", reason=reason)


def _names_of(customer: Customer | None, context: MappingContext) -> tuple[str, ...]:
    """Return the names that QuickBooks may put on top of an address of this customer."""
    if customer is None:
        return ()
    given = context.names.get(Ref(kind=EntityKind.CUSTOMER, id=customer.id))
    return (customer.name, given) if given else (customer.name,)


def _require_possible(changed: frozenset[FieldName]) -> None:
    if "status" in changed:
        raise MappingError("status", "It was voided in QuickBooks, which can't be undone there; void it here as well.")
    if "currency" in changed:
        raise MappingError("currency", "QuickBooks does not change the currency of an invoice once it is set.")


def _write(
    snapshot: Snapshot, names: frozenset[FieldName], *, theirs: RemoteRecord | None, context: MappingContext
) -> dict[str, Any]:
    """Return the members that carry the named fields, in a steady order."""
    get: Any = snapshot.get
    written = _write_head(snapshot, names, context)
    for name, member in (("to", "BillEmail"), ("cc", "BillEmailCc")):
        if name in names:
            written[member] = {"Address": email.join(get(name) or ())}
    if names & {"billing_address", "bill_to"}:
        written["BillAddr"] = address.write(get("billing_address"))
    if "reference" in names:
        written["PrivateNote"] = _note(get("reference"), theirs)
    if names & {"lines", "tax_inclusive", "tracking"}:
        written |= _write_lines(snapshot, context)
    if "tracking" in names:
        written |= track.write(snapshot.get("tracking"), context)
    return {**written, **_tax_detail(snapshot, context)} if written else written


def _write_head(snapshot: Snapshot, names: frozenset[FieldName], context: MappingContext) -> dict[str, Any]:
    get: Any = snapshot.get
    written: dict[str, Any] = {}
    if "customer" in names:
        written["CustomerRef"] = ref(get("customer"))
    if "number" in names:
        written["DocNumber"] = get("number")
    if names & {"issue_date", "due_date"}:
        # Both, or QuickBooks may work the due date out of its terms again.
        written |= {member: get(name) for name, member in _DATES.items()}
    if "currency" in names:
        written["CurrencyRef"] = ref(get("currency"))
    if "payment_terms" in names:
        written["SalesTermRef"] = ref(chosen(context.settings, f"terms:{get('payment_terms')}"))
    return written


def _write_lines(snapshot: Snapshot, context: MappingContext) -> dict[str, Any]:
    rows: Any = snapshot.get("lines") or ()
    inclusive = bool(snapshot.get("tax_inclusive"))
    classes = track.classes(snapshot.get("tracking"), context)
    written: dict[str, Any] = {"Line": lines.write(rows, context, inclusive=inclusive, classes=classes)}
    codes = [row[-1] for row in rows]
    if tax.is_us(context):
        return written
    mode = "TaxInclusive" if inclusive else "TaxExcluded"
    return {**written, "GlobalTaxCalculation": mode if any(codes) else "NotApplicable"}


def _tax_detail(snapshot: Snapshot, context: MappingContext) -> dict[str, Any]:
    """Name the rate of a United States invoice and our own total, which is honoured where it differs by rounding.

    With every write: without the total, each would have the tax worked out anew. That is what automated sales tax is
    for, so there nothing is named at all.
    """
    rows: Any = snapshot.get("lines") or ()
    taxable = [row[-1] for row in rows if row[-1] != tax.EXEMPT]
    if not tax.is_us(context) or tax.is_automated(context) or not taxable:
        return {}
    total: Any = snapshot.get("tax_total")
    return {"TxnTaxDetail": {"TxnTaxCodeRef": ref(taxable[0]), "TotalTax": Decimal(total or 0)}}


def _note(reference: str | None, theirs: RemoteRecord | None) -> str:
    """Put our reference into the first line of the memo, in place of the one that was there if it was ours."""
    kept = _note_lines(theirs.payload)[1:] if theirs is not None else []
    return "\n".join([reference or "", *kept])[:_NOTE_LIMIT].strip()


def _note_lines(payload: Payload) -> list[str]:
    """Return the lines of the memo, at least one, without the mark of a voided document, if it is one."""
    raw = part(payload, "PrivateNote")
    note = raw if isinstance(raw, str) else ""
    if _is_voided(payload):
        note = note.removeprefix(_VOIDED).lstrip(" -:")
    return note.splitlines() or [""]


def _is_voided(payload: Payload) -> bool:
    raw = part(payload, "PrivateNote")
    nothing = not number(payload, "TotalAmt") and not number(payload, "Balance")
    return nothing and isinstance(raw, str) and raw.startswith(_VOIDED)


def _read_bill_to(payload: Payload, context: MappingContext) -> str | None:
    billed = part(payload, "BillAddr")
    lines_there = address.free_lines(billed)
    place = [text(billed, name) for name in ("City", "CountrySubDivisionCode", "PostalCode", "Country")]
    if any(place):
        return address.words([*lines_there, *place])
    return address.words(lines_there, without=_names_on_top(payload, context))


def _names_on_top(payload: Payload, context: MappingContext) -> list[str]:
    """Return the names of its customer that may stand on top of an address that flowed into free lines."""
    remote_id, shown = text(payload, "CustomerRef", "value"), text(payload, "CustomerRef", "name")
    names = [shown] if shown else []
    for reference, found in context.remote_ids.items():
        if found == remote_id and reference.kind is EntityKind.CUSTOMER:
            names += _names_of(context.customers.get(reference.id), context)
    return names
