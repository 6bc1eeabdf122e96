"""Invoices: what is required, what is computed, numbers, recipients, addresses, void, delete, send."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.quickbooks import EMPTY_REALM
from tests.sandbox.quickbooks.client import Client, Refused, invoice, line, sparse
from tests.sandbox.quickbooks.conftest import MakeClient

AMY = "1"


def _priced(quantity: str, price: str, amount: str) -> dict[str, Any]:
    return line(amount, Qty=float(quantity), UnitPrice=float(price))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        pytest.param({"CustomerRef": None}, "2020", id="no customer"),
        pytest.param({"CustomerRef": {"value": "999"}}, "2500", id="unknown customer"),
        pytest.param({"Line": []}, "2020", id="no line"),
        pytest.param({"Line": None}, "2020", id="no lines at all"),
        pytest.param({"Line": [{"DetailType": "SalesItemLineDetail"}]}, "2020", id="line without amount"),
        pytest.param({"Line": [{"Amount": 5}]}, "2020", id="line without type"),
        pytest.param({"Line": [{"Amount": 5, "DetailType": "Fee"}]}, "2170", id="unknown line type"),
        pytest.param({"Line": [_priced("2", "50", "99.99")]}, "6070", id="amount is not quantity times price"),
        pytest.param({"Line": [line("5", ItemRef={"value": "77"})]}, "2500", id="unknown item"),
        pytest.param({"Line": [line("5", TaxCodeRef={"value": "2"})]}, "6100", id="a tax code's id on a US line"),
        pytest.param(
            {"Line": [line("5"), {"DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": True}}]},
            "6090",
            id="discount without figure",
        ),
        pytest.param({"DocNumber": "x" * 22}, "2050", id="number above 21"),
        pytest.param({"BillEmail": {"Address": "a" * 101}}, "2050", id="recipient above 100"),
        pytest.param({"BillEmailCc": {"Address": "a" * 201}}, "2050", id="cc above 200"),
        pytest.param({"CustomerMemo": {"value": "x" * 1001}}, "2050", id="memo above 1000"),
        pytest.param({"PrivateNote": "x" * 4001}, "2050", id="note above 4000"),
        pytest.param({"EmailStatus": "Lost"}, "2170", id="unknown e-mail status"),
        pytest.param({"EmailStatus": "NeedToSend"}, "6420", id="to be sent to nobody"),
        pytest.param({"TxnDate": "22.11.2026"}, "2060", id="date format"),
        pytest.param({"CurrencyRef": {"value": "EUR"}}, "6000", id="foreign currency"),
        pytest.param({"TxnTaxDetail": {"TxnTaxCodeRef": {"value": "9"}}}, "2500", id="unknown tax code"),
    ],
)
def test_an_invoice_that_breaks_a_rule_is_refused_with_its_code(qbo: Client, fields: dict[str, Any], code: str) -> None:
    body = {key: value for key, value in (invoice(AMY) | fields).items() if value is not None}
    before = qbo.query("select count(*) from Invoice")
    with pytest.raises(Refused) as refused:
        qbo.write("Invoice", body)
    assert (refused.value.status, refused.value.code) == (400, code)
    assert qbo.query("select count(*) from Invoice") == before


@pytest.mark.parametrize("name", ["BillEmailCc", "BillEmailBcc"])
def test_copies_may_be_as_long_as_200_characters(qbo: Client, name: str) -> None:
    address = "a" * 190 + "@b.example"
    assert qbo.invoice(AMY, **{name: {"Address": address}})[name]["Address"] == address


def test_a_bad_recipient_is_no_error(qbo: Client) -> None:
    assert qbo.invoice(AMY, BillEmail={"Address": "nobody"})["BillEmail"]["Address"] == "nobody"


def test_the_recipient_is_not_taken_from_the_customer_but_the_address_is(qbo: Client) -> None:
    made = qbo.invoice(AMY)
    assert "BillEmail" not in made
    assert (made["BillAddr"]["Line1"], made["BillAddr"]["City"]) == ("4581 Finch St.", "Bayshore")


def test_the_service_adds_subtotal_totals_and_line_numbers(qbo: Client) -> None:
    body = invoice(
        AMY,
        Line=[
            _priced("2", "50.05", "100.10"),
            {"DetailType": "DescriptionOnly", "Description": "See report", "DescriptionLineDetail": {}},
            _priced("3", "0.333", "1.00"),
            {"DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": 10}},
            {"DetailType": "SubTotalLineDetail", "Amount": 1, "SubTotalLineDetail": {}},
        ],
    )
    made = qbo.write("Invoice", body)
    assert [one["DetailType"] for one in made["Line"]] == [
        "SalesItemLineDetail",
        "DescriptionOnly",
        "SalesItemLineDetail",
        "SubTotalLineDetail",
        "DiscountLineDetail",
    ]
    assert [one.get("Id") for one in made["Line"]] == ["1", "2", "3", None, "4"]
    assert (made["Line"][3]["Amount"], made["Line"][4]["Amount"]) == (101.1, 10.11)
    assert (made["TotalAmt"], made["Balance"], made["TxnTaxDetail"]) == (90.99, 90.99, {"TotalTax": 0})


def test_a_line_without_item_falls_back_to_the_default_item(qbo: Client) -> None:
    body = invoice(AMY, Line=[{"DetailType": "SalesItemLineDetail", "Amount": 5, "SalesItemLineDetail": {}}])
    assert qbo.write("Invoice", body)["Line"][0]["SalesItemLineDetail"]["ItemRef"]["name"] == "Services"
    qbo.act("set_company", settings={"default_item": None})
    with pytest.raises(Refused, match="2500"):
        qbo.write("Invoice", body)


def test_a_deposit_reduces_the_balance(qbo: Client) -> None:
    made = qbo.invoice(AMY, "100", Deposit=30)
    assert (made["TotalAmt"], made["Balance"]) == (100, 70)


@pytest.mark.parametrize(
    ("fields", "due"),
    [
        ({}, "2026-01-31"),
        ({"SalesTermRef": {"value": "3"}}, "2026-03-02"),
        ({"SalesTermRef": {"value": "3"}, "DueDate": "2026-02-05"}, "2026-02-05"),
    ],
)
def test_the_due_date_follows_the_terms_unless_given(qbo: Client, fields: dict[str, Any], due: str) -> None:
    assert qbo.invoice(AMY, TxnDate="2026-01-31", **fields)["DueDate"] == due


def test_a_number_in_use_is_refused_where_the_company_warns(qbo: Client) -> None:
    made = qbo.invoice(AMY, DocNumber="J-1")
    with pytest.raises(Refused) as refused:
        qbo.invoice("2", DocNumber="J-1")
    assert (refused.value.code, refused.value.message) == ("6140", "Duplicate Document Number Error")
    again = qbo.write("Invoice", invoice("2", DocNumber="J-1"), include="allowduplicatedocnum")
    assert again["DocNumber"] == made["DocNumber"]
    assert qbo.write("Invoice", sparse(made, PrivateNote="own number"))["DocNumber"] == "J-1"


def test_with_custom_numbers_an_absent_number_stays_absent(qbo: Client) -> None:
    assert "DocNumber" not in qbo.invoice(AMY)
    assert qbo.invoice(AMY, DocNumber="AUTO_GENERATE")["DocNumber"] == "1133"


def test_without_custom_numbers_the_service_counts(qbo: Client) -> None:
    qbo.act("set_company", settings={"custom_numbers": False})
    assert [qbo.invoice(AMY)["DocNumber"] for _ in range(2)] == ["1133", "1134"]


def test_an_inactive_customer_gets_no_new_invoice(qbo: Client) -> None:
    gone = qbo.write("Customer", sparse(qbo.customer("Gone"), Active=False))
    with pytest.raises(Refused) as refused:
        qbo.invoice(gone)
    assert (refused.value.code, "made inactive" in refused.value.detail) == ("610", True)


def test_an_inactive_item_is_an_invalid_reference(qbo: Client) -> None:
    item = qbo.get("Item", "3")
    qbo.write("Item", sparse(item, Active=False))
    with pytest.raises(Refused) as refused:
        qbo.invoice(AMY)
    assert (refused.value.code, "made inactive" in refused.value.detail) == ("2500", True)


def test_lines_are_replaced_as_a_whole_and_known_ids_stay(qbo: Client) -> None:
    made = qbo.invoice(AMY, "10", "20", "30")
    second = made["Line"][1]
    changed = qbo.write("Invoice", sparse(made, Line=[second, line("5")]))
    kept = [one for one in changed["Line"] if "Id" in one]
    assert [(one["Id"], one["Amount"]) for one in kept] == [("2", 20), ("4", 5)]
    assert changed["TotalAmt"] == 25


def test_a_changed_address_flows_into_free_lines_under_the_customers_name(qbo: Client) -> None:
    made = qbo.invoice("4")
    changed = qbo.write("Invoice", sparse(made, BillAddr={"Line1": "2 New St.", "City": "Reno", "PostalCode": "89501"}))
    assert {key: value for key, value in changed["BillAddr"].items() if key != "Id"} == {
        "Line1": "Diego Rodriguez",
        "Line2": "2 New St.",
        "Line3": "Reno 89501",
    }


def test_a_full_update_of_an_invoice_blanks_what_is_missing(qbo: Client) -> None:
    made = qbo.invoice(AMY, "10", DocNumber="F-1", PrivateNote="note", BillEmail={"Address": "a@b.example"})
    full = {"Id": made["Id"], "SyncToken": made["SyncToken"], "CustomerRef": {"value": AMY}, "Line": [line("11")]}
    changed = qbo.write("Invoice", full)
    assert "PrivateNote" not in changed
    assert "BillEmail" not in changed
    assert "DocNumber" not in changed
    assert changed["TotalAmt"] == 11
    for missing in ("CustomerRef", "Line"):
        body = {key: value for key, value in full.items() if key != missing} | {"SyncToken": changed["SyncToken"]}
        with pytest.raises(Refused, match=missing):
            qbo.write("Invoice", body)


def test_voiding_leaves_the_invoice_with_zeros_and_frees_its_payment(qbo: Client) -> None:
    made = qbo.invoice(AMY, "100", PrivateNote="job 7")
    paid = qbo.payment(AMY, "60", made)
    made = qbo.get("Invoice", made["Id"])
    gone = qbo.write("Invoice", {"Id": made["Id"], "SyncToken": made["SyncToken"]}, operation="void")
    assert (gone["TotalAmt"], gone["Balance"], gone["LinkedTxn"]) == (0, 0, [])
    assert gone["PrivateNote"] == "Voided - job 7"
    assert {one["Amount"] for one in gone["Line"]} == {0}
    assert qbo.get("Payment", paid["Id"])["UnappliedAmt"] == 60


def test_a_deleted_invoice_is_gone_for_good(qbo: Client) -> None:
    made = qbo.invoice(AMY)
    gone = qbo.write("Invoice", {"Id": made["Id"], "SyncToken": "0"}, operation="delete")
    assert gone == {"domain": "QBO", "status": "Deleted", "Id": made["Id"]}
    with pytest.raises(Refused, match="Another user has deleted this transaction"):
        qbo.get("Invoice", made["Id"])


def test_sending_marks_the_invoice_and_remembers_the_address(qbo: Client) -> None:
    made = qbo.invoice(AMY)
    sent = qbo.read(
        "POST",
        f"invoice/{made['Id']}/send",
        params={"sendTo": "ann+1@elm.example"},
        headers={"Content-Type": "application/octet-stream"},
    )["Invoice"]
    assert sent["BillEmail"]["Address"] == "ann+1@elm.example"
    assert (sent["EmailStatus"], sent["SyncToken"], sent["DeliveryInfo"]["DeliveryType"]) == ("EmailSent", "1", "Email")


def test_an_address_that_is_none_is_not_mailed_and_nobody_says_so(qbo: Client) -> None:
    people = {"BillEmail": {"Address": "a@b.example, nobody"}, "BillEmailBcc": {"Address": "d@b.example"}}
    made = qbo.invoice(AMY, **people)
    qbo.read("POST", f"invoice/{made['Id']}/send", headers={"Content-Type": "application/octet-stream"})
    (mail,) = [one for books in qbo.sandbox.dump().values() for one in books["mails"]]
    assert (mail["Id"], mail["To"], mail["Cc"], mail["Bcc"]) == (made["Id"], ["a@b.example"], [], ["d@b.example"])


@pytest.mark.parametrize(("params", "code"), [({}, "6420"), ({"sendTo": "ann 1@elm.example"}, "2210")])
def test_an_invoice_without_a_good_address_is_not_sent(qbo: Client, params: dict[str, str], code: str) -> None:
    with pytest.raises(Refused) as refused:
        qbo.read("POST", f"invoice/{qbo.invoice(AMY)['Id']}/send", params=params)
    assert refused.value.code == code


def test_pdf_and_online_link(qbo: Client) -> None:
    made = qbo.invoice(AMY)
    pdf = qbo.call("GET", f"invoice/{made['Id']}/pdf", headers={"Accept": "application/pdf"})
    assert (pdf.headers["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    assert "InvoiceLink" not in made
    linked = qbo.read("GET", f"invoice/{made['Id']}", params={"include": "invoiceLink"})["Invoice"]
    assert linked["InvoiceLink"].startswith("https://")


def test_nothing_changes_in_a_closed_period(qbo: Client) -> None:
    old = qbo.invoice(AMY, TxnDate="2026-01-15")
    new = qbo.invoice(AMY, TxnDate="2026-02-15")
    qbo.act("close_books", to="2026-01-31")
    assert qbo.read("GET", "preferences")["Preferences"]["AccountingInfoPrefs"]["BookCloseDate"] == "2026-01-31"
    for body, options in (
        (sparse(old, PrivateNote="x"), {}),
        (sparse(new, TxnDate="2026-01-31"), {}),
        (invoice(AMY, TxnDate="2026-01-01"), {}),
        ({"Id": old["Id"], "SyncToken": "0"}, {"operation": "void"}),
        ({"Id": old["Id"], "SyncToken": "0"}, {"operation": "delete"}),
    ):
        with pytest.raises(Refused, match="6210"):
            qbo.write("Invoice", body, **options)
    assert qbo.write("Invoice", sparse(new, PrivateNote="open"))["PrivateNote"] == "open"


def test_an_ended_subscription_can_only_be_read(qbo: Client) -> None:
    qbo.act("set_company", settings={"subscribed": False})
    with pytest.raises(Refused, match="6190"):
        qbo.invoice(AMY)
    assert qbo.get("Customer", AMY)["DisplayName"] == "Amy's Bird Sanctuary"


def test_the_second_company_is_empty_but_for_its_lists(make_client: MakeClient) -> None:
    qbo = make_client(realm=EMPTY_REALM)
    assert qbo.query("select * from Customer") == {}
    assert [row["Name"] for row in qbo.rows("select * from Item")] == ["Services", "Hours"]


def test_credit_memos_and_refund_receipts_are_priced_alike(qbo: Client) -> None:
    memo = qbo.write("CreditMemo", invoice(AMY, "40"))
    assert (memo["RemainingCredit"], memo["TotalAmt"]) == (40, 40)
    with pytest.raises(Refused, match="DepositToAccountRef"):
        qbo.write("RefundReceipt", invoice(AMY, "40"))
    refund = qbo.write("RefundReceipt", invoice(AMY, "40", DepositToAccountRef={"value": "35"}))
    assert (refund["TotalAmt"], refund["DepositToAccountRef"]["name"]) == (40, "Checking")


def test_classes_and_locations_are_lists_that_documents_point_to(qbo: Client) -> None:
    north, south = qbo.rows("select * from Class")
    body = {**invoice(AMY), "Line": [line("100", ClassRef={"value": north["Id"]})], "DepartmentRef": {"value": "2"}}
    made = qbo.write("Invoice", body)
    assert made["Line"][0]["SalesItemLineDetail"]["ClassRef"] == {"value": north["Id"], "name": "North"}
    assert made["DepartmentRef"]["name"] == "Shop"
    qbo.write("Class", sparse(south, Active=False))
    body["Line"] = [line("100", ClassRef={"value": south["Id"]})]
    with pytest.raises(Refused) as refused:
        qbo.write("Invoice", body)
    assert refused.value.code == "2500"
