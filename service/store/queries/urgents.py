"""What people asked to have sent at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, exists, select, update
from sqlalchemy.orm import Session

from service.core.ports import Ref
from service.ids import new_id
from service.store.sync_models import ConnectionRow
from service.store.urgent_models import UrgentRow


def add(session: Session, connection: ConnectionRow, refs: Sequence[Ref], *, actor: str, now: datetime) -> list[str]:
    """Write down that a person wants records sent now; return the ids of the requests."""
    rows = [
        UrgentRow(
            id=new_id(),
            organisation_id=connection.organisation_id,
            connection_id=connection.id,
            entity=ref.kind.value,
            record_id=ref.id,
            asked_by=actor,
            asked_at=now,
        )
        for ref in refs
    ]
    session.add_all(rows)
    return [row.id for row in rows]


# Asked before each write: built once, because to build it takes longer than the database does.
_WAITING = (
    select(UrgentRow)
    .where(UrgentRow.connection_id == bindparam("connection_id"), UrgentRow.served_at.is_(None))
    .order_by(UrgentRow.id)
)


def waiting(session: Session, connection_id: str) -> Sequence[UrgentRow]:
    """Return the requests that nobody has served, in the order in which they were made."""
    return session.scalars(_WAITING, {"connection_id": connection_id}).all()


def any_waiting(session: Session, connection_id: str) -> bool:
    """Tell whether somebody waits."""
    found = exists().where(UrgentRow.connection_id == connection_id, UrgentRow.served_at.is_(None))
    return bool(session.scalar(select(found)))


def are_served(session: Session, request_ids: Collection[str]) -> bool:
    """Tell whether all of some requests were served."""
    left = exists().where(UrgentRow.id.in_(request_ids), UrgentRow.served_at.is_(None))
    return not session.scalar(select(left))


def serve(session: Session, request_ids: Collection[str], *, run_id: str | None, now: datetime) -> None:
    """Note that requests were served."""
    session.execute(
        update(UrgentRow)
        .where(UrgentRow.id.in_(request_ids))
        .values(served_at=now, run_id=run_id)
        .execution_options(synchronize_session=False)
    )


def forget(session: Session, *, before: datetime) -> None:
    """Delete what was served before a moment."""
    session.execute(delete(UrgentRow).where(UrgentRow.served_at < before))
