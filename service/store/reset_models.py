"""Resets: what was asked for, what it began with, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from service.store.base import Base, Owned, utc_now
from service.store.types import Id, Json


class ResetRow(Owned, Base):
    """One reset of a record, or of a client with its jobs; or the undoing of one."""

    __tablename__ = "reset"
    __table_args__ = (
        Index(None, "organisation_id", "requested_at"),
        Index("ix_reset_open", "connection_id", sqlite_where=text("finished_at is null"),
              postgresql_where=text("finished_at is null")),
        CheckConstraint("kind in ('reset', 'undo')", name="kind_known"),
        CheckConstraint("state in ('asked', 'releasing', 'swapped', 'done', 'refused')", name="state_known"),
    )  # fmt: skip

    connection_id: Mapped[str] = mapped_column(Id, ForeignKey("connection.id", ondelete="CASCADE"))
    kind: Mapped[str]
    old_counterpart: Mapped[str]  #: core.reset.OldCounterpart
    if_bare: Mapped[bool] = mapped_column(default=False)  #: archive only what no document at all is tied to
    with_jobs: Mapped[bool] = mapped_column(default=False)
    #: asked -> releasing: former ones make room -> swapped: the new generation is in force -> done; or refused
    state: Mapped[str] = mapped_column(default="asked")
    undoes_id: Mapped[str | None] = mapped_column(Id)  #: the reset that is undone
    problem: Mapped[str | None] = mapped_column(Text)  #: why it was refused, as a sentence
    documents: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)  #: tied to former ones, at the swap
    requested_by: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(default=utc_now)
    why: Mapped[str | None] = mapped_column(Text)  #: what the person gave as the reason
    run_id: Mapped[str | None] = mapped_column(Id)  #: the run that carries it out
    swapped_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class ResetItemRow(Owned, Base):
    """One link that a reset ends, and the one that it begins."""

    __tablename__ = "reset_item"
    __table_args__ = (
        Index("uq_reset_item_open", "link_id", unique=True, sqlite_where=text("closed_at is null"),
              postgresql_where=text("closed_at is null")),
        Index(None, "reset_id", "position"),
        Index(None, "new_link_id"),
    )  # fmt: skip

    reset_id: Mapped[str] = mapped_column(Id, ForeignKey("reset.id", ondelete="CASCADE"))
    position: Mapped[int]  #: parents before their jobs
    link_id: Mapped[str] = mapped_column(Id, ForeignKey("link.id", ondelete="CASCADE"))
    new_link_id: Mapped[str | None] = mapped_column(Id)
    entity: Mapped[str]
    record_id: Mapped[str] = mapped_column(Id)
    label: Mapped[str] = mapped_column(Text)  #: what the record was called then
    depth: Mapped[int] = mapped_column(default=1)
    standing: Mapped[str | None]  #: core.reset.Standing of the former counterpart when the reset began
    remote_id: Mapped[str | None]  #: the former counterpart
    remote_name: Mapped[str | None]  #: what it was called
    released_name: Mapped[str | None]  #: what it is to be called, if it has to make room
    back_to_link_id: Mapped[str | None] = mapped_column(Id)  #: of an undo: the life of the link that is tied again
    outcome: Mapped[str | None] = mapped_column(Text)  #: what became of the former counterpart, as a sentence
    closed_at: Mapped[datetime | None]  #: when the new generation came into force, or the reset was refused
    settled_at: Mapped[datetime | None]  #: when nothing was left to be done with the former counterpart
