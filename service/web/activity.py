"""Activity: the audit trail, newest first."""

from __future__ import annotations

from flask import render_template, request
from sqlalchemy.orm import Session

from service.ids import is_id
from service.store.queries import lists, web_users
from service.store.queries.connections import all_of
from service.web.access import person, shows
from service.web.pages import pages
from service.web.parts import package_of

_ROWS = 100


@pages.get("/activity")
@shows()
def activity(session: Session) -> str:
    """Show who or what did what, and why."""
    organisation_id = person().company.id
    chosen = request.args.get("connection", "")
    found = lists.event_page(
        session,
        organisation_id,
        lists.EventFilter(connection_id=chosen if is_id(chosen) else None),
        limit=_ROWS,
        cursor=request.args.get("cursor") or None,
    )
    every = all_of(session, organisation_id)
    return render_template(
        "activity.html",
        events=found.items,
        next=found.next,
        connections=every,
        chosen=chosen,
        titles={row.id: f"{package_of(row.provider)} · {row.organisation_name or ''}" for row in every},
        names=web_users.names_of_actors(session, organisation_id, {event.actor for event in found.items}),
    )
