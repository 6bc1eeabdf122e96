from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.xero.caller import Caller, draft

ARCHIVED = "matched an archived contact"


def _read(caller: Caller, key: str) -> dict[str, Any]:
    found: dict[str, Any] = caller.get(f"Contacts/{key}")["Contacts"][0]
    return found


def test_a_created_contact_is_read_back_by_id_and_by_number(caller: Caller) -> None:
    kept = caller.contact("  Freeman   Sporting Goods ", ContactNumber="C-1042", EmailAddress="a@freeman.example")
    assert kept["Name"] == "Freeman Sporting Goods"
    assert _read(caller, kept["ContactID"])["ContactNumber"] == "C-1042"
    assert _read(caller, "C-1042")["ContactID"] == kept["ContactID"]
    unknown = caller.api("GET", "Contacts/nobody")
    assert (unknown.status_code, unknown.headers["Content-Type"][:9]) == (404, "text/html")


def test_active_names_are_unique_without_case(caller: Caller) -> None:
    caller.contact("Acme")
    message = caller.refused("PUT", "Contacts", {"Name": " ACME "})
    assert "The contact name ACME is already assigned to another contact" in message


def test_an_archived_name_is_free(caller: Caller) -> None:
    first = caller.contact("Acme")
    caller.saved("POST", f"Contacts/{first['ContactID']}", {"ContactStatus": "ARCHIVED"})
    assert caller.contact("Acme")["ContactID"] != first["ContactID"]


def test_post_overwrites_whoever_has_the_number_or_else_the_name(caller: Caller) -> None:
    by_name = caller.contact("Acme")
    by_number = caller.contact("Bolt", ContactNumber="7")
    assert caller.saved("POST", "Contacts", {"Name": "acme", "FirstName": "A"})["ContactID"] == by_name["ContactID"]
    kept = caller.saved("POST", "Contacts", {"Name": "Bolt & Co", "ContactNumber": "7"})
    assert (kept["ContactID"], kept["Name"]) == (by_number["ContactID"], "Bolt & Co")
    by_id = caller.saved("POST", "Contacts", {"ContactID": by_name["ContactID"], "Name": "Acme 2"})
    assert (by_id["Name"], by_id["FirstName"]) == ("Acme 2", "A")


@pytest.mark.parametrize(
    ("fields", "fragment"),
    [
        pytest.param({"Name": ""}, "cannot be empty", id="no-name"),
        pytest.param({"Name": "a<b"}, "< or >", id="angle-bracket"),
        pytest.param({"Name": "n" * 256}, "longer than 255", id="long-name"),
        pytest.param({"ContactNumber": "n" * 51}, "longer than 50", id="long-number"),
        pytest.param({"EmailAddress": "jürgen@müller.example"}, "Email address must be valid.", id="umlaut"),
        pytest.param({"EmailAddress": "nobody"}, "Email address must be valid.", id="no-at"),
        pytest.param({"DefaultCurrency": "JPY"}, "not subscribed to currency JPY", id="currency"),
        pytest.param({"AccountsReceivableTaxType": "X1"}, "'X1' does not exist", id="tax-type"),
        pytest.param({"AccountNumber": "TAKEN"}, "The Account Number already exists", id="account-number"),
        pytest.param({"ContactNumber": "TAKEN"}, "Contact Number already exists", id="contact-number"),
        pytest.param({"ContactPersons": [{"FirstName": str(n)} for n in range(6)]}, "at most 5", id="six-persons"),
        pytest.param({"Addresses": [{"AddressType": "DELIVERY"}]}, "address type", id="address-type"),
        pytest.param({"Addresses": [{"AddressType": "STREET", "Country": "N2"}]}, "only contain letters", id="country"),
        pytest.param(
            {"Addresses": [{"AddressType": "POBOX", "PostalCode": "9" * 51}]}, "longer than 50", id="post-code"
        ),
        pytest.param({"Phones": [{"PhoneType": "CAR"}]}, "phone type", id="phone-type"),
        pytest.param({"Phones": [{"PhoneType": "FAX", "PhoneNumber": "1" * 51}]}, "longer than 50", id="phone"),
        pytest.param({"PaymentTerms": {"Sales": {"Day": 32, "Type": "OFCURRENTMONTH"}}}, "payment terms", id="day-32"),
        pytest.param({"PaymentTerms": {"Sales": {"Day": 3, "Type": "NET"}}}, "payment terms", id="terms-type"),
    ],
)
def test_a_contact_against_the_rules_is_refused(caller: Caller, fields: dict[str, Any], fragment: str) -> None:
    caller.contact("Other", AccountNumber="TAKEN", ContactNumber="TAKEN")
    assert fragment in caller.refused("PUT", "Contacts", {"Name": "Acme", **fields})


