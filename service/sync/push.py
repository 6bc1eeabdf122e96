"""Writing to the package: every write is first a committed call with its intents, then one request, then its answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.core.errors import ConnectionBroken, OutcomeUnknown, StaleVersion, Transient
from service.core.intent import IntentState, call_key
from service.core.ports import Answer, Family, Lane, Request, Written
from service.core.reconcile import advance
from service.core.snapshot import Snapshot, from_json, to_json
from service.ids import new_id
from service.store.queries import calls, find
from service.store.sync_models import CallRow, ConnectionRow, IntentRow, LinkRow
from service.sync import books, closing, readback
from service.sync.cases import Ground
from service.sync.documents import request_from_json, request_to_json
from service.sync.planner import Decision
from service.sync.work import Resting, Work


@dataclass(frozen=True, slots=True)
class Parcel:
    """A committed call, ready to be sent."""

    call_id: str
    request: Request
    elements: int
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
        self._work.least_calls += 1
        parcel = commit_call(self._work, decisions)
        if parcel is not None:
            dispatch(self._work, self._ground, parcel)
        if (families := self._work.long_feed) and not self._work.doubt:
            books.read_feed(self._work, only=families)


def commit_call(work: Work, decisions: Sequence[Decision]) -> Parcel | None:
    """Write down a call and its intents before anything is sent; None if no link is as it was when decided.

    A link that got another intent, was retired or was tied meanwhile is left out: it is planned again.
    """
    work.still_mine()
    now = work.platform.clock()
    with work.platform.database.write() as session:
        rows = find.find_all(session, LinkRow, work.organisation_id, [decision.case.link_id for decision in decisions])
        fit = [decision for decision in decisions if _fits(rows.get(decision.case.link_id), decision)]
        if not fit:
            return None
        call_id = new_id()
        request = work.connector.pack(
            [decision.element for decision in fit if decision.element is not None], key=call_key(call_id, 1)
        )
        session.add(
            CallRow(
                id=call_id,
                organisation_id=work.organisation_id,
                connection_id=work.connection_id,
                run_id=work.run_id,
                key=request.key,
                elements=len(fit),
                request=request_to_json(request),
                created_at=now,
            )
        )
        session.flush()
        for position, decision in enumerate(fit):
            link = rows[decision.case.link_id]
            session.add(_intent(work, call_id, position, decision, link))
            link.intent_open = True
            link.sequence += 1
            link.losses = [{"field": loss.field, "reason": loss.reason} for loss in decision.losses]
            if decision.case.name is not None:
                link.remote_name = decision.case.name.name
    return Parcel(call_id, request, len(fit))


def dispatch(work: Work, ground: Ground, parcel: Parcel) -> None:
    """Send a committed call and take in its answer.

    :raises Resting: nothing was written, and the package wants a longer rest than a run should wait.
    :raises ConnectionBroken: nothing was written, and the connection needs a person.
    """

    def once() -> Answer:
        work.still_mine()
        _mark_sent(work, parcel.call_id)
        return work.connector.send(parcel.request, count=parcel.elements)

    try:
        answer = work.patiently(once, batch=parcel.elements > 1)
    except OutcomeUnknown as error:
        _doubt(work, parcel.call_id, answer_read=error.answered)
        return
    except (Resting, ConnectionBroken):
        if not parcel.again:  # else it stays in doubt: what was sent before may land yet, under this key alone
            _call_off(work, parcel.call_id)
        raise
    _take_in(work, ground, parcel.call_id, answer)
    work.report(done=work.done)


def _fits(link: LinkRow | None, decision: Decision) -> bool:
    return (
        link is not None
        and (link.retired_at is not None) is decision.case.retired
        and not link.intent_open
        and link.generation == decision.case.generation
        and link.remote_id == decision.case.remote_id
    )


def _intent(work: Work, call_id: str, position: int, decision: Decision, link: LinkRow) -> IntentRow:
    assert decision.expected is not None and decision.operation is not None  # noqa: S101, PT018
    case = decision.case
    return IntentRow(
        id=new_id(),
        organisation_id=work.organisation_id,
        connection_id=work.connection_id,
        link_id=case.link_id,
        call_id=call_id,
        position=position,
        sequence=link.sequence + 1,
        generation=case.generation,
        operation=decision.operation.value,
        wanted=case.wanted,
        heard=case.heard,
        expected=to_json(decision.expected),
        before=None if decision.theirs is None else to_json(decision.theirs),
        meant=readback.meant_in(decision),
        baseline=to_json(advance(case.baseline, decision.plan.actions)),
        rules={action.field: action.rule.value for action in decision.plan.pushes},
        created_at=work.platform.clock(),
    )


def _mark_sent(work: Work, call_id: str) -> None:
    now = work.platform.clock()
    with work.platform.database.write() as session:
        call = session.get_one(CallRow, call_id)
        call.sent_at = call.sent_at or now
        call.last_sent_at = now
        call.sends += 1


def _doubt(work: Work, call_id: str, *, answer_read: bool) -> None:
    """Note that a call may have landed: only a probe may follow."""
    work.doubt = True
    with work.platform.database.write() as session:
        call = session.get_one(CallRow, call_id)
        call.state = IntentState.UNKNOWN.value
        call.answer_read = call.answer_read or answer_read
        for intent, link in calls.intents_of(session, call_id):
            if intent.closed_at is None:
                intent.state = IntentState.UNKNOWN.value
                link.intent_unknown = True
                link.doubts += 1


def _call_off(work: Work, call_id: str) -> None:
    """Close a call of which nothing was written."""
    now = work.platform.clock()
    with work.platform.database.write() as session:
        for intent, link in calls.intents_of(session, call_id):
            if intent.closed_at is None:
                closing.abandon(intent, link, now=now)
        closing.close_call(session.get_one(CallRow, call_id), now=now)


def _take_in(work: Work, ground: Ground, call_id: str, answer: Answer) -> None:
    now = work.platform.clock()
    with work.platform.database.write() as session:
        connection = session.get_one(ConnectionRow, work.connection_id)
        call = session.get_one(CallRow, call_id)
        open_left = False
        for intent, link in calls.intents_of(session, call_id):
            if intent.closed_at is None:
                open_left |= not _take_in_one(work, ground, session, connection, intent, link, answer)
        if open_left:
            work.doubt = True
            call.state = IntentState.UNKNOWN.value
            call.answer_read = True
        else:
            closing.close_call(call, now=now, status=answer.status, request_id=answer.request_id, answer=answer.content)


def _take_in_one(
    work: Work,
    ground: Ground,
    session: Session,
    connection: ConnectionRow,
    intent: IntentRow,
    link: LinkRow,
    answer: Answer,
) -> bool:
    """Take in the outcome of one element; return False if it is still not known."""
    now = work.platform.clock()
    outcome = answer.outcomes[intent.position]
    if isinstance(outcome, Written):
        work.counts[closing.counted_as(intent, link)] += 1
        closing.confirm(
            session,
            connection,
            intent,
            link,
            outcome.record,
            ground=ground,
            now=now,
            request_id=answer.request_id,
        )
        work.expect_echo(outcome.record.family, outcome.record.remote_id)
        for family, remote_id in _moved_by(from_json(intent.expected)):
            work.expect_echo(family, remote_id)
        work.done += 1
        return True
    if isinstance(outcome, OutcomeUnknown):
        intent.state = IntentState.UNKNOWN.value
        link.intent_unknown = True
        link.doubts += 1
        return False
    if isinstance(outcome, StaleVersion | Transient):
        work.stale = True
    else:
        work.counts["failed"] += 1
        work.done += 1
    label = work.labels.get(link.id) or link.remote_name or link.record_id
    closing.refuse(session, connection, intent, link, outcome, capabilities=work.capabilities, label=label, now=now)
    return True


def _moved_by(written: Snapshot) -> Iterator[tuple[Family, str]]:
    """Yield the entities that a document's write moves there too: its customer, the invoices that it pays."""
    for field, family in (("customer", Family.CUSTOMER), ("invoice", Family.INVOICE)):
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
        parcel = Parcel(call.id, request_from_json(call.request), call.elements, again=True)
    dispatch(work, ground, parcel)
