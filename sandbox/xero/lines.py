"""Line items: defaults, totals and tax as the server computes them (Xero facts 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.xero.errors import InvalidError
from sandbox.xero.organisation import Organisation, Record
from sandbox.xero.wire import read_decimal

CENT = Decimal("0.01")
HUNDRED = Decimal(100)
MOST_TRACKING = 2
LONGEST_DESCRIPTION = 4000
_CAN_APPLY = {
    "REVENUE": "CanApplyToRevenue",
    "EXPENSE": "CanApplyToExpenses",
    "ASSET": "CanApplyToAssets",
    "LIABILITY": "CanApplyToLiabilities",
    "EQUITY": "CanApplyToEquity",
}


def cents(amount: Decimal) -> Decimal:
    """Round to two places, halves away from zero."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def read_lines(
    org: Organisation, given: Sequence[Any], document: Record, *, places: int, before: Sequence[Record] = ()
) -> list[Record]:
    """Return the document's new line items, defaults filled in and amounts computed.

    ``document`` gives Type, LineAmountTypes, Status and the contact; ``before`` are the lines whose ids may be kept.
    ``places`` is 2, or 4 with ``unitdp=4``.

    :raises InvalidError: with all messages of all lines.
    """
    known = {line["LineItemID"] for line in before}
    lines: list[Record] = []
    wrong: list[str] = []
    for one in given:
        try:
            lines.append(_read_line(org, dict(one), document, places=places, known=known))
        except InvalidError as invalid:
            wrong += invalid.messages
    if wrong:
        raise InvalidError(*dict.fromkeys(wrong))
    return lines


def totals(lines: Sequence[Mapping[str, Any]], line_amount_types: str) -> Record:
    """Return SubTotal, TotalTax, Total and TotalDiscount: tax is rounded per line, then summed."""
    amount = sum((line["LineAmount"] for line in lines), Decimal("0.00"))
    tax = sum((line["TaxAmount"] for line in lines), Decimal("0.00"))
    subtotal = amount - tax if line_amount_types == "Inclusive" else amount
    discount = sum((_gross(line) - line["LineAmount"] for line in lines if _discounted(line)), Decimal("0.00"))
    shown: Record = {"SubTotal": subtotal, "TotalTax": tax, "Total": subtotal + tax}
    return {**shown, "TotalDiscount": discount} if discount else shown


def _read_line(org: Organisation, given: Record, document: Record, *, places: int, known: set[str]) -> Record:
    given = {name: value for name, value in given.items() if value not in (None, "")}
    sales = document["Type"].startswith("ACCREC")
    line = _with_item(org, given, sales=sales)
    wrong = _check_line(org, line, document, sales=sales)
    if wrong:
        raise InvalidError(*wrong)
    _compute_amounts(line, given, places)
    _compute_tax(org, line, given, document, sales=sales)
    line["Tracking"] = _tracking(org, given.get("Tracking", []))
    kept = str(given.get("LineItemID"))
    line["LineItemID"] = kept if kept in known else org.new_id("line")
    account = org.account(code=line.get("AccountCode"))
    if account is not None:
        line["AccountID"] = account["AccountID"]
    return line


def _with_item(org: Organisation, given: Record, *, sales: bool) -> Record:
    names = ("Description", "ItemCode", "AccountCode", "TaxType")
    line: Record = {name: str(given[name]) for name in names if name in given}
    if "AccountCode" not in line and "AccountID" in given:
        account = org.account(account_id=str(given["AccountID"]))
        line["AccountCode"] = account["Code"] if account else str(given["AccountID"])
    if "ItemCode" not in line:
        return line
    item = org.item(line["ItemCode"])
    if item is None:
        raise InvalidError(f"Item code '{line['ItemCode']}' is not valid")
    details = item.get("SalesDetails" if sales else "PurchaseDetails", {})
    line.setdefault("Description", item.get("Description" if sales else "PurchaseDescription", ""))
    for name in ("AccountCode", "TaxType"):
        if details.get(name):
            line.setdefault(name, details[name])
    if details.get("UnitPrice") is not None:
        line["UnitAmount"] = details["UnitPrice"]
    line["Item"] = {"ItemID": item["ItemID"], "Name": item["Name"], "Code": item["Code"]}
    return line


