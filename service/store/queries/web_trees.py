"""The customer list as a tree that opens level by level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from service.store.queries.lists import customer_sorts, sort_keys
from service.store.queries.pages import Beside, Key, Page, page, text
from service.store.records import CustomerRow


def level(
    session: Session,
    organisation_id: str,
    *,
    parent_id: str | None = None,
    is_customer: bool | None = None,
    archived: bool | None = False,
    sort: Sequence[str] = ("name",),
    limit: int,
    cursor: str | None,
    beside: Beside | None = None,
) -> Page[CustomerRow]:
    """Return a page of one level: the clients, or the jobs right below a customer.

    :param archived: None takes both.
    :param sort: names of ``customer_sorts``, each with a minus for descending.
    :raises BadCursor: the cursor is of another list.
    """
    below = CustomerRow.parent_id.is_(None) if parent_id is None else CustomerRow.parent_id == parent_id
    query = select(CustomerRow).where(CustomerRow.organisation_id == organisation_id, below)
    if archived is not None:
        query = query.where(CustomerRow.archived.is_(archived))
    if is_customer is not None:
        query = query.where(CustomerRow.is_customer.is_(is_customer))
    keys = [*sort_keys(CustomerRow, customer_sorts(), sort), Key(CustomerRow.id, text)]
    order = f"level:{parent_id}:{','.join(sort)}"
    return page(session, query, keys, order=order, limit=limit, cursor=cursor, beside=beside)


def count_jobs(*, archived: bool | None = False) -> Beside:
    """Return what counts the jobs that stand right below each customer of a page.

    :param archived: None counts both.
    """

    def counted(row: Any) -> ColumnElement[int]:
        job = aliased(CustomerRow)
        below = select(func.count()).where(job.organisation_id == row.organisation_id, job.parent_id == row.id)
        return (below if archived is None else below.where(job.archived.is_(archived))).scalar_subquery()

    return counted
