"""Connections over HTTP: consent, pausing, disconnecting, and asking for a sync."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy.orm import Session

from service.api.access import caller
from service.api.paging import PageQuery
from service.api.problems import ApiError
from service.api.routes import IdPath, routes
from service.api.runs import ForecastOut, RunOut, WaitQuery, platform, wake_and_wait
from service.api.services import services
from service.api.units import acts, expected_revision, reads, writes
from service.records.author import Author
from service.records.errors import Fault
from service.store.accounts import Role
from service.store.queries import connections as queries
from service.store.queries.sync_lists import connection_page
from service.store.queries.tallies import tally
from service.store.sync_models import ConnectionRow, CredentialRow
from service.sync import conduct, connect, consenting, inbox, outlook, pacing, warnings
from service.sync import run as running
from service.sync.conduct import ConnectionSettings

api = routes("Connections", about="Companies at accounting packages, and how they are kept in agreement.")


class Input(BaseModel):
    """Base of the bodies here: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OptionalInput(Input):
    """Base of the bodies that may be left out."""

    model_config = ConfigDict(openapi_extra={"required": False})  # type: ignore[typeddict-unknown-key]  # the library's

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_empty(cls, given: Any) -> Any:
        return {} if given is None else given


class ConnectionInput(Input):
    """A new connection."""

    provider: str


class ConnectionChanges(Input):
    """Changes of a connection."""

    settings: ConnectionSettings


class ConnectionProblem(BaseModel):
    """What is wrong with a connection as a whole."""

    kind: str
    message: str
    provider_code: str | None = None
    since: datetime | None = None


class Tally(BaseModel):
    """How many records have which dot, and how many conflicts are open."""

    green: int = 0
    orange: int = 0
    red: int = 0
    none: int = 0
    conflicts: int = 0


class WebhookOut(BaseModel):
    """How well the package tells what happens there, over the last seven days."""

    configured: bool
    last_heard_at: datetime | None
    found: int  #: changes by others that sweeps of the feed found
    missed: int  #: those of them that no webhook has told


class BudgetOut(BaseModel):
    """The calls that the package allows, and those that were made lately by whomever is connected to the company."""

    per_minute: int | None
    per_day: int | None  #: as far as known; the package's answers may tell of fewer than it usually allows
    made_today: int  #: within the last 24 hours
    left_today: int | None  #: null where the package has no such limit
    reads_this_month: int | None  #: metered reads of the app, over all companies; null where the package meters none
    reads_per_month: int | None


class WarningOut(BaseModel):
    """Something that will need a person, but not yet."""

    kind: str
    message: str
    at: datetime | None


class CompanyOut(BaseModel):
    """A company that the permission reaches, and the connection that is tied to it."""

    tenant_id: str
    name: str | None
    connection_id: str | None


class CompanyList(BaseModel):
    """The companies of one permission."""

    items: list[CompanyOut]


class CompanyInput(Input):
    """Another company to connect with the same permission."""

    tenant_id: Annotated[str, Field(min_length=1, max_length=200)]


class ConnectionOut(BaseModel):
    """A connection."""

    id: str
    provider: str
    state: str
    organisation_name: str | None
    remote_tenant_id: str | None
    problem: ConnectionProblem | None
    settings: ConnectionSettings
    counts: Tally
    last_sync_at: datetime | None
    next_sync_at: datetime | None
    budget: BudgetOut
    forecast: ForecastOut | None = None  #: what the next sync is going to take; of a live connection read by itself
    webhooks: WebhookOut
    warnings: list[WarningOut]
    token_expires_at: datetime | None
    revision: int
    created_at: datetime


class StartedOut(BaseModel):
    """A consent under way: where the person's browser has to go."""

    id: str
    state: str
    authorize_url: str


class ConnectionList(BaseModel):
    """A page of connections."""

    items: list[ConnectionOut]
    next: str | None


class ReconcileInput(OptionalInput):
    """How much to read."""

    full: bool = False


