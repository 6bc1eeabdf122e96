"""How QuickBooks would answer a body: the formatting it does by itself, and nothing that a bookkeeper did.

Addresses get an id and a three-letter country, blank members vanish, references get names, lines get ids and a subtotal
line below them, identifiers are masked, amounts are numbers, totals and balances are worked out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pycountry

from service.core.ports import EntityKind, Payload

_NAMES = {EntityKind.CUSTOMER: "Customer", EntityKind.INVOICE: "Invoice", EntityKind.PAYMENT: "Payment"}


def echo(
    kind: EntityKind,
    body: Payload,
    *,
    before: Payload | None = None,
    tax: Decimal = Decimal(0),
    paid: Decimal = Decimal(0),
) -> dict[str, Any]:
    """The entity as it is stored after a create or, with ``before``, a sparse update."""
    sent = json.loads(_json(body))
    stored: dict[str, Any] = {**(before or {}), **sent}
    stored = {name: kept for name, value in stored.items() if (kept := _kept(value)) is not None}
    for name in ("BillAddr", "ShipAddr"):
        if name in stored:
            stored[name] = {**stored[name], "Id": "77", "Lat": "INVALID", "Long": "INVALID"}
            if "Country" in stored[name]:
                stored[name]["Country"] = _iso3(stored[name]["Country"])
    stored |= {"Id": "58", "SyncToken": "1", "domain": "QBO", "sparse": False}
    stored["MetaData"] = {"CreateTime": "2026-11-22T01:40:00-08:00", "LastUpdatedTime": "2026-11-22T01:40:00-08:00"}
    if kind is EntityKind.CUSTOMER:
        return _customer(stored)
    return _invoice(stored, tax, paid) if kind is EntityKind.INVOICE else _payment(stored)


def reflow(address: Mapping[str, str], *names: str) -> dict[str, str]:
    """An address of a document after an update: free lines below the customer's names."""
    lines = [address[f"Line{n}"] for n in range(1, 6) if address.get(f"Line{n}")]
    place = ", ".join(address[name] for name in ("City", "CountrySubDivisionCode") if address.get(name))
    place = " ".join(part for part in (place, address.get("PostalCode", "")) if part)
    tail = "  ".join(part for part in (place, _iso3(address.get("Country", ""))) if part)
    lines = [*names, *lines, *([tail] if tail else [])]
    if len(lines) > 5:
        lines = [*lines[:4], ", ".join(lines[4:])]
    return {"Id": "78", **{f"Line{n}": line for n, line in enumerate(lines, start=1)}}


def _customer(stored: dict[str, Any]) -> dict[str, Any]:
    number = stored.get("PrimaryTaxIdentifier")
    if number:
        stored["PrimaryTaxIdentifier"] = "X" * max(0, len(number) - 5) + number[-5:]
    return {
        "Active": True,
        "Job": False,
        "Taxable": True,
        "BillWithParent": False,
        "PrintOnCheckName": stored.get("DisplayName"),
        "FullyQualifiedName": stored.get("DisplayName"),
        "Balance": 0,
        "CurrencyRef": {"value": "USD", "name": "United States Dollar"},
        **stored,
    }


def _invoice(stored: dict[str, Any], tax: Decimal, paid: Decimal) -> dict[str, Any]:
    lines = [
        {**line, "Id": str(position), "LineNum": position}
        for position, line in enumerate(stored.get("Line", []), start=1)
        if line["DetailType"] != "SubTotalLineDetail"
    ]
    net = sum((Decimal(str(line["Amount"])) for line in lines), start=Decimal(0))
    subtotal = {"Amount": float(net), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
    total = net + tax
    if stored.get("GlobalTaxCalculation") == "TaxInclusive":
        total = sum((Decimal(str(line["SalesItemLineDetail"]["TaxInclusiveAmt"])) for line in lines), start=Decimal(0))
    answer = {
        "CurrencyRef": {"value": "USD", "name": "United States Dollar"},
        "EmailStatus": "NotSet",
        **stored,
        "Line": [*lines, subtotal],
        "TxnTaxDetail": {**stored.get("TxnTaxDetail", {}), "TotalTax": float(tax)},
        "TotalAmt": float(total),
        "Balance": float(total - paid),
        "LinkedTxn": [{"TxnId": "61", "TxnType": "Payment"}] if paid else [],
    }
    read: dict[str, Any] = json.loads(json.dumps(answer), parse_float=str)
    return read


def _payment(stored: dict[str, Any]) -> dict[str, Any]:
    answer = {"UnappliedAmt": 0, "CurrencyRef": {"value": "USD"}, "ProcessPayment": False, **stored}
    read: dict[str, Any] = json.loads(json.dumps(answer), parse_float=str)
    return read


def _kept(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: inner for name, one in value.items() if (inner := _kept(one)) is not None}
        return kept or None
    if isinstance(value, list):
        return [_kept(one) for one in value]
    return None if value == "" else value


def _iso3(country: str) -> str:
    try:
        return str(pycountry.countries.lookup(country).alpha_3)
    except LookupError:
        return country


def _json(body: Payload) -> str:
    return json.dumps(body, default=float)
