"""The sample company's books."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

import sandbox
from sandbox.common.clock import Clock
from sandbox.quickbooks import SAMPLE_REALM, SandboxOptions, create_sandbox
from tests.sandbox.quickbooks.client import Client, Refused

Books = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def books() -> Books:
    """The sample company as it starts."""
    made: Books = create_sandbox().dump()[SAMPLE_REALM]
    return made


def _names(books: Books, kind: str) -> set[str]:
    return {row.get("DisplayName") or row["Name"] for row in books[kind]}


def test_the_sample_company_holds_the_names_its_users_know(books: Books) -> None:
    assert {"Amy's Bird Sanctuary", "Freeman Sporting Goods", "Weiskopf Consulting"} <= _names(books, "Customer")
    assert {"Books by Bessie", "Hicks Hardware", "Tania's Nursery"} <= _names(books, "Vendor")
    assert _names(books, "Employee") == {"John Johnson", "Emily Platt"}
    assert {"Rock Fountain", "Sprinkler Heads", "Pest Control"} <= _names(books, "Item")
    assert {"Net 30", "Due on receipt"} <= _names(books, "Term")
    assert _names(books, "TaxCode") == {"California", "Tucson"}
    assert {"Checking", "Accounts Receivable (A/R)", "Job Materials"} <= _names(books, "Account")


@pytest.mark.parametrize(
    ("name", "full_name"),
    [
        ("0969 Ocean View Road", "Freeman Sporting Goods:0969 Ocean View Road"),
        ("55 Twin Lane", "Freeman Sporting Goods:55 Twin Lane"),
        ("Barnett Design", "Shara Barnett:Barnett Design"),
    ],
)
def test_sub_customers_hang_where_they_belong(books: Books, name: str, full_name: str) -> None:
    (row,) = [row for row in books["Customer"] if row["DisplayName"] == name]
    assert (row["FullyQualifiedName"], row["Level"], row["Job"]) == (full_name, 1, True)


def test_a_vendor_named_harbour_roofing_blocks_the_name(qbo: Client) -> None:
    assert qbo.rows("select * from Vendor where DisplayName = 'Harbour Roofing'")
    with pytest.raises(Refused, match="6240"):
        qbo.customer("Harbour Roofing")


def test_every_balance_is_what_its_documents_leave_open(books: Books) -> None:
    for customer in books["Customer"]:
        own = [row for row in books["Invoice"] if row["CustomerRef"]["value"] == customer["Id"]]
        assert Decimal(customer["Balance"]) == sum((Decimal(row["Balance"]) for row in own), Decimal(0))
    for invoice in books["Invoice"]:
        ids = {linked["TxnId"] for linked in invoice["LinkedTxn"]}
        paid = sum((Decimal(row["TotalAmt"]) for row in books["Payment"] if row["Id"] in ids), Decimal(0))
        assert Decimal(invoice["Balance"]) == Decimal(invoice["TotalAmt"]) - paid


def test_a_year_of_invoices_is_paid_part_paid_and_open(books: Books) -> None:
    dates = sorted(row["TxnDate"] for row in books["Invoice"])
    assert len(dates) == 132
    assert len({date[:7] for date in dates}) >= 12
    assert len({row["DocNumber"] for row in books["Invoice"]}) == 132
    states = {
        "paid" if Decimal(row["Balance"]) == 0 else "part" if row["LinkedTxn"] else "open" for row in books["Invoice"]
    }
    assert states == {"paid", "part", "open"}


def test_the_same_day_gives_the_same_books() -> None:
    def made() -> Any:
        return create_sandbox(SandboxOptions(clock=Clock(datetime(2026, 11, 22, 12, tzinfo=UTC)))).dump()

    assert made() == made()


def test_the_sandbox_is_found_by_name_and_prints_fixed_credentials() -> None:
    assert "quickbooks" in sandbox.names()
    settings = [sandbox.create("quickbooks").settings("http://localhost:1") for _ in range(2)]
    assert settings[0] == settings[1]
    assert settings[0]["TIEOUT_QBO_API_URL"] == "http://localhost:1"
