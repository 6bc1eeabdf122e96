from __future__ import annotations

from typing import Any

import pytest

from tests.api.builders import company, invoice, line
from tests.api.conftest import Caller


@pytest.fixture
def client(ann: Caller) -> dict[str, Any]:
    return ann.created("/customers", company(email="billing@freeman.example", payment_terms="net30", currency="USD"))


@pytest.fixture
def gst(ann: Caller) -> dict[str, Any]:
    return ann.created("/tax-levels", {"name": "GST", "rate_percent": "7"})


def _amounts(document: dict[str, Any]) -> list[str]:
    return [document[name] for name in ("subtotal", "tax_total", "total", "amount_paid", "amount_due")]


def test_an_invoice_has_every_field_of_the_contract(ann: Caller, client: dict[str, Any], gst: dict[str, Any]) -> None:
    made = ann.created("/invoices", invoice(client["id"], tax_level_id=gst["id"]))
    assert (
        made.items()
        >= {
            "number": "INV-1001",
            "contact_id": None,
            "status": "draft",
            "issue_date": "2026-11-22",
            "due_date": "2026-12-22",
            "currency": "USD",
            "reference": None,
            "tax_inclusive": False,
            "recipients": {"to": ["billing@freeman.example"], "cc": [], "why": "company email"},
            "recipients_override": None,
            "billing_address_override": None,
            "revision": 1,
            "sync": [],
        }.items()
    )
    assert (
        made["lines"][0].items()
        >= {
            "quantity": "2",
            "unit_price": "150.00",
            "amount": "300.00",
            "discount_percent": "0",
            "tax_level_id": None,
            "applied_tax_level_id": gst["id"],
        }.items()
    )
    assert _amounts(made) == ["300.00", "21.00", "321.00", "0.00", "321.00"]
    assert ann.get(f"/invoices/{made['id']}").get_json() == made


@pytest.mark.parametrize(
    ("currency", "lines", "inclusive", "amounts"),
    [
        ("USD", [line("0.105", "3")], False, ["0.32", "0.02", "0.34", "0.00", "0.34"]),
        ("USD", [line("0.0001", "9999999.9999")], False, ["1000.00", "70.00", "1070.00", "0.00", "1070.00"]),
        ("USD", [line("100", "1", discount_percent="33.3333")], False, ["66.67", "4.67", "71.34", "0.00", "71.34"]),
        ("USD", [line("107", "1")], True, ["100.00", "7.00", "107.00", "0.00", "107.00"]),
        ("JPY", [line("150", "2")], False, ["300", "21", "321", "0", "321"]),
        ("KWD", [line("1.2345", "1")], False, ["1.235", "0.086", "1.321", "0.000", "1.321"]),
        ("USD", [line("100", "1"), line("-40", "1")], False, ["60.00", "4.20", "64.20", "0.00", "64.20"]),
    ],
)
def test_amounts_are_exact(
    ann: Caller,
    client: dict[str, Any],
    gst: dict[str, Any],
    currency: str,
    lines: list[dict[str, Any]],
    inclusive: bool,
    amounts: list[str],
) -> None:
    body = invoice(client["id"], *lines, currency=currency, tax_inclusive=inclusive, tax_level_id=gst["id"])
    assert _amounts(ann.created("/invoices", body)) == amounts


@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({"lines": [line(150)]}, "lines.0.unit_price"),  # type: ignore[arg-type]  # a number, not a string
        ({"lines": [line("1e3")]}, "lines.0.unit_price"),
        ({"lines": [line("NaN")]}, "lines.0.unit_price"),
        ({"lines": [line("0.00001")]}, "lines.0.unit_price"),
        ({"lines": [line("99999999999999", "99999999999999")]}, "lines.0"),
        ({"lines": [line(tax_level_id="0" * 32)]}, "lines.0.tax_level_id"),
        ({"lines": [line(discount_percent="-1")]}, "lines.0.discount_percent"),
        ({"contact_id": "0" * 32}, "contact_id"),
        ({"due_date": "2026-11-21"}, "due_date"),
        ({"issue_date": "22.11.2026"}, "issue_date"),
        ({"currency": "XYZ"}, "currency"),
        ({"status": "paid"}, "status"),
        ({"status": "approved", "lines": []}, "lines"),
        ({"status": "approved", "lines": [line("-1")]}, "lines"),
        ({"recipients_override": {"to": ["nobody"]}}, "recipients_override.to.0"),
    ],
)
def test_an_invoice_that_cannot_be_is_refused(
    ann: Caller, client: dict[str, Any], fields: dict[str, Any], at_fault: str
) -> None:
    answer = ann.post("/invoices", {**invoice(client["id"]), **fields})
    assert answer.status_code == 422, answer.text
    assert at_fault in [fault["field"] for fault in answer.get_json()["errors"]]


