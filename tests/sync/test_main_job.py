"""The main job: records reach the package, agree with it, and stay in agreement."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

import sandbox
from sandbox.common.server import Running
from service.core.ports import EntityKind
from service.store.records import InvoiceRow
from tests.sync.office import Office, live, start


@pytest.fixture(scope="module", params=sandbox.names())
def package_server(request: pytest.FixtureRequest) -> Iterator[Running]:
    """Serve one of the stand-in packages, with the books of a company that has been at it for a while."""
    server = start(request.param)
    yield server
    server.stop()


def test_a_customer_its_job_its_invoice_and_payment_all_turn_green(live_office: Office) -> None:
    client = live_office.add_customer(name="Cedar Vets", email="billing@cedar.example", phone="+1 415 555 0100")
    job = live_office.add_customer(name="Roof", parent_id=client)
    invoice = live_office.add_invoice(job)
    payment = live_office.pay(invoice, "100")
    run = live_office.sync()
    assert (run.state, run.problem) == ("succeeded", None), live_office.problems()
    assert run.counts["created"] == 4
    assert [live_office.dot(client), live_office.dot(job)] == ["green", "green"]
    assert live_office.dot(invoice, EntityKind.INVOICE) == "green"
    assert live_office.dot(payment, EntityKind.PAYMENT) == "green"


def test_a_second_sync_writes_nothing_and_reads_the_feed_once_per_kind(live_office: Office) -> None:
    client = live_office.add_customer(name="Cedar Vets", email="billing@cedar.example")
    live_office.add_invoice(client)
    live_office.sync()
    written = live_office.writes()
    again = live_office.sync()
    assert live_office.writes() == written
    assert again.state == "succeeded"
    assert again.calls <= live_office.platform.provider(live_office.package.sandbox.name).capabilities.feed_calls
    assert again.counts["unchanged"] >= 2


def test_nothing_is_written_before_the_connection_is_live(office: Office) -> None:
    office.add_customer(name="Cedar Vets")
    before = office.writes()
    live(office)
    assert office.writes() == before


def test_an_edit_here_turns_the_dot_orange_and_travels(live_office: Office) -> None:
    client = live_office.add_customer(name="Cedar Vets", phone="+1 415 555 0100")
    live_office.sync()
    live_office.edit_customer(client, phone="+1 415 555 0199")
    assert live_office.dot(client) == "orange"
    run = live_office.sync()
    assert run.counts["updated"] == 1
    assert live_office.dot(client) == "green"


def test_jobs_of_the_same_name_get_names_that_differ(live_office: Office) -> None:
    clients = [live_office.add_customer(name=name) for name in ("Cedar Vets", "Maple Dental")]
    jobs = [live_office.add_customer(name="Phase 1", parent_id=client) for client in clients]
    live_office.sync()
    assert [live_office.dot(job) for job in jobs] == ["green", "green"]
    names = {link.remote_name for job in jobs if (link := live_office.link(job)) is not None}
    assert len(names) == 2


def test_an_invoice_of_a_draft_stays_here(live_office: Office) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    draft = live_office.add_invoice(client, status="draft")
    live_office.sync()
    assert live_office.dot(draft, EntityKind.INVOICE) == "none"


def test_five_levels_reach_the_package_parents_first(live_office: Office) -> None:
    parent = live_office.add_customer(name="Cedar Vets")
    chain = [parent]
    for depth in range(2, 6):
        chain.append(live_office.add_customer(name=f"Level {depth}", parent_id=chain[-1]))
    run = live_office.sync()
    assert run.state == "succeeded", [problem.document for problem in live_office.problems()]
    assert {live_office.dot(one) for one in chain} == {"green"}


def test_what_is_due_follows_the_payments_sent(live_office: Office) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    invoice = live_office.add_invoice(client)
    live_office.pay(invoice, "300")
    live_office.sync()
    live_office.sync()
    with live_office.platform.database.read() as session:
        row = session.get_one(InvoiceRow, invoice)
        assert (row.status, row.amount_paid) == ("paid", Decimal(300))
