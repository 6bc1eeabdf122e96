"""Links over HTTP: what ties a record to its counterpart, and its history."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from service.api.access import caller
from service.api.connections import OptionalInput
from service.api.history import QuestionOut, WriteOut, question_out, write_out
from service.api.outputs import EventOut, ProblemState, ReadbackOut, event_out, readback_out
from service.api.paging import PageQuery
from service.api.routes import IdPath, routes
from service.api.runs import RunOut, WaitQuery, platform, wake_and_wait
from service.api.services import services
from service.api.units import acts, reads
from service.core.ports import EntityKind, Ref
from service.core.problem import from_json, sentence
from service.records.fields import RecordId
from service.store.accounts import Role
from service.store.queries import drift, history
from service.store.queries import links as queries
from service.store.queries.dots import dot_of_row
from service.store.queries.sync_lists import link_page
from service.store.sync_models import ConnectionRow, LinkRow
from service.sync import sending

api = routes("Links", about="Ties between records and their counterparts at the packages.")


class LinkOut(BaseModel):
    """A link."""

    id: str
    connection_id: str
    entity: str
    record_id: str
    generation: int
    dot: Literal["green", "orange", "red", "none"]
    remote_id: str | None
    remote_name: str | None
    remote_url: str | None
    last_synced_at: datetime | None
    losses: list[dict[str, Any]]
    drift: int
    readback: ReadbackOut | None
    problem: ProblemState | None
    retired_at: datetime | None
    retired_why: str | None
    created_at: datetime


class Life(BaseModel):
    """One generation of a link: what was sent, what was asked, and what the audit trail says of it; newest first."""

    link: LinkOut
    writes: list[WriteOut]
    problems: list[QuestionOut]
    events: list[EventOut]


class LinkDetail(LinkOut):
    """A link with its history, newest first."""

    history: list[Life]


class LinkList(BaseModel):
    """A page of links."""

    items: list[LinkOut]
    next: str | None


class LinkQuery(PageQuery):
    """Filters of the list."""

    connection_id: RecordId | None = None
    dot: Literal["green", "orange", "red", "none"] | None = None
    entity: EntityKind | None = None
    record_id: RecordId | None = None


class SendInput(OptionalInput):
    """Where to send a record; every live connection if nothing is named."""

    connection_id: Annotated[RecordId | None, Field(description="One connection.")] = None


class Sent(BaseModel):
    """The runs that send a record."""

    runs: list[RunOut]


@api.get("/links", responses={200: LinkList})
@reads(Role.VIEWER)
def list_links(session: Session, query: LinkQuery) -> LinkList:
    """List links in force."""
    found = link_page(session, caller().organisation_id, **query.model_dump())
    return LinkList(items=[link_out(session, row) for row in found.items], next=found.next)


@api.get("/links/<id>", responses={200: LinkDetail})
@reads(Role.VIEWER)
def get_link(session: Session, path: IdPath) -> LinkDetail:
    """Read a link with every life it had."""
    row = queries.get(session, caller().organisation_id, path.id)
    generations = queries.generations(session, row)
    ids = [one.id for one in generations]
    writes, problems = history.writes_of(session, ids), history.problems_of(session, ids)
    events = history.events_of(session, generations)
    lives = [
        Life(
            link=link_out(session, one),
            writes=[write_out(write) for write in writes[one.id]],
            problems=[question_out(problem) for problem in problems[one.id]],
            events=[event_out(event) for event in events[one.id]],
        )
        for one in generations
    ]
    return LinkDetail(**link_out(session, row).model_dump(), history=lives)


@api.post("/customers/<id>/sync", responses={200: Sent, 202: Sent})
@acts(Role.ACCOUNTANT)
def send_customer(path: IdPath, query: WaitQuery, body: SendInput) -> tuple[Sent, int]:
    """Send a customer now, to one connection or to every live one."""
    who = caller()
    asked = sending.send_now(
        platform(),
        organisation_id=who.organisation_id,
        ref=Ref(kind=EntityKind.CUSTOMER, id=path.id),
        connection_id=body.connection_id,
        actor=who.actor,
    )
    answers = [wake_and_wait(one, query.wait) for one in asked]
    return Sent(runs=[run for run, _ in answers]), max(status for _, status in answers)


def link_out(session: Session, row: LinkRow) -> LinkOut:
    """Return a link's document."""
    connection = session.get_one(ConnectionRow, row.connection_id)
    problem = queries.problem_of(session, row)
    told = None
    if problem is not None:
        known = from_json(problem.document)
        told = ProblemState(
            kind=problem.kind,
            message=sentence(known),
            provider_code=known.provider_code,
            conflict_id=problem.id,
            since=problem.opened_at,
        )
    return LinkOut(
        id=row.id,
        connection_id=row.connection_id,
        entity=row.entity,
        record_id=row.record_id,
        generation=row.generation,
        dot=dot_of_row(row).value,
        remote_id=row.remote_id,
        remote_name=row.remote_name,
        remote_url=services().remote_url(connection, row),
        last_synced_at=row.last_synced_at,
        losses=row.losses,
        drift=drift.count_of(session, row.id),
        readback=readback_out(row),
        problem=told,
        retired_at=row.retired_at,
        retired_why=row.retired_why,
        created_at=row.created_at,
    )