def test_the_life_of_an_invoice(ann: Caller, client: dict[str, Any]) -> None:
    made = ann.created("/invoices", invoice(client["id"]))
    path = f"/invoices/{made['id']}"
    assert ann.post(f"{path}/void").status_code == 409
    assert ann.post("/payments", {"invoice_id": made["id"], "amount": "1"}).status_code == 409
    assert ann.post(f"{path}/approve").get_json()["status"] == "approved"
    assert ann.post(f"{path}/approve").status_code == 409
    assert ann.delete(path).status_code == 409
    part = ann.created("/payments", {"invoice_id": made["id"], "amount": "100.00"})
    assert ann.get(path).get_json().items() >= {"status": "approved", "amount_due": "200.00"}.items()
    assert ann.post(f"{path}/void").status_code == 409
    assert ann.post("/payments", {"invoice_id": made["id"], "amount": "200.01", "kind": "credit"}).status_code == 422
    ann.created("/payments", {"invoice_id": made["id"], "amount": "200", "kind": "credit"})
    assert ann.get(path).get_json().items() >= {"status": "paid", "amount_due": "0.00"}.items()
    ann.created("/payments", {"invoice_id": made["id"], "amount": "50", "kind": "refund"})
    assert ann.get(path).get_json().items() >= {"status": "approved", "amount_due": "50.00"}.items()
    assert ann.post("/payments", {"invoice_id": made["id"], "amount": "250.01", "kind": "refund"}).status_code == 422
    assert ann.delete(f"/payments/{part['id']}").status_code == 204
    assert ann.get(path).get_json()["amount_due"] == "150.00"
    assert ann.get(f"/payments/{part['id']}").get_json()["removed"] is True
    assert len(ann.get("/payments", invoice_id=made["id"]).get_json()["items"]) == 2


def test_an_approved_invoice_can_be_voided_and_a_voided_one_is_closed(ann: Caller, client: dict[str, Any]) -> None:
    made = ann.created("/invoices", invoice(client["id"], status="approved"))
    voided = ann.post(f"/invoices/{made['id']}/void", If_Match='"1"').get_json()
    assert (voided["status"], voided["amount_due"], voided["revision"]) == ("voided", "0.00", 2)
    assert ann.post(f"/invoices/{made['id']}/void").status_code == 409
    assert ann.patch(f"/invoices/{made['id']}", {"reference": "x"}).status_code == 409
    assert ann.post("/payments", {"invoice_id": made["id"], "amount": "1"}).status_code == 409


@pytest.mark.parametrize(
    ("paid", "change", "status"),
    [
        (None, {"lines": [line("10", "1")]}, 200),
        (None, {"customer_id": "other"}, 409),
        (None, {"currency": "EUR"}, 409),
        (None, {"number": "X-1"}, 409),
        ("100", {"due_date": "2027-01-01", "reference": "PO 7"}, 200),
        ("100", {"lines": [line("10", "1")]}, 409),
        ("300", {"reference": "PO 7"}, 200),
        ("300", {"due_date": "2027-01-01"}, 409),
        ("300", {"due_date": "2026-12-22"}, 200),
    ],
)
def test_the_status_says_what_may_still_change(
    ann: Caller, client: dict[str, Any], paid: str | None, change: dict[str, Any], status: int
) -> None:
    made = ann.created("/invoices", invoice(client["id"], status="approved"))
    if paid is not None:
        ann.created("/payments", {"invoice_id": made["id"], "amount": paid})
    if "customer_id" in change:
        change = {"customer_id": ann.created("/customers", company())["id"]}
    answer = ann.patch(f"/invoices/{made['id']}", change)
    assert answer.status_code == status, answer.text
    if status == 409:
        assert next(iter(change)) in answer.get_json()["detail"]


