"""Drift over HTTP: what was changed at the packages in fields of ours, and what becomes of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel
from sqlalchemy.orm import Session

from service.api.access import caller
from service.api.connections import Input
from service.api.paging import PageQuery
from service.api.problems import ApiError
from service.api.routes import IdPath, routes
from service.api.runs import platform
from service.api.services import services
from service.api.units import acts, reads
from service.core.drift import DriftDecision, DriftStatus, who_is_not_told
from service.core.problem import field_label
from service.records.fields import RecordId
from service.store.accounts import Role
from service.store.drift_models import DriftRow
from service.store.queries import drift as queries
from service.store.sync_models import ConnectionRow
from service.sync import drift

api = routes("Drift", about="What was changed at the packages in fields of ours.")


class DriftOut(BaseModel):
    """One field of one record that was changed there."""

    id: str
    connection_id: str
    link_id: str
    entity: str
    record_id: str
    label: str
    field: str
    field_label: str
    agreed: Any
    ours: Any
    theirs: Any
    message: str
    status: DriftStatus
    decision: DriftDecision | None
    decided_by: str | None
    decided_at: datetime | None
    #: accepted, but ours could not take the value over: both sides keep what they have
    kept: bool
    found_at: datetime
    seen_at: datetime
    found_run_id: str | None
    #: when the record was last changed there before it was found
    changed_at: datetime | None
    changed_by: str | None
    #: why nobody is named, where nobody is
    changed_by_note: str | None
    closed_at: datetime | None
    closed_by: str | None
    closed_run_id: str | None


class DriftList(BaseModel):
    """A page of drifted fields."""

    items: list[DriftOut]
    next: str | None


class DriftQuery(PageQuery):
    """Filters of the list."""

    connection_id: RecordId | None = None
    record_id: RecordId | None = None
    link_id: RecordId | None = None
    status: Literal["open", "put_back", "accepted", "lapsed"] | None = None


class DecisionInput(Input):
    """What a person decides."""

    decision: DriftDecision


@api.get("/drift", responses={200: DriftList})
@reads(Role.VIEWER)
def list_drift(session: Session, query: DriftQuery) -> DriftList:
    """List drifted fields, newest first."""
    found = queries.drift_page(session, caller().organisation_id, **query.model_dump())
    return DriftList(items=[drift_out(session, row) for row in found.items], next=found.next)


@api.get("/drift/<id>", responses={200: DriftOut})
@reads(Role.VIEWER)
def get_drift(session: Session, path: IdPath) -> DriftOut:
    """Read a drifted field."""
    return drift_out(session, queries.get(session, caller().organisation_id, path.id))


@api.post("/drift/<id>", responses={200: DriftOut})
@acts(Role.ACCOUNTANT)
def decide_drift(path: IdPath, body: DecisionInput) -> DriftOut:
    """Decide about a drifted field; the next run acts on it. Deciding the same again changes nothing."""
    who = caller()
    try:
        drift.decide(
            platform(),
            organisation_id=who.organisation_id,
            drift_id=path.id,
            decision=body.decision,
            actor=who.actor,
        )
    except drift.AlreadySettled as error:
        raise ApiError(409, str(error), kind=error.code) from error
    with services().database.read() as session:
        return drift_out(session, queries.get(session, who.organisation_id, path.id))


def drift_out(session: Session, row: DriftRow) -> DriftOut:
    """Return a drifted field's document; every text is made from stored facts."""
    connection = session.get_one(ConnectionRow, row.connection_id)
    package = platform().provider(connection.provider).package
    kept = {"field_label", "message", "changed_by_note"}
    return DriftOut(
        **{name: getattr(row, name) for name in DriftOut.model_fields.keys() - kept},
        field_label=field_label(row.field),
        message=drift.sentence_of(row, connection, package),
        changed_by_note=who_is_not_told(package) if row.changed_by is None else None,
    )
