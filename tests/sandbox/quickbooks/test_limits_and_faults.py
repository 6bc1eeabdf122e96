"""Call limits, the two fault envelopes, failures on demand, the request log."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from sandbox.quickbooks import SandboxOptions
from sandbox.quickbooks.options import SAMPLE_REALM
from tests.sandbox.quickbooks.client import Client, Refused
from tests.sandbox.quickbooks.conftest import MakeClient


def _tell(qbo: Client, **rule: Any) -> None:
    answer = requests.post(f"{qbo.url}/_sandbox/faults", json=rule, timeout=5)
    assert answer.ok, answer.text


@pytest.mark.parametrize(
    ("limits", "window"),
    [({"per_second": 3}, 1), ({"per_minute": 3}, 60), ({"batches_per_minute": 3}, 60)],
)
def test_calls_past_a_limit_are_throttled_until_there_is_room(
    make_client: MakeClient, limits: dict[str, int], window: int
) -> None:
    qbo = make_client(SandboxOptions.unlimited(**limits))
    qbo.connect()
    qbo.sandbox.clock.freeze()
    item = {"bId": "1", "Query": "select count(*) from Term"}
    for _ in range(3):
        qbo.batch(item)
    with pytest.raises(Refused) as refused:
        qbo.batch(item)
    assert (refused.value.status, refused.value.code) == (429, "3001")
    assert refused.value.message == "message=ThrottleExceeded; errorCode=003001; statusCode=429"
    qbo.sandbox.clock.advance(window)
    assert qbo.batch(item)["1"]


def test_the_documented_limits_are_the_default() -> None:
    options = SandboxOptions()
    limits = (options.per_minute, options.per_second, options.concurrent, options.batches_per_minute)
    assert limits == (500, 10, 10, 120)


def test_too_many_calls_at_the_same_time_are_throttled(make_client: MakeClient) -> None:
    qbo = make_client(SandboxOptions.unlimited(concurrent=2))
    qbo.connect()
    entered = [qbo.sandbox.limiter.enter(SAMPLE_REALM) for _ in range(2)]
    assert all(verdict.allowed for verdict in entered)
    with pytest.raises(Refused, match="3001"):
        qbo.get("Customer", "1")
    qbo.sandbox.limiter.leave(SAMPLE_REALM)
    for _ in range(5):
        qbo.get("Customer", "1")


def test_a_call_that_ends_in_a_fault_frees_its_place(make_client: MakeClient) -> None:
    qbo = make_client(SandboxOptions.unlimited(concurrent=1))
    for _ in range(3):
        with pytest.raises(Refused, match="610"):
            qbo.get("Customer", "999")


@pytest.mark.parametrize(
    ("rule", "status", "part"),
    [
        ({"kind": "throttle"}, 429, '"code": "3001"'),
        ({"kind": "status", "status": 500}, 500, '"code": "10000"'),
        ({"kind": "status", "status": 503}, 503, "<html>"),
        ({"kind": "status", "status": 401}, 401, "errorCode=003200"),
        ({"kind": "status", "status": 403}, 403, "errorCode=003100"),
        ({"kind": "malformed"}, 200, "<html>"),
    ],
)
def test_failures_on_demand_are_worded_as_the_service_words_them(
    qbo: Client, rule: dict[str, Any], status: int, part: str
) -> None:
    qbo.connect()
    _tell(qbo, **rule, path="/customer/1")
    answer = qbo.call("GET", "customer/1")
    assert (answer.status_code, part in answer.text) == (status, True)
    assert qbo.get("Customer", "1")["Id"] == "1"


def test_every_answer_carries_its_own_trace_id(qbo: Client) -> None:
    qbo.connect()
    answers = [
        qbo.call("GET", "customer/1"),
        qbo.call("GET", "customer/999"),
        qbo.call("GET", "shoe/1"),
        requests.get(f"{qbo.url}/v3/company/{SAMPLE_REALM}/customer/1", timeout=5),
    ]
    _tell(qbo, kind="status", status=500)
    answers.append(qbo.call("GET", "customer/1"))
    traces = {answer.headers["intuit_tid"] for answer in answers}
    assert len(traces) == 5


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", "shoe/1", {}, 404),
        ("POST", "shoe", {"json": {}}, 404),
        ("POST", "account", {"json": {"Name": "New"}}, 400),
        ("POST", "employee", {"json": {"DisplayName": "New"}}, 400),
        ("POST", "customer", {"data": "<Customer/>", "headers": {"Content-Type": "application/xml"}}, 415),
        ("POST", "customer", {"data": "{", "headers": {"Content-Type": "application/json"}}, 400),
        ("POST", "customer", {"json": ["no object"]}, 400),
        ("POST", "query", {"json": {"query": "select * from Term"}}, 415),
        ("POST", "invoice", {"json": {"Id": "1"}, "params": {"operation": "explode"}}, 400),
        ("GET", "customer/1/pdf", {}, 400),
    ],
)
def test_what_the_api_does_not_offer_is_refused(
    qbo: Client, method: str, path: str, options: dict[str, Any], status: int
) -> None:
    answer = qbo.call(method, path, **options)
    assert (answer.status_code, "Fault" in answer.json()) == (status, True)


def test_the_log_names_endpoint_request_id_and_whether_it_was_a_write(qbo: Client) -> None:
    qbo.connect()
    qbo.sandbox.log.clear()
    qbo.write("Customer", {"DisplayName": "Logged"}, requestid="r-1")
    qbo.query("select * from Term")
    qbo.read("POST", "query", data="select * from Term", headers={"Content-Type": "application/text"})
    qbo.get("Customer", "1")
    assert qbo.sandbox.log.counts == {
        "POST /v3/company/<realm>/customer": 1,
        "GET /v3/company/<realm>/query": 1,
        "POST /v3/company/<realm>/query": 1,
        "GET /v3/company/<realm>/customer/<row_id>": 1,
    }
    assert [(seen.key, seen.status) for seen in qbo.sandbox.log.writes] == [("r-1", 200)]


def test_state_books_and_reset(qbo: Client) -> None:
    before = requests.get(f"{qbo.url}/_sandbox/books", timeout=5).json()
    qbo.customer("Passing")
    state = requests.get(f"{qbo.url}/_sandbox/state", timeout=5).json()
    assert [company["connections"] for company in state["companies"]] == [1, 0]
    assert requests.post(f"{qbo.url}/_sandbox/reset", timeout=5).ok
    after = requests.get(f"{qbo.url}/_sandbox/books", timeout=5).json()
    names = [[row["DisplayName"] for row in books[SAMPLE_REALM]["Customer"]] for books in (before, after)]
    assert names[0] == names[1]
    assert qbo.call("GET", "customer/1").status_code == 401
