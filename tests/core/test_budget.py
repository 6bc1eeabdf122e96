"""The budget of calls: never above a limit, hardly below it, and right about when the work will end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core import budget
from service.core.budget import (
    BURST,
    allowance,
    delay,
    forecast,
    goes_on,
    left_today,
    may_spend,
    note,
    note_app,
    reads_of,
    stretched,
)
from service.core.ports import Limits
from service.core.spent import AppSpent, Spent, app_from_json, app_to_json, from_json, to_json

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MOMENT = timedelta(microseconds=1)
XERO = Limits(per_minute=60, per_day=5000, concurrent=5)
SMALLEST = Limits(per_minute=60, per_day=1000, concurrent=5)
BATCHING = Limits(per_second=10, per_minute=500, batches_per_minute=120, concurrent=10)


def made(
    limits: Limits,
    count: int,
    takes: timedelta,
    *,
    batch: bool = False,
    urgent: bool = False,
    start: Spent | None = None,
) -> list[datetime]:
    """Make calls as fast as the budget allows; return when they left."""
    at, spent, left = NOW, start or Spent(), []
    for _ in range(count):
        at += delay(limits, spent, at, batch=batch, urgent=urgent)
        if not may_spend(limits, spent, at, urgent=urgent):
            at = goes_on(limits, spent, at)
            at += delay(limits, spent, at, batch=batch, urgent=urgent)
        spent = note(spent, at, batches=1 if batch else 0)
        left.append(at)
        at += takes
    return left


@given(
    st.integers(1, 400),
    st.integers(0, 700),
    st.sampled_from([XERO, BATCHING, Limits(per_second=3)]),
    st.booleans(),
    st.booleans(),
)
def test_no_window_ever_holds_more_than_is_allowed(
    count: int, takes_ms: int, limits: Limits, batch: bool, urgent: bool
) -> None:
    left = made(limits, count, timedelta(milliseconds=takes_ms), batch=batch, urgent=urgent)
    batches = limits.batches_per_minute if batch else None
    for span, allowed in ((SECOND, limits.per_second), (MINUTE, limits.per_minute), (MINUTE, batches)):
        if allowed is not None:
            for earlier, later in zip(left, left[allowed:], strict=False):
                assert later - earlier > span


@pytest.mark.parametrize(
    ("limits", "batch", "calls", "takes_ms"),
    [
        (Limits(per_minute=60), False, 3000, 1),
        (Limits(per_minute=60), False, 3000, 900),
        (Limits(per_minute=500), False, 10_000, 1),
        (BATCHING, True, 2400, 1),
        (BATCHING, True, 2400, 300),
    ],
)
def test_the_allowed_rate_is_used_to_within_a_twentieth(limits: Limits, batch: bool, calls: int, takes_ms: int) -> None:
    takes = timedelta(milliseconds=takes_ms)
    rate = (limits.batches_per_minute if batch else limits.per_minute) or 1
    least = MINUTE * (calls - 1) / rate
    left = made(limits, calls, takes, batch=batch)
    assert least * 0.97 <= left[-1] - left[0] <= least * 1.05


def test_bulk_work_leaves_a_call_of_each_minute_to_people() -> None:
    spent = Spent()
    while not delay(XERO, spent, NOW, urgent=False):
        spent = note(spent, NOW)
    assert len(spent.recent) == 59
    assert delay(XERO, spent, NOW, urgent=True) == timedelta(0)
    assert delay(XERO, note(spent, NOW), NOW, urgent=True) > MINUTE


def test_batches_go_out_in_a_burst_and_then_at_a_distance() -> None:
    left = made(BATCHING, 110, timedelta(0), batch=True)
    gaps = [later - earlier for earlier, later in zip(left[BURST:], left[BURST + 1 :], strict=False)]
    assert set(gaps) == {MINUTE / 240}
    assert left[BURST - 1] - left[0] < timedelta(seconds=3)


def test_who_is_told_to_rest_rests_whoever_it_was_said_to() -> None:
    told = budget.rest(Spent(), NOW + MINUTE)
    assert delay(XERO, told, NOW) == MINUTE
    assert delay(XERO, budget.rest(told, NOW + SECOND), NOW) == MINUTE
    assert delay(XERO, told, NOW + MINUTE) == timedelta(0)
    assert forecast(1, XERO, told, NOW, takes=SECOND).ends_at == NOW + MINUTE + SECOND


@pytest.mark.parametrize("minutes", [0, 1, 14])
def test_a_day_is_the_last_24_hours(minutes: int) -> None:
    at = NOW + minutes * MINUTE
    spent = note(Spent(), at, calls=5000)
    assert left_today(XERO, spent, at) == 0
    assert left_today(XERO, spent, at + DAY) == 0
    assert left_today(XERO, spent, NOW + DAY + 15 * MINUTE - MOMENT) == 0
    assert left_today(XERO, spent, NOW + DAY + 15 * MINUTE) == 5000
    assert goes_on(XERO, spent, at) == NOW + DAY + 15 * MINUTE
    assert left_today(BATCHING, spent, at) is None


def test_what_the_package_says_is_left_counts_if_it_is_less() -> None:
    spent = note(Spent(), NOW, told_left=999)
    assert left_today(XERO, spent, NOW) == 999
    assert allowance(XERO, spent, NOW) == 1000
    assert left_today(XERO, note(spent, NOW, calls=9), NOW) == 990
    assert left_today(XERO, spent, NOW + timedelta(hours=25)) == 5000
    assert left_today(XERO, note(Spent(), NOW, calls=4500, told_left=4999), NOW) == 500


def test_what_the_package_said_is_left_grows_as_calls_turn_a_day_old() -> None:
    spent = note(Spent(), NOW, calls=600, told_left=400)
    spent = note(spent, NOW + 12 * HOUR, calls=300, told_left=100)
    assert left_today(XERO, spent, NOW + DAY) == 100
    assert left_today(XERO, spent, NOW + DAY + 15 * MINUTE) == 700
    assert left_today(XERO, note(spent, NOW + DAY + 15 * MINUTE), NOW + DAY + 15 * MINUTE) == 699


@pytest.mark.parametrize("limits", [XERO, SMALLEST])
def test_bulk_work_leaves_the_last_calls_of_a_day_to_people(limits: Limits) -> None:
    whole = limits.per_day or 0
    kept = whole * 3 // 100
    spent = note(Spent(), NOW, calls=whole - kept)
    assert not may_spend(limits, spent, NOW, urgent=False)
    assert may_spend(limits, note(Spent(), NOW, calls=whole - kept - 1), NOW, urgent=False)
    assert may_spend(limits, spent, NOW, urgent=True)
    assert not may_spend(limits, note(spent, NOW, calls=kept), NOW, urgent=True)
    assert may_spend(BATCHING, spent, NOW, urgent=False)


def test_the_schedule_looks_less_often_as_the_day_runs_low() -> None:
    assert stretched(MINUTE, XERO, note(Spent(), NOW, calls=2500), NOW) == MINUTE
    assert stretched(MINUTE, XERO, note(Spent(), NOW, calls=3750), NOW) == 2 * MINUTE
    assert stretched(MINUTE, XERO, note(Spent(), NOW, calls=5000), NOW) == 2500 * MINUTE
    assert stretched(MINUTE, BATCHING, note(Spent(), NOW, calls=5000), NOW) == MINUTE


@given(
    st.integers(0, 300),
    st.integers(10, 900),
    st.sampled_from([XERO, BATCHING, Limits(per_minute=30, per_day=120), Limits(per_day=40)]),
    st.booleans(),
    st.integers(0, 60),
)
def test_a_forecast_is_when_the_work_ends(count: int, takes_ms: int, limits: Limits, batch: bool, before: int) -> None:
    takes = timedelta(milliseconds=takes_ms)
    spent = note(Spent(), NOW - HOUR, calls=before) if before else Spent()
    left = made(limits, count, takes, batch=batch, start=spent)
    told = forecast(count, limits, spent, NOW, batches=count if batch else 0, takes=takes)
    assert told.ends_at == (left[-1] + takes if left else NOW)
    assert told.fits is (told.ends_at - NOW < HOUR)


def test_a_forecast_says_that_the_day_is_too_short_and_when_the_rest_follows() -> None:
    told = forecast(400, XERO, note(Spent(), NOW, calls=700, told_left=300), NOW, takes=SECOND)
    assert (told.fits, told.left_today) == (False, 300)
    assert told.rests_at is not None
    assert NOW + 4 * MINUTE < told.rests_at < NOW + 6 * MINUTE
    assert NOW + DAY < told.ends_at < NOW + DAY + 30 * MINUTE


def test_a_forecast_counts_on_what_calls_took_lately() -> None:
    spent = budget.took(Spent(), 2 * SECOND)
    assert forecast(5, BATCHING, spent, NOW).ends_at == NOW + 10 * SECOND
    assert budget.took(spent, 10 * SECOND).takes == 3 * SECOND
    assert forecast(5, BATCHING, Spent(), NOW).ends_at == NOW + 5 * budget.USUAL_CALL


def test_the_calls_of_the_app_are_counted_over_all_companies() -> None:
    limits = Limits(app_per_minute=100)
    app = AppSpent()
    for number in range(100):
        app = note_app(app, NOW + number * SECOND / 10)
    at = NOW + 10 * SECOND
    wait = delay(limits, Spent(), at, app=app)
    assert MINUTE - 10 * SECOND < wait <= MINUTE - 8 * SECOND
    assert delay(limits, Spent(), at + wait, app=app) == timedelta(0)
    assert delay(Limits(), Spent(), at, app=app) == timedelta(0)


def test_metered_reads_are_counted_by_the_month() -> None:
    app = note_app(note_app(AppSpent(), NOW, reads=1), NOW, reads=1)
    assert reads_of(app, NOW) == 2
    assert reads_of(app, NOW + 30 * DAY) == 0
    assert reads_of(note_app(app, NOW + 30 * DAY, reads=1), NOW + 30 * DAY) == 1


def test_who_may_have_a_call_under_way_is_known() -> None:
    spent = note(note(Spent(), NOW, caller="a"), NOW + SECOND, caller="b")
    assert budget.others(spent, NOW + SECOND, caller="a", longest=MINUTE) == 1
    assert budget.others(spent, NOW + SECOND, caller="c", longest=MINUTE) == 2
    assert budget.others(spent, NOW + MINUTE, caller="c", longest=MINUTE) == 1
    assert budget.others(budget.leave(spent, "b"), NOW + SECOND, caller="c", longest=MINUTE) == 1


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2), st.none() | st.integers(0, 5000)), max_size=5))
def test_what_is_stored_is_read_back(calls: list[tuple[int, int, int | None]]) -> None:
    spent, app = Spent(), AppSpent()
    for number, (count, batches, told) in enumerate(calls):
        at = NOW + timedelta(seconds=number, microseconds=count)
        spent = note(spent, at, calls=count, batches=batches, told_left=told, caller=str(count))
        app = note_app(app, at, reads=batches)
    spent = budget.took(budget.rest(spent, NOW + MOMENT), 3 * MOMENT)
    assert from_json(to_json(spent)) == spent
    assert app_from_json(app_to_json(app)) == app
    assert (from_json(None), app_from_json(None)) == (Spent(), AppSpent())
    assert from_json(to_json(replace(spent, takes=None, rests_until=None, lists=6))).rests_until is None
    assert from_json({"recent": [], "batches": [], "hours": {}, "told_left": None, "told_at": None}) == Spent()
