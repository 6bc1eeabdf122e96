"""Having QuickBooks mail an invoice, its PDF and its link, over real HTTP."""

from __future__ import annotations

import pytest

from sandbox.common.faults import FaultKind, When
from service.connectors.quickbooks.connector import QuickBooksConnector
from service.core import errors
from service.core.letter import Postal, Reach
from service.core.ports import EntityKind, Family, RemoteRecord, Written
from service.mapping.quickbooks import mail
from tests.connectors.quickbooks.conftest import Practice, element

LINE = {"DetailType": "SalesItemLineDetail", "Amount": 10, "SalesItemLineDetail": {"ItemRef": {"value": "1"}}}


@pytest.fixture
def books(practice: Practice) -> QuickBooksConnector:
    return practice.connect()


def issued(books: QuickBooksConnector, **fields: object) -> RemoteRecord:
    body = {"CustomerRef": {"value": "1"}, "Line": [LINE], **fields}
    one = element(body, kind=EntityKind.INVOICE)
    (outcome,) = books.send(books.pack([one], key=f"key-{books.calls_made}"), count=1).outcomes
    assert isinstance(outcome, Written), outcome
    return outcome.record


def test_it_goes_once_to_whom_the_invoice_names_and_says_when(practice: Practice, books: QuickBooksConnector) -> None:
    assert isinstance(books, Postal)
    people = {"BillEmail": {"Address": "a@b.example,nobody"}, "BillEmailCc": {"Address": "c@b.example"}}
    there = issued(books, **people, BillEmailBcc={"Address": "d@b.example"})
    assert (mail.addressee(there), mail.mark(there)) == (None, None)
    assert mail.reach(there, None) == Reach(to=("a@b.example",), cc=("c@b.example",), hidden=("d@b.example",))
    sent = books.mail(there.remote_id, key="letter-1")
    again = books.mail(there.remote_id, key="letter-1")
    assert sent.record is not None
    assert (sent.record.version, again.record) == ("1", sent.record)
    assert mail.mark(sent.record) is not None
    (company, _) = practice.sandbox.companies.values()
    (arrived,) = company.mails
    assert (arrived["To"], arrived["Cc"], arrived["Bcc"]) == (["a@b.example"], ["c@b.example"], ["d@b.example"])
    (request,) = [seen for seen in practice.sandbox.log.writes if "/send" in seen.path][:1]
    assert "sendTo" not in str(request)


def test_what_went_wrong_says_whether_it_may_have_left(practice: Practice, books: QuickBooksConnector) -> None:
    with pytest.raises(errors.Rejected):
        books.mail(issued(books).remote_id, key="letter-1")
    assert mail.reach(issued(books), None).fault == "The invoice has no address in QuickBooks."
    there = issued(books, BillEmail={"Address": "a@b.example"})
    practice.fail(FaultKind.DROP, when=When.AFTER, path="/send")
    with pytest.raises(errors.OutcomeUnknown):
        books.mail(there.remote_id, key="letter-2")
    after = books.fetch(Family.INVOICE, there.remote_id)
    assert after is not None
    assert mail.mark(after) is not None
    practice.fail(FaultKind.THROTTLE, path="/send")
    with pytest.raises(errors.RateLimited):
        books.mail(there.remote_id, key="letter-3")
    practice.fail(FaultKind.MALFORMED, path="/send")
    with pytest.raises(errors.OutcomeUnknown):
        books.mail(there.remote_id, key="letter-4")


def test_pdf_and_link_are_read(practice: Practice, books: QuickBooksConnector) -> None:
    there = issued(books)
    assert books.document(there.remote_id).startswith(b"%PDF-")
    assert (books.online_address(there.remote_id) or "").startswith("https://")
    with pytest.raises(errors.NotFound):
        books.document("99999")
    practice.fail(FaultKind.DROP, path="/pdf")
    with pytest.raises(errors.Transient):
        books.document(there.remote_id)
    practice.fail(FaultKind.STATUS, path="/pdf", status=503)
    with pytest.raises(errors.Transient):
        books.document(there.remote_id)
