from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

import sandbox
from sandbox.common.server import Running, banner, running, serve
from tests.sandbox.common.toy import ToySandbox


@pytest.fixture
def server() -> Iterator[Running]:
    with running(ToySandbox()) as running_server:
        yield running_server


def _control(server: Running, verb: str, path: str, body: Any = None) -> Any:
    answer = requests.request(verb, f"{server.url}/_sandbox/{path}", json=body, timeout=5)
    assert answer.ok, answer.text
    return answer.json()


def _write(server: Running, *words: str, timeout: float = 5) -> requests.Response:
    return requests.post(f"{server.url}/words", json=list(words), headers={"Key": "k"}, timeout=timeout)


def test_the_log_counts_requests_and_knows_the_writes(server: Running) -> None:
    requests.get(f"{server.url}/words?q=1", timeout=5)
    _write(server, "one")
    log = _control(server, "GET", "log")
    assert log["counts"] == {"GET /words": 1, "POST /words": 1}
    assert [(seen["n"], seen["key"], seen["status"]) for seen in log["writes"]] == [(2, "k", 200)]
    assert log["requests"][0]["query"] == "q=1"
    assert _control(server, "GET", "log?since=2")["requests"] == []


def test_the_same_bytes_sent_again_have_the_same_digest(server: Running) -> None:
    for words in (["a"], ["a"], ["b"]):
        _write(server, *words)
    first, again, other = (seen.digest for seen in server.sandbox.log.writes)
    assert first == again != other


@pytest.mark.parametrize(
    ("when", "stored"),
    [pytest.param("before", [], id="nothing-stored"), pytest.param("after", ["one"], id="stored-answer-lost")],
)
def test_a_dropped_connection_has_no_answer(server: Running, when: str, stored: list[str]) -> None:
    _control(server, "POST", "faults", {"kind": "drop", "when": when, "method": "POST"})
    with pytest.raises(requests.ConnectionError):
        _write(server, "one")
    assert _control(server, "GET", "books") == {"words": stored}
    assert [(seen.status, seen.fault) for seen in server.sandbox.log.seen] == [(None, "drop")]
    assert _write(server, "two").status_code == 200


@pytest.mark.parametrize(
    ("when", "stored"), [pytest.param("before", [], id="not-stored"), pytest.param("after", ["one"], id="stored")]
)
def test_a_status_can_come_before_or_after_the_work(server: Running, when: str, stored: list[str]) -> None:
    _control(server, "POST", "faults", {"kind": "status", "status": 503, "retry_after": 7, "when": when})
    answer = _write(server, "one")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert _control(server, "GET", "books") == {"words": stored}


def test_a_throttle_is_worded_by_the_provider(server: Running) -> None:
    _control(server, "POST", "faults", {"kind": "throttle", "retry_after": 3})
    answer = _write(server, "one")
    assert (answer.status_code, answer.text, answer.headers["Retry-After"]) == (429, "slow down", "3")


def test_a_hanging_write_lands_after_the_client_gave_up(server: Running) -> None:
    _control(server, "POST", "faults", {"kind": "hang", "seconds": 60, "method": "POST"})
    with pytest.raises(requests.Timeout):
        _write(server, "late", timeout=0.2)
    assert _control(server, "GET", "books") == {"words": []}
    _control(server, "DELETE", "faults")
    deadline = time.monotonic() + 5
    while not _control(server, "GET", "books")["words"]:
        assert time.monotonic() < deadline


def test_half_an_answer_ends_early(server: Running) -> None:
    _control(server, "POST", "faults", {"kind": "half"})
    with pytest.raises(requests.RequestException):
        _write(server, "one")
    assert _control(server, "GET", "books") == {"words": ["one"]}


def test_a_malformed_answer_is_no_json(server: Running) -> None:
    _control(server, "POST", "faults", {"kind": "malformed"})
    answer = _write(server, "one")
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_chosen_elements_of_a_batch_fail_alone(server: Running) -> None:
    _control(server, "POST", "faults", {"kind": "elements", "elements": [0], "message": "no"})
    _control(server, "POST", "faults", {"kind": "elements", "element": "thr", "nth": 2, "message": "no three"})
    assert _write(server, "one", "two").json() == {"words": ["two"], "refused": [{"one": "no"}]}
    assert _write(server, "two", "three").json() == {"words": ["two", "two"], "refused": [{"three": "no three"}]}


def test_a_rule_strikes_from_the_nth_match_as_often_as_told(server: Running) -> None:
    _control(server, "POST", "faults", {"kind": "status", "status": 500, "path": "words", "nth": 2, "count": 2})
    assert [_write(server, "w").status_code for _ in range(4)] == [200, 500, 500, 200]


@pytest.mark.parametrize("rule", [{}, {"kind": "explode"}, {"kind": "drop", "path": "("}, {"kind": "drop", "wen": "x"}])
def test_a_wrong_rule_is_refused(server: Running, rule: dict[str, str]) -> None:
    assert requests.post(f"{server.url}/_sandbox/faults", json=rule, timeout=5).status_code == 400


def test_the_clock_can_be_moved_and_frozen(server: Running) -> None:
    assert _control(server, "POST", "clock", {"at": "2030-01-01T00:00:00Z", "freeze": True})["frozen"] is True
    assert server.sandbox.clock().year == 2030
    assert _control(server, "POST", "clock", {"advance": -1})["now"].startswith("2029-12-31T23:59:5")
    assert _control(server, "POST", "clock", {"real": True})["frozen"] is False


def test_the_bookkeeper_acts_and_reset_undoes_everything(server: Running) -> None:
    assert _control(server, "POST", "bookkeeper", {"action": "add", "word": "x"}) == {"result": 1}
    refused = requests.post(f"{server.url}/_sandbox/bookkeeper", json={"action": "fly"}, timeout=5)
    assert (refused.status_code, refused.json()["error"]) == (400, "no action 'fly'")
    _control(server, "POST", "faults", {"kind": "drop"})
    _control(server, "POST", "reset", {})
    assert _control(server, "GET", "state")["size"] == 0
    assert _control(server, "GET", "faults") == {"faults": []}
    assert server.sandbox.log.seen == ()


def test_a_stopped_server_frees_its_port_and_a_taken_one_is_said(server: Running) -> None:
    other = serve(ToySandbox())
    with pytest.raises(OSError, match="in use"):
        serve(ToySandbox(), port=other.port)
    other.stop()
    other.stop()
    serve(ToySandbox(), port=other.port).stop()


def test_the_banner_names_address_and_settings(server: Running) -> None:
    assert f"TOY_URL={server.url}" in banner(server)


def test_sandboxes_are_found_by_looking() -> None:
    assert "common" not in sandbox.names()
    with pytest.raises(LookupError, match="no sandbox 'nowhere'"):
        sandbox.start("nowhere")
