"""Links: which are due, which are missing, what they are tied to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from service.core.link import LinkFacts, Retry
from service.core.ports import EntityKind, Family, Ref
from service.core.problem import ProblemKind
from service.ids import new_id
from service.store.base import utc_now
from service.store.bulk import insert_rows
from service.store.facts import apply_to, columns_of
from service.store.queries.connections import NotFoundError
from service.store.queries.dots import dot_expression
from service.store.queries.find import chunks
from service.store.records import InvoiceRow, PaymentRow
from service.store.sync_models import ConnectionRow, LinkRow, ProblemRow

_IN_FORCE = LinkRow.retired_at.is_(None)


def get(session: Session, organisation_id: str, link_id: str) -> LinkRow:
    """Return a link of the organisation, retired ones too.

    :raises NotFoundError: unknown, or another organisation's.
    """
    row = session.scalar(select(LinkRow).where(LinkRow.id == link_id, LinkRow.organisation_id == organisation_id))
    if row is None:
        raise NotFoundError(link_id)
    return row


def remote_ids(session: Session, connection_id: str, refs: Iterable[Ref]) -> dict[Ref, str]:
    """Return the counterparts of records, as far as they have one."""
    found: dict[Ref, str] = {}
    by_kind: dict[EntityKind, list[str]] = {}
    for ref in set(refs):
        by_kind.setdefault(ref.kind, []).append(ref.id)
    for kind, ids in by_kind.items():
        for part in chunks(ids):
            rows = session.execute(
                select(LinkRow.record_id, LinkRow.remote_id).where(
                    LinkRow.connection_id == connection_id,
                    LinkRow.entity == kind.value,
                    LinkRow.record_id.in_(part),
                    _IN_FORCE,
                    LinkRow.remote_id.is_not(None),
                )
            )
            found.update({Ref(kind=kind, id=record_id): remote_id for record_id, remote_id in rows if remote_id})
    return found


def by_remote_ids(session: Session, connection_id: str, family: Family, ids: Collection[str]) -> dict[str, LinkRow]:
    """Return the links in force of entities, by remote id."""
    found: dict[str, LinkRow] = {}
    for part in chunks(ids):
        rows = session.scalars(
            select(LinkRow).where(
                LinkRow.connection_id == connection_id,
                LinkRow.family == family.value,
                LinkRow.remote_id.in_(part),
                _IN_FORCE,
            )
        )
        found.update({row.remote_id or "": row for row in rows})
    return found


def page_query(
    organisation_id: str,
    *,
    connection_id: str | None = None,
    dot: str | None = None,
    entity: str | None = None,
    record_id: str | None = None,
) -> Select[LinkRow]:
    """Return the query of a list of links in force."""
    query = select(LinkRow).where(LinkRow.organisation_id == organisation_id, _IN_FORCE)
    if connection_id is not None:
        query = query.where(LinkRow.connection_id == connection_id)
    if dot is not None:
        query = query.where(dot_expression() == dot)
    if entity is not None:
        query = query.where(LinkRow.entity == entity)
    if record_id is not None:
        query = query.where(LinkRow.record_id == record_id)
    return query


def agreed_after(
    session: Session, connection: ConnectionRow, kind: EntityKind, *, after: str, limit: int
) -> Sequence[LinkRow]:
    """Return the next links of a kind, in the order of their ids, on which both sides have agreed before."""
    query = select(LinkRow).where(
        LinkRow.connection_id == connection.id,
        LinkRow.entity == kind.value,
        _IN_FORCE,
        LinkRow.intent_open.is_(False),
        LinkRow.remote_id.is_not(None),
        LinkRow.baseline.is_not(None),
        LinkRow.id > after,
    )
    return session.scalars(query.order_by(LinkRow.id).limit(limit)).all()


def generations(session: Session, link: LinkRow) -> Sequence[LinkRow]:
    """Return every life of a link, newest first."""
    return session.scalars(
        select(LinkRow)
        .where(
            LinkRow.connection_id == link.connection_id,
            LinkRow.entity == link.entity,
            LinkRow.record_id == link.record_id,
        )
        .order_by(LinkRow.generation.desc())
    ).all()


def of_record(session: Session, connection_id: str, ref: Ref) -> LinkRow | None:
    """Return the link in force of a record."""
    return session.scalar(
        select(LinkRow).where(
            LinkRow.connection_id == connection_id,
            LinkRow.entity == ref.kind.value,
            LinkRow.record_id == ref.id,
            _IN_FORCE,
        )
    )


def next_generation(session: Session, connection_id: str, ref: Ref) -> int:
    """Return the number of the next life of a record's link: one more than any it had."""
    last = session.scalar(
        select(func.max(LinkRow.generation)).where(
            LinkRow.connection_id == connection_id, LinkRow.entity == ref.kind.value, LinkRow.record_id == ref.id
        )
    )
    return (last or 0) + 1


def add(
    session: Session, connection: ConnectionRow, ref: Ref, family: Family, *, generation: int = 1, hint: str = ""
) -> LinkRow:
    """Tie a record to a connection, with nothing on the other side yet; ``hint`` makes its reference readable."""
    row = LinkRow(**_fresh(connection, ref, family, generation=generation, hint=hint))
    session.add(row)
    return row


