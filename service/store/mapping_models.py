"""The versions of a connection's choices."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.store.base import Base, Owned, utc_now
from service.store.types import Id, Json


class MappingVersionRow(Owned, Base):
    """The choices as they stood from one moment on; an earlier version can be read and taken back."""

    __tablename__ = "mapping_version"
    __table_args__ = (UniqueConstraint("connection_id", "version"),)

    connection_id: Mapped[str] = mapped_column(Id, ForeignKey("connection.id", ondelete="CASCADE"))
    version: Mapped[int]
    document: Mapped[dict[str, Any]] = mapped_column(Json)  #: mapping.settings.to_json
    changed: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)  #: {"entry", "before", "after"}
    actor: Mapped[str]
    why: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(default=utc_now)
