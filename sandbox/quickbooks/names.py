"""Writing customers and vendors: one namespace of display names, the customer tree, and what deactivating does."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox.quickbooks import addresses, faults, ledger
from sandbox.quickbooks.clean import cleaned, merged
from sandbox.quickbooks.company import Body, Company, Row, ref_id
from sandbox.quickbooks.references import check_references, claimed
from sandbox.quickbooks.render import level

DEEPEST = 4  #: most customers above one customer: five levels in all
NAME_PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")
#: What a full update does not take away.
KEPT = {
    "Customer": frozenset({"CurrencyRef", "OpeningBalance", "IsProject", "Balance"}),
    "Vendor": frozenset({"CurrencyRef", "OpeningBalance", "Balance"}),
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "Customer": {"Active": True, "Job": False, "BillWithParent": False, "PreferredDeliveryMethod": "None"},
    "Vendor": {"Active": True, "Vendor1099": False},
}


def write(company: Company, kind: str, request: Mapping[str, Any], *, editor: str) -> Row:
    """Create (no Id) or update a customer or vendor.

    :raises Fault: with the code of the rule that the request breaks; nothing is stored then.
    """
    new = cleaned(kind, request)
    opening = new.pop("Balance", None)
    before = claimed(company, kind, request)
    if before is None:
        body = {key: value for key, value in new.items() if value is not None}
        if opening:
            body["OpeningBalance"] = Decimal(opening)
    else:
        if request.get("sparse") is True and new.get("DisplayName", "") is None:
            raise _no_name()
        body = merged(before.body, new, entity=kind, sparse=request.get("sparse") is True, kept=KEPT[kind])
    body = {**DEFAULTS[kind], **body}
    _name(body)
    check_references(company, kind, new)
    _currency(company, body, before)
    if kind == "Customer":
        _tax(company, body)
        _hierarchy(company, body, before)
    if before is not None and before.active and not body["Active"]:
        body = _deactivated(company, before, body, editor=editor)
    _unique(company, body["DisplayName"], before)
    body = addresses.stored(company, body, before.body if before else {})
    if before is None:
        return company.insert(kind, body, editor=editor)
    return company.save(before, body, editor=editor)


def _no_name() -> faults.Fault:
    detail = "Title, GivenName, MiddleName, FamilyName, DisplayName, Suffix - one of these must be non-empty."
    return faults.Fault("6080", "No Name Provided", detail, "DisplayName")


def _name(body: Body) -> None:
    if not body.get("DisplayName"):
        composed = " ".join(body[part] for part in NAME_PARTS if body.get(part))
        if not composed:
            raise _no_name()
        body["DisplayName"] = composed[:500]
    if not body.get("PrintOnCheckName"):
        body["PrintOnCheckName"] = body["DisplayName"][:110]


def _unique(company: Company, name: str, before: Row | None) -> None:
    if any(before is None or (row.kind, row.id) != (before.kind, before.id) for row in company.holders_of(name)):
        raise faults.duplicate_name()


def _currency(company: Company, body: Body, before: Row | None) -> None:
    home = company.settings.currency
    parent = company.find("Customer", ref_id(body, "ParentRef"))
    wanted = ref_id(body, "CurrencyRef") or (ref_id(parent.body, "CurrencyRef") if parent else home)
    if wanted != home and not company.settings.multicurrency:
        raise faults.business("Multicurrency should be enabled to perform this operation.", "CurrencyRef")
    if wanted != home and not company.has_currency(wanted):
        raise faults.bad_reference(f"CompanyCurrency element id {wanted} not found", "CurrencyRef")
    if before is not None and wanted != ref_id(before.body, "CurrencyRef"):
        raise faults.business("The currency of a customer or vendor cannot be changed once it is set.", "CurrencyRef")
    if parent is not None and wanted != ref_id(parent.body, "CurrencyRef"):
        raise faults.business("A sub-customer must have the currency of its parent.", "CurrencyRef")
    body["CurrencyRef"] = {"value": wanted}


def _tax(company: Company, body: Body) -> None:
    if company.settings.automated_sales_tax:
        body.pop("DefaultTaxCodeRef", None)
    if body.get("TaxExemptionReasonId"):
        body["Taxable"] = False
    body.setdefault("Taxable", True)
    if not body["Taxable"]:
        body.pop("DefaultTaxCodeRef", None)


def _hierarchy(company: Company, body: Body, before: Row | None) -> None:
    parent_id = ref_id(body, "ParentRef")
    if bool(body.get("Job")) != bool(parent_id):
        raise faults.parent_required()
    if not parent_id:
        body["BillWithParent"] = False
        return
    if before is not None and parent_id == before.id:
        raise faults.Fault("900", "Parent cannot be child", "An object cannot be its own parent.", "ParentRef")
    parent = company.find("Customer", parent_id)
    if parent is None:
        raise faults.bad_reference(f"Names element id {parent_id} not found", "ParentRef")
    moved = before is None or ref_id(before.body, "ParentRef") != parent_id
    if moved and not parent.active:
        raise faults.bad_reference(faults.INACTIVE_REFERENCE, "ParentRef")
    if before is not None and is_at_or_above(company, before, parent):
        raise faults.Fault("700", "Parent Reference Invalid", "The parent is below this customer.", "ParentRef")
    check_place(company, parent, height=height(company, before.id) if before is not None else 0)


def is_at_or_above(company: Company, upper: Row, lower: Row) -> bool:
    """Say whether ``upper`` is ``lower`` or one of the customers above it."""
    above: Row | None = lower
    while above is not None and above.id != upper.id:
        above = company.find("Customer", ref_id(above.body, "ParentRef"))
    return above is not None


def check_place(company: Company, parent: Row, *, height: int) -> None:
    """Check that a customer with ``height`` levels below itself may hang below ``parent``.

    :raises Fault: 6000 below a project, 6180 beyond the fifth level.
    """
    if parent.body.get("IsProject"):
        raise faults.business("A project cannot contain subcustomers", "ParentRef")
    if level(company, parent) + 1 + height > DEEPEST:
        raise faults.Fault("6180", "Sub Level Limit", "You can nest customers up to 5 levels.", "ParentRef")


def height(company: Company, customer_id: str) -> int:
    """Return how many levels hang below a customer."""
    return max((1 + height(company, child.id) for child in company.children_of(customer_id)), default=0)


def _deactivated(company: Company, row: Row, body: Body, *, editor: str) -> Body:
    """Return the body of a row that goes out of use: renamed, so that the name is free again."""
    if row.kind == "Customer":
        if any(child.active for child in company.children_of(row.id)):
            raise faults.business("This customer has active sub-customers; make them inactive first.", "Active")
        left = ledger.balance(company, row)
        if left and company.settings.balance_blocks_deactivation:
            raise faults.Fault(
                "6220",
                "Delete Entity Has Balance Error",
                "Delete List Has Balance Error : This customer cannot be deleted because it has a non-zero balance.",
                "Active",
            )
        if left > 0:
            _even_out(company, row, left, editor=editor)
    return {**body, "DisplayName": deleted_name(company, body["DisplayName"])}


def deleted_name(company: Company, name: str) -> str:
    """Return the name that a deactivated row gets: the first free of "Name (deleted)", "Name (deleted 2)" and so on."""
    free = f"{name} (deleted)"
    number = 2
    while company.holders_of(free):
        free = f"{name} (deleted {number})"
        number += 1
    return free


def _even_out(company: Company, row: Row, amount: Decimal, *, editor: str) -> None:
    line = {
        "Id": "1",
        "LineNum": 1,
        "Amount": amount,
        "DetailType": "SalesItemLineDetail",
        "Description": "Balancing entry for an inactive customer",
        "SalesItemLineDetail": {"TaxCodeRef": {"value": "NON"}},
    }
    body = {
        "CustomerRef": {"value": row.id},
        "CurrencyRef": row.body["CurrencyRef"],
        "TxnDate": company.today(),
        "Line": [line],
        "TotalAmt": amount,
        "TxnTaxDetail": {"TotalTax": ledger.ZERO},
    }
    company.insert("CreditMemo", body, editor=editor)
