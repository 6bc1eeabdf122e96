"""One run on one connection, from asking for it to its last line: pull, settle, push by waves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.orm import Session

from service.core import budget
from service.core.errors import ConnectionBroken, SubscriptionEnded, SyncError
from service.core.ports import EntityKind
from service.ids import new_id
from service.logs import correlated
from service.store import leases
from service.store.plan_models import PlanRow
from service.store.queries import connections as queries
from service.store.queries import due, resets, urgents
from service.store.queries.events import Subject, add_event, during
from service.store.queries.tallies import count_green
from service.store.sync_models import ConnectionRow, RunRow
from service.sync import (
    books,
    brake,
    connect,
    drift,
    hold,
    inbox,
    outlook,
    pacing,
    recorded,
    reset_run,
    saved,
    settle,
    urgent,
    waves,
)
from service.sync.cases import Ground
from service.sync.names import Names
from service.sync.platform import Platform
from service.sync.work import LeaseLost, Resting, Work

_log = structlog.get_logger(__name__)

#: Passes over the waves in one run: another one follows where somebody else wrote meanwhile or an answer was lost.
_PASSES = 3
#: How soon a run that ended without certainty is tried again.
_SOON = timedelta(seconds=20)
_LEASE = timedelta(seconds=90)
#: Runs between whose calls nothing else is sent: of a reset, because names are being handed over meanwhile.
_WAITS = {
    "reset": "A reset is under way, in which names change hands: what you asked for is sent right after it.",
    "reconcile": "A comparison is under way, which sends nothing: what you asked for is sent right after it.",
}
_SYNCING = ("live",)
_READING = ("live", "matching", "paused")


@dataclass(frozen=True, slots=True)
class Asked:
    """The run that will do what was asked for."""

    run_id: str
    connection_id: str
    urgent: tuple[str, ...] = ()  #: requests for single records, which it serves before the rest
    waits: str | None = None  #: why it does not serve such requests, and what will; a sentence


def ask(
    platform: Platform,
    *,
    organisation_id: str,
    connection_id: str,
    kind: str = "sync",
    actor: str,
    options: Mapping[str, Any] | None = None,
) -> Asked:
    """Ask for a run. While one is under way that run is the answer, and what changed meanwhile is done after it.

    :raises NotFoundError: there is no such connection in the organisation.
    :raises WrongState: the connection can't be synced (or read) in its state.
    """
    with platform.database.write() as session:
        connection = queries.get(session, organisation_id, connection_id, locked=True)
        allowed = _READING if kind == "reconcile" else _SYNCING
        if connection.state not in allowed:
            message = f"The connection is {connection.state.replace('_', ' ')}, so nothing can be sent or read now."
            raise connect.WrongState(message)
        run = queries.run_under_way(session, connection_id)
        if run is not None:
            # Two processes may both find a connection due: what the schedule asks for anyway is not asked for twice.
            run.again = run.again or actor != "schedule" or kind != "sync"
            if kind == "reset" and run.state == "queued" and run.kind == "sync" and not run.options:
                run.kind, run.options = kind, dict(options or {})  # the sync that was asked for follows it
            # A comparison of everything must not get lost because a sync is under way: the next run makes it.
            connection.full_due = connection.full_due or (kind == "reconcile" and bool((options or {}).get("full")))
            return Asked(run.id, connection_id, waits=_WAITS.get(run.kind))
        run = RunRow(
            id=new_id(),
            organisation_id=organisation_id,
            connection_id=connection_id,
            kind=kind,
            options=dict(options or {}),
            requested_by=actor,
            requested_at=platform.clock(),
            counts={},
        )
        session.add(run)
        return Asked(run.id, connection_id)


def perform(platform: Platform, connection_id: str) -> str | None:
    """Do the run that is asked for on a connection, if this worker gets it; return its id.

    A run that a dead worker left behind is taken over and goes on from what is stored.
    """
    holder = leases.new_holder()
    run_id = _begin(platform, connection_id, holder)
    if run_id is None:
        return None
    outcome = "failed"
    problem: dict[str, Any] | None = None
    rest: timedelta | None = None
    work: Work | None = None
    held = False
    try:
        work = Work(platform, connection_id, holder=holder, run_id=run_id)
        with during(run_id), correlated(run_id, connection_id=connection_id):
            _do(work, run_id)
        unfinished = work.doubt or work.stale
        outcome = "partial" if unfinished or work.counts["conflicts"] or work.counts["failed"] else "succeeded"
        rest = _SOON if unfinished else None
        if work.scope is not None and work.scope.left:
            outcome, problem = "partial", {"kind": "plan_outdated", "message": saved.left_out(work.scope)}
    except Resting as error:
        outcome, rest = "partial", max(error.rest, _SOON)
        problem = {"kind": "resting", "message": _resting(work, error)}
    except ConnectionBroken as error:
        problem = {"kind": error.code, "message": error.message, "provider_code": error.provider_code}
        state = "paused" if isinstance(error, SubscriptionEnded) else "needs_reauth"  # reconnecting would not help
        connect.lose_authorisation(platform, connection_id, error.message, state=state)
    except LeaseLost:
        return run_id  # another worker has the run; this one must not close it
    except hold.Braked as error:
        problem, held = {"kind": error.code, "message": str(error)}, True
    except SyncError as error:
        problem = {"kind": error.code, "message": str(error)}
    except Exception:  # noqa: BLE001  (a run is closed whatever happens in it, or it would block the connection)
        _log.exception("run failed", run_id=run_id, connection_id=connection_id)
        problem = {
            "kind": "internal",
            "message": "Something went wrong inside Tieout; the log of the service says what.",
        }
    _end(platform, connection_id, holder, run_id, work, outcome=outcome, problem=problem, rest=rest, held=held)
    return run_id


def _begin(platform: Platform, connection_id: str, holder: str) -> str | None:
    now = platform.clock()
    with platform.database.write() as session:
        if not leases.take(session, ConnectionRow, connection_id, holder=holder, now=now, span=_LEASE):
            return None
        run = queries.run_under_way(session, connection_id)
        connection = session.get_one(ConnectionRow, connection_id)
        rests = connection.wait_until is not None and connection.wait_until > now
        if run is None or (rests and not urgents.any_waiting(session, connection_id)):
            leases.release(session, ConnectionRow, connection_id, holder=holder)
            return None
        # A sync looks at everything that was asked for before it began; what another run leaves out follows it.
        run.state, run.again = "running", run.kind != "sync" and urgents.any_waiting(session, connection_id)
        run.started_at = run.started_at or now
        return run.id


def _do(work: Work, run_id: str) -> None:
    with work.platform.database.read() as session:
        run = session.get_one(RunRow, run_id)
        kind, options, full = run.kind, run.options, bool(run.options.get("full"))
        connection = session.get_one(ConnectionRow, work.connection_id)
        work.urgent = kind == "sync" and urgents.any_waiting(session, work.connection_id)
        state, outdated = connection.state, books.lists_outdated(connection, work.platform.clock())
        expected = _expected(work, session, connection, kind, options)
    began = work.platform.clock()
    with work.platform.database.write() as session:
        queries.report_run(session, run_id, phase="reading what changed", forecast=expected)
    if full or outdated:
        books.read_lists(work)
    if full:
        books.read_everything(work, books.all_families(work))
    else:
        books.read_feed(work)
    inbox.take_in(work, until=began)
    ground = work.ground()
    if state == "live":
        plan_id, reset_id = options.get("plan_id"), options.get("reset_id")
        _bring_together(work, ground, sends=kind != "reconcile", plan_id=plan_id, reset_id=reset_id)
    work.report(done=work.done, phase="done")


def _expected(
    work: Work, session: Session, row: ConnectionRow, kind: str, options: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return what the run is going to take, for whoever watches; None for a reset, whose own plan says it."""
    if options.get("reset_id") is not None:
        return None
    platform, plan_id = work.platform, options.get("plan_id")
    told = None if plan_id is None else outlook.of_plan(platform, session, row, session.get_one(PlanRow, plan_id))
    if told is None:
        told = outlook.outlook_of(platform, session, row, sends=kind != "reconcile", full=bool(options.get("full")))
    return outlook.to_json(told)


