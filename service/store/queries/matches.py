"""Proposed matches and decisions about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, case, delete, exists, func, or_, select
from sqlalchemy.orm import Session

from service.core.matching import Proposal
from service.core.ports import EntityKind, Family, RemoteRecord
from service.ids import new_id
from service.store.bulk import insert_rows
from service.store.match_models import MatchingRow, ProposalRow
from service.store.queries.counterparts import chunks, record_of
from service.store.queries.pages import Key, Page, moment, page, text, whole
from service.store.records import ContactRow, CustomerRow
from service.store.sync_models import ConnectionRow, CounterpartRow, LinkRow, MatchRow

#: A customer here and an entity there.
Pair = tuple[str, str]

_BY_HAND = "not proposed: a person named the two"
_OPEN = ProposalRow.decision == ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many proposals there are of each kind."""

    sure: int  #: undecided, nothing else fits, at least as sure as asked
    probable: int
    ambiguous: int
    decided: int

    @property
    def undecided(self) -> int:
        """All that wait for a person."""
        return self.sure + self.probable + self.ambiguous


def size(session: Session, connection: ConnectionRow) -> int:
    """Return about how many records of both sides have to be compared."""
    here = (
        select(func.count()).select_from(CustomerRow).where(CustomerRow.organisation_id == connection.organisation_id)
    )
    tied = select(func.count()).select_from(LinkRow)
    tied = tied.where(LinkRow.connection_id == connection.id, LinkRow.entity == EntityKind.CUSTOMER.value)
    there = select(func.count()).select_from(_untied(connection.id).subquery())
    return max(0, (session.scalar(here) or 0) - (session.scalar(tied) or 0)) + (session.scalar(there) or 0)


def marker(session: Session, connection: ConnectionRow) -> str:
    """Return a text that is another one as soon as a customer here or there was added, changed or removed."""
    organisation_id = connection.organisation_id
    found: list[object] = []
    for row in (CustomerRow, ContactRow):
        ours = select(func.count(), func.max(row.updated_at)).where(row.organisation_id == organisation_id)
        found += session.execute(ours).one()
    theirs = select(func.count(), func.max(CounterpartRow.seen_at), func.sum(case((CounterpartRow.active, 1), else_=0)))
    of_customers = and_(
        CounterpartRow.connection_id == connection.id,
        CounterpartRow.family == Family.CUSTOMER.value,
        CounterpartRow.deleted.is_(False),
    )
    found += session.execute(theirs.where(of_customers)).one()
    return "|".join(map(str, found))


def worked_out(session: Session, connection_id: str) -> MatchingRow | None:
    """Return of what the proposals of a connection were worked out; nothing before the first time."""
    return session.scalar(select(MatchingRow).where(MatchingRow.connection_id == connection_id))


def forget_marker(session: Session, connection_id: str) -> None:
    """Have the proposals worked out again at the next look."""
    session.execute(delete(MatchingRow).where(MatchingRow.connection_id == connection_id))


def replace_open(
    session: Session, connection: ConnectionRow, proposals: Iterable[Proposal], *, marker: str, now: datetime
) -> None:
    """Put proposals in the place of those that nobody has decided about; pairs that were decided keep theirs."""
    session.execute(delete(ProposalRow).where(ProposalRow.connection_id == connection.id, _OPEN))
    kept = select(ProposalRow.customer_id, ProposalRow.remote_id).where(ProposalRow.connection_id == connection.id)
    decided = {(customer_id, remote_id) for customer_id, remote_id in session.execute(kept)}
    rows = [
        {
            "id": new_id(),
            "organisation_id": connection.organisation_id,
            "connection_id": connection.id,
            "customer_id": one.ours,
            "remote_id": one.theirs,
            "rank": rank,
            "confidence": int(one.confidence * 100),
            "evidence": list(one.evidence),
            "ambiguous": one.ambiguous,
            "decision": "",
        }
        for rank, one in enumerate(proposals)
        if (one.ours, one.theirs) not in decided
    ]
    insert_rows(session, ProposalRow, rows)
    row = worked_out(session, connection.id)
    if row is None:
        row = MatchingRow(id=new_id(), organisation_id=connection.organisation_id, connection_id=connection.id)
        session.add(row)
    row.marker, row.worked_out_at = marker, now


def proposal_page(session: Session, connection_id: str, *, limit: int, cursor: str | None) -> Page[ProposalRow]:
    """Return proposals, the undecided ones first, surest first.

    :raises BadCursor: the cursor is of another list.
    """
    query = select(ProposalRow).where(ProposalRow.connection_id == connection_id, _current())
    keys = [Key(ProposalRow.decision, text), Key(ProposalRow.rank, whole), Key(ProposalRow.id, text)]
    return page(session, query, keys, order=f"matches:{connection_id}", limit=limit, cursor=cursor)


