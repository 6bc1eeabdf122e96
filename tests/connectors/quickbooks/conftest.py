"""A connector on recorded answers, and one that talks to a sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from sandbox.common.faults import FaultKind, FaultRule
from sandbox.common.server import Running, running
from sandbox.quickbooks import SAMPLE_REALM, QuickBooksSandbox, SandboxOptions, create_sandbox
from service.connectors.quickbooks import connect, oauth
from service.connectors.quickbooks.connector import QuickBooksConnector
from service.connectors.quickbooks.consent import IntuitOAuth
from service.core.consent import Grant, Tokens
from service.core.intent import Operation
from service.core.ports import Element, EntityKind

API = "https://books.example"
REALM = "4620816365"
ROOT = f"{API}/v3/company/{REALM}"
NOW = datetime(2026, 11, 22, 9, 40, tzinfo=UTC)
SCOPES = ("com.intuit.quickbooks.accounting",)
REDIRECT = "http://localhost:8000/oauth/quickbooks/callback"
FIXTURES = Path(__file__).parents[2] / "fixtures" / "quickbooks"


def recorded(name: str) -> str:
    return (FIXTURES / name).read_text(encoding="utf-8")


def element(
    body: dict[str, Any] | None = None,
    *,
    kind: EntityKind = EntityKind.CUSTOMER,
    operation: Operation = Operation.CREATE,
    remote_id: str | None = None,
    version: str | None = None,
) -> Element:
    return Element(kind=kind, operation=operation, body=body or {}, remote_id=remote_id, version=version)


def named(*names: str) -> list[Element]:
    return [element({"DisplayName": name}) for name in names]


@pytest.fixture
def answers() -> Iterator[responses.RequestsMock]:
    """Recorded answers instead of a network."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def recorded_connector() -> QuickBooksConnector:
    """A connector whose reads wait for nobody."""
    connector = connect(
        urls={"api": API}, tenant_id=REALM, access_token=lambda: "token-1", timeout=5, clock=lambda: NOW
    )
    connector.wire.pause = lambda _: None
    return connector


@dataclass
class Practice:
    """A sandbox and everything needed to connect to it."""

    server: Running
    sandbox: QuickBooksSandbox
    tokens: Tokens | None = None

    def oauth(self, **changes: Any) -> IntuitOAuth:
        options = {
            "client_id": self.sandbox.options.client_id,
            "client_secret": self.sandbox.options.client_secret,
            "scopes": SCOPES,
            "urls": {"discovery": f"{self.server.url}/.well-known/openid_configuration/", "api": self.server.url},
            "timeout": 5,
            "clock": self.sandbox.clock,
        }
        return oauth(**{**options, **changes})

    def consent(self, app: IntuitOAuth, *, state: str = "state-1") -> dict[str, str]:
        """Follow the consent in the browser's place and return what the callback gets."""
        self.sandbox.auto_consent = True
        address = app.authorize_url(state=state, redirect_uri=REDIRECT, code_challenge="ignored")
        answer = requests.get(address, allow_redirects=False, timeout=5)
        query = parse_qs(urlsplit(answer.headers["Location"]).query)
        return {name: values[0] for name, values in query.items()}

    def grant(self, app: IntuitOAuth) -> Grant:
        callback = self.consent(app)
        return app.exchange(code=callback["code"], redirect_uri=REDIRECT, code_verifier=None, callback=callback)

    def connect(self, *, timeout: float = 5) -> QuickBooksConnector:
        self.tokens = self.grant(self.oauth()).tokens
        connector = connect(
            urls={"api": self.server.url},
            tenant_id=SAMPLE_REALM,
            access_token=lambda: self.tokens.access_token if self.tokens else "",
            timeout=timeout,
            clock=self.sandbox.clock,
        )
        connector.wire.pause = lambda _: None
        return connector

    def fail(self, kind: FaultKind, **rule: Any) -> None:
        self.sandbox.faults.add(FaultRule(kind=kind, **{"path": "/v3/", **rule}))


@pytest.fixture(scope="session")
def practice_server() -> Iterator[Running]:
    with running(create_sandbox(SandboxOptions.unlimited())) as server:
        yield server


@pytest.fixture
def practice(practice_server: Running) -> Practice:
    """The sample company's books, fresh for each test."""
    sandbox = practice_server.sandbox
    assert isinstance(sandbox, QuickBooksSandbox)
    sandbox.faults.clear()
    sandbox.clock.run()
    with sandbox.lock:
        sandbox.reset()
    sandbox.log.clear()
    return Practice(practice_server, sandbox)


@pytest.fixture
def other_practice() -> Iterator[Callable[[SandboxOptions], Practice]]:
    """Start a sandbox with options of its own."""
    with ExitStack() as servers:

        def start(options: SandboxOptions) -> Practice:
            sandbox = create_sandbox(options)
            return Practice(servers.enter_context(running(sandbox)), sandbox)

        yield start
