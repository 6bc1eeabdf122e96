"""Invoices in QuickBooks: lines, tax, recipients, billing address, and what is paid."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from service.core.editing import Standing
from service.core.errors import MappingError
from service.core.intent import Operation
from service.core.model import Address, InvoiceStatus
from service.core.ports import EntityKind
from service.core.snapshot import differences
from tests.mapping.quickbooks.builders import (
    NOTHING,
    REDUCED,
    STANDARD,
    company,
    context,
    create,
    invoice,
    line,
    losses,
    mapper,
    read,
    recipients,
    ref,
    remote,
    update,
)
from tests.mapping.quickbooks.echo import echo, reflow

INVOICE = EntityKind.INVOICE
ELM = Address(line1="1 Elm Road", line2="Unit 5", city="Leeds", region="WY", postal_code="LS1 1AA", country="GB")
UK: dict[str, Any] = {"country": "GB", "currency": "GBP"}


def _numbers(body: Any) -> list[tuple[Any, ...]]:
    return [
        (one["SalesItemLineDetail"]["Qty"], one["SalesItemLineDetail"]["UnitPrice"], one["Amount"])
        for one in body["Line"]
    ]


def test_an_invoice_in_the_united_states_names_its_rate_once_and_taxable_lines() -> None:
    record = invoice(
        line("300", quantity=Decimal(2), unit_price=Decimal(150), item_code="HOURS"),
        line("20", description="Permit"),
        levels=(STANDARD, NOTHING),
        recipients=recipients("ap@elm.example", "office@elm.example", cc=("ann@elm.example",)),
        reference="PO 77",
        tax_total=Decimal("24.75"),
    )
    assert create(record, context(customers=(company(payment_terms="net30"),))) == {
        "CustomerRef": {"value": "58"},
        "DocNumber": "INV-1007",
        "TxnDate": "2026-11-22",
        "DueDate": "2026-12-22",
        "SalesTermRef": {"value": "3"},
        "BillEmail": {"Address": "ap@elm.example,office@elm.example"},
        "BillEmailCc": {"Address": "ann@elm.example"},
        "PrivateNote": "PO 77",
        "Line": [
            {
                "DetailType": "SalesItemLineDetail",
                "Amount": Decimal(300),
                "Description": "Labour",
                "SalesItemLineDetail": {
                    "ItemRef": {"value": "2"},
                    "Qty": Decimal(2),
                    "UnitPrice": Decimal(150),
                    "TaxCodeRef": {"value": "TAX"},
                },
            },
            {
                "DetailType": "SalesItemLineDetail",
                "Amount": Decimal(20),
                "Description": "Permit",
                "SalesItemLineDetail": {
                    "ItemRef": {"value": "1"},
                    "Qty": Decimal(1),
                    "UnitPrice": Decimal(20),
                    "TaxCodeRef": {"value": "NON"},
                },
            },
        ],
        "TxnTaxDetail": {"TxnTaxCodeRef": {"value": "2"}, "TotalTax": Decimal("24.75")},
    }


def test_an_invoice_elsewhere_names_the_code_on_each_line() -> None:
    record = invoice(line("100"), line("50"), levels=(STANDARD, REDUCED), currency="GBP")
    body = create(record, context(**UK))
    assert body["GlobalTaxCalculation"] == "TaxExcluded"
    assert [one["SalesItemLineDetail"]["TaxCodeRef"]["value"] for one in body["Line"]] == ["2", "3"]
    assert "TxnTaxDetail" not in body


def test_two_rates_on_one_invoice_in_the_united_states_are_refused_with_a_sentence() -> None:
    record = invoice(line(), line(), levels=(STANDARD, REDUCED))
    with pytest.raises(MappingError, match="one sales tax rate") as stopped:
        create(record, context())
    assert stopped.value.missing is None


def test_automated_sales_tax_is_told_no_tax_of_ours() -> None:
    within = context(flags={"ast": True})
    record = invoice(line(), line(), levels=(STANDARD, REDUCED), tax_total=Decimal("13.85"))
    body = create(record, within)
    assert "TxnTaxDetail" not in body
    assert "TxnTaxDetail" not in update(record, within, "due_date")
    answered = echo(INVOICE, body, tax=Decimal("13.85"))
    answered["TxnTaxDetail"]["TxnTaxCodeRef"] = {"value": "17"}
    ours = mapper(INVOICE).project(record, within).snapshot
    assert differences(ours=ours, theirs=read(INVOICE, answered, within)) == ()


def test_without_any_tax_an_invoice_elsewhere_is_outside_of_it() -> None:
    within = context(**UK, taxes={})
    record = invoice(currency="GBP", tax_inclusive=True)
    body = create(record, within)
    assert body["GlobalTaxCalculation"] == "NotApplicable"
    assert "TaxCodeRef" not in body["Line"][0]["SalesItemLineDetail"]
    with pytest.raises(MappingError) as stopped:
        create(invoice(line(), line(), levels=(STANDARD, None), currency="GBP"), context(**UK, taxes={STANDARD: "2"}))
    assert stopped.value.missing == "taxes:none"


def test_prices_that_include_tax_go_out_beside_what_they_come_to_without() -> None:
    within = context(**UK, taxes={STANDARD: "2"})
    record = invoice(
        line("216.50", quantity=Decimal(2), unit_price=Decimal("108.25")),
        levels=(STANDARD,),
        currency="GBP",
        tax_inclusive=True,
    )
    body = create(record, within)
    assert body["GlobalTaxCalculation"] == "TaxInclusive"
    detail = body["Line"][0]["SalesItemLineDetail"]
    assert (body["Line"][0]["Amount"], detail["UnitPrice"], detail["TaxInclusiveAmt"]) == (
        Decimal("200.00"),
        Decimal("100.0000000"),
        Decimal("216.5"),
    )


def test_prices_that_include_tax_stand_without_it_in_the_united_states_and_come_to_the_same_total() -> None:
    record = invoice(
        line("97.43", quantity=Decimal(1), unit_price=Decimal("108.25"), discount_percent=Decimal(10)),
        levels=(STANDARD,),
        tax_inclusive=True,
        subtotal=Decimal("90.00"),
        tax_total=Decimal("7.43"),
        total=Decimal("97.43"),
    )
    body = create(record, context())
    assert [one["Amount"] for one in body["Line"]] == [Decimal(100), Decimal(-10)]
    assert body["TxnTaxDetail"]["TotalTax"] == Decimal("7.43")
    assert "stand there without it" in losses(record, context())["tax_inclusive"]
    with pytest.raises(MappingError, match="the rates differ"):
        create(replace(record, subtotal=Decimal("90.01")), context())
    with pytest.raises(MappingError, match="works out sales tax itself"):
        create(record, context(flags={"ast": True}))


def test_a_discount_is_a_line_of_its_own_and_exact_to_the_cent() -> None:
    record = invoice(
        line("89.99", quantity=Decimal(3), unit_price=Decimal("33.33"), discount_percent=Decimal(10)),
        levels=(STANDARD,),
    )
    body = create(record, context())
    assert _numbers(body) == [
        (Decimal(3), Decimal("33.33"), Decimal("99.99")),
        (Decimal(1), Decimal(-10), Decimal(-10)),
    ]
    assert body["Line"][1]["Description"] == "Discount 10 %"
    assert body["Line"][1]["SalesItemLineDetail"]["TaxCodeRef"] == {"value": "TAX"}
    assert "line of its own" in losses(record, context())["lines"]


def test_an_amount_that_is_not_quantity_times_price_is_made_up_by_a_line() -> None:
    assert _numbers(create(invoice(line("100", unit_price=Decimal(99))), context())) == [
        (Decimal(1), Decimal(99), Decimal(99)),
        (Decimal(1), Decimal(1), Decimal(1)),
    ]


def test_an_item_that_is_not_chosen_goes_to_the_default_item_and_is_declared() -> None:
    record = invoice(line(item_code="PAINT"))
    assert create(record, context())["Line"][0]["SalesItemLineDetail"]["ItemRef"] == {"value": "1"}
    assert "PAINT" in losses(record, context())["lines"]
    with pytest.raises(MappingError) as stopped:
        create(record, context(items={}))
    assert stopped.value.missing == "items:default"


@pytest.mark.parametrize(
    ("changes", "within", "field"),
    [
        ({"number": "INV-" + "1" * 20}, {}, "number"),
        ({"status": InvoiceStatus.DRAFT}, {}, "status"),
        ({"currency": "EUR"}, {}, "currency"),
        ({"currency": "EUR"}, {"flags": {"multicurrency": True}, "customers": (company(),)}, "currency"),
        ({"customer_id": "c9"}, {}, "customer"),
        ({"lines": (), "line_tax_levels": ()}, {}, "lines"),
        ({"line_tax_levels": ("level-new",)}, {}, "lines.0.tax_level"),
        ({"line_tax_levels": (STANDARD,)}, {"taxes": {STANDARD: "TAX"}}, "lines.0.tax_level"),
    ],
)
def test_what_cannot_be_expressed_stops_before_anything_is_sent(
    changes: dict[str, Any], within: dict[str, Any], field: str
) -> None:
    with pytest.raises(MappingError) as stopped:
        mapper(INVOICE).project(invoice(**changes), context(**within))
    assert stopped.value.field == field
    assert stopped.value.reason.endswith(".")


def test_recipients_that_find_no_room_get_a_copy_and_nobody_is_cut() -> None:
    to = tuple(f"person.{n}@a-school-with-a-long-name.example" for n in range(3))
    record = invoice(recipients=recipients(*to, cc=("cc@elm.example",)))
    body = create(record, context())
    assert body["BillEmail"]["Address"] == ",".join(to[:2])
    assert body["BillEmailCc"]["Address"] == f"{to[2]},cc@elm.example"
    assert losses(record, context()) == {"to": f"QuickBooks has 100 characters for To; moved to Cc: {to[2]}."}


def test_recipients_beyond_both_fields_are_declared() -> None:
    many = tuple(f"person.{n:02}@a-school-with-a-long-name.example" for n in range(12))
    record = invoice(recipients=recipients(cc=many))
    body = create(record, context())
    assert len(body["BillEmailCc"]["Address"]) <= 200
    assert many[-1] in losses(record, context())["cc"]


def test_nobody_to_send_to_leaves_the_bookkeepers_recipients_alone() -> None:
    theirs = read(INVOICE, {"BillEmail": {"Address": "Boss@elm.example; x@elm.example"}}, context())
    assert theirs.get("to") == ("boss@elm.example", "x@elm.example")
    ours = mapper(INVOICE).project(invoice(), context()).snapshot
    assert not ours.holds("to")


def test_a_billing_address_that_flowed_into_free_lines_is_no_difference() -> None:
    record = invoice(billing_address=ELM)
    within = context(customers=(company(),))
    ours = mapper(INVOICE).project(record, within).snapshot
    answered = echo(INVOICE, create(record, within))
    assert read(INVOICE, answered, within).get("bill_to") == ours.get("bill_to")
    for names in (("Elm Street School",), ("Elm St. (shown)", "Elm Street School")):
        answered["CustomerRef"] = {"value": "58", "name": names[0]}
        answered["BillAddr"] = reflow(create(record, within)["BillAddr"], *names)
        assert read(INVOICE, answered, within).get("bill_to") == ours.get("bill_to")


def test_another_billing_address_is_seen_and_sent_whole() -> None:
    within = context(customers=(company(),))
    before = create(invoice(billing_address=ELM), within)
    answered = {**echo(INVOICE, before), "BillAddr": reflow(before["BillAddr"], "Elm Street School")}
    moved = invoice(billing_address=Address(line1="2 Oak Lane", city="York", country="GB"))
    ours = mapper(INVOICE).project(moved, within).snapshot
    changed = differences(ours=ours, theirs=read(INVOICE, answered, within))
    assert changed == ("bill_to",)
    assert update(moved, within, *changed)["BillAddr"]["Line1"] == "2 Oak Lane"


def test_our_reference_keeps_the_bookkeepers_memo_below_it() -> None:
    theirs = remote(INVOICE, {"PrivateNote": "PO 76\ncalled Ann\npaid by check"})
    assert mapper(INVOICE).read(theirs, context()).get("reference") == "PO 76"
    body = update(invoice(reference="PO 77"), context(), "reference", theirs=theirs)
    assert body == {"PrivateNote": "PO 77\ncalled Ann\npaid by check"}


def test_an_update_of_a_date_names_both_dates() -> None:
    assert update(invoice(), context(), "due_date") == {"TxnDate": "2026-11-22", "DueDate": "2026-12-22"}


def test_voiding_sends_no_field_and_leaves_nothing_to_compare() -> None:
    within = context()
    voided = mapper(INVOICE).project(invoice(status=InvoiceStatus.VOIDED), within).snapshot
    assert voided.fields == {"number": "INV-1007", "customer": "58", "status": "voided"}
    body = mapper(INVOICE).body(Operation.VOID, voided, changed=frozenset({"status"}), theirs=None, context=within)
    assert body == {}
    stored = echo(INVOICE, create(invoice(reference="PO 77"), within))
    stored |= {"TotalAmt": 0, "Balance": 0, "PrivateNote": "Voided - PO 77", "Line": []}
    theirs = read(INVOICE, stored, within)
    assert theirs.get("status") == "voided"
    assert theirs.get("reference") == "PO 77"
    assert differences(ours=voided, theirs=theirs) == ()
    with pytest.raises(MappingError, match="voided in QuickBooks"):
        update(invoice(), within, "status", "lines")
    assert mapper(INVOICE).rule_of(remote(INVOICE, stored)).standing is Standing.VOIDED
    owed = {**stored, "TotalAmt": 300, "Balance": 300}  # a bookkeeper's memo that begins with the word
    assert mapper(INVOICE).rule_of(remote(INVOICE, owed)).standing is Standing.OPEN
    assert read(INVOICE, owed, within).get("reference") == "Voided - PO 77"


def test_a_payment_entered_by_a_bookkeeper_shows_in_the_amounts() -> None:
    record = invoice(line("300"), levels=(STANDARD,), tax_total=Decimal("24.75"))
    stored = echo(INVOICE, create(record, context()), tax=Decimal("24.75"), paid=Decimal(200))
    theirs = read(INVOICE, stored, context())
    amounts = [theirs.get(name) for name in ("subtotal", "tax_total", "total", "amount_paid", "amount_due")]
    assert amounts == ["300", "24.75", "324.75", "200", "124.75"]
    assert theirs.get("status") == "approved"


def test_a_discount_or_text_line_of_a_bookkeeper_is_seen() -> None:
    stored = echo(INVOICE, create(invoice(), context()))
    stored["Line"] += [
        {"Amount": "10.00", "DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": False}},
        {"Description": "See report", "DetailType": "DescriptionOnly", "DescriptionLineDetail": {}},
    ]
    found: Any = read(INVOICE, stored, context()).get("lines")
    assert [row[:4] for row in found[1:]] == [("Discount", "1", "-10", "-10"), ("See report", "0", "0", "0")]


def test_terms_go_out_with_a_new_invoice_only() -> None:
    within = context(customers=(company(payment_terms="net30"),))
    ours = mapper(INVOICE).project(invoice(), within).snapshot
    assert ours.get("payment_terms") == "net30"
    assert not read(INVOICE, echo(INVOICE, create(invoice(), within)), within).holds("payment_terms")
    assert update(invoice(), within, "payment_terms") == {}


def test_an_invoice_needs_its_customer() -> None:
    assert mapper(INVOICE).needs(invoice(), context()) == (ref(EntityKind.CUSTOMER, "c1"),)


@pytest.mark.parametrize("payload", [{}, {"Line": [None, {}], "TotalAmt": "x", "BillAddr": 1, "TxnTaxDetail": []}])
def test_reading_takes_whatever_another_server_leaves_out(payload: dict[str, Any]) -> None:
    theirs = read(INVOICE, payload, context())
    assert theirs.get("total") == "0"
    assert theirs.get("lines") == ()
