"""Pricing a sales form: its lines, discount, tax and totals, as the service computes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sandbox.quickbooks import faults
from sandbox.quickbooks.company import Body, Company, Row, ref_id
from sandbox.quickbooks.references import active_row
from sandbox.quickbooks.tax import ZERO, cents, per_line_detail, rates_of, us_detail

Line = dict[str, Any]
ITEM_DETAIL = "SalesItemLineDetail"


@dataclass(slots=True)
class _Sums:
    net: Decimal = ZERO
    taxable: Decimal = ZERO
    by_code: dict[str, Decimal] = field(default_factory=dict)


def checked_lines(lines: Sequence[Mapping[str, Any]]) -> list[Line]:
    """Return the lines of a request that count, each with its DetailType; subtotals are left out.

    :raises Fault: 2020 without any line, amount or type, 6070 when an amount isn't quantity times price.
    """
    result = []
    for line in lines:
        kind = line.get("DetailType") or (ITEM_DETAIL if ITEM_DETAIL in line else None)
        if kind is None:
            raise faults.missing("Line.DetailType")
        if kind in ("SubTotalLineDetail", "TaxLineDetail"):
            continue
        if kind == "GroupLineDetail":
            raise faults.unsupported_operation("group lines")
        if kind == ITEM_DETAIL:
            _check_amount(line)
        result.append({**line, "DetailType": kind})
    if not result:
        raise faults.missing("Line")
    return result


def _check_amount(line: Mapping[str, Any]) -> None:
    if "Amount" not in line:
        raise faults.missing("Line.Amount")
    detail = line.get(ITEM_DETAIL, {})
    # Clients that always send every property write two zeros for "not given".
    if "Qty" in detail and "UnitPrice" in detail and (detail["Qty"] or detail["UnitPrice"]):
        wanted = cents(detail["Qty"] * detail["UnitPrice"])
        if wanted not in (cents(line["Amount"]), cents(detail.get("TaxInclusiveAmt") or line["Amount"])):
            raise faults.amount_mismatch(line["Amount"])


def numbered(lines: Sequence[Line], before: Sequence[Mapping[str, Any]]) -> list[Line]:
    """Return the lines with Id and LineNum: ids that the form already had are kept, others are new."""
    known = {line["Id"] for line in before if "Id" in line}
    next_id = max((int(line_id) for line_id in known), default=0) + 1
    result = []
    for position, line in enumerate(lines, 1):
        line_id = line.get("Id")
        if line_id not in known:
            line_id = str(next_id)
            next_id += 1
        result.append({**line, "Id": line_id, "LineNum": position})
    return result


def priced(company: Company, body: Body, customer: Row) -> Body:
    """Return the form with completed lines, a subtotal line, its tax and its total.

    :raises Fault: for a line's item or tax code, and for a discount without a figure.
    """
    us = company.settings.country == "US"
    mode = "TaxExcluded" if us else body.get("GlobalTaxCalculation", "TaxExcluded")
    if mode == "NotApplicable" and "TxnTaxDetail" in body and body["TxnTaxDetail"].get("TxnTaxCodeRef"):
        detail = "The TxnTaxDetail attribute isn't allowed when GlobalTaxCalculation is set to NotApplicable."
        raise faults.Fault("6170", "Invalid TxnTaxDetail", detail, "TxnTaxDetail")
    sums = _Sums()
    lines, discounts = [], []
    for line in body["Line"]:
        if line["DetailType"] == "DiscountLineDetail":
            discounts.append(line)
        elif line["DetailType"] == ITEM_DETAIL:
            lines.append(_sold(company, line, sums, mode=mode))
        elif line["DetailType"] == "DescriptionOnly":
            lines.append({"DescriptionLineDetail": {}, **line})
    discount = _discount(discounts, sums.net)
    subtotal = {"Amount": sums.net, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
    result = {**body, "Line": [*lines, subtotal, *discount]}
    off = sum((line["Amount"] for line in discount), ZERO)
    result["TxnTaxDetail"] = _tax(company, result, sums, customer, off=off, mode=mode)
    result["TotalAmt"] = cents(sums.net - off + result["TxnTaxDetail"]["TotalTax"])
    if us:
        result.pop("GlobalTaxCalculation", None)
        result["ApplyTaxAfterDiscount"] = bool(body.get("ApplyTaxAfterDiscount", False))
    else:
        result["GlobalTaxCalculation"] = mode
        result.pop("ApplyTaxAfterDiscount", None)
    return result


def _tax(company: Company, body: Body, sums: _Sums, customer: Row, *, off: Decimal, mode: str) -> dict[str, Any]:
    after = bool(body.get("ApplyTaxAfterDiscount", False)) or company.settings.country != "US"
    share = (sums.net - off) / sums.net if after and sums.net else Decimal(1)
    if mode == "NotApplicable":
        return {"TotalTax": ZERO}
    if company.settings.country == "US":
        return us_detail(company, body, taxable=cents(sums.taxable * share), customer=customer)
    return per_line_detail(company, {code: cents(net * share) for code, net in sums.by_code.items()})


def _sold(company: Company, line: Line, sums: _Sums, *, mode: str) -> Line:
    detail = _given(line)
    item = _item(company, ref_id(detail, "ItemRef"))
    if item is not None:
        detail["ItemRef"] = {"value": item.id}
    class_id = ref_id(detail, "ClassRef")
    if class_id:
        active_row(company, "Class", class_id, "ClassRef")
    code = ref_id(detail, "TaxCodeRef")
    amount = cents(line["Amount"])
    if company.settings.country == "US":
        code = _us_code(code, item)
        sums.taxable += amount if code == "TAX" else ZERO
    elif mode != "NotApplicable":
        percent = _percent(company, code)
        if mode == "TaxInclusive":
            gross = cents(detail.get("TaxInclusiveAmt", amount))
            amount = cents(gross / (1 + percent / 100))
            detail["TaxInclusiveAmt"] = gross
        sums.by_code[code] = sums.by_code.get(code, ZERO) + amount
    if code:
        detail["TaxCodeRef"] = {"value": code}
    if "Qty" in detail and "UnitPrice" not in detail and detail["Qty"]:
        detail["UnitPrice"] = (amount / detail["Qty"]).quantize(Decimal("0.0000001")).normalize()
    sums.net += amount
    return {**line, "Amount": amount, ITEM_DETAIL: detail}


def _given(line: Line) -> dict[str, Any]:
    """Return the line's detail without the zeros that stand for "not given"."""
    detail = dict(line.get(ITEM_DETAIL, {}))
    if not detail.get("TaxInclusiveAmt"):
        detail.pop("TaxInclusiveAmt", None)
    if not detail.get("Qty") and not detail.get("UnitPrice"):
        detail = {key: value for key, value in detail.items() if key not in ("Qty", "UnitPrice")}
    return detail


