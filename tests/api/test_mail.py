"""Sending invoices over HTTP: looking first, many at once, the proof, doubts, the wording, the tax behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.common.server import Running
from tests.api.desk import Desk, go_live, open_desk, read
from tests.support.smtp import MailBox, mail_server

pytestmark = [
    pytest.mark.parametrize("database_kind", ["sqlite"]),
    pytest.mark.parametrize("package_server", ["quickbooks"], indirect=True),
]


@pytest.fixture
def box() -> Iterator[MailBox]:
    """Serve mail."""
    with mail_server() as found:
        yield found


@pytest.fixture
def desk(package: Running, prepared_database_url: str, box: MailBox) -> Iterator[Desk]:
    """Everybody with a token, in front of a live connection, with a mail server."""
    told = {"smtp_url": f"smtp://127.0.0.1:{box.port}", "mail_from": "Office <billing@office.example>"}
    opened = open_desk(package, prepared_database_url, **told)
    yield go_live(opened)
    opened.platform.database.close()


def issue(desk: Desk, name: str, **body: object) -> str:
    """Issue an invoice to a customer of its own; return its id."""
    contact = {"first_name": "Ann", "email": "ann@elm.example"}
    given = {"name": name, "email": f"ap@{name.lower()}.example", "contacts": [contact]}
    customer = desk.accountant.created("/customers", given)["id"]
    line = {"description": "Labour", "quantity": "2", "unit_price": "150.00"}
    invoice = {"customer_id": customer, "status": "approved", "lines": [line], **body}
    return str(desk.accountant.created("/invoices", invoice)["id"])


def test_invoices_are_looked_at_sent_together_and_proven(desk: Desk, box: MailBox) -> None:
    by_package, draft = issue(desk, "Elm"), issue(desk, "Ash", status="draft")
    override = {"to": ["pay@oak.example"], "cc": []}
    desk.sync()
    by_mail = issue(desk, "Oak", recipients_override=override)
    ids = [by_package, by_mail, draft]
    dry = desk.accountant.post("/invoices/send", {"invoice_ids": ids, "dry_run": True})
    assert (dry.status_code, dry.get_json()["mailing"]) == (200, None)
    shown = {one["invoice_id"]: one for one in dry.get_json()["preview"]}
    assert [(shown[one]["possible"], shown[one]["way"]) for one in ids] == [
        (True, "package"),
        (True, "own"),
        (False, "own"),
    ]
    assert (shown[by_package]["to"], shown[by_package]["why"]) == (["ap@elm.example"], "company email")
    assert "only an approved invoice" in shown[draft]["refusal"]
    body = {"invoice_ids": ids, "seals": {key: one["seal"] for key, one in shown.items()}}
    sent = desk.accountant.send("POST", "/invoices/send", json=body, query_string={"wait": 30})
    assert sent.status_code == 200, sent.text
    document = sent.get_json()
    assert (document["mailing"]["finished"], document["mailing"]["counts"]["sent"]) == (True, 2)
    assert [one["invoice_id"] for one in document["refused"]] == [draft]
    assert [recipients for recipients, _ in box.mails] == [["pay@oak.example"]]
    again = desk.accountant.send("POST", "/invoices/send", json=body, query_string={"wait": 30}).get_json()
    assert (again["mailing"]["total"], len(again["refused"]), len(box.mails)) == (0, 3, 1)
    (letter,) = read(desk.viewer, f"/invoices/{by_mail}/letters")["items"]
    assert (letter["state"], letter["why"], letter["answer"]) == ("sent", "override on the invoice", "250 taken")
    assert letter["message_id"] in str(box.mails[0][1]["Message-ID"])
    assert read(desk.viewer, f"/letters/{letter['id']}") == letter
    (proof,) = read(desk.viewer, f"/invoices/{by_package}/letters")["items"]
    assert (proof["way"], proof["reach"]["to"], proof["connection_id"]) == (
        "package",
        ["ap@elm.example"],
        desk.connection_id,
    )
    assert len(read(desk.viewer, "/letters", state="sent")["items"]) == 2
    assert read(desk.viewer, f"/mailings/{document['mailing']['id']}")["total"] == 2
    for path in (f"/letters/{letter['id']}", f"/mailings/{document['mailing']['id']}", f"/invoices/{by_mail}/letters"):
        assert desk.stranger.get(path).status_code == 404
    assert desk.viewer.post("/invoices/send", body).status_code == 403
    assert desk.accountant.post("/invoices/send", {"invoice_ids": []}).status_code == 422


def test_one_invoice_is_sent_at_once_and_a_doubt_is_ended(desk: Desk, box: MailBox) -> None:
    invoice = issue(desk, "Elm")
    first = desk.accountant.post(f"/invoices/{invoice}/send")
    assert (first.status_code, first.get_json()["to"], first.get_json()["sent_before"]) == (
        200,
        ["ap@elm.example"],
        False,
    )
    second = desk.accountant.post(f"/invoices/{invoice}/send")
    assert (second.get_json()["letter_id"], second.get_json()["sent_before"]) == (first.get_json()["letter_id"], True)
    box.hangs_up = True
    doubtful = desk.accountant.post(f"/invoices/{invoice}/send?again=true")
    assert (doubtful.status_code, doubtful.get_json()["type"]) == (409, "urn:tieout:problem:outcome_unknown")
    (open_one,) = read(desk.viewer, "/letters", state="unknown")["items"]
    ended = desk.accountant.post(f"/letters/{open_one['id']}/decide", {"outcome": "sent"})
    assert (ended.status_code, ended.get_json()["state"]) == (200, "sent")
    assert desk.accountant.post(f"/letters/{open_one['id']}/decide", {"outcome": "sent"}).status_code == 409
    assert len(box.mails) == 2


def test_the_wording_is_checked_when_it_is_kept(desk: Desk) -> None:
    assert "number" in read(desk.viewer, "/wording")["placeholders"]
    wrong = desk.accountant.put("/wording", {"subject": "$nummer", "body": " "})
    assert wrong.status_code == 422
    assert {one["field"] for one in wrong.get_json()["errors"]} == {"subject", "body"}
    assert desk.accountant.put("/wording", {"subject": "Bill $number", "body": "Hello"}).get_json()["body"] == "Hello\n"
    looked = desk.accountant.post("/wording/preview", {"wording": {"subject": "$customer: $total"}})
    assert looked.get_json()["subject"] == "Elm School: 300.00 USD"
    assert read(desk.viewer, "/wording")["subject"] == "Bill $number"


def test_lines_say_whose_tax_level_they_have_and_differing_totals_are_listed(desk: Desk) -> None:
    level = desk.accountant.created("/tax-levels", {"name": "Usual", "rate_percent": "8"})["id"]
    assert desk.admin.put("/tax-levels/default", {"tax_level_id": level}).status_code == 200
    assert read(desk.viewer, "/tax-levels/default") == {"tax_level_id": level}
    assert desk.admin.put("/tax-levels/default", {"tax_level_id": "0" * 32}).status_code == 422
    desk.package.sandbox.act("set_company", {"settings": {"automated_sales_tax": True}})
    invoice = issue(desk, "Elm")
    (line,) = read(desk.viewer, f"/invoices/{invoice}")["lines"]
    assert (line["applied_tax_level_id"], line["tax_why"]) == (level, "company default")
    desk.accountant.send("POST", f"{desk.base}/reconcile", json={"full": True}, query_string={"wait": 60})
    desk.sync()
    assert read(desk.viewer, f"/invoices/{invoice}")["tax_total"] == "26.25"
    found = read(desk.viewer, "/variances")
    (told,) = found["items"]
    assert (told["total_ours"], told["total_theirs"], told["difference"], told["kind"]) == (
        "324.00",
        "326.25",
        "2.25",
        "adopted",
    )
    assert [(one["invoices"], one["difference"]) for one in found["sums"]] == [(1, "2.25")]
    assert read(desk.viewer, "/variances", kind="differs")["items"] == []
    assert desk.stranger.get("/variances").get_json()["items"] == []
