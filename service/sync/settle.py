"""After any doubt: compare what was meant with what the change feed has brought since, and decide what follows.

The feed was read to a cursor before the call was made, so reading on from there shows every write that landed. No
search and no extra call is needed: an open call is settled out of the counterpart table.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.core.intent import (
    Call,
    Finding,
    Intent,
    IntentState,
    KeyRules,
    NextStep,
    Operation,
    after_probe,
    judge,
)
from service.core.ports import EntityKind, Family, RemoteRecord
from service.core.problem import Problem, ProblemKind
from service.core.snapshot import Snapshot, from_json, spelled_like
from service.store.queries import calls, counterparts, links
from service.store.sync_models import CallRow, ConnectionRow, IntentRow, LinkRow
from service.sync import closing
from service.sync.cases import Ground
from service.sync.push import send_again
from service.sync.surroundings import label_of_link
from service.sync.work import Work

#: Sends of one record in a row without a clear outcome before a person is asked.
MAX_SENDS = 8


@dataclass(frozen=True, slots=True)
class _Judged:
    intent: IntentRow
    link: LinkRow
    found: RemoteRecord | None
    finding: Finding


def settle(work: Work, ground: Ground) -> None:
    """Settle every open call of the connection; the change feed must have been read to its end just before."""
    work.doubt = False
    with work.platform.database.read() as session:
        open_calls = [call.id for call in calls.open_calls(session, work.connection_id)]
    for call_id in open_calls:
        if _settle_one(work, ground, call_id):
            send_again(work, ground, call_id)


def _settle_one(work: Work, ground: Ground, call_id: str) -> bool:
    """Settle one call; return True if it is to be sent again as it is."""
    now = work.platform.clock()
    with work.platform.database.write() as session:
        connection = session.get_one(ConnectionRow, work.connection_id)
        row = session.get_one(CallRow, call_id)
        tied: set[str] = set()
        judged = [
            _judge(session, ground, row, intent, link, tied)
            for intent, link in calls.intents_of(session, call_id)
            if intent.closed_at is None
        ]
        call = Call(
            id=row.id,
            attempt=row.attempt,
            sent_at=row.sent_at or row.created_at,
            last_sent_at=row.last_sent_at or row.created_at,
            sends=max([row.sends, *(one.link.doubts for one in judged)]),
            answer_read=row.answer_read,
            unknown=True,
        )
        capabilities = work.capabilities
        rules = KeyRules(window=capabilities.key_window, errors_replayed=capabilities.errors_replayed)
        findings = [one.finding for one in judged]
        partly = len(judged) < row.elements  # closed ones landed or were refused: part of the call is done
        if partly and rules.window is None:
            findings = [*findings, Finding.LANDED]
        steps = after_probe(call, findings, rules=rules, now=now, max_sends=MAX_SENDS)[: len(judged)]
        again = False
        for one, step in zip(judged, steps, strict=True):
            again |= _follow(work, ground, session, connection, one, step)
        if not again:
            closing.close_call(row, now=now)
    return again


def _judge(
    session: Session, ground: Ground, call: CallRow, intent: IntentRow, link: LinkRow, tied: set[str]
) -> _Judged:
    kind = EntityKind(link.entity)
    mapper = ground.mappers[kind]
    family = ground.capabilities.family_of[kind]
    meant = Intent(
        id=intent.id,
        link_id=link.id,
        generation=intent.generation,
        wanted=intent.wanted,
        operation=Operation(intent.operation),
        expected=from_json(intent.expected),
        before=None if intent.before is None else from_json(intent.before),
        state=IntentState(intent.state),
    )
    if meant.operation is Operation.CREATE and link.remote_id is None:
        found = _created(session, ground, call, link, family, meant.expected, tied)
    else:
        known = counterparts.by_remote_ids(session, link.connection_id, family, [link.remote_id or ""])
        row = known.get(link.remote_id or "")
        found = None if row is None or row.deleted else counterparts.record_of(row)
    shown = None if found is None else spelled_like(mapper.read(found, ground.reading), meant.expected, meant.before)
    return _Judged(intent, link, found, judge(meant, shown))


def _created(
    session: Session,
    ground: Ground,
    call: CallRow,
    link: LinkRow,
    family: Family,
    expected: Snapshot,
    tied: set[str],
) -> RemoteRecord | None:
    """Return the entity that a lost create made: new since the call, ours by its identity, and tied to nobody."""
    mapper = ground.mappers[EntityKind(link.entity)]
    named = str(expected.get("name") or expected.get("number") or "") or None
    # What bears no name bears no reference of ours either: then everything new of its family is looked at.
    reference = link.reference if named else None
    candidates = counterparts.candidates_for(
        session, link.connection_id, family, reference=reference, name=named, since=call.created_at
    )
    taken = links.by_remote_ids(session, link.connection_id, family, [one.remote_id for one in candidates])
    for candidate in candidates:
        if candidate.remote_id in taken or candidate.remote_id in tied:
            continue
        shown = mapper.read(candidate, ground.reading)
        if all(shown.get(field) == expected.get(field) for field in mapper.identity):
            tied.add(candidate.remote_id)
            return candidate
    return None


def _follow(
    work: Work, ground: Ground, session: Session, connection: ConnectionRow, one: _Judged, step: NextStep
) -> bool:
    """Carry out what the probe decided for one intent; return True if its call is to be sent again."""
    now = work.platform.clock()
    match step:
        case NextStep.CONFIRM if one.found is not None:
            work.counts[closing.counted_as(one.intent, one.link)] += 1
            closing.confirm(
                session,
                connection,
                one.intent,
                one.link,
                one.found,
                ground=ground,
                now=now,
                request_id=None,
                probed=True,
            )
        case NextStep.RECONCILE | NextStep.CONFIRM:
            if one.found is not None and one.link.remote_id is None and one.link.retired_at is None:
                one.link.remote_id, one.link.remote_name = one.found.remote_id, one.found.name
            one.link.heard += 1
            work.stale = True
            closing.abandon(one.intent, one.link, now=now)
        case NextStep.SEND_AGAIN:
            return one.link.retired_at is None or _left_behind(one, work)
        case NextStep.GIVE_UP:
            closing.abandon(one.intent, one.link, now=now)
            label = label_of_link(session, one.link.organisation_id, one.link)
            params = {"package": work.capabilities.package, "name": label, "entity": one.link.entity}
            problem = Problem(kind=ProblemKind.OUTCOME_UNKNOWN, params=params)
            closing.open_problem(session, connection, one.link, problem, label=label, now=now)
        case _:
            work.stale = True
            closing.abandon(one.intent, one.link, now=now)
    return False


def _left_behind(one: _Judged, work: Work) -> bool:
    """A link that was reset meanwhile is not written for again."""
    closing.abandon(one.intent, one.link, now=work.platform.clock())
    return False
