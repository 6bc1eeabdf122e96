"""Customers, individuals and jobs as Xero contacts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from service.core.errors import MappingError
from service.core.intent import Operation
from service.core.model import Address, Customer, CustomerKind, SendTo
from service.core.ports import EntityKind, Family, Ref, RemoteRecord
from service.mapping.xero import DEMANDS, MAPPERS
from service.mapping.xero.value import length
from tests.mapping.xero.builders import (
    CONTACT_ID,
    REFERENCE,
    context,
    customer,
    job,
    person,
)

MAPPER = MAPPERS[EntityKind.CUSTOMER]
REF = Ref(kind=EntityKind.CUSTOMER, id="c1")
LONDON = Address(line1="1 High Street", city="London", postal_code="E1 6AN", country="GB")


def _fields(record: Customer, **extra: Any) -> Any:
    return MAPPER.project(record, context(record, **extra)).snapshot.fields


def _losses(record: Customer) -> dict[str, str]:
    return {loss.field: loss.reason for loss in MAPPER.project(record, context(record)).losses}


def _created(record: Customer, **extra: Any) -> Any:
    known = context(record, **extra)
    snapshot = MAPPER.project(record, known).snapshot
    return MAPPER.body(Operation.CREATE, snapshot, changed=frozenset(snapshot.fields), theirs=None, context=known)


def _remote(**payload: Any) -> RemoteRecord:
    return RemoteRecord(
        family=Family.CUSTOMER, remote_id=CONTACT_ID, version="v", active=True, payload={"Name": "Acme", **payload}
    )


def _updated(record: Customer, theirs: RemoteRecord, *changed: str) -> Any:
    known = context(record)
    snapshot = MAPPER.project(record, known).snapshot
    return MAPPER.body(Operation.UPDATE, snapshot, changed=frozenset(changed), theirs=theirs, context=known)


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_a_company_becomes_a_contact_with_its_primary_contact_as_the_first_person() -> None:
    acme = customer(
        number="C-1042",
        email="Billing@Acme.example",
        phone="020 7946 0000",
        vat_number="GB123456789",
        tax_level_id="vat",
        payment_terms="net30",
        currency="EUR",
        billing_address=LONDON,
        contacts=(
            person("p1", first_name="James", last_name="Smith", primary=True, email="billing@acme.example"),
            person("p2", first_name="Ann", last_name="Lee", email="ann@acme.example", invoice_email=SendTo.TO),
        ),
    )
    assert _created(acme, references={REF: "tieout-c1"}) == {
        "Name": "Acme",
        "FirstName": "James",
        "LastName": "Smith",
        "EmailAddress": "billing@acme.example",
        "TaxNumber": "GB123456789",
        "AccountNumber": "C-1042",
        "ContactNumber": "tieout-c1",
        "DefaultCurrency": "EUR",
        "AccountsReceivableTaxType": "OUTPUT2",
        "ContactPersons": [
            {"FirstName": "Ann", "LastName": "Lee", "EmailAddress": "ann@acme.example", "IncludeInEmails": True}
        ],
        "Addresses": [
            {
                "AddressType": "POBOX", "AddressLine1": "1 High Street", "AddressLine2": "", "AddressLine3": "",
                "AddressLine4": "", "City": "London", "Region": "", "PostalCode": "E1 6AN", "Country": "United Kingdom",
            }
        ],
        "Phones": [
            {"PhoneType": "DEFAULT", "PhoneNumber": "020 7946 0000", "PhoneAreaCode": "", "PhoneCountryCode": ""}
        ],
        "PaymentTerms": {"Sales": {"Day": 30, "Type": "DAYSAFTERBILLDATE"}},
    }  # fmt: skip


def test_a_contact_with_little_is_sent_with_little() -> None:
    assert _created(customer()) == {"Name": "Acme"}


def test_an_individual_goes_under_its_own_name() -> None:
    jo = customer(kind=CustomerKind.INDIVIDUAL, name="Jo Lee", first_name="Jo", last_name="Lee", email="jo@x.example")
    assert _created(jo) == {
        "Name": "Jo Lee", "FirstName": "Jo", "LastName": "Lee", "EmailAddress": "jo@x.example"
    }  # fmt: skip


def test_a_job_takes_from_its_client_what_xero_passes_on_to_nobody() -> None:
    acme = customer(
        email="billing@acme.example", billing_address=LONDON, tax_level_id="vat", payment_terms="eom", currency="EUR",
        phone="020 7946 0000",
    )  # fmt: skip
    roof = job("Roof", acme)
    known = context(acme, roof)
    fields = MAPPER.project(roof, known).snapshot.fields
    assert fields["name"] == "Acme:Roof"
    assert (fields["email"], fields["tax_level"], fields["payment_terms"], fields["currency"]) == (
        "billing@acme.example", "OUTPUT2", "eom", "EUR",
    )  # fmt: skip
    assert fields["billing_address"] == ("1 High Street", None, "London", None, "E1 6AN", "GB")
    assert (fields["phone"], fields["shipping_address"], fields["people"]) == (None, None, ())
    own = structs.replace(roof, email="site@acme.example", tax_level_id="zero")
    assert MAPPER.project(own, known).snapshot.get("email") == "site@acme.example"
    assert MAPPER.project(own, known).snapshot.get("tax_level") == "ZERORATEDOUTPUT"


def test_the_name_that_the_naming_rule_chose_is_used_and_told() -> None:
    acme = customer()
    chosen = MAPPER.project(acme, context(acme, names={REF: "Acme (2)"}))
    assert chosen.snapshot.get("name") == "Acme (2)"
    assert [loss.reason for loss in chosen.losses if loss.field == "name"] == ["It is called Acme (2) in Xero."]


@pytest.mark.parametrize(("name", "there"), [("A <b> c", "A b c"), ("x" * 300, None), ("Ltd  &  Co ", "Ltd & Co")])
def test_a_name_fits_xero(name: str, there: str | None) -> None:
    shown = str(_fields(customer(name=name))["name"])
    assert there in {shown, None}
    assert length(shown) <= 255


def test_a_customer_without_a_name_is_not_sent() -> None:
    with pytest.raises(MappingError) as caught:
        MAPPER.project(customer(name=" "), context())
    assert (caught.value.field, caught.value.missing) == ("name", None)


def test_a_tax_level_without_a_choice_names_what_is_missing() -> None:
    with pytest.raises(MappingError) as caught:
        MAPPER.project(customer(tax_level_id="gone"), context())
    assert caught.value.missing == "taxes:gone"
    assert "Reverse charge" in caught.value.reason
    assert DEMANDS.cover(caught.value.missing)


def test_a_currency_the_organisation_lacks_is_left_out_and_told() -> None:
    yen = customer(currency="JPY")
    assert "currency" not in _fields(yen)
    assert "JPY" in _losses(yen)["currency"]


def test_the_base_currency_is_not_sent_but_compared() -> None:
    assert _fields(customer())["currency"] == "GBP"
    assert "DefaultCurrency" not in _created(customer(currency="GBP"))


@pytest.mark.parametrize("terms", ["net45", "cash on delivery"])
def test_terms_that_xero_lacks_are_left_out_and_told(terms: str) -> None:
    assert "payment_terms" not in _fields(customer(payment_terms=terms))
    assert terms in _losses(customer(payment_terms=terms))["payment_terms"]


@pytest.mark.parametrize(
    ("record", "field"),
    [
        (customer(website="https://acme.example"), "website"),
        (customer(ean_number="579"), "ean_number"),
        (customer(other_emails=("b@acme.example",)), "email"),
        (customer(email="a@acme.example", invoice_email=SendTo.CC), "email"),
        (customer(email="jörg@acme.example"), "email"),
        (customer(number="9" * 51), "number"),
        (customer(vat_number="9" * 51), "vat_number"),
        (customer(first_name="x" * 256), "first_name"),
        (customer(billing_address=Address(line1="x" * 501)), "billing_address"),
        (customer(shipping_address=Address(country="Land 7")), "shipping_address"),
        (customer(phone="call " * 20), "phone"),
        (customer(contacts=(person(phone="1"),)), "people"),
    ],
)
def test_what_xero_cannot_hold_is_told(record: Customer, field: str) -> None:
    assert field in _losses(record)


def test_a_plain_customer_loses_nothing() -> None:
    plain = customer(
        email="a@acme.example", phone="020 7946 0000", billing_address=LONDON, payment_terms="net30", number="1",
        contacts=(person(first_name="A", email="a@acme.example", primary=True),),
    )  # fmt: skip
    assert _losses(plain) == {}


# --- people -----------------------------------------------------------------------------------------------------------


def test_the_sixth_person_is_left_out_by_name_and_never_one_who_gets_invoices() -> None:
    quiet = tuple(person(f"q{n}", first_name=f"Quiet{n}", email=f"q{n}@x.example") for n in range(5))
    payer = person("p9", first_name="Payer", email="payer@x.example", invoice_email=SendTo.TO)
    record = customer(email="a@x.example", contacts=(person(primary=True, first_name="A"), *quiet, payer))
    people = _fields(record)["people"]
    assert len(people) == 5
    assert ("Payer", None, "payer@x.example", True) in people
    assert "Quiet4" in _losses(record)["people"]


def test_further_addresses_that_get_invoices_are_further_people() -> None:
    ann = person("p2", first_name="Ann", email="ann@x.example", other_emails=("Books@x.example", "ann@x.example"))
    record = customer(email="a@x.example", contacts=(person(primary=True), ann))
    assert _fields(record)["people"] == (("Ann", None, "ann@x.example", False),)
    assert "further ones" in _losses(record)["people"]
    told = structs.replace(ann, other_emails_invoice=SendTo.TO)
    assert _fields(structs.replace(record, contacts=(person(primary=True), told)))["people"] == (
        ("Ann", None, "ann@x.example", False),
        ("Ann", None, "books@x.example", True),
    )


def test_a_copy_is_told_to_be_an_original_in_xero() -> None:
    ann = person("p2", first_name="Ann", email="ann@x.example", invoice_email=SendTo.CC)
    record = customer(email="a@x.example", contacts=(person(primary=True), ann))
    assert _fields(record)["people"] == (("Ann", None, "ann@x.example", True),)
    assert "Cc" in _losses(record)["people"]


def test_a_primary_contact_whose_address_is_not_the_companys_is_also_listed() -> None:
    james = person(first_name="James", email="james@x.example", primary=True)
    assert _fields(customer(email="a@x.example", contacts=(james,)))["people"] == (
        ("James", None, "james@x.example", False),
    )
    assert _fields(customer(contacts=(james,)))["people"] == ()


def test_people_without_a_first_address_are_told_to_be_left_out() -> None:
    record = customer(contacts=(person(first_name="A", primary=True), person("p2", first_name="B")))
    assert _fields(record)["people"] == ()
    assert "first one" in _losses(record)["people"]


# --- updates ----------------------------------------------------------------------------------------------------------


def test_an_update_sends_only_what_changed() -> None:
    record = customer(email="new@acme.example", phone="020 7946 0000", number="1")
    assert _updated(record, _remote(), "email") == {"EmailAddress": "new@acme.example"}


def test_a_blank_is_sent_as_an_empty_text() -> None:
    assert _updated(customer(), _remote(), "email", "vat_number") == {"EmailAddress": "", "TaxNumber": ""}


def test_people_are_cleared_with_one_empty_person() -> None:
    assert _updated(customer(), _remote(), "people") == {"ContactPersons": [{}]}


def test_nested_parts_go_whole_and_what_we_did_not_change_goes_back_as_it_is() -> None:
    theirs = _remote(
        Addresses=[
            {"AddressType": "POBOX", "AddressLine1": "Old", "AttentionTo": "Accounts"},
            {"AddressType": "STREET", "AddressLine1": "Dock 4", "City": "Hull", "Region": ""},
            {"AddressType": "DELIVERY", "AddressLine1": "Odd"},
        ],
        Phones=[
            {"PhoneType": "DEFAULT", "PhoneNumber": "1"},
            {"PhoneType": "DDI", "PhoneNumber": "946 0001", "PhoneAreaCode": "020", "PhoneCountryCode": ""},
            {"PhoneType": "FAX", "PhoneNumber": "", "PhoneAreaCode": "", "PhoneCountryCode": ""},
        ],
    )
    sent = _updated(customer(billing_address=LONDON), theirs, "billing_address", "phone")
    assert [entry["AddressType"] for entry in sent["Addresses"]] == ["POBOX", "STREET"]
    assert sent["Addresses"][0]["AttentionTo"] == "Accounts"
    assert sent["Addresses"][1] == {"AddressType": "STREET", "AddressLine1": "Dock 4", "City": "Hull"}
    assert sent["Phones"] == [
        {"PhoneType": "DEFAULT", "PhoneNumber": "", "PhoneAreaCode": "", "PhoneCountryCode": ""},
        {"PhoneType": "DDI", "PhoneNumber": "946 0001", "PhoneAreaCode": "020"},
    ]


def test_archiving_sends_the_status_alone_and_restoring_is_a_persons_job() -> None:
    record = customer(archived=True)
    known = context(record)
    snapshot = MAPPER.project(record, known).snapshot
    assert snapshot.active is False

    def body(operation: Operation) -> Any:
        return MAPPER.body(operation, snapshot, changed=frozenset(), theirs=_remote(), context=known)

    assert body(Operation.ARCHIVE) == {"ContactStatus": "ARCHIVED"}
    for operation in (Operation.RESTORE, Operation.DELETE, Operation.VOID):
        with pytest.raises(MappingError):
            body(operation)


# --- what is read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "field", "value"),
    [
        ({"EmailAddress": " Ann@X.example "}, "email", "ann@x.example"),
        ({"EmailAddress": ""}, "email", None),
        ({"EmailAddress": None}, "email", None),
        ({"FirstName": "  Ann   Lee "}, "first_name", "Ann Lee"),
        ({"DefaultCurrency": ""}, "currency", "GBP"),
        ({"DefaultCurrency": "EUR"}, "currency", "EUR"),
        ({"PaymentTerms": {"Sales": {"Day": 30, "Type": "DAYSAFTERBILLDATE"}}}, "payment_terms", "net30"),
        ({"PaymentTerms": {"Bills": {"Day": 30, "Type": "DAYSAFTERBILLDATE"}}}, "payment_terms", None),
        ({"PaymentTerms": None}, "payment_terms", None),
        ({"Phones": None, "Addresses": "odd"}, "phone", None),
        ({"Phones": [{"PhoneType": "DEFAULT", "PhoneNumber": "7946 0000", "PhoneAreaCode": "020"}]}, "phone",
         "+442079460000"),
        ({"Phones": [{"PhoneType": "MOBILE", "PhoneNumber": "123 4567", "PhoneAreaCode": "09",
                      "PhoneCountryCode": "64"}]}, "mobile", "+6491234567"),
        ({"Phones": [{"PhoneType": "FAX", "PhoneNumber": "", "PhoneAreaCode": "020"}]}, "fax", None),
        ({"Addresses": [{"AddressType": "POBOX", "AddressLine1": "A", "AddressLine2": "B", "AddressLine4": "D",
                         "Country": "UK"}]}, "billing_address", ("A", "B, D", None, None, None, "GB")),
        ({"Addresses": [{"AddressType": "POBOX", "City": "", "Country": ""}]}, "billing_address", None),
        ({"Addresses": [{"AddressType": "STREET", "City": "Hull"}, {"AddressType": "POBOX"}]}, "shipping_address",
         (None, None, "Hull", None, None, None)),
        ({"ContactPersons": [{}, {"FirstName": "B"}, {"FirstName": "A", "IncludeInEmails": True}]}, "people",
         (("A", None, None, True), ("B", None, None, False))),
        ({"ContactPersons": None}, "people", ()),
        ({"ContactNumber": "tieout-c1"}, "reference", "tieout-c1"),
        ({"TaxNumberType": "TAXNUMBERTYPE/SSN", "TaxNumber": "1"}, "vat_number", "1"),
    ],
)  # fmt: skip
def test_what_xero_shows_is_read_whatever_its_form(payload: dict[str, Any], field: str, value: Any) -> None:
    assert MAPPER.read(_remote(**payload), context()).fields[field] == value


def test_people_that_the_answer_does_not_tell_are_not_compared() -> None:
    assert not MAPPER.read(_remote(), context()).holds("people")


def test_an_archived_contact_reads_as_inactive() -> None:
    assert MAPPER.read(structs.replace(_remote(), active=False), context()).active is False


def test_the_link_pins_the_organisation() -> None:
    assert MAPPER.url("abc", REFERENCE.company) == (
        "https://go.xero.com/organisationlogin/default.aspx?shortcode=%21x9Yz&redirecturl=/Contacts/View/abc"
    )
    assert MAPPER.url("abc", replace(REFERENCE.company, short_code=None)) == "https://go.xero.com/Contacts/View/abc"
