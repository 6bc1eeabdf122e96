"""Drift: fields of ours that were changed at a package, each with what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from service.store.base import Base, Owned, utc_now
from service.store.types import Id, Json

_OPEN = text("status = 'open'")


class DriftRow(Owned, Base):
    """One drifted field of one link. At most one of a field is open; the closed ones are its history."""

    __tablename__ = "drift"
    __table_args__ = (
        Index("uq_drift_open", "link_id", "field", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index(None, "organisation_id", "status"),
        Index(None, "connection_id", "status"),
        Index(None, "link_id"),
        Index(None, "record_id"),
        CheckConstraint("status in ('open', 'put_back', 'accepted', 'lapsed')", name="status_known"),
    )

    connection_id: Mapped[str] = mapped_column(Id, ForeignKey("connection.id", ondelete="CASCADE"))
    link_id: Mapped[str] = mapped_column(Id, ForeignKey("link.id", ondelete="CASCADE"))
    entity: Mapped[str]
    record_id: Mapped[str] = mapped_column(Id)
    label: Mapped[str] = mapped_column(Text)  #: what the record was called then
    field: Mapped[str]
    agreed: Mapped[Any | None] = mapped_column(Json)
    ours: Mapped[Any | None] = mapped_column(Json)
    theirs: Mapped[Any | None] = mapped_column(Json)
    changed_at: Mapped[datetime | None]  #: when the record was last changed there, as the package told with the value
    changed_by: Mapped[str | None]  #: who did it, where a package tells
    found_at: Mapped[datetime] = mapped_column(default=utc_now)
    seen_at: Mapped[datetime] = mapped_column(default=utc_now)  #: the last comparison that found it so
    found_run_id: Mapped[str | None] = mapped_column(Id)
    status: Mapped[str] = mapped_column(default="open")
    decision: Mapped[str | None]  #: a person's: put_back or accept; None: the connection's rule decides
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    kept: Mapped[bool] = mapped_column(
        default=False
    )  #: accepted, but ours could not take it over: both sides keep theirs
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]  #: "sync", or who decided
    closed_run_id: Mapped[str | None] = mapped_column(Id)
    call_id: Mapped[str | None] = mapped_column(Id)  #: the call that put it back
