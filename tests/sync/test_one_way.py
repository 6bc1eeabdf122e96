"""Payments, credits and refunds that travel one way only, at both packages, and both ways again."""

from __future__ import annotations

from typing import Any

import pytest

from service.core.choice import ListRule
from service.core.ports import EntityKind
from service.records import payments
from service.records.inputs import PaymentInput
from service.store.records import InvoiceRow, PaymentRow
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office
from tests.sync.test_choosing import choose

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

INVOICE, PAYMENT, CREDIT = EntityKind.INVOICE, EntityKind.PAYMENT, EntityKind.CREDIT


def travel(office: Office, rule: ListRule) -> None:
    """Choose which way payments travel."""
    choose(office, lists={"payments": rule.value})


def record(office: Office, **body: Any) -> str:
    """Record money of any kind here; return its id."""
    with office.platform.database.write() as session:
        return payments.record_payment(session, office.author(), PaymentInput.model_validate(body)).id


def synced(office: Office) -> None:
    """Sync, late enough that the feed tells of everything."""
    office.platform.pause(700)
    assert office.sync().state == "succeeded", [row.document for row in office.problems()]


def tied(office: Office, remote_id: str) -> str:
    """Return our record of a payment there."""
    return next(link.record_id for link in office.links() if link.remote_id == remote_id and link.entity == PAYMENT)


def paid(office: Office, invoice: str) -> float:
    return float(office.ours(InvoiceRow, invoice).amount_paid)


def test_payments_that_are_only_received(live_office: Office, bookkeeper: Bookkeeper) -> None:
    office = live_office
    client = office.add_customer(name="Cedar Vets")
    invoice = office.add_invoice(client)
    early = office.pay(invoice, "20")
    synced(office)
    there = office.remote_id(invoice, INVOICE)
    travel(office, ListRule.RECEIVE)
    written = office.writes()
    ours = [
        office.pay(invoice, "30"),
        record(office, customer_id=client, amount="40", kind="credit"),
        record(office, customer_id=client, amount="5", kind="refund"),
    ]
    office.edit_payment(early, amount="25", reference="corrected")
    theirs = bookkeeper.pay(there, "100")
    note, part = bookkeeper.credit(there, "10")
    synced(office)
    row = office.ours(PaymentRow, early)
    assert (float(row.amount), row.reference, office.dot(early, PAYMENT)) == (20, None, "green")
    assert paid(office, invoice) == 20 + 30 + 100 + 10
    assert [office.dot(one, kind) for one, kind in zip(ours, (PAYMENT, CREDIT, EntityKind.REFUND), strict=True)] == [
        "none"
    ] * 3
    bookkeeper.take_back(theirs)
    bookkeeper.uncredit(note, part)
    synced(office)
    assert (paid(office, invoice), office.writes()) == (20 + 30, written)
    office.take_back(ours[2])
    travel(office, ListRule.BOTH)
    synced(office)
    assert bookkeeper.payments_of(there) == [20, 30]
    assert [office.dot(one, kind) for one, kind in zip(ours[:2], (PAYMENT, CREDIT), strict=True)] == ["green"] * 2


def test_payments_that_are_only_sent(live_office: Office, bookkeeper: Bookkeeper) -> None:
    office = live_office
    client = office.add_customer(name="Cedar Vets")
    invoice = office.add_invoice(client)
    synced(office)
    there = office.remote_id(invoice, INVOICE)
    travel(office, ListRule.SEND)
    ours = office.pay(invoice, "20")
    record(office, invoice_id=invoice, amount="10", kind="credit")
    theirs = bookkeeper.pay(there, "100")
    bookkeeper.credit(there, "40")
    synced(office)
    assert (paid(office, invoice), bookkeeper.invoice(there)["due"]) == (30, 300 - 20 - 10 - 100 - 40)
    written = office.writes()
    bookkeeper.take_back(theirs)
    theirs = bookkeeper.pay(there, "50")
    synced(office)
    assert (paid(office, invoice), office.dot(invoice, INVOICE), office.writes()) == (30, "green", written)
    office.take_back(ours)
    synced(office)
    assert (paid(office, invoice), bookkeeper.invoice(there)["due"]) == (10, 300 - 10 - 50 - 40)
    travel(office, ListRule.BOTH)
    synced(office)
    assert paid(office, invoice) == 10 + 50 + 40
    again = bookkeeper.pay(there, "60")
    synced(office)
    travel(office, ListRule.SEND)
    office.take_back(tied(office, again))
    synced(office)
    travel(office, ListRule.BOTH)
    assert (paid(office, invoice), 60 in bookkeeper.payments_of(there)) == (10 + 50 + 40, False)
    bookkeeper.take_back(theirs)
    synced(office)
    assert paid(office, invoice) == 10 + 40
