"""Setting a connection up over HTTP: matches, mapping, a preview, going live."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, model_validator
from sqlalchemy.orm import Session

from service.api.access import caller
from service.api.connections import ConnectionOut, Input, read_again
from service.api.paging import Limit, PageQuery
from service.api.problems import ApiError
from service.api.routes import IdPath, routes
from service.api.runs import platform
from service.api.services import services
from service.api.units import acts, reads
from service.core.money import decimal_text
from service.core.ports import Offer
from service.mapping import settings as mapping_settings
from service.records.fields import RecordId
from service.store.accounts import Role
from service.store.queries import connections as queries
from service.store.queries.pages import MAX_LIMIT
from service.sync import golive, mapping, match, proposing

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


class NotYet(BaseModel):
    """Why a connection can't go live yet: a problem document with the list."""

    type: str = "urn:tieout:problem:not_ready"
    title: str = "Not ready to go live"
    status: int = 409
    detail: str
    missing: list[ObstacleOut]


class OfferOut(BaseModel):
    """One entry of a list that the package offers."""

    id: str
    name: str
    active: bool
    code: str | None
    type: str | None
    rate_percent: str | None
    days: int | None


class Offers(BaseModel):
    """The package's lists as last read."""

    accounts: list[OfferOut]
    items: list[OfferOut]
    taxes: list[OfferOut]
    terms: list[OfferOut]
    methods: list[OfferOut]


class MissingOut(BaseModel):
    """An entry that is not mapped yet."""

    entry: str
    message: str
    records: int


class MappingInput(Input):
    """A connection's choices; what is left out is empty.

    The document that was read can be put back: its lists of offers and of what is missing are passed over.
    """

    version: int | None = None
    accounts: dict[str, str] = Field(default_factory=dict)
    items: dict[str, str] = Field(default_factory=dict)
    taxes: dict[str, str] = Field(default_factory=dict)
    terms: dict[str, str] = Field(default_factory=dict)
    methods: dict[str, str] = Field(default_factory=dict)
    job_rule: Literal["own", "reference"] = "own"
    owners: dict[str, Literal["ours", "theirs", "both"]] = Field(default_factory=dict)
    offers: Annotated[Any, Field(description="Passed over.")] = None
    missing: Annotated[Any, Field(description="Passed over.")] = None


class MappingOut(BaseModel):
    """What is chosen, what is offered, what is missing."""

    version: int
    accounts: dict[str, str]
    items: dict[str, str]
    taxes: dict[str, str]
    terms: dict[str, str]
    methods: dict[str, str]
    job_rule: str
    owners: dict[str, str]
    offers: Offers
    missing: list[MissingOut]


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
    listed = [ObstacleOut(kind=one.kind, key=one.key, message=one.message, records=one.records) for one in obstacles]
    return NotYet(detail=" ".join(one.message for one in listed[:5]), missing=listed), 409


@api.get("/connections/<id>/mapping", responses={200: MappingOut})
@reads(Role.VIEWER)
def get_mapping(session: Session, path: IdPath) -> MappingOut:
    """Read what is chosen, what the package offers, and what is not mapped yet."""
    row = queries.get(session, caller().organisation_id, path.id)
    return _mapping_out(mapping.state_of(platform(), session, row))


@api.put("/connections/<id>/mapping", responses={200: MappingOut})
@acts(Role.ADMIN)
def put_mapping(path: IdPath, body: MappingInput) -> MappingOut:
    """Put new choices in the place of the old ones."""
    who = caller()
    try:
        mapping.save(
            platform(),
            organisation_id=who.organisation_id,
            connection_id=path.id,
            document=body.model_dump(exclude_unset=True, exclude={"version", "offers", "missing"}),
            version=body.version,
            actor=who.actor,
        )
    except ValueError as error:
        raise ApiError(422, str(error), kind="invalid") from error
    with services().database.read() as session:
        row = queries.get(session, who.organisation_id, path.id)
        return _mapping_out(mapping.state_of(platform(), session, row))


def _mapping_out(state: mapping.MappingState) -> MappingOut:
    lists = {name: [_offer_out(offer) for offer in getattr(state.reference, name)] for name in Offers.model_fields}
    chosen = mapping_settings.to_json(state.settings)
    missing = [MissingOut(entry=one.entry, message=one.message, records=len(one.records)) for one in state.missing]
    return MappingOut(**chosen, offers=Offers(**lists), missing=missing)


def _offer_out(offer: Offer) -> OfferOut:
    return OfferOut(
        id=offer.id,
        name=offer.name,
        active=offer.active,
        code=offer.code,
        type=offer.type,
        rate_percent=None if offer.rate_percent is None else decimal_text(offer.rate_percent),
        days=offer.days,
    )


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
