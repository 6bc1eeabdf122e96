"""Whether a record may be deleted, as far as packages know it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from service.store.sync_models import LinkRow, MatchRow


def is_known_there(session: Session, organisation_id: str, record_ids: Iterable[str]) -> bool:
    """Tell whether a package holds, held or may hold a counterpart of one of the records."""
    query = select(LinkRow.id).where(
        LinkRow.organisation_id == organisation_id,
        LinkRow.record_id.in_(tuple(record_ids)),
        or_(LinkRow.remote_id.is_not(None), LinkRow.intent_open.is_(True)),
    )
    return session.scalars(query.limit(1)).one_or_none() is not None


def forget(session: Session, organisation_id: str, record_ids: Iterable[str]) -> None:
    """Delete the links and decisions of records that are deleted themselves; no package ever knew them."""
    ids = tuple(record_ids)
    session.execute(delete(LinkRow).where(LinkRow.organisation_id == organisation_id, LinkRow.record_id.in_(ids)))
    session.execute(delete(MatchRow).where(MatchRow.organisation_id == organisation_id, MatchRow.customer_id.in_(ids)))
