"""Named reads of connections, consents, runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from service.store.bulk import update_rows
from service.store.sync_models import ConnectionRow, ConsentRow, RunRow


class NotFoundError(LookupError):
    """There is no such row in this organisation."""


def get(session: Session, organisation_id: str, connection_id: str, *, locked: bool = False) -> ConnectionRow:
    """Return a connection of the organisation.

    :param locked: for whoever decides by it what to add to it: nobody else does before the unit of writing ends.
    :raises NotFoundError: unknown, or another organisation's.
    """
    query = select(ConnectionRow).where(
        ConnectionRow.id == connection_id, ConnectionRow.organisation_id == organisation_id
    )
    row = session.scalar(query.with_for_update() if locked else query)
    if row is None:
        raise NotFoundError(connection_id)
    return row


def all_of(session: Session, organisation_id: str) -> Sequence[ConnectionRow]:
    """Return every connection of the organisation, oldest first."""
    return session.scalars(
        select(ConnectionRow).where(ConnectionRow.organisation_id == organisation_id).order_by(ConnectionRow.id)
    ).all()


def consent_by_state(session: Session, state_hash: str) -> ConsentRow | None:
    """Return the consent that a one-time state belongs to, by the state's SHA-256."""
    return session.scalar(select(ConsentRow).where(ConsentRow.state_hash == state_hash))


def tenants_connected(session: Session, organisation_id: str, provider: str) -> set[str]:
    """Return the companies at a package that the organisation is tied to already, by the package's ids."""
    found = session.scalars(
        select(ConnectionRow.remote_tenant_id).where(
            ConnectionRow.organisation_id == organisation_id, ConnectionRow.provider == provider
        )
    )
    return {tenant for tenant in found if tenant is not None}


def connections_of_credential(session: Session, credential_id: str | None) -> int:
    """Count the connections that share a consent."""
    return (
        session.scalar(
            select(func.count()).select_from(ConnectionRow).where(ConnectionRow.credential_id == credential_id)
        )
        or 0
    )


def due(session: Session, now: datetime) -> list[tuple[str, str]]:
    """Return (id, organisation) of live connections whose turn it is and that have no run, longest waiting first."""
    under_way = select(RunRow.connection_id).where(RunRow.finished_at.is_(None))
    rows = session.execute(
        select(ConnectionRow.id, ConnectionRow.organisation_id)
        .where(
            ConnectionRow.state == "live",
            ConnectionRow.due_at.is_not(None),
            ConnectionRow.due_at <= now,
            or_(ConnectionRow.wait_until.is_(None), ConnectionRow.wait_until <= now),
            ConnectionRow.id.not_in(under_way),
        )
        .order_by(ConnectionRow.due_at)
    )
    return [(connection_id, organisation_id) for connection_id, organisation_id in rows]


def live(session: Session) -> Sequence[ConnectionRow]:
    """Return every live connection, over all organisations."""
    return session.scalars(select(ConnectionRow).where(ConnectionRow.state == "live")).all()


def run_under_way(session: Session, connection_id: str) -> RunRow | None:
    """Return the run of a connection that is queued or running."""
    return session.scalar(select(RunRow).where(RunRow.connection_id == connection_id, RunRow.finished_at.is_(None)))


def queued_runs(session: Session) -> Sequence[str]:
    """Return the ids of connections with a run that nobody has finished, oldest first."""
    return session.scalars(
        select(RunRow.connection_id).where(RunRow.finished_at.is_(None)).order_by(RunRow.requested_at)
    ).all()


def get_run(session: Session, organisation_id: str, run_id: str) -> RunRow:
    """Return a run of the organisation.

    :raises NotFoundError: unknown, or another organisation's.
    """
    row = session.scalar(select(RunRow).where(RunRow.id == run_id, RunRow.organisation_id == organisation_id))
    if row is None:
        raise NotFoundError(run_id)
    return row


def report_run(session: Session, run_id: str, **values: Any) -> None:
    """Write how far a run has come, without reading its row."""
    update_rows(session, RunRow, [{"id": run_id, **values}])


def runs(
    session: Session, organisation_id: str, *, connection_id: str | None, before: str | None, limit: int
) -> Sequence[RunRow]:
    """Return runs, newest first, of one connection or of all; ``before`` is the last id of the page before."""
    query = select(RunRow).where(RunRow.organisation_id == organisation_id)
    if connection_id is not None:
        query = query.where(RunRow.connection_id == connection_id)
    if before is not None:
        query = query.where(RunRow.id < before)
    return session.scalars(query.order_by(RunRow.id.desc()).limit(limit)).all()
