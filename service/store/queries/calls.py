"""Outgoing calls and the intents they carry."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, bindparam, select, update
from sqlalchemy.orm import Session

from service.core.intent import Intent, IntentState, Operation
from service.core.snapshot import from_json, to_json
from service.store.bulk import change, insert_rows, update_rows
from service.store.plain_link import COLUMNS, PlainLink
from service.store.sync_models import CallRow, IntentRow, LinkRow


def add(
    session: Session,
    links: Mapping[str, PlainLink],
    intents: Sequence[Intent],
    *,
    request: Mapping[str, Any],
    run_id: str | None,
    now: datetime,
) -> None:
    """Write down a call that is about to be sent, with its intents.

    Each intent has the next number of its link, which the caller counts on.

    :param links: by their ids.
    :param request: as it is stored.
    """
    call_id, owner = intents[0].call_id, links[intents[0].link_id]
    of = {"organisation_id": owner.organisation_id, "connection_id": owner.connection_id, "created_at": now}
    call = {"id": call_id, "run_id": run_id, "key": request["key"], "elements": len(intents), "request": dict(request)}
    sent = {"sends": 1, "sent_at": now, "last_sent_at": now}
    insert_rows(session, CallRow, [{**of, **call, **sent}])
    rows = [{**of, **_columns(intent), "sequence": links[intent.link_id].sequence + 1} for intent in intents]
    insert_rows(session, IntentRow, rows)


def _columns(intent: Intent) -> dict[str, Any]:
    return {
        "id": intent.id,
        "link_id": intent.link_id,
        "call_id": intent.call_id,
        "position": intent.position,
        "generation": intent.generation,
        "operation": intent.operation.value,
        "wanted": intent.wanted,
        "heard": intent.heard,
        "expected": to_json(intent.expected),
        "before": None if intent.before is None else to_json(intent.before),
        "baseline": to_json(intent.baseline),
        "rules": dict(intent.rules),
        "meant": None if intent.meant is None else dict(intent.meant),
        "state": IntentState.IN_FLIGHT.value,
    }


def intent_of(row: IntentRow) -> Intent:
    """Return a row as the value that decisions are made about."""
    return Intent(
        id=row.id,
        call_id=row.call_id,
        position=row.position,
        link_id=row.link_id,
        generation=row.generation,
        wanted=row.wanted,
        heard=row.heard,
        operation=Operation(row.operation),
        expected=from_json(row.expected),
        before=None if row.before is None else from_json(row.before),
        baseline=from_json(row.baseline),
        rules=row.rules,
        meant=row.meant,
    )


_LINK, _INTENT = LinkRow.__table__.c, IntentRow.__table__.c
_TO_SEND = select(*COLUMNS).where(_LINK.id.in_(bindparam("link_ids", expanding=True)))
_ANSWERED = (
    select(*COLUMNS, _INTENT.id)
    .join_from(IntentRow.__table__, LinkRow.__table__, _LINK.id == _INTENT.link_id)
    .where(_INTENT.call_id == bindparam("call_id"), _INTENT.closed_at.is_(None))
)


def links_to_send(session: Session, link_ids: Collection[str]) -> dict[str, PlainLink]:
    """Return links by id as plain values; unknown ones are left out."""
    found = (PlainLink(*row) for row in session.execute(_TO_SEND, {"link_ids": list(link_ids)}))
    return {link.id: link for link in found}


def open_calls(session: Session, connection_id: str) -> Sequence[CallRow]:
    """Return the calls of a connection that are not closed, oldest first."""
    return session.scalars(
        select(CallRow)
        .where(CallRow.connection_id == connection_id, CallRow.closed_at.is_(None))
        .order_by(CallRow.created_at, CallRow.id)
    ).all()


def open_intents(session: Session, call_id: str) -> list[tuple[Intent, LinkRow]]:
    """Return the intents of a call that are not closed, with their links, in the order of the call's elements."""
    rows = session.execute(
        select(IntentRow, LinkRow)
        .join(LinkRow, LinkRow.id == IntentRow.link_id)
        .where(*_open(call_id))
        .order_by(IntentRow.position)
    )
    return [(intent_of(row), link) for row, link in rows]


