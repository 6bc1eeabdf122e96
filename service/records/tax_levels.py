"""Tax levels: named rates. A level never changes its rate, because issued invoices were reckoned with it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.core.model import TaxComponent
from service.core.names import name_key
from service.core.tax import tax_level_fault
from service.ids import new_id
from service.records.author import Author
from service.records.errors import Fault, Taken, invalid
from service.records.inputs import TaxLevelInput
from service.records.places import NAME_KEY
from service.records.trail import report
from service.store.queries.events import Subject
from service.store.queries.find import is_taken
from service.store.records import TaxComponentRow, TaxLevelRow


def create_tax_level(session: Session, author: Author, given: TaxLevelInput) -> TaxLevelRow:
    """Add a tax level.

    :raises Invalid: the components do not add up to the rate.
    :raises Taken: another level is called the same.
    """
    parts = [TaxComponent(name=part.name, rate_percent=part.rate_percent) for part in given.components]
    fault = tax_level_fault(given.rate_percent, parts)
    if fault is not None:
        raise invalid("components" if parts else "rate_percent", fault)
    key = name_key(given.name)[:NAME_KEY]
    if is_taken(session, TaxLevelRow.name_key, author.organisation_id, key):
        raise Taken(Fault("name", f"There is a tax level {given.name} already."))
    row = TaxLevelRow(
        id=new_id(),
        organisation_id=author.organisation_id,
        name=given.name,
        name_key=key,
        rate_percent=given.rate_percent,
        created_at=author.now,
        updated_at=author.now,
        components=[
            TaxComponentRow(position=position, name=part.name, rate_percent=part.rate_percent)
            for position, part in enumerate(parts)
        ],
    )
    session.add(row)
    session.flush()
    report(session, author, "created", Subject(kind="tax_level", id=row.id, label=row.name))
    return row