def _us_code(code: str, item: Row | None) -> str:
    code = code or ("TAX" if item is None or item.body.get("Taxable", True) else "NON")
    if code not in ("TAX", "NON"):
        text = f"Valid Line TaxCodes for US should be TAX or NON. Supplied value:{code}"
        raise faults.Fault("6100", "Invalid Line TaxCode in the request", text, "Line.TaxCodeRef")
    return code


def _percent(company: Company, code: str) -> Decimal:
    if not code:
        raise faults.business("Make sure all your transactions have a VAT rate before you save.", "Line.TaxCodeRef")
    _, rates = rates_of(company, code, "Line.SalesItemLineDetail.TaxCodeRef")
    return sum((rate.percent for rate in rates), ZERO)


def _item(company: Company, item_id: str) -> Row | None:
    if item_id:
        return active_row(company, "Item", item_id, "Line.SalesItemLineDetail.ItemRef")
    if company.settings.default_item is None:
        raise faults.bad_reference("Item element is missing", "Line.SalesItemLineDetail.ItemRef")
    return company.find("Item", company.settings.default_item)


def _discount(lines: Sequence[Line], net: Decimal) -> list[Line]:
    if len(lines) > 1:
        raise faults.business("A transaction can have only one discount line.", "Line")
    result = []
    for line in lines:
        detail = line.get("DiscountLineDetail", {})
        if detail.get("PercentBased"):
            if "DiscountPercent" not in detail:
                raise faults.Fault(
                    "6090", "Discount Line missing required info", "Discount amount or percent should be provided."
                )
            amount = cents(net * detail["DiscountPercent"] / 100)
        elif "Amount" in line:
            amount = cents(line["Amount"])
        else:
            raise faults.Fault(
                "6090", "Discount Line missing required info", "Discount amount or percent should be provided."
            )
        result.append({**line, "Amount": amount, "DiscountLineDetail": {"PercentBased": False, **detail}})
    return result
