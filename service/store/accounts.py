"""Organisations, the people who sign in, the tokens that scripts use, and remembered answers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.store.base import Base, Identified, Owned, utc_now
from service.store.types import Id, Json


class Role(StrEnum):
    """What a person or a token may do; each role may do all that the ones before it may."""

    VIEWER = "viewer"  #: reads
    ACCOUNTANT = "accountant"  #: edits records, syncs, answers problems
    SUPPORT = "support"  #: resets links, releases the brake
    ADMIN = "admin"  #: connects packages, manages people and tokens

    @property
    def rank(self) -> int:
        """Order of power, from 0."""
        return list(Role).index(self)

    def may(self, needed: Role) -> bool:
        """Tell whether this role suffices where ``needed`` is asked for."""
        return self.rank >= needed.rank


class Organisation(Identified, Base):
    """A company whose books are kept; sees only itself."""

    __tablename__ = "organisation"

    name: Mapped[str]
    currency: Mapped[str] = mapped_column(default="USD")
    country: Mapped[str | None]
    timezone: Mapped[str] = mapped_column(default="UTC")
    locale: Mapped[str] = mapped_column(default="en_US")
    tax_level_id: Mapped[str | None] = mapped_column(Id)  #: applies where nothing nearer names a level; checked in code
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class User(Owned, Base):
    """A person who signs in."""

    __tablename__ = "user"
    __table_args__ = (UniqueConstraint("email_key"),)

    email: Mapped[str]
    email_key: Mapped[str]  #: the address case-folded; one account per address over the whole service
    password_hash: Mapped[str] = mapped_column(Text)
    role: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    session_epoch: Mapped[int] = mapped_column(default=0)  #: raised to end every session at once
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_sign_in_at: Mapped[datetime | None]


class ApiToken(Owned, Base):
    """A token of the API. Only its SHA-256 is kept: the token itself is random enough to need no slow hash."""

    __tablename__ = "api_token"
    __table_args__ = (UniqueConstraint("token_hash"),)

    name: Mapped[str]
    role: Mapped[str]
    token_hash: Mapped[str]
    prefix: Mapped[str]  #: first characters, so that a person can tell tokens apart
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class RememberedAnswer(Owned, Base):
    """The first answer to an API request that came with an ``Idempotency-Key``."""

    __tablename__ = "remembered_answer"
    __table_args__ = (UniqueConstraint("organisation_id", "key"),)

    key: Mapped[str]
    request_hash: Mapped[str]  #: method, path and body; another request under the same key is refused
    status: Mapped[int | None]  #: None while the first request is still being answered
    body: Mapped[Any | None] = mapped_column(Json)
    headers: Mapped[Any | None] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Counter(Base):
    """The last number given out for a series ("customer", "invoice") of an organisation."""

    __tablename__ = "counter"

    organisation_id: Mapped[str] = mapped_column(
        Id, ForeignKey("organisation.id", ondelete="CASCADE"), primary_key=True
    )
    series: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(default=0)


class Event(Owned, Base):
    """One line of the audit trail: who or what, when, before, after, why. Never changed, never removed."""

    __tablename__ = "event"
    __table_args__ = (
        Index(None, "organisation_id", "at"),
        Index(None, "record_id", "at"),
        Index(None, "link_id", "at"),
        Index(None, "connection_id", "at"),
        Index(None, "run_id"),
        CheckConstraint("length(verb) > 0", name="verb_given"),
    )

    at: Mapped[datetime] = mapped_column(default=utc_now)
    actor: Mapped[str]  #: "user:<id>", "token:<id>", "package", "sync", "schedule"
    verb: Mapped[str]  #: "created", "edited", "pushed", "pulled", "linked", "problem opened" …
    record_kind: Mapped[str | None]
    record_id: Mapped[str | None] = mapped_column(Id)
    label: Mapped[str | None]  #: what the record was called then
    link_id: Mapped[str | None] = mapped_column(Id)
    connection_id: Mapped[str | None] = mapped_column(Id)
    run_id: Mapped[str | None] = mapped_column(Id)
    call_id: Mapped[str | None] = mapped_column(Id)
    before: Mapped[Any | None] = mapped_column(Json)
    after: Mapped[Any | None] = mapped_column(Json)
    why: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str | None]
