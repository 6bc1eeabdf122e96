"""Payments and balances: recorded here or there, taken back here or there, and invoices that are voided."""

from __future__ import annotations

from decimal import Decimal

import pytest

from service.core.ports import EntityKind
from service.core.problem import OptionId
from service.records.errors import NotPossibleNow
from service.store.records import InvoiceRow, PaymentRow
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

INVOICE, PAYMENT = EntityKind.INVOICE, EntityKind.PAYMENT


def issued(office: Office) -> tuple[str, str]:
    """Send an invoice of 300; return its id here and there."""
    invoice = office.add_invoice(office.add_customer(name="Cedar Vets"))
    assert office.sync().state == "succeeded"
    return invoice, office.remote_id(invoice, INVOICE)


def payments_here(office: Office) -> list[PaymentRow]:
    """Return the payments that stand here."""
    with office.platform.database.read() as session:
        return [row for row in session.query(PaymentRow).all() if not row.removed]


def stands(office: Office, invoice: str) -> tuple[str, Decimal]:
    """Return an invoice's status and what was paid of it."""
    row = office.ours(InvoiceRow, invoice)
    return row.status, row.amount_paid


def test_a_payment_recorded_here_is_sent_once(live_office: Office, bookkeeper: Bookkeeper) -> None:
    invoice, there = issued(live_office)
    payment = live_office.pay(invoice, "120", reference="cheque 7")
    live_office.sync()
    assert bookkeeper.payments_of(there) == [120]
    assert bookkeeper.invoice(there)["due"] == 180
    assert live_office.dot(payment, PAYMENT) == "green"
    written = live_office.writes()
    live_office.sync()
    assert (live_office.writes(), len(payments_here(live_office))) == (written, 1)
    assert stands(live_office, invoice) == ("approved", Decimal(120))


def test_a_payment_recorded_there_comes_in_and_closes_the_invoice(live_office: Office, bookkeeper: Bookkeeper) -> None:
    invoice, there = issued(live_office)
    bookkeeper.pay(there, "300")
    written = live_office.writes()
    run = live_office.sync()
    assert stands(live_office, invoice) == ("paid", Decimal(300))
    assert (run.counts["pulled"], live_office.writes()) == (1, written)
    assert live_office.dot(invoice, INVOICE) == "green"
    [payment] = payments_here(live_office)
    assert payment.origin == "package"
    with pytest.raises(NotPossibleNow, match="recorded in the accounting package: change it there"):
        live_office.take_back(payment.id)
    assert live_office.dot(payment.id, PAYMENT) == "green"
    live_office.sync()
    assert (live_office.writes(), len(payments_here(live_office))) == (written, 1)


def test_parts_paid_here_and_there_add_up_on_both_sides(live_office: Office, bookkeeper: Bookkeeper) -> None:
    invoice, there = issued(live_office)
    bookkeeper.pay(there, "100")
    live_office.pay(invoice, "50")
    live_office.sync()
    assert stands(live_office, invoice) == ("approved", Decimal(150))
    assert bookkeeper.payments_of(there) == [50, 100]
    live_office.pay(invoice, "150")
    live_office.sync()
    assert stands(live_office, invoice) == ("paid", Decimal(300))
    assert (bookkeeper.invoice(there)["due"], bookkeeper.payments_of(there)) == (0, [50, 100, 150])
    assert live_office.dot(invoice, INVOICE) == "green"


def test_the_same_amount_paid_here_and_there_counts_twice(live_office: Office, bookkeeper: Bookkeeper) -> None:
    invoice, there = issued(live_office)
    bookkeeper.pay(there, "100")
    live_office.pay(invoice, "100")
    live_office.sync()
    live_office.sync()
    assert bookkeeper.payments_of(there) == [100, 100]
    assert stands(live_office, invoice) == ("approved", Decimal(200))


def test_a_payment_taken_back_there_opens_the_invoice_again(live_office: Office, bookkeeper: Bookkeeper) -> None:
    invoice, there = issued(live_office)
    paid = bookkeeper.pay(there, "300")
    live_office.sync()
    bookkeeper.take_back(paid)
    written = live_office.writes()
    assert live_office.sync().state == "succeeded"
    assert stands(live_office, invoice) == ("approved", Decimal(0))
    assert payments_here(live_office) == []
    live_office.sync()
    assert (live_office.writes(), bookkeeper.payments_of(there)) == (written, [])


