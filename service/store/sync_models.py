"""Connections and everything the sync remembers: links, counterparts, intents, calls, problems, runs."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from service.store.base import Base, Owned, Revised, utc_now
from service.store.types import Exact, Id, Json

_IN_FORCE = text("retired_at is null")
_ASKED = text("retired_at is null and open_problem_id is not null")
#: In force and not green, as :func:`service.store.queries.dots.unsettled` says it: few among very many.
_UNSETTLED = (
    "retired_at IS NULL AND (open_problem_id IS NOT NULL OR intent_open IS {} OR remote_id IS NULL OR baseline IS NULL"
    " OR wanted > confirmed OR heard > settled)"
)


class CredentialRow(Owned, Base):
    """Tokens of one consent, encrypted. At some packages it serves several companies, hence a row of its own."""

    __tablename__ = "credential"

    provider: Mapped[str]
    ciphertext: Mapped[str] = mapped_column(Text)  #: see store.vault; bound to this row's id
    access_expires_at: Mapped[datetime]
    refresh_expires_at: Mapped[datetime | None]
    scope: Mapped[str] = mapped_column(Text, default="")
    rotations: Mapped[int] = mapped_column(default=0)
    refreshed_at: Mapped[datetime] = mapped_column(default=utc_now)
    lease_token: Mapped[str | None]  #: who refreshes right now
    lease_until: Mapped[datetime | None]
    dead_at: Mapped[datetime | None]  #: the package refuses it; a person must reconnect
    #: the companies that the consent reaches: {"tenant_id", "name", "connection_ref"}
    tenants: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list, server_default="[]")


class ConnectionRow(Owned, Revised, Base):
    """One company at one package, as far as this organisation is connected to it."""

    __tablename__ = "connection"
    __table_args__ = (
        Index(None, "organisation_id"),
        Index(None, "state", "due_at"),
        Index(None, "provider", "remote_tenant_id"),
        CheckConstraint(
            "state in ('pending', 'matching', 'live', 'paused', 'needs_reauth', 'disconnected')", name="state_known"
        ),
    )

    provider: Mapped[str]
    state: Mapped[str] = mapped_column(default="pending")
    state_before: Mapped[str | None]  #: where a pause, a loss of authorisation or a disconnection came from
    organisation_name: Mapped[str | None]
    remote_tenant_id: Mapped[str | None]
    connection_ref: Mapped[str | None]  #: the package's own id of the tie between app and company
    credential_id: Mapped[str | None] = mapped_column(Id, ForeignKey("credential.id", ondelete="SET NULL"))
    settings: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    mapping: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    mapping_version: Mapped[int] = mapped_column(default=0)
    reference: Mapped[dict[str, Any] | None] = mapped_column(Json)  #: the package's lists as last read
    reference_at: Mapped[datetime | None]
    cursor: Mapped[str | None] = mapped_column(Text)  #: of the change feed
    problem: Mapped[dict[str, Any] | None] = mapped_column(Json)  #: {"kind", "message", "provider_code", "since"}
    due_at: Mapped[datetime | None]  #: when the schedule should look at it next
    full_due: Mapped[bool] = mapped_column(default=False)  #: the next run reads everything
    #: why a run was stopped as implausible: {"brake", "message", "touched", "plan_id", "since", "released_by"}
    brake: Mapped[dict[str, Any] | None] = mapped_column(Json)
    last_sync_at: Mapped[datetime | None]
    wait_until: Mapped[datetime | None]  #: the package asked to be left alone until then
    lease_token: Mapped[str | None]  #: the one worker that may write now
    lease_until: Mapped[datetime | None]


class ConsentRow(Owned, Base):
    """A consent under way: the one-time state that the package's callback must bring back."""

    __tablename__ = "consent"
    __table_args__ = (UniqueConstraint("state_hash"),)

    connection_id: Mapped[str] = mapped_column(Id, ForeignKey("connection.id", ondelete="CASCADE"))
    state_hash: Mapped[str]  #: SHA-256; the state itself is only in the person's browser
    code_verifier: Mapped[str | None]
    started_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class LinkRow(Owned, Base):
    """The tie between one record and its counterpart in one connection.

    A reset, an unlinking or a deletion over there retires the row and adds another with the next generation: a late
    answer lands on the retired row and shows what it left behind.
    """

    __tablename__ = "link"
    __table_args__ = (
        Index(
            "uq_link_record",
            "connection_id",
            "entity",
            "record_id",
            unique=True,
            sqlite_where=_IN_FORCE,
            postgresql_where=_IN_FORCE,
        ),
        Index(
            "uq_link_remote",
            "connection_id",
            "family",
            "remote_id",
            unique=True,
            sqlite_where=text("retired_at is null and remote_id is not null"),
            postgresql_where=text("retired_at is null and remote_id is not null"),
        ),
        UniqueConstraint("connection_id", "entity", "record_id", "generation"),
        Index(None, "record_id"),
        Index(None, "organisation_id", "connection_id"),
        Index(
            "ix_link_asked",
            "connection_id",
            "entity",
            "record_id",
            sqlite_where=_ASKED,
            postgresql_where=_ASKED,
        ),
        Index(
            "ix_link_unsettled",
            "connection_id",
            "open_problem_id",
            "intent_open",
            "remote_id",
            sqlite_where=text(_UNSETTLED.format(1)),
            postgresql_where=text(_UNSETTLED.format("TRUE")),
        ),
        Index("ix_link_due", "connection_id", "entity", sqlite_where=_IN_FORCE, postgresql_where=_IN_FORCE),
        CheckConstraint("confirmed <= wanted", name="confirmed_within_wanted"),
        CheckConstraint("settled <= heard", name="settled_within_heard"),
    )

    connection_id: Mapped[str] = mapped_column(Id, ForeignKey("connection.id", ondelete="CASCADE"))
    entity: Mapped[str]
    record_id: Mapped[str] = mapped_column(Id)
    generation: Mapped[int] = mapped_column(default=1)
    family: Mapped[str]
    remote_id: Mapped[str | None]
    remote_name: Mapped[str | None]  #: display name it was given there by the naming rule
    reference: Mapped[str | None]  #: our own reference kept at the package, fixed for this generation
    wanted: Mapped[int] = mapped_column(default=1)
    confirmed: Mapped[int] = mapped_column(default=0)
    heard: Mapped[int] = mapped_column(default=0)
    settled: Mapped[int] = mapped_column(default=0)
    baseline: Mapped[dict[str, Any] | None] = mapped_column(Json)
    losses: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    readback: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)  #: core.readback.Line: meant and stored
    readback_state: Mapped[str | None]  #: the worst of them, for counting; None: nothing was read back yet
    variance: Mapped[Decimal | None] = mapped_column(Exact)  #: of an invoice: their total less the one that was meant
    variance_kind: Mapped[str | None]  #: core.readback.Reading of that total
    open_problem_id: Mapped[str | None] = mapped_column(Id)
    intent_open: Mapped[bool] = mapped_column(default=False)
    intent_unknown: Mapped[bool] = mapped_column(default=False)
    sequence: Mapped[int] = mapped_column(default=0)  #: intents so far
    doubts: Mapped[int] = mapped_column(default=0)  #: writes in a row whose outcome could not be told at first
    due_at: Mapped[datetime | None]  #: not before; set after a passing failure
    last_synced_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    retired_at: Mapped[datetime | None]
    retired_why: Mapped[str | None]


