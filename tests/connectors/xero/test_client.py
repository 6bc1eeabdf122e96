"""The wire over real HTTP: exact bytes, no repeats, time-outs, and what silence means."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from service.connectors.xero import XeroConnector, connect
from service.connectors.xero.client import Remaining, XeroClient
from service.core.errors import ConnectorError, OutcomeUnknown, Transient
from service.core.intent import Operation
from service.core.ports import Element, EntityKind, Family
from tests.connectors.xero.answers import playing, recorded, reply


def _client(url: str, timeout: float = 5) -> XeroClient:
    return XeroClient(base_url=f"{url}/", tenant_id="tenant", access_token=lambda: "token-1", timeout=timeout)


def _connector(url: str, waits: list[float] | None = None) -> XeroConnector:
    return connect(
        urls={"api": url},
        tenant_id="tenant",
        access_token=lambda: "token-1",
        timeout=5,
        clock=lambda: datetime(2026, 11, 22, tzinfo=UTC),
        sleep=(waits if waits is not None else []).append,
    )


def test_a_write_goes_out_byte_for_byte_with_its_key_and_asks_for_json() -> None:
    body = '{"Contacts":[{"Name":"Ünï Öl 東京",  "Odd":1.50}]}'
    with playing(reply("{}")) as script:
        client = _client(script.url)
        client.call(
            "PUT", "/api.xro/2.0/Contacts", query=(("summarizeErrors", "false"),), content=body,
            headers={"Content-Type": "application/json", "Idempotency-Key": "k-1"},
        )  # fmt: skip
    (seen,) = script.seen
    assert seen.body == body.encode()
    assert (seen.method, seen.path) == ("PUT", "/api.xro/2.0/Contacts?summarizeErrors=false")
    headers = {name.lower(): value for name, value in seen.headers.items()}
    assert headers["idempotency-key"] == "k-1"
    assert headers["authorization"] == "Bearer token-1"
    assert headers["xero-tenant-id"] == "tenant"
    assert headers["accept"] == "application/json"
    assert headers["content-type"] == "application/json"


def test_two_clients_never_share_a_token_and_each_call_asks_for_the_newest() -> None:
    tokens = iter(["a1", "a2"])
    with playing(reply("{}")) as script:
        first = XeroClient(base_url=script.url, tenant_id="A", access_token=lambda: next(tokens), timeout=5)
        second = XeroClient(base_url=script.url, tenant_id="B", access_token=lambda: "b", timeout=5)
        for client in (first, second, first):
            client.call("GET", "/x")
        first.close()
        second.close()
    assert [seen.headers["Authorization"] for seen in script.seen] == ["Bearer a1", "Bearer b", "Bearer a2"]


def test_sockets_are_kept_and_calls_counted() -> None:
    with playing(reply("{}", X_MinLimit_Remaining="59", X_DayLimit_Remaining="4990")) as script:
        client = _client(script.url)
        assert client.remaining == Remaining()
        client.call("GET", "/x")
        client.call("GET", "/x")
        client.close()
    assert len(script.connections) == 1
    assert client.calls_made == 2
    assert client.remaining == Remaining(minute=59, day=4990, app_minute=None)


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize("step", ["drop", "half", "hang"])
def test_a_write_without_a_whole_answer_has_an_unknown_outcome_and_is_not_repeated(method: str, step: str) -> None:
    with playing(step) as script:
        client = _client(script.url, timeout=0.2)
        with pytest.raises(OutcomeUnknown) as caught:
            client.call(method, "/x", content="{}", headers={"Content-Type": "application/json"})
    assert caught.value.answered is False
    assert len(script.seen) == 1
    assert client.calls_made == 1


@pytest.mark.parametrize("step", ["drop", "half", "hang"])
def test_a_read_without_a_whole_answer_is_transient(step: str) -> None:
    with playing(step) as script:
        client = _client(script.url, timeout=0.2)
        with pytest.raises(Transient):
            client.call("GET", "/x")
    assert len(script.seen) == 1


def test_what_was_never_sent_is_transient_even_for_a_write(free_port: int) -> None:
    with pytest.raises(Transient):
        _client(f"http://127.0.0.1:{free_port}").call("PUT", "/x", content="{}")


@pytest.mark.parametrize("status", [301, 307, 401, 429, 500, 503])
def test_no_status_makes_the_client_wait_follow_or_repeat(status: int) -> None:
    with playing(reply("", status, Retry_After="3600", Location="/elsewhere")) as script:
        answer = _client(script.url).call("PUT", "/x", content="{}", headers={"Content-Type": "application/json"})
    assert answer.status == status
    assert len(script.seen) == 1


def test_no_error_tells_the_token() -> None:
    with playing("drop") as script, pytest.raises(ConnectorError) as caught:
        _client(script.url).call("PUT", "/x", content="{}")
    assert "token-1" not in f"{caught.value} {caught.value.detail}"
    assert caught.value.__cause__ is None


# --- the connector on top ---------------------------------------------------------------------------------------------


def test_a_read_is_repeated_after_a_passing_failure() -> None:
    waits: list[float] = []
    with playing("drop", reply("", 503), reply(recorded("contacts_page"))) as script:
        connector = _connector(script.url, waits)
        found = connector.fetch(Family.CUSTOMER, "c1")
    assert found is not None
    assert connector.calls_made == 3
    assert len(waits) == 2
    assert all(0 < wait <= 6 for wait in waits)


def test_a_read_is_given_up_after_three_calls() -> None:
    with playing(reply("down", 500)) as script, pytest.raises(Transient):
        _connector(script.url).fetch(Family.CUSTOMER, "c1")
    assert len(script.seen) == 3


@pytest.mark.parametrize("status", [429, 401, 403, 400])
def test_a_read_is_not_repeated_where_that_can_only_hurt(status: int) -> None:
    with playing(reply("", status)) as script, pytest.raises(ConnectorError):
        _connector(script.url).fetch(Family.CUSTOMER, "c1")
    assert len(script.seen) == 1


def test_a_packed_request_is_sent_once_and_its_outcomes_read() -> None:
    bodies: list[dict[str, Any]] = [{"Name": "Ash Ltd"}, {"Name": "Bay Ltd"}, {"Name": "Cob Ltd"}]
    elements = [Element(kind=EntityKind.CUSTOMER, operation=Operation.CREATE, body=body) for body in bodies]
    with playing(reply(recorded("contacts_put_mixed"), X_Correlation_Id="corr-1")) as script:
        connector = _connector(script.url)
        request = connector.pack(elements, key="k-1")
        answer = connector.send(request, count=3)
        connector.close()
    assert script.seen[0].body.decode() == request.content
    assert answer.request_id == "corr-1"
    assert [type(outcome).__name__ for outcome in answer.outcomes] == ["Written", "DuplicateName", "Written"]
    assert connector.capabilities.package == "Xero"
    assert connector.lane(elements[0]).size == 50
    assert connector.remaining.minute is None


def test_a_family_that_xero_lacks_has_nothing() -> None:
    with playing(reply("{}")) as script:
        connector = _connector(script.url)
        assert connector.fetch(Family.EMPLOYEE, "x") is None
        assert list(connector.everything(frozenset({Family.VENDOR}))) == []
    assert script.seen == []
