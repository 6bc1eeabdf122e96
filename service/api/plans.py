"""Plans over HTTP: what the next sync would do, kept to be read and applied; and letting go what a brake stopped."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from service.api.access import caller
from service.api.paging import PageQuery
from service.api.problems import ApiError
from service.api.routes import IdPath, routes
from service.api.runs import ForecastOut, RunOut, WaitQuery, platform, wake_and_wait
from service.api.services import services
from service.api.units import acts, reads
from service.records.fields import RecordId
from service.store.accounts import Role
from service.store.plan_models import PlanRow
from service.store.queries import connections, plans
from service.store.queries.sync_lists import plan_page
from service.sync import apply, outlook, saved

api = routes("Plans", about="What the next sync would do: made, kept, applied exactly as it stands.")


class ChangeOut(BaseModel):
    """One field of a planned action."""

    field: str
    ours: Any
    theirs: Any
    becomes: Any
    why: str


class LossOut(BaseModel):
    """Something of ours that the package cannot hold."""

    field: str
    reason: str


class ActionOut(BaseModel):
    """One thing that the next sync would do, or ask about."""

    action: str
    entity: str
    record_id: str
    label: str
    fields: list[ChangeOut]
    losses: list[LossOut]
    message: str | None


class PlanHead(BaseModel):
    """A plan without its actions."""

    id: str
    connection_id: str
    created_by: str
    created_at: datetime
    calls: int
    unchanged: int
    total: int
    brake: str | None
    applied_by: str | None
    applied_at: datetime | None
    run_id: str | None


class PlanOut(PlanHead):
    """What the next sync would do."""

    forecast: ForecastOut | None  #: as the day's calls stand now
    actions: list[ActionOut]


class PlanList(BaseModel):
    """A page of plans, newest first."""

    items: list[PlanHead]
    next: str | None


class PlanQuery(PageQuery):
    """Filters of the list."""

    connection_id: RecordId | None = None


@api.post("/connections/<id>/plan", responses={200: PlanOut})
@acts(Role.VIEWER)
def make_plan(path: IdPath) -> PlanOut:
    """Say what the next sync would do, and keep it to be applied; writes nothing to either side's books."""
    who = caller()
    plan_id = saved.make(platform(), organisation_id=who.organisation_id, connection_id=path.id, actor=who.actor)
    with services().database.read() as session:
        return plan_out(session, plans.get(session, who.organisation_id, plan_id))


@api.get("/plans", responses={200: PlanList})
@reads(Role.VIEWER)
def list_plans(session: Session, query: PlanQuery) -> PlanList:
    """List the plans that are kept, newest first."""
    found = plan_page(
        session,
        caller().organisation_id,
        connection_id=query.connection_id,
        limit=query.limit,
        cursor=query.cursor,
    )
    return PlanList(items=[PlanHead(**_head(row)) for row in found.items], next=found.next)


@api.get("/plans/<id>", responses={200: PlanOut})
@reads(Role.VIEWER)
def get_plan(session: Session, path: IdPath) -> PlanOut:
    """Read a plan with its actions."""
    return plan_out(session, plans.get(session, caller().organisation_id, path.id))


@api.post("/plans/<id>/apply", responses={200: RunOut, 202: RunOut})
@acts(Role.ACCOUNTANT)
def apply_plan(path: IdPath, query: WaitQuery) -> tuple[RunOut, int]:
    """Do exactly what a plan says; 409, naming the record, if either side has moved since."""
    who = caller()
    try:
        asked = apply.apply_plan(
            platform(),
            organisation_id=who.organisation_id,
            plan_id=path.id,
            actor=who.actor,
            may_release=who.role.may(Role.SUPPORT),
        )
    except apply.NeedsRelease as refusal:
        raise ApiError(403, f"This needs the role {Role.SUPPORT}. {refusal}") from refusal
    return wake_and_wait(asked, query.wait)


@api.post("/connections/<id>/release", responses={200: RunOut, 202: RunOut})
@acts(Role.SUPPORT)
def release(path: IdPath, query: WaitQuery) -> tuple[RunOut, int]:
    """Let a sync go on that was stopped because it would change implausibly much."""
    who = caller()
    asked = apply.release(platform(), organisation_id=who.organisation_id, connection_id=path.id, actor=who.actor)
    return wake_and_wait(asked, query.wait)


def plan_out(session: Session, row: PlanRow) -> PlanOut:
    """Return a plan's document."""
    actions = [ActionOut.model_validate(one.document) for one in plans.actions(session, row.id)]
    connection = connections.get(session, row.organisation_id, row.connection_id)
    told = outlook.of_plan(platform(), session, connection, row)
    forecast = None if told is None else ForecastOut(**outlook.to_json(told))
    return PlanOut(**_head(row), forecast=forecast, actions=actions)


def _head(row: PlanRow) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in PlanHead.model_fields if name != "total"}
    return shown | {"total": row.actions}
