"""The Xero sandbox as a whole: organisations, sign-in, API, bookkeeper."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from flask import Flask, Request, Response

from sandbox.common.sandbox import ActionError, Sandbox
from sandbox.xero import bookkeeper, books, chart, gate, wire
from sandbox.xero.api import accounting_blueprint
from sandbox.xero.errors import XeroError, not_found
from sandbox.xero.oauth import SignIn
from sandbox.xero.options import SandboxOptions
from sandbox.xero.organisation import Change, Organisation
from sandbox.xero.sign_in_pages import sign_in_blueprint
from sandbox.xero.webhooks import Webhooks

LARGEST_BODY = 10 * 1024 * 1024
_NAMES = {"demo": "Demo Company (NZ)", "empty": "Fresh Start Ltd"}
_KINDS = ("contacts", "invoices", "credit_notes", "payments", "overpayments", "prepayments", "contact_groups")


class XeroSandbox(Sandbox):
    """A Xero of one user and one app; ``options`` say how strict it is."""

    def __init__(self, options: SandboxOptions | None = None) -> None:
        self.options = options or SandboxOptions()
        super().__init__("xero", self.options.clock)
        self.auto_consent = self.options.auto_consent
        self.webhooks = Webhooks(self.options.webhook_key, self.options.webhook_url)
        self.sign_in = SignIn(self.options, self.clock)
        self.organisations: dict[str, Organisation] = {}
        self.gate = gate.Gate(self, self.options, self.sign_in, self.organisations)
        self._recording = False
        self.reset()

    def register(self, app: Flask) -> None:
        """Add sign-in, the accounting API and the answers to what goes wrong."""
        app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
        self.gate.install(app)
        app.register_blueprint(sign_in_blueprint(self, self.sign_in, self.organisations))
        app.register_blueprint(accounting_blueprint(self))
        app.register_error_handler(XeroError, wire.refusal)
        app.register_error_handler(404, lambda _: wire.refusal(not_found()))

    def reset(self) -> None:
        """Write the first books anew and forget every token, connection, limit and replay."""
        self._recording = False
        self.organisations.clear()
        for place, kind in enumerate(self.options.books):
            repeat = self.options.books[:place].count(kind)
            name = _NAMES[kind] + (f" {repeat + 1}" if repeat else "")
            org = chart.new_organisation(
                name,
                now=self.clock,
                on_change=self._changed,
                demo=kind == "demo",
                emails_per_day=self.options.emails_per_day,
            )
            if kind == "demo":
                books.fill(org)
            self.organisations[org.tenant_id] = org
        self.sign_in.clear()
        self.gate.clear()
        self.webhooks.reset(self.options.webhook_url)
        self._recording = True

    def organisation(self, named: str | None = None) -> Organisation:
        """Return an organisation by tenant id or name, by default the first.

        :raises ActionError: when there is none.
        """
        for org in self.organisations.values():
            if named in (None, org.tenant_id, org.name):
                return org
        raise ActionError(f"no organisation {named!r}")

    def dump(self) -> dict[str, Any]:
        """Return every organisation's records by name, kind and id, with Xero's field names."""
        return {
            org.name: {
                **{kind: wire.rendered(deepcopy(getattr(org, kind))) for kind in _KINDS},
                "history": wire.rendered(dict(org.history)),
                "mails": wire.rendered(org.mails),
            }
            for org in self.organisations.values()
        }

    def state(self) -> dict[str, Any]:
        """Return organisations with their sizes, connections, and webhook deliveries."""
        return {
            "organisations": [
                {
                    "tenant_id": org.tenant_id,
                    "name": org.name,
                    "connected": org.tenant_id in self.sign_in.connections,
                    **{kind: len(getattr(org, kind)) for kind in _KINDS},
                }
                for org in self.organisations.values()
            ],
            "auto_consent": self.auto_consent,
            "webhooks": {"url": self.webhooks.url, "delivered": self.webhooks.delivered},
        }

    def act(self, action: str, arguments: Mapping[str, Any]) -> Any:
        """Play the bookkeeper; ``organisation`` (tenant id or name) is the first one unless given.

        Beside the actions of :mod:`sandbox.xero.bookkeeper`: ``disconnect``, ``webhooks`` (``url``, ``automatic``),
        ``send_webhooks`` and ``intent_to_receive``.

        :raises ActionError: with the reason.
        """
        asked = dict(arguments)
        org = self.organisation(asked.pop("organisation", None))
        match action:
            case "send_webhooks":  # without the lock: the receiver may come back with a question
                return self.webhooks.send()
            case "intent_to_receive":
                return self.webhooks.intent_to_receive()
            case "webhooks":
                self.webhooks.url = asked.get("url")
                self.webhooks.automatic = bool(asked.get("automatic", False))
                return {"url": self.webhooks.url}
            case _:
                pass
        with self.lock:
            if action == "disconnect":
                return {"disconnected": self.sign_in.disconnect(tenant_id=org.tenant_id)}
            return wire.rendered(bookkeeper.act(org, action, asked))

    def settings(self, url: str) -> dict[str, str]:
        """Return the settings that point the service here."""
        return {
            "TIEOUT_XERO_CLIENT_ID": self.options.client_id,
            "TIEOUT_XERO_CLIENT_SECRET": self.options.client_secret,
            "TIEOUT_XERO_WEBHOOK_KEY": self.options.webhook_key,
            "TIEOUT_XERO_LOGIN_URL": url,
            "TIEOUT_XERO_IDENTITY_URL": url,
            "TIEOUT_XERO_API_URL": url,
        }

    def refusal(self, status: int, message: str, retry_after: int | None) -> Response:
        """Return an ordered error in Xero's words."""
        body: dict[str, Any] = {"ErrorNumber": status, "Type": None, "Message": message}
        if status in (401, 403):
            body = {"Title": "Unauthorized", "Status": status, "Detail": message, "Type": None, "Extensions": {}}
        response = wire.refusal(XeroError(status, body))
        if retry_after is not None:
            response.headers["Retry-After"] = str(retry_after)
        return response

    def throttled(self, retry_after: int | None) -> Response:
        """Return a 429 with the name of the limit."""
        return gate.throttled(retry_after)

    def is_write(self, request: Request) -> bool:
        """Whether an accounting call changes something."""
        return request.path.startswith(gate.API) and request.method in ("PUT", "POST", "DELETE", "PATCH")

    def key_of(self, request: Request) -> str | None:
        """Return the Idempotency-Key header."""
        return request.headers.get("Idempotency-Key")

    def _changed(self, change: Change) -> None:
        if self._recording:
            self.webhooks.note(change)


def create_sandbox(options: SandboxOptions | None = None) -> XeroSandbox:
    """Build a Xero sandbox; serve it with :func:`sandbox.common.server.running` or ``serve``."""
    return XeroSandbox(options)