def open_proposals(
    session: Session,
    connection_id: str,
    *,
    at_least: int = 0,
    below: int = 101,
    ambiguous: bool | None = None,
    limit: int | None = None,
) -> Sequence[ProposalRow]:
    """Return undecided proposals between two certainties, in per cent; surest first."""
    query = select(ProposalRow).where(
        ProposalRow.connection_id == connection_id,
        _OPEN,
        _current(),
        ProposalRow.confidence >= at_least,
        ProposalRow.confidence < below,
    )
    if ambiguous is not None:
        query = query.where(ProposalRow.ambiguous.is_(ambiguous))
    return session.scalars(query.order_by(ProposalRow.rank).limit(limit)).all()


def decided_proposals(session: Session, connection_id: str, *, limit: int | None = None) -> Sequence[ProposalRow]:
    """Return proposals that somebody has decided about."""
    query = select(ProposalRow).where(ProposalRow.connection_id == connection_id, ~_OPEN, _current())
    return session.scalars(query.order_by(ProposalRow.decision, ProposalRow.rank, ProposalRow.id).limit(limit)).all()


def tally(session: Session, connection_id: str, *, sure: int) -> Tally:
    """Count proposals; ``sure`` is in per cent."""
    clear = and_(_OPEN, ProposalRow.ambiguous.is_(False))

    def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    row = session.execute(
        select(
            count(and_(clear, ProposalRow.confidence >= sure)),
            count(and_(clear, ProposalRow.confidence < sure)),
            count(and_(_OPEN, ProposalRow.ambiguous)),
            count(~_OPEN),
        ).where(ProposalRow.connection_id == connection_id, _current())
    ).one()
    return Tally(sure=row[0], probable=row[1], ambiguous=row[2], decided=row[3])


def _current() -> ColumnElement[bool]:
    """Return the condition that a proposal still is one: nobody has tied either of the two meanwhile."""
    tied = exists().where(
        LinkRow.connection_id == ProposalRow.connection_id,
        LinkRow.retired_at.is_(None),
        LinkRow.remote_id.is_not(None),
        or_(
            and_(LinkRow.entity == EntityKind.CUSTOMER.value, LinkRow.record_id == ProposalRow.customer_id),
            and_(LinkRow.family == Family.CUSTOMER.value, LinkRow.remote_id == ProposalRow.remote_id),
        ),
    )
    there = exists().where(
        CounterpartRow.connection_id == ProposalRow.connection_id,
        CounterpartRow.family == Family.CUSTOMER.value,
        CounterpartRow.remote_id == ProposalRow.remote_id,
        CounterpartRow.deleted.is_(False),
        CounterpartRow.merged_into.is_(None),
    )
    return or_(~_OPEN, and_(~tied, there))


def names_here(session: Session, ids: Collection[str]) -> dict[str, str]:
    """Return what customers are called, with their place in the tree."""
    found: dict[str, str] = {}
    for chunk in chunks(ids):
        rows = session.execute(select(CustomerRow.id, CustomerRow.full_name).where(CustomerRow.id.in_(chunk)))
        found.update((customer_id, name) for customer_id, name in rows)
    return found


def kept_apart(session: Session, connection_id: str) -> set[tuple[str, str]]:
    """Return the pairs of which somebody has decided that they are not the same."""
    rows = session.execute(
        select(MatchRow.customer_id, MatchRow.remote_id).where(
            MatchRow.connection_id == connection_id, MatchRow.decision != "link"
        )
    )
    return {(customer_id, remote_id) for customer_id, remote_id in rows}


def decisions_of(session: Session, connection_id: str, customer_ids: Collection[str]) -> dict[Pair, MatchRow]:
    """Return the decisions about some customers, by customer and entity."""
    rows = (
        row
        for chunk in chunks(customer_ids)
        for row in session.scalars(
            select(MatchRow).where(MatchRow.connection_id == connection_id, MatchRow.customer_id.in_(chunk))
        )
    )
    return {(row.customer_id, row.remote_id): row for row in rows}


