"""Rows as answers show them: stored fields, computed figures, names beside references."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from sandbox.quickbooks import ledger
from sandbox.quickbooks.company import Company, Row, Tombstone, ref_id
from sandbox.quickbooks.fields import SALES_FORMS, TRANSACTIONS
from sandbox.quickbooks.profile import company_profile, preferences

_TARGETS = {
    "CustomerRef": "Customer",
    "ItemRef": "Item",
    "SalesTermRef": "Term",
    "TermRef": "Term",
    "PaymentMethodRef": "PaymentMethod",
    "DepositToAccountRef": "Account",
    "IncomeAccountRef": "Account",
    "ExpenseAccountRef": "Account",
    "AssetAccountRef": "Account",
    "ClassRef": "Class",
    "DepartmentRef": "Department",
}
_CURRENCIES = {
    "USD": "United States Dollar",
    "GBP": "British Pound Sterling",
    "EUR": "Euro",
    "CAD": "Canadian Dollar",
    "AUD": "Australian Dollar",
    "DKK": "Danish Krone",
}
#: Body fields that never leave the sandbox under this name.
_PRIVATE = frozenset({"OpeningBalance", "Deposited"})


def dumps(document: Any) -> str:
    """Write a document as JSON; amounts are numbers, as the service writes them.

    Going through float is exact here: amounts have fewer than 15 digits, and the shortest text of the nearest float
    is the amount again.
    """
    return json.dumps(document, default=_number, ensure_ascii=False)


def _number(value: Any) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no place in an answer")


def rendered(company: Company, row: Row) -> dict[str, Any]:
    """Return a row as reads, writes and the change feed answer it."""
    stored = {"CompanyInfo": company_profile, "Preferences": preferences}.get(row.kind, lambda _: row.body)(
        company.settings
    )
    body = {key: _named(company, row.kind, key, value) for key, value in stored.items() if key not in _PRIVATE}
    body |= {
        "domain": "QBO",
        "sparse": False,
        "Id": row.id,
        "SyncToken": str(row.token),
        "MetaData": {"CreateTime": company.stamp(row.created), "LastUpdatedTime": company.stamp(row.updated)},
    }
    if row.kind == "Customer":
        body |= _customer(company, row)
    elif row.kind == "Vendor":
        body |= {"Balance": row.body.get("OpeningBalance", ledger.ZERO)}
    elif row.kind in TRANSACTIONS:
        body |= _transaction(company, row)
    elif row.kind in ("Item", "Account"):
        body |= {"FullyQualifiedName": _path(company, row)}
    return body


def stub(company: Company, tombstone: Tombstone) -> dict[str, Any]:
    """Return what the change feed tells of a deleted row."""
    when = {"LastUpdatedTime": company.stamp(tombstone.when)}
    return {"domain": "QBO", "status": "Deleted", "Id": tombstone.id, "MetaData": when}


def masked(identifier: str) -> str:
    """Return a tax number as answers show it: only its last five characters."""
    return "X" * max(0, len(identifier) - 5) + identifier[-5:]


def level(company: Company, row: Row) -> int:
    """Return how many customers stand above this one."""
    parent = company.find("Customer", ref_id(row.body, "ParentRef"))
    return 0 if parent is None else 1 + level(company, parent)


def _path(company: Company, row: Row) -> str:
    parent = company.find(row.kind, ref_id(row.body, "ParentRef"))
    return row.name if parent is None else f"{_path(company, parent)}:{row.name}"


def _customer(company: Company, row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {
        "FullyQualifiedName": _path(company, row),
        "Balance": ledger.balance(company, row),
        "BalanceWithJobs": ledger.balance_with_jobs(company, row),
        "IsProject": bool(row.body.get("IsProject", False)),
        "ClientEntityId": "0",
    }
    if "ParentRef" in row.body:
        found["Level"] = level(company, row)
    if "PrimaryTaxIdentifier" in row.body:
        found["PrimaryTaxIdentifier"] = masked(row.body["PrimaryTaxIdentifier"])
    return found


def _transaction(company: Company, row: Row) -> dict[str, Any]:
    left = ledger.open_amount(company, row)
    if row.kind == "Payment":
        deposited = {"LinkedTxn": [{"TxnId": "1", "TxnType": "Deposit"}]} if row.body.get("Deposited") else {}
        return {"UnappliedAmt": left, **deposited}
    found: dict[str, Any] = {}
    if row.kind == "Invoice":
        found["Balance"] = left
        found["LinkedTxn"] = [
            *row.body.get("LinkedTxn", ()),
            *({"TxnId": payment, "TxnType": "Payment"} for payment in company.applied_to("Invoice", row.id)),
        ]
    elif row.kind == "CreditMemo":
        found |= {"Balance": left, "RemainingCredit": left}
    if company.settings.multicurrency:
        rate = row.body.get("ExchangeRate", Decimal(1))
        found["HomeTotalAmt"] = (row.body["TotalAmt"] * rate).quantize(ledger.CENT)
        if row.kind in SALES_FORMS and "Balance" in found:
            found["HomeBalance"] = (left * rate).quantize(ledger.CENT)
    return found


def _named(company: Company, kind: str, key: str, value: Any) -> Any:
    """Put the display name beside references, inside lists and nested objects too."""
    if isinstance(value, list):
        return [_named(company, kind, key, one) for one in value]
    if not isinstance(value, dict):
        return value
    if not key.endswith("Ref"):
        return {inner: _named(company, kind, inner, one) for inner, one in value.items()}
    if key == "CurrencyRef":
        return {**value, "name": _CURRENCIES.get(value["value"], value["value"])}
    entity = _TARGETS.get(key) or ({"Item": "Item", "Account": "Account"}.get(kind) if key == "ParentRef" else None)
    target = company.find(entity, value["value"]) if entity else None
    return {**value, "name": target.name} if target else dict(value)
