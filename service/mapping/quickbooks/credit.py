"""Credits as credit memos: sales taken back, kept on the customer's account until they settle something.

QuickBooks facts (developer.intuit.com, CreditMemo): a memo can't be voided, only deleted.
"""

from __future__ import annotations

from dataclasses import dataclass

from service.core.intent import Operation
from service.core.ports import (
    EntityKind,
    MappingContext,
    Payload,
    Projection,
    Record,
    RemoteRecord,
)
from service.core.snapshot import FieldName, Snapshot
from service.mapping.quickbooks.single_line import SingleLine, body_of, fields_of, losses_of, money_of


@dataclass(frozen=True, slots=True)
class CreditMapper(SingleLine):
    """Translates a credit: a memo of one line over its whole amount. Our reference stands in its note."""

    kind: EntityKind = EntityKind.CREDIT

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
