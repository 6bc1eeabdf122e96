"""A customer's place in QuickBooks' tree: what it takes to move it, and what QuickBooks refuses.

QuickBooks facts: developer.intuit.com, Customer: Job and ParentRef go together, or fault 6150; a sparse update keeps
the ParentRef that is there, so that only a full update, with Job false and no ParentRef, makes a sub-customer a
customer of its own; a full update blanks every writable field that it leaves out. Projects are moved by people only,
and nobody with an open balance is made inactive.
"""

from __future__ import annotations

from typing import Any

from service.core.errors import MappingError
from service.core.ports import RemoteRecord
from service.mapping.quickbooks.body import amount_text, number, part, text

#: Members that QuickBooks makes by itself, or that only a sub-customer has; everything else goes out again as it is.
_NOT_SENT = frozenset(
    {
        "Active",
        "Balance",
        "BalanceWithJobs",
        "BillWithParent",
        "ClientEntityId",
        "FullyQualifiedName",
        "Id",
        "IsProject",
        "Job",
        "Level",
        "MetaData",
        "ParentRef",
        "PrimaryTaxIdentifier",
        "RootCustomerRef",
        "SyncToken",
        "V4IDPseudonym",
        "domain",
        "sparse",
        "status",
    }
)
_MASK = "Xx*"


def require_settled(theirs: RemoteRecord | None) -> None:
    """Refuse to make somebody inactive who owes something, or is owed something, there.

    :raises MappingError: the balance is not zero.
    """
    balance = number(theirs.payload, "Balance") if theirs else None
    if balance:
        reason = (
            f"QuickBooks archives nobody with an open balance, and this one has {amount_text(balance)}; "
            "settle or void its invoices first."
        )
        raise MappingError("active", reason)


def require_movable(theirs: RemoteRecord | None) -> None:
    """Refuse to move a project.

    :raises MappingError: it is one.
    """
    if theirs is not None and part(theirs.payload, "IsProject") in {True, "true"}:
        raise MappingError("parent", "It is a project in QuickBooks, which only a person can move there.")


def whole(theirs: RemoteRecord | None, *, tax_number: str | None) -> dict[str, Any]:
    """Return a full update that leaves a customer as it is, but at the top of the tree.

    :param tax_number: ours, because the one that is there is shown masked.
    :raises MappingError: it is a project; what is there is not known; its tax number would be lost.
    """
    require_movable(theirs)
    if theirs is None:
        raise MappingError("parent", "What QuickBooks holds of it is not known yet, so that it can't be moved.")
    kept = {name: value for name, value in theirs.payload.items() if name not in _NOT_SENT and value is not None}
    shown = text(theirs.payload, "PrimaryTaxIdentifier")
    if shown is not None and tax_number is None and not _is_plain(shown):
        reason = (
            "QuickBooks shows the tax number of this customer masked and would lose it when it becomes a client; "
            "enter the number here as VAT number, or move it there by hand."
        )
        raise MappingError("parent", reason)
    number_kept = tax_number or shown
    identifier = {"PrimaryTaxIdentifier": number_kept} if number_kept and shown is not None else {}
    return {**kept, **identifier, "Active": True, "sparse": False, "Job": False}


def _is_plain(identifier: str) -> bool:
    """Tell whether an identifier is shown as it is: nothing in it stands for something else."""
    return not identifier.startswith(tuple(_MASK))
