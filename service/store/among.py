"""A condition that a column holds one of many identifiers, which go to the database as one parameter.

``IN`` with a parameter for each is another text for every length of a list, and understanding a text of a hundred
parameters takes longer than looking up a hundred rows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, Boolean, ColumnElement, String, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine


def among(column: ColumnElement[str] | Any, ids: Sequence[str] | BindParameter[Any]) -> ColumnElement[bool]:
    """Return the condition that a column holds one of the identifiers, or of those given later for a parameter."""
    return _Among(column, ids if isinstance(ids, BindParameter) else bindparam(None, ids, type_=Ids()))


class Ids(TypeDecorator[Sequence[str]]):
    """Identifiers as one parameter: an array for PostgreSQL, a JSON list for SQLite."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return what the driver is told."""
        return dialect.type_descriptor(ARRAY(String()) if dialect.name == "postgresql" else String())

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> Any:
        """Turn identifiers into what the driver takes."""
        ids = list(value or ())
        return ids if dialect.name == "postgresql" else json.dumps(ids)


class _Among(FunctionElement[bool]):
    name = "among"
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: object = None) -> _Among:
        """Return itself: compared with 1, as SQLite's truth values are, it would be looked up in no index."""
        return self


@compiles(_Among)
def _in_a_json_list(element: _Among, compiler: SQLCompiler, **given: Any) -> str:
    column, ids = element.clauses
    listed = select(func.json_each(ids).table_valued("value").c.value)
    return compiler.process(column.in_(listed), **given)


@compiles(_Among, "postgresql")
def _any_of_an_array(element: _Among, compiler: SQLCompiler, **given: Any) -> str:
    column, ids = element.clauses
    return f"{compiler.process(column, **given)} = ANY ({compiler.process(ids, **given)})"
