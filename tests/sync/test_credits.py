"""Credits, what they settle, and refunds, over both packages, both ways."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from service.core.ports import EntityKind
from service.core.problem import OptionId
from service.records import credits as crediting
from service.records import payments
from service.records.inputs import AllocationInput, PaymentInput
from service.store.records import InvoiceRow, PaymentRow
from service.sync import reset
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.fault_desk import INVOICE, PAYMENT
from tests.sync.office import Office

CREDIT, ALLOCATION, REFUND = EntityKind.CREDIT, EntityKind.ALLOCATION, EntityKind.REFUND


def issued(office: Office) -> tuple[str, str, str]:
    """Issue an invoice of 300 and send it; return its customer, itself, and its id there."""
    client = office.add_customer(name="Cedar Vets")
    invoice = office.add_invoice(client)
    assert office.sync().state == "succeeded"
    return client, invoice, office.remote_id(invoice, INVOICE)


def record(office: Office, **body: Any) -> str:
    """Record a credit or a refund here; return its id."""
    with office.platform.database.write() as session:
        return payments.record_payment(session, office.author(), PaymentInput.model_validate(body)).id


def applied(office: Office, credit: str, invoice: str, amount: str | None = None) -> str:
    """Let a credit settle an invoice; return the part's id."""
    with office.platform.database.write() as session:
        given = AllocationInput.model_validate({"invoice_id": invoice, "amount": amount})
        part = crediting.allocate(session, office.author(), credit, given)
        return "" if part is None else part.id


def unapplied(office: Office, credit: str, part: str) -> None:
    with office.platform.database.write() as session:
        crediting.deallocate(session, office.author(), credit, part)


def parts(office: Office) -> list[str]:
    return [link.record_id for link in office.links() if link.entity == ALLOCATION]


def said(office: Office) -> list[Any]:
    return [row.document for row in office.problems()]


def stands(office: Office, invoice: str) -> tuple[str, Decimal]:
    row = office.ours(InvoiceRow, invoice)
    return row.status, row.amount_paid


