"""The sandbox's answers, held against the published schemas."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.quickbooks import EMPTY_REALM, SandboxOptions
from sandbox.quickbooks.fields import ENTITIES
from tests.sandbox.quickbooks.client import Client, Json, invoice, line, ref, sparse
from tests.sandbox.quickbooks.conftest import MakeClient
from tests.sandbox.quickbooks.schema import Schema

SCHEMA = Schema()
#: Where the service has moved on since the schemas were written: the path, and why it is right as it is. None at
#: present: what is old in the originals are the lengths in their annotations, which the subset leaves out.
OLDER_THAN_THE_SERVICE: dict[str, str] = {}


def _problems(kind: str, row: Json) -> list[str]:
    found = SCHEMA.problems(row, kind)
    return [problem for problem in found if problem.partition(":")[0] not in OLDER_THAN_THE_SERVICE]


EVERY_CUSTOMER_FIELD: Json = {
    "Title": "Dr",
    "GivenName": "Ann",
    "MiddleName": "B",
    "FamilyName": "Orr",
    "Suffix": "Jr",
    "CompanyName": "Everything",
    "PrimaryEmailAddr": {"Address": "a@b.example"},
    "PrimaryPhone": {"FreeFormNumber": "1"},
    "AlternatePhone": {"FreeFormNumber": "2"},
    "Mobile": {"FreeFormNumber": "3"},
    "Fax": {"FreeFormNumber": "4"},
    "WebAddr": {"URI": "https://b.example"},
    "BillAddr": {"Line1": "1", "City": "c", "Country": "US"},
    "ShipAddr": {"Line1": "2"},
    "Notes": "n",
    "SalesTermRef": {"value": "3"},
    "PaymentMethodRef": {"value": "1"},
    "DefaultTaxCodeRef": {"value": "2"},
    "ResaleNum": "r",
    "PrimaryTaxIdentifier": "123456789",
    "CurrencyRef": {"value": "EUR"},
    "Balance": 12.5,
}
EVERY_INVOICE_FIELD: Json = {
    "BillEmail": {"Address": "a@b.example"},
    "BillEmailCc": {"Address": "c@d.example"},
    "BillEmailBcc": {"Address": "e@f.example"},
    "CustomerMemo": {"value": "thanks"},
    "PrivateNote": "note",
    "DocNumber": "D-1",
    "TxnTaxDetail": {"TxnTaxCodeRef": {"value": "3"}},
    "ShipDate": "2026-11-22",
    "AllowOnlineACHPayment": False,
    "CustomField": [{"DefinitionId": "1", "Name": "PO", "Type": "StringType", "StringValue": "77"}],
    "Line": [
        line("50", Qty=2, UnitPrice=25, ServiceDate="2026-11-20"),
        {"DetailType": "DescriptionOnly", "Description": "text"},
        {"DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": 5}},
    ],
}


@pytest.fixture
def used(make_client: MakeClient) -> Client:
    """A company in which every feature has left something."""
    qbo = make_client(SandboxOptions.unlimited(multicurrency=True))
    customer = qbo.customer("Everything", **EVERY_CUSTOMER_FIELD)
    job = qbo.job("Job", customer, BillWithParent=True)
    made = qbo.invoice(job, **EVERY_INVOICE_FIELD)
    qbo.read("POST", f"invoice/{made['Id']}/send")
    memo = qbo.write("CreditMemo", invoice(job, "5"))
    qbo.write("RefundReceipt", invoice(job, "5", DepositToAccountRef={"value": "35"}))
    lines = [
        {"Amount": 5, "LinkedTxn": [{"TxnId": made["Id"], "TxnType": "Invoice"}]},
        {"Amount": 5, "LinkedTxn": [{"TxnId": memo["Id"], "TxnType": "CreditMemo"}]},
    ]
    qbo.write("Payment", {"CustomerRef": ref(customer), "TotalAmt": 3, "PaymentRefNum": "7"})
    qbo.write("Payment", {"CustomerRef": ref(job), "TotalAmt": 3, "Line": lines})
    second = qbo.invoice(job, "20")
    qbo.write("Invoice", {"Id": second["Id"], "SyncToken": "0"}, operation="void")
    qbo.act("close_books", to="2020-12-31")
    qbo.act("edit", kind="Item", id="11", fields={"Sku": "P-1", "Description": "d"})
    return qbo


@pytest.mark.parametrize("kind", sorted(ENTITIES.values()))
def test_every_row_of_every_entity_is_of_its_published_type(used: Client, kind: str) -> None:
    rows = used.all(kind)
    assert rows
    assert [problem for row in rows for problem in _problems(kind, row)] == []


def test_an_invoice_abroad_is_of_its_published_type(make_client: MakeClient) -> None:
    qbo = make_client(SandboxOptions.unlimited(country="GB"), EMPTY_REALM)
    customer = qbo.customer("Leeds School")
    sold = line("120", ItemRef={"value": "1"}, TaxCodeRef={"value": "2"})
    made = qbo.write("Invoice", invoice(customer, Line=[sold], GlobalTaxCalculation="TaxInclusive"))
    assert _problems("Invoice", made) == []


def test_answers_to_writes_and_the_feed_are_of_their_published_types(used: Client) -> None:
    made = used.customer("Fresh")
    written = used.write("Customer", sparse(made, Active=False))
    stub = used.write("Invoice", {"Id": used.invoice("1")["Id"], "SyncToken": "0"}, operation="delete")
    since = (used.sandbox.clock() - timedelta(minutes=10)).isoformat()
    answered = used.changes("Customer,Invoice,Payment", since)
    assert set(answered) == {"Customer", "Invoice", "Payment"}
    assert _problems("Customer", written) + _problems("Invoice", stub) == []
    assert [problem for kind, rows in answered.items() for row in rows for problem in _problems(kind, row)] == []


def test_faults_are_of_their_published_type(used: Client) -> None:
    document = used.call("POST", "customer", json={"DisplayName": "EDD"}).json()
    fault = document["Fault"]
    assert set(document) == {"Fault", "time"}
    assert list(SCHEMA.problems(fault, "Fault")) == []
    assert fault["type"] == "ValidationFault"
    assert all(set(error) == {"Message", "Detail", "code", "element"} for error in fault["Error"])


def test_the_list_of_old_places_holds_nothing_that_is_not_met(used: Client) -> None:
    met = {
        problem.partition(":")[0]
        for kind in ENTITIES.values()
        for row in used.all(kind)
        for problem in SCHEMA.problems(row, kind)
    }
    assert set(OLDER_THAN_THE_SERVICE) == met


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"DisplayName": 5}, "Customer.DisplayName: 5 is no string"),
        ({"Shoe": "x"}, "Customer.Shoe: no such element"),
        ({"Balance": "5"}, "Customer.Balance: '5' is no decimal"),
        ({"ParentRef": "5"}, "Customer.ParentRef: '5' is no reference"),
        ({"BillAddr": [{}]}, "Customer.BillAddr: is no list"),
        ({"MetaData": {"CreateTime": "2026-11-22"}}, "Customer.MetaData.CreateTime: '2026-11-22' is no dateTime"),
    ],
)
def test_the_checker_finds_what_is_wrong(row: Json, problem: str) -> None:
    assert list(SCHEMA.problems(row, "Customer")) == [problem]
