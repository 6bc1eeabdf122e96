"""Pages by keyset: each begins behind the last row of the one before, however far into the list, whatever changed."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

Row = TypeVar("Row")

MAX_LIMIT = 500


class BadCursor(ValueError):
    """A cursor that this list did not give out."""


@dataclass(frozen=True, slots=True)
class Key:
    """One column of an order; texts must not be null (coalesce them)."""

    column: ColumnElement[Any] | InstrumentedAttribute[Any]
    read: Callable[[Any], Any]  #: turns a cursor's value back into a column's
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows and the cursor of the next ones; None at the end."""

    items: Sequence[Row]
    next: str | None
    beside: Sequence[Any] = ()  #: what was asked for beside each row


def text(value: Any) -> str:
    """Read a text of a cursor."""
    if not isinstance(value, str) or "\x00" in value:
        raise BadCursor
    return value.encode("utf-8", "strict").decode()


def whole(value: Any) -> int:
    """Read a whole number of a cursor."""
    if not isinstance(value, int) or abs(value) > 2**62:
        raise BadCursor
    return value


def flag(value: Any) -> bool:
    """Read a yes or no of a cursor."""
    if not isinstance(value, bool):
        raise BadCursor
    return value


def moment(value: Any) -> datetime:
    """Read a time of a cursor."""
    found = datetime.fromisoformat(text(value))
    if found.tzinfo is None:
        raise BadCursor
    return found


def day(value: Any) -> date:
    """Read a date of a cursor."""
    return date.fromisoformat(text(value))


#: Makes a value that is shown beside a row, out of the row's columns.
Beside = Callable[[Any], ColumnElement[Any]]


def page(
    session: Session,
    query: Select[Any],
    keys: Sequence[Key],
    *,
    order: str,
    limit: int,
    cursor: str | None,
    beside: Beside | None = None,
) -> Page[Any]:
    """Return one page of a query of one entity.

    :param keys: the order; the last one must tell any two rows apart.
    :param order: names the order; a cursor of another order is refused.
    :param beside: a value that is found for each row of the page, and for no other.
    :raises BadCursor: the cursor is not one of this list's.
    """
    if cursor is not None:
        query = query.where(_behind(keys, _read(cursor, order, keys)))
    labels = [f"key_{number}" for number in range(len(keys))]
    sorted_by = (key.column.label(label) for key, label in zip(keys, labels, strict=True))
    wanted = query.add_columns(*sorted_by).order_by(*_by(keys, [key.column for key in keys])).limit(limit + 1)
    if beside is not None:
        cut = wanted.subquery()
        row, by = aliased(query.column_descriptions[0]["entity"], cut), [cut.c[label] for label in labels]
        wanted = select(row, beside(row), *by).order_by(*_by(keys, by))
    found = session.execute(wanted).all()
    shown = found[:limit]
    cursor = None if len(found) <= limit else _write(order, shown[-1][-len(keys) :])
    return Page([row[0] for row in shown], cursor, [] if beside is None else [row[1] for row in shown])


def _by(keys: Sequence[Key], columns: Sequence[Any]) -> list[ColumnElement[Any]]:
    return [column.desc() if key.descending else column.asc() for key, column in zip(keys, columns, strict=True)]


def _behind(keys: Sequence[Key], values: Sequence[Any]) -> ColumnElement[bool]:
    """Return the condition for rows behind the one with these values.

    What follows from the first key alone is said as well: an index can begin there, which it can't at an alternative.
    """
    first = keys[0].column <= values[0] if keys[0].descending else keys[0].column >= values[0]
    cases = []
    for index, (key, value) in enumerate(zip(keys, values, strict=True)):
        same = [before.column == there for before, there in zip(keys[:index], values[:index], strict=True)]
        cases.append(and_(*same, key.column < value if key.descending else key.column > value))
    return and_(first, or_(*cases))


def _write(order: str, values: Sequence[Any]) -> str:
    plain = [value.isoformat() if isinstance(value, (date, datetime)) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps([order, *plain], separators=(",", ":")).encode()).decode().rstrip("=")


def _read(cursor: str, order: str, keys: Sequence[Key]) -> list[Any]:
    try:
        document = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(document, list) or document[:1] != [order] or len(document) != len(keys) + 1:
            raise BadCursor
        return [key.read(value) for key, value in zip(keys, document[1:], strict=True)]
    except (binascii.Error, ValueError, RecursionError):
        raise BadCursor from None
