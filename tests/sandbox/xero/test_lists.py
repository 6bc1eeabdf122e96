from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sandbox.xero import where
from sandbox.xero.errors import XeroError
from tests.sandbox.xero.caller import Caller, Json, line


def _many(caller: Caller, count: int) -> None:
    batch = [{"Name": f"Customer {n:03d}", "EmailAddress": f"c{n}@x.example"} for n in range(count)]
    assert caller.api("PUT", "Contacts", {"Contacts": batch}).status_code == 200


def _names(answer: Json) -> list[str]:
    return [contact["Name"] for contact in answer["Contacts"]]


def test_a_page_holds_a_hundred_unless_told_up_to_a_thousand(caller: Caller) -> None:
    _many(caller, 120)
    assert caller.get("Contacts", page=1)["pagination"] == {
        "page": 1,
        "pageSize": 100,
        "pageCount": 2,
        "itemCount": 120,
    }
    assert len(caller.get("Contacts", page=2)["Contacts"]) == 20
    assert len(caller.get("Contacts", page=1, pageSize=1000)["Contacts"]) == 120
    assert caller.get("Contacts", page=9)["Contacts"] == []
    assert caller.api("GET", "Contacts", page=1, pageSize=1001).status_code == 400


def test_an_unpaged_list_has_all_contacts_but_not_their_details(caller: Caller) -> None:
    caller.contact(
        EmailAddress="a@b.example",
        ContactPersons=[{"FirstName": "Ann"}],
        PaymentTerms={"Sales": {"Day": 20, "Type": "DAYSAFTERBILLDATE"}},
    )
    (light,), (full,) = (caller.get("Contacts", **params)["Contacts"] for params in ({}, {"page": 1}))
    assert (light["ContactPersons"], "PaymentTerms" in light) == ([], False)
    assert (full["ContactPersons"][0]["FirstName"], full["PaymentTerms"]["Sales"]["Day"]) == ("Ann", 20)
    assert "pagination" not in caller.get("Contacts")
    (summary,) = caller.get("Contacts", page=1, summaryOnly="true")["Contacts"]
    assert "Addresses" not in summary


def test_archived_contacts_come_only_when_asked_for(caller: Caller) -> None:
    contact = caller.contact()
    caller.act("archive_contact", contact="Acme")
    assert _names(caller.get("Contacts")) == []
    assert _names(caller.get("Contacts", includeArchived="true")) == ["Acme"]
    assert _names(caller.get("Contacts", IDs=contact["ContactID"])) == []
    assert _names(caller.get("Contacts", IDs=contact["ContactID"], includeArchived="true")) == ["Acme"]


def test_modified_since_is_strict_to_the_second_and_misses_archived_ones(caller: Caller) -> None:
    start = caller.sandbox.clock()
    caller.contact("One")
    caller.sandbox.clock.advance(1.5)
    caller.contact("Two")
    later = start + timedelta(seconds=1)

    def since(moment: str, **params: Any) -> list[str]:
        return _names(caller.api("GET", "Contacts", headers={"If-Modified-Since": moment}, **params).json())

    assert since(f"{start - timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}") == ["One", "Two"]
    assert since(f"{start:%Y-%m-%dT%H:%M:%S}") == ["Two"]
    assert since(f"{later:%Y-%m-%dT%H:%M:%S}") == []
    assert since(f"{start:%a, %d %b %Y %H:%M:%S GMT}") == ["Two"]
    caller.act("archive_contact", contact="Two")
    assert since(f"{start:%Y-%m-%dT%H:%M:%S}") == []
    assert since(f"{start:%Y-%m-%dT%H:%M:%S}", includeArchived="true") == ["Two"]


def test_a_search_looks_into_names_number_and_email(caller: Caller) -> None:
    caller.contact("Acme", FirstName="Zoë", ContactNumber="C-9", CompanyNumber="77", EmailAddress="mail@x.example")
    caller.contact("Other")
    for term in ("acm", "zoË", "c-9", "77", "MAIL@"):
        assert _names(caller.get("Contacts", searchTerm=term)) == ["Acme"], term


def test_where_and_order_choose_and_sort(caller: Caller) -> None:
    _many(caller, 5)
    wanted = 'Name.Contains("customer") AND (EmailAddress=="c1@x.example" OR EmailAddress=="c3@x.example")'
    assert _names(caller.get("Contacts", where=wanted, order="Name DESC")) == ["Customer 003", "Customer 001"]
    contact_id = caller.get("Contacts", searchTerm="Customer 004")["Contacts"][0]["ContactID"]
    assert _names(caller.get("Contacts", where=f'ContactID==Guid("{contact_id}")')) == ["Customer 004"]
    assert _names(caller.get("Contacts", where="UpdatedDateUTC>=DateTime(2026,11,23)")) == []
    assert len(_names(caller.get("Contacts", where="UpdatedDateUTC>=DateTime(2026,11,22,0,59,59)"))) == 5


