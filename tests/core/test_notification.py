"""What a notification says, and when it is due."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from service.core.notification import MOST, REST, Moment, Thing, document, heading, is_due, signature, text

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")


def _thing(number: int = 1) -> Thing:
    return Thing(
        subject=f"question:{number}", label=f"Acme {number}", sentence="Why.", url=f"https://x/{number}", since=NOW
    )


def test_one_thing_is_named_and_several_are_counted() -> None:
    assert heading([_thing()], "Freeman") == "Freeman: Acme 1 needs you"
    assert heading([_thing(1), _thing(2)], "Freeman") == "Freeman: 2 things need you"


def test_a_long_list_ends_with_how_many_more_there_are() -> None:
    told = text([_thing(number) for number in range(MOST + 3)], "Freeman", dashboard="https://x")
    assert told.count("Why.") == MOST
    assert "And 3 more: https://x" in told


def test_a_webhook_is_signed_over_its_very_bytes() -> None:
    content = document([_thing()], "Freeman")
    assert json.loads(content)["things"][0]["id"] == "question:1"
    assert content == document([_thing()], "Freeman")
    assert signature(b"{}", "key") == "sha256=a777724d943eb48dc69bca8a4a6d57a04db3f9ec7e1de4e581e860265bdf3032"
    assert signature(content.encode(), "s") != signature(content.encode(), "t")


@pytest.mark.parametrize(
    ("last_told", "due"),
    [(None, True), (NOW - REST, True), (NOW - REST + timedelta(seconds=1), False)],
)
def test_at_once_means_at_once_but_not_in_a_flood(last_told: datetime | None, due: bool) -> None:
    assert is_due(Moment.AT_ONCE, hour=8, zone=NEW_YORK, oldest=NOW, last_told=last_told, now=NOW) is due


@pytest.mark.parametrize(
    ("now", "oldest", "last_told", "due"),
    [
        # 8 o'clock in New York is 13:00 UTC in November
        ("12:59", "11:00", None, False),
        ("13:00", "11:00", None, True),
        ("13:00", "13:00", None, False),  # noted at that very moment: tomorrow
        ("18:00", "13:30", None, False),
        ("18:00", "11:00", "13:00", False),
        ("18:00", "11:00", "12:00", True),
    ],
)
def test_daily_means_what_was_there_at_the_hour_of_the_company(
    now: str, oldest: str, last_told: str | None, due: bool
) -> None:
    def at(clock: str) -> datetime:
        hour, minute = map(int, clock.split(":"))
        return NOW.replace(hour=hour, minute=minute)

    told = None if last_told is None else at(last_told)
    assert is_due(Moment.DAILY, hour=8, zone=NEW_YORK, oldest=at(oldest), last_told=told, now=at(now)) is due
