"""Keeping the list of drifted fields: what a comparison found, what became of it, what a person decides.

A decision changes facts only; the next run, which holds the connection, acts on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from service.core.drift import DriftDecision, Drifted, DriftRule, DriftStatus, Governed, sentence
from service.core.errors import MappingError, SyncError
from service.core.link import Heard
from service.core.ports import EntityKind
from service.core.snapshot import FieldName, Value, value_from_json, value_to_json
from service.store.drift_models import DriftRow
from service.store.facts import apply_to
from service.store.queries import connections
from service.store.queries import drift as queries
from service.store.queries.events import Subject, add_event, run_now
from service.store.sync_models import ConnectionRow, LinkRow
from service.sync.cases import Ground, load_chunk
from service.sync.names import Names
from service.sync.planner import Case
from service.sync.platform import Platform


class AlreadySettled(SyncError):
    """What became of it is settled, and is not what was asked for now; nothing was changed."""

    code = "already_settled"


def note(
    session: Session, connection: ConnectionRow, link: LinkRow, case: Case, governed: Governed, *, now: datetime
) -> None:
    """Write down what a comparison found on a link: new drift, changed drift, drift that went away.

    What the plan takes over is closed by :func:`accepted`, what a write puts back once that is confirmed.
    """
    if not governed.found and not case.drift:
        return
    known = queries.in_force(session, [link.id]).get(link.id, ())
    rows = {row.field: row for row in known if _is_open(row)}
    fresh = []
    for found in governed.found:
        row = rows.pop(found.field, None)
        if row is None:
            for earlier in known:
                if earlier.field == found.field:
                    earlier.kept = False  # it was accepted as it was then
            row = DriftRow(
                organisation_id=connection.organisation_id,
                connection_id=connection.id,
                link_id=link.id,
                entity=link.entity,
                record_id=link.record_id,
                label=case.label,
                field=found.field,
                agreed=value_to_json(found.agreed),
                found_at=now,
                found_run_id=run_now(),
            )
            session.add(row)
            fresh.append(found)
        elif value_from_json(row.theirs) != found.theirs:
            row.decision = row.decided_by = row.decided_at = None  # it was about another value
            fresh.append(found)
        if found in fresh:
            row.theirs = value_to_json(found.theirs)
            row.changed_at = None if case.theirs is None else case.theirs.modified_at
        row.ours, row.seen_at = value_to_json(found.ours), now
    for row in rows.values():
        _close(row, DriftStatus.LAPSED, now=now, by="sync")
    if fresh:
        _tell(session, connection, link, case, fresh, now=now)


def accepted(
    session: Session,
    ground: Ground,
    link: LinkRow,
    taken: Sequence[Drifted],
    *,
    now: datetime,
) -> None:
    """Close drift whose value of theirs was taken over, and tell where ours can't hold it: there both sides stay."""
    if not taken:
        return
    session.flush()
    ours = _ours_now(session, ground, link)
    rows = {row.field: row for row in queries.in_force(session, [link.id]).get(link.id, ()) if _is_open(row)}
    for one in taken:
        row, now_ours = rows[one.field], ours.get(one.field, one.ours)
        row.kept = now_ours != one.theirs
        if row.kept:
            row.ours = value_to_json(now_ours)
        elif one.field == "name":
            link.remote_name = str(one.theirs)
        _close(row, DriftStatus.ACCEPTED, now=now, by=row.decided_by or "sync")


def decide(platform: Platform, *, organisation_id: str, drift_id: str, decision: DriftDecision, actor: str) -> None:
    """Take a person's decision about one drifted field; the next run acts on it. Taking it again changes nothing.

    :raises NotFoundError: there is no such field in the organisation.
    :raises AlreadySettled: something else became of it already.
    """
    now = platform.clock()
    with platform.database.write() as session:
        row = queries.get(session, organisation_id, drift_id)
        if not _is_open(row):
            if row.status == _OUTCOMES[decision]:
                return
            message = f"This is settled already: {row.status.replace('_', ' ')}."
            raise AlreadySettled(message)
        if row.decision == decision:
            return
        row.decision, row.decided_by, row.decided_at = decision.value, actor, now
        link = session.get_one(LinkRow, row.link_id)
        apply_to(session, link, Heard(), now=now)
        connection = session.get_one(ConnectionRow, row.connection_id)
        if connection.state == "live":
            connection.due_at = now
        add_event(
            session,
            organisation_id=organisation_id,
            at=now,
            actor=actor,
            verb=_VERBS[decision],
            subject=Subject(kind=row.entity, id=row.record_id, label=row.label),
            link_id=row.link_id,
            connection_id=row.connection_id,
            before={row.field: row.theirs},
            after={row.field: row.ours if decision is DriftDecision.PUT_BACK else row.theirs},
            why="drift: a person decided",
        )


