"""How what was done is told a second time: every life of a link, every action of a run, out of stored facts alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from service.core import excerpt
from service.core.ports import EntityKind, Ref
from service.core.problem import field_label, from_json, sentence
from service.store.accounts import Event
from service.store.queries.history import Action, Write
from service.store.sync_models import ProblemRow


class CallOut(BaseModel):
    """The request that carried a write. Excerpts are about this record alone, and hold no secret."""

    id: str
    key: str
    run_id: str | None
    records: int
    attempt: int
    times_sent: int
    first_sent_at: datetime | None
    last_sent_at: datetime | None
    closed_at: datetime | None
    status: int | None
    request_id: str | None
    method: str
    path: str
    request: str | None
    answer: str | None


class FieldChange(BaseModel):
    """One field of a write: what stood there before, what it was to become, and by which rule."""

    field: str
    label: str
    before: Any
    after: Any
    why: str | None


class WriteOut(BaseModel):
    """One write that was made, or tried, for a link."""

    id: str
    sequence: int
    operation: str
    state: str
    fields: list[FieldChange]
    at: datetime
    closed_at: datetime | None
    #: why it was not written, where it was not
    outcome: dict[str, Any] | None
    call: CallOut


class QuestionOut(BaseModel):
    """One question that a record raised, and how it was settled."""

    id: str
    kind: str
    message: str
    provider_code: str | None
    request_id: str | None
    since: datetime
    closed_at: datetime | None
    closed_by: str | None
    answer: dict[str, Any] | None


class ActionOut(BaseModel):
    """One thing that a run did to one record."""

    id: str
    at: datetime
    entity: str | None
    record_id: str | None
    label: str | None
    link_id: str | None
    what: str
    state: str
    why: str | None
    fields: list[FieldChange]
    outcome: dict[str, Any] | None
    call: CallOut | None
    problem: QuestionOut | None


class ActionList(BaseModel):
    """A page of what a run did."""

    items: list[ActionOut]
    next: str | None


def write_out(write: Write) -> WriteOut:
    """Return a write's document."""
    intent = write.intent
    return WriteOut(
        id=intent.id,
        sequence=intent.sequence,
        operation=intent.operation,
        state=intent.state,
        fields=_written(write),
        at=intent.created_at,
        closed_at=intent.closed_at,
        outcome=intent.outcome,
        call=call_out(write),
    )


def call_out(write: Write) -> CallOut:
    """Return the request that carried a write, as far as it is about this record."""
    call, position = write.call, write.intent.position
    request, count = call.request, call.elements
    return CallOut(
        id=call.id,
        key=call.key,
        run_id=call.run_id,
        records=count,
        attempt=call.attempt,
        times_sent=call.sends,
        first_sent_at=call.sent_at,
        last_sent_at=call.last_sent_at,
        closed_at=call.closed_at,
        status=call.status,
        request_id=call.request_id,
        method=request["method"],
        path=request["path"],
        request=excerpt.of_request(request["content"], position=position, count=count),
        answer=excerpt.of_answer(call.answer, asked=request["content"], position=position, count=count),
    )


def question_out(row: ProblemRow) -> QuestionOut:
    """Return a question's document."""
    problem = from_json(row.document)
    return QuestionOut(
        id=row.id,
        kind=row.kind,
        message=sentence(problem),
        provider_code=problem.provider_code,
        request_id=row.request_id,
        since=row.opened_at,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        answer=row.answer,
    )


def ref_of(action: Action) -> Ref | None:
    """Return the record of a write, whose name has to be looked up."""
    if action.write is None:
        return None
    return Ref(kind=EntityKind(action.write.link.entity), id=action.write.link.record_id)


def action_out(action: Action, labels: Mapping[Ref, str]) -> ActionOut:
    """Return one action of a run."""
    problem = None if action.problem is None else question_out(action.problem)
    ref = ref_of(action)
    if action.write is not None and ref is not None:
        intent = action.write.intent
        return ActionOut(
            id=intent.id,
            at=intent.created_at,
            entity=ref.kind.value,
            record_id=ref.id,
            label=labels.get(ref) or action.write.link.remote_name,
            link_id=intent.link_id,
            what=intent.operation,
            state=intent.state,
            why="; ".join(sorted(set(intent.rules.values()))) or None,
            fields=_written(action.write),
            outcome=intent.outcome,
            call=call_out(action.write),
            problem=problem,
        )
    event = action.event
    assert event is not None  # noqa: S101 - an action is one of the two
    return ActionOut(
        id=event.id,
        at=event.at,
        entity=event.record_kind,
        record_id=event.record_id,
        label=event.label,
        link_id=event.link_id,
        what=event.verb,
        state="done",
        why=event.why,
        fields=_changed(event),
        outcome=None,
        call=None,
        problem=problem,
    )


def _written(write: Write) -> list[FieldChange]:
    intent = write.intent
    before = {} if intent.before is None else intent.before["fields"]
    return [
        FieldChange(
            field=name, label=field_label(name), before=before.get(name), after=value, why=intent.rules.get(name)
        )
        for name, value in sorted(intent.expected["fields"].items())
    ]


def _changed(event: Event) -> list[FieldChange]:
    before, after = ({} if not isinstance(side, dict) else side for side in (event.before, event.after))
    return [
        FieldChange(field=name, label=field_label(name), before=before.get(name), after=after.get(name), why=None)
        for name in sorted(before.keys() | after.keys())
    ]
