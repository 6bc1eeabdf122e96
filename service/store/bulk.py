"""Many rows in one statement, past the bookkeeping that single rows get.

A statement is compiled once for its columns and given to the driver as it is: for thousands of rows the toolkit's own
work on each costs more than the database's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import Dialect, Insert, Table, Update, bindparam, insert, update
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from service.store.base import Base
from service.store.types import UtcDateTime

_KEY = "of_id"


def insert_rows(session: Session, row_type: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows given by their columns, all by the same ones; does nothing for no rows.

    What the session holds back is written first: a row may refer to it.
    """
    if rows:
        _execute(session, _insert, row_type, tuple(rows[0]), rows)


def change(session: Session, statement: Update, **values: Any) -> int:
    """Carry out one prepared UPDATE and return how many rows it changed.

    Objects of these rows that the session holds are not told.

    :param statement: one that lasts as long as its module, with the values named as its parameters.
    """
    session.flush()
    connection = session.connection()
    prepared = _prepare_statement(connection.dialect, statement)
    return connection.exec_driver_sql(prepared.text, prepared.values(values)).rowcount


def update_rows(session: Session, row_type: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Update rows by their ids, each given by its ``id`` and new values, all of the same columns.

    Objects of these rows that the session holds are not told.
    """
    if rows:
        _execute(session, _update, row_type, tuple(rows[0]), rows)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A statement as the driver takes it, with what turns values into stored ones, by their position."""

    text: str
    binds: Sequence[str]
    picked: Callable[[Mapping[str, Any]], Sequence[Any]]  #: the values of a row, in the order of the binds
    stored: Sequence[tuple[int, Callable[[Any], Any]]]
    made: Sequence[tuple[str, Callable[[], Any]]]  #: defaults of columns that rows don't give
    positional: bool

    def values(self, row: Mapping[str, Any]) -> Any:
        if self.made:
            row = {**row, **{name: make() for name, make in self.made}}
        values = list(self.picked(row))
        for position, store in self.stored:
            values[position] = store(values[position])
        return tuple(values) if self.positional else dict(zip(self.binds, values, strict=True))


def _execute(
    session: Session,
    statement: Callable[[Table, tuple[str, ...]], Insert | Update],
    row_type: type[Base],
    names: tuple[str, ...],
    rows: Sequence[Mapping[str, Any]],
) -> None:
    session.flush()
    connection = session.connection()
    prepared = _prepare(connection.dialect, statement, cast("Table", row_type.__table__), names)
    connection.exec_driver_sql(prepared.text, [prepared.values(row) for row in rows])


@lru_cache(maxsize=256)
def _prepare(
    dialect: Dialect,
    statement: Callable[[Table, tuple[str, ...]], Insert | Update],
    table: Table,
    names: tuple[str, ...],
) -> _Prepared:
    made = {} if statement is _update else _defaults(table, names)
    return _compiled(dialect, statement(table, (*names, *made)), made)


@lru_cache(maxsize=64)
def _prepare_statement(dialect: Dialect, statement: Update) -> _Prepared:
    given = statement.compile(dialect=dialect)
    written = {name: bind.value for name, bind in given.binds.items() if not bind.required}
    return _compiled(dialect, statement, {name: partial(_itself, value) for name, value in written.items()})


def _compiled(dialect: Dialect, statement: Insert | Update, made: Mapping[str, Callable[[], Any]]) -> _Prepared:
    compiled = statement.compile(dialect=dialect)
    order = list(compiled.positiontup or compiled.binds)
    types = {name: bind.type for name, bind in compiled.binds.items()}
    found = ((at, _storing(types[name], dialect)) for at, name in enumerate(order))
    members = ["id" if name == _KEY else name for name in order]
    return _Prepared(
        text=str(compiled),
        binds=order,
        picked=itemgetter(*members) if len(members) > 1 else lambda row: (row[members[0]],),
        stored=[(at, store) for at, store in found if store is not None],
        made=list(made.items()),
        positional=bool(compiled.positiontup),
    )


def _storing(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """Return what turns a value of a column into its stored form; a moment is mostly the same for many rows."""
    store = kind.dialect_impl(dialect).bind_processor(dialect)
    return lru_cache(maxsize=16)(store) if store is not None and isinstance(kind, UtcDateTime) else store


def _itself(value: Any) -> Any:
    return value


def _insert(table: Table, names: tuple[str, ...]) -> Insert:
    return insert(table).values({name: bindparam(name, type_=table.c[name].type) for name in names}).inline()


def _update(table: Table, names: tuple[str, ...]) -> Update:
    new = {name: bindparam(name, type_=table.c[name].type) for name in names if name != "id"}
    return update(table).where(table.c.id == bindparam(_KEY, type_=table.c.id.type)).values(new)


def _defaults(table: Table, names: tuple[str, ...]) -> dict[str, Callable[[], Any]]:
    """Return what makes the values of columns that rows don't give, by column."""
    missing = [column for column in table.c if column.name not in names and column.default is not None]
    return {column.name: _maker(column.default.arg) for column in missing}  # type: ignore[union-attr]


def _maker(default: Any) -> Callable[[], Any]:
    # The toolkit wraps a default without arguments, so that it takes its context.
    return (lambda: default(None)) if callable(default) else (lambda: default)
