"""A link as a plain value: what a write looks at of thousands of them, without the work that objects of rows cost."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias

from msgspec import Struct
from sqlalchemy import ColumnElement

from service.store.sync_models import LinkRow


class PlainLink(Struct, frozen=True):
    """The columns of a link's row that a write looks at; to be read and not changed."""

    id: str
    entity: str
    organisation_id: str
    connection_id: str
    record_id: str
    remote_id: str | None
    remote_name: str | None
    generation: int
    wanted: int
    confirmed: int
    heard: int
    settled: int
    baseline: dict[str, Any] | None
    losses: list[dict[str, Any]]
    open_problem_id: str | None
    intent_open: bool
    intent_unknown: bool
    sequence: int
    retired_at: datetime | None


#: A link's row, as an object or as a plain value.
AnyLink: TypeAlias = LinkRow | PlainLink
#: The columns in the order of the fields. Of the bare table: the toolkit does no more than read them.
COLUMNS: tuple[ColumnElement[Any], ...] = tuple(LinkRow.__table__.c[name] for name in PlainLink.__struct_fields__)