def test_a_credit_of_an_invoice_is_a_credit_note_there_that_settles_it(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    _, invoice, there = issued(live_office)
    credit = record(live_office, invoice_id=invoice, amount="100", kind="credit", reference="Broken vase")
    assert live_office.sync().state == "succeeded", said(live_office)
    assert bookkeeper.invoice(there)["due"] == 200
    (part,) = parts(live_office)
    assert (live_office.dot(credit, CREDIT), live_office.dot(part, ALLOCATION)) == ("green", "green")
    assert stands(live_office, invoice) == ("approved", Decimal(100))
    written = live_office.writes()
    assert live_office.sync().state == "succeeded", said(live_office)
    assert (live_office.writes(), live_office.dot(invoice, INVOICE)) == (written, "green")
    unapplied(live_office, credit, part)
    assert live_office.sync().state == "succeeded", said(live_office)
    assert bookkeeper.invoice(there)["due"] == 300
    assert stands(live_office, invoice) == ("approved", Decimal(0))
    applied(live_office, credit, invoice, "40")
    assert live_office.sync().state == "succeeded", said(live_office)
    assert bookkeeper.invoice(there)["due"] == 260
    live_office.take_back(credit)
    assert live_office.sync().state == "succeeded", said(live_office)
    assert (bookkeeper.invoice(there)["due"], stands(live_office, invoice)) == (300, ("approved", Decimal(0)))
    assert bookkeeper.credits() == []
    live_office.void(invoice)
    assert live_office.sync().state == "succeeded", said(live_office)
    assert bookkeeper.invoice(there)["voided"]


def test_a_credit_there_that_settles_our_invoice_is_one_here_until_it_is_taken_back(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    _, invoice, there = issued(live_office)
    note, part = bookkeeper.credit(there, "100")
    assert live_office.sync().state == "succeeded", said(live_office)
    assert stands(live_office, invoice) == ("approved", Decimal(100))
    with live_office.platform.database.read() as session:
        (row,) = [one for one in session.query(PaymentRow).all() if not one.removed]
        assert (row.kind, row.amount, row.origin) == ("credit", Decimal(100), "package")
    written = live_office.writes()
    live_office.sync()
    assert live_office.writes() == written
    bookkeeper.uncredit(note, part)
    assert live_office.sync().state == "succeeded", said(live_office)
    assert stands(live_office, invoice) == ("approved", Decimal(0))
    assert live_office.writes() == written


def test_a_refund_of_a_credit_is_paid_out_there_where_the_package_can(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    client, _, _ = issued(live_office)
    credit = record(live_office, customer_id=client, amount="80", kind="credit")
    refund = record(live_office, refund_of_id=credit, amount="80", kind="refund")
    live_office.sync()
    assert live_office.dot(credit, CREDIT) == "green", said(live_office)
    if live_office.package.sandbox.name == "xero":
        assert live_office.dot(refund, REFUND) == "green", said(live_office)
        assert bookkeeper.credits() == [0]
    else:
        assert live_office.problem().kind == "rejected"
        live_office.take_back(refund)
        refund = record(live_office, customer_id=client, amount="20", kind="refund")
        assert live_office.sync().state == "succeeded", said(live_office)
        assert live_office.dot(refund, REFUND) == "green"
    live_office.take_back(refund)
    assert live_office.sync().state == "succeeded", said(live_office)
    assert bookkeeper.credits() == [80]


def test_money_on_account_is_applied_later_where_the_package_keeps_it(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    client, invoice, there = issued(live_office)
    payment = record(live_office, customer_id=client, amount="120")
    assert live_office.sync().state == "succeeded", said(live_office)
    held = live_office.package.sandbox.name == "quickbooks"
    assert live_office.dot(payment, PAYMENT) == ("green" if held else "none")
    if held:
        part = applied(live_office, payment, invoice, "50")
        assert live_office.sync().state == "succeeded", said(live_office)
        assert (bookkeeper.payments_of(there), bookkeeper.invoice(there)["due"]) == ([50], 250)
        assert stands(live_office, invoice) == ("approved", Decimal(50))
        unapplied(live_office, payment, part)
    applied(live_office, payment, invoice)
    assert live_office.sync().state == "succeeded", said(live_office)
    assert (live_office.dot(payment, PAYMENT), bookkeeper.payments_of(there)) == ("green", [120])
    assert stands(live_office, invoice) == ("approved", Decimal(120))
    unapplied(live_office, payment, payment)
    live_office.sync()
    if held:
        assert (live_office.dot(payment, PAYMENT), bookkeeper.payments_of(there)) == ("green", [])
    else:
        assert live_office.problem().kind == "rejected"
        live_office.answer(OptionId.RETRY)


@pytest.mark.parametrize("amount", ["100", "300"])
def test_an_invoice_voided_there_is_a_question_with_ways_out(
    live_office: Office, bookkeeper: Bookkeeper, amount: str
) -> None:
    _, invoice, there = issued(live_office)
    bookkeeper.void(there)
    live_office.sync()
    found = live_office.problem()
    assert found.kind == "archived_there"
    if amount == "300":
        live_office.answer(OptionId.ARCHIVE_OURS)
        assert live_office.sync().state == "succeeded", said(live_office)
        assert stands(live_office, invoice)[0] == "voided"
    else:
        live_office.answer(OptionId.CREATE_NEW)
        assert live_office.sync().state == "succeeded", said(live_office)
        again = live_office.remote_id(invoice, INVOICE)
        assert again != there
        assert bookkeeper.invoice(again)["due"] == 300
    assert live_office.dot(invoice, INVOICE) == "green"


def test_a_credit_stays_with_the_former_counterpart_of_its_customer(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    client, _, _ = issued(live_office)
    credit = record(live_office, customer_id=client, amount="80", kind="credit")
    assert live_office.sync().state == "succeeded", said(live_office)
    link = live_office.link(client)
    assert link is not None
    reset.reset_link(
        live_office.platform,
        organisation_id=live_office.organisation_id,
        link_id=link.id,
        old_counterpart="leave",
        actor="user:sue",
    )
    live_office.settled()
    assert live_office.dot(credit, CREDIT) == "green"
    written = live_office.writes()
    live_office.sync("reconcile", full=True)
    live_office.sync()
    assert (live_office.writes(), bookkeeper.credits()) == (written, [80])
