"""A caller of the sandbox over HTTP: signs in as an app does and calls the accounting API."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from sandbox.common.server import Running
from sandbox.xero import GRANULAR_SCOPES, XeroSandbox

Json = dict[str, Any]
CALLBACK = "http://localhost:8000/oauth/callback"


class Caller:
    """One signed-in app; ``api`` calls are JSON with token and tenant unless told otherwise."""

    def __init__(self, server: Running) -> None:
        self.server = server
        assert isinstance(server.sandbox, XeroSandbox)
        self.sandbox: XeroSandbox = server.sandbox
        self.tokens: Json = {}
        self.tenant_id = ""

    def authorize(self, **changed: str | None) -> requests.Response:
        asked = {
            "response_type": "code",
            "client_id": self.sandbox.options.client_id,
            "redirect_uri": CALLBACK,
            "scope": GRANULAR_SCOPES,
            "state": "s1",
            **changed,
        }
        given = {name: value for name, value in asked.items() if value is not None}
        return requests.get(f"{self.server.url}/identity/connect/authorize", given, allow_redirects=False, timeout=5)

    def token(self, **form: str) -> requests.Response:
        options = self.sandbox.options
        auth = (options.client_id, options.client_secret)
        return requests.post(f"{self.server.url}/connect/token", form, auth=auth, timeout=5)

    def exchange(self, code: str, **form: str) -> requests.Response:
        return self.token(grant_type="authorization_code", code=code, redirect_uri=CALLBACK, **form)

    def refresh(self, token: str) -> requests.Response:
        return self.token(grant_type="refresh_token", refresh_token=token)

    def sign_in(self, **changed: str | None) -> Caller:
        """Consent without a page, exchange the code, and choose the one connection."""
        before, self.sandbox.auto_consent = self.sandbox.auto_consent, True
        code = redirected(self.authorize(**changed))["code"]
        self.sandbox.auto_consent = before
        self.tokens = self.exchange(code).json()
        self.tenant_id = self.connections()[0]["tenantId"]
        return self

    def connections(self) -> list[Json]:
        answer = requests.get(f"{self.server.url}/connections", headers=self.headers, timeout=5)
        assert answer.ok, answer.text
        found: list[Json] = answer.json()
        return found

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.tokens.get('access_token')}",
            "xero-tenant-id": self.tenant_id,
            "Accept": "application/json",
        }

    def api(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, **params: Any
    ) -> requests.Response:
        return requests.request(
            method,
            f"{self.server.url}/api.xro/2.0/{path}",
            json=body,
            params=params,
            headers={**self.headers, **(headers or {})},
            timeout=10,
        )

    def get(self, path: str, **params: Any) -> Json:
        answer = self.api("GET", path, **params)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def saved(self, method: str, path: str, element: Json, **params: Any) -> Json:
        """Write one element and return what was kept of it."""
        plural = path.split("/", maxsplit=1)[0]
        answer = self.api(method, path, {plural: [element]}, **params)
        assert answer.status_code == 200, answer.text
        kept: Json = answer.json()[plural][0]
        return kept

    def refused(self, method: str, path: str, element: Json, **params: Any) -> str:
        """Write one element that must be refused and return its messages."""
        answer = self.api(method, path, {path.split("/", maxsplit=1)[0]: [element]}, **params)
        assert answer.status_code == 400, answer.text
        assert answer.json()["Type"] == "ValidationException"
        return "; ".join(error["Message"] for error in answer.json()["Elements"][0]["ValidationErrors"])

    def act(self, action: str, **arguments: Any) -> Any:
        return self.sandbox.act(action, arguments)

    def contact(self, name: str = "Acme", **fields: Any) -> Json:
        return self.saved("PUT", "Contacts", {"Name": name, **fields})

    def invoice(self, contact: Json, **fields: Any) -> Json:
        return self.saved("PUT", "Invoices", draft(contact, **fields))


def draft(contact: Json, **fields: Any) -> Json:
    """An invoice of 100.00 plus 15 % to send; ``Status="AUTHORISED"`` approves it."""
    return {
        "Type": "ACCREC",
        "Contact": {"ContactID": contact["ContactID"]},
        "Date": "2026-11-02",
        "DueDate": "2026-11-22",
        "LineItems": [line(100)],
        **fields,
    }


def line(amount: Any, **fields: Any) -> Json:
    return {"Description": "Work", "Quantity": 1, "UnitAmount": amount, "AccountCode": "200", **fields}


def redirected(answer: requests.Response) -> dict[str, str]:
    """The parameters a redirect carries back."""
    assert answer.status_code == 302, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
