"""The budget of calls: never above a limit, hardly below it, and right about when the work will end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.budget import (
    BURST,
    Spent,
    delay,
    forecast,
    from_json,
    left_today,
    may_spend,
    next_day,
    note,
    to_json,
)
from service.core.ports import Limits

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
XERO = Limits(per_minute=60, per_day=5000, concurrent=5)
BATCHING = Limits(per_second=10, per_minute=500, batches_per_minute=120, concurrent=10)


def made(limits: Limits, count: int, takes: timedelta, *, batch: bool = False) -> list[datetime]:
    """Make calls as fast as the budget allows; return when they left."""
    at, spent, left = NOW, Spent(), []
    for _ in range(count):
        at += delay(limits, spent, at, batch=batch)
        spent = note(spent, at, batches=1 if batch else 0)
        left.append(at)
        at += takes
    return left


@given(st.integers(1, 90), st.integers(0, 400), st.sampled_from([XERO, BATCHING, Limits(per_second=3)]))
def test_no_window_ever_holds_more_than_is_allowed(count: int, takes_ms: int, limits: Limits) -> None:
    left = made(limits, count, timedelta(milliseconds=takes_ms))
    for span, allowed in ((timedelta(seconds=1), limits.per_second), (MINUTE, limits.per_minute)):
        if allowed is not None:
            for earlier, later in zip(left, left[allowed:], strict=False):
                assert later - earlier > span


@pytest.mark.parametrize(
    ("limits", "calls", "least"), [(XERO, 600, 9 * MINUTE), (Limits(per_minute=500), 2000, 3 * MINUTE)]
)
def test_the_allowed_rate_is_used_to_within_a_hundredth(limits: Limits, calls: int, least: timedelta) -> None:
    left = made(limits, calls, timedelta(milliseconds=1))
    assert least <= left[-1] - left[0] <= least * 1.01


def test_batches_go_out_in_a_burst_and_then_evenly() -> None:
    left = made(BATCHING, 80, timedelta(0), batch=True)
    gaps = [later - earlier for earlier, later in zip(left[BURST:], left[BURST + 1 :], strict=False)]
    assert set(gaps) == {MINUTE / 120}
    assert left[BURST - 1] - left[0] < timedelta(seconds=3)


def test_a_day_is_the_last_24_hours() -> None:
    spent = note(Spent(), NOW, calls=5000)
    assert left_today(XERO, spent, NOW) == 0
    assert left_today(XERO, spent, NOW + timedelta(hours=23)) == 0
    assert left_today(XERO, spent, NOW + timedelta(hours=25)) == 5000
    assert next_day(spent, NOW) == NOW + timedelta(hours=25)
    assert left_today(BATCHING, spent, NOW) is None


def test_what_the_package_says_is_left_counts_if_it_is_less() -> None:
    spent = note(Spent(), NOW, told_left=999)
    assert left_today(XERO, spent, NOW) == 999
    assert left_today(XERO, note(spent, NOW, calls=9), NOW) == 990
    assert left_today(XERO, spent, NOW + timedelta(hours=25)) == 5000
    assert left_today(XERO, note(Spent(), NOW, calls=4500, told_left=4999), NOW) == 500


def test_bulk_work_leaves_the_last_calls_of_a_day_to_people() -> None:
    spent = note(Spent(), NOW, told_left=250)
    assert not may_spend(XERO, spent, NOW, urgent=False)
    assert may_spend(XERO, spent, NOW, urgent=True)
    assert not may_spend(XERO, note(spent, NOW, told_left=0), NOW, urgent=True)
    assert may_spend(BATCHING, spent, NOW, urgent=False)


@given(st.integers(0, 300), st.integers(10, 900), st.sampled_from([XERO, BATCHING]), st.booleans())
def test_a_forecast_is_when_the_work_ends(count: int, takes_ms: int, limits: Limits, batch: bool) -> None:
    takes = timedelta(milliseconds=takes_ms)
    left = made(limits, count, takes, batch=batch)
    told = forecast(count, limits, Spent(), NOW, batches=count if batch else 0, takes=takes)
    assert told.ends_at == (left[-1] + takes if left else NOW)
    assert told.fits


def test_a_forecast_says_that_the_day_is_too_short() -> None:
    told = forecast(400, XERO, note(Spent(), NOW, told_left=300), NOW)
    assert (told.fits, told.left_today) == (False, 300)
    assert told.ends_at < NOW + timedelta(minutes=2)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2), st.none() | st.integers(0, 5000)), max_size=5))
def test_what_is_stored_is_read_back(calls: list[tuple[int, int, int | None]]) -> None:
    spent = Spent()
    for number, (count, batches, told) in enumerate(calls):
        spent = note(spent, NOW + timedelta(seconds=number), calls=count, batches=batches, told_left=told)
    assert from_json(to_json(spent)) == spent
    assert from_json(None) == Spent()
