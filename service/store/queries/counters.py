"""Numbers given out in order, none twice, whoever asks at the same time."""

from __future__ import annotations

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session

from service.store.accounts import Counter
from service.store.queries.find import is_taken

#: The first number given out is the next one.
_BEFORE_FIRST = 1_000


def next_number(
    session: Session, organisation_id: str, *, series: str, prefix: str, column: InstrumentedAttribute[str]
) -> str:
    """Return the next free number of a series, such as ``INV-1001``: numbers that people typed in are passed over."""
    while True:
        number = f"{prefix}{_next_value(session, organisation_id, series)}"
        if not is_taken(session, column, organisation_id, number):
            return number


def _next_value(session: Session, organisation_id: str, series: str) -> int:
    insert = (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert
    statement = insert(Counter).values(organisation_id=organisation_id, series=series, value=_BEFORE_FIRST + 1)
    counted = statement.on_conflict_do_update(
        index_elements=[Counter.organisation_id, Counter.series], set_={"value": Counter.value + 1}
    )
    value: int = session.execute(counted.returning(Counter.value)).scalar_one()
    return value
