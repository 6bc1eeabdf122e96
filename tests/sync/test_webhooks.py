"""Webhooks over real HTTP: stored and answered at once, harmless however they come, and measured."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from hmac import digest
from threading import Event, Thread
from time import monotonic
from typing import Any

import pytest
import requests
from sqlalchemy import func, select
from werkzeug.serving import make_server

from sandbox.common.sandbox import Sandbox
from service.app import create_app
from service.store.inbox_models import NoticeRow
from service.store.queries import inbox as queries
from service.sync import inbox
from service.sync.platform import Elsewhere
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office, connection_of

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def address(live_office: Office) -> Iterator[str]:
    """Serve the office over HTTP; return where its package may tell what happened."""
    app = create_app(live_office.platform, Elsewhere())
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/webhooks/{live_office.package.sandbox.name}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def line(live_office: Office, address: str) -> Iterator[Line]:
    """Let the package tell what happens."""
    opened = Line(live_office.package.sandbox, address)
    opened.up()
    yield opened
    opened.down()


class Line:
    """The way from a package to us, which may be cut."""

    def __init__(self, sandbox: Sandbox, address: str) -> None:
        self._sender: Any = vars(sandbox)["webhooks"]
        self._address = address

    def up(self) -> None:
        """Deliver from now on, as things happen."""
        self._sender.url, self._sender.automatic = self._address, True

    def down(self) -> None:
        """Lose what happens from now on."""
        self._sender.url, self._sender.automatic = None, False


def until(holds: Callable[[], bool]) -> None:
    """Wait for what a package delivers in the background."""
    end = monotonic() + 10
    while not holds():
        assert monotonic() < end
        Event().wait(0.01)


def kept(office: Office) -> int:
    """Return how many events are in the inbox."""
    with office.platform.database.read() as session:
        return session.scalar(select(func.count()).select_from(NoticeRow)) or 0


def post(office: Office, address: str, document: Any, *, secret: str | None = None) -> requests.Response:
    """Deliver a body as the package would."""
    body = json.dumps(document).encode()
    provider = office.platform.settings.provider(office.package.sandbox.name)
    assert provider.webhook_secret is not None
    key = secret or provider.webhook_secret.get_secret_value()
    header = office.platform.provider(office.package.sandbox.name).webhook.SIGNATURE_HEADER
    signature = b64encode(digest(key.encode(), body, sha256)).decode()
    return requests.post(address, data=body, headers={header: signature}, timeout=5)


def event(office: Office, remote_id: str, *, key: str = "1", tenant: str | None = None, after: int = 0) -> Any:
    """Return the body that tells of a customer, ``after`` seconds from now."""
    company = tenant or connection_of(office).remote_tenant_id
    at = office.platform.clock() + timedelta(seconds=after)
    if office.package.sandbox.name == "xero":
        one = {
            "resourceId": remote_id,
            "eventDateUtc": at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(key):03}",
            "eventType": "UPDATE",
            "eventCategory": "CONTACT",
            "tenantId": company,
        }
        return {"events": [one], "firstEventSequence": 1, "lastEventSequence": 1, "entropy": "x"}
    return [
        {
            "specversion": "1.0",
            "id": key,
            "type": "qbo.customer.updated.v1",
            "time": at.isoformat(timespec="seconds"),
            "intuitentityid": remote_id,
            "intuitaccountid": company,
        }
    ]


def due(office: Office) -> list[str]:
    """Return the connections that webhooks want to be synced, once the last sync is a while ago."""
    office.platform.pause(60)
    return [connection_id for connection_id, _ in inbox.due(office.platform)]


def test_what_a_bookkeeper_does_is_told_and_leads_to_one_sync(
    live_office: Office, bookkeeper: Bookkeeper, line: Line
) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    until(lambda: kept(live_office) > 0)
    assert due(live_office) == [], "our own write comes back, which is no reason to look"
    before = kept(live_office)
    bookkeeper.edit(live_office.remote_id(client), phone="415 555 0123")
    until(lambda: kept(live_office) > before)
    assert due(live_office) == [live_office.connection_id]
    live_office.sync()
    assert due(live_office) == []
    assert live_office.dot(client) == "green"


def test_news_waits_until_the_last_sync_is_a_moment_ago(live_office: Office, address: str) -> None:
    live_office.sync()
    post(live_office, address, event(live_office, "unknown", after=5))
    assert inbox.due(live_office.platform) == []
    assert due(live_office) == [live_office.connection_id]


def test_a_delivery_is_answered_with_nothing_but_its_status(live_office: Office, address: str) -> None:
    good = post(live_office, address, event(live_office, "58"))
    assert (good.status_code, good.content, good.cookies.get_dict()) == (200, b"", {})
    bad = post(live_office, address, event(live_office, "58", key="2"), secret="another secret")
    assert (bad.status_code, bad.content, bad.cookies.get_dict()) == (401, b"", {})
    assert requests.post(address, data=b"{}", timeout=5).status_code == 401
    assert requests.get(address, timeout=5).status_code == 405
    assert requests.post(address.replace("webhooks/", "webhooks/no-"), data=b"{}", timeout=5).status_code == 404
    assert kept(live_office) == 1


def test_the_package_may_ask_whether_we_mean_to_receive(live_office: Office, line: Line) -> None:
    if live_office.package.sandbox.name != "xero":
        return  # only one of them asks
    asked = live_office.act("intent_to_receive")
    assert {(one["signed"], one["status"]) for one in asked} == {(True, 200), (False, 401)}


def test_doubled_late_and_foreign_events_do_no_harm(live_office: Office, address: str) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    there = live_office.remote_id(client)
    told = event(live_office, there, after=30)  # once: the second may change between two
    for _ in range(3):
        post(live_office, address, told)
    assert kept(live_office) == 1
    post(live_office, address, event(live_office, there, key="2", tenant="somebody else"))
    assert kept(live_office) == 1
    live_office.platform.pause(120)
    live_office.sync()
    post(live_office, address, event(live_office, there, key="3", after=-3600))
    assert due(live_office) == []
    written = live_office.writes()
    assert live_office.sync().state == "succeeded"
    assert (live_office.writes(), live_office.dot(client)) == (written, "green")


def test_a_signed_body_of_an_unknown_form_is_taken_and_tells_nothing(live_office: Office, address: str) -> None:
    assert post(live_office, address, {"something": "else"}).status_code == 200
    assert kept(live_office) == 0


def test_a_delivery_is_stored_while_a_sync_is_writing(live_office: Office, address: str) -> None:
    live_office.add_customer(name="Cedar Vets")
    answers: list[tuple[int, float]] = []

    def deliver() -> None:
        began = monotonic()
        answers.append((post(live_office, address, event(live_office, "58")).status_code, monotonic() - began))

    with live_office.during_the_next_write(deliver):
        assert live_office.sync().state == "succeeded"
    ((status, took),) = answers
    assert status == 200
    assert took < 3
    assert kept(live_office) == 1


def test_a_merge_that_only_the_webhook_tells_is_followed_to_the_survivor(
    live_office: Office, bookkeeper: Bookkeeper, line: Line
) -> None:
    loser = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    winner = bookkeeper.add_customer("Cedar Veterinary")
    before = kept(live_office)
    bookkeeper.merge(live_office.remote_id(loser), winner)
    until(lambda: kept(live_office) > before)
    live_office.platform.pause(60)
    live_office.sync()
    problem = live_office.problem()
    assert problem.kind == "merged_there"
    assert problem.document["params"]["into"] == "Cedar Veterinary"


def test_the_meter_counts_what_no_event_had_told(live_office: Office, bookkeeper: Bookkeeper, line: Line) -> None:
    clients = [live_office.add_customer(name=f"Client {n}") for n in range(5)]
    live_office.sync()
    live_office.platform.pause(300)
    live_office.sync()
    before = kept(live_office)
    for number, client in enumerate(clients):
        if number == 3:
            until(lambda: kept(live_office) >= before + 3)
            line.down()
        bookkeeper.edit(live_office.remote_id(client), phone="415 555 0123")
    live_office.platform.pause(60)
    live_office.sync()
    live_office.platform.pause(3600)
    with live_office.platform.database.read() as session:
        meter = inbox.meter(session, live_office.connection_id, live_office.platform.clock())
    assert (meter.found, meter.missed, meter.percent_missed) == (5, 2, 40)


def test_an_event_that_comes_after_the_sweep_is_not_lost(live_office: Office, address: str) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    there = live_office.remote_id(client)
    live_office.platform.pause(60)
    Bookkeeper(live_office.package.sandbox).edit(there, phone="415 555 0123")
    told = event(live_office, there, after=1)
    live_office.sync()
    now = live_office.platform.clock()
    with live_office.platform.database.read() as session:
        found, missed = queries.meter(session, live_office.connection_id, since=now - timedelta(hours=1), until=now)
    assert (found, missed) == (1, 1)
    post(live_office, address, told)
    with live_office.platform.database.read() as session:
        found, missed = queries.meter(session, live_office.connection_id, since=now - timedelta(hours=1), until=now)
    assert (found, missed) == (1, 0)
