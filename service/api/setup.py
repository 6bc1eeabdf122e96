"""Setting a connection up over HTTP: matches, mapping, a preview, going live."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, Field, model_validator

from service.api.access import caller
from service.api.connections import ConnectionOut, Input, read_again
from service.api.mapping_documents import RecordOut
from service.api.paging import Limit, PageQuery
from service.api.routes import IdPath, routes
from service.api.runs import platform
from service.api.services import services
from service.api.units import acts
from service.records.fields import RecordId
from service.store.accounts import Role
from service.store.queries import connections as queries
from service.store.queries.pages import MAX_LIMIT
from service.sync import golive, match, proposing

api = routes("Set-up", about="What has to be decided before a connection goes live.")


class MatchOut(BaseModel):
    """A proposal: a record here that may be the same as one there."""

    customer_id: str
    customer_name: str
    remote_id: str
    remote_name: str
    confidence: float
    evidence: list[str]
    ambiguous: bool
    decision: Literal["link", "separate"] | None


class MatchCounts(BaseModel):
    """How many proposals there are: what ``accept_above`` 0.95 takes, other clear ones, the rest, and decided ones."""

    sure: int
    probable: int
    ambiguous: int
    decided: int


class MatchList(BaseModel):
    """Proposals, the undecided ones first, surest first."""

    items: list[MatchOut]
    next: str | None
    #: ``working``: the two lists are still being compared, and these proposals may not be all, or not the newest
    state: Literal["ready", "working"]
    counts: MatchCounts


class MatchQuery(PageQuery):
    """Which page of the proposals; without a limit as many as fit on one."""

    limit: Limit = MAX_LIMIT


class Decision(Input):
    """What a person decides about one proposal."""

    customer_id: RecordId
    remote_id: Annotated[str, Field(min_length=1, max_length=100)]
    decision: Literal["link", "separate"]


class MatchAnswer(Input):
    """Decisions one by one, or everything that is exact, or everything at least as sure as given."""

    decisions: Annotated[list[Decision], Field(max_length=5000)] | None = None
    accept: Literal["exact"] | None = None
    accept_above: Annotated[float, Field(ge=0, le=1)] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> MatchAnswer:
        if sum(given is not None for given in (self.decisions, self.accept, self.accept_above)) != 1:
            message = "Give decisions, accept or accept_above, and only one of them."
            raise ValueError(message)
        return self


class Linked(MatchList):
    """How many proposals were decided by a request, and the first page of the list as it stands now."""

    decided: int


class ObstacleOut(BaseModel):
    """Something that has to be chosen or decided before a connection can go live."""

    kind: str
    key: str
    message: str
    records: int
    first: list[RecordOut] = Field(default_factory=list, description="The first few of them.")


class NotYet(BaseModel):
    """Why a connection can't go live yet: a problem document with the list."""

    type: str = "urn:tieout:problem:not_ready"
    title: str = "Not ready to go live"
    status: int = 409
    detail: str
    missing: list[ObstacleOut]


@api.get("/connections/<id>/matches", responses={200: MatchList})
@acts(Role.VIEWER)
def list_matches(path: IdPath, query: MatchQuery) -> MatchList:
    """List which records here may be the same as records there."""
    return _matches_of(path.id, limit=query.limit, cursor=query.cursor)


@api.post("/connections/<id>/matches", responses={200: Linked})
@acts(Role.ACCOUNTANT)
def decide_matches(path: IdPath, body: MatchAnswer) -> Linked:
    """Decide about proposals; linking writes nothing to the package."""
    who = caller()
    if body.decisions is not None:
        count = match.decide(
            platform(),
            organisation_id=who.organisation_id,
            connection_id=path.id,
            decisions=[(one.customer_id, one.remote_id, one.decision) for one in body.decisions],
            actor=who.actor,
        )
    else:
        above = Decimal(1) if body.accept is not None else Decimal(str(body.accept_above))
        count = match.accept(
            platform(), organisation_id=who.organisation_id, connection_id=path.id, above=above, actor=who.actor
        )
    return Linked(decided=count, **_matches_of(path.id).model_dump())


def _matches_of(connection_id: str, *, limit: int = MAX_LIMIT, cursor: str | None = None) -> MatchList:
    ready = proposing.look(platform(), caller().organisation_id, connection_id)
    with services().database.read() as session:
        row = queries.get(session, caller().organisation_id, connection_id)
        found = match.page_of_matches(session, row, limit=limit, cursor=cursor)
        counts = match.tally(session, row)
    return MatchList(
        items=[_match_out(one) for one in found.items],
        next=found.next,
        state="ready" if ready else "working",
        counts=MatchCounts(**asdict(counts)),
    )


@api.post("/connections/<id>/go-live", responses={200: ConnectionOut, 409: NotYet})
@acts(Role.ADMIN)
def go_live(path: IdPath) -> ConnectionOut | tuple[NotYet, int]:
    """Let a matching connection go live; 409 with the list of what is missing or undecided."""
    who = caller()
    obstacles = golive.go_live(platform(), organisation_id=who.organisation_id, connection_id=path.id, actor=who.actor)
    if not obstacles:
        return read_again(path.id)
    listed = [
        ObstacleOut(
            kind=one.kind,
            key=one.key,
            message=one.message,
            records=one.records,
            first=[RecordOut(entity=ref.kind, record_id=ref.id, label=label) for ref, label in one.first],
        )
        for one in obstacles
    ]
    return NotYet(detail=" ".join(one.message for one in listed[:5]), missing=listed), 409


def _match_out(one: match.Match) -> MatchOut:
    return MatchOut(
        customer_id=one.customer_id,
        customer_name=one.customer_name,
        remote_id=one.remote_id,
        remote_name=one.remote_name,
        confidence=float(one.confidence),
        evidence=list(one.evidence),
        ambiguous=one.ambiguous,
        decision="link" if one.decision == "link" else "separate" if one.decision else None,
    )