class CounterpartRow(Owned, Base):
    """What was last known of one entity on the other side; fed by the change feed and by answers to our own writes."""

    __tablename__ = "counterpart"
    __table_args__ = (
        UniqueConstraint("connection_id", "family", "remote_id"),
        Index(None, "connection_id", "family", "name_key"),
        Index(None, "connection_id", "family", "reference"),
        Index("ix_counterpart_pending", "connection_id", "family", sqlite_where=text("pending"),
              postgresql_where=text("pending")),
    )  # fmt: skip

    connection_id: Mapped[str] = mapped_column(Id, ForeignKey("connection.id", ondelete="CASCADE"))
    family: Mapped[str]
    remote_id: Mapped[str]
    version: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    deleted: Mapped[bool] = mapped_column(default=False)
    merged_into: Mapped[str | None]
    name: Mapped[str | None]
    name_key: Mapped[str | None]
    reference: Mapped[str | None]
    email: Mapped[str | None]
    parent_id: Mapped[str | None]
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    modified_at: Mapped[datetime | None]
    pending: Mapped[bool] = mapped_column(default=True)  #: news of a document that nobody has taken in yet
    first_seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    seen_at: Mapped[datetime] = mapped_column(default=utc_now)


class CallRow(Owned, Base):
    """One outgoing write, exactly as it goes on the wire, committed before it is sent."""

    __tablename__ = "call"
    __table_args__ = (
        UniqueConstraint("connection_id", "key", "attempt"),
        Index("ix_call_open", "connection_id", sqlite_where=text("closed_at is null"),
              postgresql_where=text("closed_at is null")),
        Index(None, "run_id"),
    )  # fmt: skip

    connection_id: Mapped[str] = mapped_column(Id, ForeignKey("connection.id", ondelete="CASCADE"))
    run_id: Mapped[str | None] = mapped_column(Id)
    key: Mapped[str]
    attempt: Mapped[int] = mapped_column(default=1)
    elements: Mapped[int]
    request: Mapped[dict[str, Any]] = mapped_column(Json)  #: core.ports.Request
    state: Mapped[str] = mapped_column(default="in_flight")
    answer_read: Mapped[bool] = mapped_column(default=False)  #: an error answer was read, so the key may replay it
    status: Mapped[int | None]
    request_id: Mapped[str | None]
    answer: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    sends: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]  #: first; the key's window counts from here
    last_sent_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class IntentRow(Owned, Base):
    """One intended write of one record, carried by a call. At most one of a link is open."""

    __tablename__ = "intent"
    __table_args__ = (
        Index(
            "uq_intent_open",
            "link_id",
            unique=True,
            sqlite_where=text("closed_at is null"),
            postgresql_where=text("closed_at is null"),
        ),
        Index(None, "call_id", "position"),
        Index(None, "link_id", "sequence"),
    )

    connection_id: Mapped[str] = mapped_column(Id, ForeignKey("connection.id", ondelete="CASCADE"))
    link_id: Mapped[str] = mapped_column(Id, ForeignKey("link.id", ondelete="CASCADE"))
    call_id: Mapped[str] = mapped_column(Id, ForeignKey("call.id", ondelete="CASCADE"))
    position: Mapped[int]  #: index of its element in the call
    sequence: Mapped[int]
    generation: Mapped[int]
    operation: Mapped[str]
    wanted: Mapped[int]
    heard: Mapped[int]
    expected: Mapped[dict[str, Any]] = mapped_column(Json)  #: the fields written, as the package should show them
    before: Mapped[dict[str, Any] | None] = mapped_column(Json)  #: theirs when the body was built
    meant: Mapped[dict[str, Any] | None] = mapped_column(Json)  #: of an invoice: core.readback.Meant
    baseline: Mapped[dict[str, Any]] = mapped_column(Json)  #: what both sides agree on once it is confirmed
    rules: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)  #: field -> why it is written
    state: Mapped[str] = mapped_column(default="in_flight")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    closed_at: Mapped[datetime | None]
    outcome: Mapped[dict[str, Any] | None] = mapped_column(Json)


