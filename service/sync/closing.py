"""Closing intents: the one place where an answer, or what a probe found, becomes the state of a link."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.core.drift import PUTTING_BACK
from service.core.errors import ConnectorError, StaleVersion, Transient
from service.core.intent import IntentState, Operation
from service.core.ports import Capabilities, EntityKind, RemoteRecord
from service.core.problem import Problem, field_label
from service.core.problem import to_json as problem_to_json
from service.core.snapshot import Snapshot, from_json, spelled_like, to_json, value_to_json
from service.ids import new_id
from service.store.queries import counterparts, drift, links
from service.store.queries.events import Subject, add_event
from service.store.sync_models import CallRow, ConnectionRow, IntentRow, LinkRow, ProblemRow
from service.sync import readback, refusal
from service.sync.cases import Ground


def confirm(
    session: Session,
    connection: ConnectionRow,
    intent: IntentRow,
    link: LinkRow,
    record: RemoteRecord,
    *,
    ground: Ground,
    now: datetime,
    request_id: str | None,
    probed: bool = False,
) -> None:
    """The package has what was meant: tie the link, move the baseline, note what was stored differently."""
    known = counterparts.by_remote_ids(session, connection.id, record.family, [record.remote_id])
    counterparts.store(session, connection, [record], known, now)
    _end(intent, IntentState.CONFIRMED, now)
    if link.retired_at is not None or link.generation != intent.generation:
        # The link was reset meanwhile: the row says what was left behind, the new generation is not touched.
        link.remote_id = link.remote_id or record.remote_id
        link.intent_open = link.intent_unknown = False
        _tell(session, connection, intent, link, now=now, request_id=request_id, probed=probed)
        return
    written = from_json(intent.expected)
    stored = spelled_like(ground.mappers[EntityKind(link.entity)].read(record, ground.reading), written)
    readback.note(link, intent, written=written, stored=stored, package=ground.capabilities)
    baseline = from_json(intent.baseline)
    as_stored = {name: stored.get(name) for name in written.fields if stored.holds(name)}
    fields = {**baseline.fields, **as_stored}
    link.baseline = to_json(Snapshot(fields=fields, active=baseline.active))
    link.remote_id = record.remote_id
    link.remote_name = record.name if link.entity in (EntityKind.CUSTOMER, EntityKind.CONTACT) else link.remote_name
    link.confirmed = max(link.confirmed, min(intent.wanted, link.wanted))
    link.settled = max(link.settled, min(intent.heard, link.heard))
    link.last_synced_at, link.due_at = now, None
    link.intent_open = link.intent_unknown = False
    link.doubts = 0
    links.close_problem(session, link, now=now, by="sync")
    put_back = [name for name, rule in intent.rules.items() if rule in PUTTING_BACK]
    if put_back:
        drift.close_put_back(session, link.id, put_back, now=now, call_id=intent.call_id)
    _tell(session, connection, intent, link, now=now, request_id=request_id, probed=probed)


def _tell(
    session: Session,
    connection: ConnectionRow,
    intent: IntentRow,
    link: LinkRow,
    *,
    now: datetime,
    request_id: str | None,
    probed: bool,
) -> None:
    """Write down that a write is done there, of a link that was reset meanwhile too."""
    written = from_json(intent.expected)
    add_event(
        session,
        organisation_id=connection.organisation_id,
        at=now,
        actor="sync",
        verb=_VERBS[Operation(intent.operation)],
        subject=Subject(kind=link.entity, id=link.record_id, label=link.remote_name),
        link_id=link.id,
        connection_id=connection.id,
        call_id=intent.call_id,
        before=None if intent.before is None else _only(intent.before, written),
        after={name: value_to_json(value) for name, value in written.fields.items()},
        why=reasons(intent.rules) + (" (found there after the answer was lost)" if probed else ""),
        request_id=request_id,
    )


def reasons(rules: Mapping[str, str]) -> str:
    """Return why fields moved, as a person reads it: the rule alone if it is one for all, else with its fields."""
    fields: dict[str, list[str]] = {}
    for name, rule in sorted(rules.items()):
        fields.setdefault(rule, []).append(field_label(name))
    if len(fields) == 1:
        return next(iter(fields))
    return "; ".join(f"{', '.join(names)}: {rule}" for rule, names in fields.items())


def counted_as(intent: IntentRow, link: LinkRow) -> str:
    """Return the count that a write adds to, before it is confirmed: the first meeting of a match counts as a link."""
    if intent.operation == Operation.CREATE:
        return "created"
    return "linked" if link.baseline is None else "updated"


_VERBS = {
    Operation.CREATE: "sent as new",
    Operation.UPDATE: "sent",
    Operation.ARCHIVE: "archived there",
    Operation.RESTORE: "restored there",
    Operation.VOID: "voided there",
    Operation.DELETE: "deleted there",
}


def refuse(
    session: Session,
    connection: ConnectionRow,
    intent: IntentRow,
    link: LinkRow,
    error: ConnectorError,
    *,
    capabilities: Capabilities,
    label: str,
    now: datetime,
) -> None:
    """The package did not write the element: a question for a person, or another try where that helps."""
    state = IntentState.ABANDONED if isinstance(error, StaleVersion | Transient) else IntentState.REJECTED
    _end(intent, state, now, error)
    link.intent_open = link.intent_unknown = False
    if state is IntentState.ABANDONED or link.retired_at is not None:
        return
    if link.wanted > intent.wanted:
        return  # edited meanwhile: the edit may be the cure, so it is sent before anybody is asked
    problem = refusal.problem_of(
        session, connection, link, intent, error, capabilities=capabilities, label=label, now=now
    )
    open_problem(session, connection, link, problem, label=label, now=now, request_id=error.request_id)


def abandon(intent: IntentRow, link: LinkRow, *, now: datetime) -> None:
    """Close an intent that was surely not written; the link is planned anew."""
    _end(intent, IntentState.ABANDONED, now)
    link.intent_open = link.intent_unknown = False


def open_problem(
    session: Session,
    connection: ConnectionRow,
    link: LinkRow,
    problem: Problem,
    *,
    label: str,
    now: datetime,
    request_id: str | None = None,
) -> bool:
    """Make a link red, unless it is red for the same reason already; tell whether it is a new question."""
    document = problem_to_json(problem)
    current = links.problem_of(session, link)
    if current is not None and current.closed_at is None and current.document == document:
        return False
    links.close_problem(session, link, now=now, by="sync")
    row = ProblemRow(
        id=new_id(),
        organisation_id=connection.organisation_id,
        connection_id=connection.id,
        link_id=link.id,
        kind=problem.kind.value,
        label=label,
        document=document,
        request_id=request_id,
        opened_at=now,
    )
    session.add(row)
    session.flush()
    link.open_problem_id = row.id
    add_event(
        session,
        organisation_id=connection.organisation_id,
        at=now,
        actor="sync",
        verb="needs a person",
        subject=Subject(kind=link.entity, id=link.record_id, label=label),
        link_id=link.id,
        connection_id=connection.id,
        after={"problem": problem.kind.value},
        request_id=request_id,
    )
    return True


def _end(intent: IntentRow, state: IntentState, now: datetime, error: ConnectorError | None = None) -> None:
    intent.state, intent.closed_at = state.value, now
    if error is not None:
        intent.outcome = {
            "code": error.code,
            "message": error.message,
            "provider_code": error.provider_code,
            "request_id": error.request_id,
        }


def _only(document: dict[str, Any], written: Snapshot) -> dict[str, Any]:
    return {name: value for name, value in document["fields"].items() if name in written.fields}


def close_call(call: CallRow, *, now: datetime, status: int | None = None, request_id: str | None = None,
               answer: str | None = None) -> None:  # fmt: skip
    """Close a call once each of its intents is closed."""
    call.closed_at = now
    call.state = "closed"
    call.status = status if status is not None else call.status
    call.request_id = request_id or call.request_id
    call.answer = answer if answer is not None else call.answer
