"""QuickBooks' webhooks: CloudEvents, and the form of before (developer.intuit.com, Webhooks)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from service.core.notice import Happening, Notice
from service.core.ports import Family

SIGNATURE_HEADER = "intuit-signature"
#: Families of whose changes QuickBooks tells.
TOLD = frozenset({Family.CUSTOMER, Family.VENDOR, Family.EMPLOYEE, Family.INVOICE, Family.PAYMENT, Family.CREDIT_NOTE})
_FAMILIES = {
    "customer": Family.CUSTOMER,
    "vendor": Family.VENDOR,
    "employee": Family.EMPLOYEE,
    "invoice": Family.INVOICE,
    "payment": Family.PAYMENT,
    "creditmemo": Family.CREDIT_NOTE,
}
_TYPE_PARTS = 4  #: qbo.<entity>.<operation>.v1


def read_notices(raw: bytes) -> tuple[Notice, ...]:
    """Return what a body tells, in whichever of the two forms; an array may tell of several companies.

    :raises ValueError: it is no document of this kind.
    """
    document = json.loads(raw)
    if isinstance(document, list):
        return tuple(_cloud_events(document))
    if isinstance(document, dict) and isinstance(document.get("eventNotifications"), list):
        return tuple(_legacy(document["eventNotifications"]))
    if isinstance(document, dict) and "specversion" in document:
        return tuple(_cloud_events([document]))
    message = "neither CloudEvents nor notifications"
    raise ValueError(message)


def _cloud_events(events: list[Any]) -> Iterator[Notice]:
    for event in events:
        if not isinstance(event, dict) or not event.get("intuitentityid") or not event.get("intuitaccountid"):
            continue
        parts = str(event.get("type") or "").lower().split(".")
        if len(parts) < _TYPE_PARTS:
            continue
        more = event.get("data")
        told: Mapping[str, Any] = more if isinstance(more, dict) else {}
        merged_id = str(told.get("deletedid") or told.get("deletedId") or "") or None
        yield _notice(
            key=str(event.get("id") or f"{event['type']}:{event['intuitentityid']}:{event.get('time')}"),
            realm=str(event["intuitaccountid"]),
            name=parts[1],
            remote_id=str(event["intuitentityid"]),
            merged_id=merged_id if parts[2] == "merged" else None,
            at=str(event.get("time") or ""),
        )


def _legacy(notifications: list[Any]) -> Iterator[Notice]:
    for one in notifications:
        entities = (one.get("dataChangeEvent") or {}).get("entities") or [] if isinstance(one, dict) else []
        for entity in entities:
            if not entity.get("id"):
                continue
            operation, name = str(entity.get("operation") or "").lower(), str(entity.get("name") or "")
            yield _notice(
                key=f"{name}:{operation}:{entity['id']}:{entity.get('lastUpdated')}".lower(),
                realm=str(one.get("realmId")),
                name=name.lower(),
                remote_id=str(entity["id"]),
                merged_id=str(entity.get("deletedId") or "") or None if operation == "merge" else None,
                at=str(entity.get("lastUpdated") or ""),
            )


def _notice(*, key: str, realm: str, name: str, remote_id: str, merged_id: str | None, at: str) -> Notice:
    return Notice(
        key=key,
        tenant_id=realm,
        family=_FAMILIES.get(name),
        remote_id=remote_id,
        at=_moment(at),
        happening=Happening.CHANGED if merged_id is None else Happening.MERGED,
        merged_id=merged_id,
    )


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
