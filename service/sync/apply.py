"""Asking for what a person has read: the run of a saved plan, the run that a brake had stopped."""

from __future__ import annotations

from service.core.errors import SyncError
from service.core.guard import Brake
from service.store.queries import connections as queries
from service.store.queries import plans
from service.store.queries.events import Subject, add_event
from service.sync import hold, run, saved
from service.sync.connect import WrongState
from service.sync.platform import Platform
from service.sync.run import Asked


class NeedsRelease(SyncError):
    """The plan would do what the brake stops: somebody who may release it has to apply it."""

    code = "brake"


def apply_plan(platform: Platform, *, organisation_id: str, plan_id: str, actor: str, may_release: bool) -> Asked:
    """Ask for the run that does exactly what a saved plan says.

    The plan is compared with what is known here at once, and again by the run once it has read what changed there.

    :param may_release: whether whoever asks may let pass what the brake would stop.
    :raises NotFoundError: there is no such plan in the organisation.
    :raises PlanOutdated: a record of the plan has moved, or the plan was applied before.
    :raises NeedsRelease: the plan would do something implausible, and the role is too weak for that.
    :raises WrongState: the connection is not live, or a run is under way.
    """
    with platform.database.write() as session:
        plan = plans.get(session, organisation_id, plan_id)
        connection = queries.get(session, organisation_id, plan.connection_id)
        if plan.applied_at is not None:
            message = "This plan was applied before. Make a new one."
            raise saved.PlanOutdated(message)
        if queries.run_under_way(session, connection.id) is not None:
            message = "A sync of this connection is under way. Apply the plan once it has ended."
            raise WrongState(message)
        saved.check(platform, session, plan)
        if plan.brake is not None and not may_release:
            raise NeedsRelease(plan.brake)
        options = {"plan_id": plan_id}
    asked = run.ask(
        platform, organisation_id=organisation_id, connection_id=connection.id, actor=actor, options=options
    )
    now = platform.clock()
    with platform.database.write() as session:
        plan = plans.get(session, organisation_id, plan_id)
        plan.applied_by, plan.applied_at, plan.run_id = actor, now, asked.run_id
        add_event(
            session,
            organisation_id=organisation_id,
            at=now,
            actor=actor,
            verb="applied a plan",
            subject=Subject(kind="plan", id=plan_id, label=connection.organisation_name),
            connection_id=connection.id,
            run_id=asked.run_id,
            after={"actions": plan.actions, "calls": plan.calls},
        )
    return asked


def release(platform: Platform, *, organisation_id: str, connection_id: str, actor: str) -> Asked:
    """Let what the brake stopped go on, and ask for the run that does it.

    That run is stopped again only if it would now do clearly more.

    :raises NotFoundError: there is no such connection in the organisation.
    :raises WrongState: nothing is stopped there, or the connection is not live.
    """
    now = platform.clock()
    with platform.database.write() as session:
        row = queries.get(session, organisation_id, connection_id)
        if row.brake is None or row.brake["released_by"]:
            message = "No sync of this connection is stopped."
            raise WrongState(message)
        row.brake = {**row.brake, "released_by": actor, "released_at": now.isoformat()}
        row.problem = None
        hold.tell(session, row, "released the brake", actor=actor, at=now, why=str(row.brake["message"]))
        # Whether a side is still empty only a look at everything can tell.
        options = {"full": True} if row.brake["brake"] == Brake.SIDE_EMPTY else {}
    return run.ask(platform, organisation_id=organisation_id, connection_id=connection_id, actor=actor, options=options)
