from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.xero.caller import Caller, Json, draft, line

NOT_MODIFIABLE = "Invoice not of valid status for modification"


@pytest.fixture
def acme(caller: Caller) -> Json:
    return caller.contact("Acme", EmailAddress="pay@acme.example")


def _change(caller: Caller, invoice: Json, **fields: Any) -> Json:
    return caller.saved("POST", f"Invoices/{invoice['InvoiceID']}", fields)


def _refused(caller: Caller, invoice: Json, **fields: Any) -> str:
    return caller.refused("POST", f"Invoices/{invoice['InvoiceID']}", fields)


def test_an_invoice_is_numbered_and_totalled_by_the_server(caller: Caller, acme: Json) -> None:
    first, second = caller.invoice(acme), caller.invoice(acme, InvoiceNumber="A-7")
    assert (first["InvoiceNumber"], second["InvoiceNumber"]) == ("INV-0001", "A-7")
    assert (first["SubTotal"], first["TotalTax"], first["Total"], first["AmountDue"]) == (100.0, 15.0, 115.0, 115.0)
    assert (first["Status"], first["CurrencyCode"], first["Contact"]["Name"]) == ("DRAFT", "NZD", "Acme")
    assert first["LineItems"][0]["TaxType"] == "OUTPUT2"


@pytest.mark.parametrize(
    ("types", "amounts", "subtotal", "tax", "total"),
    [
        pytest.param("Exclusive", ["25.06", "25.61", "25.63"], 76.30, 11.44, 87.74, id="rounded-per-line"),
        pytest.param("Inclusive", ["115.00", "0.10"], 100.09, 15.01, 115.10, id="inclusive"),
        pytest.param("NoTax", ["10.00"], 10.00, 0.0, 10.00, id="no-tax"),
    ],
)
def test_tax_is_rounded_per_line_then_summed(
    caller: Caller, acme: Json, types: str, amounts: list[str], subtotal: float, tax: float, total: float
) -> None:
    invoice = caller.invoice(acme, LineAmountTypes=types, LineItems=[line(float(amount)) for amount in amounts])
    assert (invoice["SubTotal"], invoice["TotalTax"], invoice["Total"]) == (subtotal, tax, total)


@pytest.mark.parametrize(
    ("fields", "amount", "discount"),
    [
        ({"Quantity": 3, "UnitAmount": 33.33}, 99.99, None),
        ({"Quantity": 1.5, "UnitAmount": 10, "DiscountRate": 10}, 13.5, 1.5),
        ({"Quantity": 2, "UnitAmount": 10, "DiscountAmount": 3}, 17.0, 3.0),
        ({"Quantity": 2, "UnitAmount": 10.005}, 20.02, None),
        ({"LineAmount": 50, "Quantity": 4, "UnitAmount": None}, 50.0, None),
    ],
)
def test_a_line_amount_follows_from_quantity_price_and_discount(
    caller: Caller, acme: Json, fields: Json, amount: float, discount: float | None
) -> None:
    invoice = caller.invoice(acme, LineItems=[line(0, **fields)])
    assert (invoice["LineItems"][0]["LineAmount"], invoice.get("TotalDiscount")) == (amount, discount)


def test_four_decimal_places_are_kept_only_when_asked_for(caller: Caller, acme: Json) -> None:
    body = {"Invoices": [draft(acme, LineItems=[line(1.2345, Quantity=1000)])]}
    assert caller.api("PUT", "Invoices", body).json()["Invoices"][0]["SubTotal"] == 1230.0
    kept = caller.api("PUT", "Invoices", body, unitdp="4").json()["Invoices"][0]
    assert (kept["SubTotal"], kept["LineItems"][0]["UnitAmount"]) == (1234.5, 1.2345)
    again = _change(caller, kept, Status="AUTHORISED")
    assert (again["SubTotal"], again["LineItems"][0]["UnitAmount"]) == (1234.5, 1.23)


def test_an_item_fills_in_what_the_line_leaves_out(caller: Caller, acme: Json) -> None:
    invoice = caller.invoice(acme, LineItems=[{"ItemCode": "DevH", "Quantity": 2}])
    (kept,) = invoice["LineItems"]
    assert (kept["UnitAmount"], kept["AccountCode"], kept["LineAmount"]) == (110.0, "200", 220.0)
    assert kept["Description"].startswith("Development work")


