"""The seam between the company's records and the sync: a change is wanted at every package the record is tied to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from service.core.ports import Ref
from service.store.queries.find import chunks
from service.store.sync_models import LinkRow, ProblemRow


def touch(
    session: Session,
    *,
    organisation_id: str,
    refs: Sequence[Ref],
    now: datetime,
    except_connection_id: str | None = None,
) -> None:
    """Make a change of records wanted, in the transaction of the change.

    ``wanted`` rises on every link in force of the records, and their open problems are closed: what was refused may be
    right now. The next scheduled sync finds them; a person who can't wait asks for one.

    :param except_connection_id: where the change came from: there nothing is wanted and no problem closes.
    """
    by_kind: dict[str, list[str]] = {}
    for ref in dict.fromkeys(refs):
        by_kind.setdefault(ref.kind, []).append(ref.id)
    for kind, record_ids in by_kind.items():
        for part in chunks(record_ids):
            links = [
                LinkRow.organisation_id == organisation_id,
                LinkRow.entity == kind,
                LinkRow.record_id.in_(part),
                LinkRow.retired_at.is_(None),
            ]
            if except_connection_id is not None:
                links.append(LinkRow.connection_id != except_connection_id)
            _want(session, links, now)


def _want(session: Session, links: Sequence[ColumnElement[bool]], now: datetime) -> None:
    with_problem = select(LinkRow.id).where(*links, LinkRow.open_problem_id.is_not(None))
    session.execute(
        update(ProblemRow)
        .where(ProblemRow.link_id.in_(with_problem), ProblemRow.closed_at.is_(None))
        .values(closed_at=now, closed_by="edit")
    )
    session.execute(update(LinkRow).where(*links).values(wanted=LinkRow.wanted + 1, open_problem_id=None))
