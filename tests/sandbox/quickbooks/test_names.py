"""Customers and vendors: names, lengths, formats, and what becomes of inactive ones."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.quickbooks.client import Client, Refused, sparse
from tests.sandbox.quickbooks.conftest import MakeClient


@pytest.mark.parametrize(
    ("fields", "code", "element"),
    [
        pytest.param({"DisplayName": "x" * 501}, "2050", "DisplayName", id="display name above 500"),
        pytest.param({"CompanyName": "x" * 101}, "2050", "CompanyName", id="company name above 100"),
        pytest.param({"GivenName": "x" * 101}, "2050", "GivenName", id="given name above 100"),
        pytest.param({"Title": "x" * 17}, "2050", "Title", id="title above 16"),
        pytest.param(
            {"PrimaryPhone": {"FreeFormNumber": "5" * 31}}, "2050", "PrimaryPhone.FreeFormNumber", id="phone above 30"
        ),
        pytest.param(
            {"PrimaryEmailAddr": {"Address": "a" * 95 + "@b.example"}},
            "2050",
            "PrimaryEmailAddr.Address",
            id="e-mail above 100",
        ),
        pytest.param(
            {"PrimaryEmailAddr": {"Address": "a@b.example," * 9}},
            "2050",
            "PrimaryEmailAddr.Address",
            id="all e-mails together above 100",
        ),
        pytest.param({"BillAddr": {"Line1": "x" * 501}}, "2050", "BillAddr.Line1", id="address line above 500"),
        pytest.param({"DisplayName": "Client:Job"}, "2040", "DisplayName", id="colon"),
        pytest.param({"FamilyName": "Tab\there"}, "2040", "FamilyName", id="tab"),
        pytest.param({"PrintOnCheckName": "two\nlines"}, "2040", "PrintOnCheckName", id="line break"),
        pytest.param({"PrimaryEmailAddr": {"Address": "nobody"}}, "2210", "PrimaryEmailAddr.Address", id="no at sign"),
        pytest.param(
            {"PrimaryEmailAddr": {"Address": "a@b.example,ann"}},
            "2210",
            "PrimaryEmailAddr.Address",
            id="second e-mail bad",
        ),
        pytest.param({"WebAddr": {"URI": "not a site"}}, "2200", "WebAddr.URI", id="web address"),
        pytest.param({"PreferredDeliveryMethod": "Pigeon"}, "2170", "PreferredDeliveryMethod", id="delivery"),
        pytest.param({"SalesTermRef": {"value": "99"}}, "2500", "SalesTermRef", id="unknown term"),
        pytest.param({"Shoe": "42"}, "2010", "", id="unknown property"),
        pytest.param({"Active": "perhaps"}, "2010", "", id="wrong type"),
        pytest.param({"GivenName": ["Ann"]}, "2010", "", id="a list for a text"),
        pytest.param({"CurrencyRef": {"value": "EUR"}}, "6000", "CurrencyRef", id="currency without multicurrency"),
    ],
)
def test_a_customer_that_breaks_a_rule_is_refused_with_its_code(
    qbo: Client, fields: dict[str, Any], code: str, element: str
) -> None:
    with pytest.raises(Refused) as refused:
        qbo.customer(**{"name": "Elm Street School", **_named(fields)})
    assert (refused.value.status, refused.value.code, refused.value.element) == (400, code, element)


def _named(fields: dict[str, Any]) -> dict[str, Any]:
    return {("name" if key == "DisplayName" else key): value for key, value in fields.items()}


def test_a_length_fault_tells_limit_and_length(qbo: Client) -> None:
    with pytest.raises(Refused) as refused:
        qbo.customer("Long", Notes="x" * 2001)
    assert "Min:0 Max:2,000 supported. Supplied length: 2,001" in refused.value.detail


@pytest.mark.parametrize(
    ("kept", "sent"),
    [("DisplayName", "x" * 500), ("CompanyName", "x" * 100), ("Notes", "é" * 2000), ("Suffix", "x" * 16)],
)
def test_a_text_of_exactly_the_limit_is_kept(qbo: Client, kept: str, sent: str) -> None:
    assert qbo.write("Customer", {"DisplayName": "Limit", kept: sent})[kept] == sent


@pytest.mark.parametrize("taken", ["EDD", "edd", " Edd ", "Emily Platt", "Cool Cars", "55 Twin Lane"])
def test_customers_vendors_employees_and_jobs_share_one_namespace(qbo: Client, taken: str) -> None:
    with pytest.raises(Refused) as refused:
        qbo.customer(taken)
    assert refused.value.code == "6240"
    assert refused.value.detail == (
        "The name supplied already exists. : Another customer, vendor or employee is already using this name. "
        "Please use a different name."
    )


def test_two_clients_cannot_each_have_a_job_of_the_same_name(qbo: Client) -> None:
    first, second = qbo.customer("First"), qbo.customer("Second")
    qbo.job("Job 1", first)
    with pytest.raises(Refused, match="6240"):
        qbo.job("Job 1", second)


def test_a_missing_display_name_is_composed_of_the_parts(qbo: Client) -> None:
    made = qbo.write("Customer", {"Title": "Dr", "GivenName": "Ann", "FamilyName": "Orr", "Suffix": "Jr"})
    assert (made["DisplayName"], made["PrintOnCheckName"]) == ("Dr Ann Orr Jr", "Dr Ann Orr Jr")


def test_a_customer_without_any_name_is_refused(qbo: Client) -> None:
    with pytest.raises(Refused) as refused:
        qbo.write("Customer", {"CompanyName": "Only a company"})
    assert refused.value.code == "6080"


def test_a_new_customer_comes_back_with_what_the_service_adds(qbo: Client) -> None:
    made = qbo.customer("Elm Street School", BillAddr={"Line1": "1 Elm Road", "Country": "United Kingdom"})
    assert made["SyncToken"] == "0"
    assert made["Active"] is True
    assert made["sparse"] is False
    assert made["FullyQualifiedName"] == "Elm Street School"
    assert made["CurrencyRef"] == {"value": "USD", "name": "United States Dollar"}
    assert made["BillAddr"]["Country"] == "GBR"
    assert made["BillAddr"]["Id"].isdigit()
    assert (made["Balance"], made["BalanceWithJobs"]) == (0, 0)


def test_an_address_gets_a_new_id_only_when_it_changes(qbo: Client) -> None:
    made = qbo.customer("Elm Street School", BillAddr={"Line1": "1 Elm Road"})
    same = qbo.write("Customer", sparse(made, BillAddr={"Line1": "1 Elm Road"}))
    moved = qbo.write("Customer", sparse(same, BillAddr={"Line1": "2 Elm Road"}))
    assert same["BillAddr"]["Id"] == made["BillAddr"]["Id"] != moved["BillAddr"]["Id"]


def test_a_tax_number_comes_back_masked(qbo: Client) -> None:
    made = qbo.customer("Taxed", PrimaryTaxIdentifier="GB123456789")
    assert made["PrimaryTaxIdentifier"] == "XXXXXX56789"


@pytest.mark.parametrize(
    ("fields", "taxable"),
    [({}, True), ({"DefaultTaxCodeRef": {"value": "2"}}, True), ({"TaxExemptionReasonId": "5"}, False)],
)
def test_taxable_follows_the_tax_code_and_the_exemption(qbo: Client, fields: dict[str, Any], taxable: bool) -> None:
    assert qbo.customer("Taxed", **fields)["Taxable"] is taxable


def test_deactivating_renames_and_frees_the_name(qbo: Client) -> None:
    for expected in ("Twice (deleted)", "Twice (deleted 2)"):
        made = qbo.customer("Twice")
        gone = qbo.write("Customer", sparse(made, Active=False))
        assert (gone["Active"], gone["DisplayName"], gone["SyncToken"]) == (False, expected, "1")


def test_an_inactive_customer_is_left_out_of_queries_unless_asked_for(qbo: Client) -> None:
    made = qbo.write("Customer", sparse(qbo.customer("Sleeper"), Active=False))
    assert qbo.rows("select * from Customer where DisplayName like 'Sleeper%'") == []
    asked = qbo.rows("select * from Customer where Active in (true, false) and DisplayName like 'Sleeper%'")
    assert [row["Id"] for row in asked] == [made["Id"]]


def test_reactivating_may_collide_with_who_took_the_name(qbo: Client) -> None:
    gone = qbo.write("Customer", sparse(qbo.customer("Phoenix"), Active=False))
    taker = qbo.customer("Phoenix")
    with pytest.raises(Refused, match="6240"):
        qbo.write("Customer", sparse(gone, Active=True, DisplayName="Phoenix"))
    qbo.write("Customer", sparse(taker, DisplayName="Ash"))
    assert qbo.write("Customer", sparse(gone, Active=True, DisplayName="Phoenix"))["Active"] is True


def test_a_customer_with_an_open_balance_is_not_deactivated_by_the_api(qbo: Client) -> None:
    made = qbo.customer("Debtor")
    qbo.invoice(made)
    with pytest.raises(Refused) as refused:
        qbo.write("Customer", sparse(made, Active=False))
    assert (refused.value.code, "non-zero balance" in refused.value.detail) == ("6220", True)


def test_the_pages_even_an_open_balance_out_with_a_credit_memo(qbo: Client) -> None:
    made = qbo.customer("Debtor")
    qbo.invoice(made, "80")
    gone = qbo.act("deactivate", id=made["Id"])
    assert (gone["Active"], gone["Balance"]) == (False, "0.00")
    assert [memo["TotalAmt"] for memo in qbo.rows("select * from CreditMemo")] == [80]


def test_a_customer_is_never_deleted(qbo: Client) -> None:
    made = qbo.customer("Immortal")
    with pytest.raises(Refused, match="500"):
        qbo.read("POST", "customer", params={"operation": "delete"}, json={"Id": made["Id"], "SyncToken": "0"})


def test_name_lists_take_one_write_at_a_time(qbo: Client) -> None:
    with qbo.sandbox.name_list(qbo.realm) as free:
        assert free
        with pytest.raises(Refused) as refused:
            qbo.customer("Too early")
        item = {"bId": "1", "operation": "create", "Customer": {"DisplayName": "Too early"}}
        in_batch = qbo.batch(item)["1"]["Fault"]["Error"][0]
        qbo.invoice("1")
    assert refused.value.code == in_batch["code"] == "6000"
    assert "You can only add or edit one name at a time. Please try again." in refused.value.detail
    assert qbo.customer("In time")["Id"]


def test_a_sub_customer_has_its_parents_currency(make_client: MakeClient) -> None:
    from sandbox.quickbooks import SandboxOptions

    qbo = make_client(SandboxOptions.unlimited(multicurrency=True))
    parent = qbo.customer("Paris", CurrencyRef={"value": "EUR"})
    assert qbo.job("Louvre", parent)["CurrencyRef"]["value"] == "EUR"
    with pytest.raises(Refused, match="6000"):
        qbo.job("Orsay", parent, CurrencyRef={"value": "USD"})
    with pytest.raises(Refused, match="6000"):
        qbo.write("Customer", sparse(parent, CurrencyRef={"value": "USD"}))
