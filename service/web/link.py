"""The history of one link: every life it had, with what was sent, what came back, what was asked and answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import render_template
from sqlalchemy.orm import Session

from service.core.ports import EntityKind, Ref
from service.store.queries import connections, history, links
from service.store.sync_models import LinkRow, ProblemRow
from service.sync.addresses import remote_url
from service.web.access import person, shows
from service.web.deed import Deed, deed_of, page_of, written
from service.web.pages import pages
from service.web.parts import package_of, parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One generation of a link, newest deed first."""

    link: LinkRow
    url: str | None  #: where a person sees that counterpart in the package
    deeds: Sequence[Deed]


@pages.get("/links/<link_id>")
@shows()
def link_history(session: Session, link_id: str) -> str:
    """Show what became of a record at one connection, from the first life of its link to now."""
    row = links.get(session, person().company.id, link_id)
    connection = connections.get(session, row.organisation_id, row.connection_id)
    lives = links.generations(session, row)
    ids = [one.id for one in lives]
    writes, questions = history.writes_of(session, ids), history.problems_of(session, ids)
    events = history.events_of(session, lives)
    ref = Ref(kind=EntityKind(row.entity), id=row.record_id)
    labels = history.labels_of(session, [ref])
    platform = parts().platform
    shown = []
    for one in lives:
        asked: dict[object, ProblemRow] = {problem.opened_at: problem for problem in questions[one.id]}
        told = [
            history.Action(event=event, problem=asked.get(event.at) if event.verb == "needs a person" else None)
            for event in events[one.id]
            if event.call_id is None
        ]
        deeds = [
            *(written(write, labels) for write in writes[one.id]),
            *(deed_of(action, labels) for action in told),
        ]
        deeds.sort(key=lambda deed: (deed.at, deed.id), reverse=True)
        shown.append(Life(link=one, url=remote_url(platform, connection, one), deeds=deeds))
    return render_template(
        "link.html",
        row=row,
        connection=connection,
        package=package_of(connection.provider),
        label=labels.get(ref) or row.remote_name or row.record_id,
        record_url=page_of(row.entity, row.record_id),
        lives=shown,
    )
