from __future__ import annotations

import base64
import hashlib
import hmac
import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # no stubs here

from tests.sandbox.xero.caller import Caller, Json
from tests.sandbox.xero.test_schemas import SCHEMAS

KEY = "sandbox-xero-webhook-key"


class Receiver:
    """An app's webhook address that checks signatures as it should."""

    def __init__(self) -> None:
        self.bodies: queue.SimpleQueue[Json] = queue.SimpleQueue()
        receiver = self

        class Endpoint(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                digest = hmac.new(KEY.encode(), raw, hashlib.sha256).digest()
                good = base64.b64encode(digest).decode() == self.headers["x-xero-signature"]
                self.send_response(200 if good else 401)
                self.end_headers()
                if good:
                    receiver.bodies.put(json.loads(raw))

            def log_message(self, *_: Any) -> None:
                """Print nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Endpoint)
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_changes_are_posted_as_they_happen(xero: Any, receiver: Receiver) -> None:
    caller: Caller = xero(webhook_url=receiver.url).sign_in()
    contact = caller.contact()
    body = receiver.bodies.get(timeout=5)
    assert list(Draft202012Validator({"$ref": "#/components/schemas/WebhookEvent", **SCHEMAS}).iter_errors(body)) == []
    (event,) = body["events"]
    assert (event["eventCategory"], event["eventType"]) == ("CONTACT", "CREATE")
    assert (event["resourceId"], event["tenantId"]) == (contact["ContactID"], caller.tenant_id)
    assert event["eventDateUtc"] == "2026-11-22T01:00:00.000"
    caller.act("archive_contact", contact="Acme")
    body = receiver.bodies.get(timeout=5)
    assert (body["events"][0]["eventType"], body["firstEventSequence"], body["lastEventSequence"]) == ("UPDATE", 2, 2)


def test_changes_wait_until_they_are_sent_on_request(caller: Caller, receiver: Receiver) -> None:
    caller.invoice(caller.contact())
    caller.act("webhooks", url=receiver.url)
    assert caller.act("send_webhooks") == [{"status": 200, "events": 2}]
    assert caller.act("send_webhooks") == []
    categories = [event["eventCategory"] for event in receiver.bodies.get(timeout=5)["events"]]
    assert categories == ["CONTACT", "INVOICE"]


def test_intent_to_receive_signs_some_calls_wrongly(caller: Caller, receiver: Receiver) -> None:
    caller.act("webhooks", url=receiver.url)
    answers = caller.act("intent_to_receive")
    assert [(one["signed"], one["status"]) for one in answers] == [(True, 200), (False, 401), (True, 200), (False, 401)]


def test_a_receiver_that_is_gone_is_noted(caller: Caller) -> None:
    caller.contact()
    caller.act("webhooks", url="http://127.0.0.1:9/nobody")
    assert caller.act("send_webhooks") == [{"status": None, "events": 1}]