def test_a_draft_changes_altogether(ann: Caller, client: dict[str, Any]) -> None:
    made = ann.created("/invoices", invoice(client["id"], line("1"), line("2"), line("3")))
    other = ann.created("/customers", company("Other", email="other@other.example"))
    body = {"customer_id": other["id"], "lines": [line("5", "1")], "currency": "EUR", "number": "X-1"}
    changed = ann.patch(f"/invoices/{made['id']}", body, If_Match='"1"').get_json()
    assert (changed["total"], changed["number"], changed["recipients"]["to"]) == (
        "5.00",
        "X-1",
        ["other@other.example"],
    )
    assert len(changed["lines"]) == 1
    assert ann.patch(f"/invoices/{made['id']}", body).get_json()["revision"] == 2
    assert ann.delete(f"/invoices/{made['id']}").status_code == 204
    assert ann.get(f"/invoices/{made['id']}").status_code == 404


def test_a_draft_follows_its_customer_and_an_issued_invoice_keeps_its_tax(
    ann: Caller, client: dict[str, Any], gst: dict[str, Any]
) -> None:
    draft = ann.created("/invoices", invoice(client["id"]))
    issued = ann.created("/invoices", invoice(client["id"], status="approved"))
    paid = ann.created("/invoices", invoice(client["id"], status="approved"))
    ann.created("/payments", {"invoice_id": paid["id"], "amount": "300"})
    ann.patch(f"/customers/{client['id']}", {"tax_level_id": gst["id"], "email": "new@freeman.example"})
    now = [ann.get(f"/invoices/{made['id']}").get_json() for made in (draft, issued, paid)]
    assert [document["tax_total"] for document in now] == ["21.00", "0.00", "0.00"]
    new, old = ["new@freeman.example"], ["billing@freeman.example"]
    assert [document["recipients"]["to"] for document in now] == [new, new, old]
    assert [document["revision"] for document in now] == [2, 2, 2]
    assert [document["status"] for document in now] == ["draft", "approved", "paid"]


def test_a_sub_contact_of_the_job_site_brings_address_tax_and_recipients(
    ann: Caller, client: dict[str, Any], gst: dict[str, Any]
) -> None:
    site = ann.created(f"/customers/{client['id']}/job-sites", {"name": "Dock"})
    job = ann.created("/customers", {"name": "Roof", "parent_id": client["id"], "job_site_id": site["id"]})
    person = {
        "first_name": "Ada",
        "email": "ada@dock.example",
        "job_site_id": site["id"],
        "tax_level_id": gst["id"],
        "billing_address": {"city": "Hull"},
        "invoice_email": "to",
    }
    ann.created(f"/customers/{client['id']}/contacts", person)
    made = ann.created("/invoices", invoice(job["id"]))
    assert made["recipients"]["to"] == ["ada@dock.example"]
    assert made["recipients"]["why"] == "contact of the job site Dock (Ada)"
    assert (made["tax_total"], made["billing_address"]["city"]) == ("21.00", "Hull")


def test_an_override_wins_over_every_rule(ann: Caller, client: dict[str, Any]) -> None:
    override = {"to": ["boss@freeman.example"], "cc": ["ann@us.example"]}
    made = ann.created("/invoices", invoice(client["id"], recipients_override=override))
    assert made["recipients"] == {**override, "why": "override on the invoice"}
    cleared = ann.patch(f"/invoices/{made['id']}", {"recipients_override": None}).get_json()
    assert cleared["recipients"]["to"] == ["billing@freeman.example"]


def test_an_address_of_its_own_is_printed_whatever_the_rules_say(ann: Caller, client: dict[str, Any]) -> None:
    made = ann.created("/invoices", invoice(client["id"], billing_address_override={"city": "Hull", "country": "GB"}))
    assert (made["billing_address"]["city"], made["billing_address_override"]["city"]) == ("Hull", "Hull")
    cleared = ann.patch(f"/invoices/{made['id']}", {"billing_address_override": None}).get_json()
    assert (cleared["billing_address"], cleared["billing_address_override"]) == (client["billing_address"], None)