@api.get("/connections", responses={200: ConnectionList})
@reads(Role.VIEWER)
def list_connections(session: Session, query: PageQuery) -> ConnectionList:
    """List connections, oldest first."""
    found = connection_page(session, caller().organisation_id, limit=query.limit, cursor=query.cursor)
    return ConnectionList(items=[connection_out(session, row) for row in found.items], next=found.next)


@api.post("/connections", responses={201: StartedOut})
@acts(Role.ADMIN)
def create_connection(body: ConnectionInput) -> tuple[StartedOut, int]:
    """Begin to connect a company; the browser goes to ``authorize_url`` next."""
    known = platform().providers
    if body.provider not in known:
        message = f"Choose one of: {', '.join(sorted(known))}."
        raise ApiError(422, message, kind="invalid", faults=[Fault("provider", message)])
    missing = platform().settings.provider(body.provider).missing
    if missing:
        raise ApiError(409, f"The app's credentials are not set: {', '.join(missing)}.", kind="not_configured")
    who = caller()
    started = connect.start(platform(), organisation_id=who.organisation_id, provider=body.provider, actor=who.actor)
    return StartedOut(id=started.connection_id, state="pending", authorize_url=started.authorize_url), 201


@api.get("/connections/<id>", responses={200: ConnectionOut})
@reads(Role.VIEWER)
def get_connection(session: Session, path: IdPath) -> ConnectionOut:
    """Read a connection."""
    return connection_out(session, queries.get(session, caller().organisation_id, path.id), foresees=True)


@api.patch("/connections/<id>", responses={200: ConnectionOut})
@writes(Role.ADMIN)
def change_connection(session: Session, author: Author, path: IdPath, body: ConnectionChanges) -> ConnectionOut:
    """Change what is sent by itself."""
    row = conduct.change(platform(), session, author, path.id, body.settings, expected=expected_revision())
    return connection_out(session, row)


@api.delete("/connections/<id>", responses={204: None})
@acts(Role.ADMIN)
def delete_connection(path: IdPath) -> None:
    """Disconnect: the permission is given back, every link is kept for a reconnection."""
    who = caller()
    connect.disconnect(platform(), organisation_id=who.organisation_id, connection_id=path.id, actor=who.actor)


@api.post("/connections/<id>/reconnect", responses={200: StartedOut})
@acts(Role.ADMIN)
def reconnect(path: IdPath) -> StartedOut:
    """Begin a new consent for the same company; every link is kept."""
    who = caller()
    started = connect.reconnect(platform(), organisation_id=who.organisation_id, connection_id=path.id, actor=who.actor)
    with services().database.read() as session:
        state = queries.get(session, who.organisation_id, path.id).state
    return StartedOut(id=started.connection_id, state=state, authorize_url=started.authorize_url)


@api.get("/connections/<id>/companies", responses={200: CompanyList})
@reads(Role.VIEWER)
def list_companies(session: Session, path: IdPath) -> CompanyList:
    """List the companies that the permission reaches: a person may have chosen several at once."""
    found = consenting.companies(session, caller().organisation_id, path.id)
    return CompanyList(
        items=[CompanyOut(tenant_id=one.tenant_id, name=one.name, connection_id=one.connection_id) for one in found]
    )


@api.post("/connections/<id>/companies", responses={201: ConnectionOut})
@acts(Role.ADMIN)
def connect_company(path: IdPath, body: CompanyInput) -> tuple[ConnectionOut, int]:
    """Connect another company that the same permission reaches."""
    who = caller()
    made = consenting.connect_too(
        platform(),
        organisation_id=who.organisation_id,
        connection_id=path.id,
        tenant_id=body.tenant_id,
        actor=who.actor,
    )
    return read_again(made), 201


