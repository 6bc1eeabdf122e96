from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import requests

from sandbox.common.faults import FaultKind, FaultRule, When
from tests.sandbox.xero.caller import Caller, Json

Start = Callable[..., Caller]


def _put(caller: Caller, key: str, name: str = "Acme") -> requests.Response:
    return caller.api("PUT", "Contacts", {"Contacts": [{"Name": name}]}, headers={"Idempotency-Key": key})


def test_every_answer_says_how_many_calls_are_left(xero: Start) -> None:
    caller = xero(per_minute=60, per_day=5000, app_per_minute=10_000).sign_in()
    headers = caller.api("GET", "Organisation").headers
    names = ("X-MinLimit-Remaining", "X-DayLimit-Remaining", "X-AppMinLimit-Remaining")
    assert [headers[name] for name in names] == ["59", "4999", "9999"]


@pytest.mark.parametrize(
    ("limits", "problem", "wait"),
    [
        pytest.param({"per_minute": 2}, "minute", "50", id="minute"),
        pytest.param({"per_day": 2}, "day", "86390", id="day"),
        pytest.param({"app_per_minute": 2}, "appminute", "50", id="app"),
    ],
)
def test_a_passed_limit_is_a_429_that_names_it_and_the_wait(xero: Start, limits: Json, problem: str, wait: str) -> None:
    caller = xero(**limits).sign_in()
    caller.api("GET", "Organisation")
    caller.sandbox.clock.advance(10)
    caller.api("GET", "Organisation")
    refused = caller.api("GET", "Organisation")
    assert (refused.status_code, refused.content) == (429, b"")
    assert (refused.headers["X-Rate-Limit-Problem"], refused.headers["Retry-After"]) == (problem, wait)
    if problem != "day":  # a day later the token has expired as well
        caller.sandbox.clock.advance(50)
        assert caller.api("GET", "Organisation").status_code == 200


def test_too_many_calls_at_once_are_refused_without_a_wait(xero: Start) -> None:
    caller = xero(concurrent=1).sign_in()
    caller.sandbox.gate.limiter.enter(caller.tenant_id)
    refused = caller.api("GET", "Organisation")
    assert (refused.status_code, refused.headers["X-Rate-Limit-Problem"]) == (429, "concurrent")
    assert "Retry-After" not in refused.headers
    caller.sandbox.gate.limiter.leave(caller.tenant_id)
    assert [caller.api("GET", "Organisation").status_code for _ in range(3)] == [200, 200, 200]


def test_limits_are_per_organisation_and_sign_in_has_none(xero: Start) -> None:
    caller = xero(per_minute=1).sign_in()
    caller.api("GET", "Organisation")
    assert [len(caller.connections()) for _ in range(3)] == [1, 1, 1]


@pytest.mark.parametrize(("wait", "problem"), [(7, "minute"), (None, "concurrent")])
def test_a_throttle_can_be_ordered(caller: Caller, wait: int | None, problem: str) -> None:
    caller.sandbox.faults.add(FaultRule(kind=FaultKind.THROTTLE, path="/Contacts", retry_after=wait))
    refused = caller.api("GET", "Contacts")
    assert (refused.status_code, refused.headers["X-Rate-Limit-Problem"]) == (429, problem)
    assert refused.headers.get("Retry-After") == (None if wait is None else str(wait))


def test_the_same_key_and_request_give_the_first_answer_for_six_minutes(caller: Caller) -> None:
    first = _put(caller, "k1")
    caller.sandbox.clock.advance(359)
    again = _put(caller, "k1")
    assert (again.status_code, again.content) == (200, first.content)
    caller.sandbox.clock.advance(1)
    assert "already assigned" in _put(caller, "k1").text


def test_a_key_with_another_request_is_a_400(caller: Caller) -> None:
    _put(caller, "k1")
    refused = _put(caller, "k1", "Other")
    assert refused.status_code == 400
    assert "is used with a different request" in refused.text


def test_errors_are_replayed_too(caller: Caller) -> None:
    _put(caller, "k1")
    refused = _put(caller, "k2")
    caller.act("archive_contact", contact="Acme")
    assert _put(caller, "k2").content == refused.content
    assert _put(caller, "k3").status_code == 200


@pytest.mark.parametrize("when", list(When))
def test_an_error_500_is_replayed_too(caller: Caller, when: When) -> None:
    caller.sandbox.faults.add(FaultRule(kind=FaultKind.STATUS, status=500, method="PUT", when=when))
    assert [_put(caller, "k1").status_code for _ in range(2)] == [500, 500]
    assert len(caller.get("Contacts")["Contacts"]) == (1 if when is When.AFTER else 0)


def test_an_error_of_the_gateway_leaves_the_key_free(caller: Caller) -> None:
    caller.sandbox.faults.add(FaultRule(kind=FaultKind.STATUS, status=503, method="PUT"))
    assert [_put(caller, "k1").status_code for _ in range(2)] == [503, 200]


def test_a_lost_answer_is_had_again_with_the_same_key(caller: Caller) -> None:
    caller.sandbox.faults.add(FaultRule(kind=FaultKind.DROP, when=When.AFTER, method="PUT"))
    with pytest.raises(requests.ConnectionError):
        _put(caller, "k1")
    assert _put(caller, "k1").status_code == 200
    assert len(caller.get("Contacts")["Contacts"]) == 1
    first, again = caller.sandbox.log.writes
    assert (first.status, again.status, first.key, first.digest) == (None, 200, "k1", again.digest)


@pytest.mark.parametrize("key", ["", "k" * 129])
def test_a_key_must_have_1_to_128_characters(caller: Caller, key: str) -> None:
    assert _put(caller, key).status_code == 400
    assert caller.get("Contacts")["Contacts"] == []


def test_replays_count_against_the_limit(xero: Start) -> None:
    caller = xero(per_minute=2).sign_in()
    assert [_put(caller, "k1").status_code for _ in range(3)] == [200, 200, 429]


def test_a_repeat_at_the_same_time_waits_for_the_first(caller: Caller) -> None:
    answers: list[requests.Response] = []
    with caller.sandbox.lock:  # keeps the first call from ending
        calls = [threading.Thread(target=lambda: answers.append(_put(caller, "k1"))) for _ in range(3)]
        for call in calls:
            call.start()
    for call in calls:
        call.join(10)
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.content for answer in answers}) == 1
