"""Invoices in the ledger: number, customer, days, total; no lines."""

from __future__ import annotations

from collections.abc import Mapping

from service.core.editing import EditRule, Standing
from service.core.errors import MappingError
from service.core.fields import owners
from service.core.intent import Operation
from service.core.model import Invoice, InvoiceStatus
from service.core.money import decimal_text
from service.core.ports import Company, EntityKind, Loss, MappingContext, Payload, Projection, Record, Ref, RemoteRecord
from service.core.reconcile import Flow
from service.core.snapshot import FieldName, Snapshot

#: Our fields, by the columns that hold them.
_COLUMNS: Mapping[FieldName, str] = {
    "number": "name",
    "customer": "customer",
    "issue_date": "issue_date",
    "due_date": "due_date",
    "total": "total",
    "status": "status",
}


class InvoiceMapper:
    """Translates invoices."""

    kind: EntityKind = EntityKind.INVOICE
    identity: tuple[FieldName, ...] = ("number",)

    @property
    def flows(self) -> Mapping[FieldName, Flow]:
        """Say that all of it is ours: a file reckons nothing."""
        return dict.fromkeys(_COLUMNS, Flow.OURS) | {"status": owners(self.kind)["status"]}

    def needs(self, record: Record, context: MappingContext) -> tuple[Ref, ...]:
        """Return the customer."""
        del context
        assert isinstance(record, Invoice)
        return (Ref(kind=EntityKind.CUSTOMER, id=record.customer_id),)

    def project(self, record: Record, context: MappingContext) -> Projection:
        """Return the invoice as a row."""
        assert isinstance(record, Invoice)
        customer = context.remote_ids.get(Ref(kind=EntityKind.CUSTOMER, id=record.customer_id))
        if customer is None:
            raise MappingError("customer", "The customer is not in the ledger yet.")
        voided = record.status is InvoiceStatus.VOIDED
        fields = {
            "number": record.number,
            "customer": customer,
            "issue_date": record.issue_date.isoformat(),
            "due_date": record.due_date.isoformat(),
            "total": decimal_text(record.total),
            "status": "voided" if voided else "approved",
        }
        loss = Loss(field="lines", reason="The ledger keeps the total alone.")
        return Projection(snapshot=Snapshot(fields=fields), losses=(loss,))

    def body(
        self,
        operation: Operation,
        snapshot: Snapshot,
        *,
        changed: frozenset[FieldName],
        theirs: RemoteRecord | None,
        context: MappingContext,
    ) -> Payload:
        """Return the columns to write."""
        del theirs, context
        names = set(snapshot.fields) if operation is Operation.CREATE else changed & snapshot.fields.keys()
        return {_COLUMNS[name]: str(snapshot.get(name) or "") for name in sorted(names)}

    def read(self, remote: RemoteRecord, context: MappingContext) -> Snapshot:
        """Read a row."""
        del context
        return Snapshot(fields={name: remote.payload[column] or None for name, column in _COLUMNS.items()})

    def rule_of(self, remote: RemoteRecord) -> EditRule:
        """Let everything be changed but what was voided."""
        voided = remote.payload["status"] == "voided"
        standing = Standing.VOIDED if voided else Standing.OPEN
        return EditRule(standing=standing, withdraws=not voided, fields=frozenset() if voided else None)

    def url(self, remote_id: str, company: Company) -> str | None:
        """Return None: a row has no page."""
        del remote_id, company
        return None