def _bring_together(work: Work, ground: Ground, *, sends: bool, plan_id: str | None, reset_id: str | None) -> None:
    """Settle what is in doubt, compare what is due, and send; a comparison alone leaves that to the next sync.

    :raises PlanOutdated: a side has moved since the plan that the run applies was made.
    :raises Braked: the run would do something implausible.
    """
    work.least_calls = work.connector.calls_made
    for attempt in work.passes(_PASSES):
        if attempt and work.needs_another_look:
            books.read_feed(work)
        settle.settle(work, ground)
        may_reset = sends and plan_id is None
        ready = work.doubt or not may_reset or reset_run.before(work, ground, reset_id=reset_id)
        if ready and not work.doubt:
            if plan_id is not None and work.scope is None:
                work.scope = saved.scope_of(work.platform, plan_id)
            if work.scope is None:
                brake.check(work)
            _pass(work, ground, sends=sends, reset_id=reset_id)
            left = may_reset and reset_run.after(work, ground)
            left = left or work.waiting > 0 or (work.scope is None and _left(work, ground) > 0)
            if not sends or not (work.needs_another_look or left):
                break
    if work.doubt:
        books.read_feed(work)
        settle.settle(work, ground)
    elif sends and reset_id is None:
        hold.done(work)


def _left(work: Work, ground: Ground) -> int:
    """Count what is due once more: a value taken over from there may change what the jobs below inherit."""
    with work.platform.database.read() as session:
        connection = session.get_one(ConnectionRow, work.connection_id)
        return due.count_due(session, connection, list(ground.kinds), work.platform.clock())


