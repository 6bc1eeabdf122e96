from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from sandbox.common.clock import Clock
from sandbox.common.limits import CONCURRENT, RateLimiter, Window
from sandbox.common.replay import Answer, ReplayStore, Turn

_START = datetime(2026, 11, 22, 1, tzinfo=UTC)


def _answer(text: str) -> Answer:
    return Answer(status=200, headers=(), body=text.encode())


def test_a_full_window_says_when_it_has_room_again() -> None:
    clock = Clock(_START)
    limiter = RateLimiter([Window("minute", 60, 2), Window("day", 86400, 100)], clock)
    assert limiter.enter("a").remaining == {"minute": 1, "day": 99}
    clock.advance(10)
    assert limiter.enter("a").allowed
    refused = limiter.enter("a")
    assert (refused.refused_by, refused.retry_after, refused.remaining) == ("minute", 50, {"minute": 0, "day": 98})
    assert limiter.enter("b").allowed
    clock.advance(50)
    assert limiter.enter("a").allowed
    assert not limiter.enter("a").allowed


def test_calls_at_the_same_time_are_limited_until_one_leaves() -> None:
    limiter = RateLimiter([], Clock(_START), concurrent=1)
    assert limiter.enter("a").allowed
    refused = limiter.enter("a")
    assert (refused.refused_by, refused.retry_after) == (CONCURRENT, None)
    limiter.leave("a")
    assert limiter.enter("a").allowed


def test_a_lifted_limit_limits_nothing() -> None:
    limiter = RateLimiter([Window("minute", 60, None)], Clock(_START))
    assert all(limiter.enter("a").allowed for _ in range(1000))


def test_a_key_gives_its_first_answer_again_until_the_window_ends() -> None:
    clock = Clock(_START)
    store = ReplayStore(timedelta(minutes=6), clock)
    assert store.begin("k", "body") == (Turn.FIRST, None)
    store.finish("k", _answer("one"))
    assert store.begin("k", "body") == (Turn.AGAIN, _answer("one"))
    assert store.begin("k", "other") == (Turn.DIFFERENT, None)
    clock.advance(359)
    assert store.begin("k", "body")[0] is Turn.AGAIN
    clock.advance(1)
    assert store.begin("k", "other") == (Turn.FIRST, None)


def test_an_abandoned_key_is_free_again() -> None:
    store = ReplayStore(timedelta(minutes=6), Clock(_START))
    store.begin("k", "body")
    store.abandon("k")
    assert store.begin("k", "other") == (Turn.FIRST, None)


def test_a_repeat_while_the_first_runs_waits_for_its_answer() -> None:
    store = ReplayStore(timedelta(minutes=6), Clock(_START))
    store.begin("k", "body")
    got: list[tuple[Turn, Answer | None]] = []
    waiting = threading.Thread(target=lambda: got.append(store.begin("k", "body")))
    waiting.start()
    store.finish("k", _answer("one"))
    waiting.join(5)
    assert got == [(Turn.AGAIN, _answer("one"))]
