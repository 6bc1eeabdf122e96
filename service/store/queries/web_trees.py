"""The customer list as a tree that opens level by level."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.store.queries.find import even_chunks
from service.store.queries.lists import customer_sorts, sort_keys
from service.store.queries.pages import Key, Page, page, text
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
    return page(session, query, keys, order=order, limit=limit, cursor=cursor)


def count_jobs(
    session: Session, organisation_id: str, customer_ids: Iterable[str], *, archived: bool | None = False
) -> dict[str, int]:
    """Return how many jobs stand right below customers; those without any are left out."""
    query = select(CustomerRow.parent_id, func.count()).where(CustomerRow.organisation_id == organisation_id)
    if archived is not None:
        query = query.where(CustomerRow.archived.is_(archived))
    return {
        parent_id: number
        for part in even_chunks(customer_ids)
        for parent_id, number in session.execute(
            query.where(CustomerRow.parent_id.in_(part)).group_by(CustomerRow.parent_id)
        )
        if parent_id
    }
