"""The brake on a connection: put on by a run that would do something implausible, taken off by a person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from service.core import guard
from service.core.errors import SyncError
from service.core.guard import Brake, Weight
from service.core.ports import Family
from service.store.queries import agreed
from service.store.queries.events import Subject, add_event
from service.store.sync_models import ConnectionRow
from service.sync.work import Work


class Braked(SyncError):
    """The run would do something implausible; nothing was written, and a person has to look first."""

    code = "brake"


def hold(work: Work, found: Brake, weight: Weight, *, message: str, plan_id: str | None = None) -> None:
    """Put the brake on: the connection says why until somebody has looked.

    :raises Braked: always; it ends the run.
    """
    now = work.platform.clock()
    with work.platform.database.write() as session:
        row = session.get_one(ConnectionRow, work.connection_id)
        again = row.brake is not None and row.brake["message"] == message
        row.brake = {
            "brake": found.value,
            "message": message,
            "touched": weight.touched,
            "linked": weight.linked,
            "plan_id": plan_id,
            "since": row.brake["since"] if again and row.brake else now.isoformat(),
            "released_by": None,
        }
        row.problem = {"kind": Braked.code, "message": message, "since": row.brake["since"]}
        if not again:
            tell(session, row, "stopped by the brake", actor="sync", at=now, why=message, run_id=work.run_id)
    raise Braked(message)


def check_seen(work: Work, families: frozenset[Family], since: datetime) -> None:
    """After everything was read: stop if the other side shows nothing any more of what is linked.

    :param since: when the reading began.
    :raises Braked: nothing was written here or there; what was not seen is not taken as gone.
    """
    with work.platform.database.read() as session:
        row = session.get_one(ConnectionRow, work.connection_id)
        linked, seen = agreed.linked_and_seen(session, work.connection_id, families, since=since)
        rule, held = guard.rule_of(row.settings), row.brake
    emptied = held is not None and held["brake"] == Brake.SIDE_EMPTY
    found = guard.side_empty(seen=seen, linked=linked, rule=rule)
    if found is None and emptied:
        lift(work)
    elif found is not None and not (emptied and held and held["released_by"]):
        weight = Weight(touched=linked, linked=linked)
        hold(work, found, weight, message=guard.sentence(found, package=work.capabilities.package, weight=weight))


def lift(work: Work) -> None:
    """Take the brake off, because what was implausible is no longer there, or has been done as a person wished."""
    with work.platform.database.write() as session:
        row = session.get_one(ConnectionRow, work.connection_id)
        row.brake = None
        if row.problem is not None and row.problem.get("kind") == Braked.code:
            row.problem = None


def done(work: Work) -> None:
    """After a whole run: what a person has released is done, so the brake comes off."""
    with work.platform.database.read() as session:
        held = session.get_one(ConnectionRow, work.connection_id).brake
    if held is not None:
        lift(work)


def tell(
    session: Session, row: ConnectionRow, verb: str, *, actor: str, at: datetime, why: str, run_id: str | None = None
) -> None:
    """Write down what happened to the brake."""
    add_event(
        session,
        organisation_id=row.organisation_id,
        at=at,
        actor=actor,
        verb=verb,
        subject=Subject(kind="connection", id=row.id, label=row.organisation_name),
        connection_id=row.id,
        run_id=run_id,
        after=row.brake,
        why=why,
    )
