"""The calls made to a company."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.ids import new_id
from service.store.budget_models import BudgetRow

#: Stands for a company's id in the row of our app's calls to all companies of a package.
APP = ""


def spent(session: Session, provider: str, tenant_id: str, *, locked: bool = False) -> dict[str, Any] | None:
    """Return what is stored of the calls; ``locked`` until the transaction ends, for whoever is going to add to it."""
    query = select(BudgetRow.spent).where(BudgetRow.provider == provider, BudgetRow.tenant_id == tenant_id)
    return session.scalar(query.with_for_update() if locked else query)


def keep(session: Session, provider: str, tenant_id: str, document: dict[str, Any]) -> None:
    """Store the calls of a company."""
    row = session.scalar(select(BudgetRow).where(BudgetRow.provider == provider, BudgetRow.tenant_id == tenant_id))
    if row is not None:
        row.spent = document
        return
    try:
        with session.begin_nested():
            session.execute(
                insert(BudgetRow).values(id=new_id(), provider=provider, tenant_id=tenant_id, spent=document)
            )
    except IntegrityError:
        keep(session, provider, tenant_id, document)  # another process stored its first call at this moment
