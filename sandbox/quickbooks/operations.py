"""One write, wherever it comes from: an endpoint, a batch item, or the bookkeeper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.quickbooks import documents, faults, lists, names, payments
from sandbox.quickbooks.company import Company, Row
from sandbox.quickbooks.fields import NAME_LISTS, SALES_FORMS, WRITABLE
from sandbox.quickbooks.render import rendered


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """What a request asks for."""

    kind: str
    operation: str  #: create, update, delete or void
    body: Mapping[str, Any]
    allow_duplicate: bool = False  #: include=allowduplicatedocnum

    @property
    def on_name_list(self) -> bool:
        """Whether the write falls under "one name at a time"."""
        return self.kind in NAME_LISTS


def run(company: Company, write: Write, *, editor: str) -> dict[str, Any]:
    """Do the write and return the entity as it is answered.

    :raises Fault: with the rule that was broken; nothing is stored then.
    """
    if write.kind not in WRITABLE:
        raise faults.unsupported_operation(f"{write.operation} {write.kind}")
    if not company.settings.subscribed:
        raise subscription_ended()
    match write.operation:
        case "create" | "update":
            if write.operation == "update" and write.body.get("Id") in (None, ""):
                raise faults.missing("Id")
            return rendered(company, _saved(company, write, editor=editor))
        case "void":
            return rendered(company, _voided(company, write, editor=editor))
        case "delete":
            row = _deleted(company, write, editor=editor)
            return {"domain": "QBO", "status": "Deleted", "Id": row.id}
        case _:
            raise faults.unsupported_operation(write.operation)


def subscription_ended() -> faults.Fault:
    """Return 6190: the company may be read but not written to."""
    detail = (
        "Subscription period has ended or canceled or there was a billing problem : You can't add data to QuickBooks "
        "Online Plus because your trial or subscription period ended."
    )
    return faults.Fault("6190", "Invalid Company Status", detail)


def _saved(company: Company, write: Write, *, editor: str) -> Row:
    if write.on_name_list:
        return names.write(company, write.kind, write.body, editor=editor)
    if write.kind == "Payment":
        return payments.write(company, write.body, editor=editor)
    if write.kind in SALES_FORMS:
        return documents.write(company, write.kind, write.body, editor=editor, allow_duplicate=write.allow_duplicate)
    return lists.write(company, write.kind, write.body, editor=editor)


def _voided(company: Company, write: Write, *, editor: str) -> Row:
    if write.kind == "Payment":
        return payments.void(company, write.body, editor=editor)
    return documents.void(company, write.kind, write.body, editor=editor)


def _deleted(company: Company, write: Write, *, editor: str) -> Row:
    if write.kind == "Payment":
        return payments.delete(company, write.body)
    if write.kind in SALES_FORMS:
        return documents.delete(company, write.kind, write.body, editor=editor)
    raise faults.unsupported_operation(f"delete {write.kind}")
