"""Links that a sync has to look at: which, in what order, how many."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any, cast

from msgspec import defstruct
from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session

from service.core.kind import MONEY
from service.core.ports import EntityKind
from service.core.problem import ProblemKind
from service.store.credit_models import AllocationRow
from service.store.records import ContactRow, CustomerRow, PaymentRow
from service.store.sync_models import ConnectionRow, LinkRow, ProblemRow

#: What of a link decisions look at. As objects, thousands of links would cost as much as all that is decided of them.
_LOOKED_AT = tuple(
    getattr(LinkRow, column.name)
    for column in LinkRow.__table__.c
    if column.name not in {"losses", "readback", "readback_state", "variance", "created_at", "last_synced_at"}
)
# The toolkit's rows take half a microsecond for each look at a column.
_PlainLink = defstruct("_PlainLink", [column.key for column in _LOOKED_AT])
_IN_FORCE = LinkRow.retired_at.is_(None)
_NEEDS_WORK = or_(LinkRow.wanted > LinkRow.confirmed, LinkRow.heard > LinkRow.settled)


def due_links(
    session: Session,
    connection_id: str,
    kind: EntityKind,
    *,
    now: datetime,
    depth: int | None = None,
    retiring: bool | None = None,
    after: str = "",
    only: Collection[str] | None = None,
    limit: int = 500,
) -> Sequence[LinkRow]:
    """Return links to look at as plain rows, by their ids: changed on either side, or waiting for a parent.

    A link with an open problem waits for a person, unless the other side has changed since or it only waited for its
    parent. A link with an open intent waits for that to be settled.

    :param depth: customers of this level only.
    :param retiring: of customers and their people only those who are archived here, of money only what was taken back
        here, or only the others.
    :param after: the last id of the chunk before.
    :param only: links of these records alone.
    """
    page = _page(kind, depth=depth, retiring=retiring, some=only is not None)
    given = {**_given(connection_id, now), "after": after, "most": limit}
    rows = session.execute(page, given if only is None else {**given, "only": list(only)})
    return [cast("LinkRow", _PlainLink(*row)) for row in rows]


def due_records(
    session: Session,
    connection_id: str,
    kind: EntityKind,
    *,
    now: datetime,
    depth: int | None = None,
    retiring: bool | None = None,
) -> list[tuple[str, bool]]:
    """Return the records of all links that :func:`due_links` gives, each with whether it has a counterpart."""
    query = _records(kind, depth=depth, retiring=retiring)
    return [
        (record_id, remote_id is not None)
        for record_id, remote_id in session.execute(query, _given(connection_id, now))
    ]


def kinds_due(session: Session, connection_id: str, *, now: datetime) -> frozenset[EntityKind]:
    """Return the kinds of which :func:`due_links` gives any, whatever the wave."""
    return frozenset(EntityKind(kind) for kind in session.scalars(_kinds(), _given(connection_id, now)))


# A sync asks this for each of its waves, and mostly nothing is due: to build a statement takes longer than to run it.


@cache
def _page(kind: EntityKind, *, depth: int | None, retiring: bool | None, some: bool) -> Select[Any]:
    query = _of_wave(_due(select(*_LOOKED_AT)), kind, depth=depth, retiring=retiring)
    if some:
        query = query.where(LinkRow.record_id.in_(bindparam("only", expanding=True)))
    return query.where(LinkRow.id > bindparam("after")).order_by(LinkRow.id).limit(bindparam("most", type_=Integer))


@cache
def _records(kind: EntityKind, *, depth: int | None, retiring: bool | None) -> Select[Any]:
    query = _due(cast("Select[Any]", select(LinkRow.record_id, LinkRow.remote_id)))
    return _of_wave(query, kind, depth=depth, retiring=retiring).order_by(LinkRow.id)


@cache
def _kinds() -> Select[Any]:
    return _due(select(LinkRow.entity)).distinct()


def _given(connection_id: str, now: datetime) -> dict[str, Any]:
    return {"of_connection": connection_id, "now": now}


def _due(columns: Select[Any]) -> Select[Any]:
    waits = and_(LinkRow.open_problem_id.is_not(None), _waits_for_parent())
    return columns.where(
        LinkRow.connection_id == bindparam("of_connection"),
        _IN_FORCE,
        LinkRow.intent_open.is_(False),
        or_(
            and_(LinkRow.open_problem_id.is_(None), _NEEDS_WORK),
            and_(LinkRow.open_problem_id.is_not(None), LinkRow.heard > LinkRow.settled),
            waits,
        ),
        or_(LinkRow.due_at.is_(None), LinkRow.due_at <= bindparam("now")),
    )


def _of_wave(query: Select[Any], kind: EntityKind, *, depth: int | None, retiring: bool | None) -> Select[Any]:
    query = query.where(LinkRow.entity == kind.value)
    if retiring is not None and kind in _ACTIVE:
        active = exists(_ACTIVE[kind])
        query = query.where(~active if retiring else active)
    return _at_depth(query, depth)


#: The record behind a link, if it counts: the customer, that of a contact, money that was not taken back.
_ACTIVE = {
    EntityKind.CUSTOMER: select(CustomerRow.id)
    .where(CustomerRow.id == LinkRow.record_id, CustomerRow.archived.is_(False))
    .correlate(LinkRow),
    EntityKind.CONTACT: select(ContactRow.id)
    .join(CustomerRow, CustomerRow.id == ContactRow.customer_id)
    .where(ContactRow.id == LinkRow.record_id, CustomerRow.archived.is_(False))
    .correlate(LinkRow),
    EntityKind.ALLOCATION: select(AllocationRow.id)
    .where(AllocationRow.id == LinkRow.record_id, AllocationRow.removed.is_(False))
    .correlate(LinkRow),
    **{
        kind: select(PaymentRow.id)
        .where(PaymentRow.id == LinkRow.record_id, PaymentRow.removed.is_(False))
        .correlate(LinkRow)
        for kind in MONEY
    },
}


def count_due(session: Session, connection: ConnectionRow, kinds: Collection[EntityKind], now: datetime) -> int:
    """Count links that are changed on either side and wait for nobody."""
    return (
        session.scalar(
            select(func.count())
            .select_from(LinkRow)
            .where(
                LinkRow.connection_id == connection.id,
                LinkRow.entity.in_([kind.value for kind in kinds]),
                _IN_FORCE,
                LinkRow.open_problem_id.is_(None),
                _NEEDS_WORK,
                or_(LinkRow.due_at.is_(None), LinkRow.due_at <= now),
            )
        )
        or 0
    )


def _waits_for_parent() -> ColumnElement[bool]:
    return exists().where(
        ProblemRow.id == LinkRow.open_problem_id, ProblemRow.kind == ProblemKind.PARENT_NOT_SYNCED.value
    )


def _at_depth(query: Select[Any], depth: int | None) -> Select[Any]:
    if depth is None:
        return query
    return query.join(CustomerRow, CustomerRow.id == LinkRow.record_id).where(CustomerRow.depth == depth)
