"""A saved plan is applied exactly as it stands, or refused, naming the record that has moved."""

from __future__ import annotations

import pytest

from service.core.ports import EntityKind
from service.store.plan_models import PlanRow
from service.store.sync_models import ConnectionRow, RunRow
from service.sync import apply, saved
from service.sync import run as running
from service.sync.connect import WrongState
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


def planned(office: Office) -> str:
    """Make a plan and keep it; return its id."""
    return saved.make(
        office.platform,
        organisation_id=office.organisation_id,
        connection_id=office.connection_id,
        actor="user:ann",
    )


def asked_for(office: Office, plan_id: str, *, may_release: bool = False) -> str:
    """Ask for the run of a plan; return its id."""
    return apply.apply_plan(
        office.platform,
        organisation_id=office.organisation_id,
        plan_id=plan_id,
        actor="user:ann",
        may_release=may_release,
    ).run_id


def applied(office: Office, plan_id: str) -> RunRow:
    """Apply a plan; return the run as it ended."""
    run_id = asked_for(office, plan_id)
    running.perform(office.platform, office.connection_id)
    return office.run(run_id)


def test_a_plan_is_carried_out_with_parents_documents_and_payments(live_office: Office) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    job = live_office.add_customer(name="Roof", parent_id=client)
    invoice = live_office.add_invoice(job)
    payment = live_office.pay(invoice, "100")
    plan_id = planned(live_office)
    assert applied(live_office, plan_id).state == "succeeded"
    assert live_office.dot(job) == "green"
    assert live_office.dot(invoice, EntityKind.INVOICE) == "green"
    assert live_office.dot(payment, EntityKind.PAYMENT) == "green"
    with live_office.platform.database.read() as session:
        assert session.get_one(PlanRow, plan_id).applied_by == "user:ann"


def test_what_is_not_in_the_plan_is_left_alone(live_office: Office) -> None:
    planned_one = live_office.add_customer(name="Cedar Vets")
    plan_id = planned(live_office)
    later = live_office.add_customer(name="Maple Dental")
    assert applied(live_office, plan_id).state == "succeeded"
    assert (live_office.dot(planned_one), live_office.dot(later)) == ("green", "none")
    live_office.sync()
    assert live_office.dot(later) == "green"


def test_an_edit_here_since_refuses_the_plan_by_name(live_office: Office) -> None:
    client = live_office.add_customer(name="Cedar Vets", phone="+1 415 555 0100")
    live_office.add_customer(name="Maple Dental")
    plan_id = planned(live_office)
    live_office.edit_customer(client, phone="+1 415 555 0199")
    written = live_office.writes()
    with pytest.raises(saved.PlanOutdated, match="'Cedar Vets' has changed since the plan was made"):
        asked_for(live_office, plan_id)
    assert live_office.writes() == written


def test_an_edit_there_since_refuses_the_plan_by_name_before_anything_is_written(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    client = live_office.add_customer(name="Cedar Vets", phone="+1 415 555 0100")
    live_office.sync()
    live_office.edit_customer(client, email="new@cedar.example")
    live_office.add_customer(name="Maple Dental")
    plan_id = planned(live_office)
    bookkeeper.edit(live_office.remote_id(client), phone="415 555 0123")
    written = live_office.writes()
    run = applied(live_office, plan_id)
    assert (run.state, live_office.writes()) == ("failed", written)
    assert run.problem is not None
    assert run.problem["kind"] == "plan_outdated"
    assert "'Cedar Vets' has changed" in run.problem["message"]


def test_an_edit_while_the_plan_is_applied_is_left_for_the_next_sync(live_office: Office) -> None:
    live_office.add_customer(name="Cedar Vets")
    job_of = live_office.add_customer(name="Maple Dental")
    job = live_office.add_customer(name="Roof", parent_id=job_of)
    invoice = live_office.add_invoice(job)
    plan_id = planned(live_office)
    with live_office.during_the_next_write(lambda: live_office.edit_invoice(invoice, reference="PO 77")):
        run = applied(live_office, plan_id)
    assert run.state == "partial"
    assert run.problem is not None
    assert "changed while the plan was being applied" in run.problem["message"]
    assert live_office.dot(invoice, EntityKind.INVOICE) != "green"
    live_office.sync()
    assert live_office.dot(invoice, EntityKind.INVOICE) == "green"


def test_a_plan_is_applied_once(live_office: Office) -> None:
    live_office.add_customer(name="Cedar Vets")
    plan_id = planned(live_office)
    applied(live_office, plan_id)
    with pytest.raises(saved.PlanOutdated, match="applied before"):
        asked_for(live_office, plan_id)


def test_a_plan_waits_for_the_run_under_way(live_office: Office) -> None:
    live_office.add_customer(name="Cedar Vets")
    plan_id = planned(live_office)
    live_office.ask()
    with pytest.raises(WrongState, match="under way"):
        asked_for(live_office, plan_id)


def test_a_plan_that_the_brake_would_stop_takes_somebody_who_may_release_it(live_office: Office) -> None:
    clients = [live_office.add_customer(name=f"Client {n}", phone="+1 415 555 0100") for n in range(5)]
    live_office.sync()
    with live_office.platform.database.write() as session:
        session.get_one(ConnectionRow, live_office.connection_id).settings = {"brake_records": 3}
    for client in clients:
        live_office.edit_customer(client, phone="+1 415 555 0199")
    plan_id = planned(live_office)
    with pytest.raises(apply.NeedsRelease, match="5 of 5 records"):
        asked_for(live_office, plan_id)
    asked_for(live_office, plan_id, may_release=True)
    running.perform(live_office.platform, live_office.connection_id)
    assert live_office.counts()["green"] == 5


def test_a_plan_in_which_two_clients_change_names_is_carried_out_whole(live_office: Office) -> None:
    alder, birch = (live_office.add_customer(name=name) for name in ("Alder", "Birch"))
    live_office.sync()
    live_office.edit_customer(alder, name="Birch")
    live_office.edit_customer(birch, name="Alder")
    written = live_office.writes()
    assert applied(live_office, planned(live_office)).state == "succeeded"
    assert live_office.writes() == written + 3
    assert {live_office.dot(customer) for customer in (alder, birch)} == {"green"}
