"""Weighing what a run is about to do, and stopping it where that is implausible."""

from __future__ import annotations

from service.core import guard
from service.core.guard import Brake, Weight
from service.store.queries import agreed
from service.store.sync_models import ConnectionRow
from service.sync import hold, saved
from service.sync.plan import Preview, plan_of
from service.sync.weight import weigh
from service.sync.work import Work


def check(work: Work) -> None:
    """Stop the run if it would change or retire implausibly many records; looks closely only where that may be.

    :raises Braked: nothing was written here or there; the connection says why, and keeps the plan.
    """
    with work.platform.database.read() as session:
        row = session.get_one(ConnectionRow, work.connection_id)
        rule, held = guard.rule_of(row.settings), row.brake
        due = agreed.count_agreed(session, row, due=True)
        close = rule.exceeded(touched=due, linked=agreed.count_agreed(session, row))
        preview = plan_of(work.platform, session, row) if close else None
    if held is not None and held["brake"] == Brake.SIDE_EMPTY and not held["released_by"]:
        raise hold.Braked(str(held["message"]))  # only a look at everything can tell that it is filled again
    weight = Weight(touched=0, linked=0) if preview is None else weigh(preview)
    released = int(held["touched"]) if held is not None and held["released_by"] else 0
    found = guard.too_many(weight, rule=rule, released=released)
    if found is not None and preview is not None:
        message = guard.sentence(found, package=work.capabilities.package, weight=weight)
        plan_id = _kept(work, preview, message)
        hold.hold(work, found, weight, message=message, plan_id=plan_id)
    if held is not None and not held["released_by"]:
        hold.lift(work)  # what was implausible is no longer there


def _kept(work: Work, preview: Preview, message: str) -> str:
    """Save what the run would have done, for the person who has to look."""
    with work.platform.database.write() as session:
        row = session.get_one(ConnectionRow, work.connection_id)
        return saved.save(session, row, preview, actor="sync", now=work.platform.clock(), brake=message).id
