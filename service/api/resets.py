"""Resets over HTTP: sending a record as a new one, taking that back, and unlinking."""

from __future__ import annotations

from datetime import datetime
from time import monotonic
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, RootModel
from sqlalchemy.orm import Session

from service.api.access import caller
from service.api.connections import OptionalInput
from service.api.links import LinkOut, link_out
from service.api.plans import ActionOut
from service.api.problems import ApiError
from service.api.routes import IdPath, routes
from service.api.runs import RunOut, WaitQuery, platform, wake_and_wait
from service.api.services import services
from service.api.units import acts, reads
from service.core.reset import OldCounterpart
from service.store.accounts import Role
from service.store.queries import connections, links
from service.store.queries import resets as queries
from service.store.reset_models import ResetItemRow, ResetRow
from service.sync import reset, reset_plan
from service.sync.reset_plan import ResetPlan
from service.sync.run import Asked

api = routes("Resets", about="Giving up a counterpart and sending the record as a new one; undoing that; unlinking.")

_Why = Annotated[str | None, Field(max_length=reset.WHY_LIMIT, description="The reason, for the audit trail.")]


class ResetInput(OptionalInput):
    """How to reset a link."""

    old_counterpart: Annotated[
        OldCounterpart,
        Field(description="What becomes of the former counterpart; 'rename' lets the new one have its name."),
    ] = OldCounterpart.RENAME
    with_jobs: Annotated[bool, Field(description="Of a client: its jobs and their sub-contacts as well.")] = False
    dry_run: Annotated[bool, Field(description="Answer with what would be done; nothing is written anywhere.")] = False
    why: _Why = None


class UndoInput(OptionalInput):
    """How to undo a reset."""

    new_counterpart: Annotated[
        Literal["leave", "archive"] | None,
        Field(description="What becomes of the one that the reset made; archived if nothing hangs on it unless given."),
    ] = None
    dry_run: Annotated[bool, Field(description="Answer with what would be done; nothing is written anywhere.")] = False
    why: _Why = None


class UnlinkInput(OptionalInput):
    """Why a link is ended."""

    why: _Why = None


class DocumentOut(BaseModel):
    """A document that is tied to a former counterpart, and what becomes of it."""

    entity: str
    record_id: str
    link_id: str
    label: str
    becomes: Literal["moves", "stays"]
    message: str


class ResetPlanOut(BaseModel):
    """What a reset would do: the shape of a plan, with what is left behind."""

    connection_id: str
    kind: Literal["reset", "undo"]
    old_counterpart: OldCounterpart
    actions: list[ActionOut]
    documents: list[DocumentOut]
    losses: list[str]
    advice: str | None
    calls: int
    unchanged: int


class ResetRun(RunOut):
    """The run that carries a reset out."""

    reset_id: str


class ResetAnswer(RootModel[ResetPlanOut | ResetRun]):
    """The plan of a dry run, or the finished run."""


class ResetItemOut(BaseModel):
    """One record of a reset."""

    entity: str
    record_id: str
    label: str
    former_link_id: str
    link_id: str | None
    former_remote_id: str | None
    former_name: str | None
    standing: str | None
    outcome: str | None


class ResetOut(BaseModel):
    """A reset, or the undoing of one, with what became of what."""

    id: str
    connection_id: str
    kind: Literal["reset", "undo"]
    state: Literal["asked", "releasing", "swapped", "done", "refused"]
    old_counterpart: OldCounterpart
    with_jobs: bool
    undoes_id: str | None
    requested_by: str
    requested_at: datetime
    why: str | None
    run_id: str | None
    finished_at: datetime | None
    problem: str | None
    items: list[ResetItemOut]
    documents: list[DocumentOut]


class ResetList(BaseModel):
    """The resets of a record's link, newest first."""

    items: list[ResetOut]
    next: str | None = None


@api.post("/links/<id>/reset", responses={200: ResetAnswer, 202: ResetRun})
@acts(Role.ACCOUNTANT)
def reset_link(path: IdPath, query: WaitQuery, body: ResetInput) -> tuple[BaseModel, int]:
    """Give up the counterpart and send the record as a new one; a dry run says what that would do."""
    who = caller()
    wish: dict[str, Any] = {
        "organisation_id": who.organisation_id,
        "link_id": path.id,
        "old_counterpart": body.old_counterpart,
        "with_jobs": body.with_jobs,
        "actor": who.actor,
    }
    if body.dry_run:
        return plan_out(reset.plan_reset(platform(), **wish)), 200
    _require_support("reset a link", path.id)
    return _run_of(reset.reset_link(platform(), **wish, why=body.why), query.wait)


