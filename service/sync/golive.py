"""Going live: nothing is written to a package before every question about it has an answer."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.core.ports import Ref
from service.store.queries import connections as queries
from service.store.queries.events import Subject, add_event
from service.store.sync_models import ConnectionRow
from service.sync import books, mapping, match, proposing
from service.sync.connect import WrongState
from service.sync.platform import Platform

_FIRST = 3  #: records that are named beside something missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """One thing that has to be chosen or decided first."""

    kind: str  #: "mapping", "match" or "books"
    key: str
    message: str
    records: int = 0  #: how many records it would stop
    first: tuple[tuple[Ref, str], ...] = ()  #: the first few of them, with what people call them


def go_live(platform: Platform, *, organisation_id: str, connection_id: str, actor: str) -> list[Obstacle]:
    """Let a matching connection go live, and return nothing; or return what stands in the way, and change nothing.

    :raises WrongState: the connection is neither matching nor live.
    """
    with platform.database.read() as session:
        row = queries.get(session, organisation_id, connection_id)
        state, unread = row.state, row.cursor is None or row.reference is None
    if state == "live":
        return []
    if state != "matching":
        message = f"The connection is {state.replace('_', ' ')}; it can go live once it is connected and matched."
        raise WrongState(message)
    if unread:
        books.read_first(platform, connection_id)
    proposing.look(platform, organisation_id, connection_id)
    with platform.database.write() as session:
        row = queries.get(session, organisation_id, connection_id)
        obstacles = _obstacles(platform, session, row)
        if obstacles:
            return obstacles
        now = platform.clock()
        row.state, row.due_at, row.problem = "live", now, None
        row.revision += 1
        add_event(
            session,
            organisation_id=organisation_id,
            at=now,
            actor=actor,
            verb="went live",
            subject=Subject(kind="connection", id=row.id, label=row.organisation_name),
            connection_id=row.id,
        )
    return []


def _missing(platform: Platform, session: Session, row: ConnectionRow) -> list[Obstacle]:
    found = mapping.state_of(platform, session, row).missing
    labels = mapping.labels_of(session, row.organisation_id, {ref for one in found for ref in one.records[:_FIRST]})
    return [
        Obstacle(
            kind="mapping",
            key=one.entry,
            message=one.message,
            records=len(one.records),
            first=tuple((ref, labels[ref]) for ref in one.records[:_FIRST] if ref in labels),
        )
        for one in found
    ]


def _obstacles(platform: Platform, session: Session, row: ConnectionRow) -> list[Obstacle]:
    if row.cursor is None or row.reference is None:
        return [Obstacle(kind="books", key="books", message="The company's books could not be read yet. Try again.")]
    missing = _missing(platform, session, row)
    if not proposing.is_fresh(session, row):
        message = "The two lists of customers are still being compared. Try again in a moment."
        return [*missing, Obstacle(kind="match", key="comparing", message=message)]
    open_matches = [
        Obstacle(
            kind="match",
            key=f"{one.customer_id}:{one.remote_id}",
            message=f"'{one.customer_name}' may be '{one.remote_name}' there ({', '.join(one.evidence)}).",
            records=1,
        )
        for one in match.undecided(session, row)
    ]
    return [*missing, *open_matches]
