"""Refunds as refund receipts.

QuickBooks facts (developer.intuit.com, RefundReceipt): a receipt gives sales back and pays them out at once, from the
account it names; it can't be tied to a memo, nor voided, only deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from service.core.editing import EditRule
from service.core.errors import MappingError
from service.core.fields import owners
from service.core.intent import Operation
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
from service.core.snapshot import FieldName, Snapshot
from service.mapping.quickbooks import editing, web
from service.mapping.quickbooks.body import chosen_or_stop, ref
from service.mapping.quickbooks.single_line import body_of, fields_of, losses_of, money_of, read_line
from service.mapping.settings import PAYMENTS_ACCOUNT, payment_account


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
        return (Ref(kind=EntityKind.CUSTOMER, id=money_of(record).customer_id),)

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

    def read(self, remote: RemoteRecord, context: MappingContext) -> Snapshot:
        """Read a receipt into the fields that are compared."""
        return Snapshot(fields=read_line(remote.payload, context), active=remote.active)

    def rule_of(self, remote: RemoteRecord) -> EditRule:
        """Return what may still be changed of an entity, by how it stands there."""
        return editing.rule_of(self.kind, remote)

    def url(self, remote_id: str, company: Company) -> str | None:
        """Return the address of the receipt's page."""
        return web.entity_url(self.kind, remote_id, company)
