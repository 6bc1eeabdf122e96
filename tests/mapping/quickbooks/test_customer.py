"""Companies, individuals and jobs as QuickBooks customers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from service.core.errors import MappingError
from service.core.intent import Operation
from service.core.model import Address, Customer, SendTo
from service.core.ports import EntityKind
from service.core.snapshot import Snapshot, differences
from service.mapping.quickbooks.customer import CustomerMapper
from tests.mapping.quickbooks.builders import (
    NOTHING,
    STANDARD,
    company,
    contact,
    context,
    create,
    individual,
    job,
    losses,
    mapper,
    read,
    ref,
    remote,
    update,
)
from tests.mapping.quickbooks.echo import echo

CUSTOMER = EntityKind.CUSTOMER
ELM = Address(line1="1 Elm Road", city="Leeds", region="WY", postal_code="LS1 1AA", country="GB")


def test_a_company_is_sent_with_its_primary_contact_and_everything_that_is_set() -> None:
    customer = company(
        email="AP@elm.example",
        phone="(650) 253-0000",
        website="elm.example",
        billing_address=ELM,
        payment_terms="net30",
        tax_level_id=STANDARD,
        contacts=(contact("p0", first_name="Bob"), contact(first_name="Ann", last_name="Orr", primary=True)),
    )
    assert create(customer, context()) == {
        "DisplayName": "Elm Street School",
        "CompanyName": "Elm Street School",
        "GivenName": "Ann",
        "FamilyName": "Orr",
        "PrimaryEmailAddr": {"Address": "ap@elm.example"},
        "PrimaryPhone": {"FreeFormNumber": "(650) 253-0000"},
        "WebAddr": {"URI": "http://elm.example"},
        "BillAddr": {
            "Line1": "1 Elm Road",
            "Line2": "",
            "City": "Leeds",
            "CountrySubDivisionCode": "WY",
            "PostalCode": "LS1 1AA",
            "Country": "United Kingdom",
        },
        "SalesTermRef": {"value": "3"},
        "Taxable": True,
        "DefaultTaxCodeRef": {"value": "2"},
    }


def test_a_job_is_a_sub_customer_with_job_and_parent_together() -> None:
    body = create(job(), context(names={ref(CUSTOMER, "c2"): "Roof (Elm Street School)"}))
    assert body == {"DisplayName": "Roof (Elm Street School)", "Job": True, "ParentRef": {"value": "58"}}


def test_an_individual_is_sent_without_a_company_name() -> None:
    body = create(individual(last_name="Orr"), context())
    assert body == {"DisplayName": "Ann Orr", "GivenName": "Ann", "FamilyName": "Orr"}


def test_a_job_gets_the_terms_and_tax_level_of_its_client_because_quickbooks_hands_nothing_down() -> None:
    body = create(job(), context(customers=(company(payment_terms="net30", tax_level_id=STANDARD),)))
    assert (body["SalesTermRef"], body["DefaultTaxCodeRef"]) == ({"value": "3"}, {"value": "2"})


def test_a_job_needs_its_parent_and_says_so_when_it_is_not_there() -> None:
    assert mapper(CUSTOMER).needs(job(), context()) == (ref(CUSTOMER, "c1"),)
    with pytest.raises(MappingError, match="not in QuickBooks yet"):
        mapper(CUSTOMER).project(job(), context(remote_ids={}))


def test_a_sixth_level_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(MappingError, match="5 levels"):
        mapper(CUSTOMER).project(job(depth=6), context())


def test_an_update_sends_only_what_changed_and_addresses_whole() -> None:
    customer = company(billing_address=ELM, phone="+44 113 496 0000")
    assert update(customer, context(), "billing_address") == {
        "BillAddr": {
            "Line1": "1 Elm Road",
            "Line2": "",
            "City": "Leeds",
            "CountrySubDivisionCode": "WY",
            "PostalCode": "LS1 1AA",
            "Country": "United Kingdom",
        }
    }
    assert update(customer, context(), "phone") == {"PrimaryPhone": {"FreeFormNumber": "+44 113 496 0000"}}


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("email", {"PrimaryEmailAddr": {"Address": ""}}),
        ("phone", {"PrimaryPhone": {"FreeFormNumber": ""}}),
        ("website", {"WebAddr": {"URI": ""}}),
        ("first_name", {"GivenName": ""}),
    ],
)
def test_a_field_emptied_here_is_emptied_there(field: str, body: dict[str, Any]) -> None:
    assert update(company(), context(), field) == body
    full = {
        "DisplayName": "Elm Street School",
        "PrimaryEmailAddr": {"Address": "a@elm.example"},
        "PrimaryPhone": {"FreeFormNumber": "1"},
        "WebAddr": {"URI": "http://elm.example"},
        "GivenName": "Ann",
    }
    assert read(CUSTOMER, full, context()).get(field) is not None
    assert read(CUSTOMER, echo(CUSTOMER, body, before=full), context()).get(field) is None


def test_an_address_taken_away_here_is_blanked_there() -> None:
    body = update(company(), context(), "billing_address")
    assert set(body["BillAddr"].values()) == {""}


def test_an_archived_customer_is_made_inactive_and_restored_under_its_own_name() -> None:
    customer, within = company(phone="+44 113 496 0000"), context()
    snapshot = mapper(CUSTOMER).project(customer, within).snapshot

    def body(operation: Operation, *changed: str) -> Any:
        return mapper(CUSTOMER).body(operation, snapshot, changed=frozenset(changed), theirs=None, context=within)

    assert body(Operation.ARCHIVE) == {"Active": False}
    assert body(Operation.RESTORE, "phone") == {
        "Active": True,
        "DisplayName": "Elm Street School",
        "PrimaryPhone": {"FreeFormNumber": "+44 113 496 0000"},
    }


@pytest.mark.parametrize("shown", ["Elm Street School (deleted)", "Elm Street School (deleted 2)"])
def test_the_suffix_of_an_inactive_name_is_no_difference(shown: str) -> None:
    theirs = read(CUSTOMER, {"DisplayName": shown, "Active": False}, context(), active=False)
    assert theirs.get("name") == "Elm Street School"
    assert not theirs.active
    assert read(CUSTOMER, {"DisplayName": shown}, context()).get("name") == shown


def test_several_addresses_share_the_email_field_and_none_is_cut_in_two() -> None:
    long = "accounts.payable.department.of@a-rather-long-school-name.example"
    customer = company(
        email="ap@elm.example",
        other_emails=(long, "office@elm.example", "x@elm.example"),
        other_emails_invoice=SendTo.CC,
    )
    body = create(customer, context())
    assert body["PrimaryEmailAddr"]["Address"] == f"ap@elm.example,{long},office@elm.example"
    assert len(body["PrimaryEmailAddr"]["Address"]) <= 100
    assert losses(customer, context())["email"].endswith("left out: x@elm.example.")


def test_other_addresses_stay_here_unless_invoices_go_to_them() -> None:
    customer = company(email="ap@elm.example", other_emails=("office@elm.example",))
    assert create(customer, context())["PrimaryEmailAddr"] == {"Address": "ap@elm.example"}


def test_without_an_email_of_its_own_a_company_shows_its_primary_contacts() -> None:
    customer = company(contacts=(contact(email="ann@elm.example"),))
    assert create(customer, context())["PrimaryEmailAddr"] == {"Address": "ann@elm.example"}


def test_what_quickbooks_cannot_hold_is_declared() -> None:
    customer = company(
        contacts=(contact("p1"), contact("p2"), contact("p3")),
        vat_number="GB 123 4567 89",
        ean_number="5790000000000",
        payment_terms="net45",
        website="call us",
    )
    found = losses(customer, context())
    assert sorted(found) == ["ean_number", "payment_terms", "people", "vat_number", "website"]
    assert found["people"] == "QuickBooks keeps one person with a customer; 2 other contacts are kept here only."
    assert all(reason.endswith(".") for reason in found.values())


def test_a_vat_number_goes_out_once_and_is_never_compared() -> None:
    customer, within = company(vat_number="GB 123 4567 89"), context()
    body = create(customer, within)
    assert body["PrimaryTaxIdentifier"] == "GB 123 4567 89"
    theirs = read(CUSTOMER, echo(CUSTOMER, body), within)
    assert not theirs.holds("vat_number")
    assert differences(ours=mapper(CUSTOMER).project(customer, within).snapshot, theirs=theirs) == ()


def test_what_is_not_set_here_leaves_the_bookkeepers_terms_and_tax_alone() -> None:
    theirs = read(
        CUSTOMER,
        {"DisplayName": "Elm Street School", "SalesTermRef": {"value": "8"}, "DefaultTaxCodeRef": {"value": "3"}},
        context(),
    )
    assert theirs.get("payment_terms") == "2% 10 Net 60"
    ours = mapper(CUSTOMER).project(company(), context()).snapshot
    assert {"payment_terms", "tax_level"}.isdisjoint(differences(ours=ours, theirs=theirs))


def test_two_codes_of_ours_for_the_same_terms_read_alike() -> None:
    within = context(terms={"net30": "3", "eom": "3"})
    for code in ("net30", "eom"):
        ours = mapper(CUSTOMER).project(company(payment_terms=code), within).snapshot
        assert ours.get("payment_terms") == "eom"
        assert update(company(payment_terms=code), within, "payment_terms") == {"SalesTermRef": {"value": "3"}}


def test_a_level_without_tax_makes_a_customer_exempt_in_the_united_states() -> None:
    customer = company(tax_level_id=NOTHING)
    assert update(customer, context(), "tax_level") == {"Taxable": False}
    assert read(CUSTOMER, {"Taxable": False}, context()).get("tax_level") == NOTHING
    abroad = context(country="GB", currency="GBP")
    assert update(customer, abroad, "tax_level") == {"DefaultTaxCodeRef": {"value": "9"}}


def test_a_tax_level_without_a_code_stops_the_customer_and_names_the_entry() -> None:
    with pytest.raises(MappingError) as stopped:
        mapper(CUSTOMER).project(company(tax_level_id="level-new"), context(tax_levels={"level-new": "City 3 %"}))
    assert stopped.value.missing == "taxes:level-new"
    assert "City 3 %" in stopped.value.reason


def test_with_automated_sales_tax_a_customer_has_no_level_of_ours() -> None:
    within = context(flags={"ast": True})
    customer = company(tax_level_id=STANDARD)
    assert "Taxable" not in create(customer, within)
    assert "tax_level" in losses(customer, within)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({}, "works in USD only"),
        ({"flags": {"multicurrency": True}}, "does not have the currency EUR"),
    ],
)
def test_a_currency_that_the_company_does_not_have_is_named_before_anybody_is_created_in_another(
    known: dict[str, Any], said: str
) -> None:
    within = context(**known)
    books = replace(within.reference.company, currencies=frozenset({"USD"}))
    within = replace(within, reference=replace(within.reference, company=books))
    with pytest.raises(MappingError, match=said) as refused:
        create(company(currency="EUR"), within)
    assert refused.value.cause == "currency_not_enabled"


def test_the_currency_is_set_once_and_a_job_has_its_clients() -> None:
    client = company(currency="EUR")
    within = context(flags={"multicurrency": True}, customers=(client,))
    assert create(client, within)["CurrencyRef"] == {"value": "EUR"}
    assert create(job(currency="USD"), within)["CurrencyRef"] == {"value": "EUR"}
    assert "currency" in losses(job(currency="USD"), within)
    with pytest.raises(MappingError, match="does not change the currency"):
        update(client, within, "currency")


ROOF_THERE: dict[str, Any] = {
    "Id": "59",
    "SyncToken": "4",
    "DisplayName": "Roof",
    "Job": True,
    "ParentRef": {"value": "58"},
    "BillWithParent": True,
    "Level": 1,
    "FullyQualifiedName": "Elm Street School:Roof",
    "Notes": "Gate code 4711",
    "PreferredDeliveryMethod": "Email",
    "ResaleNum": "R-1",
    "BillAddr": {"Id": "9", "Line1": "1 Elm Road", "Country": "USA"},
    "Balance": 120,
    "BalanceWithJobs": 120,
    "MetaData": {"LastUpdatedTime": "2026-11-22T01:40:00-08:00"},
    "Active": True,
    "sparse": False,
    "domain": "QBO",
}


def test_a_job_becomes_a_client_there_by_a_full_update_that_loses_nothing() -> None:
    there = remote(CUSTOMER, ROOF_THERE)
    body = update(company(phone="+1 650 253 0000"), context(), "parent", "phone", theirs=there)
    assert body == {
        "DisplayName": "Roof",
        "Notes": "Gate code 4711",
        "PreferredDeliveryMethod": "Email",
        "ResaleNum": "R-1",
        "BillAddr": {"Id": "9", "Line1": "1 Elm Road", "Country": "USA"},
        "PrimaryPhone": {"FreeFormNumber": "(650) 253-0000"},
        "Active": True,
        "Job": False,
        "sparse": False,
    }
    with pytest.raises(MappingError, match="not known yet"):
        update(company(), context(), "parent")


def test_a_full_update_carries_our_tax_number_in_place_of_the_masked_one_or_is_not_sent() -> None:
    masked = remote(CUSTOMER, {**ROOF_THERE, "PrimaryTaxIdentifier": "XXXX56789"})
    assert update(company(vat_number="123456789"), context(), "parent", theirs=masked)["PrimaryTaxIdentifier"] == (
        "123456789"
    )
    with pytest.raises(MappingError, match="masked"):
        update(company(), context(), "parent", theirs=masked)
    short = remote(CUSTOMER, {**ROOF_THERE, "PrimaryTaxIdentifier": "12-34"})
    assert update(company(), context(), "parent", theirs=short)["PrimaryTaxIdentifier"] == "12-34"
    none = update(company(vat_number="123456789"), context(), "parent", theirs=remote(CUSTOMER, ROOF_THERE))
    assert "PrimaryTaxIdentifier" not in none


@pytest.mark.parametrize("moved", [company(), job()])
def test_a_project_is_not_moved(moved: Customer) -> None:
    project = remote(CUSTOMER, {**ROOF_THERE, "IsProject": True})
    with pytest.raises(MappingError, match="project"):
        update(moved, context(customers=(company(),)), "parent", theirs=project)


def test_a_job_goes_to_another_client_by_a_sparse_update() -> None:
    body = update(job(), context(customers=(company(),)), "parent", theirs=remote(CUSTOMER, ROOF_THERE))
    assert body == {"Job": True, "ParentRef": {"value": "58"}}


def test_a_job_does_not_go_to_a_client_of_another_currency() -> None:
    within = context(flags={"multicurrency": True}, customers=(company(currency="EUR"),))
    there = remote(CUSTOMER, {**ROOF_THERE, "CurrencyRef": {"value": "USD"}})
    with pytest.raises(MappingError, match="it has USD there, and jobs of its new client have EUR"):
        update(job(), within, "parent", "currency", theirs=there)


def test_nobody_with_an_open_balance_is_archived() -> None:
    def archive(balance: str) -> Any:
        theirs = remote(CUSTOMER, {"Balance": balance})
        ours = Snapshot(fields={}, active=False)
        return mapper(CUSTOMER).body(Operation.ARCHIVE, ours, changed=frozenset(), theirs=theirs, context=context())

    assert archive("0.00") == {"Active": False}
    with pytest.raises(MappingError, match=r"open balance, and this one has 120\.5;"):
        archive("120.50")


def test_a_name_too_long_or_with_a_colon_is_shaped_and_declared() -> None:
    customer = company(name="A:" + "b" * 600)
    body = create(customer, context())
    assert (len(body["DisplayName"]), len(body["CompanyName"])) == (500, 100)
    assert ":" not in body["DisplayName"]
    assert {"name", "company_name"} <= set(losses(customer, context()))


@pytest.mark.parametrize(
    "payload",
    [{}, {"PrimaryEmailAddr": None, "BillAddr": "x", "PrimaryPhone": []}, {"DisplayName": 5, "ParentRef": "58"}],
)
def test_reading_takes_whatever_another_server_leaves_out(payload: dict[str, Any]) -> None:
    theirs = read(CUSTOMER, payload, context())
    assert theirs.get("email") is None
    assert theirs.get("billing_address") is None


def test_further_lines_of_an_address_are_joined_to_the_second() -> None:
    there = {"BillAddr": {"Line1": "Unit 5", "Line3": "Elm Court", "Line5": "1 Elm Road", "Country": "USA"}}
    assert read(CUSTOMER, there, context()).get("billing_address") == (
        "Unit 5",
        "Elm Court, 1 Elm Road",
        None,
        None,
        None,
        "US",
    )


def test_a_customers_page_pins_the_company() -> None:
    url = CustomerMapper().url("58", context().reference.company)
    assert url == (
        "https://qbo.intuit.com/app/login?pagereq=customerdetail%3FnameId%3D58&deeplinkcompanyid=9130350000000001"
    )
    practice = context(flags={"sandbox": True}).reference.company
    assert (CustomerMapper().url("58", practice) or "").startswith("https://sandbox.qbo.intuit.com/login?")
