"""The way of webhooks between a package and the service, on which some get lost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from flask.testing import FlaskClient

from sandbox.common.sandbox import Sandbox
from sandbox.quickbooks.webhooks import TOLD, cloud_events
from sandbox.quickbooks.webhooks import signature as quickbooks_signature
from sandbox.xero.webhooks import signature as xero_signature

LOST_PERCENT = 10

#: One change there, as an event tells it: company, entity, when (to the second).
Told = tuple[str, str, datetime]


@dataclass
class Post:
    """Carries what packages tell to the service, and loses every tenth letter."""

    service: FlaskClient
    random: Random
    carried: int = 0
    lost: int = 0
    missing: set[Told] = field(default_factory=set)  #: events that were lost
    _waiting: list[tuple[str, Mapping[str, str], bytes, Told]] = field(default_factory=list)
    _events: list[Any] = field(default_factory=list)

    def attend(self, package: Sandbox) -> None:
        """Take what a package posts from now on."""
        hooks: Any = package.webhooks  # type: ignore[attr-defined]  # both stand-ins have them
        if package.name == "xero":
            hooks.url, hooks.automatic = "by hand", False
            hooks._post = self._from_xero
        else:
            hooks.send = self._events.extend
            self._verifier = package.options.webhook_verifier  # type: ignore[attr-defined]  # of this stand-in

    def deliver(self, *packages: Sandbox) -> None:
        """Bring everything that waits to the service, each event in a letter of its own, but for what gets lost."""
        for package in packages:
            if package.name == "xero":
                package.act("send_webhooks", {})
        events, self._events[:] = [one for one in self._events if one.kind in TOLD], []
        for event in events:
            raw = json.dumps(cloud_events([event])).encode()
            signed = {"intuit-signature": quickbooks_signature(raw, self._verifier)}
            self._waiting.append(
                ("quickbooks", signed, raw, (event.realm, event.id, event.when.replace(microsecond=0)))
            )
        letters, self._waiting = self._waiting, []
        for name, headers, raw, told in letters:
            self.carried += 1
            if self.random.randrange(100) < LOST_PERCENT:
                self.lost += 1
                self.missing.add(told)
                continue
            answer = self.service.post(f"/webhooks/{name}", data=raw, headers={**headers})
            assert answer.status_code == 200, answer.status_code

    def _from_xero(self, body: Mapping[str, Any], key: str) -> int:
        for event in body["events"]:
            raw = json.dumps({**body, "events": [event], "entropy": "day"}).encode()
            at = datetime.fromisoformat(event["eventDateUtc"]).replace(tzinfo=UTC)
            signed = {"x-xero-signature": xero_signature(raw, key)}
            self._waiting.append(
                ("xero", signed, raw, (event["tenantId"], event["resourceId"], at.replace(microsecond=0)))
            )
        return 200
