"""The QuickBooks stand-in as one object: companies, tokens, limits, replays and what a bookkeeper does."""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask import Flask, Request, Response, request

from sandbox.common.limits import RateLimiter, Window
from sandbox.common.replay import ReplayStore
from sandbox.common.sandbox import Sandbox
from sandbox.common.traffic import CONTROL
from sandbox.quickbooks import bookkeeper, faults
from sandbox.quickbooks.api import api_blueprint
from sandbox.quickbooks.books import company_file
from sandbox.quickbooks.company import Company, Event
from sandbox.quickbooks.fields import ENTITIES
from sandbox.quickbooks.oauth import oauth_blueprint
from sandbox.quickbooks.options import EMPTY_REALM, SAMPLE_REALM, SandboxOptions
from sandbox.quickbooks.render import dumps, rendered
from sandbox.quickbooks.tokens import Tokens
from sandbox.quickbooks.webhooks import Webhooks

REALMS = (SAMPLE_REALM, EMPTY_REALM)


class QuickBooksSandbox(Sandbox):
    """One stand-in QuickBooks Online with its company files."""

    def __init__(self, options: SandboxOptions) -> None:
        super().__init__("quickbooks", options.clock)
        self.options = options
        self.auto_consent = options.auto_consent
        self.companies: dict[str, Company] = {}
        self.core_plus: Counter[str] = Counter()  #: metered reads by company
        self.events: list[Event] = []  #: every change since the start, as webhooks tell it
        self.name_gates: dict[str, threading.Lock] = {}  #: held while a company's name lists are written
        self._first = [
            company_file(kind, _realm(position), options, self.clock) for position, kind in enumerate(options.books)
        ]
        self.reset()

    def reset(self) -> None:
        """Return to the first books, without tokens."""
        options = self.options
        self.companies = {company.realm: company.copy() for company in self._first}
        self.consent_realm = next(iter(self.companies))
        self.name_gates = {realm: threading.Lock() for realm in self.companies}
        self.tokens = Tokens(options, self.clock)
        self.webhooks = Webhooks(options)
        windows = (Window("minute", 60, options.per_minute), Window("second", 1, options.per_second))
        self.limiter = RateLimiter(windows, self.clock, options.concurrent)
        self.batch_limiter = RateLimiter([Window("batch", 60, options.batches_per_minute)], self.clock)
        self.replays = ReplayStore(options.request_ids_kept, self.clock)
        self.core_plus.clear()
        self.events.clear()

    def register(self, app: Flask) -> None:
        """Add the sign-in routes and the accounting API."""
        app.register_blueprint(oauth_blueprint(self))
        app.register_blueprint(api_blueprint(self))

        @app.after_request
        def trace(response: Response) -> Response:
            if not request.path.startswith(CONTROL):
                response.headers.setdefault("intuit_tid", new_tid())
            return response

    @contextmanager
    def name_list(self, realm: str) -> Iterator[bool]:
        """Take the company's one place for writing names; the value says whether it was free."""
        gate = self.name_gates[realm]
        free = gate.acquire(blocking=False)
        try:
            if free:
                threading.Event().wait(self.companies[realm].settings.write_seconds)
            yield free
        finally:
            if free:
                gate.release()

    def publish(self) -> None:
        """Send out what changed since the last call. Called without the lock."""
        with self.lock:
            told = [event for company in self.companies.values() for event in company.events]
            for company in self.companies.values():
                company.events.clear()
            self.events += told
        self.webhooks.send(told)

    def dump(self) -> dict[str, Any]:
        """Return every row of every company as answers show it, amounts as text, and what was mailed."""
        return {
            realm: {
                **{
                    kind: [_plain(rendered(company, row)) for row in company.rows(kind)]
                    for kind in sorted(ENTITIES.values())
                },
                "mails": list(company.mails),
            }
            for realm, company in self.companies.items()
        }

    def state(self) -> dict[str, Any]:
        """Return companies, consents, metered reads and webhook deliveries."""
        return {
            "companies": [
                {
                    "realm": realm,
                    "name": company.settings.name,
                    "country": company.settings.country,
                    "core_plus_reads": self.core_plus[realm],
                    "connections": sum(1 for g in self.tokens.grants if g.realm == realm and not g.revoked),
                }
                for realm, company in self.companies.items()
            ],
            "auto_consent": self.auto_consent,
            "webhooks_delivered": self.webhooks.delivered,
        }

    def act(self, action: str, arguments: Mapping[str, Any]) -> Any:
        """Do what a bookkeeper would do on the pages; see :mod:`sandbox.quickbooks.bookkeeper` for the actions.

        :raises ActionError: with the reason.
        """
        with self.lock:
            result = bookkeeper.act(self, action, arguments)
        self.publish()
        return _plain(result)

    def settings(self, url: str) -> dict[str, str]:
        """Return the environment settings that point the service at this sandbox."""
        return {
            "TIEOUT_QBO_CLIENT_ID": self.options.client_id,
            "TIEOUT_QBO_CLIENT_SECRET": self.options.client_secret,
            "TIEOUT_QBO_WEBHOOK_VERIFIER": self.options.webhook_verifier,
            "TIEOUT_QBO_ENVIRONMENT": "sandbox",
            "TIEOUT_QBO_DISCOVERY_URL": f"{url}/.well-known/openid_sandbox_configuration/",
            "TIEOUT_QBO_API_URL": url,
        }

    def refusal(self, status: int, message: str, retry_after: int | None) -> Response:
        """Return an error as the service or, for outages, the machines in front of it word it."""
        headers = {"intuit_tid": new_tid()}
        if retry_after is not None:
            headers["Retry-After"] = str(retry_after)
        if status in (502, 503, 504):
            page = f"<html><head><title>{status}</title></head><body><h1>{status} {message}</h1></body></html>"
            return Response(page, status=status, headers=headers, mimetype="text/html")
        if status in (401, 403, 429):
            known = {401: faults.token_expired, 403: faults.not_authorized, 429: faults.throttled}
            return _json(known[status]().body(self.clock()), status, headers)
        fault = faults.Fault(
            "10000",
            "An application error has occurred while processing your request",
            f"System Failure Error: {message}",
            status=status,
            kind="SystemFault",
        )
        return _json(faults.envelope([fault], self._time()), status, headers)

    def throttled(self, retry_after: int | None) -> Response:
        """Return the gateway's 429."""
        return self.refusal(429, "", retry_after)

    def is_write(self, request: Request) -> bool:
        """Whether the request asks to change the books: POSTs to a company but for queries."""
        return request.method == "POST" and request.path.startswith("/v3/") and not request.path.endswith("/query")

    def key_of(self, request: Request) -> str | None:
        """Return the requestid."""
        return request.args.get("requestid")

    def endpoint_of(self, request: Request) -> str:
        """Return method and route; generic routes say which entity was meant."""
        rule = super().endpoint_of(request)
        kind = (request.view_args or {}).get("kind")
        return rule.replace("<kind>", str(kind)) if kind else rule

    def _time(self) -> str:
        return self.companies[self.consent_realm].answer_time()


def _realm(position: int) -> str:
    return REALMS[position] if position < len(REALMS) else str(int(REALMS[0]) + position)


def new_tid() -> str:
    """Return a new value for the header ``intuit_tid``."""
    return f"1-{secrets.token_hex(4)}-{secrets.token_hex(12)}"


def _json(document: Any, status: int, headers: dict[str, str]) -> Response:
    return Response(dumps(document), status=status, headers=headers, mimetype="application/json")


def _plain(value: Any) -> Any:
    """Return a document with amounts as text, so that any JSON writer takes it and nothing is rounded."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, str | int | bool) else str(value)