@api.post("/links/<id>/undo-reset", responses={200: ResetAnswer, 202: ResetRun})
@acts(Role.ACCOUNTANT)
def undo_reset(path: IdPath, query: WaitQuery, body: UndoInput) -> tuple[BaseModel, int]:
    """Tie the record, and all that was reset with it, to the former counterpart again."""
    who = caller()
    wish: dict[str, Any] = {
        "organisation_id": who.organisation_id,
        "link_id": path.id,
        "new_counterpart": body.new_counterpart,
        "actor": who.actor,
    }
    if body.dry_run:
        return plan_out(reset.plan_undo(platform(), **wish)), 200
    _require_support("undo a reset", path.id)
    return _run_of(reset.undo_reset(platform(), **wish, why=body.why), query.wait)


@api.post("/links/<id>/unlink", responses={200: LinkOut})
@acts(Role.SUPPORT)
def unlink(path: IdPath, body: UnlinkInput) -> LinkOut:
    """End the link: nothing is sent or taken in any more until the record is sent or linked again."""
    who = caller()
    reset.unlink(platform(), organisation_id=who.organisation_id, link_id=path.id, actor=who.actor, why=body.why)
    with services().database.read() as session:
        return link_out(session, links.get(session, who.organisation_id, path.id))


@api.get("/links/<id>/resets", responses={200: ResetList})
@reads(Role.VIEWER)
def list_resets(session: Session, path: IdPath) -> ResetList:
    """List the resets that any life of a record's link went through, newest first."""
    organisation_id = caller().organisation_id
    link = links.get(session, organisation_id, path.id)
    return ResetList(items=[reset_out(session, row) for row in queries.of_record(session, link)])


@api.get("/resets/<id>", responses={200: ResetOut})
@reads(Role.VIEWER)
def get_reset(session: Session, path: IdPath) -> ResetOut:
    """Read a reset with what became of every record and document."""
    return reset_out(session, queries.get(session, caller().organisation_id, path.id))


def plan_out(plan: ResetPlan) -> ResetPlanOut:
    """Return the document of a dry run."""
    return ResetPlanOut.model_validate(reset_plan.to_json(plan))


def reset_out(session: Session, row: ResetRow) -> ResetOut:
    """Return a reset's document."""
    shown = {name: getattr(row, name) for name in ResetOut.model_fields if name != "items"}
    return ResetOut.model_validate(shown | {"items": [_item_out(one) for one in queries.items(session, row.id)]})


def _item_out(item: ResetItemRow) -> ResetItemOut:
    return ResetItemOut(
        entity=item.entity,
        record_id=item.record_id,
        label=item.label,
        former_link_id=item.link_id,
        link_id=item.new_link_id,
        former_remote_id=item.remote_id,
        former_name=item.released_name or item.remote_name,
        standing=item.standing,
        outcome=item.outcome,
    )


def _require_support(what: str, link_id: str) -> None:
    """Refuse what only support may do; a link that is not the caller's does not exist for it either way."""
    who = caller()
    with services().database.read() as session:
        links.get(session, who.organisation_id, link_id)
    if not who.role.may(Role.SUPPORT):
        raise ApiError(403, f"To {what} needs the role {Role.SUPPORT}; the token has {who.role}. A dry run is allowed.")


def _run_of(asked: reset.AskedReset, wait: int) -> tuple[ResetRun, int]:
    """Return the run that carries a reset out; while another one is under way, that one and then the next."""
    until, run_id = monotonic() + wait, asked.run_id
    while True:
        left = max(0, round(until - monotonic()))
        run, status = wake_and_wait(Asked(run_id, asked.connection_id), left)
        with services().database.read() as session:
            row = session.get_one(ResetRow, asked.reset_id)
            following = connections.run_under_way(session, asked.connection_id)
            waiting = row.state in ("asked", "releasing")
        if run.finished_at is None or not waiting or following is None or following.id == run_id or not left:
            return ResetRun(**run.model_dump(), reset_id=asked.reset_id), status
        run_id = following.id
