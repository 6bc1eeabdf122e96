"""The change feed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.quickbooks import reads
from tests.sandbox.quickbooks.client import Client, Refused, sparse


@pytest.fixture
def start(qbo: Client) -> str:
    """A moment after the sample year and before the test's own changes."""
    qbo.sandbox.clock.freeze(datetime(2027, 3, 1, 12, tzinfo=UTC))
    start = qbo.sandbox.clock().isoformat()
    qbo.sandbox.clock.advance(60)
    return start


def test_the_feed_tells_what_changed_since_for_several_entities(qbo: Client, start: str) -> None:
    assert qbo.changes("Customer,Invoice", start) == {}
    made = qbo.customer("New")
    invoice = qbo.invoice(made)
    found = qbo.changes("Invoice,Customer,Payment", start)
    assert [row["Id"] for row in found["Customer"]] == [made["Id"]]
    assert found["Invoice"] == [qbo.get("Invoice", invoice["Id"])]
    assert "Payment" not in found


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("2027-03-01T12:01:00+00:00", True),
        ("2027-03-01T04:01:00-08:00", True),
        ("2027-03-01T20:01:00 08:00", True),
        ("2027-03-01T04:01:00", True),
        ("2027-03-01T12:01:01Z", False),
        ("2027-03-01", True),
    ],
)
def test_offsets_are_honoured_and_the_second_itself_counts(qbo: Client, start: str, written: str, seen: bool) -> None:
    assert start
    qbo.customer("At one past noon")
    assert bool(qbo.changes("Customer", written)) is seen


def test_a_deleted_document_is_told_as_a_stub(qbo: Client, start: str) -> None:
    made = qbo.invoice("1")
    qbo.write("Invoice", {"Id": made["Id"], "SyncToken": "0"}, operation="delete")
    assert qbo.changes("Invoice", start)["Invoice"] == [
        {
            "domain": "QBO",
            "status": "Deleted",
            "Id": made["Id"],
            "MetaData": {"LastUpdatedTime": "2027-03-01T04:01:00-08:00"},
        }
    ]


def test_inactive_rows_are_told_too(qbo: Client, start: str) -> None:
    gone = qbo.write("Customer", sparse(qbo.customer("Gone"), Active=False))
    assert qbo.changes("Customer", start)["Customer"][0]["Id"] == gone["Id"]


def test_a_payment_moves_its_invoice_and_customer_too(qbo: Client, start: str) -> None:
    made = qbo.invoice("1", "100")
    qbo.sandbox.clock.advance(60)
    since = qbo.sandbox.clock().isoformat()
    qbo.payment("1", "100", made)
    assert start < since
    assert {kind: len(rows) for kind, rows in qbo.changes("Invoice,Payment,Customer", since).items()} == {
        "Invoice": 1,
        "Payment": 1,
        "Customer": 1,
    }


def test_the_merged_loser_is_told_when_its_delay_is_over(qbo: Client, start: str) -> None:
    winner, loser = qbo.customer("Winner"), qbo.customer("Loser")
    qbo.act("merge", winner=winner["Id"], loser=loser["Id"], feed_delay=3600)
    assert [row["Id"] for row in qbo.changes("Customer", start)["Customer"]] == [winner["Id"]]
    qbo.sandbox.clock.advance(3600)
    qbo.connect()
    told = qbo.changes("Customer", start)["Customer"]
    assert [(row["Id"], row.get("status")) for row in told] == [(loser["Id"], "Deleted"), (winner["Id"], None)]


def test_more_than_a_thousand_changes_lose_the_oldest(qbo: Client, start: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "FEED_LIMIT", 2)
    ids = []
    for number in range(3):
        ids.append(qbo.customer(f"Number {number}")["Id"])
        qbo.sandbox.clock.advance(1)
    assert [row["Id"] for row in qbo.changes("Customer", start)["Customer"]] == [ids[2], ids[1]]


@pytest.mark.parametrize(
    ("entities", "since", "code"),
    [
        ("TaxCode", timedelta(hours=1), "2000"),
        ("Shoe", timedelta(hours=1), "2000"),
        ("customer", timedelta(hours=1), "2000"),
        ("Customer", timedelta(days=30, seconds=1), "2190"),
        ("Customer", None, "2020"),
        ("", timedelta(hours=1), "2020"),
    ],
)
def test_what_the_feed_does_not_serve_is_refused(
    qbo: Client, entities: str, since: timedelta | None, code: str
) -> None:
    qbo.sandbox.clock.freeze()
    moment = (qbo.sandbox.clock() - since).isoformat() if since else ""
    with pytest.raises(Refused) as refused:
        qbo.changes(entities, moment)
    assert refused.value.code == code
