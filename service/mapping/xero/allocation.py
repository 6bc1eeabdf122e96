"""What a credit settles, as an allocation of Xero's credit note.

Xero facts: developer.xero.com Credit Notes ("Allocations": set against an invoice one by one, taken back, never
changed).
"""

from __future__ import annotations

from dataclasses import dataclass

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
from service.core.snapshot import FieldName, Snapshot
from service.mapping.xero.base import XeroMapper
from service.mapping.xero.value import as_decimal, as_number_text, as_object, as_text


@dataclass(frozen=True, slots=True)
class AllocationMapper(XeroMapper):
    """Translates what a credit settles of an invoice; there it is known by its two ends."""

    kind: EntityKind = EntityKind.ALLOCATION
    identity: tuple[FieldName, ...] = ("credit", "invoice", "amount")

    def needs(self, record: Record, context: MappingContext) -> tuple[Ref, ...]:
        """Return the credit and the invoice."""
        del context
        return ends_of(_part(record))

    def project(self, record: Record, context: MappingContext) -> Projection:
        """Return the allocation as Xero can hold it."""
        part = _part(record)
        credit, invoice = (context.remote_ids.get(ref) for ref in ends_of(part))
        fields = {"credit": credit, "invoice": invoice, "amount": decimal_text(part.amount)}
        snapshot = Snapshot(fields={**fields, "date": part.date.isoformat()}, active=not part.removed)
        return Projection(snapshot=snapshot)

    def body(
        self,
        operation: Operation,
        snapshot: Snapshot,
        *,
        changed: frozenset[FieldName],
        theirs: RemoteRecord | None,
        context: MappingContext,
    ) -> Payload:
        """Build the allocation's body with the note that it belongs to.

        :raises MappingError: it is a change, which Xero does not know, or what to take back is not known.
        """
        del changed, context
        match operation:
            case Operation.CREATE:
                return {
                    "CreditNoteID": snapshot.get("credit"),
                    "Invoice": {"InvoiceID": snapshot.get("invoice")},
                    "Amount": as_decimal(snapshot.get("amount")),
                    "Date": snapshot.get("date"),
                }
            case Operation.VOID | Operation.ARCHIVE | Operation.DELETE:
                known = {} if theirs is None else theirs.payload
                if not known.get("AllocationID"):
                    raise MappingError("credit", "Xero has not told yet what is to be taken back; try again later.")
                return {name: known[name] for name in ("CreditNoteID", "AllocationID")}
            case _:
                raise MappingError("amount", "Xero lets nobody change what a credit note settles; take it back first.")

    def read(self, remote: RemoteRecord, context: MappingContext) -> Snapshot:
        """Read an allocation."""
        del context
        payload = remote.payload
        fields = {
            "credit": as_text(payload.get("CreditNoteID")),
            "invoice": as_text(as_object(payload.get("Invoice")).get("InvoiceID")),
            "amount": as_number_text(payload.get("Amount")) or "0",
        }
        return Snapshot(fields=fields, active=remote.active)

    def url(self, remote_id: str, company: Company) -> str | None:
        """Return None: an allocation has no page of its own."""
        del remote_id, company
        return None


def ends_of(part: Allocation) -> tuple[Ref, Ref]:
    """Return the credit and the invoice of an allocation."""
    return Ref(kind=EntityKind.CREDIT, id=part.payment_id), Ref(kind=EntityKind.INVOICE, id=part.invoice_id)


def _part(record: Record) -> Allocation:
    if not isinstance(record, Allocation):
        raise TypeError(f"a {type(record).__name__} settles nothing")
    return record
