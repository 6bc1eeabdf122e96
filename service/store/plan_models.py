"""Saved plans: what a sync would do, to be read, shared and applied exactly as it stands."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.store.base import Base, Identified, Owned, utc_now
from service.store.types import Id, Json


class PlanRow(Owned, Base):
    """One plan; its actions are rows of their own, because a first sync has thousands."""

    __tablename__ = "plan"
    __table_args__ = (Index(None, "organisation_id", "created_at"), Index(None, "connection_id", "created_at"))

    connection_id: Mapped[str] = mapped_column(Id, ForeignKey("connection.id", ondelete="CASCADE"))
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    needs: Mapped[dict[str, Any] | None] = mapped_column(Json)  #: core.forecast.Needs: its calls, in order
    calls: Mapped[int]
    unchanged: Mapped[int]
    actions: Mapped[int]  #: how many there are
    brake: Mapped[str | None] = mapped_column(Text)  #: why a sync that does this would stop, as a sentence
    applied_by: Mapped[str | None]
    applied_at: Mapped[datetime | None]
    run_id: Mapped[str | None] = mapped_column(Id)  #: the run that applied it, or tried to


class PlanActionRow(Identified, Base):
    """One action of a plan, with what it was decided from."""

    __tablename__ = "plan_action"
    __table_args__ = (UniqueConstraint("plan_id", "position"),)

    plan_id: Mapped[str] = mapped_column(Id, ForeignKey("plan.id", ondelete="CASCADE"))
    position: Mapped[int]
    entity: Mapped[str]
    record_id: Mapped[str] = mapped_column(Id)
    label: Mapped[str] = mapped_column(Text)
    action: Mapped[str]
    stamp: Mapped[str]  #: SHA-256 of both sides as they were; another one means that a side has moved
    document: Mapped[dict[str, Any]] = mapped_column(Json)  #: as the API shows it
