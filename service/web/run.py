"""Runs: the history, and one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import render_template, request, url_for
from sqlalchemy.orm import Session

from service.core import excerpt
from service.core.ports import EntityKind, Ref
from service.core.problem import from_json, sentence
from service.ids import is_id
from service.store.queries import connections, history, web_users
from service.store.sync_models import CallRow
from service.web.access import person, shows
from service.web.pages import pages
from service.web.parts import package_of
from service.web.words import ACTIONS, INTENTS

_ROWS = 50
_ACTIONS = 100


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
    answered: str | None = None


@pages.get("/runs")
@shows()
def run_list(session: Session) -> str:
    """List runs, newest first."""
    organisation_id = person().company.id
    cursor, chosen = request.args.get("cursor", ""), request.args.get("connection", "")
    found = connections.runs(
        session,
        organisation_id,
        connection_id=chosen if is_id(chosen) else None,
        before=cursor if is_id(cursor) else None,
        limit=_ROWS + 1,
    )
    every = connections.all_of(session, organisation_id)
    return render_template(
        "runs.html",
        runs=found[:_ROWS],
        next=found[_ROWS - 1].id if len(found) > _ROWS else None,
        connections=every,
        chosen=chosen,
        titles={row.id: f"{package_of(row.provider)} · {row.organisation_name or ''}" for row in every},
        names=web_users.names_of_actors(session, organisation_id, {row.requested_by for row in found}),
    )


@pages.get("/runs/<run_id>")
@shows()
def run(session: Session, run_id: str) -> str:
    """Show one run."""
    return render_template("run.html", **_run(session, run_id), **_actions(session, run_id))


@pages.get("/parts/runs/<run_id>")
@shows()
def run_part(session: Session, run_id: str) -> str:
    """Give a run's live part alone."""
    return render_template("part/run.html", **_run(session, run_id))


def _run(session: Session, run_id: str) -> dict[str, object]:
    organisation_id = person().company.id
    row = connections.get_run(session, organisation_id, run_id)
    connection = connections.get(session, organisation_id, row.connection_id)
    return {
        "row": row,
        "connection": connection,
        "title": f"{package_of(connection.provider)} · {connection.organisation_name or ''}",
        "names": web_users.names_of_actors(session, organisation_id, {row.requested_by}),
    }


def _actions(session: Session, run_id: str) -> dict[str, object]:
    """Return a page of what a run did."""
    cursor = request.args.get("cursor") or None
    found = history.action_page(session, person().company.id, run_id, limit=_ACTIONS, cursor=cursor)
    refs = {
        Ref(kind=EntityKind(one.write.link.entity), id=one.write.link.record_id) for one in found.items if one.write
    }
    labels = history.labels_of(session, refs)
    return {"actions": [_action(one, labels) for one in found.items], "next": found.next}


def _action(action: history.Action, labels: Mapping[Ref, str]) -> Deed:
    if action.write is not None:
        return _written(action.write, labels)
    event, problem = action.event, action.problem
    assert event is not None  # noqa: S101 - an action is one of the two
    before, after = ({} if not isinstance(side, dict) else side for side in (event.before, event.after))
    return Deed(
        id=event.id,
        at=event.at,
        what=event.verb,
        label=event.label,
        url=_url(event.record_kind, event.record_id),
        why=event.why,
        fields=[] if problem else [(name, before.get(name), after.get(name)) for name in sorted(before | after)],
        question=None if problem is None else sentence(from_json(problem.document)),
        question_url=None if problem is None else url_for("pages.conflict", problem_id=problem.id),
    )


def _written(write: history.Write, labels: Mapping[Ref, str]) -> Deed:
    intent, call, link = write.intent, write.call, write.link
    content, place = call.request["content"], {"position": intent.position, "count": call.elements}
    before = {} if intent.before is None else intent.before["fields"]
    outcome = intent.outcome or {}
    return Deed(
        id=intent.id,
        at=intent.created_at,
        what=ACTIONS.get(intent.operation, intent.operation),
        label=labels.get(Ref(kind=EntityKind(link.entity), id=link.record_id)) or link.remote_name,
        url=_url(link.entity, link.record_id),
        state=outcome.get("message") or INTENTS[intent.state],
        why="; ".join(sorted(set(intent.rules.values()))) or None,
        fields=[(name, before.get(name), after) for name, after in sorted(intent.expected["fields"].items())],
        call=call,
        sent=excerpt.of_request(content, **place),
        answered=excerpt.of_answer(call.answer, asked=content, **place),
    )


def _url(kind: str | None, record_id: str | None) -> str | None:
    """Return the page of a record, where it has one."""
    if kind == EntityKind.CUSTOMER and record_id:
        return url_for("pages.customer", customer_id=record_id)
    if kind == EntityKind.INVOICE and record_id:
        return url_for("pages.invoice", invoice_id=record_id)
    return None
