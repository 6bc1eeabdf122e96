"""The counterpart table: what was last known of the entities on the other side."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, or_, select, update
from sqlalchemy.orm import Session

from service.core.names import name_key
from service.core.ports import Family, RemoteRecord
from service.ids import new_id
from service.store.bulk import insert_rows
from service.store.queries.documents import documents_of
from service.store.sync_models import ConnectionRow, CounterpartRow, LinkRow

#: Ids in one statement; SQLite and PostgreSQL both allow more, but plans get no better.
_CHUNK = 500


def chunks(ids: Collection[str]) -> Iterator[list[str]]:
    """Cut ids into lists short enough for one statement."""
    listed = list(ids)
    for start in range(0, len(listed), _CHUNK):
        yield listed[start : start + _CHUNK]


def record_of(row: CounterpartRow) -> RemoteRecord:
    """Return a row as the value that mappers read."""
    return RemoteRecord(
        family=Family(row.family),
        remote_id=row.remote_id,
        version=row.version,
        active=row.active,
        payload=row.payload,
        name=row.name,
        reference=row.reference,
        email=row.email,
        parent_id=row.parent_id,
        merged_into=row.merged_into,
        deleted=row.deleted,
        modified_at=row.modified_at,
    )


def by_remote_ids(
    session: Session, connection_id: str, family: Family, remote_ids: Collection[str]
) -> dict[str, CounterpartRow]:
    """Return the rows of the given entities, by remote id."""
    found: dict[str, CounterpartRow] = {}
    for chunk in chunks(remote_ids):
        rows = session.scalars(
            select(CounterpartRow).where(
                CounterpartRow.connection_id == connection_id,
                CounterpartRow.family == family.value,
                CounterpartRow.remote_id.in_(chunk),
            )
        )
        found.update({row.remote_id: row for row in rows})
    return found


_OF = CounterpartRow.__table__.c
# Asked with every answer: built once.
_KNOWN = select(_OF.remote_id).where(
    _OF.connection_id == bindparam("connection_id"),
    _OF.family == bindparam("family"),
    _OF.remote_id.in_(bindparam("remote_ids", expanding=True)),
)


def known_of(
    session: Session, connection_id: str, family: Family, remote_ids: Collection[str]
) -> dict[str, CounterpartRow]:
    """Return the rows of those of the given entities that are known, by remote id; of new ones mostly none is."""
    this = {"connection_id": connection_id, "family": family.value}
    found = [
        remote_id
        for chunk in chunks(remote_ids)
        for (remote_id,) in session.execute(_KNOWN, {**this, "remote_ids": chunk})
    ]
    return by_remote_ids(session, connection_id, family, found)


def absorb(
    session: Session, connection: ConnectionRow, records: Sequence[RemoteRecord], now: datetime
) -> list[RemoteRecord]:
    """Take in entities as the change feed told them; return those that were changed since they were last known.

    An entity whose version and content are known already is no news: that is how the echo of our own writes is
    recognised. News about an entity that a link is tied to raises ``heard`` on the link.
    """
    latest = {(record.family, record.remote_id): record for record in records}
    of = {"organisation_id": connection.organisation_id, "connection_id": connection.id}
    news: list[RemoteRecord] = []
    for family in {family for family, _ in latest}:
        of_family = {remote_id: record for (kind, remote_id), record in latest.items() if kind is family}
        versions = _versions(session, connection.id, family, of_family)
        changed = [record for remote_id, record in of_family.items() if _is_news(versions.get(remote_id), record)]
        known = known_of(session, connection.id, family, [record.remote_id for record in changed])
        # An answer to a write may show an entity otherwise than the feed; under the same version nobody touched it.
        news += [record for record in changed if _is_newer(known.get(record.remote_id), record)]
        parted = [record.remote_id for record in changed if _leaves_survivor(known.get(record.remote_id), record)]
        store(session, of, changed, known, now, pending=True)
        hear(session, connection.id, family, [record.remote_id for record in changed])
        # What a merge moved stays with the survivor, although it is no longer whom our record stands for.
        for kind, remote_ids in documents_of(session, connection.id, family.value, parted).items():
            hear(session, connection.id, Family(kind), remote_ids)
    return news


def store(
    session: Session,
    of: Mapping[str, str],
    records: Sequence[RemoteRecord],
    known: Mapping[str, CounterpartRow],
    now: datetime,
    *,
    pending: bool = False,
) -> None:
    """Write entities of one family over what was known of them; ``pending`` if somebody has to look at them yet.

    :param of: the columns that say whose they are: ``organisation_id`` and ``connection_id``.
    """
    fresh = []
    for record in records:
        row = known.get(record.remote_id)
        if row is None:
            fresh.append(
                {
                    "id": new_id(),
                    **of,
                    "family": record.family.value,
                    "remote_id": record.remote_id,
                    "first_seen_at": now,
                    **_columns(record, now),
                    "payload": dict(record.payload),
                    "pending": pending,
                }
            )
            continue
        for column, value in _columns(record, now).items():
            # The stub of a deleted entity keeps what was known of it, and what was merged is never taken apart again.
            if value is not None or not (record.deleted or (column == "merged_into" and not record.active)):
                setattr(row, column, value)
        if not record.deleted:
            row.payload = dict(record.payload)
        row.pending = pending
    insert_rows(session, CounterpartRow, fresh)


def saw(session: Session, connection_id: str, records: Sequence[RemoteRecord], now: datetime) -> None:
    """Note that entities are still there, whether or not there is news of them."""
    for family in {record.family for record in records}:
        for chunk in chunks([record.remote_id for record in records if record.family is family]):
            session.execute(
                update(CounterpartRow)
                .where(
                    CounterpartRow.connection_id == connection_id,
                    CounterpartRow.family == family.value,
                    CounterpartRow.remote_id.in_(chunk),
                )
                .values(seen_at=now)
                .execution_options(synchronize_session=False)
            )


def bury_unseen(session: Session, connection: ConnectionRow, families: Collection[Family], since: datetime) -> int:
    """After everything was read: what was not seen any more is gone there; return how many that are."""
    rows = session.scalars(
        select(CounterpartRow).where(
            CounterpartRow.connection_id == connection.id,
            CounterpartRow.family.in_([family.value for family in families]),
            CounterpartRow.seen_at < since,
            CounterpartRow.deleted.is_(False),
        )
    ).all()
    for row in rows:
        row.deleted, row.active, row.pending = True, False, True
    for family in families:
        hear(session, connection.id, family, [row.remote_id for row in rows if row.family == family.value])
    return len(rows)


def hear(session: Session, connection_id: str, family: Family, remote_ids: Collection[str]) -> None:
    """Let ``Heard`` happen to the links of these entities, all at once: there is news to reconcile."""
    for chunk in chunks(remote_ids):
        session.execute(
            update(LinkRow)
            .where(
                LinkRow.connection_id == connection_id,
                LinkRow.family == family.value,
                LinkRow.remote_id.in_(chunk),
                LinkRow.retired_at.is_(None),
            )
            .values(heard=LinkRow.heard + 1)
            .execution_options(synchronize_session=False)
        )


def names_taken(session: Session, connection_id: str, families: Collection[Family]) -> dict[str, list[RemoteRecord]]:
    """Return who holds each display name, by folded name, over the families that share one namespace."""
    rows = session.scalars(
        select(CounterpartRow).where(
            CounterpartRow.connection_id == connection_id,
            CounterpartRow.family.in_([family.value for family in families]),
            CounterpartRow.deleted.is_(False),
            CounterpartRow.name_key.is_not(None),
        )
    )
    taken: dict[str, list[RemoteRecord]] = {}
    for row in rows:
        taken.setdefault(row.name_key or "", []).append(record_of(row))
    return taken


def pending(session: Session, connection_id: str, family: Family, *, limit: int = 500) -> Sequence[CounterpartRow]:
    """Return entities of a family that the feed brought news of and nobody has taken in yet, oldest first."""
    return session.scalars(
        select(CounterpartRow)
        .where(
            CounterpartRow.connection_id == connection_id,
            CounterpartRow.family == family.value,
            CounterpartRow.pending.is_(True),
        )
        .order_by(CounterpartRow.seen_at, CounterpartRow.id)
        .limit(limit)
    ).all()


def bury_parts(session: Session, connection_id: str, records: Sequence[RemoteRecord]) -> None:
    """Note what credits there, as they are told now, settle no more: it is not told apart that it was taken back."""
    notes = [record.remote_id for record in records if record.family is Family.CREDIT_NOTE]
    told = {record.remote_id for record in records if record.family is Family.ALLOCATION}
    for part in chunks(notes):
        rows = session.scalars(
            select(CounterpartRow).where(
                CounterpartRow.connection_id == connection_id,
                CounterpartRow.family == Family.ALLOCATION.value,
                CounterpartRow.parent_id.in_(part),
                CounterpartRow.deleted.is_(False),
            )
        )
        gone = [row for row in rows if row.remote_id not in told]
        for row in gone:
            row.deleted, row.active, row.pending = True, False, True
        hear(session, connection_id, Family.ALLOCATION, [row.remote_id for row in gone])


def all_of(session: Session, connection_id: str, family: Family) -> list[RemoteRecord]:
    """Return every entity of a family that is not gone, inactive ones too."""
    rows = session.scalars(
        select(CounterpartRow)
        .where(
            CounterpartRow.connection_id == connection_id,
            CounterpartRow.family == family.value,
            CounterpartRow.deleted.is_(False),
            CounterpartRow.merged_into.is_(None),
        )
        .order_by(CounterpartRow.remote_id)
    )
    return [record_of(row) for row in rows]


def by_name(session: Session, connection_id: str, key: str) -> tuple[RemoteRecord, ...]:
    """Return the people and companies there that hold a display name, by its folded form."""
    return by_names(session, connection_id, [key])[key]


def by_names(session: Session, connection_id: str, keys: Collection[str]) -> dict[str, tuple[RemoteRecord, ...]]:
    """Return for each of some folded display names the people and companies there that hold it."""
    found: dict[str, tuple[RemoteRecord, ...]] = dict.fromkeys(keys, ())
    for part in chunks(keys):
        query = select(CounterpartRow).where(
            CounterpartRow.connection_id == connection_id,
            CounterpartRow.family.in_([Family.CUSTOMER.value, Family.VENDOR.value, Family.EMPLOYEE.value]),
            CounterpartRow.name_key.in_(part),
            CounterpartRow.deleted.is_(False),
        )
        for row in session.scalars(query):
            found[row.name_key or ""] += (record_of(row),)
    return found


def candidates_for(
    session: Session, connection_id: str, family: Family, *, reference: str | None, name: str | None, since: datetime
) -> list[RemoteRecord]:
    """Return entities first seen since a moment that carry our reference or a name: a lost create may be theirs.

    Of an archived one the name may go on behind that: the mapper reads it as it was.
    """
    keys = []
    if reference is not None:
        keys.append(CounterpartRow.reference == reference)
    if name is not None:
        archived = CounterpartRow.active.is_(False)
        begun = CounterpartRow.name_key.startswith(name_key(name), autoescape=True)
        keys.append(or_(CounterpartRow.name_key == name_key(name), and_(archived, begun)))
    query = select(CounterpartRow).where(
        CounterpartRow.connection_id == connection_id,
        CounterpartRow.family == family.value,
        CounterpartRow.first_seen_at >= since,
        CounterpartRow.deleted.is_(False),
    )
    if keys:
        query = query.where(or_(*keys))
    return [record_of(row) for row in session.scalars(query)]


def _versions(session: Session, connection_id: str, family: Family, remote_ids: Collection[str]) -> dict[str, Row[Any]]:
    """Return by remote id what tells news from an echo: most of what a feed shows again is one, and needs no more."""
    query = select(
        CounterpartRow.remote_id,
        CounterpartRow.version,
        CounterpartRow.active,
        CounterpartRow.deleted,
        CounterpartRow.merged_into,
        CounterpartRow.payload,
    ).where(CounterpartRow.connection_id == connection_id, CounterpartRow.family == family.value)
    return {
        row.remote_id: row
        for chunk in chunks(remote_ids)
        for row in session.execute(query.where(CounterpartRow.remote_id.in_(chunk)))
    }


def _is_news(row: Row[Any] | None, record: RemoteRecord) -> bool:
    if row is None:
        return True
    if record.deleted:
        return not row.deleted
    known = (row.version, row.active, row.deleted, row.merged_into)
    return known != (record.version, record.active, False, record.merged_into) or bool(row.payload != record.payload)


def _is_newer(row: CounterpartRow | None, record: RemoteRecord) -> bool:
    return row is None or row.version != record.version or (record.deleted and not row.deleted)


def _leaves_survivor(row: CounterpartRow | None, record: RemoteRecord) -> bool:
    """Tell whether an entity that was merged is active again, or was merged into another one since."""
    if row is None or row.merged_into is None or record.deleted:
        return False
    return record.active or record.merged_into not in {None, row.merged_into}


def _columns(record: RemoteRecord, now: datetime) -> dict[str, object]:
    return {
        "version": record.version,
        "active": record.active,
        "deleted": record.deleted,
        "merged_into": record.merged_into,
        "name": record.name,
        "name_key": name_key(record.name) if record.name else None,
        "reference": record.reference,
        "email": record.email,
        "parent_id": record.parent_id,
        "modified_at": record.modified_at,
        "seen_at": now,
    }