def remember(
    session: Session,
    connection: ConnectionRow,
    pair: Pair,
    decision: str,
    *,
    by: str,
    now: datetime,
    rows: tuple[dict[Pair, MatchRow], dict[Pair, ProposalRow]],
) -> None:
    """Keep a decision about a pair, in the place of an earlier one.

    :param rows: decisions and proposals as they are; what is added is added there too.
    """
    decided, proposed = rows
    own = {
        "organisation_id": connection.organisation_id,
        "connection_id": connection.id,
        "customer_id": pair[0],
        "remote_id": pair[1],
    }
    if pair not in decided:
        decided[pair] = MatchRow(id=new_id(), **own)
        session.add(decided[pair])
    if pair not in proposed:
        proposed[pair] = ProposalRow(id=new_id(), rank=0, confidence=0, evidence=[_BY_HAND], **own)
        session.add(proposed[pair])
    decided[pair].decision, decided[pair].decided_by, decided[pair].decided_at = decision, by, now
    proposed[pair].decision = decision


def links_of(session: Session, connection_id: str, customer_ids: Collection[str]) -> dict[str, LinkRow]:
    """Return the links in force of customers, by customer."""
    found: dict[str, LinkRow] = {}
    for part in chunks(customer_ids):
        rows = session.scalars(
            select(LinkRow).where(
                LinkRow.connection_id == connection_id,
                LinkRow.entity == EntityKind.CUSTOMER.value,
                LinkRow.record_id.in_(part),
                LinkRow.retired_at.is_(None),
            )
        )
        found.update({row.record_id: row for row in rows})
    return found


def touching(
    session: Session, connection_id: str, customer_ids: Collection[str], remote_ids: Collection[str] = ()
) -> dict[Pair, ProposalRow]:
    """Return the proposals, decided ones too, about some customers or some entities."""
    found: dict[Pair, ProposalRow] = {}
    for column, ids in ((ProposalRow.customer_id, customer_ids), (ProposalRow.remote_id, remote_ids)):
        for chunk in chunks(ids):
            rows = session.scalars(
                select(ProposalRow).where(ProposalRow.connection_id == connection_id, column.in_(chunk))
            )
            found.update({(row.customer_id, row.remote_id): row for row in rows})
    return found


def clear_up(session: Session, connection_id: str, *, linked: Collection[Pair], apart: Collection[Pair]) -> None:
    """After decisions: drop what can't be any more, and of what has no rival left say so."""
    session.flush()
    near = touching(session, connection_id, {one for one, _ in linked}, {one for _, one in linked})
    gone = [row for row in near.values() if not row.decision]
    pairs = [*linked, *apart, *((row.customer_id, row.remote_id) for row in gone)]
    for row in gone:
        session.delete(row)
    session.flush()
    around = touching(session, connection_id, {one for one, _ in pairs}, {one for _, one in pairs})
    doubtful = [row for row in around.values() if row.ambiguous and not row.decision]
    rivals = touching(
        session, connection_id, {row.customer_id for row in doubtful}, {row.remote_id for row in doubtful}
    )
    often = Counter(end for row in rivals.values() if not row.decision for end in (row.customer_id, row.remote_id))
    for row in doubtful:
        row.ambiguous = often[row.customer_id] > 1 or often[row.remote_id] > 1


def untied(session: Session, connection_id: str) -> list[RemoteRecord]:
    """Return every customer there that nothing here is tied to, inactive ones too, gone and merged ones not."""
    rows = session.scalars(_untied(connection_id).order_by(CounterpartRow.remote_id))
    return [record_of(row) for row in rows]


def untied_page(session: Session, connection_id: str, *, limit: int, cursor: str | None) -> Page[CounterpartRow]:
    """Return the active ones of those that no undecided proposal names, newest first.

    :raises BadCursor: the cursor is of another list.
    """
    proposed = exists().where(
        ProposalRow.connection_id == CounterpartRow.connection_id,
        ProposalRow.remote_id == CounterpartRow.remote_id,
        _OPEN,
    )
    query = _untied(connection_id).where(CounterpartRow.active, ~proposed)
    keys = [
        Key(CounterpartRow.first_seen_at, moment, descending=True),
        Key(CounterpartRow.remote_id, text, descending=True),
    ]
    return page(session, query, keys, order=f"candidates:{connection_id}", limit=limit, cursor=cursor)


def _untied(connection_id: str) -> Select[CounterpartRow]:
    tied = exists().where(
        LinkRow.connection_id == CounterpartRow.connection_id,
        LinkRow.family == CounterpartRow.family,
        LinkRow.remote_id == CounterpartRow.remote_id,
        LinkRow.retired_at.is_(None),
    )
    return select(CounterpartRow).where(
        CounterpartRow.connection_id == connection_id,
        CounterpartRow.family == Family.CUSTOMER.value,
        CounterpartRow.deleted.is_(False),
        CounterpartRow.merged_into.is_(None),
        ~tied,
    )
