"""Drifted fields: what waits, what was accepted and left, what became of the rest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from service.core.drift import DriftRule, DriftStatus
from service.store.drift_models import DriftRow
from service.store.queries.connections import NotFoundError
from service.store.queries.events import run_now
from service.store.queries.find import chunks
from service.store.queries.pages import Key, Page, page, text
from service.store.sync_models import ConnectionRow, LinkRow

_OPEN = DriftRow.status == DriftStatus.OPEN.value


def get(session: Session, organisation_id: str, drift_id: str) -> DriftRow:
    """Return a drifted field of the organisation.

    :raises NotFoundError: unknown, or another organisation's.
    """
    row = session.scalar(select(DriftRow).where(DriftRow.id == drift_id, DriftRow.organisation_id == organisation_id))
    if row is None:
        raise NotFoundError(drift_id)
    return row


def drift_page(
    session: Session,
    organisation_id: str,
    *,
    connection_id: str | None = None,
    record_id: str | None = None,
    link_id: str | None = None,
    status: str | None = None,
    limit: int,
    cursor: str | None,
) -> Page[DriftRow]:
    """Return drifted fields, newest first.

    :raises BadCursor: the cursor is of another list.
    """
    query = select(DriftRow).where(DriftRow.organisation_id == organisation_id)
    for column, value in (
        (DriftRow.connection_id, connection_id),
        (DriftRow.record_id, record_id),
        (DriftRow.link_id, link_id),
        (DriftRow.status, status),
    ):
        if value is not None:
            query = query.where(column == value)
    return page(session, query, [Key(DriftRow.id, text, descending=True)], order="drift", limit=limit, cursor=cursor)


def in_force(session: Session, link_ids: Collection[str]) -> dict[str, list[DriftRow]]:
    """Return, by link, what a comparison must know: open drift, and differences that were accepted as they stand."""
    found: dict[str, list[DriftRow]] = {}
    for part in chunks(link_ids):
        query = select(DriftRow).where(DriftRow.link_id.in_(part), or_(_OPEN, DriftRow.kept.is_(True)))
        for row in session.scalars(query.order_by(DriftRow.id)):
            found.setdefault(row.link_id, []).append(row)
    return found


def count_expression() -> ColumnElement[int]:
    """Return how many fields of a link's row stand drifted, for lists of links."""
    return select(func.count()).where(DriftRow.link_id == LinkRow.id, _OPEN).correlate(LinkRow).scalar_subquery()


def count_of(session: Session, link_id: str) -> int:
    """Count the fields of a link that stand drifted."""
    return session.scalar(select(func.count()).where(DriftRow.link_id == link_id, _OPEN)) or 0


def count_waiting(session: Session, connection: ConnectionRow) -> int:
    """Count the fields of a connection that wait for a person: where its rule decides, none do."""
    if connection.settings.get("drift", DriftRule.PUT_BACK) == DriftRule.PUT_BACK:
        return 0
    undecided = select(func.count()).where(DriftRow.connection_id == connection.id, _OPEN, DriftRow.decision.is_(None))
    return session.scalar(undecided) or 0


def count_of_run(session: Session, connection_id: str, run_id: str) -> int:
    """Count what a run found: fields that stand drifted after it, and those it put back or accepted itself."""
    query = select(func.count()).where(DriftRow.connection_id == connection_id, _found_by(run_id))
    return session.scalar(query) or 0


def found_by_run(session: Session, connection_id: str, run_id: str, *, limit: int = 1000) -> Sequence[DriftRow]:
    """Return what a run found, oldest first: see :func:`count_of_run`."""
    query = select(DriftRow).where(DriftRow.connection_id == connection_id, _found_by(run_id))
    return session.scalars(query.order_by(DriftRow.id).limit(limit)).all()


def _found_by(run_id: str) -> ColumnElement[bool]:
    done = DriftRow.status.in_([DriftStatus.PUT_BACK.value, DriftStatus.ACCEPTED.value])
    return or_(_OPEN, and_(DriftRow.closed_run_id == run_id, done))


def close_put_back(
    session: Session, link_id: str, fields: Collection[str], *, now: datetime, call_id: str | None
) -> None:
    """Note that a confirmed write has put fields of a link back."""
    session.execute(
        update(DriftRow)
        .where(DriftRow.link_id == link_id, DriftRow.field.in_(list(fields)), _OPEN)
        .values(
            status=DriftStatus.PUT_BACK.value,
            closed_at=now,
            closed_by=func.coalesce(DriftRow.decided_by, "sync"),
            closed_run_id=run_now(),
            call_id=call_id,
        )
        .execution_options(synchronize_session=False)
    )


def forget_left(session: Session, link_id: str, *, at: datetime | None, by: str) -> None:
    """Forget the differences that a person left as they are with one answer, which is taken back."""
    left = (DriftRow.link_id == link_id, DriftRow.kept.is_(True), DriftRow.decided_at == at, DriftRow.decided_by == by)
    session.execute(delete(DriftRow).where(*left))


def lapse_without_link(session: Session, connection_id: str, *, now: datetime) -> None:
    """Close what drifted on links that have ended: nothing is tied to those values any more."""
    ended = select(LinkRow.id).where(LinkRow.connection_id == connection_id, LinkRow.retired_at.is_not(None))
    session.execute(
        update(DriftRow)
        .where(DriftRow.connection_id == connection_id, _OPEN, DriftRow.link_id.in_(ended))
        .values(status=DriftStatus.LAPSED.value, closed_at=now, closed_by="sync", closed_run_id=run_now())
        .execution_options(synchronize_session=False)
    )


def links_of(session: Session, connection_id: str) -> Sequence[LinkRow]:
    """Return the links in force on which something drifted and stands."""
    drifted = select(DriftRow.link_id).where(DriftRow.connection_id == connection_id, _OPEN)
    return session.scalars(select(LinkRow).where(LinkRow.id.in_(drifted), LinkRow.retired_at.is_(None))).all()
