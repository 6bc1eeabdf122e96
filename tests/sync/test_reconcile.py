"""A full reconciliation: what no feed told of, and feeds that don't reach back far enough."""

from __future__ import annotations

from datetime import timedelta

import pytest

from service.core.ports import EntityKind
from service.store.records import CustomerRow
from service.store.sync_models import ConnectionRow, CounterpartRow
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office, connection_of

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


def sent(office: Office) -> tuple[str, str]:
    """Send a customer with an invoice; return the customer's id here and there."""
    customer = office.add_customer(name="Cedar Vets", email="billing@cedar.example")
    office.add_invoice(customer)
    assert office.sync().state == "succeeded"
    let_time_pass(office)
    return customer, office.remote_id(customer)


def let_time_pass(office: Office) -> None:
    """Let so much time pass that no feed tells once more of what was written before."""
    office.platform.pause(300)
    office.sync()
    office.platform.pause(300)


def forget_the_cursor(office: Office, cursor: str) -> None:
    """Let the feed be one that does not reach back to where we stand."""
    with office.platform.database.write() as session:
        session.get_one(ConnectionRow, office.connection_id).cursor = cursor


def test_where_nothing_is_wrong_it_changes_nothing(live_office: Office) -> None:
    sent(live_office)
    written, before = live_office.writes(), live_office.counts()
    run = live_office.sync("reconcile", full=True)
    assert (run.kind, run.state, run.counts["pulled"]) == ("reconcile", "succeeded", 0)
    assert (live_office.writes(), live_office.counts()) == (written, before)


def test_a_drift_that_no_feed_told_of_is_found(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer, there = sent(live_office)
    bookkeeper.drift(there, email="drifted@cedar.example")
    live_office.sync()
    assert live_office.ours(CustomerRow, customer).email == "billing@cedar.example"
    live_office.sync("reconcile", full=True)
    assert live_office.ours(CustomerRow, customer).email == "drifted@cedar.example"
    assert live_office.dot(customer) == "green"


def test_a_drift_of_what_we_own_is_found_by_reading_alone_and_put_back_by_the_next_sync(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    customer, there = sent(live_office)
    bookkeeper.drift(there, name="Drifted Vets")
    written = live_office.writes()
    assert live_office.sync("reconcile", full=True).state == "succeeded"
    assert (live_office.writes(), live_office.dot(customer)) == (written, "orange")
    live_office.sync()
    assert bookkeeper.customer(there)["name"] == "Cedar Vets"
    assert live_office.dot(customer) == "green"


def test_a_customer_that_vanished_is_a_question_and_its_neighbours_are_not(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    other, _ = sent(live_office)
    customer = live_office.add_customer(name="Maple Dental")
    live_office.sync()
    let_time_pass(live_office)
    bookkeeper.vanish(live_office.remote_id(customer))
    run = live_office.sync("reconcile", full=True)
    assert (run.state, run.counts["conflicts"]) == ("partial", 1)
    assert live_office.problem().kind == "deleted_there"
    assert (live_office.dot(customer), live_office.dot(other)) == ("red", "green")


def test_a_customer_that_comes_back_settles_its_question(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer, _ = sent(live_office)
    with live_office.platform.database.write() as session:
        session.query(CounterpartRow).where(CounterpartRow.name == "Cedar Vets").update(
            {"deleted": True, "active": False}
        )
    live_office.edit_customer(customer, phone="+1 415 555 0199")
    live_office.sync()
    assert live_office.dot(customer) == "red"
    live_office.sync("reconcile", full=True)
    assert (live_office.dot(customer), live_office.problems()) == ("orange", [])
    live_office.sync()
    assert live_office.dot(customer) == "green"


@pytest.mark.parametrize("cursor", ["", "2001-01-01T00:00:00+00:00"], ids=["unreadable", "too old"])
def test_a_cursor_that_does_not_serve_leads_to_a_full_reading(
    live_office: Office, bookkeeper: Bookkeeper, cursor: str
) -> None:
    customer, there = sent(live_office)
    bookkeeper.edit(there, email="new@cedar.example")
    forget_the_cursor(live_office, cursor)
    live_office.edit_customer(customer, phone="+1 415 555 0199")
    assert live_office.sync().state == "succeeded"
    assert connection_of(live_office).cursor not in (None, cursor)
    assert live_office.ours(CustomerRow, customer).email == "new@cedar.example"
    assert (live_office.dot(customer), len(bookkeeper.named("Cedar Vets"))) == ("green", 1)


def test_after_a_month_of_silence_everything_is_caught_up(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer, there = sent(live_office)
    bookkeeper.edit(there, email="new@cedar.example")
    live_office.platform.pause(timedelta(days=31).total_seconds())
    live_office.sync()
    assert live_office.ours(CustomerRow, customer).email == "new@cedar.example"
    assert live_office.dot(customer) == "green"


def test_an_invoice_deleted_there_is_asked_about(live_office: Office, bookkeeper: Bookkeeper) -> None:
    invoice = live_office.add_invoice(live_office.add_customer(name="Cedar Vets"))
    live_office.sync()
    bookkeeper.void(live_office.remote_id(invoice, EntityKind.INVOICE))
    size = bookkeeper.size()
    live_office.sync("reconcile", full=True)
    assert live_office.dot(invoice, EntityKind.INVOICE) == "red"
    assert bookkeeper.size() == size
