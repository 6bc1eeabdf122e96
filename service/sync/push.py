"""Writing to the package: every write is first a committed call with its intents, then one request, then its answer.

The call is committed together with the note that it leaves, so that what is written down may be there already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from service.core.errors import ConnectionBroken, OutcomeUnknown, StaleVersion, Transient
from service.core.intent import Intent, Operation, call_key
from service.core.link import Heard, Sent
from service.core.ports import Answer, Family, Lane, RemoteRecord, Request, Written
from service.core.reconcile import advance
from service.core.snapshot import Snapshot
from service.ids import new_id
from service.store.facts import apply_to, changes_by, write_changes
from service.store.plain_link import PlainLink
from service.store.queries import calls, counterparts
from service.store.sync_models import CallRow, LinkRow
from service.sync import books, readback
from service.sync.cases import Ground
from service.sync.closing import Closing, counted_as, lose
from service.sync.documents import request_from_json, request_to_json
from service.sync.planner import Decision
from service.sync.work import Resting, Work

AnyLinkT = TypeVar("AnyLinkT", LinkRow, PlainLink)

#: Writes that say nothing of what they move: what stood there before tells.
_WITHDRAWS = frozenset({Operation.VOID, Operation.DELETE})


@dataclass(frozen=True, slots=True)
class Parcel:
    """A committed call, ready to be sent."""

    call_id: str
    request: Request
    elements: int
    intents: Sequence[Intent]
    again: bool = False  #: it was sent before and may have landed, however late


class Outbox:
    """Collects decisions of one wave and sends them in as few calls as the package allows."""

    def __init__(self, work: Work, ground: Ground) -> None:
        """Start empty."""
        self._work, self._ground = work, ground
        self._lanes: dict[Lane, list[Decision]] = {}

    def put(self, decision: Decision) -> None:
        """Take a decision that writes; sends a call as soon as one is full."""
        assert decision.element is not None  # noqa: S101  (only decisions that write are put here)
        lane = self._work.connector.lane(decision.element)
        waiting = self._lanes.setdefault(lane, [])
        waiting.append(decision)
        if len(waiting) >= lane.size:
            self._lanes[lane] = []
            self._send(waiting)

    def flush(self) -> None:
        """Send what is left, at the end of a wave."""
        lanes, self._lanes = self._lanes, {}
        for waiting in lanes.values():
            if waiting:
                self._send(waiting)

    def _send(self, decisions: Sequence[Decision]) -> None:
        work = self._work
        parcel = work.set_off(
            lambda session: commit_call(session, work, decisions), batch=len(decisions) > 1, between=work.between
        )
        if parcel is not None:
            work.least_calls += 1
            dispatch(work, self._ground, parcel)
        if (families := work.echoes.crowded) and not work.doubt:
            books.read_feed(work, only=families)


def commit_call(session: Session, work: Work, decisions: Sequence[Decision]) -> Parcel | None:
    """Write down a call that is about to be sent, with its intents; None if no link is as it was when decided.

    A link that got another intent, was retired or was tied meanwhile is left out: it is planned again.
    """
    now = work.platform.clock()
    rows = calls.links_to_send(session, [decision.case.link_id for decision in decisions])
    fit = [decision for decision in decisions if _fits(rows.get(decision.case.link_id), decision)]
    if not fit:
        return None
    call_id = new_id()
    elements = [decision.element for decision in fit if decision.element is not None]
    request = work.connector.pack(elements, key=call_key(call_id, 1))
    intents = tuple(_intent(call_id, position, decision) for position, decision in enumerate(fit))
    write_changes(session, (_sent(rows[decision.case.link_id], decision) for decision in fit))
    calls.add(session, rows, intents, request=request_to_json(request), run_id=work.run_id, now=now)
    return Parcel(call_id, request, len(fit), intents)


def dispatch(work: Work, ground: Ground, parcel: Parcel) -> None:
    """Send a committed call and take in its answer.

    :raises Resting: nothing was written, and the package wants a longer rest than a run should wait.
    :raises ConnectionBroken: nothing was written, and the connection needs a person.
    """

    def once() -> Answer:
        if not work.counted:  # as it is right after it was written down
            _mark_sent(work, parcel)
        return work.connector.send(parcel.request, count=parcel.elements)

    try:
        answer = work.patiently(once, batch=parcel.elements > 1, reads=False)
    except OutcomeUnknown as error:
        _doubt(work, parcel.call_id, answer_read=error.answered)
    except (Resting, ConnectionBroken):
        if not parcel.again:  # else it stays in doubt: what was sent before may land yet, under this key alone
            _call_off(work, ground, parcel)
        raise
    else:
        _take_in(work, ground, parcel, answer)


def _fits(link: PlainLink | None, decision: Decision) -> bool:
    return (
        link is not None
        and (link.retired_at is not None) is decision.case.retired
        and not link.intent_open
        and link.open_problem_id is None
        and link.generation == decision.case.generation
        and link.remote_id == decision.case.remote_id
        and (decision.case.retired or link.sequence == decision.case.sequence)
    )


def _sent(link: PlainLink, decision: Decision) -> dict[str, Any]:
    """Return what changes about a link by an intent."""
    name = decision.case.name
    return {
        "id": link.id,
        **changes_by(link, Sent())[1],
        "sequence": link.sequence + 1,
        "losses": [{"field": loss.field, "reason": loss.reason} for loss in decision.losses],
        "remote_name": link.remote_name if name is None else name.name,
    }


def _intent(call_id: str, position: int, decision: Decision) -> Intent:
    assert decision.expected is not None and decision.operation is not None  # noqa: S101, PT018
    case = decision.case
    return Intent(
        id=new_id(),
        call_id=call_id,
        position=position,
        link_id=case.link_id,
        generation=case.generation,
        wanted=case.wanted,
        heard=case.heard,
        operation=decision.operation,
        expected=decision.expected,
        before=decision.theirs,
        baseline=advance(case.baseline, decision.plan.actions),
        rules={action.field: str(action.rule) for action in decision.plan.pushes},
        meant=readback.meant_in(decision),
    )


def _mark_sent(work: Work, parcel: Parcel) -> None:
    """Note that the request leaves once more; the lease is extended with it."""
    work.set_off(
        lambda session: calls.mark_sent(session, parcel.call_id, now=work.platform.clock()), batch=parcel.elements > 1
    )


def _doubt(work: Work, call_id: str, *, answer_read: bool) -> None:
    """Note that a call may have landed: only a probe may follow."""
    work.doubt = True
    now = work.platform.clock()
    with work.platform.database.write() as session:
        links = calls.links_of_open_intents(session, call_id)
        for link in links.values():
            lose(session, link, now=now)
        calls.doubt(session, links)
        calls.leave_open(session, call_id, answer_read=answer_read)


def _call_off(work: Work, ground: Ground, parcel: Parcel) -> None:
    """Close a call of which nothing was written."""
    now = work.platform.clock()
    with work.platform.database.write() as session:
        closing = Closing(session, ground, now=now)
        for intent, link in _still_open(calls.links_of_open_intents(session, parcel.call_id), parcel):
            closing.abandon(intent, link)
        closing.write()
        calls.close(session, parcel.call_id, now=now)


def _still_open(links: Mapping[str, AnyLinkT], parcel: Parcel) -> Iterator[tuple[Intent, AnyLinkT]]:
    """Yield the intents that nobody has closed meanwhile, with their links as they are now."""
    for intent in parcel.intents:
        if intent.id in links:
            yield intent, links[intent.id]


def _take_in(work: Work, ground: Ground, parcel: Parcel, answer: Answer) -> None:
    """Take in an answer, all of it or nothing."""
    now = work.platform.clock()
    with work.platform.database.write() as session:
        closing = Closing(session, ground, now=now, request_id=answer.request_id)
        links = calls.links_answered(session, parcel.call_id)
        unknown = [
            intent.id
            for intent, link in _still_open(links, parcel)
            if not _take_in_one(work, closing, intent, link, answer, again=parcel.again)
        ]
        closing.write()
        if unknown:
            work.doubt = True
            calls.doubt(session, unknown)
            calls.leave_open(session, parcel.call_id, answer_read=True)
        else:
            calls.close(session, parcel.call_id, now=now, status=answer.status, request_id=answer.request_id,
                        answer=answer.content)  # fmt: skip
        work.report_in(session, done=work.done)


def _take_in_one(
    work: Work, closing: Closing, intent: Intent, link: PlainLink, answer: Answer, *, again: bool = False
) -> bool:
    """Take in the outcome of one element; return False if it is still not known.

    :param again: the call was sent before: its answer may be the one of then.
    """
    outcome = answer.outcomes[intent.position]
    if isinstance(outcome, Written) and link.remote_id in (None, outcome.record.remote_id):
        work.counts[counted_as(intent, link)] += 1
        since = _changed_since(closing, work.connection_id, outcome.record) if again else None
        if since is None:
            closing.confirm(intent, link, outcome.record)
        else:
            work.stale = True
            kept = closing.session.get_one(LinkRow, link.id)
            closing.confirm(intent, kept, since, edited=True)
            apply_to(closing.session, kept, Heard(), now=closing.now)
        work.echoes.expect(outcome.record.family, outcome.record.remote_id, since or outcome.record)
        withdrawn = intent.before if intent.operation in _WITHDRAWS else None
        for family, remote_id in _moved_by(withdrawn or intent.expected):
            work.echoes.expect(family, remote_id)
            if withdrawn is not None:
                work.echoes.freed.add((family, remote_id))
        work.done += 1
        return True
    row = closing.session.get_one(LinkRow, link.id)  # what is not confirmed is seldom, and changes more of its link
    if isinstance(outcome, OutcomeUnknown | Written):  # written, but to another entity: nobody knows what happened
        lose(closing.session, row, now=closing.now)
        return False
    if isinstance(outcome, StaleVersion | Transient):
        work.stale = True
    else:
        work.counts["failed"] += 1
        work.done += 1
    closing.refuse(intent, row, outcome, label=work.labels.get(row.id) or row.remote_name or row.record_id)
    work.stale |= row.heard > row.settled  # the feed knows more about the refusal
    return True


def _changed_since(closing: Closing, connection_id: str, answered: RemoteRecord) -> RemoteRecord | None:
    """Return an entity as the feed has shown it meanwhile, where a repeated call is answered with what it once was.

    Both packages answer a key that they know with the answer they gave to it first.
    """
    row = counterparts.by_remote_ids(closing.session, connection_id, answered.family, [answered.remote_id]).get(
        answered.remote_id
    )
    if row is None or answered.modified_at is None:
        return None
    newer = row.deleted or (row.modified_at is not None and row.modified_at > answered.modified_at)
    return counterparts.record_of(row) if newer else None


def _moved_by(written: Snapshot) -> Iterator[tuple[Family, str]]:
    """Yield the entities that a document's write moves there too: its customer, the invoices that it pays."""
    for field, family in (
        ("customer", Family.CUSTOMER),
        ("invoice", Family.INVOICE),
        ("credit", Family.CREDIT_NOTE),
    ):
        value = written.get(field)
        if isinstance(value, str):
            yield family, value
    applied = written.get("applied")
    for part in applied if isinstance(applied, tuple) else ():
        if isinstance(part, tuple) and part:
            yield Family.INVOICE, str(part[0])


def send_again(work: Work, ground: Ground, call_id: str) -> None:
    """Send a stored call once more: same key, same bytes."""
    with work.platform.database.read() as session:
        call = session.get_one(CallRow, call_id)
        intents = [intent for intent, _ in calls.open_intents(session, call_id)]
        parcel = Parcel(call.id, request_from_json(call.request), call.elements, intents, again=True)
    dispatch(work, ground, parcel)
