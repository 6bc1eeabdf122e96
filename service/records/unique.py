"""Values that only one record of an organisation may have."""

from __future__ import annotations

from sqlalchemy.orm import InstrumentedAttribute, Session

from service.records.author import Author
from service.records.errors import Fault, Taken
from service.store.queries.find import is_taken


def require_free_number(session: Session, author: Author, column: InstrumentedAttribute[str], number: str) -> None:
    """Refuse a number that another record has.

    :raises Taken: it is in use.
    """
    if is_taken(session, column, author.organisation_id, number):
        raise Taken(Fault("number", f"The number {number} is in use already."))
