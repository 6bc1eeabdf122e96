"""Writing the small lists: items, terms, payment methods, classes, locations, tax agencies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.quickbooks import faults
from sandbox.quickbooks.clean import cleaned, merged
from sandbox.quickbooks.company import Company, Row, ref_id
from sandbox.quickbooks.references import check_references, claimed

_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "Item": {"Active": True, "Taxable": True, "Type": "Service"},
    "Term": {"Active": True, "Type": "STANDARD"},
    "PaymentMethod": {"Active": True, "Type": "NON_CREDIT_CARD"},
    "Class": {"Active": True},
    "Department": {"Active": True},
    "TaxAgency": {"TaxTrackedOnSales": True, "TaxTrackedOnPurchases": False},
}


def write(company: Company, kind: str, request: Mapping[str, Any], *, editor: str) -> Row:
    """Create (no Id) or update a row of one of the lists.

    :raises Fault: with the code of the rule that the request breaks; nothing is stored then.
    """
    new = cleaned(kind, request)
    before = claimed(company, kind, request)
    sparse = request.get("sparse") is True
    body = (
        merged(before.body, new, entity=kind, sparse=sparse, kept=frozenset({"Type"}))
        if before
        else {key: value for key, value in new.items() if value is not None}
    )
    body = {**_DEFAULTS[kind], **body}
    check_references(company, kind, new)
    name_field = "DisplayName" if kind == "TaxAgency" else "Name"
    name = body.get(name_field)
    if not name:
        raise faults.missing(name_field)
    if before is not None and before.active and not body.get("Active", True):
        name = body[name_field] = f"{name} (deleted)"
    if kind == "Item":
        _check_item(body)
    for row in company.rows(kind):
        if row is not before and str(row.body.get(name_field)).casefold() == name.casefold():
            raise faults.duplicate_name()
    if before is None:
        return company.insert(kind, body, editor=editor)
    return company.save(before, body, editor=editor)


def _check_item(body: Mapping[str, Any]) -> None:
    if body["Type"] in ("Service", "NonInventory", "Inventory") and not ref_id(body, "IncomeAccountRef"):
        raise faults.missing("IncomeAccountRef")
    if body["Type"] == "Inventory":
        for needed in ("AssetAccountRef", "ExpenseAccountRef", "InvStartDate", "QtyOnHand"):
            if not body.get(needed) and body.get(needed) != 0:
                raise faults.missing(needed)
