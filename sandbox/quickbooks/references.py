"""Checks that every write shares: the version it is based on, and the rows it points to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.quickbooks import faults
from sandbox.quickbooks.company import Company, Row
from sandbox.quickbooks.fields import WRITABLE


def claimed(company: Company, kind: str, request: Mapping[str, Any]) -> Row | None:
    """Return the row that a request updates, or None for a create.

    :raises Fault: 610 without such a row, 2020 without SyncToken, 5010 when the token is not the stored one.
    """
    if request.get("Id") in (None, ""):
        return None
    row = company.require(kind, str(request["Id"]))
    if request.get("SyncToken") in (None, ""):
        raise faults.missing("SyncToken")
    if str(request["SyncToken"]) != str(row.token):
        raise faults.stale(row.editor)
    return row


def check_references(company: Company, kind: str, new: Mapping[str, Any]) -> None:
    """Check the references that a request names and that one rule fits.

    :raises Fault: 2500 when the row is missing or inactive.
    """
    for key, rule in WRITABLE[kind].items():
        if rule.target and new.get(key):
            active_row(company, rule.target, new[key]["value"], key)


def active_row(company: Company, kind: str, row_id: str, element: str) -> Row:
    """Return the row that a reference points to.

    :raises Fault: 2500 when it is missing or inactive.
    """
    row = company.find(kind, row_id)
    if row is None:
        shown = "Names" if kind in ("Customer", "Vendor", "Employee") else kind
        raise faults.bad_reference(f"{shown} element id {row_id} not found", element)
    if not row.active:
        raise faults.bad_reference(faults.INACTIVE_REFERENCE, element)
    return row
