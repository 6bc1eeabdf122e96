"""The versions of connections' choices."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.mapping_models import MappingVersionRow
from service.store.queries.connections import NotFoundError
from service.store.sync_models import ConnectionRow


def versions(session: Session, connection: ConnectionRow, *, limit: int = 1000) -> Sequence[MappingVersionRow]:
    """Return the versions of a connection's choices, newest first."""
    query = select(MappingVersionRow).where(MappingVersionRow.connection_id == connection.id)
    return session.scalars(query.order_by(MappingVersionRow.version.desc()).limit(limit)).all()


def version_of(session: Session, connection: ConnectionRow, version: int) -> MappingVersionRow:
    """Return one version.

    :raises NotFoundError: the connection never had it.
    """
    found = session.scalar(
        select(MappingVersionRow).where(
            MappingVersionRow.connection_id == connection.id, MappingVersionRow.version == version
        )
    )
    if found is None:
        raise NotFoundError(str(version))
    return found
