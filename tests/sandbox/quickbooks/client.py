"""A small client of the sandbox, and builders of the bodies that tests send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from sandbox.common.server import Running
from sandbox.quickbooks import SAMPLE_REALM, QuickBooksSandbox
from sandbox.quickbooks.options import SCOPE

REDIRECT = "http://localhost:8000/oauth/quickbooks/callback"
Json = dict[str, Any]


class Refused(AssertionError):
    """A call that ended in a fault."""

    def __init__(self, status: int, error: Mapping[str, str]) -> None:
        super().__init__(f"{status} {dict(error)}")
        self.status = status
        self.code = error.get("code", "")
        self.message = error.get("Message", error.get("message", ""))
        self.detail = error.get("Detail", error.get("detail", ""))
        self.element = error.get("element", "")


class Client:
    """One connected app: signs in on first use, unwraps answers, raises :class:`Refused` on faults."""

    def __init__(self, server: Running, sandbox: QuickBooksSandbox, realm: str = SAMPLE_REALM) -> None:
        self.url = server.url
        self.sandbox = sandbox
        self.realm = realm
        self.base = f"{server.url}/v3/company/{realm}"
        self.tokens: Json = {}

    def authorize(self, **changes: str) -> requests.Response:
        """Ask the consent page; nothing is followed."""
        asked = {
            "client_id": self.sandbox.options.client_id,
            "response_type": "code",
            "scope": SCOPE,
            "redirect_uri": REDIRECT,
            "state": "state-1",
        }
        asked.update(changes)
        return requests.get(f"{self.url}/connect/oauth2", params=asked, allow_redirects=False, timeout=5)

    def token(self, secret: str | None = None, **form: str) -> requests.Response:
        """Call the token endpoint."""
        options = self.sandbox.options
        return requests.post(
            f"{self.url}/oauth2/v1/tokens/bearer",
            auth=(options.client_id, secret or options.client_secret),
            data=form,
            timeout=5,
        )

    def connect(self) -> Json:
        """Sign in through the redirect and return the tokens."""
        self.sandbox.auto_consent = True
        self.sandbox.consent_realm = self.realm
        code = callback(self.authorize())["code"]
        answer = self.token(grant_type="authorization_code", code=code, redirect_uri=REDIRECT)
        assert answer.status_code == 200, answer.text
        self.tokens = answer.json()
        return self.tokens

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """Call the API with the access token."""
        if not self.tokens:
            self.connect()
        headers = {
            "Authorization": f"Bearer {self.tokens['access_token']}",
            "Accept": "application/json",
            **options.pop("headers", {}),
        }
        return requests.request(method, f"{self.base}/{path}", headers=headers, timeout=10, **options)

    def read(self, method: str, path: str, **options: Any) -> Json:
        """Call the API and return the document.

        :raises Refused: with the first error.
        """
        answer = self.call(method, path, **options)
        document: Json = answer.json()
        for envelope, errors in (("Fault", "Error"), ("fault", "error")):
            if envelope in document:
                raise Refused(answer.status_code, document[envelope][errors][0])
        assert answer.status_code == 200, answer.text
        return document

    def write(self, kind: str, body: Json, **params: str) -> Json:
        """Create or update and return the entity."""
        found: Json = self.read("POST", kind.lower(), json=body, params=params)[kind]
        return found

    def get(self, kind: str, row_id: str) -> Json:
        """Return one entity."""
        found: Json = self.read("GET", f"{kind.lower()}/{row_id}")[kind]
        return found

    def query(self, statement: str) -> Json:
        """Return the QueryResponse of a statement."""
        found: Json = self.read("GET", "query", params={"query": statement})["QueryResponse"]
        return found

    def rows(self, statement: str) -> list[Json]:
        """Return the rows of a statement."""
        return next((value for value in self.query(statement).values() if isinstance(value, list)), [])

    def all(self, kind: str) -> list[Json]:
        """Return the first 1000 active rows of an entity."""
        return self.rows(f"select * from {kind} maxresults 1000")  # noqa: S608 - no database behind it

    def batch(self, *items: Json, **params: str) -> dict[str, Json]:
        """Run a batch and return its answers by bId."""
        document = self.read("POST", "batch", json={"BatchItemRequest": list(items)}, params=params)
        return {item["bId"]: item for item in document["BatchItemResponse"]}

    def changes(self, entities: str, since: str) -> dict[str, list[Json]]:
        """Return the change feed by entity."""
        document = self.read("GET", "cdc", params={"entities": entities, "changedSince": since})
        return {
            kind: rows
            for answer in document["CDCResponse"][0]["QueryResponse"]
            for kind, rows in answer.items()
            if isinstance(rows, list)
        }

    def act(self, action: str, **arguments: Any) -> Any:
        """Let the bookkeeper do something, over the control API."""
        arguments.setdefault("realm", self.realm)
        answer = requests.post(f"{self.url}/_sandbox/bookkeeper", json={"action": action, **arguments}, timeout=5)
        assert answer.ok, answer.text
        return answer.json()["result"]

    def customer(self, name: str, **fields: Any) -> Json:
        """Create a customer."""
        return self.write("Customer", {"DisplayName": name, **fields})

    def job(self, name: str, parent: Json, **fields: Any) -> Json:
        """Create a sub-customer."""
        return self.customer(name, Job=True, ParentRef={"value": parent["Id"]}, **fields)

    def invoice(self, customer: Json | str, *amounts: str, **fields: Any) -> Json:
        """Create an invoice with a line of each amount (default: one of 100) on the item Concrete."""
        return self.write("Invoice", invoice(customer, *amounts, **fields))

    def payment(self, customer: Json | str, amount: str, *invoices: Json, **fields: Any) -> Json:
        """Create a payment that pays the invoices one after the other, as far as it goes."""
        left = float(amount)
        lines = []
        for one in invoices:
            share = min(left, one["Balance"])
            left -= share
            lines.append({"Amount": share, "LinkedTxn": [{"TxnId": one["Id"], "TxnType": "Invoice"}]})
        body = {"CustomerRef": ref(customer), "TotalAmt": float(amount), "Line": lines, **fields}
        return self.write("Payment", body)


def callback(answer: requests.Response) -> dict[str, str]:
    """Return the parameters of the redirect back to the app."""
    assert answer.status_code in (302, 303), answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def ref(target: Json | str) -> Json:
    """Return a reference to an entity or an id."""
    return {"value": target if isinstance(target, str) else target["Id"]}


def line(amount: str, **detail: Any) -> Json:
    """Return a sales line on the item Concrete (taxable), not computed from quantity and price."""
    return {
        "DetailType": "SalesItemLineDetail",
        "Amount": json.loads(amount),
        "SalesItemLineDetail": {"ItemRef": {"value": "3"}, **detail},
    }


def invoice(customer: Json | str, *amounts: str, **fields: Any) -> Json:
    """Return the body of an invoice."""
    return {"CustomerRef": ref(customer), "Line": [line(amount) for amount in amounts or ("100",)], **fields}


def sparse(row: Json, **changes: Any) -> Json:
    """Return the body of a sparse update of a row as it was answered."""
    return {"Id": row["Id"], "SyncToken": row["SyncToken"], "sparse": True, **changes}