def test_a_quotation_mark_in_a_name_cannot_be_asked_for(caller: Caller) -> None:
    answer = caller.api("GET", "Contacts", where='Name=="The "Best" Ltd"')
    assert (answer.status_code, answer.json()["Type"], answer.json()["ErrorNumber"]) == (400, "QueryParseException", 16)


@pytest.mark.parametrize(
    ("expression", "fits"),
    [
        ("Total>100", True),
        ("Total>=115.00 && Total<116", True),
        ('Status!="DRAFT"', True),
        ('Reference==null || Reference==""', True),
        ("SentToContact==false", True),
        ("Date>=DateTime(2026, 11, 02) AND Date<DateTime(2026, 11, 03)", True),
        ('Contact.Name.StartsWith("ac")', True),
        ('Contact.Name.EndsWith("x")', False),
        ('Missing=="x"', False),
        ("Missing>5", False),
    ],
)
def test_where_understands(expression: str, fits: bool) -> None:
    from datetime import date
    from decimal import Decimal

    record = {
        "Total": Decimal("115.00"),
        "Status": "AUTHORISED",
        "Reference": "",
        "SentToContact": False,
        "Date": date(2026, 11, 2),
        "Contact": {"Name": "Acme"},
    }
    assert where.where(expression)(record) is fits


@pytest.mark.parametrize(
    "expression", ["Name", "Name==", "(Name==1", "Name~1", "Guid(1)==1", "A==DateTime(1,2)", "A==1 B"]
)
def test_where_refuses_what_it_cannot_read(expression: str) -> None:
    with pytest.raises(XeroError):
        where.where(expression)


def test_a_long_query_string_is_a_404(caller: Caller) -> None:
    ids = [caller.contact(f"C{n}")["ContactID"] for n in range(56)]
    assert len(caller.get("Contacts", IDs=",".join(ids[:50]))["Contacts"]) == 50
    assert caller.api("GET", "Contacts", IDs=",".join(ids)).status_code == 404


def test_whoever_forgets_to_ask_for_json_gets_xml(caller: Caller) -> None:
    caller.contact("A & B")
    answer = caller.api("GET", "Contacts", headers={"Accept": "*/*"})
    assert answer.headers["Content-Type"].startswith("text/xml")
    assert "<Contacts><Contact><Name>A &amp; B</Name>" in answer.text.replace("<Contacts><Contacts>", "<Contacts>")


def test_dates_come_in_microsoft_form_with_text_beside(caller: Caller) -> None:
    invoice = caller.invoice(caller.contact())
    assert (invoice["Date"], invoice["DateString"]) == ("/Date(1793577600000+0000)/", "2026-11-02T00:00:00")
    assert invoice["UpdatedDateUTC"] == "/Date(1795309200000+0000)/"
    assert invoice["UpdatedDateUTCString"] == "2026-11-22T01:00:00"
    assert caller.get("Contacts")["DateTimeUTC"] == "/Date(1795309200000)/"


def test_invoices_are_filtered_by_contact_number_and_status(caller: Caller) -> None:
    acme, bolt = caller.contact("Acme"), caller.contact("Bolt")
    first = caller.invoice(acme, Reference="roof")
    second = caller.invoice(bolt, Status="AUTHORISED")

    def numbers(**params: Any) -> list[str]:
        return [one["InvoiceNumber"] for one in caller.get("Invoices", **params)["Invoices"]]

    assert numbers(ContactIDs=acme["ContactID"]) == [first["InvoiceNumber"]]
    assert numbers(Statuses="AUTHORISED,PAID") == [second["InvoiceNumber"]]
    assert numbers(InvoiceNumbers=first["InvoiceNumber"]) == [first["InvoiceNumber"]]
    assert numbers(searchTerm="ROOF") == [first["InvoiceNumber"]]
    assert numbers(where='Contact.Name=="Bolt"') == [second["InvoiceNumber"]]
    caller.act("create_invoice", contact="Acme", fields={"LineItems": [line(1)]})
    assert len(numbers()) == 3
    assert len(numbers(createdByMyApp="true")) == 2
    assert caller.get("Invoices")["Invoices"][0]["LineItems"] == []
    assert caller.get("Invoices", page=1)["Invoices"][0]["LineItems"] != []


def test_settings_are_listed_and_filtered(caller: Caller) -> None:
    accounts = caller.get("Accounts", where='Type=="BANK" AND Status=="ACTIVE"')["Accounts"]
    assert [one["Code"] for one in accounts] == ["090", "091"]
    rates = {one["TaxType"]: one["EffectiveRate"] for one in caller.get("TaxRates")["TaxRates"]}
    assert (rates["OUTPUT2"], rates["TAX003"]) == (15.0, 9.1)
    assert caller.get("Items/DevD")["Items"][0]["SalesDetails"]["UnitPrice"] == 650.0
    assert caller.get("TrackingCategories")["TrackingCategories"][0]["Options"][0]["Name"] == "Eastside"
    assert caller.api("GET", "Items/nothing").status_code == 404
