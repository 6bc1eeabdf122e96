"""The inbox of webhooks, and the finds of the sweeps that are compared with it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import and_, case, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from service.core.notice import STAMP_SLACK, Happening, Notice
from service.core.ports import RemoteRecord
from service.ids import new_id
from service.store.inbox_models import FindRow, NoticeRow
from service.store.queries.find import chunks
from service.store.sync_models import ConnectionRow, CounterpartRow, RunRow

#: States in which what a package tells is kept.
_LISTENING = ("matching", "live", "paused")


def connections_of(session: Session, provider: str, tenant_ids: Collection[str]) -> Sequence[ConnectionRow]:
    """Return the connections to some companies, over all organisations: whoever is connected hears of it."""
    return session.scalars(
        select(ConnectionRow).where(
            ConnectionRow.provider == provider,
            ConnectionRow.remote_tenant_id.in_(tenant_ids),
            ConnectionRow.state.in_(_LISTENING),
        )
    ).all()


def keep(session: Session, connection: ConnectionRow, notices: Sequence[Notice], now: datetime) -> int:
    """Store notices that are new; return how many those are. What the sweep had found before is now told."""
    known: set[str] = set()
    for part in chunks([notice.key for notice in notices]):
        known |= set(
            session.scalars(
                select(NoticeRow.key).where(NoticeRow.connection_id == connection.id, NoticeRow.key.in_(part))
            )
        )
    fresh = {notice.key: notice for notice in notices if notice.key not in known}
    if fresh:
        session.execute(insert(NoticeRow), [_values(connection, notice, now) for notice in fresh.values()])
    for notice in fresh.values():
        if notice.family is not None:
            _told(session, connection.id, notice, now)
    return len(fresh)


def _values(connection: ConnectionRow, notice: Notice, now: datetime) -> dict[str, object]:
    return {
        "id": new_id(),
        "organisation_id": connection.organisation_id,
        "connection_id": connection.id,
        "key": notice.key,
        "family": notice.family.value if notice.family else None,
        "remote_id": notice.remote_id,
        "happening": notice.happening.value,
        "merged_id": notice.merged_id,
        "at": notice.at,
        "received_at": now,
        "taken_at": now if notice.family is None else None,
    }


def _told(session: Session, connection_id: str, notice: Notice, now: datetime) -> None:
    session.execute(
        update(FindRow)
        .where(
            FindRow.connection_id == connection_id,
            FindRow.family == notice.family,
            FindRow.remote_id == notice.remote_id,
            FindRow.told_at.is_(None),
            # What is told later of the same entity is another change: it says nothing of this one.
            FindRow.changed_at.between(notice.at - STAMP_SLACK, notice.at + STAMP_SLACK),
        )
        .values(told_at=now)
        .execution_options(synchronize_session=False)
    )


def waiting(session: Session) -> Sequence[tuple[str, str]]:
    """Return (id, organisation) of live connections with news that no run has looked at, and no run under way."""
    under_way = select(RunRow.connection_id).where(RunRow.finished_at.is_(None))
    told = exists().where(NoticeRow.connection_id == ConnectionRow.id, NoticeRow.taken_at.is_(None))
    rows = session.execute(
        select(ConnectionRow.id, ConnectionRow.organisation_id).where(
            told, ConnectionRow.state == "live", ConnectionRow.id.not_in(under_way)
        )
    )
    return [(connection_id, organisation_id) for connection_id, organisation_id in rows]


def untaken(session: Session, connection_id: str, *, limit: int = 1000) -> Sequence[NoticeRow]:
    """Return notices that nobody has looked at, oldest first."""
    return session.scalars(
        select(NoticeRow)
        .where(NoticeRow.connection_id == connection_id, NoticeRow.taken_at.is_(None))
        .order_by(NoticeRow.received_at, NoticeRow.id)
        .limit(limit)
    ).all()


def last_changes(session: Session, connection_id: str, rows: Sequence[NoticeRow]) -> dict[tuple[str, str], datetime]:
    """Return when the entities of notices were last changed, as far as is known here; by family and id."""
    found: dict[tuple[str, str], datetime] = {}
    for family in {row.family for row in rows if row.family is not None}:
        for part in chunks({row.remote_id for row in rows if row.family == family}):
            known = session.execute(
                select(CounterpartRow.remote_id, CounterpartRow.modified_at).where(
                    CounterpartRow.connection_id == connection_id,
                    CounterpartRow.family == family,
                    CounterpartRow.remote_id.in_(part),
                )
            )
            found.update({(family, remote_id): at for remote_id, at in known if at is not None})
    return found


def merges(session: Session, connection_id: str) -> Sequence[NoticeRow]:
    """Return the merges that nobody has taken in."""
    return session.scalars(
        select(NoticeRow)
        .where(
            NoticeRow.connection_id == connection_id,
            NoticeRow.taken_at.is_(None),
            NoticeRow.happening == Happening.MERGED.value,
        )
        .order_by(NoticeRow.at, NoticeRow.id)
    ).all()


def take(session: Session, connection_id: str, *, until: datetime, now: datetime) -> None:
    """Note that a run has read the feed, and so knows all that was told until a moment."""
    session.execute(
        update(NoticeRow)
        .where(NoticeRow.connection_id == connection_id, NoticeRow.taken_at.is_(None), NoticeRow.received_at <= until)
        .values(taken_at=now)
        .execution_options(synchronize_session=False)
    )


def note_finds(session: Session, connection: ConnectionRow, records: Sequence[RemoteRecord], now: datetime) -> None:
    """Write down what a sweep found changed, with whether a webhook had told it."""
    dated = [record for record in records if record.modified_at is not None]
    if not dated:
        return
    told: dict[tuple[str, str], datetime] = {}
    for family in {record.family for record in dated}:
        for part in chunks([record.remote_id for record in dated if record.family is family]):
            rows = session.execute(
                select(NoticeRow.remote_id, func.max(NoticeRow.at))
                .where(
                    NoticeRow.connection_id == connection.id,
                    NoticeRow.family == family.value,
                    NoticeRow.remote_id.in_(part),
                )
                .group_by(NoticeRow.remote_id)
            )
            told.update({(family.value, remote_id): at for remote_id, at in rows})
    session.execute(
        insert(FindRow),
        [
            {
                "id": new_id(),
                "organisation_id": connection.organisation_id,
                "connection_id": connection.id,
                "family": record.family.value,
                "remote_id": record.remote_id,
                "changed_at": record.modified_at,
                "found_at": now,
                "told_at": now if _was_told(record, told) else None,
            }
            for record in dated
        ],
    )


def _was_told(record: RemoteRecord, told: dict[tuple[str, str], datetime]) -> bool:
    at = told.get((record.family.value, record.remote_id))
    return at is not None and record.modified_at is not None and record.modified_at <= at + STAMP_SLACK


def meter(session: Session, connection_id: str, *, since: datetime, until: datetime) -> tuple[int, int]:
    """Count what sweeps found between two moments: all of it, and what no webhook has told to this day."""
    missed = case((FindRow.told_at.is_(None), 1), else_=0)
    row = session.execute(
        select(func.count(), func.coalesce(func.sum(missed), 0)).where(
            and_(FindRow.connection_id == connection_id, FindRow.found_at > since, FindRow.found_at <= until)
        )
    ).one()
    return int(row[0]), int(row[1])


def last_heard(session: Session, connection_id: str) -> datetime | None:
    """Return when the package last told something."""
    return session.scalar(select(func.max(NoticeRow.received_at)).where(NoticeRow.connection_id == connection_id))


def forget(session: Session, *, before: datetime) -> None:
    """Delete notices that were taken, and finds, from before a moment."""
    session.execute(delete(NoticeRow).where(NoticeRow.taken_at.is_not(None), NoticeRow.received_at < before))
    session.execute(delete(FindRow).where(FindRow.found_at < before))
