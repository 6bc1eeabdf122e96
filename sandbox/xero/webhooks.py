"""Webhooks out: signed over the raw body, posted at once or when told (Xero facts 5)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import queue
import secrets
import threading
from typing import Any

import requests

from sandbox.xero.organisation import Change

TIMEOUT = 5.0  #: seconds Xero gives a receiver
_MOST_EVENTS = 50


class Webhooks:
    """Collects changes. With a URL they are posted by a background thread as they happen; without, when told."""

    def __init__(self, key: str, url: str | None = None) -> None:
        self.key = key
        self.url = url
        self.automatic = url is not None
        self.delivered: list[dict[str, Any]] = []  #: status and number of events of each post
        self._waiting: queue.SimpleQueue[Change] = queue.SimpleQueue()
        self._sequence = 0
        self._lock = threading.Lock()

    def note(self, change: Change) -> None:
        """Take up a change; never waits for the receiver."""
        self._waiting.put(change)
        if self.automatic:
            threading.Thread(target=self.send, daemon=True).start()

    def send(self) -> list[dict[str, Any]]:
        """Post everything that waits, at most 50 events a body, and return the answers. Without a URL, nothing."""
        answers = []
        with self._lock:
            while self.url is not None:
                events: list[dict[str, Any]] = []
                while len(events) < _MOST_EVENTS and not self._waiting.empty():
                    events.append(_event(self._waiting.get()))
                if not events:
                    break
                first, self._sequence = self._sequence + 1, self._sequence + len(events)
                body = {"events": events, "firstEventSequence": first, "lastEventSequence": self._sequence}
                answers.append({"status": self._post(body, self.key), "events": len(events)})
            self.delivered += answers
        return answers

    def intent_to_receive(self) -> list[dict[str, Any]]:
        """Ask as Xero does when a URL is set up: some calls signed rightly (200 expected), some wrongly (401)."""
        body: dict[str, Any] = {"events": [], "firstEventSequence": 0, "lastEventSequence": 0}
        keys = (self.key, secrets.token_urlsafe(8), self.key, secrets.token_urlsafe(8))
        return [{"signed": key == self.key, "status": self._post(body, key)} for key in keys]

    def reset(self, url: str | None) -> None:
        """Forget what waits and what was delivered; post to ``url`` from now on, or nowhere."""
        self.url, self.automatic = url, url is not None
        while not self._waiting.empty():
            self._waiting.get()
        self.delivered.clear()
        self._sequence = 0

    def _post(self, body: dict[str, Any], key: str) -> int | None:
        """Return the receiver's status, or None when it couldn't be reached in time."""
        raw = json.dumps({**body, "entropy": secrets.token_urlsafe(12)}).encode()
        headers = {"Content-Type": "application/json; charset=utf-8", "x-xero-signature": signature(raw, key)}
        try:
            return requests.post(str(self.url), data=raw, headers=headers, timeout=TIMEOUT).status_code
        except requests.RequestException:
            return None


def signature(raw: bytes, key: str) -> str:
    """Return the value of ``x-xero-signature`` for a raw body."""
    return base64.b64encode(hmac.new(key.encode(), raw, hashlib.sha256).digest()).decode()


def _event(change: Change) -> dict[str, Any]:
    event: dict[str, Any] = {
        "resourceUrl": f"https://api.xero.com/api.xro/2.0/{change.resource}/{change.resource_id}",
        "resourceId": change.resource_id,
        "eventDateUtc": change.at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3],
        "eventType": "CREATE" if change.created else "UPDATE",
        "eventCategory": change.category,
        "tenantId": change.tenant_id,
        "tenantType": "ORGANISATION",
    }
    return event if change.extra is None else {**event, "data": change.extra}
