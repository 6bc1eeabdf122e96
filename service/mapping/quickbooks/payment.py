"""Money received, as QuickBooks payments applied to invoices.

QuickBooks facts (developer.intuit.com, Payment): TotalAmt is what was received, each line applies a part of it to a
document, lines are replaced as a whole, PaymentRefNum has 21 characters. A voided payment stays with nothing received
and "Voided" before its note.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from service.core.errors import MappingError
from service.core.fields import owners
from service.core.intent import Operation
from service.core.model import Payment, PaymentKind
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
from service.mapping.quickbooks.base import QuickBooksMapper
from service.mapping.quickbooks.body import amount_text, cut, number, parts, ref, text
from service.mapping.settings import chosen, payment_account

REFERENCE_LIMIT = 21
_DAY = len("2026-11-22")


@dataclass(frozen=True, slots=True)
class PaymentMapper(QuickBooksMapper):
    """Translates a payment. ``applied`` lists (invoice, amount): there one payment may settle several invoices.

    ``invoice`` is set where it settles exactly one. ``method`` takes part only where one of QuickBooks' is chosen for
    it. The account is chosen once, with a new payment: a later deposit is the bookkeeper's.
    """

    kind: EntityKind = EntityKind.PAYMENT
    identity: tuple[FieldName, ...] = ("customer", "applied", "amount", "date", "reference")

    @property
    def flows(self) -> Mapping[FieldName, Flow]:
        """Who owns each field."""
        return {**owners(self.kind), "invoice": Flow.BOTH, "applied": Flow.BOTH}

    def needs(self, record: Record, context: MappingContext) -> tuple[Ref, ...]:
        """Return the customer who paid, and the invoices that were paid."""
        del context
        payment = _payment(record)
        invoices = (Ref(kind=EntityKind.INVOICE, id=one) for one, _ in _settled(payment))
        return Ref(kind=EntityKind.CUSTOMER, id=payment.customer_id), *invoices

    def project(self, record: Record, context: MappingContext) -> Projection:
        """Return the payment as QuickBooks can hold it; of one that was taken back only whose it was.

        :raises MappingError: for a refund, a credit or an adjustment, and for another currency than the company's.
        """
        payment = _payment(record)
        if payment.kind is not PaymentKind.PAYMENT:
            raise MappingError("kind", f"A {payment.kind} is no payment in QuickBooks.")
        customer = _counterpart(Ref(kind=EntityKind.CUSTOMER, id=payment.customer_id), "customer", context)
        fields: dict[FieldName, Value] = {"customer": customer, "kind": payment.kind.value}
        if payment.removed:
            return Projection(snapshot=Snapshot(fields=fields, active=False))
        applied = tuple(
            (_counterpart(Ref(kind=EntityKind.INVOICE, id=one), "invoice", context), decimal_text(settled))
            for one, settled in _settled(payment)
        )
        fields |= {
            "invoice": applied[0][0] if len(applied) == 1 else None,
            "applied": tuple(sorted(applied)),
            "amount": decimal_text(payment.amount),
            "date": payment.date.isoformat(),
            "reference": cut(clean_text(payment.reference), REFERENCE_LIMIT),
        }
        losses = []
        if fields["reference"] != clean_text(payment.reference):
            reason = f"QuickBooks has {REFERENCE_LIMIT} characters for a payment's reference; it is cut there."
            losses.append(Loss(field="reference", reason=reason))
        if payment.method is not None and chosen(context.settings, f"methods:{payment.method}") is None:
            reason = f"No payment method of QuickBooks is chosen for '{payment.method}'."
            losses.append(Loss(field="method", reason=reason))
        elif payment.method is not None:
            fields["method"] = _method(chosen(context.settings, f"methods:{payment.method}"), context)
        account = payment_account(context.settings, method=payment.method, currency=payment.currency)
        fields |= {**_currency(payment, context), **({"account": account} if account else {})}
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
        del theirs
        match operation:
            case Operation.CREATE:
                names = frozenset(name for name, value in snapshot.fields.items() if value is not None)
                account = snapshot.get("account")
                deposit = {"DepositToAccountRef": ref(str(account))} if account else {}
                return {**_write(snapshot, names, context), **deposit}
            case Operation.UPDATE:
                if "currency" in changed:
                    raise MappingError("currency", "QuickBooks does not change the currency of a payment.")
                return _write(snapshot, changed, context)
            case Operation.VOID | Operation.ARCHIVE | Operation.DELETE:
                return {}
            case Operation.RESTORE:
                raise MappingError("amount", "QuickBooks does not undo the voiding of a payment.")

    def read(self, remote: RemoteRecord, context: MappingContext) -> Snapshot:
        """Read a payment with what it was applied to."""
        payload = remote.payload
        company = context.reference.company
        applied = _applied(payload)
        fields: dict[FieldName, Value] = {
            "customer": text(payload, "CustomerRef", "value"),
            "kind": PaymentKind.PAYMENT.value,
            "invoice": applied[0][0] if len(applied) == 1 else None,
            "applied": applied,
            "amount": amount_text(number(payload, "TotalAmt")),
            "date": (text(payload, "TxnDate") or "")[:_DAY] or None,
            "method": _method(text(payload, "PaymentMethodRef", "value"), context),
            "reference": text(payload, "PaymentRefNum"),
        }
        if company.flags.get("multicurrency"):
            fields["currency"] = text(payload, "CurrencyRef", "value") or company.base_currency
        return Snapshot(fields=fields, active=remote.active)


def _payment(record: Record) -> Payment:
    if not isinstance(record, Payment):
        raise TypeError(f"a {type(record).__name__} is no payment")
    return record


def _settled(payment: Payment) -> list[tuple[str, Decimal]]:
    """Return what a payment settles, by invoice: all of one, or parts of several."""
    if payment.invoice_id:
        return [(payment.invoice_id, payment.amount)]
    sums: dict[str, Decimal] = {}
    for part in payment.allocations:
        sums[part.invoice_id] = sums.get(part.invoice_id, Decimal(0)) + part.amount
    return list(sums.items())


def _counterpart(wanted: Ref, field: FieldName, context: MappingContext) -> str:
    found = context.remote_ids.get(wanted)
    if found is None:
        raise MappingError(field, f"The {field} of this payment is not in QuickBooks yet.")
    return found


def _currency(payment: Payment, context: MappingContext) -> dict[FieldName, Value]:
    company = context.reference.company
    if company.flags.get("multicurrency"):
        return {"currency": payment.currency}
    if company.base_currency and payment.currency != company.base_currency:
        reason = f"The QuickBooks company works in {company.base_currency} only; this payment is in {payment.currency}."
        raise MappingError("currency", reason, cause="currency_not_enabled")
    return {}


def _method(remote: str | None, context: MappingContext) -> str | None:
    """Return our method for one of theirs: the first that it is chosen for, else its name there."""
    if remote is None:
        return None
    ours = min((name for name, value in context.settings.methods.items() if value == remote), default=None)
    names = {offer.id: offer.name for offer in context.reference.methods}
    return ours or names.get(remote) or remote


def _applied(payload: Payload) -> tuple[tuple[str, str], ...]:
    """Return what the money settles, by document; what a credit memo adds is no money, and comes off the last ones."""
    found: list[tuple[str, Decimal]] = []
    credited = Decimal(0)
    for line in parts(payload, "Line"):
        amount = number(line, "Amount") or Decimal(0)
        for linked in parts(line, "LinkedTxn"):
            target = text(linked, "TxnId")
            if text(linked, "TxnType") == "CreditMemo":
                credited += amount
            elif target is not None:
                found.append((target, amount))
    applied = []
    for target, amount in sorted(found, reverse=True):
        off = min(credited, amount)
        credited -= off
        if amount > off:
            applied.append((target, amount_text(amount - off)))
    return tuple(sorted(applied))


def _write(snapshot: Snapshot, names: frozenset[FieldName], context: MappingContext) -> dict[str, Any]:
    get: Any = snapshot.get
    written: dict[str, Any] = {}
    if "customer" in names:
        written["CustomerRef"] = ref(get("customer"))
    if names & {"amount", "invoice", "applied"}:
        written["TotalAmt"] = Decimal(get("amount"))
        written["Line"] = [
            {"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": invoice, "TxnType": "Invoice"}]}
            for invoice, amount in get("applied") or ()
        ]
    if "date" in names:
        written["TxnDate"] = get("date")
    if "reference" in names:
        written["PaymentRefNum"] = get("reference") or ""
    if "method" in names and get("method"):
        written["PaymentMethodRef"] = ref(chosen(context.settings, f"methods:{get('method')}"))
    if "currency" in names:
        written["CurrencyRef"] = ref(get("currency"))
    return written
