"""The audit trail over HTTP."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, BeforeValidator, WithJsonSchema
from sqlalchemy.orm import Session

from service.api.access import caller
from service.api.outputs import EventOut, event_out
from service.api.paging import PageQuery
from service.api.routes import routes
from service.api.units import reads
from service.records.fields import RecordId
from service.store.accounts import Role
from service.store.queries.lists import EventFilter, event_page

api = routes("Activity", about="Who or what changed something, when, before, after, why.")


def _written_out(value: object) -> object:
    if isinstance(value, str) and "T" in value.upper():
        # In a query a plus sign that was not escaped arrives as a blank.
        return value.replace(" ", "+")
    raise ValueError("A time is written as 2026-11-22T09:30:00Z.")


Moment = Annotated[
    AwareDatetime, BeforeValidator(_written_out), WithJsonSchema({"type": "string", "format": "date-time"})
]


class EventList(BaseModel):
    """A page of the audit trail."""

    items: list[EventOut]
    next: str | None


class EventQuery(PageQuery):
    """Filters of the list."""

    record_id: RecordId | None = None
    link_id: RecordId | None = None
    connection_id: RecordId | None = None
    run_id: RecordId | None = None
    since: Moment | None = None


@api.get("/events", responses={200: EventList})
@reads(Role.VIEWER)
def list_events(session: Session, query: EventQuery) -> EventList:
    """List the audit trail, newest first."""
    chosen = EventFilter(**query.model_dump(exclude={"limit", "cursor"}))
    found = event_page(session, caller().organisation_id, chosen, limit=query.limit, cursor=query.cursor)
    return EventList(items=[event_out(row) for row in found.items], next=found.next)
