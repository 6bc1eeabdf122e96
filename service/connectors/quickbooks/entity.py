"""QuickBooks' names of what we sync, and one entity as the core knows it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from service.core.ports import EntityKind, Family, RemoteRecord
from service.core.snapshot import clean_text

NAMES: Mapping[Family, str] = {
    Family.CUSTOMER: "Customer",
    Family.VENDOR: "Vendor",
    Family.EMPLOYEE: "Employee",
    Family.INVOICE: "Invoice",
    Family.PAYMENT: "Payment",
    Family.CREDIT_NOTE: "CreditMemo",
    Family.REFUND: "RefundReceipt",
}
FAMILIES: Mapping[str, Family] = {name: family for family, name in NAMES.items()}
#: Entities with display names: they are never deleted, only made inactive, and queries leave inactive ones out.
NAME_LISTS = frozenset({Family.CUSTOMER, Family.VENDOR, Family.EMPLOYEE})

KIND_NAMES: Mapping[EntityKind, str] = {
    EntityKind.CUSTOMER: "Customer",
    EntityKind.INVOICE: "Invoice",
    EntityKind.PAYMENT: "Payment",
    EntityKind.CREDIT: "CreditMemo",
    EntityKind.ALLOCATION: "Payment",
    EntityKind.REFUND: "RefundReceipt",
}


def to_record(family: Family, payload: Mapping[str, Any]) -> RemoteRecord:
    """Return an entity of an answer, also one of which only a stub is left.

    A voided payment counts as inactive; a voided invoice does not: its status says what it is.

    :raises KeyError: it has no id.
    """
    deleted = str(payload.get("status", "")).lower() == "deleted"
    token, parent = payload.get("SyncToken"), payload.get("ParentRef")
    return RemoteRecord(
        family=family,
        remote_id=str(payload["Id"]),
        version=None if token is None else str(token),
        active=not deleted and str(payload.get("Active", True)).lower() != "false" and not _is_void(family, payload),
        payload=payload,
        name=_text(payload.get("DisplayName") if family in NAME_LISTS else payload.get("DocNumber")),
        email=_text(_member(payload.get("PrimaryEmailAddr"), "Address")),
        parent_id=_text(_member(parent, "value")),
        deleted=deleted,
        modified_at=parse_time(_member(payload.get("MetaData"), "LastUpdatedTime")),
    )


def to_records(family: Family, payloads: Any) -> list[RemoteRecord]:
    """Return the entities of a list in an answer; what has no id is passed over."""
    found = payloads if isinstance(payloads, list) else []
    return [to_record(family, one) for one in found if isinstance(one, Mapping) and one.get("Id") not in {None, ""}]


def parse_time(text: Any) -> datetime | None:
    """Return a time of an answer in UTC, or None if it can't be read; without an offset it is taken for UTC."""
    if not isinstance(text, str):
        return None
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)


def _is_void(family: Family, payload: Mapping[str, Any]) -> bool:
    if family is not Family.PAYMENT or not str(payload.get("PrivateNote") or "").startswith("Voided"):
        return False
    try:
        return not Decimal(str(payload.get("TotalAmt") or 0))
    except InvalidOperation:
        return False


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None


def _text(value: Any) -> str | None:
    return clean_text(str(value)) if isinstance(value, (str, int)) else None
