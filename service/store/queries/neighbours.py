"""What stands around a record at a package: where its customer is now, who has its documents, who looks like it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session

from service.core.names import name_key
from service.core.ports import EntityKind, Family, Ref, RemoteRecord
from service.store.queries import counterparts
from service.store.queries.find import chunks
from service.store.records import CustomerRow, InvoiceRow
from service.store.sync_models import CounterpartRow, LinkRow

#: A customer merged into one that was merged in turn is followed so often; more would be a circle.
_HOPS = 8
#: Levels of customers that any package keeps.
_LEVELS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The counterpart of a record as others refer to it: of what was merged there, the survivor."""

    remote_id: str
    gone: bool = False
    archived: bool = False


def places_of(session: Session, connection_id: str, refs: Iterable[Ref]) -> dict[Ref, Place]:
    """Return where records are, as far as they have a counterpart."""
    found: dict[Ref, Place] = {}
    by_kind: dict[EntityKind, list[str]] = {}
    for ref in set(refs):
        by_kind.setdefault(ref.kind, []).append(ref.id)
    for kind, ids in by_kind.items():
        for part in chunks(ids):
            rows = session.execute(
                select(LinkRow.record_id, LinkRow.remote_id, LinkRow.family, CounterpartRow.deleted,
                       CounterpartRow.active, CounterpartRow.merged_into)
                .outerjoin(CounterpartRow, _counterpart_of_link())
                .where(
                    LinkRow.connection_id == connection_id,
                    LinkRow.entity == kind.value,
                    LinkRow.record_id.in_(part),
                    LinkRow.retired_at.is_(None),
                    LinkRow.remote_id.is_not(None),
                )
            )  # fmt: skip
            for record_id, remote_id, family, deleted, active, merged_into in rows:
                place = Place(remote_id=remote_id or "", gone=bool(deleted), archived=active is False)
                if merged_into is not None:
                    there = survivor(session, connection_id, Family(family), merged_into)
                    place = _place_of(there) if there is not None else Place(remote_id=merged_into)
                found[Ref(kind=kind, id=record_id)] = place
    return found


def _counterpart_of_link() -> ColumnElement[bool]:
    return and_(
        CounterpartRow.connection_id == LinkRow.connection_id,
        CounterpartRow.family == LinkRow.family,
        CounterpartRow.remote_id == LinkRow.remote_id,
    )


def _place_of(row: CounterpartRow) -> Place:
    return Place(remote_id=row.remote_id, gone=row.deleted, archived=not row.active)


def survivor(session: Session, connection_id: str, family: Family, remote_id: str) -> CounterpartRow | None:
    """Return the entity that is left after every merge that is known; None if it was never seen."""
    row: CounterpartRow | None = None
    wanted: str | None = remote_id
    for _ in range(_HOPS):
        row = counterparts.by_remote_ids(session, connection_id, family, [wanted or ""]).get(wanted or "")
        wanted = None if row is None else row.merged_into
        if wanted is None:
            break
    return row


def holders_of(session: Session, connection_id: str, family: Family, remote_ids: Collection[str]) -> dict[str, LinkRow]:
    """Return the links in force that are tied to entities, by remote id."""
    found: dict[str, LinkRow] = {}
    for part in chunks(remote_ids):
        query = select(LinkRow).where(
            LinkRow.connection_id == connection_id,
            LinkRow.family == family.value,
            LinkRow.remote_id.in_(part),
            LinkRow.retired_at.is_(None),
        )
        found |= {row.remote_id or "": row for row in session.scalars(query)}
    return found


def invoices_of(session: Session, connection_id: str, customer_ids: Collection[str]) -> dict[str, list[RemoteRecord]]:
    """Return the counterparts of customers' invoices, by customer of ours."""
    found: dict[str, list[RemoteRecord]] = {}
    for part in chunks(customer_ids):
        rows = session.execute(
            select(InvoiceRow.customer_id, CounterpartRow)
            .join(LinkRow, LinkRow.record_id == InvoiceRow.id)
            .join(CounterpartRow, _counterpart_of_link())
            .where(
                InvoiceRow.customer_id.in_(part),
                LinkRow.connection_id == connection_id,
                LinkRow.entity == EntityKind.INVOICE.value,
                LinkRow.retired_at.is_(None),
                CounterpartRow.deleted.is_(False),
            )
            .order_by(CounterpartRow.remote_id)
        )
        for customer_id, row in rows:
            found.setdefault(customer_id, []).append(counterparts.record_of(row))
    return found


