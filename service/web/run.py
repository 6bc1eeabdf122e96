"""Runs: the history, and one run."""

from __future__ import annotations

from flask import render_template, request
from sqlalchemy.orm import Session

from service.core.ports import EntityKind, Ref
from service.ids import is_id
from service.store.queries import connections, history, web_users
from service.web.access import person, shows
from service.web.deed import deed_of
from service.web.pages import pages
from service.web.parts import package_of
from service.web.trend import last_days

_ROWS = 50
_ACTIONS = 100


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
        days=() if cursor else last_days(session, organisation_id, connection_id=chosen if is_id(chosen) else None),
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
    return {"actions": [deed_of(one, labels) for one in found.items], "next": found.next}