def _pass(work: Work, ground: Ground, *, sends: bool, reset_id: str | None) -> None:
    work.stale, work.waiting, written = False, 0, work.least_calls
    now = work.platform.clock()
    if work.scope is None or reset_id is not None:  # a plan takes in what it said, a reset whatever was paid meanwhile
        work.counts["pulled"] += recorded.take_in(work, ground)
    if sends:
        waves.tie_new_records(work, ground)
        waves.tie_sub_contacts(work, ground)
    with work.platform.database.read() as session:
        connection = session.get_one(ConnectionRow, work.connection_id)
        total = work.done + due.count_due(session, connection, list(ground.kinds), now)
    work.report(done=work.done, total=total, phase="sending" if sends else "comparing")
    names = work.names()
    if sends and reset_id is None:
        work.between = urgent.Overtaking(work, ground, names)
        work.between()
    work.urgent = False
    try:
        _send_waves(work, ground, names, sends=sends)
    finally:
        work.between = lambda: None
    if not work.doubt:
        work.take_turns(wrote=work.least_calls > written)


def _send_waves(work: Work, ground: Ground, names: Names, *, sends: bool) -> None:
    looked = False
    for wave in waves.waves_of(work.capabilities, ground.kinds):
        if wave.kind is EntityKind.INVOICE:
            waves.look_before_voiding(work)
        if wave.leaving and sends and not looked:
            looked = True
            waves.look_before_archiving(work)
        waves.run_wave(work, ground, names, wave, sends=sends)
        if work.doubt:
            return


def _end(
    platform: Platform,
    connection_id: str,
    holder: str,
    run_id: str,
    work: Work | None,
    *,
    outcome: str,
    problem: dict[str, Any] | None,
    rest: timedelta | None,
    held: bool,
) -> None:
    now = platform.clock()
    with platform.database.write() as session:
        connection = session.get_one(ConnectionRow, connection_id)
        run = session.get_one(RunRow, run_id)
        run.state, run.finished_at, run.problem = outcome, now, problem
        if work is not None:
            touched = work.counts["created"] + work.counts["updated"] + work.counts["linked"] + work.counts["pulled"]
            green = count_green(session, connection_id)
            found = drift.finish_run(session, connection_id, run_id, now=now)
            run.counts = {**dict(work.counts), "unchanged": max(0, green - touched), "drift": found}
            run.calls = work.connector.calls_made
            run.least_calls = work.least_calls
            run.done = work.done
        _schedule(platform, session, connection, outcome, now, rest)
        if held:
            connection.due_at = None  # until a person has looked
        if run.kind == "reset" and rest is None and not held:
            connection.due_at = (
                now  # it touches its own records alone; what moved around them is settled right after it
            )
        if run.again and connection.state == "live":
            _queue_again(session, connection, now)
        add_event(
            session,
            organisation_id=connection.organisation_id,
            at=now,
            actor=run.requested_by,
            verb=f"{run.kind} {outcome}",
            subject=Subject(kind="run", id=run.id, label=connection.organisation_name),
            connection_id=connection.id,
            run_id=run.id,
            after={"counts": run.counts, "calls": run.calls},
            why=None if problem is None else str(problem["message"]),
        )
        leases.release(session, ConnectionRow, connection_id, holder=holder)


def _schedule(
    platform: Platform,
    session: Session,
    connection: ConnectionRow,
    outcome: str,
    now: datetime,
    rest: timedelta | None,
) -> None:
    if outcome in ("succeeded", "partial") and rest is None:
        connection.last_sync_at = now
    connection.wait_until = None if rest is None else now + rest
    if connection.state == "live":
        purse = pacing.purse_of(platform, session, connection)
        usual = timedelta(seconds=connection.settings.get("interval") or platform.settings.sync_interval)
        connection.due_at = now + (rest or budget.stretched(usual, purse.limits, purse.spent, now))


def _queue_again(session: Session, connection: ConnectionRow, now: datetime) -> None:
    session.flush()
    full, connection.full_due = connection.full_due, False
    kind: str = "reconcile" if full else "sync"
    options: dict[str, Any] = {"full": True} if full else {}
    reset = next(iter(resets.under_way(session, connection.id, "asked", "releasing")), None)
    if reset is not None and not full:
        kind, options = "reset", {"reset_id": reset.id}
    session.add(
        RunRow(
            id=new_id(),
            organisation_id=connection.organisation_id,
            connection_id=connection.id,
            kind=kind,
            options=options,
            requested_by="schedule" if kind != "reset" or reset is None else reset.requested_by,
            requested_at=now,
            counts={},
        )
    )


def _resting(work: Work | None, error: Resting) -> str:
    package = work.capabilities.package if work else "The package"
    said = str(error).rstrip(".")
    return f"{package} asked to be left alone for a while: {said}. The sync goes on by itself."
