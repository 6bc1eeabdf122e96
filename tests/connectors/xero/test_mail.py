"""Having Xero mail an invoice, its PDF and its link, over real HTTP."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sandbox.common.faults import FaultKind, FaultRule, When
from service.core import errors
from service.core.letter import Postal, Reach
from service.core.model import SendTo
from service.core.ports import Family, Ref, RemoteRecord
from service.mapping.xero import mail
from tests.connectors.xero.books import CUSTOMER, INVOICE, Books
from tests.mapping.xero.builders import customer, invoice, person


def issued(books: Books) -> RemoteRecord:
    people = (
        person("p1", first_name="In", email="in@acme.example", invoice_email=SendTo.TO, primary=True),
        person("p2", first_name="Out", email="out@acme.example"),
    )
    acme = customer(email="pay@acme.example", contacts=people)
    (contact,) = books.create(acme)
    ids = {Ref(kind=CUSTOMER, id=acme.id): contact.remote_id}
    books.context = replace(books.context, customers={acme.id: acme}, remote_ids=ids)
    (there,) = books.create(invoice(customer_id=acme.id, currency="NZD"), kind=INVOICE)
    return there


def fail(books: Books, kind: FaultKind, **rule: object) -> None:
    books.server.sandbox.faults.add(FaultRule(kind=kind, **rule))  # type: ignore[arg-type]


def test_it_goes_once_to_the_contact_and_the_persons_included(books: Books) -> None:
    connector = books.connector
    assert isinstance(connector, Postal)
    there = issued(books)
    contact_id = mail.addressee(there)
    assert contact_id is not None
    contact = connector.fetch(Family.CUSTOMER, contact_id)
    assert mail.reach(there, contact) == Reach(to=("pay@acme.example", "in@acme.example"))
    assert mail.reach(there, None).fault == "The invoice's contact has no address in Xero."
    assert mail.mark(there) is None
    sent = connector.mail(there.remote_id, key="letter-1")
    connector.mail(there.remote_id, key="letter-1")
    assert (sent.record, sent.status) == (None, 204)
    after = connector.fetch(Family.INVOICE, there.remote_id)
    assert after is not None
    assert mail.mark(after) == "sent"
    (books_there,) = books.server.sandbox.dump().values()
    assert [one["To"] for one in books_there["mails"]] == [["pay@acme.example", "in@acme.example"]]


def test_what_went_wrong_says_whether_it_may_have_left(books: Books) -> None:
    there, connector = issued(books), books.connector
    books.bookkeeper("limit_emails", per_day=0)
    with pytest.raises(errors.Rejected, match="daily limit of emails"):
        connector.mail(there.remote_id, key="letter-1")
    books.bookkeeper("limit_emails", per_day=10)
    fail(books, FaultKind.DROP, when=When.AFTER, path="/Email")
    with pytest.raises(errors.OutcomeUnknown):
        connector.mail(there.remote_id, key="letter-2")
    fail(books, FaultKind.STATUS, path="/Email", status=503)
    with pytest.raises(errors.OutcomeUnknown):
        connector.mail(there.remote_id, key="letter-3")
    fail(books, FaultKind.THROTTLE, path="/Email")
    with pytest.raises(errors.RateLimited):
        connector.mail(there.remote_id, key="letter-4")
    books.bookkeeper("void_invoice", invoice=there.remote_id)
    after = connector.fetch(Family.INVOICE, there.remote_id)
    assert after is not None
    assert mail.reach(after, None).fault == "Xero mails approved invoices only, and this one is not approved there."


def test_pdf_and_link_are_read(books: Books) -> None:
    there, connector = issued(books), books.connector
    assert connector.document(there.remote_id).startswith(b"%PDF-")
    assert (connector.online_address(there.remote_id) or "").startswith("https://in.xero.com/")
    with pytest.raises(errors.NotFound):
        connector.document("00000000-0000-0000-0000-000000000001")
    fail(books, FaultKind.MALFORMED, path="/Invoices/")
    with pytest.raises(errors.Transient):
        connector.document(there.remote_id)
