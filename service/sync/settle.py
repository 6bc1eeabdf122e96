"""After any doubt: compare what was meant with what the change feed has brought since, and decide what follows.

The feed was read to a cursor before the call was made, so reading on from there shows every write that landed. No
search and no extra call is needed: an open call is settled out of the counterpart table.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

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
    after_restart,
    judge,
)
from service.core.link import Heard, Tied
from service.core.ports import EntityKind, Family, RemoteRecord
from service.core.snapshot import Snapshot, spelled_like
from service.store.facts import apply_to
from service.store.queries import calls, counterparts, links
from service.store.sync_models import CallRow, LinkRow
from service.sync import books
from service.sync.cases import Ground
from service.sync.closing import Closing, counted_as
from service.sync.push import send_again
from service.sync.surroundings import label_of_link
from service.sync.work import LEASE_STEP, Work

#: Sends of one record in a row without a clear outcome before a person is asked.
MAX_SENDS = 8


@dataclass(frozen=True, slots=True)
class _Judged:
    intent: Intent
    link: LinkRow
    found: RemoteRecord | None
    finding: Finding
    stands: bool  #: it is meant still: not what was meant of a life that has ended, but what was written to end it


def settle(work: Work, ground: Ground) -> None:
    """Settle every open call of the connection; the change feed must have been read to its end just before.

    A request that may still be under way, because whoever sent it died a moment ago, is waited for first.
    """
    work.doubt = False
    with work.platform.database.read() as session:
        open_calls = calls.open_calls(session, work.connection_id)
    if any(_wait_for(work, row) for row in open_calls):
        books.read_feed(work)
    for row in open_calls:
        if _settle_one(work, ground, row.id):
            send_again(work, ground, row.id)


def under_way(work: Work) -> timedelta:
    """Return how long a request may be under way after it was sent."""
    return work.lease_span


def _wait_for(work: Work, row: CallRow) -> bool:
    """Wait until a call is surely no longer under way; tell whether that took any time."""
    call, waited = _call(row), False
    while after_restart(call, now=work.platform.clock(), lease=under_way(work)) is NextStep.WAIT:
        if not waited:
            work.report(phase="waiting for a call that may be under way")
        waited = True
        work.rest(min(call.last_sent_at + under_way(work) - work.platform.clock(), LEASE_STEP))
    return waited


def _call(row: CallRow, *, doubts: int = 0) -> Call:
    """Return the facts of a call; what does not say when it was sent left when it was written down.

    :param doubts: how often in a row nobody could tell at first what became of one of its records.
    """
    return Call(
        id=row.id,
        attempt=row.attempt,
        sent_at=row.sent_at or row.created_at,
        last_sent_at=row.last_sent_at or row.created_at,
        sends=max(row.sends, doubts),
        answer_read=row.answer_read,
        unknown=row.state == IntentState.UNKNOWN,
    )


def _settle_one(work: Work, ground: Ground, call_id: str) -> bool:
    """Settle one call; return True if it is to be sent again as it is."""
    now = work.platform.clock()
    with work.platform.database.write() as session:
        row = session.get_one(CallRow, call_id)
        tied: set[str] = set()
        judged = [
            _judge(session, ground, row, intent, link, tied) for intent, link in calls.open_intents(session, call_id)
        ]
        call = _call(row, doubts=max([0, *(one.link.doubts for one in judged)]))
        capabilities = work.capabilities
        rules = KeyRules(window=capabilities.key_window, errors_replayed=capabilities.errors_replayed)
        findings = [one.finding for one in judged]
        partly = len(judged) < row.elements  # closed ones landed or were refused: part of the call is done
        if partly and rules.window is None:
            findings = [*findings, Finding.LANDED]
        steps = after_probe(call, findings, rules=rules, now=now, max_sends=MAX_SENDS)[: len(judged)]
        closing = Closing(session, ground, now=now)
        again = False
        # Sent as it is, a call carries what was let go meanwhile too: that is noted with the life that has ended.
        whole = any(step is NextStep.SEND_AGAIN and one.stands for one, step in zip(judged, steps, strict=True))
        for one, step in zip(judged, steps, strict=True):
            if whole and step is NextStep.SEND_AGAIN:
                again = True
            else:
                again |= _follow(work, closing, one, step)
        closing.write()
        if not again:
            calls.close(session, call_id, now=now)
    return again


def _judge(session: Session, ground: Ground, call: CallRow, intent: Intent, link: LinkRow, tied: set[str]) -> _Judged:
    kind = EntityKind(link.entity)
    mapper = ground.mappers[kind]
    family = ground.capabilities.family_of[kind]
    row = None
    if intent.operation is Operation.CREATE and link.remote_id is None:
        found = _created(session, ground, call, link, family, intent.expected, tied)
    else:
        known = counterparts.by_remote_ids(session, link.connection_id, family, [link.remote_id or ""])
        row = known.get(link.remote_id or "")
        found = None if row is None or row.deleted else counterparts.record_of(row)
    shown = None if found is None else spelled_like(mapper.read(found, ground.reading), intent.expected, intent.before)
    finding = judge(intent, shown)
    if found is None and finding is Finding.LANDED and row is not None:
        found = counterparts.record_of(row)  # gone, as was meant
    stands = link.retired_at is None or call.created_at >= link.retired_at
    return _Judged(intent, link, found, finding, stands)


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


def _follow(work: Work, closing: Closing, one: _Judged, step: NextStep) -> bool:
    """Carry out what the probe decided for one intent; return True if its call is to be sent again."""
    match step:
        case NextStep.CONFIRM if one.found is not None:
            _confirm(work, closing, one, one.found, edited=False)
        case NextStep.RECONCILE | NextStep.CONFIRM:
            _reconcile(work, closing, one)
        case NextStep.SEND_AGAIN if one.stands:
            return True
        case NextStep.GIVE_UP:
            label = label_of_link(closing.session, one.link.organisation_id, one.link)
            closing.give_up(one.intent, one.link, label=label)
        case _:  # a new call; or the link was reset meanwhile, and is not written for again
            work.stale = True
            closing.abandon(one.intent, one.link)
    return False


def _confirm(work: Work, closing: Closing, one: _Judged, found: RemoteRecord, *, edited: bool) -> None:
    """Note that the write is there; what else was changed there since is for the next pass to find."""
    work.counts[counted_as(one.intent, one.link)] += 1
    closing.confirm(one.intent, one.link, found, probed=True, edited=edited)
    apply_to(closing.session, one.link, Heard(), now=closing.now)


def _is_ours(found: RemoteRecord, link: LinkRow) -> bool:
    """Tell whether an entity was written by us, whoever edited it since: it bears this life's own reference.

    A life that has ended keeps what was found as what it left behind; nothing is decided by it.
    """
    return link.retired_at is not None or (link.reference is not None and found.reference == link.reference)


def _reconcile(work: Work, closing: Closing, one: _Judged) -> None:
    """Somebody else's hand: let the next pass compare the two sides, of what is tied to each other now."""
    work.stale = True
    if one.found is not None and one.intent.operation is Operation.CREATE and _is_ours(one.found, one.link):
        _confirm(work, closing, one, one.found, edited=True)
        return
    closing.abandon(one.intent, one.link)
    if one.found is not None and one.link.remote_id is None and one.link.retired_at is None:
        apply_to(closing.session, one.link, Tied(external_id=one.found.remote_id), now=closing.now)
        one.link.remote_name = one.found.name
    else:
        apply_to(closing.session, one.link, Heard(), now=closing.now)
