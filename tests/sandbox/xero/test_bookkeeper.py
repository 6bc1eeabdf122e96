from __future__ import annotations

from typing import Any

import pytest
import requests

from sandbox.common.sandbox import ActionError
from tests.sandbox.xero.caller import Caller, Json, line


def _read(caller: Caller, contact: Json) -> Json:
    found: Json = caller.get(f"Contacts/{contact['ContactID']}")["Contacts"][0]
    return found


def test_a_bookkeeper_edits_renames_archives_and_restores(caller: Caller) -> None:
    contact = caller.act("create_contact", fields={"Name": "Acme"})
    caller.act("edit_contact", contact="acme", fields={"EmailAddress": "a@b.example"})
    caller.act("rename_contact", contact=contact["ContactID"], name="Acme Ltd")
    assert (_read(caller, contact)["Name"], _read(caller, contact)["EmailAddress"]) == ("Acme Ltd", "a@b.example")
    caller.act("archive_contact", contact="Acme Ltd")
    assert _read(caller, contact)["ContactStatus"] == "ARCHIVED"
    caller.act("restore_contact", contact=contact["ContactID"])
    assert _read(caller, contact)["ContactStatus"] == "ACTIVE"


def test_a_name_that_was_taken_meanwhile_cannot_be_restored(caller: Caller) -> None:
    old = caller.contact("Acme")
    caller.act("archive_contact", contact="Acme")
    caller.contact("Acme")
    with pytest.raises(ActionError, match="an active contact has the name Acme"):
        caller.act("restore_contact", contact=old["ContactID"])


def test_a_merge_archives_the_loser_moves_its_documents_and_points_to_the_winner(caller: Caller) -> None:
    loser, winner = caller.contact("Acme Ltd"), caller.contact("Acme")
    invoice = caller.invoice(loser, Status="AUTHORISED")
    caller.act("merge_contacts", contact="Acme Ltd", into="Acme")
    gone = _read(caller, loser)
    assert (gone["ContactStatus"], gone["MergedToContactID"]) == ("ARCHIVED", winner["ContactID"])
    light = caller.get("Contacts", includeArchived="true")["Contacts"]
    assert all("MergedToContactID" not in one for one in light)
    moved = caller.get(f"Invoices/{invoice['InvoiceID']}")["Invoices"][0]
    assert moved["Contact"]["Name"] == "Acme"
    assert _read(caller, winner)["Balances"]["AccountsReceivable"]["Outstanding"] == 115.0
    caller.saved("POST", f"Invoices/{invoice['InvoiceID']}", {"Status": "VOIDED"})
    assert "Balances" not in _read(caller, winner)


def test_a_bookkeeper_writes_approves_pays_credits_and_voids_invoices(caller: Caller) -> None:
    caller.contact("Acme")
    fields = {"LineItems": [line(100)], "DueDate": "2026-12-01"}
    number = caller.act("create_invoice", contact="Acme", fields=fields)["InvoiceNumber"]
    assert caller.act("approve_invoice", invoice=number)["Status"] == "AUTHORISED"
    caller.act("credit_invoice", invoice=number, amount="15.00")
    payment = caller.act("pay_invoice", invoice=number)
    paid = caller.get(f"Invoices/{number}")["Invoices"][0]
    assert (payment["Amount"], paid["Status"], paid["AmountCredited"]) == (100.0, "PAID", 15.0)
    caller.act("delete_payment", payment=payment["PaymentID"])
    with pytest.raises(ActionError, match="has a payment or credit note"):
        caller.act("void_invoice", invoice=number)
    other = caller.act("create_invoice", contact="Acme", fields=fields)["InvoiceNumber"]
    assert caller.act("edit_invoice", invoice=other, fields={"Reference": "r"})["Reference"] == "r"
    assert caller.act("delete_invoice", invoice=other)["Status"] == "DELETED"


@pytest.mark.parametrize(
    ("action", "arguments", "reason"),
    [
        ("fly", {}, "no action 'fly'"),
        ("rename_contact", {"name": "x"}, "needs 'contact'"),
        ("rename_contact", {"contact": "nobody", "name": "x"}, "no such record"),
        ("archive_contact", {"organisation": "nowhere"}, "no organisation 'nowhere'"),
    ],
)
def test_an_action_that_cannot_be_done_says_why(caller: Caller, action: str, arguments: Json, reason: str) -> None:
    answer = requests.post(f"{caller.server.url}/_sandbox/bookkeeper", json={"action": action, **arguments}, timeout=5)
    assert answer.status_code == 400
    assert reason in answer.json()["error"]


def test_settings_of_the_organisation_can_change(caller: Caller) -> None:
    caller.act("rename_organisation", name="New Name Ltd")
    caller.act("add_currency", code="DKK")
    assert caller.connections()[0]["tenantName"] == "New Name Ltd"
    assert caller.contact(DefaultCurrency="DKK")["DefaultCurrency"] == "DKK"


def test_the_demo_books_are_the_same_each_time_and_end_today(xero: Any) -> None:
    first, second = xero(books=("demo",)), xero(books=("demo",))
    assert first.sandbox.dump() == second.sandbox.dump()
    org = first.sandbox.organisation()
    names = {contact["Name"] for contact in org.contacts.values()}
    assert {"Ridgeway University", "Basket Case", "City Limousines", "Rex Media Group", "Bayside Club"} <= names
    statuses = {invoice["Status"] for invoice in org.invoices.values()}
    assert statuses == {"DRAFT", "SUBMITTED", "AUTHORISED", "PAID"}
    days = [invoice["Date"] for invoice in org.invoices.values()]
    assert max(days) <= org.today
    assert (org.today - min(days)).days == 360
    caller = first.sign_in()
    quiet = caller.api("GET", "Contacts", headers={"If-Modified-Since": "2026-11-21T00:00:00"}).json()
    assert quiet["Contacts"] == []


def test_reset_brings_back_the_first_books_without_any_token(caller: Caller) -> None:
    caller.contact()
    requests.post(f"{caller.server.url}/_sandbox/reset", json={}, timeout=5)
    state = requests.get(f"{caller.server.url}/_sandbox/state", timeout=5).json()
    assert [(one["contacts"], one["connected"]) for one in state["organisations"]] == [(0, False)]
    assert caller.api("GET", "Organisation").status_code == 401


def test_an_archived_account_takes_no_line(caller: Caller) -> None:
    contact = caller.contact("Acme")
    caller.act("archive_account", code="260")
    accounts = {one["Code"]: one["Status"] for one in caller.get("Accounts")["Accounts"]}
    assert (accounts["260"], accounts["200"]) == ("ARCHIVED", "ACTIVE")
    with pytest.raises(Exception, match="Account code '260' is not a valid code"):
        caller.invoice(contact, LineItems=[line("100", AccountCode="260")])