class ProblemRow(Owned, Base):
    """A question that a person must answer about one link; the contract's conflict."""

    __tablename__ = "problem"
    __table_args__ = (
        Index(
            "uq_problem_open",
            "link_id",
            unique=True,
            sqlite_where=text("closed_at is null"),
            postgresql_where=text("closed_at is null"),
        ),
        Index(None, "organisation_id", "closed_at"),
        Index(None, "connection_id", "closed_at"),
    )

    connection_id: Mapped[str] = mapped_column(Id, ForeignKey("connection.id", ondelete="CASCADE"))
    link_id: Mapped[str] = mapped_column(Id, ForeignKey("link.id", ondelete="CASCADE"))
    kind: Mapped[str]
    label: Mapped[str] = mapped_column(Text)  #: what the record was called then
    document: Mapped[dict[str, Any]] = mapped_column(Json)  #: core.problem.to_json; every sentence is built from it
    request_id: Mapped[str | None]
    opened_at: Mapped[datetime] = mapped_column(default=utc_now)
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    answer: Mapped[dict[str, Any] | None] = mapped_column(Json)


class MatchRow(Owned, Base):
    """A person's decision about a proposed match."""

    __tablename__ = "match_decision"
    __table_args__ = (UniqueConstraint("connection_id", "customer_id", "remote_id"),)

    connection_id: Mapped[str] = mapped_column(Id, ForeignKey("connection.id", ondelete="CASCADE"))
    customer_id: Mapped[str] = mapped_column(Id, ForeignKey("customer.id", ondelete="CASCADE"))
    remote_id: Mapped[str]
    decision: Mapped[str]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime] = mapped_column(default=utc_now)


class RunRow(Owned, Base):
    """One recorded execution of a sync, a reconciliation or a reset."""

    __tablename__ = "run"
    __table_args__ = (
        Index(None, "organisation_id", "requested_at"),
        Index(
            "uq_run_under_way",
            "connection_id",
            unique=True,
            sqlite_where=text("finished_at is null"),
            postgresql_where=text("finished_at is null"),
        ),
    )

    connection_id: Mapped[str] = mapped_column(Id, ForeignKey("connection.id", ondelete="CASCADE"))
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default="queued")
    options: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    requested_by: Mapped[str] = mapped_column(default="schedule")
    again: Mapped[bool] = mapped_column(default=False)  #: asked for once more while under way
    counts: Mapped[dict[str, int]] = mapped_column(Json, default=dict)
    calls: Mapped[int] = mapped_column(default=0)
    least_calls: Mapped[int] = mapped_column(default=0)  #: with full batches and one feed call per kind
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    phase: Mapped[str] = mapped_column(default="")
    forecast: Mapped[dict[str, Any] | None] = mapped_column(Json)  #: sync.outlook: what it was going to take
    problem: Mapped[dict[str, Any] | None] = mapped_column(Json)
    requested_at: Mapped[datetime] = mapped_column(default=utc_now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class HeartbeatRow(Base):
    """When a background part was last alive, so that a page can say that the scheduler is silent."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=utc_now)
