"""Batches and request ids."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.sandbox.quickbooks.client import Client, Json, Refused, invoice, sparse


def _create(batch_id: str, name: str, **fields: Any) -> Json:
    return {"bId": batch_id, "operation": "create", "Customer": {"DisplayName": name, **fields}}


def _count(qbo: Client, kind: str = "Customer") -> int:
    return int(qbo.query(f"select count(*) from {kind}")["totalCount"])  # noqa: S608 - no database behind it


def test_each_item_succeeds_or_fails_by_itself(qbo: Client) -> None:
    amy = qbo.get("Customer", "1")
    answers = qbo.batch(
        _create("a", "Fine"),
        _create("b", "EDD"),
        {"bId": "c", "operation": "update", "Customer": sparse(amy, Notes="x")},
        {"bId": "d", "operation": "update", "Customer": sparse(amy, Notes="y")},
        {"bId": "e", "operation": "create", "Invoice": invoice("1")},
        {"bId": "f", "Query": "select * from Customer where DisplayName = 'Fine'"},
        {"bId": "g", "operation": "delete", "Customer": {"Id": "1", "SyncToken": "0"}},
    )
    assert answers["a"]["Customer"]["DisplayName"] == "Fine"
    codes = {key: answers[key]["Fault"]["Error"][0]["code"] for key in "bdg"}
    assert codes == {"b": "6240", "d": "5010", "g": "500"}
    assert answers["c"]["Customer"]["Notes"] == "x"
    assert answers["e"]["Invoice"]["TotalAmt"] == 100
    assert answers["f"]["QueryResponse"] == {}


def test_items_cannot_refer_to_what_the_same_batch_creates(qbo: Client) -> None:
    next_id = str(int(qbo.customer("Last")["Id"]) + 1)
    child = _create("2", "Child", Job=True, ParentRef={"value": next_id})
    answers = qbo.batch(_create("1", "Parent"), child, {"bId": "3", "operation": "create", "Invoice": invoice(next_id)})
    assert answers["1"]["Customer"]["Id"] == next_id
    for key in "23":
        assert answers[key]["Fault"]["Error"][0]["code"] == "2500"
    assert qbo.batch(child)["2"]["Customer"]["Level"] == 1


def test_invoices_and_payments_are_voided_and_deleted_in_a_batch(qbo: Client) -> None:
    made = [qbo.invoice("1", "10") for _ in range(3)]
    paid = qbo.payment("1", "10", made[0])
    answers = qbo.batch(
        {"bId": "1", "operation": "update", "optionsData": "void", "Payment": sparse(paid)},
        {"bId": "2", "operation": "void", "Invoice": {"Id": made[1]["Id"], "SyncToken": "0"}},
        {"bId": "3", "operation": "delete", "Invoice": {"Id": made[2]["Id"], "SyncToken": "0"}},
    )
    assert [answers["1"]["Payment"]["TotalAmt"], answers["2"]["Invoice"]["TotalAmt"]] == [0, 0]
    assert answers["3"]["Invoice"]["status"] == "Deleted"


@pytest.mark.parametrize(
    ("items", "params", "code"),
    [
        ([_create(str(n), f"N{n}") for n in range(31)], {}, "1040"),
        ([_create("1", "A"), _create("1", "B")], {}, "2600"),
        ([{"operation": "create", "Customer": {}}], {}, "2020"),
        ([_create("12345678901", "A")], {"requestid": "r"}, "2050"),
        ([_create("1", "A")], {"requestid": "r" * 37}, "2130"),
    ],
)
def test_a_batch_that_is_wrong_as_a_whole_does_nothing(
    qbo: Client, items: list[Json], params: dict[str, str], code: str
) -> None:
    before = _count(qbo)
    with pytest.raises(Refused) as refused:
        qbo.batch(*items, **params)
    assert (refused.value.code, _count(qbo)) == (code, before)


def test_a_long_bid_is_fine_without_a_request_id(qbo: Client) -> None:
    assert "Customer" in qbo.batch(_create("x" * 36, "Long"))["x" * 36]


def test_thirty_items_are_fine(qbo: Client) -> None:
    answers = qbo.batch(*[_create(str(number), f"N{number}") for number in range(30)], requestid="r" * 36)
    assert sum("Customer" in answer for answer in answers.values()) == 30


@pytest.mark.parametrize("changed", [False, True])
def test_the_same_request_id_replays_the_first_answer(qbo: Client, changed: bool) -> None:
    first = qbo.call("POST", "customer", params={"requestid": "one"}, json={"DisplayName": "Once"})
    before = _count(qbo)
    name = "Another" if changed else "Once"
    again = qbo.call("POST", "customer", params={"requestid": "one"}, json={"DisplayName": name})
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["intuit_tid"] != first.headers["intuit_tid"]
    assert _count(qbo) == before


def test_a_batch_is_replayed_with_its_faults(qbo: Client) -> None:
    first = qbo.batch(_create("1", "Once"), _create("2", "EDD"), requestid="b")
    assert qbo.batch(_create("1", "Once"), _create("2", "EDD"), requestid="b") == first


def test_sends_and_voids_are_replayed_too(qbo: Client) -> None:
    made = qbo.invoice("1")
    told = {"sendTo": "a@b.example", "requestid": "s"}
    sent = [qbo.read("POST", f"invoice/{made['Id']}/send", params=told) for _ in range(2)]
    assert [one["Invoice"]["SyncToken"] for one in sent] == ["1", "1"]
    gone = [
        qbo.write("Invoice", {"Id": made["Id"], "SyncToken": "1"}, operation="void", requestid="v") for _ in range(2)
    ]
    assert gone[0] == gone[1]


def test_a_refused_write_is_tried_anew_under_its_request_id(qbo: Client) -> None:
    with pytest.raises(Refused, match="6240"):
        qbo.write("Customer", {"DisplayName": "EDD"}, requestid="one")
    assert qbo.write("Customer", {"DisplayName": "EDD Inc"}, requestid="one")["Id"]


def test_request_ids_belong_to_a_company(qbo: Client) -> None:
    qbo.write("Customer", {"DisplayName": "Here"}, requestid="one")
    other = Client.__new__(Client)
    other.__dict__.update(qbo.__dict__, realm="9130350000000002", tokens={})
    other.base = f"{qbo.url}/v3/company/{other.realm}"
    assert other.write("Customer", {"DisplayName": "There"}, requestid="one")["DisplayName"] == "There"


def test_a_request_id_may_have_fifty_characters(qbo: Client) -> None:
    assert qbo.write("Customer", {"DisplayName": "Fifty"}, requestid="r" * 50)["Id"]
    with pytest.raises(Refused, match="2130"):
        qbo.write("Customer", {"DisplayName": "Fifty one"}, requestid="r" * 51)


def test_a_write_whose_answer_was_lost_is_found_again_by_its_request_id(qbo: Client) -> None:
    qbo.connect()
    rule = {"kind": "drop", "when": "after", "method": "POST", "path": "/customer"}
    requests.post(f"{qbo.url}/_sandbox/faults", json=rule, timeout=5)
    with pytest.raises(requests.ConnectionError):
        qbo.write("Customer", {"DisplayName": "Lost"}, requestid="one")
    found = qbo.write("Customer", {"DisplayName": "Lost"}, requestid="one")
    assert [row["Id"] for row in qbo.rows("select * from Customer where DisplayName = 'Lost'")] == [found["Id"]]


def test_elements_of_a_batch_can_be_told_to_fail(qbo: Client) -> None:
    qbo.connect()
    rule = {"kind": "elements", "path": "/batch", "elements": [1], "code": "6000", "message": "told to"}
    requests.post(f"{qbo.url}/_sandbox/faults", json=rule, timeout=5)
    answers = qbo.batch(_create("1", "Fine"), _create("2", "Refused"))
    assert "Customer" in answers["1"]
    assert answers["2"]["Fault"]["Error"][0]["Detail"] == "Business Validation Error: told to"


def test_parallel_writes_never_make_two_of_one_name(qbo: Client) -> None:
    qbo.connect()

    def attempt(_: int) -> str:
        try:
            qbo.customer("Race")
        except Refused as refused:
            return refused.code
        return "made"

    with ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(attempt, range(16)))
    assert ends.count("made") == 1
    assert set(ends) <= {"made", "6240", "6000"}
    assert len(qbo.rows("select * from Customer where DisplayName = 'Race'")) == 1
