"""Invoices that leave: by the package where it reaches exactly the right people, else by a mail server on loopback."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sandbox.common.faults import FaultKind, FaultRule, When
from service.core.letter import LetterState, Way
from service.core.ports import EntityKind
from service.records.errors import NotFound
from service.records.wording import WordingInput, save_wording
from service.store import leases
from service.store.letter_models import LetterRow
from service.store.records import InvoiceRow
from service.store.sync_models import ConnectionRow
from service.sync import delivering, mailing
from service.sync.mailing import NotSent, PerhapsSent
from tests.support.smtp import MailBox
from tests.sync.letters import ask, deliver, killed, letter, letters, mailed_there, text_of
from tests.sync.office import Office

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

#: Mail of our own has nothing to do with any package.
ours_alone = pytest.mark.parametrize("package_server", ["xero"], indirect=True)
LONG = [f"{name}.who.works.in.accounts@a-long-name.example" for name in ("anna", "bert", "cleo")]
PEOPLE = [{"first_name": "Ann", "last_name": "Lee", "email": "ann@elm.example"}]


def send(office: Office, invoice: str, **how: Any) -> LetterRow:
    """Send as somebody of the office."""
    letter, _ = mailing.send_invoice(
        office.platform, organisation_id=office.organisation_id, invoice_id=invoice, actor="user:ann", **how
    )
    return letter


def issued(office: Office, *, to: tuple[str, ...] = ("ap@elm.example",), cc: tuple[str, ...] = (), **body: Any) -> str:
    """Issue an invoice to these people at a customer of its own, whose address is the first of them."""
    client = office.add_customer(name=body.pop("name", "Elm School"), email=to[0], contacts=PEOPLE)
    return office.add_invoice(client, recipients_override={"to": to, "cc": cc}, **body)


# --- by our own mail --------------------------------------------------------------------------------------------------


@ours_alone
def test_to_and_cc_are_exactly_who_the_invoice_shows(desk: Office, box: MailBox) -> None:
    invoice = issued(desk, to=("pay@elm.example",), cc=("copy@elm.example", "boss@elm.example"))
    found = send(desk, invoice)
    [(recipients, message)] = box.mails
    assert recipients == ["pay@elm.example", "copy@elm.example", "boss@elm.example"]
    assert (message["To"], message["Cc"]) == ("pay@elm.example", "copy@elm.example, boss@elm.example")
    assert (message["From"], message["Message-ID"]) == ("Office <billing@office.example>", found.message_id)
    assert message["Subject"] == "Invoice INV-1001 from Office"
    assert "Total: 300.00 USD" in text_of(message)
    assert "attached" not in text_of(message)  # a line whose placeholder is blank is left out


@ours_alone
def test_what_was_meant_and_what_was_sent_stays_as_proof(desk: Office, box: MailBox) -> None:
    box.refuses.add("copy@elm.example")
    invoice = desk.add_invoice(desk.add_customer(name="Elm School", email="ap@elm.example"))
    desk.edit_invoice(invoice, recipients_override={"to": ["ap@elm.example"], "cc": ["copy@elm.example"]})
    found = send(desk, invoice)
    assert (found.state, found.way, found.why) == (LetterState.SENT, Way.OWN, "override on the invoice")
    assert found.refused == [{"address": "copy@elm.example", "code": 550, "text": "nobody here"}]
    assert [recipients for recipients, _ in box.mails] == [["ap@elm.example"]]
    assert found.answer == "250 taken"
    [handed] = desk.events("handed to the mail server", invoice)
    [sent] = desk.events("sent by mail", invoice)
    assert handed.at <= sent.at
    assert (sent.after or {})["to"] == ["ap@elm.example"]


@ours_alone
def test_what_can_not_be_sent_says_why(desk: Office, office: Office, box: MailBox) -> None:
    customer = desk.add_customer(name="Elm School", email="ap@elm.example")
    with pytest.raises(NotSent, match="is draft"):
        send(desk, desk.add_invoice(customer, status="draft"))
    with pytest.raises(NotSent, match="Mail of our own is not set up here"):
        send(office, desk.add_invoice(customer))
    with pytest.raises(NotSent, match="no recipient"):
        send(desk, desk.add_invoice(customer, recipients_override={"to": [], "cc": []}))
    with pytest.raises(NotFound):
        send(desk, "0" * 32)
    box.refuses.add("ap@elm.example")
    with pytest.raises(NotSent, match="550 nobody here"):
        send(desk, desk.add_invoice(customer))
    assert box.mails == []


@ours_alone
def test_the_wording_is_ones_own(desk: Office, box: MailBox) -> None:
    wording = {
        "sender_name": "Office, Accounts",
        "reply_to": "ask@office.example",
        "subject": "$$ $total for $customer",
        "body": "Ours: $company, theirs: $customer.\nRef $reference\n\n$lines\n\n-- \nDue ${due}.",
    }
    with desk.platform.database.write() as session:
        save_wording(session, desk.author(), WordingInput.model_validate(wording))
    send(desk, issued(desk, issue_date="2026-11-02", due_date="2026-12-02"))
    [(_, message)] = box.mails
    assert (message["From"], message["Reply-To"]) == (
        '"Office, Accounts" <billing@office.example>',
        "ask@office.example",
    )
    assert message["Subject"] == "$ 300.00 USD for Elm School"
    assert text_of(message).splitlines() == [
        "Ours: Office, theirs: Elm School.",
        "",
        "Labour: 2 x 150 = 300.00 USD",
        "",
        "-- ",
        "Due Dec 2, 2026.",
    ]


# --- never twice ------------------------------------------------------------------------------------------------------


@ours_alone
def test_what_was_sent_is_sent_again_only_if_somebody_says_so(desk: Office, box: MailBox) -> None:
    invoice = issued(desk)
    first = send(desk, invoice)
    assert send(desk, invoice).id == first.id
    assert "was sent on" in ask(desk, invoice).refused[invoice]
    assert len(box.mails) == 1
    assert send(desk, invoice, again=True).id != first.id
    assert len(box.mails) == 2


@ours_alone
def test_a_form_that_is_sent_twice_asks_once(desk: Office, box: MailBox) -> None:
    invoices = [issued(desk, name=f"Customer {number}") for number in range(3)]
    first = ask(desk, *invoices, token="once")
    second = ask(desk, *invoices, token="once")
    assert (first.mailing_id, first.refused) == (second.mailing_id, {})
    assert "on its way" in ask(desk, invoices[0]).refused[invoices[0]]  # another form, meanwhile
    assert deliver(desk) == 3
    assert deliver(desk) == 0
    assert len(box.mails) == 3


@ours_alone
def test_a_worker_that_dies_before_anything_left_is_followed_by_another(desk: Office, box: MailBox) -> None:
    invoice = issued(desk)
    ask(desk, invoice, holder=f"elsewhere/1/1/{invoice}")
    assert deliver(desk) == 0  # it may still be at it
    desk.platform.pause(delivering.HELD.total_seconds() + 1)
    assert (deliver(desk), len(box.mails)) == (1, 1)
    assert letter(desk, invoice).state == LetterState.SENT


@ours_alone
def test_a_worker_that_dies_in_the_middle_leaves_a_doubt_that_a_person_ends(
    desk: Office, box: MailBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = issued(desk)
    ask(desk, invoice)
    with monkeypatch.context() as patch:
        patch.setattr(delivering._Carrier, "_take_answer", killed)
        with pytest.raises(KeyboardInterrupt):
            deliver(desk)
    assert letter(desk, invoice).state == LetterState.IN_FLIGHT
    monkeypatch.setattr(leases, "_is_dead", lambda _: True)
    assert deliver(desk) == 1
    doubtful = letter(desk, invoice)
    assert (doubtful.state, deliver(desk), len(box.mails)) == (LetterState.UNKNOWN, 0, 1)
    assert "may have left" in (doubtful.told or "")
    assert "not known" in ask(desk, invoice, again=True).refused[invoice]
    told = {"organisation_id": desk.organisation_id, "letter_id": doubtful.id, "actor": "user:ann"}
    mailing.decide(desk.platform, sent=False, **told)
    with pytest.raises(NotSent, match="is known"):
        mailing.decide(desk.platform, sent=True, **told)
    send(desk, invoice)
    assert [one.state for one in letters(desk, invoice)] == [LetterState.SENT, LetterState.NOT_SENT]


@ours_alone
def test_an_answer_that_does_not_come_is_a_doubt_and_never_another_mail(desk: Office, box: MailBox) -> None:
    box.hangs_up = True
    invoice = issued(desk)
    with pytest.raises(PerhapsSent, match="may have left"):
        send(desk, invoice)
    box.hangs_up = False
    with pytest.raises(NotSent, match="not known"):
        send(desk, invoice)
    assert (deliver(desk), len(box.mails)) == (0, 1)


@ours_alone
def test_what_a_mail_server_calls_temporary_is_tried_again(desk: Office, box: MailBox) -> None:
    box.refuses.add("ap@elm.example")
    box.refusal = "450 come back later"
    invoice = issued(desk)
    ask(desk, invoice)
    assert (deliver(desk), deliver(desk)) == (1, 0)
    assert letter(desk, invoice).state == LetterState.WAITING
    box.refuses.clear()
    desk.platform.pause(timedelta(minutes=1).total_seconds())
    assert (deliver(desk), letter(desk, invoice).state, len(box.mails)) == (1, LetterState.SENT, 1)


@ours_alone
def test_people_who_change_between_looking_and_sending_get_nothing(desk: Office, box: MailBox) -> None:
    kept, changed, late = (issued(desk, name=name) for name in ("Elm School", "Oak School", "Ash School"))
    shown = mailing.preview(desk.platform, desk.organisation_id, [kept, changed, late])
    desk.edit_invoice(changed, recipients_override={"to": ["else@elm.example"], "cc": []})
    asked = ask(desk, kept, changed, late, seals={one.invoice.id: one.seal for one in shown})
    assert "has changed since you looked" in asked.refused[changed]
    desk.edit_invoice(late, recipients_override={"to": ["else@elm.example"], "cc": []})
    assert deliver(desk) == 2
    assert (letter(desk, late).state, len(box.mails)) == (LetterState.NOT_SENT, 1)
    assert "has changed since it was asked for" in (letter(desk, late).told or "")


# --- by the package ---------------------------------------------------------------------------------------------------


def test_each_invoice_goes_by_the_package_only_where_that_reaches_exactly_its_people(
    connected: Office, box: MailBox
) -> None:
    """One office for all of it: setting one up costs more than any of these stories."""
    stories = {name: issued(connected, name=name) for name in ("exact", "changed", "lost", "waited", "refused")}
    stories["missed"] = missed(connected)
    assert connected.sync().state == "succeeded"
    goes_by_the_package(connected, box, stories["exact"])
    gets_the_pdf_by_our_own_mail(connected, box, stories["missed"])
    is_read_anew_before_the_package_is_asked(connected, box, stories["changed"])
    is_looked_up_after_a_lost_answer(connected, box, stories["lost"])
    waits_for_a_sync_under_way(connected, box, stories["waited"])
    goes_without_a_pdf_or_not_at_all(connected, box)
    is_left_to_our_own_mail_when_refused(connected, box, stories["refused"])


def goes_by_the_package(connected: Office, box: MailBox, invoice: str) -> None:
    [shown] = mailing.preview(connected.platform, connected.organisation_id, [invoice])
    assert (shown.choice.way, shown.possible) == (Way.PACKAGE, True)
    found = send(connected, invoice)
    assert (found.state, found.way, found.connection_id) == (LetterState.SENT, Way.PACKAGE, connected.connection_id)
    assert mailed_there(connected) == [{"to": ["ap@elm.example"], "cc": [], "bcc": []}]
    assert (found.reach or {})["to"] == ["ap@elm.example"]
    assert {line["what"] for line in found.readback} >= {"to", "total"}
    assert box.mails == []
    assert connected.sync().state == "succeeded"
    assert connected.sync().counts.get("updated", 0) == 0  # what our mail moved there is no news
    assert send(connected, invoice).id == found.id


def missed(connected: Office) -> str:
    """Issue an invoice to more people than the package would reach."""
    if connected.package.sandbox.name == "xero":
        return issued(connected, cc=("copy@elm.example",))
    return issued(connected, to=(*LONG, "ap@elm.example"), cc=tuple(LONG[1:]))


def gets_the_pdf_by_our_own_mail(connected: Office, box: MailBox, invoice: str) -> None:
    found = send(connected, invoice)
    name = f"{found.number}.pdf"
    assert (found.way, found.attachment) == (Way.OWN, name)
    reason = {
        "xero": "Xero would leave out copy@elm.example.",
        "quickbooks": "QuickBooks has 100 characters for To; moved to Cc:",
    }
    assert reason[connected.package.sandbox.name] in found.way_why
    assert len(mailed_there(connected)) == 1
    [(recipients, message)] = box.mails
    assert recipients == [*found.to, *(one for one in found.cc if one not in found.to)]
    [pdf] = [part for part in message.walk() if part.get_content_type() == "application/pdf"]
    assert (pdf.get_filename(), bytes(pdf.get_payload(decode=True))[:5]) == (name, b"%PDF-")
    assert found.link is not None
    assert found.link in text_of(message)


def is_read_anew_before_the_package_is_asked(connected: Office, box: MailBox, invoice: str) -> None:
    if connected.package.sandbox.name == "xero":
        contact = connected.remote_id(connected.ours(InvoiceRow, invoice).customer_id)
        people = [{"FirstName": "Eve", "LastName": "Else", "EmailAddress": "eve@else.example", "IncludeInEmails": True}]
        connected.act("edit_contact", contact=contact, fields={"ContactPersons": people})
    else:
        there = connected.remote_id(invoice, EntityKind.INVOICE)
        connected.act("edit", kind="Invoice", id=there, fields={"BillEmailBcc": {"Address": "eve@else.example"}})
    found = send(connected, invoice)
    assert (found.way, len(mailed_there(connected)), len(box.mails)) == (Way.OWN, 1, 2)
    assert "would also mail eve@else.example" in found.way_why


def is_looked_up_after_a_lost_answer(connected: Office, box: MailBox, invoice: str) -> None:
    lost = FaultRule(kind=FaultKind.DROP, when=When.AFTER, method="POST", path=r"/(send|Email)\b")
    connected.package.sandbox.faults.add(lost)
    found = send(connected, invoice)
    assert (found.state, len(mailed_there(connected)), len(box.mails)) == (LetterState.SENT, 2, 2)
    assert "shows that it was mailed" in (found.answer or "")


def waits_for_a_sync_under_way(connected: Office, box: MailBox, invoice: str) -> None:
    with connected.platform.database.write() as session:
        now, span = connected.platform.clock(), timedelta(seconds=5)
        assert leases.take(session, ConnectionRow, connected.connection_id, holder="a/1/1/b", now=now, span=span)
    assert send(connected, invoice).way == Way.PACKAGE
    assert (len(mailed_there(connected)), len(box.mails)) == (3, 2)


def goes_without_a_pdf_or_not_at_all(connected: Office, box: MailBox) -> None:
    found = send(connected, issued(connected, name="Oak School"))
    assert (found.way, found.attachment, len(box.mails)) == (Way.OWN, None, 3)
    assert "is not in" in found.way_why
    with connected.platform.database.write() as session:
        save_wording(session, connected.author(), WordingInput(needs_document=True))
    with pytest.raises(NotSent, match="not sent without its PDF"):
        send(connected, issued(connected, name="Ash School"))


def is_left_to_our_own_mail_when_refused(connected: Office, box: MailBox, invoice: str) -> None:
    if connected.package.sandbox.name == "xero":
        connected.act("limit_emails", per_day=0)
        reason = "daily limit of emails"
    else:
        connected.act("set_company", settings={"subscribed": False})
        reason = "subscription"
    found = send(connected, invoice)
    assert (found.state, found.way, len(box.mails)) == (LetterState.SENT, Way.OWN, 4)
    assert reason in found.way_why.lower()