@pytest.mark.parametrize(
    ("default", "on_line", "expected"),
    [
        pytest.param(None, None, "OUTPUT2", id="account"),
        pytest.param("TAX001", None, "TAX001", id="contact-before-account"),
        pytest.param("TAX001", "TAX002", "TAX002", id="line-before-contact"),
    ],
)
def test_the_tax_type_comes_from_the_line_then_the_contact_then_the_account(
    caller: Caller, default: str | None, on_line: str | None, expected: str
) -> None:
    contact = caller.contact("Taxed", **({"AccountsReceivableTaxType": default} if default else {}))
    invoice = caller.invoice(contact, LineItems=[line(10, **({"TaxType": on_line} if on_line else {}))])
    assert invoice["LineItems"][0]["TaxType"] == expected


@pytest.mark.parametrize(
    ("fields", "fragment"),
    [
        pytest.param({"Type": "ACCX"}, "document type", id="type"),
        pytest.param({"Contact": {}}, "A Contact must be specified", id="no-contact"),
        pytest.param({"Contact": {"ContactID": "x"}}, "could not be found", id="unknown-contact"),
        pytest.param({"LineItems": []}, "One or more line items", id="no-lines"),
        pytest.param({"LineItems": [line(1, Description="")]}, "The description field is mandatory", id="description"),
        pytest.param({"LineItems": [line(1, Description="d" * 4001)]}, "4000", id="long-description"),
        pytest.param({"LineItems": [line(1, AccountCode="999")]}, "'999' is not a valid code", id="account"),
        pytest.param({"LineItems": [line(1, AccountCode="090")]}, "'090' is not a valid code", id="bank-account"),
        pytest.param({"LineItems": [line(1, TaxType="X")]}, "TaxType code 'X' does not exist", id="tax"),
        pytest.param(
            {"LineItems": [line(1, TaxType="INPUT2")]}, "'INPUT2' cannot be used with account code '200'", id="tax-side"
        ),
        pytest.param({"LineItems": [line(1, ItemCode="X")]}, "Item code 'X' is not valid", id="item"),
        pytest.param(
            {"LineItems": [line(1, Quantity=2, LineAmount=1)]},
            "The line total 1.00 does not match the expected line total 2.00",
            id="line-total",
        ),
        pytest.param({"LineItems": [line(1, Tracking=[{"Name": "No", "Option": "x"}])]}, "tracking", id="tracking"),
        pytest.param(
            {"LineItems": [line(1, Tracking=[{"Name": "Region", "Option": "North"}] * 3)]}, "at most 2", id="3-tracking"
        ),
        pytest.param({"CurrencyCode": "JPY"}, "not subscribed to currency JPY", id="currency"),
        pytest.param({"LineAmountTypes": "Gross"}, "LineAmountTypes", id="line-amount-types"),
        pytest.param({"Date": "soon"}, "not a valid date", id="date"),
        pytest.param({"Status": "PAID"}, "not of valid status", id="born-paid"),
        pytest.param({"Status": "AUTHORISED", "DueDate": None}, "Due Date", id="approved-without-due-date"),
        pytest.param(
            {"Status": "SUBMITTED", "LineItems": [line(1, AccountCode=None)]}, "Account code must", id="no-account"
        ),
        pytest.param({"SentToContact": True}, "SentToContact", id="draft-sent"),
        pytest.param({"InvoiceNumber": "n" * 256}, "255", id="long-number"),
        pytest.param({"InvoiceNumber": "TAKEN"}, "Invoice # must be unique.", id="number-taken"),
        pytest.param(
            {"Type": "ACCPAY", "LineItems": [line(1, AccountCode="429", DiscountRate=5)]},
            "Discounts may not be applied to ACCPAY invoices.",
            id="discount-on-bill",
        ),
    ],
)
def test_an_invoice_against_the_rules_is_refused(caller: Caller, acme: Json, fields: Json, fragment: str) -> None:
    caller.invoice(acme, InvoiceNumber="TAKEN")
    assert fragment in caller.refused("PUT", "Invoices", draft(acme, **fields))


def test_a_contact_nobody_has_is_created_by_its_name(caller: Caller) -> None:
    invoice = caller.saved("PUT", "Invoices", draft({"ContactID": ""}, Contact={"Name": "Newcomer"}))
    assert invoice["Contact"]["Name"] == "Newcomer"
    assert [one["Name"] for one in caller.get("Contacts")["Contacts"]] == ["Newcomer"]


