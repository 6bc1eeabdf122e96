"""Connector and mappers together over real HTTP, against the stand-in Xero: the ordinary run and the feed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from msgspec import structs

from service.connectors import xero
from service.core.errors import DuplicateName
from service.core.intent import Operation
from service.core.model import InvoiceStatus
from service.core.ports import (
    Element,
    Family,
    Ref,
    Written,
)
from tests.connectors.xero.books import (
    CUSTOMER,
    FAMILIES,
    FULL,
    INVOICE,
    PAYMENT,
    Books,
)
from tests.mapping.xero.builders import customer, invoice, job, line, payment

# --- the ordinary run -------------------------------------------------------------------------------------------------


def test_what_is_created_reads_back_as_it_was_meant(books: Books) -> None:
    roof = job("Roof", FULL)
    books.context = replace(
        books.context,
        customers={FULL.id: FULL, roof.id: roof},
        references={Ref(kind=CUSTOMER, id=FULL.id): "tieout-1"},
    )
    created = books.create(FULL, roof, customer(id="c3", name="Тест 東京 Ünï"))
    assert [record.name for record in created] == ["Acme", "Acme:Roof", "Тест 東京 Ünï"]
    assert created[0].reference == "tieout-1"
    for record, entity in ((FULL, created[0]), (roof, created[1])):
        whole = books.connector.fetch(Family.CUSTOMER, entity.remote_id)
        assert whole is not None
        assert books.apart(record, whole, CUSTOMER) == ()


def test_an_edit_sends_what_changed_and_leaves_what_a_bookkeeper_added(books: Books) -> None:
    books.create(FULL)
    books.bookkeeper("edit_contact", contact="Acme", fields={"Phones": [{"PhoneType": "DDI", "PhoneNumber": "77"}]})
    moved = structs.replace(
        FULL, email="new@acme.example", phone=None, shipping_address=None, contacts=FULL.contacts[:1]
    )
    after = books.update(moved)
    assert books.apart(moved, after, CUSTOMER) == ()
    ddi = [phone for phone in after.payload["Phones"] if phone["PhoneType"] == "DDI"]
    assert ddi[0]["PhoneNumber"] == "77"
    assert books.elements(Operation.UPDATE, moved)[0].body == {}


def test_one_bad_element_fails_alone(books: Books) -> None:
    books.create(customer(id="c1", name="Taken"))
    good, bad, last = customer(id="c2", name="Good"), customer(id="c3", name="TAKEN"), customer(id="c4", name="Last")
    outcomes = books.send(*books.elements(Operation.CREATE, good, bad, last)).outcomes
    assert [type(outcome).__name__ for outcome in outcomes] == ["Written", "DuplicateName", "Written"]
    assert isinstance(outcomes[1], DuplicateName)
    assert outcomes[1].request_id is None or outcomes[1].request_id


def test_fifty_contacts_are_one_call(books: Books) -> None:
    before = books.connector.calls_made
    books.create(*(customer(id=f"c{n}", name=f"Customer {n}") for n in range(50)))
    assert books.connector.calls_made == before + 1
    assert len(books.server.sandbox.log.writes) == 1


def test_invoices_and_payments_go_over_and_come_back(books: Books) -> None:
    books.create(FULL)
    bill = invoice(
        line("Roof\nworks", quantity=Decimal("2.5"), unit_price=Decimal("10.1234"), discount_percent=Decimal(10)),
        line("Permit", unit_price=Decimal("99.99")),
        currency="EUR", reference="PO 7", line_tax_levels=("vat", None), total=Decimal("126.19"),
    )  # fmt: skip
    (created,) = books.create(bill, kind=INVOICE)
    assert books.read(created, INVOICE).get("total") == "126.19"
    assert created.payload["LineItems"][0]["UnitAmount"] == "10.1234"
    money = payment(amount=Decimal("26.19"), reference="cheque 7")
    (paid,) = books.create(money, kind=PAYMENT)
    now = books.read(books.there(Ref(kind=INVOICE, id="i1")), INVOICE)
    assert (now.get("amount_paid"), now.get("amount_due"), now.get("status")) == ("26.19", "100", "approved")
    (taken_back,) = books.send(
        Element(kind=PAYMENT, operation=Operation.DELETE, body={"Status": "DELETED"}, remote_id=paid.remote_id)
    ).outcomes
    assert isinstance(taken_back, Written)
    assert taken_back.record.deleted


def test_an_edited_invoice_keeps_its_lines_ids(books: Books) -> None:
    books.create(FULL)
    bill = invoice(line("A"), line("B"), currency="EUR")
    (created,) = books.create(bill, kind=INVOICE)
    after = books.update(
        structs.replace(bill, lines=(line("B"), line("C", quantity=Decimal(3))), reference="PO 8"), INVOICE
    )
    ids = [entry["LineItemID"] for entry in created.payload["LineItems"]]
    assert after.payload["LineItems"][0]["LineItemID"] == ids[1]
    assert [entry["Description"] for entry in after.payload["LineItems"]] == ["B", "C"]


def test_a_voided_invoice_is_voided_there(books: Books) -> None:
    books.create(FULL)
    bill = invoice(currency="EUR")
    books.create(bill, kind=INVOICE)
    voided = structs.replace(bill, status=InvoiceStatus.VOIDED)
    after = books.update(voided, INVOICE, Operation.VOID)
    assert (after.active, books.read(after, INVOICE).get("status")) == (False, "voided")
    refused = books.update(bill, INVOICE)
    assert type(refused).__name__ == "NotAllowedNow"


# --- the change feed --------------------------------------------------------------------------------------------------


def test_the_feed_tells_what_changed_and_nothing_else(books: Books) -> None:
    books.create(FULL, customer(id="c2", name="Quiet"))
    cursor = list(books.connector.everything(FAMILIES))[-1].cursor
    books.server.sandbox.clock.advance(60)
    before = books.connector.calls_made
    cursor = list(books.connector.changes(cursor))[-1].cursor
    assert books.connector.calls_made == before + 3
    books.bookkeeper("edit_contact", contact="Acme", fields={"EmailAddress": "desk@acme.example"})
    books.bookkeeper("archive_contact", contact="Quiet")
    pages = list(books.connector.changes(cursor))
    found = {record.name: record for page in pages for record in page.records}
    assert set(found) == {"Acme", "Quiet"}
    assert (found["Acme"].email, found["Quiet"].active) == ("desk@acme.example", False)
    assert books.read(found["Acme"]).get("people") == books.project(FULL, CUSTOMER).get("people")


def test_many_pages_are_read_to_the_end(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    few = replace(xero.CAPABILITIES, page_size=7)
    monkeypatch.setattr("service.connectors.xero.feed.CAPABILITIES", few)
    books.create(*(customer(id=f"c{n}", name=f"Customer {n:02}") for n in range(30)))
    pages = list(books.connector.everything(frozenset({Family.CUSTOMER})))
    assert sorted(record.name or "" for page in pages for record in page.records) == [
        f"Customer {n:02}" for n in range(30)
    ]
    assert len(pages) == 5
