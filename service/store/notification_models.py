"""Notifications: who is told, and what was told to whom."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from service.store.base import Base, Owned, utc_now
from service.store.types import Id


class NotificationRuleRow(Owned, Base):
    """Somebody to tell: an address of mail, or a web address that takes a signed POST."""

    __tablename__ = "notification_rule"
    __table_args__ = (
        CheckConstraint("channel in ('email', 'webhook')", name="channel_known"),
        CheckConstraint("moment in ('at_once', 'daily')", name="moment_known"),
        CheckConstraint("hour between 0 and 23", name="hour_of_day"),
    )

    channel: Mapped[str]
    target: Mapped[str] = mapped_column(Text)
    moment: Mapped[str]
    hour: Mapped[int] = mapped_column(default=8)  #: of the day in the organisation's time zone, for daily ones
    ciphertext: Mapped[str | None] = mapped_column(Text)  #: what signs a webhook, sealed
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    created_by: Mapped[str]
    removed_at: Mapped[datetime | None]
    last_told_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)  #: failures since something was told
    next_try_at: Mapped[datetime | None]
    trouble: Mapped[str | None] = mapped_column(Text)  #: why it did not work last; None once it does


class NotificationRow(Owned, Base):
    """One thing by one rule: there is only one, so that nothing is told twice."""

    __tablename__ = "notification"
    __table_args__ = (
        UniqueConstraint("rule_id", "subject"),
        Index(
            "ix_notification_open",
            "rule_id",
            sqlite_where=text("state in ('waiting', 'in_flight')"),
            postgresql_where=text("state in ('waiting', 'in_flight')"),
        ),
    )

    rule_id: Mapped[str] = mapped_column(Id, ForeignKey("notification_rule.id", ondelete="CASCADE"))
    subject: Mapped[str]
    noted_at: Mapped[datetime] = mapped_column(default=utc_now)
    state: Mapped[str]
    sent_at: Mapped[datetime | None]
