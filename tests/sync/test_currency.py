"""A foreign currency that both sides have: customer, invoice and payment are in it there."""

from __future__ import annotations

from typing import Any

from service.store.records import PaymentRow
from service.store.sync_models import ConnectionRow
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.fault_desk import INVOICE, PAYMENT
from tests.sync.office import Office


def test_customer_invoice_and_payment_in_a_foreign_currency_are_in_it_there(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    live_office.act("add_currency", code="GBP")
    with live_office.platform.database.write() as session:  # as if a day had passed
        session.get_one(ConnectionRow, live_office.connection_id).reference_at = None
    client = live_office.add_customer(name="London Vets", currency="GBP")
    job = live_office.add_customer(name="Camden", parent_id=client)
    invoice = live_office.add_invoice(job)
    payment = live_office.pay(invoice, "120")
    assert live_office.sync().state == "succeeded", [row.document for row in live_office.problems()]
    assert {live_office.dot(client), live_office.dot(job)} == {"green"}
    assert (live_office.dot(invoice, INVOICE), live_office.dot(payment, PAYMENT)) == ("green", "green")
    there = live_office.remote_id(invoice, INVOICE)
    assert (bookkeeper.invoice(there)["due"], bookkeeper.currency_of(there)) == (180, "GBP")
    bookkeeper.pay(there, "180")
    assert live_office.sync().state == "succeeded"
    (rest,) = [row for row in payments_of(live_office) if row.origin == "package"]
    assert (rest.currency, rest.amount) == ("GBP", 180)


def payments_of(office: Office) -> list[Any]:
    with office.platform.database.read() as session:
        return list(session.query(PaymentRow).all())
