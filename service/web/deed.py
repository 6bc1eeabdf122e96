"""Deeds: what was done for a record, as the pages of runs and of links tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for

from service.core import excerpt
from service.core.kind import MONEY
from service.core.ports import EntityKind, Ref
from service.core.problem import from_json, sentence
from service.store.queries import history
from service.store.sync_models import CallRow
from service.web.words import ACTIONS, INTENTS, actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that a run did, as its page shows it."""

    id: str
    at: datetime
    what: str
    label: str | None
    url: str | None
    state: str = ""
    why: str | None = None
    fields: Sequence[tuple[str, Any, Any]] = ()
    question: str | None = None
    question_url: str | None = None
    call: CallRow | None = None
    sent: str | None = None
    by: str = ""  #: who did it, where it was not the sync
    answered: str | None = None


def deed_of(action: history.Action, labels: Mapping[Ref, str], names: Mapping[str, str] | None = None) -> Deed:
    """Return what a run did, or what the audit trail tells; ``names`` of actors, where it says by whom."""
    if action.write is not None:
        return written(action.write, labels)
    event, problem = action.event, action.problem
    assert event is not None  # noqa: S101 - an action is one of the two
    before, after = ({} if not isinstance(side, dict) else side for side in (event.before, event.after))
    return Deed(
        id=event.id,
        at=event.at,
        what=event.verb,
        label=event.label,
        url=page_of(event.record_kind, event.record_id),
        why=event.why,
        by="" if names is None else actor(event.actor, names),
        fields=[] if problem else [(name, before.get(name), after.get(name)) for name in sorted(before | after)],
        question=None if problem is None else sentence(from_json(problem.document)),
        question_url=None if problem is None else url_for("pages.conflict", problem_id=problem.id),
    )


def written(write: history.Write, labels: Mapping[Ref, str]) -> Deed:
    """Return a write there with what was sent and what came back."""
    intent, call, link = write.intent, write.call, write.link
    content, place = call.request["content"], {"position": intent.position, "count": call.elements}
    before = {} if intent.before is None else intent.before["fields"]
    outcome = intent.outcome or {}
    return Deed(
        id=intent.id,
        at=intent.created_at,
        what=ACTIONS.get(intent.operation, intent.operation),
        label=labels.get(Ref(kind=EntityKind(link.entity), id=link.record_id)) or link.remote_name,
        url=page_of(link.entity, link.record_id),
        state=outcome.get("message") or INTENTS[intent.state],
        why="; ".join(sorted(set(intent.rules.values()))) or None,
        fields=[(name, before.get(name), after) for name, after in sorted(intent.expected["fields"].items())],
        call=call,
        sent=excerpt.of_request(content, **place),
        answered=excerpt.of_answer(call.answer, asked=content, **place),
    )


def page_of(kind: str | None, record_id: str | None) -> str | None:
    """Return the page of a record, where it has one."""
    if kind == EntityKind.CUSTOMER and record_id:
        return url_for("pages.customer", customer_id=record_id)
    if kind == EntityKind.INVOICE and record_id:
        return url_for("pages.invoice", invoice_id=record_id)
    if kind in MONEY and record_id:
        return url_for("pages.payment", payment_id=record_id)
    return None
