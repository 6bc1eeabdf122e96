"""Proposals of the first match, as they were last worked out, and what they were worked out from."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.store.base import Base, Owned, utc_now
from service.store.types import Id, Json


class ProposalRow(Owned, Base):
    """A record here that may be the same as one there. What was decided stands in ``match_decision`` too."""

    __tablename__ = "match_proposal"
    __table_args__ = (
        UniqueConstraint("connection_id", "customer_id", "remote_id"),
        Index("ix_match_proposal_page", "connection_id", "decision", "rank"),
        Index(None, "connection_id", "remote_id"),
    )

    connection_id: Mapped[str] = mapped_column(Id, ForeignKey("connection.id", ondelete="CASCADE"))
    customer_id: Mapped[str] = mapped_column(Id, ForeignKey("customer.id", ondelete="CASCADE"))
    remote_id: Mapped[str]
    rank: Mapped[int]  #: 0 for the surest
    confidence: Mapped[int]  #: per cent
    evidence: Mapped[list[str]] = mapped_column(Json, default=list)
    ambiguous: Mapped[bool] = mapped_column(default=False)
    decision: Mapped[str] = mapped_column(default="")  #: link, separate, or empty while nobody has decided


class MatchingRow(Owned, Base):
    """When the proposals of a connection were worked out, and of what."""

    __tablename__ = "matching"
    __table_args__ = (UniqueConstraint("connection_id"),)

    connection_id: Mapped[str] = mapped_column(Id, ForeignKey("connection.id", ondelete="CASCADE"))
    marker: Mapped[str]  #: tells whether either side has changed since
    worked_out_at: Mapped[datetime] = mapped_column(default=utc_now)
