"""Saved plans: what was read can be applied exactly as it stands, or is refused because a side has moved."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from service.core.errors import SyncError
from service.core.forecast import to_json as needs_to_json
from service.core.ports import EntityKind, Ref
from service.ids import new_id
from service.store.plan_models import PlanActionRow, PlanRow
from service.store.queries import connections as queries
from service.store.queries import plans
from service.store.sync_models import ConnectionRow
from service.sync import weight
from service.sync.plan import Action, Preview, action_to_json, plan_of
from service.sync.platform import Platform
from service.sync.work import Scope

#: A plan that nobody applied is forgotten after this: the books have moved on.
KEPT = timedelta(days=30)
#: A refusal names no more records than a person wants to read.
_NAMED = 3


class PlanOutdated(SyncError):
    """A side has moved since the plan was made; the message names the records, and nothing was written."""

    code = "plan_outdated"


def make(platform: Platform, *, organisation_id: str, connection_id: str, actor: str) -> str:
    """Make a plan of what the next sync would do, and keep it; return its id.

    :raises NotFoundError: there is no such connection in the organisation.
    :raises WrongState: nothing was read from the package yet, so there is nothing to plan with.
    """
    with platform.database.read() as session:
        row = queries.get(session, organisation_id, connection_id)
        preview = plan_of(platform, session, row)
        package = platform.provider(row.provider).capabilities.package
        stopped = weight.verdict(preview, row.settings, package=package)
    with platform.database.write() as session:
        row = queries.get(session, organisation_id, connection_id)
        return save(session, row, preview, actor=actor, now=platform.clock(), brake=stopped).id


def save(
    session: Session,
    row: ConnectionRow,
    preview: Preview,
    *,
    actor: str,
    now: datetime,
    brake: str | None = None,
) -> PlanRow:
    """Keep a plan; plans of the connection that nobody applied in time go away."""
    plans.forget(session, row.id, before=now - KEPT)
    plan = PlanRow(
        id=new_id(),
        organisation_id=row.organisation_id,
        connection_id=row.id,
        created_by=actor,
        created_at=now,
        calls=preview.calls,
        needs=needs_to_json(preview.needs),
        unchanged=preview.unchanged,
        actions=len(preview.actions),
        brake=brake,
    )
    session.add(plan)
    session.flush()
    session.add_all(
        PlanActionRow(
            plan_id=plan.id,
            position=position,
            entity=action.entity,
            record_id=action.record_id,
            label=action.label,
            action=action.action,
            stamp=action.stamp,
            document=action_to_json(action),
        )
        for position, action in enumerate(preview.actions)
    )
    return plan


def check(platform: Platform, session: Session, plan: PlanRow) -> Scope:
    """Compare a plan with what would be done now.

    What the plan leaves out may have changed: it is not touched.

    :raises PlanOutdated: a record of the plan has moved on either side, or is not there to be done any more.
    """
    now = plan_of(platform, session, session.get_one(ConnectionRow, plan.connection_id))
    found: dict[tuple[str, str], deque[Action]] = {}  # a record that steps aside for another has two
    for action in now.actions:
        found.setdefault((action.entity, action.record_id), deque()).append(action)
    moved: dict[str, None] = {}
    counters: dict[Ref, tuple[int, int]] = {}
    for kept in plans.actions(session, plan.id):
        left = found.get((kept.entity, kept.record_id))
        action_now = left.popleft() if left else None
        if action_now is None or not _same(kept, action_now):
            moved[kept.label] = None
        else:
            counters[Ref(kind=EntityKind(kept.entity), id=kept.record_id)] = action_now.counters
    if moved:
        raise PlanOutdated(_moved(list(moved)))
    return Scope(counters)


def scope_of(platform: Platform, plan_id: str) -> Scope:
    """Check the plan that a run applies, and return what the run may touch.

    :raises PlanOutdated: a side has moved since it was made.
    """
    with platform.database.read() as session:
        return check(platform, session, session.get_one(PlanRow, plan_id))


def left_out(scope: Scope) -> str:
    """Say which records of a plan moved while it was being applied, and were left as they are."""
    named = _named(list(scope.left.values()))
    return f"{named} changed while the plan was being applied, and waits for the next sync."


def _same(kept: PlanActionRow, now: Action) -> bool:
    return (kept.action, kept.stamp) == (now.action, now.stamp)


def _moved(labels: list[str]) -> str:
    verb = "has" if len(labels) == 1 else "have"
    return f"{_named(labels)} {verb} changed since the plan was made, so nothing was written. Make a new plan."


def _named(labels: list[str]) -> str:
    named = ", ".join(f"'{label}'" for label in labels[:_NAMED])
    return named + (f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else "")
