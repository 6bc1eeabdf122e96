"""Sending invoices from the pages: what would happen, what did, and the words it goes with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from pydantic import SecretStr

from service.core.readback import Line, Reading, line_to_json
from service.store.letter_models import LetterRow
from service.store.queries.letters import letters_of_invoice
from service.store.records import InvoiceRow
from service.store.sync_models import ConnectionRow
from service.sync import delivering
from service.web.parts import provide
from tests.support.smtp import MailBox, mail_server
from tests.web.conftest import client_of
from tests.web.world import World, link


@pytest.fixture
def box() -> Iterator[MailBox]:
    """Serve mail."""
    with mail_server() as found:
        yield found


@pytest.fixture
def mailing(world: World, box: MailBox) -> World:
    """Give the company a mail server; the package can't be asked from here, so it is paused."""
    found = {"smtp_url": SecretStr(f"smtp://127.0.0.1:{box.port}"), "mail_from": "Office <billing@office.example>"}
    world.platform = replace(world.platform, settings=world.platform.settings.model_copy(update=found))
    provided = world.app.extensions["tieout_pages"]
    provide(world.app, replace(provided, platform=world.platform))
    with world.database.write() as session:
        session.get_one(ConnectionRow, world.ids["connection"]).state = "paused"
    return world


def hidden(page: str) -> dict[str, str]:
    """Return the hidden fields of a page's forms."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: value for name, value in found if name != "csrf_token"}


def letters(world: World) -> list[LetterRow]:
    """Return the letters of the invoice."""
    with world.database.read() as session:
        return list(letters_of_invoice(session, world.organisation_id, world.ids["invoice"]))


def test_an_invoice_is_looked_at_and_sent_once_however_often_the_form_is_sent(mailing: World, box: MailBox) -> None:
    accountant = client_of(mailing, "accountant")
    assert "No invoice was sent yet." in accountant.get("/letters").text
    page = accountant.get(f"/invoices/send?id={mailing.ids['invoice']}&id={mailing.ids['draft']}").text
    assert "1 invoice can be sent by our own mail. 1 can't." in page
    assert "billing@freeman.example" in page
    assert "company email" in page
    assert "INV-1002 is draft; only an approved invoice can be sent." in page
    given = {"id": mailing.ids["invoice"], **hidden(page)}
    first = accountant.post("/invoices/send", data=given)
    second = accountant.post("/invoices/send", data=given)
    assert first.headers["Location"] == second.headers["Location"]
    assert "0</span> of" in accountant.get(first.headers["Location"]).text
    delivering.deliver(mailing.platform, mailing.organisation_id)
    assert "The invoice was sent." in accountant.get(first.headers["Location"]).text
    assert len(box.mails) == 1
    shown = accountant.get(f"/invoices/{mailing.ids['invoice']}").text
    assert "billing address of the customer" in shown
    assert 'data-state="sent"' in shown
    assert "250 taken" in shown
    again = accountant.get(f"/invoices/send?id={mailing.ids['invoice']}").text
    assert "None of it can be sent." in again
    assert "was sent on" in again
    assert 'data-testid="again"' in again
    assert "1 invoice can be sent" in accountant.get(f"/invoices/send?again=1&id={mailing.ids['invoice']}").text
    assert "Every approved invoice was sent" in accountant.get("/invoices/send?unsent=1").text


def test_what_changed_since_somebody_looked_is_not_sent(mailing: World, box: MailBox) -> None:
    accountant = client_of(mailing, "accountant")
    page = accountant.get("/invoices/send?unsent=1").text
    with mailing.database.write() as session:
        row = session.get_one(InvoiceRow, mailing.ids["invoice"])
        row.recipients = {"to": ["else@freeman.example"], "cc": [], "why": "override on the invoice"}
    told = accountant.post(
        "/invoices/send", data={"id": mailing.ids["invoice"], **hidden(page)}, follow_redirects=True
    ).text
    assert "has changed since you looked" in told
    assert "Nothing was begun." in told
    assert letters(mailing) == []


def test_a_doubt_is_ended_on_the_invoice(mailing: World, box: MailBox) -> None:
    box.hangs_up = True
    accountant = client_of(mailing, "accountant")
    page = accountant.get("/invoices/send?unsent=1").text
    accountant.post("/invoices/send", data={"id": mailing.ids["invoice"], **hidden(page)})
    delivering.deliver(mailing.platform, mailing.organisation_id)
    shown = accountant.get(f"/invoices/{mailing.ids['invoice']}").text
    assert "the mail may have left" in shown
    assert 'data-testid="it-was-sent"' in shown
    assert "Of 1 letter nobody knows whether it left." in accountant.get("/invoices").text
    (letter,) = letters(mailing)
    home = accountant.get("/").text
    assert 'data-testid="doubtful-letter"' in home
    assert "1 letter needs you." in home or "and 1 letter need you." in home
    assert f"/invoices/{mailing.ids['invoice']}#letter-{letter.id}" in home
    assert "the mail may have left" in accountant.get("/letters?state=unknown").text
    assert "Nothing to show." in accountant.get("/letters?state=sent").text
    seen = client_of(mailing, "viewer").get(f"/invoices/{mailing.ids['invoice']}").text
    assert 'data-testid="it-was-sent"' not in seen
    told = accountant.post(f"/letters/{letter.id}/decide", data={"outcome": "not_sent"}, follow_redirects=True)
    assert "can be sent again" in told.text
    assert 'data-testid="doubtful-letter"' not in accountant.get("/").text
    late = accountant.post(f"/letters/{letter.id}/decide", data={"outcome": "sent"}, follow_redirects=True)
    assert "is known" in late.text


def test_the_wording_is_looked_at_refused_with_a_reason_and_kept(world: World) -> None:
    accountant = client_of(world, "accountant")
    shown = accountant.get("/wording").text
    assert "Invoice INV-1001 from Freeman" in shown
    typed = {"subject": "Bill $number", "body": "Dear $customer,\n$lines\nSee $link", "sender_name": "", "reply_to": ""}
    looked = accountant.post("/wording", data={**typed, "do": "look"}).text
    assert "Dear Elm School," in looked
    assert "Invoice $number from $company" in accountant.get("/wording").text
    wrong = accountant.post("/wording", data={**typed, "subject": "Bill $nummer", "reply_to": "ann", "do": "save"})
    assert wrong.status_code == 422
    assert "There is no placeholder $nummer" in wrong.text
    assert "no address of mail" in wrong.text
    assert "Bill $number" in accountant.post("/wording", data={**typed, "do": "save"}, follow_redirects=True).text


def test_variances_are_listed_with_their_cause_and_what_they_come_to(world: World) -> None:
    lines = [
        Line(what=what, meant=meant, stored=stored, reading=Reading.ROUNDING, difference="0.01", cause="A cent.")
        for what, meant, stored in (("tax_total", "24", "24.01"), ("total", "324", "324.01"))
    ]
    viewer = client_of(world, "viewer")
    assert "Every total agrees." in viewer.get("/variances").text
    with world.database.write() as session:
        at = session.get_one(ConnectionRow, world.ids["connection"])
        bill = session.get_one(InvoiceRow, world.ids["draft"])
        tied = link(session, at, bill, remote_id="77x")
        tied.readback, tied.readback_state = [line_to_json(line) for line in lines], "rounding"
        tied.variance, tied.variance_kind = Decimal("0.01"), "rounding"
    page = viewer.get("/variances").text
    assert "1 invoice differs by" in page
    assert "$324.01" in page
    assert "A cent." in page
    assert "A cent." in viewer.get("/variances?kind=rounding").text
    assert "Nothing to show." in viewer.get("/variances?kind=differs").text


def test_the_companys_own_tax_level_is_chosen_in_the_settings(world: World) -> None:
    admin = client_of(world)
    level = re.findall(r'<option value="([0-9a-f]{32})">California', admin.get("/settings/tax-levels").text)[0]
    told = admin.post("/settings/tax-level", data={"tax_level_id": level}, follow_redirects=True).text
    assert f'<option value="{level}" selected>' in told