def add_all(
    session: Session, connection: ConnectionRow, refs: Iterable[tuple[Ref, str]], family_of: Mapping[EntityKind, Family]
) -> None:
    """Tie many records, each with its hint, to a connection for the first time."""
    now = utc_now()
    rows = [{**_fresh(connection, ref, family_of[ref.kind], hint=hint), "created_at": now} for ref, hint in refs]
    insert_rows(session, LinkRow, rows)


def _fresh(
    connection: ConnectionRow, ref: Ref, family: Family, *, generation: int = 1, hint: str = ""
) -> dict[str, Any]:
    link_id = new_id()
    return {
        "id": link_id,
        "organisation_id": connection.organisation_id,
        "connection_id": connection.id,
        "entity": ref.kind.value,
        "record_id": ref.id,
        "family": family.value,
        "reference": reference_of(link_id, hint),
        **columns_of(LinkFacts(generation=generation)),
        "sequence": 0,
        "doubts": 0,
        "losses": [],
        "readback": [],
    }


def reference_of(link_id: str, hint: str) -> str:
    """Return our own reference for a link's counterpart: readable, unique per link and generation, 50 characters."""
    return f"{hint[:36]}-{link_id[-12:]}" if hint else link_id


def payments_known_there(
    session: Session, connection: ConnectionRow, invoice_id: str
) -> Sequence[tuple[PaymentRow, LinkRow | None]]:
    """Return the payments of an invoice that the package knows of, each with the link that ties it to an entity there.

    Those that were sent or pulled, removed ones too, as the package may not have been told yet; and the balancing ones.
    """
    tie = and_(
        LinkRow.connection_id == connection.id,
        LinkRow.entity == EntityKind.PAYMENT.value,
        LinkRow.record_id == PaymentRow.id,
        LinkRow.remote_id.is_not(None),
        _IN_FORCE,
    )
    came_from_there = and_(PaymentRow.origin_connection_id == connection.id, PaymentRow.removed.is_(False))
    # What is on a customer's account may have been this invoice's when it was sent.
    owner = select(InvoiceRow.customer_id).where(InvoiceRow.id == invoice_id).scalar_subquery()
    rows = session.execute(
        select(PaymentRow, LinkRow)
        .outerjoin(LinkRow, tie)
        .where(
            PaymentRow.organisation_id == connection.organisation_id,
            or_(
                and_(PaymentRow.invoice_id == invoice_id, or_(LinkRow.id.is_not(None), came_from_there)),
                and_(PaymentRow.invoice_id.is_(None), PaymentRow.customer_id == owner, LinkRow.id.is_not(None)),
            ),
        )
        .order_by(PaymentRow.created_at, PaymentRow.id)
    )
    return [(payment, link) for payment, link in rows]


def linked_ever(session: Session, connection_id: str, refs: Collection[Ref]) -> set[Ref]:
    """Return which of the records were ever tied to the connection."""
    found: set[Ref] = set()
    for kind in {ref.kind for ref in refs}:
        for part in chunks([ref.id for ref in refs if ref.kind is kind]):
            rows = session.scalars(
                select(LinkRow.record_id).where(
                    LinkRow.connection_id == connection_id,
                    LinkRow.entity == kind.value,
                    LinkRow.record_id.in_(part),
                )
            )
            found.update(Ref(kind=kind, id=record_id) for record_id in rows)
    return found


def reconsider(session: Session, connection: ConnectionRow, *, now: datetime) -> None:
    """After the mapping was changed: links that waited for a choice, or that were refused, are looked at again."""
    waits = [ProblemKind.MISSING_MAPPING.value, ProblemKind.REJECTED.value]
    rows = (
        select(LinkRow)
        .join(ProblemRow, ProblemRow.id == LinkRow.open_problem_id)
        .where(LinkRow.connection_id == connection.id, ProblemRow.kind.in_(waits), ProblemRow.closed_at.is_(None))
    )
    for link in session.scalars(rows).all():
        apply_to(session, link, Retry(), now=now, by="mapping")


def retry_coded(session: Session, connection: ConnectionRow, codes: Collection[str], *, now: datetime) -> None:
    """After the package's lists were read: links that waited for one of them are looked at again.

    :param codes: what their questions say is in the way.
    """
    kinds = [ProblemKind.NOT_ALLOWED_NOW.value, ProblemKind.REJECTED.value]
    rows = session.execute(
        select(LinkRow, ProblemRow)
        .join(ProblemRow, ProblemRow.id == LinkRow.open_problem_id)
        .where(LinkRow.connection_id == connection.id, ProblemRow.kind.in_(kinds), ProblemRow.closed_at.is_(None))
    )
    for link, problem in rows.all():
        if problem.document["params"].get("code") in codes:
            apply_to(session, link, Retry(), now=now, by="lists")


def problem_of(session: Session, link: LinkRow) -> ProblemRow | None:
    """Return the open problem of a link."""
    return session.get(ProblemRow, link.open_problem_id) if link.open_problem_id else None
