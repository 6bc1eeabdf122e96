"""Credits as credit memos, what they settle as payments of nothing that join both, refunds as refund receipts.

QuickBooks facts (developer.intuit.com, CreditMemo, RefundReceipt, Payment): a memo is applied by a payment of nothing
whose lines name the invoice and the memo; a refund receipt gives sales back and pays them out at once, from the
account it names, and can't be tied to a memo; neither can be voided, only deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from service.core.editing import EditRule
from service.core.errors import MappingError
from service.core.fields import owners
from service.core.intent import Operation
from service.core.model import Allocation, Payment
from service.core.money import decimal_text
from service.core.ports import (
    Company,
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
from service.core.totals import TaxableLine, line_tax
from service.mapping.quickbooks import editing, tax, web
from service.mapping.quickbooks.body import amount_text, chosen_or_stop, number, part, parts, ref, text
from service.mapping.quickbooks.customer import currency_of, enabled
from service.mapping.settings import DEFAULT_ITEM, PAYMENTS_ACCOUNT, chosen, payment_account

_DAY = len("2026-11-22")
_REFERENCE_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class CreditMapper:
    """Translates a credit: a memo of one line over its whole amount. Our reference stands in its note."""

    kind: EntityKind = EntityKind.CREDIT
    identity: tuple[FieldName, ...] = ("customer", "amount", "date", "reference")

    @property
    def flows(self) -> Mapping[FieldName, Flow]:
        """Who owns each field."""
        return owners(self.kind)

    def needs(self, record: Record, context: MappingContext) -> tuple[Ref, ...]:
        """Return the customer it is for."""
        del context
        return (Ref(kind=EntityKind.CUSTOMER, id=_money(record).customer_id),)

    def project(self, record: Record, context: MappingContext) -> Projection:
        """Return the credit as QuickBooks can hold it.

        :raises MappingError: no item is chosen, no tax code for its level, or a currency that its customer has not.
        """
        credit = _money(record)
        snapshot = Snapshot(fields=_fields(credit, context), active=not credit.removed)
        return Projection(snapshot=snapshot, losses=_losses(credit, context))

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

        :raises MappingError: for what QuickBooks does not undo.
        """
        del theirs
        return _body(operation, snapshot, changed, context)

    def read(self, remote: RemoteRecord, context: MappingContext) -> Snapshot:
        """Read a memo into the fields that are compared."""
        return Snapshot(fields=_read(remote.payload, context), active=remote.active)

    def rule_of(self, remote: RemoteRecord) -> EditRule:
        """Return what may still be changed of an entity, by how it stands there."""
        return editing.rule_of(self.kind, remote)

    def url(self, remote_id: str, company: Company) -> str | None:
        """Return the address of the memo's page."""
        return web.entity_url(self.kind, remote_id, company)


@dataclass(frozen=True, slots=True)
class AllocationMapper:
    """Translates what a credit settles of an invoice."""

    kind: EntityKind = EntityKind.ALLOCATION
    identity: tuple[FieldName, ...] = ("credit", "invoice", "amount")

    @property
    def flows(self) -> Mapping[FieldName, Flow]:
        """Who owns each field."""
        return owners(self.kind)

    def needs(self, record: Record, context: MappingContext) -> tuple[Ref, ...]:
        """Return the customer, the credit and the invoice."""
        del context
        found = _part(record)
        customer = Ref(kind=EntityKind.CUSTOMER, id=found.customer_id)
        credit = Ref(kind=EntityKind.CREDIT, id=found.payment_id)
        return customer, credit, Ref(kind=EntityKind.INVOICE, id=found.invoice_id)

    def project(self, record: Record, context: MappingContext) -> Projection:
        """Return the allocation as QuickBooks can hold it."""
        found = _part(record)
        customer, credit, invoice = (context.remote_ids.get(one) for one in self.needs(record, context))
        fields: dict[FieldName, Value] = {
            "customer": customer,
            "credit": credit,
            "invoice": invoice,
            "amount": decimal_text(found.amount),
            "date": found.date.isoformat(),
        }
        return Projection(snapshot=Snapshot(fields=fields, active=not found.removed))

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

        :raises MappingError: for what QuickBooks does not undo.
        """
        del changed, theirs, context
        get: Any = snapshot.get
        match operation:
            case Operation.CREATE | Operation.UPDATE:
                amount = Decimal(get("amount"))
                ends = (("Invoice", get("invoice")), ("CreditMemo", get("credit")))
                lines = [{"Amount": amount, "LinkedTxn": [{"TxnId": end, "TxnType": kind}]} for kind, end in ends]
                head = {"CustomerRef": ref(get("customer")), "TotalAmt": Decimal(0), "TxnDate": get("date")}
                return {**head, "Line": lines}
            case Operation.VOID | Operation.ARCHIVE | Operation.DELETE:
                return {}
            case Operation.RESTORE:
                raise MappingError("amount", "QuickBooks does not bring back what was deleted.")

    def read(self, remote: RemoteRecord, context: MappingContext) -> Snapshot:
        """Read a payment of nothing: which memo it sets against which invoice."""
        del context
        ends = dict(applied_ends(remote.payload))
        fields: dict[FieldName, Value] = {
            "customer": text(remote.payload, "CustomerRef", "value"),
            "credit": ends.get("CreditMemo", (None, None))[0],
            "invoice": ends.get("Invoice", (None, None))[0],
            "amount": ends.get("Invoice", (None, "0"))[1],
            "date": (text(remote.payload, "TxnDate") or "")[:_DAY] or None,
        }
        return Snapshot(fields=fields, active=remote.active)

    def rule_of(self, remote: RemoteRecord) -> EditRule:
        """Return what may still be changed of an entity, by how it stands there."""
        return editing.rule_of(EntityKind.PAYMENT, remote)

    def url(self, remote_id: str, company: Company) -> str | None:
        """Return the address of the payment's page."""
        return web.entity_url(EntityKind.PAYMENT, remote_id, company)