def test_a_payment_taken_back_here_is_taken_back_there(live_office: Office, bookkeeper: Bookkeeper) -> None:
    invoice, there = issued(live_office)
    payment = live_office.pay(invoice, "120")
    live_office.sync()
    live_office.take_back(payment)
    assert live_office.sync().state == "succeeded", [row.document for row in live_office.problems()]
    assert bookkeeper.payments_of(there) == []
    assert bookkeeper.invoice(there)["due"] == 300
    assert stands(live_office, invoice) == ("approved", Decimal(0))


def test_our_payment_taken_back_by_the_bookkeeper_is_asked_about(live_office: Office, bookkeeper: Bookkeeper) -> None:
    invoice, there = issued(live_office)
    payment = live_office.pay(invoice, "120")
    live_office.sync()
    bookkeeper.take_back(live_office.remote_id(payment, PAYMENT))
    live_office.sync()
    assert live_office.dot(payment, PAYMENT) == "red"
    assert live_office.problem().kind in {"archived_there", "deleted_there"}
    assert bookkeeper.payments_of(there) == []
    live_office.answer(OptionId.ARCHIVE_OURS)
    assert live_office.sync().state == "succeeded", [row.document for row in live_office.problems()]
    assert stands(live_office, invoice) == ("approved", Decimal(0))
    assert bookkeeper.payments_of(there) == []


def test_a_payment_of_an_invoice_that_is_not_ours_stays_there(live_office: Office, bookkeeper: Bookkeeper) -> None:
    known = live_office.writes()
    live_office.sync()
    assert payments_here(live_office) == []
    assert live_office.writes() == known


def test_an_invoice_voided_here_is_voided_there(live_office: Office, bookkeeper: Bookkeeper) -> None:
    invoice, there = issued(live_office)
    live_office.void(invoice)
    assert live_office.dot(invoice, INVOICE) == "orange"
    assert live_office.sync().state == "succeeded", [row.document for row in live_office.problems()]
    assert bookkeeper.invoice(there)["voided"]
    assert live_office.dot(invoice, INVOICE) == "green"
    written = live_office.writes()
    live_office.sync()
    assert live_office.writes() == written


def test_an_invoice_voided_there_is_not_sent_again_by_itself(live_office: Office, bookkeeper: Bookkeeper) -> None:
    invoice, there = issued(live_office)
    bookkeeper.void(there)
    size = bookkeeper.size()
    live_office.sync()
    assert live_office.dot(invoice, INVOICE) == "red", live_office.problems()
    live_office.sync()
    assert bookkeeper.invoice(there)["voided"]
    assert bookkeeper.size() == size
    written = live_office.writes()
    live_office.void(invoice)
    assert live_office.sync().state == "succeeded", [row.document for row in live_office.problems()]
    assert (live_office.dot(invoice, INVOICE), live_office.writes()) == ("green", written)


def test_an_invoice_edited_here_travels(live_office: Office, bookkeeper: Bookkeeper) -> None:
    invoice, there = issued(live_office)
    line = {"description": "Labour", "quantity": "3", "unit_price": "150"}
    live_office.edit_invoice(invoice, lines=[line])
    assert live_office.sync().state == "succeeded", [row.document for row in live_office.problems()]
    assert bookkeeper.invoice(there)["due"] == 450
    assert live_office.dot(invoice, INVOICE) == "green"


def test_a_payment_of_more_than_is_due_settles_the_invoice_and_no_more(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    invoice, there = issued(live_office)
    if live_office.package.sandbox.name == "xero":  # which takes no more than is due
        return
    bookkeeper.pay(there, "500")
    live_office.sync()
    assert stands(live_office, invoice) == ("paid", Decimal(300))


def test_a_credit_there_settles_the_invoice_here_until_it_is_gone(live_office: Office, bookkeeper: Bookkeeper) -> None:
    if live_office.package.sandbox.name != "xero":
        return
    invoice, there = issued(live_office)
    live_office.act("credit_invoice", invoice=there, amount="100")
    live_office.sync()
    assert stands(live_office, invoice) == ("approved", Decimal(100))
    [balance] = payments_here(live_office)
    assert (balance.kind, balance.amount) == ("credit", Decimal(100))
    bookkeeper.pay(there, "200")
    live_office.sync()
    assert stands(live_office, invoice) == ("paid", Decimal(300))
    assert sorted(row.amount for row in payments_here(live_office)) == [100, 200]
