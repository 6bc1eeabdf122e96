"""Sales tax in the US, by automated sales tax, and abroad."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sandbox.quickbooks import EMPTY_REALM, SandboxOptions
from sandbox.quickbooks.tax import overridden
from tests.sandbox.quickbooks.client import Client, Json, Refused, invoice, line, sparse
from tests.sandbox.quickbooks.conftest import MakeClient

CALIFORNIA: Json = {"TxnTaxCodeRef": {"value": "2"}}
TUCSON: Json = {"TxnTaxCodeRef": {"value": "3"}}
TEN_PERCENT = {"DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": 10}}
TAX, NON = {"TaxCodeRef": {"value": "TAX"}}, {"TaxCodeRef": {"value": "NON"}}
DESIGN = {"ItemRef": {"value": "4"}}  # an item that is not taxable


@pytest.mark.parametrize(
    ("body", "tax", "total"),
    [
        pytest.param({"Line": [line("100")]}, 0, 100, id="no code: no tax"),
        pytest.param({"Line": [line("100")], "TxnTaxDetail": CALIFORNIA}, 8, 108, id="the code's rate"),
        pytest.param({"Line": [line("100")], "TxnTaxDetail": TUCSON}, 9.1, 109.1, id="two rates"),
        pytest.param({"Line": [line("9.99")], "TxnTaxDetail": TUCSON}, 0.91, 10.9, id="each rate rounds for itself"),
        pytest.param(
            {"Line": [line("100", **TAX), line("50", **NON)], "TxnTaxDetail": CALIFORNIA}, 8, 158, id="NON is free"
        ),
        pytest.param(
            {"Line": [line("100"), line("50", **DESIGN)], "TxnTaxDetail": CALIFORNIA}, 8, 158, id="the item decides"
        ),
        pytest.param({"Line": [line("100"), TEN_PERCENT], "TxnTaxDetail": CALIFORNIA}, 8, 98, id="tax, then discount"),
        pytest.param(
            {"Line": [line("100"), TEN_PERCENT], "TxnTaxDetail": CALIFORNIA, "ApplyTaxAfterDiscount": True},
            7.2,
            97.2,
            id="discount, then tax",
        ),
        pytest.param(
            {"Line": [line("100")], "TxnTaxDetail": CALIFORNIA | {"TotalTax": 5}}, 5, 105, id="a total is honoured"
        ),
    ],
)
def test_us_tax_follows_the_code_of_the_document(qbo: Client, body: dict[str, Any], tax: float, total: float) -> None:
    made = qbo.write("Invoice", invoice("1", **body))
    assert (made["TxnTaxDetail"]["TotalTax"], made["TotalAmt"]) == (tax, total)
    assert sum(Decimal(str(one["Amount"])) for one in made["TxnTaxDetail"].get("TaxLine", [])) == Decimal(str(tax))
    assert "GlobalTaxCalculation" not in made


def test_changing_lines_recomputes_the_tax(qbo: Client) -> None:
    made = qbo.invoice("1", "100", TxnTaxDetail=CALIFORNIA)
    assert qbo.write("Invoice", sparse(made, Line=[line("200")]))["TotalAmt"] == 216


def test_a_us_company_passes_over_global_tax_calculation(qbo: Client) -> None:
    assert qbo.invoice("1", "100", GlobalTaxCalculation="TaxExcluded")["TotalAmt"] == 100


def test_automated_sales_tax_computes_by_the_ship_to_state(make_client: MakeClient) -> None:
    qbo = make_client(SandboxOptions.unlimited(automated_sales_tax=True))
    assert qbo.read("GET", "preferences")["Preferences"]["TaxPrefs"]["PartnerTaxEnabled"] is True
    texas = {"ShipAddr": {"Line1": "1 Main", "CountrySubDivisionCode": "TX"}}
    assert qbo.invoice("1", "100", **texas)["TotalAmt"] == 108.25
    assert qbo.invoice("1", "100", **texas, TxnTaxDetail={"TotalTax": 7})["TotalAmt"] == 107
    exempt = qbo.customer("School", Taxable=False)
    assert qbo.invoice(exempt, "100", **texas)["TotalAmt"] == 100
    made = qbo.customer("Own code", DefaultTaxCodeRef={"value": "3"})
    assert "DefaultTaxCodeRef" not in made


def test_without_automated_sales_tax_preferences_do_not_speak_of_it(qbo: Client) -> None:
    assert qbo.read("GET", "preferences")["Preferences"]["TaxPrefs"] == {
        "UsingSalesTax": True,
        "TaxGroupCodeRef": {"value": "2"},
    }


@pytest.fixture
def british(make_client: MakeClient) -> Client:
    """A client of a company in Great Britain."""
    client = make_client(SandboxOptions.unlimited(country="GB"), EMPTY_REALM)
    client.customer("Leeds School")
    return client


def _sold(amount: str, code: str | None, **detail: Any) -> dict[str, Any]:
    given = {"ItemRef": {"value": "1"}, **detail}
    return line(amount, **given, **({"TaxCodeRef": {"value": code}} if code else {}))


@pytest.mark.parametrize(
    ("mode", "lines", "net", "tax", "total"),
    [
        ("TaxExcluded", [_sold("100", "2"), _sold("40", "3"), _sold("10", "5")], 150, 22, 172),
        ("TaxInclusive", [_sold("120", "2"), _sold("42", "3")], 140, 22, 162),
        ("NotApplicable", [_sold("100", None)], 100, 0, 100),
        (None, [_sold("100", "2")], 100, 20, 120),
    ],
)
def test_abroad_each_line_names_its_tax_code(
    british: Client, mode: str | None, lines: list[Any], net: float, tax: float, total: float
) -> None:
    customer = british.rows("select * from Customer")[0]
    body = invoice(customer, Line=lines)
    made = british.write("Invoice", body | ({"GlobalTaxCalculation": mode} if mode else {}))
    subtotal = next(one for one in made["Line"] if one["DetailType"] == "SubTotalLineDetail")
    assert (subtotal["Amount"], made["TxnTaxDetail"]["TotalTax"], made["TotalAmt"]) == (net, tax, total)
    assert made["GlobalTaxCalculation"] == (mode or "TaxExcluded")
    assert made["CurrencyRef"]["value"] == "GBP"


@pytest.mark.parametrize(("code", "fault"), [(None, "6000"), ("TAX", "2500"), ("99", "2500")])
def test_abroad_a_line_needs_a_real_tax_code(british: Client, code: str | None, fault: str) -> None:
    customer = british.rows("select * from Customer")[0]
    with pytest.raises(Refused) as refused:
        british.write("Invoice", invoice(customer, Line=[_sold("100", code)]))
    assert refused.value.code == fault


def test_an_explicit_total_is_spread_without_losing_a_cent() -> None:
    lines = [{"Amount": Decimal("7.10")}, {"Amount": Decimal("2.00")}]
    spread = [one["Amount"] for one in overridden(lines, Decimal("5.00"))]
    assert spread == [Decimal("3.90"), Decimal("1.10")]
