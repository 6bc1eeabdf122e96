"""Which resets a link has been through."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from service.store.reset_models import ResetItemRow, ResetRow


def last_of(session: Session, link_id: str) -> tuple[ResetRow, ResetItemRow]:
    """Return the newest reset that began or ended a link, with what it did to it."""
    query = (
        select(ResetRow, ResetItemRow)
        .join(ResetItemRow, ResetItemRow.reset_id == ResetRow.id)
        .where(or_(ResetItemRow.link_id == link_id, ResetItemRow.new_link_id == link_id))
        .order_by(ResetRow.requested_at.desc(), ResetRow.id.desc())
    )
    reset, item = session.execute(query.limit(1)).one()
    return reset, item
