"""Column types that behave alike on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

SCALE = 10_000  #: stored units in one unit of currency (or one per cent, or one piece)

#: JSON documents; on PostgreSQL in the form that can be indexed.
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

Id = String(32)


class Exact(TypeDecorator[Decimal]):
    """A decimal number kept as a whole number of 1/10,000, so that sums are exact on both databases.

    SQLite has no decimal type of its own: it would keep a NUMERIC as a binary float and sum it inexactly.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Turn a decimal into stored units.

        :raises ValueError: for a number that needs more than four decimal places.
        """
        if value is None:
            return None
        units = value * SCALE
        if units != units.to_integral_value():
            message = f"{value} has more than four decimal places"
            raise ValueError(message)
        return int(units)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Turn stored units into a decimal."""
        return None if value is None else Decimal(int(value)) / SCALE


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC. SQLite forgets time zones, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time into UTC.

        :raises ValueError: for a naive time.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            message = "a stored time must know its time zone"
            raise ValueError(message)
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the time back aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


#: A sort key: compared byte by byte on both databases, whatever the locale of the server.
SortKey = Text().with_variant(Text(collation="C"), "postgresql")
