"""Telling somebody outside the pages: once, at once or daily, by mail or a signed POST, and honest when it fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from sandbox.common.server import Running
from service.core.notification import signature
from service.core.problem import OptionId
from service.records.errors import Invalid
from service.store.notification_models import NotificationRow, NotificationRuleRow
from service.store.queries import notifications as queries
from service.store.sync_models import CredentialRow
from service.sync import notifying, permission
from service.sync.telling import NotTold
from tests.support.smtp import MailBox, mail_server
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.letters import ask as ask_for_letter
from tests.sync.letters import deliver
from tests.sync.office import Office, connection_of, live, open_office

#: What is told does not depend on the package.
pytestmark = pytest.mark.parametrize("package_server", ["quickbooks"], indirect=True)


@dataclass
class Hook:
    """A receiver of webhooks: what came, and what it answers."""

    url: str = ""
    status: int = 204
    came: list[tuple[bytes, str]] = field(default_factory=list)


@pytest.fixture(scope="module")
def box() -> Iterator[MailBox]:
    with mail_server() as served:
        yield served


@pytest.fixture
def hook() -> Iterator[Hook]:
    given = Hook()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            given.came.append((content, self.headers["X-Tieout-Signature"]))
            self.send_response(given.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        given.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        yield given
        server.shutdown()
        thread.join()


@pytest.fixture
def desk(package: Running, prepared_database_url: str, box: MailBox) -> Iterator[Office]:
    """Give a live company that can send mail, on a morning before eight."""
    box.mails.clear()
    box.refuses.clear()
    package.sandbox.clock.set(datetime(2026, 11, 22, 6, 0, tzinfo=UTC))
    url = f"smtp://127.0.0.1:{box.port}"
    office = open_office(package, prepared_database_url, smtp_url=url, mail_from="Tieout <tieout@office.example>")
    yield live(office)
    office.platform.database.close()


def _rule(office: Office, channel: str, target: str, moment: str = "at_once") -> tuple[str, str]:
    with office.platform.database.write() as session:
        rule, secret = notifying.add_rule(
            office.platform, session, office.author(), channel=channel, target=target, moment=moment
        )
        return rule.id, secret or ""


def _ask(office: Office, bookkeeper: Bookkeeper, name: str) -> None:
    """Bring up a question: the name is taken there."""
    bookkeeper.add_vendor(name)
    office.add_customer(name=name)
    office.sync()


def _state(office: Office, rule_id: str) -> NotificationRuleRow:
    with office.platform.database.read() as session:
        row = session.get_one(NotificationRuleRow, rule_id)
        session.expunge(row)
        return row


def _subject(box: MailBox, number: int = -1) -> str:
    return str(box.mails[number][1]["Subject"])


def test_what_needs_a_person_is_mailed_once_in_its_own_words(
    desk: Office, bookkeeper: Bookkeeper, box: MailBox
) -> None:
    _rule(desk, "email", "ann@office.example")
    _ask(desk, bookkeeper, "Harbour Roofing")
    assert notifying.notify(desk.platform) == 1
    recipients, mail = box.mails[0]
    assert recipients == ["ann@office.example"]
    assert mail["Subject"] == "Office: Harbour Roofing needs you"
    assert f"/conflicts/{desk.problem().id}" in str(mail.get_payload())
    for _ in range(3):
        desk.platform.pause(3600)
        desk.sync()
        assert notifying.notify(desk.platform) == 0
    assert len(box.mails) == 1


def test_what_comes_up_soon_after_waits_a_little_and_comes_together(
    desk: Office, bookkeeper: Bookkeeper, box: MailBox
) -> None:
    _rule(desk, "email", "ann@office.example")
    _ask(desk, bookkeeper, "Harbour Roofing")
    notifying.notify(desk.platform)
    _ask(desk, bookkeeper, "Cedar Vets")
    _ask(desk, bookkeeper, "Elm Street School")
    assert notifying.notify(desk.platform) == 0
    desk.platform.pause(600)
    assert notifying.notify(desk.platform) == 1
    assert _subject(box) == "Office: 2 things need you"


def test_a_daily_rule_speaks_once_a_day_and_only_of_what_still_stands(
    desk: Office, bookkeeper: Bookkeeper, box: MailBox
) -> None:
    _rule(desk, "email", "ann@office.example", "daily")
    _ask(desk, bookkeeper, "Harbour Roofing")
    _ask(desk, bookkeeper, "Cedar Vets")
    assert notifying.notify(desk.platform) == 0
    settled = next(one for one in desk.problems() if one.label == "Cedar Vets")
    desk.answer(OptionId.RENAME_OURS, settled, name="Cedar Vets (customer)")
    desk.platform.pause(2.5 * 3600)
    assert notifying.notify(desk.platform) == 1
    assert _subject(box) == "Office: Harbour Roofing needs you"
    desk.platform.pause(24 * 3600)
    assert notifying.notify(desk.platform) == 0


def test_a_permission_that_ends_soon_and_a_connection_that_stands_still_are_told_too(
    desk: Office, bookkeeper: Bookkeeper, box: MailBox, hook: Hook
) -> None:
    _rule(desk, "email", "ann@office.example")
    with desk.platform.database.write() as session:
        ends_at = desk.platform.clock() + timedelta(days=20, hours=1)
        session.query(CredentialRow).one().refresh_expires_at = ends_at
    assert (notifying.notify(desk.platform), notifying.notify(desk.platform)) == (1, 0)
    assert "ends in 20 days. Reconnect before that" in str(box.mails[-1][1].get_payload())
    bookkeeper.disconnect()
    desk.sync()
    began = (connection_of(desk).problem or {})["since"]
    desk.platform.pause(3600)
    assert notifying.notify(desk.platform) == 1
    assert "needs you" in _subject(box)
    assert notifying.notify(desk.platform) == 0
    _, _ = _rule(desk, "webhook", hook.url)
    notifying.notify(desk.platform)
    (thing,) = json.loads(hook.came[0][0])["things"]
    assert thing["since"] == began


def test_a_letter_of_which_nobody_knows_whether_it_left_is_told_once(
    desk: Office, box: MailBox, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule_id, _ = _rule(desk, "webhook", hook.url)
    client = desk.add_customer(name="Cedar Vets", email="billing@cedar.example")
    invoice = desk.add_invoice(client)
    with monkeypatch.context() as patched:
        patched.setattr(box, "hangs_up", True)
        ask_for_letter(desk, invoice)
        deliver(desk)
    for _ in range(2):
        notifying.notify(desk.platform)
        desk.platform.pause(600)
    (thing,) = json.loads(hook.came[0][0])["things"]
    assert (len(hook.came), thing["label"]) == (1, "The letter with INV-1001")
    assert f"/invoices/{invoice}#letter-" in thing["url"]
    with desk.platform.database.read() as session:
        assert queries.told(session, [rule_id, "none"]) == {rule_id: 1}


def test_what_was_open_before_the_rule_is_not_told(desk: Office, bookkeeper: Bookkeeper, box: MailBox) -> None:
    _ask(desk, bookkeeper, "Harbour Roofing")
    desk.platform.pause(1)
    _rule(desk, "email", "ann@office.example")
    assert notifying.notify(desk.platform) == 0
    assert box.mails == []


def test_a_web_address_gets_a_signed_document(desk: Office, bookkeeper: Bookkeeper, hook: Hook) -> None:
    _, secret = _rule(desk, "webhook", hook.url)
    _ask(desk, bookkeeper, "Harbour Roofing")
    notifying.notify(desk.platform)
    ((content, signed),) = hook.came
    assert signed == signature(content, secret)
    (thing,) = json.loads(content)["things"]
    assert (thing["label"], thing["id"]) == ("Harbour Roofing", f"{queries.QUESTION}{desk.problem().id}")


def test_a_passing_failure_is_tried_again_and_then_given_up(desk: Office, bookkeeper: Bookkeeper, hook: Hook) -> None:
    rule_id, _ = _rule(desk, "webhook", hook.url)
    _ask(desk, bookkeeper, "Harbour Roofing")
    hook.status = 503
    assert notifying.notify(desk.platform) == 0
    assert _state(desk, rule_id).trouble == "The address answered 503."
    assert notifying.notify(desk.platform) == 0
    assert len(hook.came) == 1
    for _ in range(6):
        desk.platform.pause(7 * 3600)
        notifying.notify(desk.platform)
    assert len(hook.came) == 5
    assert _state(desk, rule_id).trouble == "The address answered 503."


def test_what_was_in_flight_when_a_process_died_is_not_told_again(
    desk: Office, bookkeeper: Bookkeeper, box: MailBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule_id, _ = _rule(desk, "email", "ann@office.example")
    _ask(desk, bookkeeper, "Harbour Roofing")

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(notifying, "send", die)
        with pytest.raises(KeyboardInterrupt):
            notifying.notify(desk.platform)
    desk.platform.pause(3600)
    assert notifying.notify(desk.platform) == 0
    assert box.mails == []
    with desk.platform.database.read() as session:
        (row,) = session.query(NotificationRow).filter_by(rule_id=rule_id)
        assert row.state == "unknown"


def test_a_trial_says_what_it_is_and_a_refusal_is_told(desk: Office, box: MailBox) -> None:
    rule_id, _ = _rule(desk, "email", "ann@office.example")
    notifying.try_rule(desk.platform, desk.organisation_id, rule_id)
    assert _subject(box) == "Office: A trial needs you"
    box.refuses.add("ann@office.example")
    with pytest.raises(NotTold, match="550"):
        notifying.try_rule(desk.platform, desk.organisation_id, rule_id)


def test_a_removed_rule_tells_nothing_and_keys_are_rotated_with_the_rest(
    desk: Office, bookkeeper: Bookkeeper, hook: Hook
) -> None:
    rule_id, _ = _rule(desk, "webhook", hook.url)
    sealed = _state(desk, rule_id).ciphertext
    permission.rotate_keys(desk.platform)
    assert _state(desk, rule_id).ciphertext != sealed
    with desk.platform.database.write() as session:
        notifying.remove_rule(session, desk.author(), rule_id)
    _ask(desk, bookkeeper, "Harbour Roofing")
    assert notifying.notify(desk.platform) == 0
    assert hook.came == []


@pytest.mark.parametrize(
    ("channel", "target", "moment", "field_name"),
    [
        ("pigeon", "ann@office.example", "at_once", "channel"),
        ("email", "not an address", "at_once", "target"),
        ("webhook", "ftp://files.example", "at_once", "target"),
        ("webhook", "https://user:secret@hook.example", "at_once", "target"),
        ("email", "ann@office.example", "never", "moment"),
    ],
)
def test_a_rule_that_can_not_work_is_refused(
    desk: Office, channel: str, target: str, moment: str, field_name: str
) -> None:
    with pytest.raises(Invalid) as refused:
        _rule(desk, channel, target, moment)
    assert [fault.field for fault in refused.value.faults] == [field_name]
