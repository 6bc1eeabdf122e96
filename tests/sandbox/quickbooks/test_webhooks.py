"""Webhooks out, in both forms, signed over the raw body."""

from __future__ import annotations

import json
import queue
import threading
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from hmac import digest
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from sandbox.quickbooks import SAMPLE_REALM
from tests.sandbox.quickbooks.client import Client

Delivery = tuple[bytes, str]


class Receiver:
    """A web server that keeps what is posted to it."""

    def __init__(self) -> None:
        self.deliveries: queue.Queue[Delivery] = queue.Queue()
        receiver = self

        class Hook(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.deliveries.put((body, self.headers["intuit-signature"]))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the parent's name for it
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Hook)
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def take(self) -> Delivery:
        """Wait for one delivery."""
        return self.deliveries.get(timeout=5)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


def test_a_change_is_told_as_a_signed_cloud_event(qbo: Client, receiver: Receiver) -> None:
    qbo.act("configure_webhooks", url=receiver.url)
    made = qbo.customer("Told")
    body, signature = receiver.take()
    key = qbo.sandbox.options.webhook_verifier.encode()
    assert signature == b64encode(digest(key, body, sha256)).decode()
    (event,) = json.loads(body)
    assert event["type"] == "qbo.customer.created.v1"
    assert (event["intuitentityid"], event["intuitaccountid"]) == (made["Id"], SAMPLE_REALM)
    assert event["specversion"] == "1.0"
    assert event["time"].endswith("Z")


def test_a_merge_names_the_loser_in_both_forms(qbo: Client, receiver: Receiver) -> None:
    rows = [qbo.customer(name)["Id"] for name in ("A", "B", "C")]
    qbo.act("configure_webhooks", url=receiver.url)
    qbo.act("merge", winner=rows[0], loser=rows[1])
    (event,) = json.loads(receiver.take()[0])
    assert (event["type"], event["intuitentityid"]) == ("qbo.customer.merged.v1", rows[0])
    assert event["data"] == {"deletedid": rows[1]}
    qbo.act("configure_webhooks", url=receiver.url, form="legacy")
    qbo.act("merge", winner=rows[0], loser=rows[2])
    (notification,) = json.loads(receiver.take()[0])["eventNotifications"]
    (entity,) = notification["dataChangeEvent"]["entities"]
    assert notification["realmId"] == SAMPLE_REALM
    assert (entity["name"], entity["id"], entity["operation"], entity["deletedId"]) == (
        "Customer",
        rows[0],
        "Merge",
        rows[2],
    )


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("pay", ["qbo.invoice.updated.v1", "qbo.payment.created.v1"]),
        ("void_invoice", ["qbo.invoice.voided.v1"]),
        ("send", ["qbo.invoice.emailed.v1"]),
        ("delete", ["qbo.invoice.deleted.v1"]),
    ],
)
def test_each_kind_of_change_has_its_own_type(qbo: Client, receiver: Receiver, action: str, told: list[str]) -> None:
    made = qbo.invoice("1", BillEmail={"Address": "a@b.example"})
    qbo.act("configure_webhooks", url=receiver.url)
    qbo.act(action, id=made["Id"], invoice=made["Id"], kind="Invoice")
    assert sorted(event["type"] for event in json.loads(receiver.take()[0])) == told


def test_a_dead_receiver_disturbs_nothing(qbo: Client, free_port: int) -> None:
    qbo.act("configure_webhooks", url=f"http://127.0.0.1:{free_port}/")
    assert qbo.customer("Untold")["Id"]
