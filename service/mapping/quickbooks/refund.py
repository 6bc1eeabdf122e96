"""Refunds as refund receipts.

QuickBooks facts (developer.intuit.com, RefundReceipt): a receipt gives sales back and pays them out at once, from the
account it names; it can't be tied to a memo, nor voided, only deleted.
"""

from __future__ import annotations

from dataclasses import dataclass

from service.core.errors import MappingError
from service.core.intent import Operation
from service.core.ports import (
    EntityKind,
    Loss,
    MappingContext,
    Payload,
    Projection,
    Record,
    RemoteRecord,
)
from service.core.snapshot import FieldName, Snapshot
from service.mapping.quickbooks.body import chosen_or_stop, ref
from service.mapping.quickbooks.single_line import SingleLine, body_of, fields_of, losses_of, money_of
from service.mapping.settings import PAYMENTS_ACCOUNT, payment_account


@dataclass(frozen=True, slots=True)
class RefundMapper(SingleLine):
    """Translates a refund: a receipt of one line that pays its whole amount out."""

    kind: EntityKind = EntityKind.REFUND

    def project(self, record: Record, context: MappingContext) -> Projection:
        """Return the refund as QuickBooks can hold it.

        :raises MappingError: it pays out a credit, no account or item is chosen, no tax code for its level.
        """
        refund = money_of(record)
        if refund.refund_of_id is not None:
            reason = (
                "QuickBooks keeps a refund by itself and ties it to no credit memo: pay the credit out there, or "
                "record a refund of the customer instead of the credit."
            )
            raise MappingError("credit", reason)
        account = payment_account(context.settings, method=refund.method, currency=refund.currency)
        reason = "No account of QuickBooks is chosen that refunds are paid from."
        fields = fields_of(refund, context)
        fields["account"] = chosen_or_stop(account, field="account", reason=reason, entry=PAYMENTS_ACCOUNT)
        losses = [*losses_of(refund, context)]
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
        return {**body_of(operation, snapshot, changed, context), **account}
