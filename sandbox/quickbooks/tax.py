"""Sales tax as the service computes it: by tax code, with US states' rates, or per line abroad."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.quickbooks import faults
from sandbox.quickbooks.company import Company, Row, ref_id

CENT = Decimal("0.01")
ZERO = Decimal(0)
#: Rates of the stand-in for automated sales tax, percent by state; other states have none.
STATE_RATES: Mapping[str, Decimal] = {
    "AZ": Decimal("8.6"),
    "CA": Decimal("8.75"),
    "NY": Decimal("8.875"),
    "TX": Decimal("8.25"),
    "WA": Decimal("10.1"),
}


def cents(amount: Decimal) -> Decimal:
    """Round to cents, halves up."""
    return amount.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Rate:
    """One rate of a tax code."""

    id: str
    percent: Decimal


def rates_of(company: Company, code_id: str, element: str) -> tuple[Row, tuple[Rate, ...]]:
    """Return a tax code and its sales rates.

    :raises Fault: 2500 when the code is missing or inactive.
    """
    code = company.find("TaxCode", code_id)
    if code is None:
        raise faults.bad_reference(f"TaxCode element id {code_id} not found", element)
    if not code.active:
        raise faults.bad_reference(faults.INACTIVE_REFERENCE, element)
    details = code.body.get("SalesTaxRateList", {}).get("TaxRateDetail", ())
    rates = []
    for detail in details:
        rate = company.find("TaxRate", ref_id(detail, "TaxRateRef"))
        if rate is not None:
            rates.append(Rate(rate.id, rate.body["RateValue"]))
    return code, tuple(rates)


def tax_line(rate_id: str, percent: Decimal, base: Decimal, amount: Decimal) -> dict[str, Any]:
    """Return one line of a document's tax."""
    return {
        "Amount": amount,
        "DetailType": "TaxLineDetail",
        "TaxLineDetail": {
            "TaxRateRef": {"value": rate_id},
            "PercentBased": True,
            "TaxPercent": percent,
            "NetAmountTaxable": base,
        },
    }


def overridden(lines: Sequence[Mapping[str, Any]], wanted: Decimal) -> list[dict[str, Any]]:
    """Spread an explicit total over the tax lines in proportion; the last line takes the rest."""
    total = sum((line["Amount"] for line in lines), ZERO)
    result = [dict(line) for line in lines]
    left = wanted
    for line in result[:-1]:
        line["Amount"] = cents(wanted * line["Amount"] / total) if total else ZERO
        left -= line["Amount"]
    if result:
        result[-1]["Amount"] = left
    return result


def us_detail(company: Company, body: Mapping[str, Any], *, taxable: Decimal, customer: Row) -> dict[str, Any]:
    """Return a US document's TxnTaxDetail.

    The code of TxnTaxCodeRef decides; with automated sales tax the service's own figure by ship-to state (else the
    company's), unless the request names a TotalTax, which is honoured and spread.

    :raises Fault: 2500 for an unknown code.
    """
    asked: Mapping[str, Any] = body.get("TxnTaxDetail") or {}
    code_id = ref_id(asked, "TxnTaxCodeRef")
    lines: list[dict[str, Any]] = []
    detail: dict[str, Any] = {}
    if company.settings.automated_sales_tax:
        if customer.body.get("Taxable", True):
            state = str((body.get("ShipAddr") or body.get("BillAddr") or {}).get("CountrySubDivisionCode", "CA"))
            percent = STATE_RATES.get(state, ZERO)
            lines = [tax_line("3", percent, taxable, cents(taxable * percent / 100))]
            detail["TxnTaxCodeRef"] = {"value": "2"}
    elif code_id:
        _, rates = rates_of(company, code_id, "TxnTaxDetail.TxnTaxCodeRef")
        lines = [tax_line(rate.id, rate.percent, taxable, cents(taxable * rate.percent / 100)) for rate in rates]
        detail["TxnTaxCodeRef"] = {"value": code_id}
    if asked.get("TotalTax") is not None and lines and taxable:
        lines = overridden(lines, cents(asked["TotalTax"]))
    detail["TotalTax"] = sum((line["Amount"] for line in lines), ZERO)
    if lines:
        detail["TaxLine"] = lines
    return detail


def per_line_detail(company: Company, nets: Mapping[str, Decimal]) -> dict[str, Any]:
    """Return the TxnTaxDetail of a document outside the US from net amounts by tax code."""
    lines = []
    for code_id, net in nets.items():
        _, rates = rates_of(company, code_id, "Line.SalesItemLineDetail.TaxCodeRef")
        lines += [tax_line(rate.id, rate.percent, net, cents(net * rate.percent / 100)) for rate in rates]
    detail: dict[str, Any] = {"TotalTax": sum((line["Amount"] for line in lines), ZERO)}
    if lines:
        detail["TaxLine"] = lines
    return detail