def test_what_is_left_out_keeps_its_value_and_empty_text_blanks(caller: Caller) -> None:
    contact = caller.contact(
        FirstName="Ann",
        LastName="Lee",
        Phones=[{"PhoneType": "DEFAULT", "PhoneNumber": "1"}, {"PhoneType": "MOBILE", "PhoneNumber": "2"}],
        Addresses=[{"AddressType": "STREET", "AddressLine1": "1 Road", "City": "Ayr"}],
    )
    caller.saved(
        "POST",
        f"Contacts/{contact['ContactID']}",
        {
            "FirstName": "",
            "Phones": [{"PhoneType": "DEFAULT", "PhoneNumber": ""}],
            "Addresses": [{"AddressType": "STREET", "City": "Oban"}, {"AddressType": "POBOX", "City": "Perth"}],
        },
    )
    kept = _read(caller, contact["ContactID"])
    assert "FirstName" not in kept
    assert kept["LastName"] == "Lee"
    assert {one["PhoneType"]: one["PhoneNumber"] for one in kept["Phones"]}["DEFAULT"] == ""
    assert {one["PhoneType"]: one["PhoneNumber"] for one in kept["Phones"]}["MOBILE"] == "2"
    street, box = kept["Addresses"]
    assert (street["AddressType"], street["AddressLine1"], street["City"]) == ("STREET", "1 Road", "Oban")
    assert (box["AddressType"], box["City"]) == ("POBOX", "Perth")


def test_a_list_of_persons_replaces_an_empty_one_changes_nothing_and_an_empty_person_clears(caller: Caller) -> None:
    ann, bob = ({"FirstName": name, "EmailAddress": f"{name}@x.example"} for name in ("ann", "bob"))
    path = f"Contacts/{caller.contact(EmailAddress='a@b.example', ContactPersons=[ann])['ContactID']}"
    for sent, left in (([bob], ["bob"]), ([], ["bob"]), ([ann, bob], ["ann", "bob"]), ([{}], [])):
        kept = caller.saved("POST", path, {"ContactPersons": sent})
        assert [person["FirstName"] for person in kept["ContactPersons"]] == left


def test_the_email_cannot_be_blanked_while_persons_exist(caller: Caller) -> None:
    contact = caller.contact(EmailAddress="a@b.example", ContactPersons=[{"FirstName": "Ann"}])
    path = f"Contacts/{contact['ContactID']}"
    assert "cannot be blank" in caller.refused("POST", path, {"EmailAddress": ""})
    assert caller.saved("POST", path, {"EmailAddress": "", "ContactPersons": [{}]})["EmailAddress"] == ""


def test_an_archived_contact_cannot_be_edited_restored_or_matched(caller: Caller) -> None:
    contact = caller.contact(ContactNumber="7")
    path = f"Contacts/{contact['ContactID']}"
    assert caller.saved("POST", path, {"ContactStatus": "ARCHIVED"})["ContactStatus"] == "ARCHIVED"
    assert ARCHIVED in caller.refused("POST", path, {"FirstName": "Ann"})
    assert ARCHIVED in caller.refused("POST", path, {"ContactStatus": "ACTIVE"})
    assert ARCHIVED in caller.refused("POST", "Contacts", {"Name": "New", "ContactNumber": "7"})
    assert ARCHIVED in caller.refused("PUT", "Contacts", {"Name": "New", "ContactNumber": "7"})


def test_read_only_fields_are_ignored(caller: Caller) -> None:
    kept = caller.contact(IsCustomer=True, Website="x.example", Balances={"AccountsReceivable": {"Outstanding": 5}})
    assert kept["IsCustomer"] is False
    assert "Website" not in kept
    assert "Balances" not in kept


def test_invoices_make_a_customer_without_moving_the_stamp(caller: Caller) -> None:
    contact = caller.contact()
    caller.sandbox.clock.advance(60)
    caller.invoice(contact, Status="AUTHORISED")
    kept = _read(caller, contact["ContactID"])
    assert kept["IsCustomer"] is True
    assert kept["Balances"]["AccountsReceivable"] == {"Outstanding": 115.0, "Overdue": 0.0}
    assert kept["UpdatedDateUTC"] == contact["UpdatedDateUTC"]


