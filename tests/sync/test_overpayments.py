"""More than is due, and one payment for several invoices: recorded here or there, un-applied, taken back again."""

from __future__ import annotations

from typing import Any

import pytest

from service.core.ports import EntityKind
from service.store.queries import balances
from service.store.queries.find import find
from service.store.records import CustomerRow, InvoiceRow, PaymentRow
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office, today

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

INVOICE, PAYMENT = EntityKind.INVOICE, EntityKind.PAYMENT


def issued(office: Office, *amounts: str) -> tuple[str, list[str], list[str]]:
    """Send an invoice of each amount to one customer; return the customer, and the invoices' ids here and there."""
    client = office.add_customer(name="Cedar Vets")
    lines = [{"description": "Labour", "quantity": "1", "unit_price": amount} for amount in amounts]
    invoices = [office.add_invoice(client, lines=[line]) for line in lines]
    assert office.sync().state == "succeeded"
    return client, invoices, [office.remote_id(one, INVOICE) for one in invoices]


def stands(office: Office, *invoices: str) -> list[float]:
    """Return what is paid of each invoice."""
    return [float(office.ours(InvoiceRow, one).amount_paid) for one in invoices]


def unapplied(office: Office, customer_id: str) -> float:
    """Return what a customer has on its account."""
    with office.platform.database.read() as session:
        row = find(session, CustomerRow, office.organisation_id, customer_id)
        assert row is not None
        found = balances.balances(session, row, today=today(), with_jobs=False)
        return float(found[0].unapplied) if found else 0


def money(office: Office) -> list[PaymentRow]:
    """Return the payments that stand here."""
    with office.platform.database.read() as session:
        return [row for row in session.query(PaymentRow).order_by(PaymentRow.amount).all() if not row.removed]


def said(office: Office) -> list[Any]:
    return [row.document for row in office.problems()]


def test_what_a_bookkeeper_receives_beyond_an_invoice_stays_on_the_account(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    client, invoices, (first, second) = issued(live_office, "300", "150")
    written = live_office.writes()

    def synced(*paid: int, left: int) -> None:
        live_office.platform.pause(700)  # by then the feed tells of what it tells at times only
        assert live_office.sync().state == "succeeded", said(live_office)
        assert (stands(live_office, *invoices), unapplied(live_office, client)) == (list(paid), left)
        assert {live_office.dot(one.id, PAYMENT) for one in money(live_office)} <= {"green"}
        assert live_office.writes() == written

    rest = bookkeeper.overpay(first, "500")
    synced(300, 0, left=200)
    assert sum(row.amount for row in money(live_office)) == 500
    bookkeeper.apply(rest, second, "120")
    synced(300, 120, left=80)
    bookkeeper.unapply(rest)
    paid = 0 if live_office.package.sandbox.name == "quickbooks" else 300
    synced(paid, 0, left=500 - paid)
    live_office.sync("reconcile", full=True)
    synced(paid, 0, left=500 - paid)
    bookkeeper.take_back_rest(rest)
    synced(paid, 0, left=0)


def test_a_payment_there_of_several_invoices_is_one_payment_here(live_office: Office, bookkeeper: Bookkeeper) -> None:
    if live_office.package.sandbox.name != "quickbooks":
        return
    client, invoices, (first, second) = issued(live_office, "300", "150")
    written, known = live_office.writes(), bookkeeper.customer_of(first)
    line = {"Amount": 70, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": {"value": "1"}}}
    body = {"kind": "Invoice", "fields": {"CustomerRef": {"value": known}, "Line": [line]}}
    foreign = str(live_office.act("create", **body)["Id"])
    payment = bookkeeper.pay_several(known, "500", {first: "300", second: "100", foreign: "70"})
    live_office.sync()
    assert (stands(live_office, *invoices), unapplied(live_office, client)) == ([300, 100], 30)
    (row,) = money(live_office)
    assert (float(row.amount), row.invoice_id, row.origin) == (430, None, "package")
    bookkeeper.pay_several(known, "500", {first: "50", second: "150"}, payment=payment)
    live_office.sync()
    assert (stands(live_office, *invoices), unapplied(live_office, client)) == ([50, 150], 300)
    assert [float(one.amount) for one in money(live_office)] == [500]
    bookkeeper.pay_several(known, "70", {foreign: "70"}, payment=payment)
    live_office.sync()
    assert (stands(live_office, *invoices), money(live_office)) == ([0, 0], [])
    bookkeeper.pay_several(known, "300", {first: "300"}, payment=payment)
    live_office.sync()
    (row,) = money(live_office)
    assert (float(row.amount), row.invoice_id, stands(live_office, *invoices)) == (300, invoices[0], [300, 0])
    live_office.sync("reconcile", full=True)
    assert live_office.sync().state == "succeeded", said(live_office)
    bookkeeper.take_back(payment)
    live_office.sync()
    assert (stands(live_office, *invoices), money(live_office)) == ([0, 0], [])
    assert live_office.writes() == written


def test_what_we_receive_beyond_an_invoice_goes_there_where_the_package_takes_it(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    client, invoices, (first, second) = issued(live_office, "300", "150")
    written = live_office.writes()
    payment = live_office.pay(invoices[0], "500", reference="cheque 7")
    assert (stands(live_office, *invoices), unapplied(live_office, client)) == ([300, 0], 200)
    live_office.sync()
    if live_office.package.sandbox.name == "xero":
        assert (live_office.problem().kind, live_office.writes()) == ("rejected", written)
        assert "no more than is due on an invoice" in str(live_office.problem().document)
    else:
        assert (live_office.dot(payment, PAYMENT), bookkeeper.payments_of(first)) == ("green", [300])
        there = live_office.remote_id(payment, PAYMENT)
        bookkeeper.apply(there, second, "120")
        assert live_office.sync().state == "succeeded", said(live_office)
        assert (stands(live_office, *invoices), unapplied(live_office, client)) == ([300, 120], 80)
        assert [float(row.amount) for row in money(live_office)] == [500]
        bookkeeper.unapply(there, first)
        live_office.sync()
        assert (stands(live_office, *invoices), unapplied(live_office, client)) == ([300, 0], 200)
    live_office.edit_payment(payment, amount="300")
    assert live_office.sync().state == "succeeded", said(live_office)
    assert (stands(live_office, *invoices), unapplied(live_office, client)) == ([300, 0], 0)
    assert (live_office.dot(payment, PAYMENT), bookkeeper.payments_of(first)) == ("green", [300])
    live_office.take_back(payment)
    assert live_office.sync().state == "succeeded", said(live_office)
    assert (bookkeeper.payments_of(first), stands(live_office, *invoices)) == ([], [0, 0])
