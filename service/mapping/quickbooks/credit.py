"""Credits as credit memos: sales taken back, kept on the customer's account until they settle something.

QuickBooks facts (developer.intuit.com, CreditMemo): a memo can't be voided, only deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from service.core.editing import EditRule
from service.core.fields import owners
from service.core.intent import Operation
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
from service.core.reconcile import Flow
from service.core.snapshot import FieldName, Snapshot
from service.mapping.quickbooks import editing, web
from service.mapping.quickbooks.single_line import body_of, fields_of, losses_of, money_of, read_line


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
        return (Ref(kind=EntityKind.CUSTOMER, id=money_of(record).customer_id),)

    def project(self, record: Record, context: MappingContext) -> Projection:
        """Return the credit as QuickBooks can hold it.

        :raises MappingError: no item is chosen, no tax code for its level, or a currency that its customer has not.
        """
        credit = money_of(record)
        snapshot = Snapshot(fields=fields_of(credit, context), active=not credit.removed)
        return Projection(snapshot=snapshot, losses=losses_of(credit, context))

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
        return body_of(operation, snapshot, changed, context)

    def read(self, remote: RemoteRecord, context: MappingContext) -> Snapshot:
        """Read a memo into the fields that are compared."""
        return Snapshot(fields=read_line(remote.payload, context), active=remote.active)

    def rule_of(self, remote: RemoteRecord) -> EditRule:
        """Return what may still be changed of an entity, by how it stands there."""
        return editing.rule_of(self.kind, remote)

    def url(self, remote_id: str, company: Company) -> str | None:
        """Return the address of the memo's page."""
        return web.entity_url(self.kind, remote_id, company)
