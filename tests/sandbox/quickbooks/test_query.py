"""The query language, parsed and run."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.quickbooks.faults import Fault
from sandbox.quickbooks.query import Condition, Query, page, parse, select
from tests.sandbox.quickbooks.client import Client, Refused
from tests.sandbox.quickbooks.conftest import MakeClient

ZONE = ZoneInfo("America/Los_Angeles")


@pytest.mark.parametrize(
    ("statement", "query"),
    [
        ("select * from Customer", Query(entity="Customer")),
        ("SELECT COUNT(*) FROM Invoice", Query(entity="Invoice", count=True)),
        (
            "select * from Customer where DisplayName = 'O\\'Brien \\\\ Co' and Active in (true, false)",
            Query(
                entity="Customer",
                where=(
                    Condition("DisplayName", "=", ("O'Brien \\ Co",)),
                    Condition("Active", "in", ("true", "false")),
                ),
            ),
        ),
        (
            "select * from Invoice where TotalAmt >= 10.50 orderby TxnDate desc, Id startposition 11 maxresults 5",
            Query(
                entity="Invoice",
                where=(Condition("TotalAmt", ">=", ("10.50",)),),
                order=(("TxnDate", True), ("Id", False)),
                start=11,
                size=5,
            ),
        ),
        ("select * from Term ORDER BY Name ASC MAXRESULTS 1", Query(entity="Term", order=(("Name", False),), size=1)),
        (
            "select * from Item where Name like '%pump%';",
            Query(entity="Item", where=(Condition("Name", "like", ("%pump%",)),)),
        ),
    ],
)
def test_statements_of_the_language_are_understood(statement: str, query: Query) -> None:
    assert parse(statement) == query


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("", "4000"),
        ("update Customer", "4000"),
        ("select DisplayName from Customer", "4000"),
        ("select * from Customer where Active = true or Job = true", "4000"),
        ("select * from Customer where DisplayName != 'x'", "4000"),
        ('select * from Customer where DisplayName = "x"', "4000"),
        ("select * from Customer where DisplayName = 'O'Brien'", "4000"),
        ("select * from Customer where DisplayName", "4000"),
        ("select * from Customer where Id in ()", "4000"),
        ("select * from Customer, Vendor", "4000"),
        ("select * from Customer maxresults lots", "4000"),
        ("select * from Customer maxresults 1001", "4001"),
    ],
)
def test_everything_else_is_refused(statement: str, code: str) -> None:
    with pytest.raises(Fault) as refused:
        parse(statement)
    assert refused.value.code == code


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1))
def test_any_text_can_be_asked_for_once_quotes_and_backslashes_are_escaped(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    statement = f"select * from Customer where Notes = '{escaped}'"  # noqa: S608 - no database behind it
    assert parse(statement).where[0].values == (text,)


ROWS: list[Mapping[str, Any]] = [
    {
        "Id": "9",
        "DisplayName": "Ann",
        "Active": True,
        "Balance": Decimal("9.50"),
        "MetaData": {"LastUpdatedTime": "2026-11-22T01:00:00-08:00"},
    },
    {
        "Id": "10",
        "DisplayName": "Bob 100%",
        "Balance": Decimal(100),
        "Active": False,
        "MetaData": {"LastUpdatedTime": "2026-11-22T09:30:00+00:00"},
        "Notes": "x",
    },
    {
        "Id": "11",
        "DisplayName": "ann b",
        "Active": True,
        "Balance": Decimal(0),
        "MetaData": {"LastUpdatedTime": "2026-11-22T10:00:00Z"},
        "ParentRef": {"value": "9"},
        "PrimaryEmailAddr": {"Address": "b@c.example"},
    },
]


@pytest.mark.parametrize(
    ("rest", "ids"),
    [
        ("", ["9", "11"]),
        ("where Active in (true, false)", ["9", "10", "11"]),
        ("where Active = false", ["10"]),
        ("where DisplayName = 'ANN'", ["9"]),
        ("where DisplayName like 'ann%'", ["9", "11"]),
        ("where DisplayName like '%nn'", ["9"]),
        ("where DisplayName > 'ann'", ["11"]),
        ("where Balance > 9.5", []),
        ("where Balance >= '9.5'", ["9"]),
        ("where Id > '9'", ["11"]),
        ("where Id in ('9', '11')", ["9", "11"]),
        ("where ParentRef = '9'", ["11"]),
        ("where PrimaryEmailAddr = 'b@c.example'", ["11"]),
        ("where ParentRef = ' '", ["9"]),
        ("where MetaData.LastUpdatedTime > '2026-11-22T09:00:00Z'", ["11"]),
        ("where MetaData.LastUpdatedTime >= '2026-11-22T01:00:00'", ["9", "11"]),
        ("where MetaData.LastUpdatedTime < '2026-11-23'", ["9", "11"]),
        ("orderby Balance", ["11", "9"]),
        ("where Active in (true, false) orderby Id desc", ["11", "10", "9"]),
        ("orderby DisplayName desc", ["11", "9"]),
    ],
)
def test_conditions_and_order(rest: str, ids: list[str]) -> None:
    statement = f"select * from Customer {rest}"  # noqa: S608 - no database behind it
    found = select(ROWS, parse(statement), ZONE)
    assert [row["Id"] for row in found] == ids


def test_a_page_starts_at_one() -> None:
    rows = [{"Id": str(number)} for number in range(1, 6)]
    query = Query(entity="Customer", start=2, size=3)
    assert [row["Id"] for row in page(rows, query)] == ["2", "3", "4"]


def test_a_literal_that_cannot_be_compared_is_refused() -> None:
    with pytest.raises(Fault, match="4001"):
        select(ROWS, parse("select * from Customer where Balance = 'much'"), ZONE)


def test_queries_answer_over_get_and_post(qbo: Client) -> None:
    statement = "select * from Customer where DisplayName = 'Amy\\'s Bird Sanctuary'"
    by_get = qbo.query(statement)
    by_post = qbo.read("POST", "query", data=statement, headers={"Content-Type": "application/text"})["QueryResponse"]
    assert by_get == by_post
    assert (by_get["startPosition"], by_get["maxResults"], by_get["Customer"][0]["Id"]) == (1, 1, "1")


def test_a_query_returns_a_hundred_rows_unless_told(qbo: Client) -> None:
    assert qbo.query("select count(*) from Invoice") == {"totalCount": 132}
    assert len(qbo.rows("select * from Invoice")) == 100
    assert len(qbo.rows("select * from Invoice maxresults 1000")) == 132
    second = qbo.query("select * from Invoice orderby Id startposition 101")
    assert (second["startPosition"], second["maxResults"]) == (101, 32)
    assert qbo.query("select * from Invoice startposition 500") == {}


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("select * from customer", "4001"),
        ("select * from Shoe", "4001"),
        ("select * from Customer where Shoe = '1'", "4001"),
        ("select * from Customer orderby Shoe", "4001"),
    ],
)
def test_unknown_names_are_refused(qbo: Client, statement: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        qbo.query(statement)
    assert refused.value.code == code


def test_the_stock_keeping_unit_is_answered_only_when_asked_for(qbo: Client) -> None:
    qbo.act("edit", kind="Item", id="11", fields={"Sku": "P-1"})
    assert "Sku" not in qbo.rows("select * from Item where Id = '11'")[0]
    assert qbo.rows("select *, Sku from Item where Id = '11'")[0]["Sku"] == "P-1"


def test_reads_are_counted_as_metered_and_writes_are_not(make_client: MakeClient) -> None:
    qbo = make_client()
    qbo.query("select * from Term")
    qbo.get("Customer", "1")
    qbo.changes("Customer", "2030-01-01")
    qbo.batch({"bId": "1", "Query": "select * from Term"})
    qbo.customer("Unmetered")
    assert qbo.sandbox.core_plus[qbo.realm] == 4
