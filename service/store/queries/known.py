"""The customers there are, in few columns: what an import compares its rows with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.records import CustomerRow, TaxLevelRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One customer of ours."""

    id: str
    number: str
    full_name: str
    email: str | None


def known_customers(session: Session, organisation_id: str) -> Iterator[Known]:
    """Yield every customer of an organisation, archived ones too."""
    columns = (CustomerRow.id, CustomerRow.number, CustomerRow.full_name, CustomerRow.email)
    for row_id, number, full_name, email in session.execute(
        select(*columns).where(CustomerRow.organisation_id == organisation_id).order_by(CustomerRow.sort_key)
    ):
        yield Known(id=row_id, number=number, full_name=full_name, email=email)


def tax_levels_by_name(session: Session, organisation_id: str) -> dict[str, str]:
    """Return the id of each tax level by its name, case-folded."""
    rows = session.scalars(select(TaxLevelRow).where(TaxLevelRow.organisation_id == organisation_id))
    return {row.name.casefold(): row.id for row in rows}
