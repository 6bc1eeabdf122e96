"""What a credit settles, as a payment of nothing that joins memo and invoice.

QuickBooks facts (developer.intuit.com, Payment): a memo is applied by a payment of nothing whose lines name the invoice
and the memo.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from service.core.editing import EditRule
from service.core.errors import MappingError
from service.core.intent import Operation
from service.core.model import Allocation
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
from service.core.snapshot import FieldName, Snapshot, Value
from service.mapping.quickbooks import editing, web
from service.mapping.quickbooks.base import QuickBooksMapper
from service.mapping.quickbooks.body import amount_text, number, parts, ref, text

_DAY = len("2026-11-22")


@dataclass(frozen=True, slots=True)
class AllocationMapper(QuickBooksMapper):
    """Translates what a credit settles of an invoice."""

    kind: EntityKind = EntityKind.ALLOCATION
    identity: tuple[FieldName, ...] = ("credit", "invoice", "amount")

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
        joins = not number(remote.payload, "TotalAmt")  # else it is money, whatever it uses up besides
        ends = dict(applied_ends(remote.payload)) if joins else {}
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


def applied_ends(payload: Payload) -> list[tuple[str, tuple[str, str]]]:
    """Return what a payment joins: the kind of each document with its id and the amount."""
    return [
        (text(linked, "TxnType") or "", (text(linked, "TxnId") or "", amount_text(number(line, "Amount"))))
        for line in parts(payload, "Line")
        for linked in parts(line, "LinkedTxn")
    ]


def _part(record: Record) -> Allocation:
    if not isinstance(record, Allocation):
        raise TypeError(f"a {type(record).__name__} settles nothing")
    return record