@api.post("/connections/<id>/pause", responses={200: ConnectionOut})
@acts(Role.ADMIN)
def pause(path: IdPath) -> ConnectionOut:
    """Stop the schedule of a connection."""
    who = caller()
    connect.pause(platform(), organisation_id=who.organisation_id, connection_id=path.id, actor=who.actor)
    return read_again(path.id)


@api.post("/connections/<id>/resume", responses={200: ConnectionOut})
@acts(Role.ADMIN)
def resume(path: IdPath) -> ConnectionOut:
    """Let a paused connection go on."""
    who = caller()
    connect.resume(platform(), organisation_id=who.organisation_id, connection_id=path.id, actor=who.actor)
    return read_again(path.id)


@api.post("/connections/<id>/sync", responses={200: RunOut, 202: RunOut})
@acts(Role.ACCOUNTANT)
def sync(path: IdPath, query: WaitQuery) -> tuple[RunOut, int]:
    """Ask for a sync; a run under way is the answer, and what changed meanwhile is not forgotten."""
    who = caller()
    asked = running.ask(platform(), organisation_id=who.organisation_id, connection_id=path.id, actor=who.actor)
    return wake_and_wait(asked, query.wait)


@api.post("/connections/<id>/reconcile", responses={200: RunOut, 202: RunOut})
@acts(Role.ACCOUNTANT)
def reconcile(path: IdPath, query: WaitQuery, body: ReconcileInput) -> tuple[RunOut, int]:
    """Compare both sides; ``full`` reads everything instead of what changed."""
    who = caller()
    asked = running.ask(
        platform(),
        organisation_id=who.organisation_id,
        connection_id=path.id,
        kind="reconcile",
        actor=who.actor,
        options={"full": body.full},
    )
    return wake_and_wait(asked, query.wait)


def connection_out(session: Session, row: ConnectionRow, *, foresees: bool = False) -> ConnectionOut:
    """Return a connection's document.

    :param foresees: with what the next sync is going to take.
    """
    credential = session.get(CredentialRow, row.credential_id) if row.credential_id else None
    return ConnectionOut(
        id=row.id,
        provider=row.provider,
        state=row.state,
        organisation_name=row.organisation_name,
        remote_tenant_id=row.remote_tenant_id,
        problem=None if row.problem is None else ConnectionProblem(**row.problem),
        settings=ConnectionSettings(**row.settings),
        counts=Tally(**tally(session, row)),
        last_sync_at=row.last_sync_at,
        next_sync_at=row.due_at,
        budget=_budget(session, row),
        forecast=_forecast(session, row) if foresees else None,
        webhooks=_webhooks(session, row),
        warnings=[
            WarningOut(kind=one.kind, message=one.message, at=one.at)
            for one in warnings.warnings_of(platform(), session, row)
        ],
        token_expires_at=credential.access_expires_at if credential else None,
        revision=row.revision,
        created_at=row.created_at,
    )


def _budget(session: Session, row: ConnectionRow) -> BudgetOut:
    purse = pacing.purse_of(platform(), session, row)
    return BudgetOut(
        per_minute=purse.limits.per_minute,
        per_day=purse.per_day,
        made_today=purse.made_today,
        left_today=purse.left_today,
        reads_this_month=purse.reads,
        reads_per_month=purse.reads_allowed,
    )


def _forecast(session: Session, row: ConnectionRow) -> ForecastOut | None:
    if row.state != "live":
        return None
    return ForecastOut(**outlook.to_json(outlook.outlook_of(platform(), session, row)))


def _webhooks(session: Session, row: ConnectionRow) -> WebhookOut:
    meter = inbox.meter(session, row.id, platform().clock())
    configured = platform().settings.provider(row.provider).webhook_secret is not None
    return WebhookOut(configured=configured, last_heard_at=meter.last_heard, found=meter.found, missed=meter.missed)


def read_again(connection_id: str) -> ConnectionOut:
    """Return a connection as it stands now."""
    with services().database.read() as session:
        return connection_out(session, queries.get(session, caller().organisation_id, connection_id))
