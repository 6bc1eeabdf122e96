"""Many rows in one statement, past the bookkeeping that single rows get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Table, insert
from sqlalchemy.orm import Session

from service.store.base import Base


def insert_rows(session: Session, row_type: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows given by their columns, all by the same ones; does nothing for no rows.

    What the session holds back is written first: a row may refer to it.
    """
    if rows:
        session.flush()
        session.execute(insert(cast("Table", row_type.__table__)), list(rows))
