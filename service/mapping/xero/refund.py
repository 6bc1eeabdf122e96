"""Refunds of credits as payments of Xero's credit note.

Xero facts: developer.xero.com Payments (a credit note is paid out by a payment on it).
"""

from __future__ import annotations

from dataclasses import dataclass

from service.core.errors import MappingError
from service.core.intent import Operation
from service.core.money import decimal_text
from service.core.ports import (
    Company,
    EntityKind,
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
from service.mapping.xero.credit import REFERENCE_LIMIT, money_of
from service.mapping.xero.link import payment_url
from service.mapping.xero.payment import account_of
from service.mapping.xero.value import Losses, as_day, as_decimal, as_number_text, as_object, as_text


@dataclass(frozen=True, slots=True)
class RefundMapper(XeroMapper):
    """Translates a refund of a credit: a payment on its note."""

    kind: EntityKind = EntityKind.REFUND
    identity: tuple[FieldName, ...] = ("credit", "amount", "date", "reference")

    def needs(self, record: Record, context: MappingContext) -> tuple[Ref, ...]:
        """Return the credit that is paid out; a refund of none is refused by ``project``."""
        del context
        credit = money_of(record).refund_of_id
        return () if credit is None else (Ref(kind=EntityKind.CREDIT, id=credit),)

    def project(self, record: Record, context: MappingContext) -> Projection:
        """Return the refund as Xero can hold it.

        :raises MappingError: it pays out no credit, or no account is chosen for payments.
        """
        refund, losses = money_of(record), Losses()
        if refund.refund_of_id is None:
            reason = "Xero pays out credits only: record a credit first, and refund that."
            raise MappingError("credit", reason)
        account = payment_account(context.settings, method=refund.method, currency=refund.currency)
        if account is None:
            raise MappingError("account", "No Xero account is chosen for payments.", missing=PAYMENTS_ACCOUNT)
        if refund.method:
            losses.add("method", "Xero keeps no payment method.")
        snapshot = Snapshot(
            fields={
                "credit": context.remote_ids.get(Ref(kind=EntityKind.CREDIT, id=refund.refund_of_id)),
                "amount": decimal_text(refund.amount),
                "date": refund.date.isoformat(),
                "reference": losses.fit(refund.reference, REFERENCE_LIMIT, "reference"),
                "account": account,  # of a new one only: what is read does not name it again
            },
            active=not refund.removed,
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
        """Build the payment's body.

        :raises MappingError: it is a change, which Xero refuses.
        """
        del changed, theirs, context
        match operation:
            case Operation.CREATE:
                reference = snapshot.get("reference")
                return {
                    "CreditNote": {"CreditNoteID": snapshot.get("credit")},
                    "Account": account_of(str(snapshot.get("account"))),
                    "Date": snapshot.get("date"),
                    "Amount": as_decimal(snapshot.get("amount")),
                    **({"Reference": reference} if reference else {}),
                }
            case Operation.VOID | Operation.ARCHIVE | Operation.DELETE:
                return {"Status": "DELETED"}
            case _:
                raise MappingError("amount", "Xero lets nobody change a refund; take it back and record it anew.")

    def read(self, remote: RemoteRecord, context: MappingContext) -> Snapshot:
        """Read a payment of a note."""
        del context
        payload = remote.payload
        fields = {
            "credit": as_text(as_object(payload.get("CreditNote")).get("CreditNoteID")),
            "amount": as_number_text(payload.get("Amount")) or "0",
            "date": as_day(payload, "Date"),
            "reference": as_text(payload.get("Reference")),
        }
        return Snapshot(fields=fields, active=remote.active)

    def url(self, remote_id: str, company: Company) -> str | None:
        """Return the address of the payment's page in Xero."""
        return payment_url(remote_id, company)
