"""The change feed and full reads on recorded answers."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from service.connectors.quickbooks.connector import QuickBooksConnector
from service.core.errors import AuthorizationLost, CursorExpired, RateLimited
from service.core.ports import Cursor, Family
from tests.connectors.quickbooks.conftest import NOW, ROOT, recorded

SINCE = Cursor("2026-11-22T09:00:00+00:00")


def _asked(call: Any) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(call.request.url).query).items()}


def test_one_call_tells_of_changes_deletions_and_voids(
    recorded_connector: QuickBooksConnector, answers: responses.RequestsMock
) -> None:
    answers.get(f"{ROOT}/cdc", body=recorded("cdc.json"))
    (page,) = recorded_connector.changes(SINCE)
    assert [(one.family, one.remote_id, one.active, one.deleted) for one in page.records] == [
        (Family.CUSTOMER, "58", False, False),
        (Family.INVOICE, "145", False, True),
        (Family.PAYMENT, "61", False, False),
    ]
    assert (page.calls, page.cursor) == (1, "2026-11-22T09:39:58+00:00")
    assert _asked(answers.calls[0]) == {
        "entities": "Customer,Vendor,Employee,Invoice,Payment,CreditMemo,RefundReceipt",
        "changedSince": "2026-11-22T09:00:00+00:00",
        "minorversion": "75",
    }


def test_the_cursor_never_goes_back(recorded_connector: QuickBooksConnector, answers: responses.RequestsMock) -> None:
    answers.get(f"{ROOT}/cdc", json={"CDCResponse": [{"QueryResponse": [{}]}], "time": "2026-11-22T01:40:00-08:00"})
    late = Cursor("2026-11-22T09:39:59+00:00")
    (page,) = recorded_connector.changes(late)
    assert page.cursor == late


def test_a_cursor_older_than_the_feed_asks_nothing(
    recorded_connector: QuickBooksConnector, answers: responses.RequestsMock
) -> None:
    for cursor in ((NOW - timedelta(days=31)).isoformat(), "never"):
        with pytest.raises(CursorExpired):
            list(recorded_connector.changes(Cursor(cursor)))
    assert len(answers.calls) == 0


def _rows(name: str, count: int) -> dict[str, Any]:
    return {name: [{"Id": str(number), "SyncToken": "0"} for number in range(1, count + 1)]} if count else {}


def _serve_feed(answers: responses.RequestsMock, changed: dict[str, int], *, limit: int = 1000) -> None:
    """Answer as the feed does: the entities asked for, cut at the limit."""

    def answer(request: Any) -> tuple[int, dict[str, str], str]:
        asked = parse_qs(urlsplit(request.url).query)["entities"][0].split(",")
        parts, left = [], limit
        for name in asked:
            count = min(changed.get(name, 0), left)
            left -= count
            parts.append(_rows(name, count))
        body = {"CDCResponse": [{"QueryResponse": parts}], "time": "2026-11-22T01:40:00-08:00"}
        return 200, {}, json.dumps(body)

    answers.add_callback(responses.GET, f"{ROOT}/cdc", callback=answer)


def test_a_full_answer_is_asked_again_in_parts_until_nothing_is_left_out(
    recorded_connector: QuickBooksConnector, answers: responses.RequestsMock
) -> None:
    changed = {"Customer": 700, "Invoice": 900, "Payment": 250, "Vendor": 40}
    _serve_feed(answers, changed)
    (page,) = recorded_connector.changes(SINCE)
    assert len(page.records) == sum(changed.values())
    assert page.calls == len(answers.calls) <= 6


def test_one_entity_alone_that_fills_the_answer_means_reading_everything(
    recorded_connector: QuickBooksConnector, answers: responses.RequestsMock
) -> None:
    _serve_feed(answers, {"Invoice": 1500, "Customer": 10})
    with pytest.raises(CursorExpired):
        list(recorded_connector.changes(SINCE))


def test_a_server_without_that_limit_is_believed(
    recorded_connector: QuickBooksConnector, answers: responses.RequestsMock
) -> None:
    _serve_feed(answers, {"Invoice": 1500, "Customer": 10}, limit=5000)
    (page,) = recorded_connector.changes(SINCE)
    assert (len(page.records), page.calls) == (1510, 1)


def test_a_fault_inside_the_feed_is_raised(
    recorded_connector: QuickBooksConnector, answers: responses.RequestsMock
) -> None:
    fault = {"Error": [{"Message": "message=ThrottleExceeded; errorCode=003001", "code": "3001"}], "type": "THROTTLED"}
    answers.get(f"{ROOT}/cdc", json={"CDCResponse": [{"Fault": fault}], "time": "2026-11-22T01:40:00-08:00"})
    with pytest.raises(RateLimited):
        list(recorded_connector.changes(SINCE))


def test_a_lost_authorisation_ends_reading(
    recorded_connector: QuickBooksConnector, answers: responses.RequestsMock
) -> None:
    answers.get(f"{ROOT}/cdc", body=recorded("fault_token_expired.json"), status=401)
    with pytest.raises(AuthorizationLost) as raised:
        list(recorded_connector.changes(SINCE))
    assert raised.value.reason == "expired"


def test_everything_is_read_in_pages_with_inactive_names_and_the_first_times_cursor(
    recorded_connector: QuickBooksConnector, answers: responses.RequestsMock
) -> None:
    def answer(request: Any) -> tuple[int, dict[str, str], str]:
        statement = parse_qs(urlsplit(request.url).query)["query"][0]
        name = statement.split()[3]
        start = int(statement.split("startposition ")[1].split()[0])
        total = 2300 if name == "Customer" else 0
        rows = [{"Id": str(n), "SyncToken": "0"} for n in range(start, min(start + 1000, total + 1))]
        minute = 40 + len(answers.calls)
        found = {name: rows, "startPosition": start, "maxResults": len(rows)} if rows else {}
        return 200, {}, json.dumps({"QueryResponse": found, "time": f"2026-11-22T09:{minute}:30Z"})

    answers.add_callback(responses.GET, f"{ROOT}/query", callback=answer)
    pages = list(recorded_connector.everything(frozenset({Family.CUSTOMER, Family.INVOICE})))
    assert [len(page.records) for page in pages] == [1000, 1000, 300, 0]
    assert {page.cursor for page in pages} == {"2026-11-22T09:40:28+00:00"}
    statements = [_asked(call)["query"] for call in answers.calls]
    assert statements[1] == (
        "select * from Customer where Active in (true, false) orderby Id startposition 1001 maxresults 1000"
    )
    assert statements[3] == "select * from Invoice orderby Id startposition 1 maxresults 1000"
