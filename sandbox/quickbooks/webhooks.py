"""Webhooks out: CloudEvents (today's form) or the legacy form, signed over the raw body."""

from __future__ import annotations

import json
import threading
import uuid
from base64 import b64encode
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from hmac import digest
from http import HTTPStatus
from typing import Any

import requests

from sandbox.quickbooks.company import Event
from sandbox.quickbooks.options import SandboxOptions

#: Entities that webhooks tell of here.
TOLD = ("Customer", "Vendor", "Invoice", "Payment", "CreditMemo", "RefundReceipt", "Item", "Term")
PATIENCE = 3.0  #: seconds the service waits for an answer
_TYPES = {
    "Create": "created",
    "Update": "updated",
    "Delete": "deleted",
    "Merge": "merged",
    "Void": "voided",
    "Emailed": "emailed",
}


def signature(body: bytes, verifier: str) -> str:
    """Return the value of the header ``intuit-signature``."""
    return b64encode(digest(verifier.encode(), body, sha256)).decode()


def cloud_events(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Return the events in today's form: an array that may hold several companies."""
    return [
        {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": "intuit.sandbox",
            "type": f"qbo.{event.kind.lower()}.{_TYPES[event.operation]}.v1",
            "datacontenttype": "application/json",
            "time": _utc(event.when, "seconds"),
            "intuitentityid": event.id,
            "intuitaccountid": event.realm,
            "data": {"deletedid": event.deleted_id} if event.deleted_id else {},
        }
        for event in events
    ]


def legacy(events: Sequence[Event]) -> dict[str, Any]:
    """Return the events in the form used until mid 2026."""
    by_realm: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    for event in events:
        entity = {
            "name": event.kind,
            "id": event.id,
            "operation": event.operation,
            "lastUpdated": _utc(event.when, "milliseconds"),
        }
        if event.deleted_id:
            entity["deletedId"] = event.deleted_id
        by_realm[event.realm].append(entity)
    return {
        "eventNotifications": [
            {"realmId": realm, "dataChangeEvent": {"entities": entities}} for realm, entities in by_realm.items()
        ]
    }


def _utc(when: datetime, precision: str) -> str:
    return when.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


class Webhooks:
    """Posts events to the configured address, one delivery after the other, in the background."""

    def __init__(self, options: SandboxOptions) -> None:
        self.url = options.webhook_url
        self.form = options.webhook_form
        self.delivered = 0  #: deliveries that were answered with 200
        self._verifier = options.webhook_verifier
        self._turn = threading.Lock()

    def send(self, events: Sequence[Event]) -> None:
        """Deliver the events without waiting; nothing happens without an address."""
        told = [event for event in events if event.kind in TOLD]
        if self.url and told:
            threading.Thread(target=self._deliver, args=(self.url, told), daemon=True).start()

    def _deliver(self, url: str, events: Sequence[Event]) -> None:
        document: Any = legacy(events) if self.form == "legacy" else cloud_events(events)
        body = json.dumps(document).encode()
        headers = {"Content-Type": "application/json", "intuit-signature": signature(body, self._verifier)}
        with self._turn:
            try:
                answer = requests.post(url, data=body, headers=headers, timeout=PATIENCE)
            except requests.RequestException:
                return
            self.delivered += answer.status_code == HTTPStatus.OK