def _check_line(org: Organisation, line: Record, document: Record, *, sales: bool) -> list[str]:
    wrong = []
    if not line.get("Description"):
        wrong.append("The description field is mandatory for each line item.")
    if len(line.get("Description", "")) > LONGEST_DESCRIPTION:
        wrong.append(f"The description of a line item must not be longer than {LONGEST_DESCRIPTION} characters.")
    code = line.get("AccountCode")
    if code is None:
        if document["Status"] != "DRAFT":
            wrong.append("Account code must be specified for each line item.")
        return wrong
    account = org.account(code=code)
    if account is None or account["Type"] == "BANK" or account.get("SystemAccount") in ("DEBTORS", "CREDITORS"):
        return [*wrong, f"Account code '{code}' is not a valid code for this document."]
    rate = org.tax_rate(line["TaxType"]) if "TaxType" in line else None
    if "TaxType" in line and rate is None:
        wrong.append(
            f"The TaxType code '{line['TaxType']}' does not exist or cannot be used for this type of transaction."
        )
    if rate is not None and not rate[_CAN_APPLY[account["Class"]]]:
        wrong.append(f"The TaxType code '{line['TaxType']}' cannot be used with account code '{code}'")
    if rate is not None and sales and rate["TaxType"].startswith("INPUT"):
        wrong.append(f"The TaxType code '{line['TaxType']}' cannot be used with account code '{code}'")
    return list(dict.fromkeys(wrong))


def _compute_amounts(line: Record, given: Record, places: int) -> None:
    def number(name: str) -> Decimal | None:
        wrong = InvalidError(f"The {name} of a line item must be a number.")
        return read_decimal(given[name], lambda: wrong) if name in given else None

    quantity = number("Quantity")
    line["Quantity"] = Decimal(1) if quantity is None else quantity.quantize(Decimal("0.0001"), ROUND_HALF_UP)
    unit, amount = number("UnitAmount"), number("LineAmount")
    if unit is None:
        unit = line.get("UnitAmount")
    if unit is None:
        unit = amount / line["Quantity"] if amount is not None and line["Quantity"] else Decimal(0)
    line["UnitAmount"] = unit.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    for name in ("DiscountRate", "DiscountAmount"):
        value = number(name)
        if value:
            line[name] = value
    if "DiscountRate" in line and "DiscountAmount" in line:
        raise InvalidError("A line item can have a discount rate or a discount amount, not both.")
    expected = _gross(line)
    if "DiscountRate" in line:
        expected = cents(line["Quantity"] * line["UnitAmount"] * (1 - line["DiscountRate"] / HUNDRED))
    expected -= line.get("DiscountAmount", Decimal(0))
    if amount is not None and cents(amount) != cents(expected):
        raise InvalidError(f"The line total {cents(amount)} does not match the expected line total {cents(expected)}")
    line["LineAmount"] = cents(expected)


def _compute_tax(org: Organisation, line: Record, given: Record, document: Record, *, sales: bool) -> None:
    if _discounted(line) and not sales:
        raise InvalidError("Discounts may not be applied to ACCPAY invoices.")
    if document["LineAmountTypes"] == "NoTax":
        line.update(TaxType="NONE", TaxAmount=Decimal("0.00"))
        return
    contact = org.contacts[document["Contact"]["ContactID"]]
    account = org.account(code=line.get("AccountCode"))
    default = contact.get("AccountsReceivableTaxType" if sales else "AccountsPayableTaxType")
    tax_type = line.get("TaxType") or default or (account["TaxType"] if account else None)
    rate = org.tax_rate(tax_type) if tax_type else None
    part = (rate["EffectiveRate"] if rate else Decimal(0)) / HUNDRED
    base = line["LineAmount"]
    line["TaxAmount"] = cents(base - base / (1 + part) if document["LineAmountTypes"] == "Inclusive" else base * part)
    if tax_type:
        line["TaxType"] = tax_type
    if "TaxAmount" in given:
        wrong = InvalidError("The tax amount of a line item must be a number.")
        line["TaxAmount"] = cents(read_decimal(given["TaxAmount"], lambda: wrong))


def _tracking(org: Organisation, given: Sequence[Any]) -> list[Record]:
    if len(given) > MOST_TRACKING:
        raise InvalidError(f"A line item can have at most {MOST_TRACKING} tracking categories.")
    kept = []
    for one in given:
        category = next(
            (
                found
                for found in org.tracking_categories
                if found["Name"] == one.get("Name") or found["TrackingCategoryID"] == one.get("TrackingCategoryID")
            ),
            None,
        )
        options = category["Options"] if category else []
        option = next(
            (
                o
                for o in options
                if o["Name"] == one.get("Option") or o["TrackingOptionID"] == one.get("TrackingOptionID")
            ),
            None,
        )
        if category is None or option is None:
            raise InvalidError(
                f"The tracking category '{one.get('Name')}' or its option '{one.get('Option')}' is not valid."
            )
        kept.append(
            {
                "TrackingCategoryID": category["TrackingCategoryID"],
                "TrackingOptionID": option["TrackingOptionID"],
                "Name": category["Name"],
                "Option": option["Name"],
            }
        )
    return kept


def _gross(line: Mapping[str, Any]) -> Decimal:
    return cents(line["Quantity"] * line["UnitAmount"])


def _discounted(line: Mapping[str, Any]) -> bool:
    return "DiscountRate" in line or "DiscountAmount" in line