def test_invoices_are_listed_newest_first_and_filtered(ann: Caller, client: dict[str, Any]) -> None:
    other = ann.created("/customers", company("Other"))
    for customer_id, issued in (
        (client["id"], "2026-01-01"),
        (client["id"], "2026-03-01"),
        (other["id"], "2026-02-01"),
    ):
        ann.created("/invoices", invoice(customer_id, issue_date=issued, due_date="2027-01-01"))

    def numbers(**query: str) -> list[str]:
        return [item["number"] for item in ann.get("/invoices", **query).get_json()["items"]]

    assert numbers() == ["INV-1002", "INV-1003", "INV-1001"]
    assert numbers(customer_id=client["id"]) == ["INV-1002", "INV-1001"]
    assert numbers(since="2026-01-15", until="2026-02-15") == ["INV-1003"]
    assert numbers(sort="number") == ["INV-1001", "INV-1002", "INV-1003"]
    assert numbers(q="inv-1003") == ["INV-1003"]
    assert numbers(q="freeman") == ["INV-1002", "INV-1001"]
    assert numbers(status="approved") == []


def test_a_payment_on_account_needs_no_invoice(ann: Caller, client: dict[str, Any]) -> None:
    made = ann.created("/payments", {"customer_id": client["id"], "amount": "10.5", "method": "cash"})
    assert made.items() >= {"amount": "10.50", "currency": "USD", "invoice_id": None, "date": "2026-11-22"}.items()
    assert ann.post("/payments", {"amount": "1"}).status_code == 422


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "1e2", 5])
def test_an_amount_that_cannot_be_is_refused(ann: Caller, client: dict[str, Any], amount: Any) -> None:
    answer = ann.post("/payments", {"customer_id": client["id"], "amount": amount})
    assert [fault["field"] for fault in answer.get_json()["errors"]] == ["amount"]


def test_a_payment_can_be_corrected(ann: Caller, client: dict[str, Any]) -> None:
    bill = ann.created("/invoices", invoice(client["id"], status="approved"))
    made = ann.created("/payments", {"invoice_id": bill["id"], "amount": "100"})
    path = f"/payments/{made['id']}"
    assert ann.patch(path, {"amount": "300"}, If_Match='"1"').get_json()["revision"] == 2
    assert ann.get(f"/invoices/{bill['id']}").get_json()["status"] == "paid"
    assert ann.patch(path, {"amount": "100"}).status_code == 200
    assert ann.get(f"/invoices/{bill['id']}").get_json()["status"] == "approved"


def test_what_is_more_than_due_stays_on_the_customers_account(ann: Caller, client: dict[str, Any]) -> None:
    bill, other = (ann.created("/invoices", invoice(client["id"], status="approved")) for _ in range(2))
    made = ann.created("/payments", {"invoice_id": bill["id"], "amount": "450"})
    path = f"/payments/{made['id']}"

    def stands() -> tuple[str, str, str]:
        paid = [ann.get(f"/invoices/{one['id']}").get_json()["amount_paid"] for one in (bill, other)]
        return (*paid, ann.get(path).get_json()["unallocated"])

    assert (made["invoice_id"], made["allocations"][0]["amount"]) == (bill["id"], "300.00")
    assert stands() == ("300.00", "0.00", "150.00")
    refused = ann.post("/payments", {"invoice_id": bill["id"], "amount": "1"})
    assert "Nothing is due" in refused.get_json()["errors"][0]["message"]
    ann.created(f"{path}/allocations", {"invoice_id": other["id"], "amount": "40"})
    applied = ann.created(f"{path}/allocations", {"invoice_id": other["id"], "amount": "60"})
    assert sorted(part["amount"] for part in applied["allocations"]) == ["100.00", "300.00"]
    assert stands() == ("300.00", "100.00", "50.00")
    refund = ann.created("/payments", {"invoice_id": other["id"], "amount": "10", "kind": "refund"})
    assert ann.delete(path).status_code == 409
    ann.delete(f"/payments/{refund['id']}")
    assert ann.patch(path, {"amount": "399.99"}).status_code == 422
    ann.patch(path, {"amount": "400"})
    assert stands() == ("300.00", "100.00", "0.00")
    part = next(one for one in ann.get(path).get_json()["allocations"] if one["invoice_id"] == other["id"])
    ann.delete(f"{path}/allocations/{part['id']}")
    for amount, paid, left in (("250", "250.00", "0.00"), ("310", "300.00", "10.00"), ("300", "300.00", "0.00")):
        assert ann.patch(path, {"amount": amount}).status_code == 200
        assert stands() == (paid, "0.00", left)
    (told,) = ann.get(path).get_json()["allocations"]
    assert (told["id"], told["amount"]) == (made["id"], "300.00")
