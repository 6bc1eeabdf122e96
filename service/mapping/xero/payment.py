"""Payments of invoices, and what was received beyond them.

Xero facts: developer.xero.com, Payments (recorded and taken back, never changed; one invoice each, and no more than is
due on it) and Overpayments (read and allocated; made by a bank transaction, which takes another permission).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from service.core.errors import MappingError
from service.core.intent import Operation
from service.core.model import Payment, PaymentKind
from service.core.money import decimal_text
from service.core.ports import (
    Company,
    EntityKind,
    Family,
    MappingContext,
    Payload,
    Projection,
    Record,
    Ref,
    RemoteRecord,
)
from service.core.snapshot import FieldName, Snapshot
from service.mapping.settings import PAYMENTS_ACCOUNT, payment_account
from service.mapping.xero.base import XeroMapper
from service.mapping.xero.link import payment_url
from service.mapping.xero.value import Losses, as_day, as_decimal, as_list, as_number_text, as_object, as_text

REFERENCE_LIMIT = 255

_NONE = "Xero takes a payment for one invoice as a whole: apply all of it to one, or record one for each."
_SEVERAL = "Xero takes a payment for one invoice only through its API: record one for each invoice instead."
_MORE = (
    "Xero takes no more than is due on an invoice through its API: record what is due and the rest as two payments, or "
    "record it there as an overpayment and take it back here."
)
_ID = re.compile(r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class PaymentMapper(XeroMapper):
    """Translates ``Payment`` records of kind payment that belong to an invoice."""

    kind: EntityKind = EntityKind.PAYMENT
    identity: tuple[FieldName, ...] = ("invoice", "amount", "date", "reference")

    def needs(self, record: Record, context: MappingContext) -> tuple[Ref, ...]:
        """Return the invoice it pays; a payment of none or of several is refused by ``project``."""
        del context
        payment = _require(record)
        return () if payment.invoice_id is None else (_invoice_ref(payment),)

    def project(self, record: Record, context: MappingContext) -> Projection:
        """Return the payment as Xero can hold it; ``invoice`` is blank while the invoice isn't there yet.

        :raises MappingError: it is no payment of an invoice, or no account is chosen for payments.
        """
        payment, losses = _require(record), Losses()
        if payment.kind is not PaymentKind.PAYMENT:
            raise MappingError("kind", f"A {payment.kind} is no payment in Xero.")
        if payment.removed:
            return Projection(snapshot=Snapshot(fields={"kind": payment.kind.value}, active=False))
        invoice = _invoice_ref(payment)
        account = payment_account(context.settings, method=payment.method, currency=payment.currency)
        if account is None:
            raise MappingError("account", "No Xero account is chosen for payments.", missing=PAYMENTS_ACCOUNT)
        if payment.method:
            losses.add("method", "Xero keeps no payment method.")
        snapshot = Snapshot(
            fields={
                "invoice": context.remote_ids.get(invoice),
                "amount": decimal_text(payment.amount),
                "date": payment.date.isoformat(),
                "reference": losses.fit(payment.reference, REFERENCE_LIMIT, "reference"),
                "kind": payment.kind.value,
                "account": account,  # of a new payment only: what is read does not name it again
            },
            active=not payment.removed,
        )
        return Projection(snapshot=snapshot, losses=losses.all)

    def body(
        self,
        operation: Operation,
        snapshot: Snapshot,
        *,
        changed: frozenset[FieldName],
        theirs: RemoteRecord | None,
        context: MappingContext,
    ) -> Payload:
        """Build the payment's body; its amount is a Decimal.

        :raises MappingError: the invoice isn't there yet, no account is chosen, or it is a change, which Xero refuses.
        """
        del changed, theirs, context
        match operation:
            case Operation.CREATE:
                return _create(snapshot)
            case Operation.DELETE | Operation.ARCHIVE | Operation.VOID:
                return {"Status": "DELETED"}
            case _:
                raise MappingError("amount", "Xero lets nobody change a payment; take it back and record it anew.")

    def read(self, remote: RemoteRecord, context: MappingContext) -> Snapshot:
        """Read a payment into the same fields that ``project`` fills."""
        del context
        payload = remote.payload
        if remote.family is Family.OVERPAYMENT:
            return _overpaid(remote)
        kind = (as_text(payload.get("PaymentType")) or "ACCRECPAYMENT").upper()
        return Snapshot(
            fields={
                "invoice": as_text(as_object(payload.get("Invoice")).get("InvoiceID")),
                "amount": as_number_text(payload.get("Amount")) or "0",
                "date": as_day(payload, "Date"),
                "reference": as_text(payload.get("Reference")),
                "kind": PaymentKind.PAYMENT.value if kind == "ACCRECPAYMENT" else kind.lower(),
            },
            active=remote.active,
        )

    def url(self, remote_id: str, company: Company) -> str | None:
        """Return the address of the payment's page in Xero."""
        return payment_url(remote_id, company)


def _overpaid(remote: RemoteRecord) -> Snapshot:
    """Read money beyond any invoice: what it was set against since, and what is left of it; no more what was repaid."""
    payload = remote.payload
    applied = [
        (as_text(as_object(part.get("Invoice")).get("InvoiceID")), as_decimal(part.get("Amount")) or Decimal(0))
        for part in as_list(payload.get("Allocations"))
        if part.get("IsDeleted") is not True
    ]
    left = as_decimal(payload.get("RemainingCredit")) or Decimal(0)
    return Snapshot(
        fields={
            "customer": as_text(as_object(payload.get("Contact")).get("ContactID")),
            "applied": tuple(sorted((invoice or "", decimal_text(amount)) for invoice, amount in applied)),
            "amount": decimal_text(sum((amount for _, amount in applied), left)),
            "currency": as_text(payload.get("CurrencyCode")),
            "date": as_day(payload, "Date"),
            "reference": as_text(payload.get("Reference")),
            "kind": PaymentKind.PAYMENT.value,
        },
        active=remote.active,
    )


def _require(record: Record) -> Payment:
    if not isinstance(record, Payment):
        raise TypeError(f"not a payment: {type(record).__name__}")
    return record


def _invoice_ref(payment: Payment) -> Ref:
    if payment.invoice_id is None:
        several = len(payment.allocations) > 1
        reason = _SEVERAL if several else _MORE if payment.allocations else _NONE
        raise MappingError("invoice", reason)
    return Ref(kind=EntityKind.INVOICE, id=payment.invoice_id)


def account_of(account: str) -> dict[str, str]:
    """Return how an account is named: bank accounts may lack a code, and then the mapping holds their id."""
    return {"AccountID" if _ID.fullmatch(account) else "Code": account}


def _create(snapshot: Snapshot) -> Payload:
    account = str(snapshot.get("account"))
    if not snapshot.get("invoice"):
        raise MappingError("invoice", "The invoice of this payment is not in Xero yet.")
    reference = snapshot.get("reference")
    return {
        "Invoice": {"InvoiceID": snapshot.get("invoice")},
        "Account": account_of(account),
        "Date": snapshot.get("date"),
        "Amount": as_decimal(snapshot.get("amount")),
        **({"Reference": reference} if reference else {}),
    }