def test_an_archived_contact_takes_no_invoices(caller: Caller, acme: Json) -> None:
    caller.act("archive_contact", contact="Acme")
    assert "has been archived" in caller.refused("PUT", "Invoices", draft(acme))


def test_post_updates_by_id_or_number(caller: Caller, acme: Json) -> None:
    invoice = caller.invoice(acme)
    by_number = caller.saved("POST", "Invoices", {"Type": "ACCREC", "InvoiceNumber": "INV-0001", "Reference": "a"})
    by_id = caller.saved("POST", "Invoices", {"InvoiceID": invoice["InvoiceID"], "Reference": "b"})
    assert {by_number["InvoiceID"], by_id["InvoiceID"]} == {invoice["InvoiceID"]}
    assert (by_number["Reference"], by_id["Reference"]) == ("a", "b")
    assert caller.get("Invoices/INV-0001")["Invoices"][0]["Total"] == 115.0


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (["DRAFT", "SUBMITTED", "AUTHORISED", "VOIDED"], True),
        (["DRAFT", "DELETED"], True),
        (["SUBMITTED", "DELETED"], True),
        (["AUTHORISED", "DRAFT"], False),
        (["AUTHORISED", "DELETED"], False),
        (["AUTHORISED", "PAID"], False),
        (["DRAFT", "VOIDED"], False),
        (["DRAFT", "DELETED", "DRAFT"], False),
        (["AUTHORISED", "VOIDED", "AUTHORISED"], False),
    ],
)
def test_statuses_move_only_along_xeros_ways(caller: Caller, acme: Json, path: list[str], allowed: bool) -> None:
    invoice = caller.invoice(acme, Status=path[0])
    for status in path[1:-1]:
        assert _change(caller, invoice, Status=status)["Status"] == status
    if allowed:
        assert _change(caller, invoice, Status=path[-1])["Status"] == path[-1]
    else:
        assert NOT_MODIFIABLE in _refused(caller, invoice, Status=path[-1])


def test_an_approved_invoice_without_payments_can_be_edited_but_not_back_to_draft(caller: Caller, acme: Json) -> None:
    invoice = caller.invoice(acme, Status="AUTHORISED")
    assert _change(caller, invoice, LineItems=[line(200)])["Total"] == 230.0
    assert NOT_MODIFIABLE in _refused(caller, invoice, Status="DRAFT", Reference="x")


def test_a_deleted_draft_frees_its_number_a_voided_invoice_does_not(caller: Caller, acme: Json) -> None:
    deleted = caller.invoice(acme, InvoiceNumber="A-1")
    voided = caller.invoice(acme, InvoiceNumber="A-2", Status="AUTHORISED")
    _change(caller, deleted, Status="DELETED")
    assert _change(caller, voided, Status="VOIDED")["AmountDue"] == 0.0
    caller.invoice(acme, InvoiceNumber="A-1")
    assert "must be unique" in caller.refused("PUT", "Invoices", draft(acme, InvoiceNumber="A-2"))


def test_lines_are_replaced_and_only_those_sent_with_their_id_keep_it(caller: Caller, acme: Json) -> None:
    invoice = caller.invoice(acme, LineItems=[line(1), line(2)])
    first, second = (one["LineItemID"] for one in invoice["LineItems"])
    kept = _change(caller, invoice, LineItems=[line(5, LineItemID=first), line(2)])["LineItems"]
    assert kept[0]["LineItemID"] == first
    assert kept[1]["LineItemID"] not in (first, second)
    assert [one["UnitAmount"] for one in kept] == [5.0, 2.0]


def test_a_partly_paid_invoice_lets_only_a_few_fields_change(caller: Caller, acme: Json) -> None:
    invoice = caller.invoice(acme, Status="AUTHORISED")
    caller.act("pay_invoice", invoice=invoice["InvoiceNumber"], amount="15.00")
    kept = _change(caller, invoice, Reference="late", DueDate="2026-12-31", Contact={"ContactID": acme["ContactID"]})
    assert (kept["Reference"], kept["DueDateString"]) == ("late", "2026-12-31T00:00:00")
    for fields in ({"LineItems": [line(1)]}, {"Date": "2026-11-03"}, {"Status": "VOIDED"}):
        assert "cannot be edited as it has a payment" in _refused(caller, invoice, **fields)


