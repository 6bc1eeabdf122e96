"""Where a change feed stands."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.connectors.position import Position
from service.core.errors import CursorExpired
from service.core.ports import Cursor, Family

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 22, 12, 5, tzinfo=UTC)


def test_reading_some_families_moves_only_them() -> None:
    cursor = Position.read(Cursor("2026-11-22T12:00:00+00:00")).after(LATER, frozenset({Family.INVOICE}))
    position = Position.read(cursor)
    assert [position.start_of(family) for family in (Family.INVOICE, Family.PAYMENT)] == [LATER, NOON]


def test_reading_all_families_makes_the_cursor_plain_again() -> None:
    position = Position.read(Cursor("2026-11-22T12:00:00+00:00;invoice=2026-11-22T12:05:00+00:00"))
    assert position.after(LATER, None) == "2026-11-22T12:05:00+00:00"


def test_a_family_never_goes_back() -> None:
    position = Position.read(Cursor("2026-11-22T12:00:00+00:00;invoice=2026-11-22T12:05:00+00:00"))
    assert Position.read(position.after(NOON, frozenset({Family.INVOICE}))).start_of(Family.INVOICE) == LATER


@pytest.mark.parametrize("cursor", ["", "17", "2026-11-22T12:00:00+00:00;invoice"])
def test_a_cursor_of_another_make_has_expired(cursor: str) -> None:
    with pytest.raises(CursorExpired):
        Position.read(Cursor(cursor))
