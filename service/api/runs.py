"""Runs over HTTP: what was done, what is under way; and how a route waits for one."""

from __future__ import annotations

from datetime import datetime
from time import monotonic
from typing import Annotated, Any

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from service.api.access import caller
from service.api.history import ActionList, action_out, ref_of
from service.api.paging import PageQuery, Query
from service.api.problems import ApiError
from service.api.routes import IdPath, routes
from service.api.services import services
from service.api.units import reads
from service.records.fields import RecordId
from service.store.accounts import Role
from service.store.queries import connections as queries
from service.store.queries import history, urgents
from service.store.queries.sync_lists import run_page
from service.store.sync_models import RunRow
from service.sync.platform import Platform, Runner
from service.sync.run import Asked

api = routes("Runs", about="Executions of a sync, a reconciliation or a reset.")

LONGEST_WAIT = 120
_POLL_SECONDS = 0.05


class Counts(BaseModel):
    """How many records a run did what with."""

    created: int = 0
    updated: int = 0
    pulled: int = 0
    linked: int = 0
    unchanged: int = 0
    conflicts: int = 0
    failed: int = 0
    #: fields of ours that were changed there: those that stand, and those put back or accepted by the run
    drift: int = 0


class Progress(BaseModel):
    """How far a run has come."""

    done: int
    total: int


class RunProblem(BaseModel):
    """Why a run did not come to its end."""

    kind: str
    message: str
    provider_code: str | None = None


class StepOut(BaseModel):
    """Records that are sent together, in the order of sending."""

    entity: str
    depth: int | None  #: level of customers, where the package has a tree
    retiring: bool  #: those that are archived
    records: int
    calls: int


class ForecastOut(BaseModel):
    """What a run is going to take, as it was known before it began."""

    calls: int
    reads: int
    writes: int
    batches: int  #: writes that carry several records
    records: int
    steps: list[StepOut]  #: what goes first
    left_today: int | None  #: calls of the day before it; null where the package has no such limit
    begins_at: datetime
    ends_at: datetime
    rests_at: datetime | None  #: when the day's limit interrupts it
    fits: bool
    sentence: str
    order: str = Field("", description="What goes first, as people read it.")


class RunOut(BaseModel):
    """One run."""

    id: str
    connection_id: str
    kind: str
    state: str
    counts: Counts
    calls: int
    least_calls: int
    forecast: ForecastOut | None
    progress: Progress
    phase: str
    requested_by: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    problem: RunProblem | None
    waits: str | None = Field(None, description="Why a record that was asked for is not sent by this run but after it.")


class RunList(BaseModel):
    """A page of runs."""

    items: list[RunOut]
    next: str | None


class RunQuery(PageQuery):
    """Filters of the list."""

    connection_id: RecordId | None = None


class WaitQuery(Query):
    """How long to wait for the run."""

    wait: Annotated[int, Field(ge=0, le=LONGEST_WAIT)] = 0


@api.get("/runs", responses={200: RunList})
@reads(Role.VIEWER)
def list_runs(session: Session, query: RunQuery) -> RunList:
    """List runs, newest first."""
    found = run_page(
        session,
        caller().organisation_id,
        connection_id=query.connection_id,
        limit=query.limit,
        cursor=query.cursor,
    )
    return RunList(items=[run_out(row) for row in found.items], next=found.next)


@api.get("/runs/<id>", responses={200: RunOut})
@reads(Role.VIEWER)
def get_run(session: Session, path: IdPath) -> RunOut:
    """Read a run."""
    return run_out(queries.get_run(session, caller().organisation_id, path.id))


@api.get("/runs/<id>/actions", responses={200: ActionList})
@reads(Role.VIEWER)
def list_actions(session: Session, path: IdPath, query: PageQuery) -> ActionList:
    """List what a run did, in the order in which it was done: written, taken over, asked."""
    organisation_id = caller().organisation_id
    run = queries.get_run(session, organisation_id, path.id)
    found = history.action_page(session, organisation_id, run.id, limit=query.limit, cursor=query.cursor)
    labels = history.labels_of(session, {ref for ref in map(ref_of, found.items) if ref is not None})
    return ActionList(items=[action_out(one, labels) for one in found.items], next=found.next)


def run_out(row: RunRow) -> RunOut:
    """Return a run's document."""
    known: dict[str, Any] = {name: row.counts.get(name, 0) for name in Counts.model_fields}
    return RunOut(
        id=row.id,
        connection_id=row.connection_id,
        kind=row.kind,
        state=row.state,
        counts=Counts(**known),
        calls=row.calls,
        least_calls=row.least_calls,
        forecast=None if row.forecast is None else ForecastOut(**row.forecast),
        progress=Progress(done=row.done, total=max(row.total, row.done)),
        phase=row.phase,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        problem=None if row.problem is None else RunProblem(**row.problem),
    )


def platform() -> Platform:
    """Return what the use cases of the sync need.

    :raises ApiError: 503 where this process serves records only.
    """
    found = services().platform
    if found is None:
        raise ApiError(503, "This process does not sync.")
    return found


def runner() -> Runner:
    """Return who does runs.

    :raises ApiError: 503 where this process serves records only.
    """
    found = services().runner
    if found is None:
        raise ApiError(503, "This process does not sync.")
    return found


def wake_and_wait(asked: Asked, wait: int) -> tuple[RunOut, int]:
    """Wake whoever does the run, wait up to ``wait`` seconds, and return it: 200 if it is finished, else 202.

    Of single records that a person asked for nobody waits longer than until they are done, though the run goes on.
    """
    runner().wake(asked.connection_id)
    until = monotonic() + wait
    while True:
        with services().database.read() as session:
            row = session.get_one(RunRow, asked.run_id)
            finished = row.finished_at is not None
            served = bool(asked.urgent) and urgents.are_served(session, asked.urgent)
            document = run_out(row)
            document.waits = None if served or not asked.urgent else asked.waits
        if ((finished or served) and wait) or monotonic() >= until or not platform().pause(_POLL_SECONDS):
            return document, 200 if finished and wait else 202