def choose_rule(platform: Platform, *, organisation_id: str, connection_id: str, rule: DriftRule, actor: str) -> None:
    """Choose what becomes of drift on a connection; what stands is decided anew by the next run.

    :raises NotFoundError: there is no such connection in the organisation.
    """
    now = platform.clock()
    with platform.database.write() as session:
        connection = connections.get(session, organisation_id, connection_id)
        before = connection.settings.get("drift", DriftRule.PUT_BACK.value)
        if before == rule:
            return
        connection.settings = {**connection.settings, "drift": rule.value}
        connection.revision += 1
        if connection.state == "live":
            connection.due_at = now
        look_again(session, connection_id, now=now)
        add_event(
            session,
            organisation_id=organisation_id,
            at=now,
            actor=actor,
            verb="drift rule chosen",
            subject=Subject(kind="connection", id=connection_id, label=connection.organisation_name),
            connection_id=connection_id,
            before={"drift": before},
            after={"drift": rule.value},
        )


def look_again(session: Session, connection_id: str, *, now: datetime) -> None:
    """Have every link with standing drift compared once more, because the rule about drift has changed."""
    for link in queries.links_of(session, connection_id):
        apply_to(session, link, Heard(), now=now)


def finish_run(session: Session, connection_id: str, run_id: str, *, now: datetime) -> int:
    """At the end of a run: close what drifted on links that have ended; return how many fields the run found."""
    session.flush()
    queries.lapse_without_link(session, connection_id, now=now)
    return queries.count_of_run(session, connection_id, run_id)


def sentence_of(row: DriftRow, connection: ConnectionRow, package: str) -> str:
    """Say what was changed there and what becomes of it, from stored facts."""
    found = Drifted(
        field=row.field,
        agreed=value_from_json(row.agreed),
        ours=value_from_json(row.ours),
        theirs=value_from_json(row.theirs),
    )
    return sentence(
        found,
        package=package,
        rule=DriftRule(connection.settings.get("drift", DriftRule.PUT_BACK)),
        status=DriftStatus(row.status),
        decision=None if row.decision is None else DriftDecision(row.decision),
        kept=row.kept,
    )


_OUTCOMES = {DriftDecision.ACCEPT: DriftStatus.ACCEPTED, DriftDecision.PUT_BACK: DriftStatus.PUT_BACK}
_VERBS = {DriftDecision.ACCEPT: "accepted a change there", DriftDecision.PUT_BACK: "asked to put a change there back"}


def _is_open(row: DriftRow) -> bool:
    return row.status == DriftStatus.OPEN


def _close(row: DriftRow, status: DriftStatus, *, now: datetime, by: str) -> None:
    row.status, row.closed_at, row.closed_by, row.closed_run_id = status.value, now, by, run_now()


def _ours_now(session: Session, ground: Ground, link: LinkRow) -> dict[FieldName, Value]:
    """Return our side of a link as it stands in this transaction."""
    kind = EntityKind(link.entity)
    chunk = load_chunk(session, ground, kind, [link], Names(ground.capabilities, {}))
    case = chunk.cases[0]
    if case.record is None:
        return {}
    try:
        return dict(ground.mappers[kind].project(case.record, chunk.context).snapshot.fields)
    except MappingError:
        return {}


def _tell(
    session: Session,
    connection: ConnectionRow,
    link: LinkRow,
    case: Case,
    fresh: Sequence[Drifted],
    *,
    now: datetime,
) -> None:
    add_event(
        session,
        organisation_id=connection.organisation_id,
        at=now,
        actor=f"package:{connection.id}",
        verb="changed there, where ours leads",
        subject=Subject(kind=link.entity, id=link.record_id, label=case.label),
        link_id=link.id,
        connection_id=connection.id,
        before={one.field: value_to_json(one.agreed) for one in fresh},
        after={one.field: value_to_json(one.theirs) for one in fresh},
        why="drift",
    )