def former_of(session: Session, rows: Collection[LinkRow]) -> dict[str, list[RemoteRecord]]:
    """Return what links were tied to in former lives and is still there, by id of the link in force."""
    found: dict[str, list[RemoteRecord]] = {}
    if not rows:
        return found
    current = {(row.entity, row.record_id): row for row in rows}
    for part in chunks([row.record_id for row in rows]):
        query = (
            select(LinkRow.entity, LinkRow.record_id, CounterpartRow)
            .join(CounterpartRow, _counterpart_of_link())
            .where(
                LinkRow.connection_id == next(iter(rows)).connection_id,
                LinkRow.record_id.in_(part),
                LinkRow.retired_at.is_not(None),
                CounterpartRow.deleted.is_(False),
            )
        )
        for entity, record_id, there in session.execute(query):
            row = current.get((entity, record_id))
            if row is not None and there.remote_id != row.remote_id:
                found.setdefault(row.id, []).append(counterparts.record_of(there))
    return found


def lookalikes_of(
    session: Session, connection_id: str, family: Family, *, references: Collection[str], names: Collection[str]
) -> list[RemoteRecord]:
    """Return active entities that carry one of our references, or one of the names, and are tied to nobody."""
    found: dict[str, CounterpartRow] = {}
    for column, values in (
        (CounterpartRow.reference, list(references)),
        (CounterpartRow.name_key, [name_key(name) for name in names]),
    ):
        for part in chunks(values):
            query = select(CounterpartRow).where(
                CounterpartRow.connection_id == connection_id,
                CounterpartRow.family == family.value,
                column.in_(part),
                CounterpartRow.active.is_(True),
                CounterpartRow.deleted.is_(False),
            )
            found |= {row.remote_id: row for row in session.scalars(query)}
    tied = holders_of(session, connection_id, family, found)
    return [counterparts.record_of(row) for remote_id, row in sorted(found.items()) if remote_id not in tied]


def note_merge(session: Session, connection_id: str, family: Family, *, loser: str, winner: str) -> bool:
    """Note that one entity went up in another, as the package or a person told; tell whether that is news.

    What was known as deleted is asked about anew, with the survivor named; documents of the loser follow at once.
    """
    row = counterparts.by_remote_ids(session, connection_id, family, [loser]).get(loser)
    if row is None or winner in {row.merged_into, loser}:
        return False
    row.merged_into = winner
    counterparts.hear(session, connection_id, family, [loser])
    return True


def active_jobs(session: Session, connection_id: str, remote_ids: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the names of active customers below others there, by the parent's remote id; ours that go too left out."""
    found: dict[str, list[str]] = {}
    ours_going = (
        select(LinkRow.id)
        .join(CustomerRow, CustomerRow.id == LinkRow.record_id)
        .where(
            LinkRow.connection_id == connection_id,
            LinkRow.entity == EntityKind.CUSTOMER.value,
            LinkRow.remote_id == CounterpartRow.remote_id,
            LinkRow.retired_at.is_(None),
            CustomerRow.archived.is_(True),
        )
    )
    for part in chunks(remote_ids):
        rows = session.execute(
            select(CounterpartRow.parent_id, CounterpartRow.name)
            .where(
                CounterpartRow.connection_id == connection_id,
                CounterpartRow.family == Family.CUSTOMER.value,
                CounterpartRow.parent_id.in_(part),
                CounterpartRow.active.is_(True),
                CounterpartRow.deleted.is_(False),
                ~ours_going.exists(),
            )
            .order_by(CounterpartRow.name)
        )
        for parent_id, name in rows:
            found.setdefault(parent_id or "", []).append(name or "one without a name")
    return {parent_id: tuple(names) for parent_id, names in found.items()}


def strangers_below(session: Session, connection_id: str, remote_ids: Collection[str]) -> dict[str, int]:
    """Return how many levels below customers there are taken up by customers that are none of ours, by remote id."""
    tied = exists().where(
        LinkRow.connection_id == connection_id,
        LinkRow.entity == EntityKind.CUSTOMER.value,
        LinkRow.remote_id == CounterpartRow.remote_id,
        LinkRow.retired_at.is_(None),
    )
    found: dict[str, int] = {}
    tops = {remote_id: remote_id for remote_id in remote_ids}
    for depth in range(1, _LEVELS):
        below: dict[str, str] = {}
        for part in chunks(tops):
            rows = session.execute(
                select(CounterpartRow.remote_id, CounterpartRow.parent_id, tied).where(
                    CounterpartRow.connection_id == connection_id,
                    CounterpartRow.family == Family.CUSTOMER.value,
                    CounterpartRow.parent_id.in_(part),
                    CounterpartRow.deleted.is_(False),
                )
            )
            for remote_id, parent_id, ours in rows:
                below[remote_id] = tops[parent_id or ""]
                if not ours:
                    found[below[remote_id]] = depth
        tops = below
        if not tops:
            break
    return found
