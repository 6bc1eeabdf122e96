"""Xero's webhooks: ids only, at least once, in no promised order (developer.xero.com, Webhooks)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from service.core.notice import Notice
from service.core.ports import Family

SIGNATURE_HEADER = "x-xero-signature"
#: Families of whose changes Xero tells; of payments it does not, but their invoice is told.
TOLD = frozenset({Family.CUSTOMER, Family.INVOICE, Family.CREDIT_NOTE})
_FAMILIES = {"CONTACT": Family.CUSTOMER, "INVOICE": Family.INVOICE, "CREDITNOTE": Family.CREDIT_NOTE}


def read_notices(raw: bytes) -> tuple[Notice, ...]:
    """Return what a body tells; nothing for the empty one by which Xero asks whether we intend to receive.

    :raises ValueError: it is no document of this kind.
    """
    document = json.loads(raw)
    if not isinstance(document, dict) or not isinstance(document.get("events"), list):
        message = "no list of events"
        raise ValueError(message)  # noqa: TRY004 - whatever it is, it is not what Xero sends
    return tuple(_notices(document["events"]))


def _notices(events: list[Any]) -> Iterator[Notice]:
    for event in events:
        if not isinstance(event, dict) or not event.get("resourceId") or not event.get("tenantId"):
            continue
        category = str(event.get("eventCategory") or "").upper()
        yield Notice(
            key=_key(event),
            tenant_id=str(event["tenantId"]),
            family=_FAMILIES.get(category),
            remote_id=str(event["resourceId"]),
            at=_moment(str(event.get("eventDateUtc") or "")),
        )


def _key(event: Mapping[str, Any]) -> str:
    """Xero gives events no id: what it says of one is the same each time it is delivered."""
    parts = [str(event.get(name) or "") for name in ("eventCategory", "eventType", "resourceId", "eventDateUtc")]
    return ":".join(parts).upper()


def _moment(text: str) -> datetime:
    """Return a time that Xero gives in UTC without saying so; it may have more digits than Python reads."""
    found = datetime.fromisoformat(text.rstrip("Z")[:26])
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
