"""Documents of payments, credits and refunds, with what they settle."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from service.api.outputs import DecimalText, SyncOut
from service.api.routes import sync_of
from service.core.kind import MONEY, kind_of_payment
from service.core.model import PaymentKind
from service.core.money import money_text
from service.core.ports import EntityKind
from service.records.credits import left_of
from service.store.credit_models import AllocationRow
from service.store.queries import allocations
from service.store.queries.states import SyncState, sync_states
from service.store.records import PaymentRow


class AllocationOut(BaseModel):
    """What a payment or a credit settles of one invoice."""

    id: str
    invoice_id: str
    amount: DecimalText
    date: date
    sync: list[SyncOut] = Field(
        description="Of a credit: how this part stands at the packages; else that of the payment."
    )


class PaymentOut(BaseModel):
    """A payment, refund, credit or adjustment."""

    id: str
    kind: PaymentKind
    invoice_id: str | None = Field(description="The invoice that it settles, if that is one.")
    customer_id: str
    amount: DecimalText
    currency: str
    date: date
    method: str | None
    reference: str | None
    origin: str
    removed: bool
    refund_of_id: str | None
    tax_level_id: str | None
    allocations: list[AllocationOut]
    unallocated: DecimalText = Field(description="What settles no invoice and was not paid out.")
    revision: int
    created_at: datetime
    updated_at: datetime
    sync: list[SyncOut]


_MADE = frozenset({"amount", "sync", "allocations", "unallocated", "invoice_id"})


def payment_documents(session: Session, organisation_id: str, rows: Sequence[PaymentRow]) -> list[PaymentOut]:
    """Return payments' documents, in the order given."""
    states: dict[str, list[SyncState]] = {}
    for kind in MONEY:
        ids = [row.id for row in rows if kind_of_payment(row.kind) is kind]
        states |= sync_states(session, organisation_id, kind, ids) if ids else {}
    parts = allocations.of_payments(session, [row.id for row in rows])
    part_ids = [part.id for found in parts.values() for part in found]
    of_parts = sync_states(session, organisation_id, EntityKind.ALLOCATION, part_ids) if part_ids else {}
    syncs = {record_id: sync_of(found) for record_id, found in {**states, **of_parts}.items()}
    return [_document(session, row, parts.get(row.id, []), syncs) for row in rows]


def _document(
    session: Session, row: PaymentRow, parts: Sequence[AllocationRow], syncs: dict[str, list[SyncOut]]
) -> PaymentOut:
    refund = row.kind == PaymentKind.REFUND
    fields = {name: getattr(row, name) for name in PaymentOut.model_fields.keys() - _MADE}
    whole = row.invoice_id is not None and not refund
    shown = [
        AllocationOut(
            id=part.id,
            invoice_id=part.invoice_id,
            amount=money_text(part.amount, row.currency),
            date=part.date,
            sync=syncs[part.id] if kind_of_payment(row.kind) is EntityKind.CREDIT else syncs[row.id],
        )
        for part in parts
    ]
    if whole and row.invoice_id is not None:
        amount = money_text(row.amount, row.currency)
        shown = [AllocationOut(id=row.id, invoice_id=row.invoice_id, amount=amount, date=row.date, sync=syncs[row.id])]
    invoices = {one.invoice_id for one in shown}
    invoice_id = row.invoice_id or (next(iter(invoices)) if len(invoices) == 1 else None)
    left = Decimal(0) if refund or row.removed or whole else left_of(session, row)
    return PaymentOut(
        **fields,
        invoice_id=invoice_id,
        amount=money_text(row.amount, row.currency),
        allocations=shown,
        unallocated=money_text(left, row.currency),
        sync=syncs[row.id],
    )
