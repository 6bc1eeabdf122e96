"""The sandbox's real answers held against Xero's published schemas."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # no stubs here

from tests.sandbox.xero.caller import Caller, Json, draft, line

SCHEMAS: Json = json.loads((Path(__file__).parents[2] / "fixtures/spec/xero/schemas.json").read_text("utf-8"))
#: Fields of live answers that the published schemas leave out.
KNOWN_EXTRAS = {
    "DateString",
    "DueDateString",
    "ID",  # of a credit note within an invoice
    "Organisations",
    "StatusAttributeString",
    "HasErrors",
    "HasValidationErrors",
    "ValidationErrors",
    "AppliedAmount",
    "CurrencyRate",
    "PurchasesDefaultLineAmountType",
    "TotalDiscount",  # on credit notes
    "BankAccountType",
}


def _breaches(answer: Any, name: str) -> Iterator[str]:
    schema = {"$ref": f"#/components/schemas/{name}", **SCHEMAS}
    for error in Draft202012Validator(schema).iter_errors(answer):
        yield f"{error.json_path}: {error.message[:200]}"
    yield from _unknown(answer, SCHEMAS["components"]["schemas"][name], name)


def _unknown(value: Any, schema: Json, where: str) -> Iterator[str]:
    """Yield fields that neither the schema nor KNOWN_EXTRAS names."""
    if "$ref" in schema:
        schema = SCHEMAS["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    if isinstance(value, list) and "items" in schema:
        for one in value:
            yield from _unknown(one, schema["items"], where)
    if isinstance(value, dict) and "properties" in schema:
        for name, inner in value.items():
            if name in schema["properties"]:
                yield from _unknown(inner, schema["properties"][name], f"{where}.{name}")
            elif name not in KNOWN_EXTRAS:
                yield f"{where}.{name}: not in the schema"


def _checked(answer: Json, name: str) -> None:
    wrapper = {"Id", "Status", "ProviderName", "DateTimeUTC"}
    assert wrapper <= set(answer)
    assert sorted(set(_breaches({k: v for k, v in answer.items() if k not in wrapper}, name))) == []


@pytest.fixture
def demo(xero: Callable[..., Caller]) -> Caller:
    return xero(books=("demo",)).sign_in()


@pytest.mark.parametrize(
    "plural",
    [
        "Contacts",
        "Invoices",
        "CreditNotes",
        "Payments",
        "Overpayments",
        "Prepayments",
        "ContactGroups",
        "Accounts",
        "TaxRates",
        "Items",
        "TrackingCategories",
        "Currencies",
        "BrandingThemes",
    ],
)
@pytest.mark.parametrize("params", [{}, {"page": 1, "pageSize": 1000}], ids=["un-paged", "paged"])
def test_lists_follow_the_schema(demo: Caller, plural: str, params: dict[str, Any]) -> None:
    _checked(demo.get(plural, **params), plural)


def test_the_organisation_follows_the_schema(demo: Caller) -> None:
    demo.act("lock", period="2026-03-31")
    _checked(demo.get("Organisation"), "Organisations")


def test_written_records_follow_the_schema(caller: Caller) -> None:
    contact = {
        "Name": "Acme",
        "FirstName": "Ann",
        "EmailAddress": "a@b.example",
        "ContactNumber": "C-1",
        "TaxNumber": "NZ1",
        "DefaultCurrency": "USD",
        "AccountsReceivableTaxType": "OUTPUT2",
        "ContactPersons": [{"FirstName": "Bob", "IncludeInEmails": True}],
        "PaymentTerms": {"Sales": {"Day": 20, "Type": "OFFOLLOWINGMONTH"}},
        "Phones": [{"PhoneType": "OFFICE", "PhoneNumber": "1"}],
        "Addresses": [{"AddressType": "STREET", "City": "Ayr"}],
    }
    written = caller.api("PUT", "Contacts", {"Contacts": [contact, contact]}, summarizeErrors="false").json()
    _checked(written, "Contacts")
    lines = [line(10, Tracking=[{"Name": "Region", "Option": "North"}], DiscountRate=5), {"ItemCode": "DevH"}]
    wanted = draft(written["Contacts"][0], LineItems=lines, Status="AUTHORISED")
    answer = caller.api("PUT", "Invoices", {"Invoices": [wanted, {}]}, summarizeErrors="false").json()
    _checked(answer, "Invoices")
    number = answer["Invoices"][0]["InvoiceNumber"]
    caller.act("credit_invoice", invoice=number, amount="5.00")
    caller.act("pay_invoice", invoice=number)
    _checked(caller.get(f"Invoices/{number}"), "Invoices")
    _checked(caller.get("CreditNotes", page=1), "CreditNotes")
    _checked(caller.get("Payments", page=1), "Payments")
    _checked(caller.get(f"Invoices/{number}/OnlineInvoice"), "OnlineInvoices")
    history = f"Invoices/{number}/History"
    _checked(caller.api("PUT", history, {"HistoryRecords": [{"Details": "n"}]}).json(), "HistoryRecords")


def test_a_validation_exception_follows_the_schema(caller: Caller) -> None:
    refused = caller.api("PUT", "Contacts", {"Contacts": [{"Name": ""}]}).json()
    assert list(Draft202012Validator({"$ref": "#/components/schemas/Error", **SCHEMAS}).iter_errors(refused)) == []


def test_connections_follow_the_schema(caller: Caller) -> None:
    assert list(_breaches(caller.connections()[0], "Connection")) == []


def test_the_check_notices_a_wrong_type_and_an_unknown_field() -> None:
    wrong = {"Contacts": [{"Name": 5, "Nickname": "x", "Addresses": [{"AddressType": "DELIVERY"}]}]}
    found = sorted(_breaches(wrong, "Contacts"))
    assert len(found) == 3
    assert any("Nickname" in breach for breach in found)
