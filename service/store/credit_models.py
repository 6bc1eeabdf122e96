"""Parts of credits, and of money on account, that settle invoices."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from service.store.base import Base, Owned, Revised
from service.store.types import Exact, Id


class AllocationRow(Owned, Revised, Base):
    """What a payment without an invoice of its own settles of one invoice; one that was taken back stays."""

    __tablename__ = "allocation"
    __table_args__ = (
        Index(None, "payment_id"),
        Index(None, "invoice_id"),
        CheckConstraint("amount > 0", name="amount_positive"),
    )

    payment_id: Mapped[str] = mapped_column(Id, ForeignKey("payment.id"))
    invoice_id: Mapped[str] = mapped_column(Id, ForeignKey("invoice.id"))
    amount: Mapped[Decimal] = mapped_column(Exact)
    date: Mapped[dt.date]
    origin_connection_id: Mapped[str | None] = mapped_column(Id)  #: where it was recorded
    removed: Mapped[bool] = mapped_column(default=False)
