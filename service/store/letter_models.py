"""Letters: invoices on their way to the people who receive them, and the wording they go with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from service.store.base import Base, Owned, utc_now
from service.store.types import Id, Json

_OPEN = text("state in ('waiting', 'in_flight', 'unknown')")


class WordingRow(Owned, Base):
    """What an organisation's letters say; without a row it is ``core.wording``'s own."""

    __tablename__ = "wording"
    __table_args__ = (UniqueConstraint("organisation_id"),)

    sender_name: Mapped[str] = mapped_column(default="")
    reply_to: Mapped[str | None]
    subject: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    prefers_package: Mapped[bool] = mapped_column(default=True)
    needs_document: Mapped[bool] = mapped_column(default=False)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_by: Mapped[str]


class MailingRow(Owned, Base):
    """Letters that were asked for together."""

    __tablename__ = "mailing"
    __table_args__ = (Index(None, "organisation_id", "requested_at"), UniqueConstraint("organisation_id", "token"))

    requested_by: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(default=utc_now)
    #: made with the form that asks: the same form sent twice is the same mailing
    token: Mapped[str | None]


class LetterRow(Owned, Base):
    """One invoice on its way, with the proof of who it was meant for and who got it. At most one is open."""

    __tablename__ = "letter"
    __table_args__ = (
        Index("uq_letter_open", "invoice_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_letter_open", "state", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index(None, "invoice_id"),
        Index(None, "mailing_id"),
        Index(None, "organisation_id", "asked_at"),
        CheckConstraint("state in ('waiting', 'in_flight', 'unknown', 'sent', 'not_sent')", name="state_known"),
        CheckConstraint("way in ('package', 'own')", name="way_known"),
    )

    mailing_id: Mapped[str] = mapped_column(Id, ForeignKey("mailing.id", ondelete="CASCADE"))
    invoice_id: Mapped[str] = mapped_column(Id, ForeignKey("invoice.id", ondelete="CASCADE"))
    number: Mapped[str]  #: the invoice's, as it was then
    state: Mapped[str] = mapped_column(default="waiting")
    # what was resolved, at the moment it was asked for
    to: Mapped[list[str]] = mapped_column(Json)
    cc: Mapped[list[str]] = mapped_column(Json)
    why: Mapped[str] = mapped_column(Text)  #: the rule that decided about the people
    asked_at: Mapped[datetime] = mapped_column(default=utc_now)
    asked_by: Mapped[str]
    # how it goes
    way: Mapped[str]
    way_why: Mapped[str] = mapped_column(Text)
    connection_id: Mapped[str | None] = mapped_column(Id, ForeignKey("connection.id", ondelete="SET NULL"))
    #: whom the package would have mailed it to, as it was read right before: core.letter.Reach
    reach: Mapped[dict[str, Any] | None] = mapped_column(Json)
    #: what the package had stored of the people and amounts by then: core.readback.Line
    readback: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    # what left
    message_id: Mapped[str | None]  #: of our own mail
    sender: Mapped[str | None]
    subject: Mapped[str | None] = mapped_column(Text)
    attachment: Mapped[str | None]  #: name of the PDF
    link: Mapped[str | None] = mapped_column(Text)  #: where the customer sees it online
    # what came of it
    refused: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)  #: {"address", "code", "text"}
    answer: Mapped[str | None] = mapped_column(Text)  #: of the mail server or the package
    request_id: Mapped[str | None]
    told: Mapped[str | None] = mapped_column(Text)  #: a sentence: why it was not sent, or what is not known
    mark: Mapped[str | None]  #: core.letter.MailRules.mark before the package was asked
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]  #: not before; set after a passing failure
    holder: Mapped[str | None]  #: the worker that carries it: see store.leases
    held_until: Mapped[datetime | None]
    begun_at: Mapped[datetime | None]  #: when it was in flight
    ended_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]  #: who said what became of an unknown one