def test_a_new_due_date_of_a_partly_paid_invoice_does_not_move_its_stamp(caller: Caller, acme: Json) -> None:
    invoice = caller.invoice(acme, Status="AUTHORISED")
    caller.act("pay_invoice", invoice=invoice["InvoiceNumber"], amount="15.00")
    caller.sandbox.clock.advance(60)
    assert _change(caller, invoice, DueDate="2026-12-31")["UpdatedDateUTC"] == invoice["UpdatedDateUTC"]
    assert _change(caller, invoice, Reference="late")["UpdatedDateUTC"] != invoice["UpdatedDateUTC"]


def test_a_period_that_is_locked_takes_no_documents(caller: Caller, acme: Json) -> None:
    invoice = caller.invoice(acme, Status="AUTHORISED")
    caller.act("lock", period="2026-11-10")
    fragment = "The document date cannot be before the period lock date, currently set at 10 November 2026"
    assert fragment in caller.refused("PUT", "Invoices", draft(acme))
    assert fragment in _refused(caller, invoice, Status="VOIDED")
    caller.act("lock", period=None, year="2026-03-31")
    caller.invoice(acme)


def test_an_invoice_in_another_currency_has_a_rate(caller: Caller, acme: Json) -> None:
    invoice = caller.invoice(acme, CurrencyCode="USD")
    assert (invoice["CurrencyCode"], invoice["CurrencyRate"]) == ("USD", 0.59)
    assert caller.invoice(acme, CurrencyCode="USD", CurrencyRate=0.6)["CurrencyRate"] == 0.6


def test_an_invoice_is_mailed_to_the_contact_and_to_included_persons(caller: Caller) -> None:
    people = [
        {"FirstName": "In", "EmailAddress": "in@acme.example", "IncludeInEmails": True},
        {"FirstName": "Out", "EmailAddress": "out@acme.example"},
    ]
    contact = caller.contact("Acme", EmailAddress="pay@acme.example", ContactPersons=people)
    invoice = caller.invoice(contact, Status="AUTHORISED")
    answer = caller.api("POST", f"Invoices/{invoice['InvoiceID']}/Email", {})
    assert (answer.status_code, answer.content) == (204, b"")
    assert caller.sandbox.organisation().mails[0]["To"] == ["pay@acme.example", "in@acme.example"]
    assert caller.get(f"Invoices/{invoice['InvoiceID']}")["Invoices"][0]["SentToContact"] is True
    unsent = caller.invoice(contact)
    assert caller.api("POST", f"Invoices/{unsent['InvoiceID']}/Email", {}).status_code == 400


def test_the_days_mails_can_be_used_up(xero: Any) -> None:
    caller = xero(emails_per_day=1).sign_in()
    invoice = caller.invoice(caller.contact(EmailAddress="a@b.example"), Status="AUTHORISED")
    path = f"Invoices/{invoice['InvoiceID']}/Email"
    assert [caller.api("POST", path, {}).status_code for _ in range(2)] == [204, 400]
    caller.sandbox.clock.advance(1700)
    assert caller.api("POST", path, {}).status_code == 400


def test_an_invoice_can_be_read_as_pdf_and_seen_online(caller: Caller, acme: Json) -> None:
    invoice = caller.invoice(acme, Status="AUTHORISED")
    path = f"Invoices/{invoice['InvoiceID']}"
    pdf = caller.api("GET", path, headers={"Accept": "application/pdf"})
    assert (pdf.headers["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    assert caller.get(f"{path}/OnlineInvoice")["OnlineInvoices"][0]["OnlineInvoiceUrl"].startswith(
        "https://in.xero.com/"
    )


def test_several_invoices_fail_each_by_itself(caller: Caller, acme: Json) -> None:
    batch = {"Invoices": [draft(acme), draft(acme, LineItems=[]), draft(acme)]}
    shown = caller.api("PUT", "Invoices", batch, summarizeErrors="false").json()["Invoices"]
    assert [one["StatusAttributeString"] for one in shown] == ["OK", "ERROR", "OK"]
    assert shown[1]["HasErrors"] is True
    assert [one["InvoiceNumber"] for one in (shown[0], shown[2])] == ["INV-0001", "INV-0002"]
