from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from service.records.author import Author
from service.store.accounts import Event
from service.store.records import PaymentRow, TaxLevelRow
from tests.records.builders import company

FITTING = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _rate(session: Session, author: Author, rate: Decimal) -> Decimal:
    row = TaxLevelRow(organisation_id=author.organisation_id, name=str(rate), name_key=str(rate), rate_percent=rate)
    session.add(row)
    session.flush()
    session.expire(row)
    kept = row.rate_percent
    session.delete(row)
    session.flush()
    return kept


@FITTING
@given(units=st.integers(min_value=-(2**63) + 1, max_value=2**63 - 1))
def test_a_decimal_of_four_places_comes_back_exactly(session: Session, author: Author, units: int) -> None:
    rate = Decimal(units).scaleb(-4)
    assert _rate(session, author, rate) == rate


def test_a_fifth_place_is_refused_rather_than_rounded(session: Session, author: Author) -> None:
    with pytest.raises(StatementError, match="four decimal places"):
        _rate(session, author, Decimal("0.00001"))


def test_sums_are_exact(session: Session, author: Author) -> None:
    client = company(session, author)
    session.add_all(
        PaymentRow(
            organisation_id=author.organisation_id,
            customer_id=client.id,
            amount=Decimal("0.1"),
            currency="USD",
            date=author.now.date(),
        )
        for _ in range(1000)
    )
    session.flush()
    query = select(func.sum(PaymentRow.amount)).where(PaymentRow.customer_id == client.id)
    assert session.scalars(query).one() == Decimal(100)


def test_a_time_comes_back_aware_and_in_utc(session: Session, author: Author) -> None:
    at = datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    event = Event(organisation_id=author.organisation_id, at=at, actor="test", verb="tested")
    session.add(event)
    session.flush()
    session.expire(event)
    assert (event.at, event.at.tzinfo) == (at, UTC)


def test_a_time_without_a_zone_is_refused(session: Session, author: Author) -> None:
    naive = datetime(2026, 3, 29, 2, 30)  # noqa: DTZ001 - the fault under test
    session.add(Event(organisation_id=author.organisation_id, at=naive, actor="test", verb="tested"))
    with pytest.raises(StatementError, match="time zone"):
        session.flush()
