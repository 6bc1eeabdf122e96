"""What webhooks told, before anybody looks at it, and how much the sweeps found that none had told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from service.store.base import Base, Owned, utc_now
from service.store.types import Id


class NoticeRow(Owned, Base):
    """One event that a package told of, for one of the connections to its company."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("connection_id", "key"),
        Index("ix_notice_waiting", "connection_id", sqlite_where=text("taken_at is null"),
              postgresql_where=text("taken_at is null")),
        Index(None, "connection_id", "family", "remote_id"),
    )  # fmt: skip

    connection_id: Mapped[str] = mapped_column(Id, ForeignKey("connection.id", ondelete="CASCADE"))
    key: Mapped[str]  #: the same for the same event, however often it is delivered
    family: Mapped[str | None]
    remote_id: Mapped[str]
    happening: Mapped[str]
    merged_id: Mapped[str | None]
    at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(default=utc_now)
    taken_at: Mapped[datetime | None]  #: a run has read the feed since, or it was news of our own write


class FindRow(Owned, Base):
    """Something that a sweep of the feed found changed there: told by a webhook, or not."""

    __tablename__ = "find"
    __table_args__ = (
        Index(None, "connection_id", "found_at"),
        Index(None, "connection_id", "family", "remote_id"),
    )

    connection_id: Mapped[str] = mapped_column(Id, ForeignKey("connection.id", ondelete="CASCADE"))
    family: Mapped[str]
    remote_id: Mapped[str]
    changed_at: Mapped[datetime]  #: by the package's clock
    found_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
