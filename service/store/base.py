"""What all tables share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from service.ids import new_id
from service.store.types import Id, UtcDateTime

#: Constraints have predictable names, because a migration can only drop what it can name.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def utc_now() -> datetime:
    """Return the present moment, aware and in UTC."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """Base of every table."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime}


class Identified:
    """A row with an identifier of its own."""

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)


class Owned(Identified):
    """A row that belongs to one organisation: every query of it names that organisation."""

    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey("organisation.id", ondelete="CASCADE"))


class Revised:
    """A row that people edit: ``revision`` grows by one with each change."""

    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
