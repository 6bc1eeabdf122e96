"""Requests: which elements ride together, and exactly what goes out."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from service.connectors.quickbooks import CAPABILITIES
from service.connectors.quickbooks.connector import QuickBooksConnector
from service.core.intent import Operation
from service.core.ports import Element, EntityKind, Request
from tests.connectors.quickbooks.conftest import REALM, element, named

INVOICE, PAYMENT = EntityKind.INVOICE, EntityKind.PAYMENT
ROOT = f"/v3/company/{REALM}"


def _query(request: Request) -> dict[str, str]:
    return dict(request.query)


def test_one_element_goes_to_its_own_address(recorded_connector: QuickBooksConnector) -> None:
    request = recorded_connector.pack(named("Elm Street School"), key="key-1")
    assert (request.method, request.path) == ("POST", f"{ROOT}/customer")
    assert _query(request) == {"requestid": "key-1", "minorversion": "75"}
    assert json.loads(request.content) == {"DisplayName": "Elm Street School"}


def test_several_elements_of_any_kind_ride_in_one_batch(recorded_connector: QuickBooksConnector) -> None:
    change = element({"Active": False}, operation=Operation.ARCHIVE, remote_id="58", version="3")
    line = {"Amount": Decimal("10.10")}
    request = recorded_connector.pack([*named("A"), change, element({"Line": [line]}, kind=INVOICE)], key="k" * 36)
    assert request.path == f"{ROOT}/batch"
    assert request.content == (
        '{"BatchItemRequest":['
        '{"bId":"0","operation":"create","Customer":{"DisplayName":"A"}},'
        '{"bId":"1","operation":"update","Customer":{"Id":"58","SyncToken":"3","sparse":true,"Active":false}},'
        '{"bId":"2","operation":"create","Invoice":{"Line":[{"Amount":10.1}]}}]}'
    )


@pytest.mark.parametrize(
    ("kind", "operation", "query", "body"),
    [
        (INVOICE, Operation.VOID, {"operation": "void"}, {"Id": "130", "SyncToken": "2"}),
        (
            PAYMENT,
            Operation.VOID,
            {"operation": "update", "include": "void"},
            {"Id": "130", "SyncToken": "2", "sparse": True},
        ),
        (PAYMENT, Operation.DELETE, {"operation": "delete"}, {"Id": "130", "SyncToken": "2"}),
    ],
)
def test_voids_and_deletes_go_alone(
    recorded_connector: QuickBooksConnector,
    kind: EntityKind,
    operation: Operation,
    query: dict[str, str],
    body: dict[str, Any],
) -> None:
    one = element(kind=kind, operation=operation, remote_id="130", version="2")
    assert recorded_connector.lane(one).size == 1
    request = recorded_connector.pack([one], key="key-1")
    assert request.path == f"{ROOT}/{kind}"
    assert _query(request) == {**query, "requestid": "key-1", "minorversion": "75"}
    assert json.loads(request.content) == body


def test_thirty_elements_are_the_most_and_their_ids_stay_short(recorded_connector: QuickBooksConnector) -> None:
    most = named(*(f"Name {n}" for n in range(30)))
    assert {recorded_connector.lane(one).size for one in most} == {30}
    request = recorded_connector.pack(most, key="key-1")
    assert max(len(item["bId"]) for item in json.loads(request.content)["BatchItemRequest"]) <= 10
    with pytest.raises(ValueError, match="no more than its size"):
        recorded_connector.pack([*most, *named("One more")], key="key-1")


@pytest.mark.parametrize(
    ("elements", "key"),
    [
        ([], "key-1"),
        (named("A"), "k" * 37),
        (named("A"), ""),
        ([element(operation=Operation.UPDATE, remote_id="58")], "key-1"),
        ([element(operation=Operation.UPDATE, version="0")], "key-1"),
    ],
)
def test_what_cannot_be_packed_safely_is_refused(
    recorded_connector: QuickBooksConnector, elements: list[Element], key: str
) -> None:
    with pytest.raises(ValueError, match=r"[a-z]"):
        recorded_connector.pack(elements, key=key)


def test_capabilities_say_what_is_documented() -> None:
    assert (CAPABILITIES.native_depth, CAPABILITIES.name_limit) == (5, 500)
    assert set(":\t\n") <= CAPABILITIES.name_forbidden
    assert CAPABILITIES.limits.batches_per_minute == 120
    assert CAPABILITIES.key_window is None