def test_a_batch_fails_as_a_whole_unless_errors_are_wanted_per_element(caller: Caller) -> None:
    caller.contact("Taken")
    batch = {"Contacts": [{"Name": "One"}, {"Name": "Taken"}, {"Name": "Two"}, {"Name": "two"}]}
    answer = caller.api("PUT", "Contacts", batch, summarizeErrors="false")
    assert answer.status_code == 200
    shown = answer.json()["Contacts"]
    assert [one["StatusAttributeString"] for one in shown] == ["OK", "ERROR", "OK", "ERROR"]
    assert shown[1]["ContactID"] == "00000000-0000-0000-0000-000000000000"
    assert shown[1]["HasValidationErrors"] is True
    assert "Taken is already assigned" in shown[1]["ValidationErrors"][0]["Message"]


@pytest.mark.parametrize("params", [{}, {"summarizeErrors": "true"}])
def test_one_bad_element_makes_the_whole_answer_a_400(caller: Caller, params: dict[str, Any]) -> None:
    caller.contact("Taken")
    answer = caller.api("PUT", "Contacts", {"Contacts": [{"Name": "One"}, {"Name": "Taken"}]}, **params)
    assert answer.status_code == 400
    assert (answer.json()["ErrorNumber"], len(answer.json()["Elements"])) == (10, 1)


def test_one_contact_is_updated_with_the_400_form_whatever_is_asked(caller: Caller) -> None:
    path = f"Contacts/{caller.contact()['ContactID']}"
    assert caller.api("POST", path, {"Name": "a<b"}, summarizeErrors="false").status_code == 400


@pytest.mark.parametrize(
    ("body", "number"),
    [
        pytest.param(b"{", 14, id="no-json"),
        pytest.param(b'{"Contacts":[]}', 17, id="nothing"),
        (b'["x"]', 14),
        (b'{"Phones":"5"}', 14),
    ],
)
def test_a_body_that_cannot_be_read_is_a_400(caller: Caller, body: bytes, number: int) -> None:
    import requests

    url = f"{caller.server.url}/api.xro/2.0/Contacts"
    answer = requests.put(url, data=body, headers=caller.headers, timeout=5)
    assert (answer.status_code, answer.json()["ErrorNumber"]) == (400, number)


def test_a_fault_refuses_chosen_elements_of_a_batch(caller: Caller) -> None:
    from sandbox.common.faults import FaultKind, FaultRule

    caller.sandbox.faults.add(FaultRule(kind=FaultKind.ELEMENTS, element='"Two"', message="not today"))
    batch = {"Contacts": [{"Name": "One"}, {"Name": "Two"}]}
    shown = caller.api("PUT", "Contacts", batch, summarizeErrors="false").json()["Contacts"]
    assert [one["StatusAttributeString"] for one in shown] == ["OK", "ERROR"]
    assert shown[1]["ValidationErrors"] == [{"Message": "not today"}]


def test_notes_are_kept_newest_first(caller: Caller) -> None:
    path = f"Contacts/{caller.contact()['ContactID']}/History"
    for text in ("one", "two"):
        caller.api("PUT", path, {"HistoryRecords": [{"Details": text}]})
    assert [one["Details"] for one in caller.get(path)["HistoryRecords"]] == ["two", "one"]
    assert caller.api("PUT", path, {"HistoryRecords": [{"Details": "x" * 2501}]}).status_code == 400


def test_groups_take_active_contacts_only(caller: Caller) -> None:
    group = caller.saved("PUT", "ContactGroups", {"Name": "VIP"})
    contact = caller.contact()
    path = f"ContactGroups/{group['ContactGroupID']}/Contacts"
    assert caller.api("PUT", path, {"Contacts": [{"ContactID": contact["ContactID"]}]}).status_code == 200
    assert _read(caller, contact["ContactID"])["ContactGroups"][0]["Name"] == "VIP"
    caller.act("archive_contact", contact="Acme")
    refused = caller.api("PUT", path, {"Contacts": [{"ContactID": contact["ContactID"]}]})
    assert "Unable to assign an Archived contact." in refused.text
    assert caller.api("DELETE", f"{path}/{contact['ContactID']}").status_code == 204
    assert caller.get(path.removesuffix("/Contacts"))["ContactGroups"][0]["Contacts"] == []


def test_a_contact_given_with_an_invoice_is_updated_and_loses_unlisted_persons(caller: Caller) -> None:
    contact = caller.contact(EmailAddress="a@b.example", ContactPersons=[{"FirstName": "Ann"}])
    only_id = draft(contact)
    caller.saved("PUT", "Invoices", only_id)
    assert _read(caller, contact["ContactID"])["ContactPersons"] != []
    more = draft(contact, Contact={"ContactID": contact["ContactID"], "FirstName": "Bob"})
    caller.saved("PUT", "Invoices", more)
    kept = _read(caller, contact["ContactID"])
    assert (kept["FirstName"], kept["ContactPersons"]) == ("Bob", [])
