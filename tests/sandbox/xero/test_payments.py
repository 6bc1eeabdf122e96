from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.xero.caller import Caller, Json, draft, line


@pytest.fixture
def invoice(caller: Caller) -> Json:
    return caller.invoice(caller.contact(), Status="AUTHORISED")


def _pay(invoice: Json, amount: Any, **fields: Any) -> Json:
    return {
        "Invoice": {"InvoiceID": invoice["InvoiceID"]},
        "Account": {"Code": "090"},
        "Date": "2026-11-10",
        "Amount": amount,
        **fields,
    }


def _read(caller: Caller, invoice: Json) -> Json:
    found: Json = caller.get(f"Invoices/{invoice['InvoiceID']}")["Invoices"][0]
    return found


def test_payments_close_an_invoice_and_their_deletion_opens_it_again(caller: Caller, invoice: Json) -> None:
    caller.saved("PUT", "Payments", _pay(invoice, 15))
    part = _read(caller, invoice)
    assert (part["Status"], part["AmountPaid"], part["AmountDue"]) == ("AUTHORISED", 15.0, 100.0)
    last = caller.saved("PUT", "Payments", _pay(invoice, 100, Date="2026-11-12", Reference="wire"))
    paid = _read(caller, invoice)
    assert (paid["Status"], paid["AmountDue"], paid["FullyPaidOnDate"]) == ("PAID", 0.0, "/Date(1794441600000+0000)/")
    assert [one["Amount"] for one in paid["Payments"]] == [15.0, 100.0]
    gone = caller.saved("POST", f"Payments/{last['PaymentID']}", {"Status": "DELETED"})
    assert gone["Status"] == "DELETED"
    again = _read(caller, invoice)
    assert (again["Status"], again["AmountDue"]) == ("AUTHORISED", 100.0)
    assert "FullyPaidOnDate" not in again


@pytest.mark.parametrize(
    ("fields", "fragment"),
    [
        pytest.param({"Amount": 115.01}, "exceeds the amount outstanding on this document", id="too-much"),
        pytest.param({"Amount": 0}, "greater than zero", id="nothing"),
        pytest.param({"Amount": "much"}, "must be a number", id="no-number"),
        pytest.param({"Account": {"Code": "200"}}, "not valid for payments", id="sales-account"),
        pytest.param({"Account": None}, "not valid for payments", id="no-account"),
        pytest.param({"Invoice": {"InvoiceID": "x"}}, "could not be found", id="unknown-invoice"),
        pytest.param({"Date": "soon"}, "not a valid date", id="date"),
    ],
)
def test_a_payment_against_the_rules_is_refused(caller: Caller, invoice: Json, fields: Json, fragment: str) -> None:
    assert fragment in caller.refused("PUT", "Payments", {**_pay(invoice, 10), **fields})


def test_only_approved_documents_take_payments(caller: Caller, invoice: Json) -> None:
    open_draft = caller.invoice({"ContactID": invoice["Contact"]["ContactID"]})
    assert "only be made against Authorised" in caller.refused("PUT", "Payments", _pay(open_draft, 10))


def test_an_account_enabled_for_payments_serves_too_and_a_number_names_the_invoice(
    caller: Caller, invoice: Json
) -> None:
    fields = {"Invoice": {"InvoiceNumber": invoice["InvoiceNumber"]}, "Account": {"Code": "880"}, "Amount": 5}
    payment = caller.saved("POST", "Payments", fields)
    assert (payment["Account"]["Code"], payment["Invoice"]["InvoiceID"]) == ("880", invoice["InvoiceID"])
    assert payment["PaymentType"] == "ACCRECPAYMENT"


def test_a_payment_is_deleted_once_and_never_edited(caller: Caller, invoice: Json) -> None:
    payment = caller.saved("PUT", "Payments", _pay(invoice, 10))
    path = f"Payments/{payment['PaymentID']}"
    assert "only be deleted" in caller.refused("POST", path, {"Amount": 20})
    caller.saved("POST", path, {"Status": "DELETED"})
    assert "already been deleted" in caller.refused("POST", path, {"Status": "DELETED"})
    reconciled = caller.act("pay_invoice", invoice=invoice["InvoiceNumber"], reconciled=True)
    assert "reconciled" in caller.refused("POST", f"Payments/{reconciled['PaymentID']}", {"Status": "DELETED"})


def test_payments_are_found_by_when_they_changed(caller: Caller, invoice: Json) -> None:
    first = caller.saved("PUT", "Payments", _pay(invoice, 10))
    caller.saved("PUT", "Payments", _pay(invoice, 20))
    caller.sandbox.clock.advance(10)
    caller.saved("POST", f"Payments/{first['PaymentID']}", {"Status": "DELETED"})
    since = {"If-Modified-Since": "2026-11-22T01:00:05"}
    changed = caller.api("GET", "Payments", headers=since, page=1).json()["Payments"]
    assert [(one["PaymentID"], one["Status"]) for one in changed] == [(first["PaymentID"], "DELETED")]
    invoices = caller.api("GET", "Invoices", headers=since).json()["Invoices"]
    assert [one["InvoiceID"] for one in invoices] == [invoice["InvoiceID"]]


def test_a_credit_note_pays_an_invoice_by_allocation(caller: Caller, invoice: Json) -> None:
    contact = {"ContactID": invoice["Contact"]["ContactID"]}
    note = caller.saved(
        "PUT", "CreditNotes", draft(contact, Type="ACCRECCREDIT", Status="AUTHORISED", LineItems=[line(20)])
    )
    assert (note["CreditNoteNumber"], note["RemainingCredit"]) == ("CN-0001", 23.0)
    path = f"CreditNotes/{note['CreditNoteID']}/Allocations"
    wanted = {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": 23, "Date": "2026-11-12"}
    allocation = caller.api("PUT", path, {"Allocations": [wanted]}).json()["Allocations"][0]
    credited = _read(caller, invoice)
    assert (credited["AmountCredited"], credited["AmountDue"]) == (23.0, 92.0)
    assert credited["CreditNotes"][0]["CreditNoteNumber"] == "CN-0001"
    assert caller.get(f"CreditNotes/{note['CreditNoteID']}")["CreditNotes"][0]["Status"] == "PAID"
    released = caller.api("DELETE", f"{path}/{allocation['AllocationID']}")
    assert (released.status_code, released.json()["IsDeleted"]) == (200, True)
    assert _read(caller, invoice)["AmountDue"] == 115.0


def test_an_allocation_is_no_larger_than_credit_and_debt(caller: Caller, invoice: Json) -> None:
    contact = {"ContactID": invoice["Contact"]["ContactID"]}
    note = caller.saved("PUT", "CreditNotes", draft(contact, Type="ACCRECCREDIT", Status="AUTHORISED"))
    path = f"CreditNotes/{note['CreditNoteID']}/Allocations"
    wanted = {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": 115.01}
    assert "exceeds" in caller.api("PUT", path, {"Allocations": [wanted]}).text
    refund = {"CreditNote": {"CreditNoteID": note["CreditNoteID"]}, "Account": {"Code": "090"}, "Amount": 115}
    assert caller.saved("PUT", "Payments", refund)["PaymentType"] == "ARCREDITPAYMENT"
    assert caller.get(f"CreditNotes/{note['CreditNoteID']}")["CreditNotes"][0]["RemainingCredit"] == 0.0