@dataclass(frozen=True, slots=True)
class RefundMapper:
    """Translates a refund: a receipt of one line that pays its whole amount out."""

    kind: EntityKind = EntityKind.REFUND
    identity: tuple[FieldName, ...] = ("customer", "amount", "date", "reference")

    @property
    def flows(self) -> Mapping[FieldName, Flow]:
        """Who owns each field."""
        return owners(self.kind)

    def needs(self, record: Record, context: MappingContext) -> tuple[Ref, ...]:
        """Return the customer who is paid."""
        del context
        return (Ref(kind=EntityKind.CUSTOMER, id=_money(record).customer_id),)

    def project(self, record: Record, context: MappingContext) -> Projection:
        """Return the refund as QuickBooks can hold it.

        :raises MappingError: it pays out a credit, no account or item is chosen, no tax code for its level.
        """
        refund = _money(record)
        if refund.refund_of_id is not None:
            reason = (
                "QuickBooks keeps a refund by itself and ties it to no credit memo: pay the credit out there, or "
                "record a refund of the customer instead of the credit."
            )
            raise MappingError("credit", reason)
        account = payment_account(context.settings, method=refund.method, currency=refund.currency)
        reason = "No account of QuickBooks is chosen that refunds are paid from."
        fields = _fields(refund, context)
        fields["account"] = chosen_or_stop(account, field="account", reason=reason, entry=PAYMENTS_ACCOUNT)
        losses = [*_losses(refund, context)]
        if refund.invoice_id is not None:
            reason = "QuickBooks keeps a refund by itself: the invoice stays paid there."
            losses.append(Loss(field="invoice", reason=reason))
        return Projection(snapshot=Snapshot(fields=fields, active=not refund.removed), losses=tuple(losses))

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

        :raises MappingError: for what QuickBooks does not undo.
        """
        del theirs
        account = {"DepositToAccountRef": ref(str(snapshot.get("account")))} if operation is Operation.CREATE else {}
        return {**_body(operation, snapshot, changed, context), **account}

    def read(self, remote: RemoteRecord, context: MappingContext) -> Snapshot:
        """Read a receipt into the fields that are compared."""
        return Snapshot(fields=_read(remote.payload, context), active=remote.active)

    def rule_of(self, remote: RemoteRecord) -> EditRule:
        """Return what may still be changed of an entity, by how it stands there."""
        return editing.rule_of(self.kind, remote)

    def url(self, remote_id: str, company: Company) -> str | None:
        """Return the address of the receipt's page."""
        return web.entity_url(self.kind, remote_id, company)


def applied_ends(payload: Payload) -> list[tuple[str, tuple[str, str]]]:
    """Return what a payment joins: the kind of each document with its id and the amount."""
    return [
        (text(linked, "TxnType") or "", (text(linked, "TxnId") or "", amount_text(number(line, "Amount"))))
        for line in parts(payload, "Line")
        for linked in parts(line, "LinkedTxn")
    ]


def _money(record: Record) -> Payment:
    if not isinstance(record, Payment):
        raise TypeError(f"a {type(record).__name__} is neither credit nor refund")
    return record


def _part(record: Record) -> Allocation:
    if not isinstance(record, Allocation):
        raise TypeError(f"a {type(record).__name__} settles nothing")
    return record


def _fields(money: Payment, context: MappingContext) -> dict[FieldName, Value]:
    company = context.reference.company
    item = chosen(context.settings, DEFAULT_ITEM)
    reason = "No default item of QuickBooks is chosen."
    fields: dict[FieldName, Value] = {
        "customer": context.remote_ids.get(Ref(kind=EntityKind.CUSTOMER, id=money.customer_id)),
        "amount": decimal_text(money.amount),
        "date": money.date.isoformat(),
        "reference": (clean_text(money.reference) or "")[:_REFERENCE_LIMIT] or None,
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


def _losses(money: Payment, context: MappingContext) -> tuple[Loss, ...]:
    """Declare that where sales tax is worked out there a credit goes without: its amount would become another."""
    if money.tax_level_id is None or not tax.is_automated(context):
        return ()
    reason = "QuickBooks works out sales tax itself, so this goes there without tax; its amount is the whole one."
    return (Loss(field="tax_level", reason=reason),)


def _body(
    operation: Operation, snapshot: Snapshot, changed: frozenset[FieldName], context: MappingContext
) -> dict[str, Any]:
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


def _read(payload: Payload, context: MappingContext) -> dict[FieldName, Value]:
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
