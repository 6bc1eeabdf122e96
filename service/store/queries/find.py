"""One row by its identifier, seen only by its own organisation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from service.store.accounts import Organisation
from service.store.base import Owned

OwnedRow = TypeVar("OwnedRow", bound=Owned)
T = TypeVar("T")

#: Parameters in one statement: both databases take more, none gains from it.
CHUNK = 1_000


def find(
    session: Session, row_type: type[OwnedRow], organisation_id: str, row_id: str, *, lock: bool = False
) -> OwnedRow | None:
    """Return the organisation's row, or None; with ``lock`` as it is now, held until the transaction ends."""
    query = select(row_type).where(row_type.organisation_id == organisation_id, row_type.id == row_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
        session.flush()
    return session.scalars(query).one_or_none()


def find_all(
    session: Session, row_type: type[OwnedRow], organisation_id: str, row_ids: Iterable[str]
) -> dict[str, OwnedRow]:
    """Return the organisation's rows by id; unknown ones are left out."""
    query = select(row_type).where(row_type.organisation_id == organisation_id)
    return {row.id: row for part in chunks(set(row_ids)) for row in session.scalars(query.where(row_type.id.in_(part)))}


def find_organisation(session: Session, organisation_id: str, *, lock: bool = False) -> Organisation:
    """Return the organisation. Its lock makes changes of its tree of customers wait for each other, and nothing else.

    :raises NoResultFound: there is none; identifiers of organisations come from our own rows.
    """
    query = select(Organisation).where(Organisation.id == organisation_id)
    return session.scalars(query.with_for_update(key_share=True) if lock else query).one()


def is_taken(
    session: Session, column: InstrumentedAttribute[str], organisation_id: str, value: str, *, but: str | None = None
) -> bool:
    """Tell whether another row of the organisation (not the one with the id ``but``) has this value in this column."""
    row_type = column.class_
    conditions: list[ColumnElement[bool]] = [row_type.organisation_id == organisation_id, column == value]
    if but is not None:
        conditions.append(row_type.id != but)
    return session.scalars(select(row_type.id).where(*conditions).limit(1)).one_or_none() is not None


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """Cut into parts small enough for one statement; nothing for no items."""
    rest = iter(items)
    while part := tuple(islice(rest, size)):
        yield part
