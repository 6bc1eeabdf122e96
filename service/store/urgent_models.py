"""What people asked to have sent at once, ahead of everything else."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from service.store.base import Base, Owned, utc_now
from service.store.types import Id


class UrgentRow(Owned, Base):
    """One record that a person wants to have at one package now; those it needs there first have rows before it."""

    __tablename__ = "urgent_request"
    __table_args__ = (
        Index("ix_urgent_open", "connection_id", sqlite_where=text("served_at is null"),
              postgresql_where=text("served_at is null")),
    )  # fmt: skip

    connection_id: Mapped[str] = mapped_column(Id, ForeignKey("connection.id", ondelete="CASCADE"))
    entity: Mapped[str]
    record_id: Mapped[str] = mapped_column(Id)
    asked_by: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(default=utc_now)
    served_at: Mapped[datetime | None]  #: when it had been sent, or had turned out to need a person
    run_id: Mapped[str | None] = mapped_column(Id)  #: the run that did it
