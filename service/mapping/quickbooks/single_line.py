"""Credit memos and refund receipts alike: one line over the whole amount, with the tax that is inside it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from service.core.errors import MappingError
from service.core.intent import Operation
from service.core.model import Payment
from service.core.money import decimal_text
from service.core.ports import (
    EntityKind,
    Loss,
    MappingContext,
    Payload,
    Record,
    Ref,
    RemoteRecord,
)
from service.core.snapshot import FieldName, Snapshot, Value, clean_text
from service.core.totals import TaxableLine, line_tax
from service.mapping.quickbooks import tax
from service.mapping.quickbooks.base import QuickBooksMapper
from service.mapping.quickbooks.body import amount_text, chosen_or_stop, cut, number, part, ref, text
from service.mapping.quickbooks.customer import currency_of, enabled
from service.mapping.settings import DEFAULT_ITEM, chosen

_DAY = len("2026-11-22")
#: Of the 4000 characters of PrivateNote; the rest is the bookkeeper's.
REFERENCE_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class SingleLine(QuickBooksMapper):
    """What the mappers of both have in common."""

    identity: tuple[FieldName, ...] = ("customer", "amount", "date", "reference")

    def needs(self, record: Record, context: MappingContext) -> tuple[Ref, ...]:
        """Return the customer it is for."""
        del context
        return (Ref(kind=EntityKind.CUSTOMER, id=money_of(record).customer_id),)

    def read(self, remote: RemoteRecord, context: MappingContext) -> Snapshot:
        """Read a memo or receipt into the fields that are compared."""
        return Snapshot(fields=read_line(remote.payload, context), active=remote.active)


def money_of(record: Record) -> Payment:
    """Return the record as the money it is.

    :raises TypeError: it is of another kind.
    """
    if not isinstance(record, Payment):
        raise TypeError(f"a {type(record).__name__} is neither credit nor refund")
    return record


def fields_of(money: Payment, context: MappingContext) -> dict[FieldName, Value]:
    """Return what memo and receipt have in common, as QuickBooks can hold it.

    :raises MappingError: no item is chosen, no tax code for its level, or a currency that its customer has not.
    """
    company = context.reference.company
    item = chosen(context.settings, DEFAULT_ITEM)
    reason = "No default item of QuickBooks is chosen."
    fields: dict[FieldName, Value] = {
        "customer": context.remote_ids.get(Ref(kind=EntityKind.CUSTOMER, id=money.customer_id)),
        "amount": decimal_text(money.amount),
        "date": money.date.isoformat(),
        "reference": cut(clean_text(money.reference) or "", REFERENCE_LIMIT) or None,
        "item": chosen_or_stop(item, field="item", reason=reason, entry=DEFAULT_ITEM),
        "tax": tax.EXEMPT
        if tax.is_automated(context)
        else tax.code_for(money.tax_level_id, context, field="tax_level"),
        "digits_of": money.currency,
    }
    if not company.flags.get("multicurrency"):
        if company.base_currency and money.currency != company.base_currency:
            reason = f"The QuickBooks company works in {company.base_currency} only; this is in {money.currency}."
            raise MappingError("currency", reason, cause="currency_not_enabled")
        return fields
    customer = context.customers.get(money.customer_id)
    if customer is not None and currency_of(customer, context) not in {None, money.currency}:
        reason = f"In QuickBooks a document has its customer's currency, which is {currency_of(customer, context)}."
        raise MappingError("currency", reason)
    return {**fields, "currency": enabled(money.currency, company)}


def losses_of(money: Payment, context: MappingContext) -> tuple[Loss, ...]:
    """Declare what is cut, and that a credit goes without tax where it is worked out there.

    With it, automated sales tax would make its amount another one.
    """
    losses: list[Loss] = []
    if len(clean_text(money.reference) or "") > REFERENCE_LIMIT:
        reason = f"The reference is cut to {REFERENCE_LIMIT} characters in QuickBooks."
        losses.append(Loss(field="reference", reason=reason))
    if money.tax_level_id is not None and tax.is_automated(context):
        reason = "QuickBooks works out sales tax itself, so this goes there without tax; its amount is the whole one."
        losses.append(Loss(field="tax_level", reason=reason))
    return tuple(losses)


def body_of(
    operation: Operation, snapshot: Snapshot, changed: frozenset[FieldName], context: MappingContext
) -> dict[str, Any]:
    """Build the body of a memo or receipt.

    :raises MappingError: for what QuickBooks does not undo.
    """
    match operation:
        case Operation.CREATE:
            return _write(snapshot, frozenset(snapshot.fields), context)
        case Operation.UPDATE:
            return _write(snapshot, changed, context)
        case Operation.VOID | Operation.ARCHIVE | Operation.DELETE:
            return {}
        case Operation.RESTORE:
            raise MappingError("amount", "QuickBooks does not bring back what was deleted.")


def _write(snapshot: Snapshot, names: frozenset[FieldName], context: MappingContext) -> dict[str, Any]:
    get: Any = snapshot.get
    written: dict[str, Any] = {}
    if "customer" in names:
        written["CustomerRef"] = ref(get("customer"))
    if "date" in names:
        written["TxnDate"] = get("date")
    if "reference" in names:
        written["PrivateNote"] = get("reference") or ""
    if "currency" in names:
        written["CurrencyRef"] = ref(get("currency"))
    return {**written, **_line(snapshot, context)} if "amount" in names else written


def _line(snapshot: Snapshot, context: MappingContext) -> dict[str, Any]:
    """Return the one line of a memo or receipt, with the tax that is inside its amount."""
    get: Any = snapshot.get
    amount, code = Decimal(get("amount")), get("tax")
    rate = next((offer.rate_percent for offer in context.reference.taxes if offer.id == code), None) or Decimal(0)
    inside = line_tax(TaxableLine(amount=amount, rate_percent=rate), inclusive=True, currency=get("digits_of"))
    us = tax.is_us(context)
    detail: dict[str, Any] = {"ItemRef": ref(get("item")), "Qty": 1, "UnitPrice": amount - inside}
    total: dict[str, Any] = {}
    if us:
        exempt = code in {None, tax.EXEMPT}
        detail["TaxCodeRef"] = ref(tax.EXEMPT if exempt else tax.TAXABLE)
        if not exempt:
            named = {} if code == tax.TAXABLE else {"TxnTaxCodeRef": ref(code)}
            total = {"TxnTaxDetail": {**named, "TotalTax": inside}}
    else:
        detail |= {"TaxCodeRef": ref(code), "TaxInclusiveAmt": amount} if code else {}
        total = {"GlobalTaxCalculation": "TaxInclusive" if code else "NotApplicable"}
    line = {"DetailType": "SalesItemLineDetail", "Amount": amount - inside, "SalesItemLineDetail": detail}
    return {"Line": [line], **total}


def read_line(payload: Payload, context: MappingContext) -> dict[FieldName, Value]:
    """Read what memo and receipt have in common; the first line of the note is our reference."""
    company = context.reference.company
    note = part(payload, "PrivateNote")
    fields: dict[FieldName, Value] = {
        "customer": text(payload, "CustomerRef", "value"),
        "amount": amount_text(number(payload, "TotalAmt")),
        "date": (text(payload, "TxnDate") or "")[:_DAY] or None,
        "reference": clean_text(note.splitlines()[0]) if isinstance(note, str) and note.strip() else None,
    }
    if company.flags.get("multicurrency"):
        fields["currency"] = text(payload, "CurrencyRef", "value") or company.base_currency
    return fields
