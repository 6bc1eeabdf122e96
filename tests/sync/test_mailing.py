"""Invoices that leave by mail of our own, to a real mail server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pydantic import SecretStr

from service.records.errors import NotFound
from service.sync.mailing import NotSent, send_invoice
from service.sync.platform import Platform
from tests.support.smtp import MailBox, mail_server
from tests.sync.office import Office


@pytest.fixture
def box() -> Iterator[MailBox]:
    """Serve mail."""
    with mail_server() as found:
        yield found


@pytest.fixture
def mailing(office: Office, box: MailBox) -> Platform:
    """Give the office a mail server."""
    found = {"smtp_url": SecretStr(f"smtp://127.0.0.1:{box.port}"), "mail_from": "Office <billing@office.example>"}
    return replace(office.platform, settings=office.platform.settings.model_copy(update=found))


def send(platform: Platform, office: Office, invoice: str) -> object:
    """Send as somebody of the office."""
    return send_invoice(platform, organisation_id=office.organisation_id, invoice_id=invoice, actor="user:ann")


def test_to_and_cc_are_exactly_who_the_invoice_shows(office: Office, mailing: Platform, box: MailBox) -> None:
    override = {"to": ["pay@cedar.example"], "cc": ["copy@cedar.example", "boss@cedar.example"]}
    invoice = office.add_invoice(office.add_customer(name="Cedar Vets"), recipients_override=override)
    send(mailing, office, invoice)
    [(recipients, message)] = box.mails
    assert recipients == ["pay@cedar.example", "copy@cedar.example", "boss@cedar.example"]
    assert (message["To"], message["Cc"]) == ("pay@cedar.example", "copy@cedar.example, boss@cedar.example")
    assert message["Subject"].startswith("Invoice INV-1001 from")
    assert "Total: 300.00 USD" in str(message.get_payload())


def test_what_was_sent_and_why_stays_in_the_trail(office: Office, mailing: Platform) -> None:
    invoice = office.add_invoice(office.add_customer(name="Cedar Vets", email="billing@cedar.example"))
    send(mailing, office, invoice)
    [handed] = office.events("handed to the mail server", invoice)
    [sent] = office.events("sent by mail", invoice)
    assert (sent.why, handed.at <= sent.at) == ("company email", True)
    assert (sent.after or {})["to"] == ["billing@cedar.example"]


def test_an_address_that_the_server_refuses_is_named(office: Office, mailing: Platform, box: MailBox) -> None:
    box.refuses.add("copy@cedar.example")
    override = {"to": ["pay@cedar.example"], "cc": ["copy@cedar.example"]}
    invoice = office.add_invoice(office.add_customer(name="Cedar Vets"), recipients_override=override)
    sent = send_invoice(mailing, organisation_id=office.organisation_id, invoice_id=invoice, actor="user:ann")
    assert sent.refused == ("copy@cedar.example",)
    assert [recipients for recipients, _ in box.mails] == [["pay@cedar.example"]]


def test_what_can_not_be_sent_says_why(office: Office, mailing: Platform, box: MailBox) -> None:
    customer = office.add_customer(name="Cedar Vets", email="billing@cedar.example")
    with pytest.raises(NotSent, match="is draft"):
        send(mailing, office, office.add_invoice(customer, status="draft"))
    with pytest.raises(NotSent, match="TIEOUT_SMTP_URL"):
        send(office.platform, office, office.add_invoice(customer))
    with pytest.raises(NotSent, match="no recipient"):
        send(mailing, office, office.add_invoice(customer, recipients_override={"to": [], "cc": []}))
    with pytest.raises(NotFound):
        send(mailing, office, "0" * 32)
    assert box.mails == []
