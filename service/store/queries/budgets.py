"""The calls made to a company."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.ids import new_id
from service.store.budget_models import BudgetRow
from service.store.bulk import change

#: Stands for a company's id in the row of our app's calls to all companies of a package.
APP = ""

# Read and written with every call: built once, because to build them takes longer than the database does.
_ROW = BudgetRow.__table__.c
_THIS = (_ROW.provider == bindparam("of_provider"), _ROW.tenant_id == bindparam("of_tenant_id"))
_READ = select(_ROW.spent).where(*_THIS)
_READ_LOCKED = _READ.with_for_update()
_WRITE = update(BudgetRow.__table__).where(*_THIS).values(spent=bindparam("spent"))  # type: ignore[arg-type]


def spent(session: Session, provider: str, tenant_id: str, *, locked: bool = False) -> dict[str, Any] | None:
    """Return what is stored of the calls; ``locked`` until the transaction ends, for whoever is going to add to it."""
    this = {"of_provider": provider, "of_tenant_id": tenant_id}
    found: dict[str, Any] | None = session.connection().execute(_READ_LOCKED if locked else _READ, this).scalar()
    return found


def keep(session: Session, provider: str, tenant_id: str, document: dict[str, Any]) -> None:
    """Store the calls of a company."""
    if change(session, _WRITE, of_provider=provider, of_tenant_id=tenant_id, spent=document):
        return
    try:
        with session.begin_nested():
            session.execute(
                insert(BudgetRow).values(id=new_id(), provider=provider, tenant_id=tenant_id, spent=document)
            )
    except IntegrityError:
        keep(session, provider, tenant_id, document)  # another process stored its first call at this moment