def links_of_open_intents(session: Session, call_id: str) -> dict[str, LinkRow]:
    """Return the links of a call's intents that are not closed, by the intents' ids."""
    rows = session.execute(
        select(IntentRow.id, LinkRow).join(LinkRow, LinkRow.id == IntentRow.link_id).where(*_open(call_id))
    )
    return {row.id: row.LinkRow for row in rows}


def links_answered(session: Session, call_id: str) -> dict[str, PlainLink]:
    """Return them as plain values: an answer mostly confirms all that was sent."""
    return {row[-1]: PlainLink(*row[:-1]) for row in session.execute(_ANSWERED, {"call_id": call_id})}


def _open(call_id: str) -> tuple[ColumnElement[bool], ...]:
    return IntentRow.call_id == call_id, IntentRow.closed_at.is_(None)


def doubt(session: Session, intent_ids: Collection[str]) -> None:
    """Note that nobody knows what became of intents."""
    session.execute(
        update(IntentRow)
        .where(IntentRow.id.in_(intent_ids))
        .values(state=IntentState.UNKNOWN.value)
        .execution_options(synchronize_session=False)
    )


def end(
    session: Session,
    intent_ids: Collection[str],
    state: IntentState,
    *,
    now: datetime,
    outcome: Mapping[str, Any] | None = None,
) -> None:
    """Close intents that came to the same end."""
    ended = {"state": state.value, "closed_at": now, "outcome": None if outcome is None else dict(outcome)}
    update_rows(session, IntentRow, [{"id": intent_id, **ended} for intent_id in intent_ids])


def mark_sent(session: Session, call_id: str, *, now: datetime) -> bool:
    """Note that a call's request is about to be sent once more; tell whether there is such a call."""
    return change(session, _MARK_SENT, call_id=call_id, now=now) == 1


_CALL = cast("Table", CallRow.__table__)
_NOW = bindparam("now", type_=_CALL.c.last_sent_at.type)
_MARK_SENT = update(_CALL).where(_CALL.c.id == bindparam("call_id")).values(last_sent_at=_NOW, sends=_CALL.c.sends + 1)


def close(
    session: Session,
    call_id: str,
    *,
    now: datetime,
    status: int | None = None,
    request_id: str | None = None,
    answer: str | None = None,
) -> None:
    """Close a call once each of its intents is closed; what is not known of an answer stays as it was."""
    known = {"status": status, "request_id": request_id, "answer": answer}
    told = {name: value for name, value in known.items() if value is not None}
    update_rows(session, CallRow, [{"id": call_id, "closed_at": now, "state": "closed", **told}])


def leave_open(session: Session, call_id: str, *, answer_read: bool) -> None:
    """Note that a call may have landed, wholly or in part: only a probe may follow."""
    session.execute(
        update(CallRow)
        .where(CallRow.id == call_id)
        .values(state=IntentState.UNKNOWN.value, **({"answer_read": True} if answer_read else {}))
        .execution_options(synchronize_session=False)
    )


def intents_of_link(session: Session, link_id: str, *, limit: int = 50) -> Sequence[IntentRow]:
    """Return what was sent for a link, newest first."""
    return session.scalars(
        select(IntentRow).where(IntentRow.link_id == link_id).order_by(IntentRow.sequence.desc()).limit(limit)
    ).all()


def last_intent(session: Session, link: LinkRow) -> IntentRow | None:
    """Return what was last meant to be written for a link."""
    return next(iter(intents_of_link(session, link.id, limit=1)), None)


def open_families(session: Session, connection_id: str) -> set[str]:
    """Return the families of the entities that open intents are about."""
    query = select(LinkRow.family).where(LinkRow.connection_id == connection_id, LinkRow.intent_open.is_(True))
    return set(session.scalars(query.distinct()))
