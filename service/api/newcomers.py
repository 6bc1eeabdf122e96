"""Customers that exist only at the package over HTTP: listing them, and taking some in as customers here."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from service.api.access import caller
from service.api.paging import PageQuery
from service.api.routes import IdPath, routes
from service.api.runs import platform
from service.api.units import acts, reads
from service.records.inputs import Input, NewcomerInput
from service.store.accounts import Role
from service.store.queries import connections as queries
from service.sync import match, newcomer

api = routes("Newcomers", about="Customers that exist only at a package, and taking them in.")


class CandidateOut(BaseModel):
    """A customer there that nothing here is tied to, and that no proposal names."""

    remote_id: str
    name: str
    email: str | None
    remote_url: str | None
    first_seen_at: datetime


class CandidateList(BaseModel):
    """Customers that exist only there, newest first."""

    items: list[CandidateOut]
    next: str | None


class NewcomersInput(Input):
    """What to take in: all of it or nothing."""

    take_in: Annotated[list[NewcomerInput], Field(min_length=1, max_length=200)]


class TakenIn(BaseModel):
    """The customers that were made, in the order asked for."""

    customer_ids: list[str]


@api.get("/connections/<id>/candidates", responses={200: CandidateList})
@reads(Role.VIEWER)
def list_candidates(session: Session, path: IdPath, query: PageQuery) -> CandidateList:
    """List the customers that exist only there; none of them is ever created here by itself."""
    row = queries.get(session, caller().organisation_id, path.id)
    found = match.candidates(platform(), session, row, limit=query.limit, cursor=query.cursor)
    return CandidateList(items=[CandidateOut(**asdict(one)) for one in found.items], next=found.next)


@api.post("/connections/<id>/candidates", responses={201: TakenIn})
@acts(Role.ACCOUNTANT)
def take_candidates_in(path: IdPath, body: NewcomersInput) -> tuple[TakenIn, int]:
    """Take customers in that exist only there, with what the package shows of them; nothing is written there."""
    who = caller()
    made = newcomer.take_in(
        platform(),
        organisation_id=who.organisation_id,
        connection_id=path.id,
        newcomers=body.take_in,
        actor=who.actor,
    )
    return TakenIn(customer_ids=made), 201
