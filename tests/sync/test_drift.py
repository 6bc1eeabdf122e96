"""Drift: what the bookkeeper changed in fields that are ours is listed, and governed by the connection's rule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from service.core.drift import DriftDecision
from service.core.ports import EntityKind
from service.core.problem import OptionId
from service.core.snapshot import value_to_json
from service.store.drift_models import DriftRow
from service.store.queries import drift as queries
from service.store.records import CustomerRow, InvoiceRow
from service.store.sync_models import ConnectionRow
from service.sync import drift
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

#: For what has nothing to do with a package's own ways.
AT_ONE = pytest.mark.parametrize("package_server", ["quickbooks"], indirect=True)


@pytest.fixture
def client(live_office: Office) -> str:
    """Send a client, and let so much time pass that no feed tells of it once more; return its id."""
    customer = live_office.add_customer(name="Cedar Vets", email="billing@cedar.example")
    let_time_pass(live_office)
    return customer


def let_time_pass(office: Office) -> None:
    """Sync, and let a day go by."""
    assert office.sync().state == "succeeded"
    office.platform.pause(300)
    office.sync()
    office.platform.pause(300)


def listed(office: Office, status: str | None = None) -> list[DriftRow]:
    """Return the drifted fields, oldest first."""
    with office.platform.database.read() as session:
        rows = list(queries.drift_page(session, office.organisation_id, status=status, limit=100, cursor=None).items)
        session.expunge_all()
        return rows[::-1]


def the_one(office: Office) -> DriftRow:
    """Return the only drifted field."""
    (row,) = listed(office)
    return row


def govern_by(office: Office, rule: str) -> None:
    """Choose the connection's rule."""
    with office.platform.database.write() as session:
        row = session.get_one(ConnectionRow, office.connection_id)
        row.settings = {**row.settings, "drift": rule}
        drift.look_again(session, row.id, now=office.platform.clock())


def decide(office: Office, decision: str) -> None:
    """Decide about the only drifted field."""
    drift.decide(
        office.platform,
        organisation_id=office.organisation_id,
        drift_id=the_one(office).id,
        decision=DriftDecision(decision),
        actor="user:ann",
    )


def edit_invoice_there(office: Office, remote_id: str, **fields: Any) -> None:
    """Change an invoice on the package's own pages; ``due_date`` or ``reference``."""
    if office.package.sandbox.name == "xero":
        names = {"due_date": "DueDate", "reference": "Reference"}
        office.act("edit_invoice", invoice=remote_id, fields={names[name]: value for name, value in fields.items()})
    else:
        names = {"due_date": "DueDate", "reference": "PrivateNote"}
        changed = {names[name]: value for name, value in fields.items()}
        office.act("edit", kind="Invoice", id=remote_id, fields=changed)


def test_a_run_that_only_reads_lists_field_ours_theirs_and_when(
    live_office: Office, bookkeeper: Bookkeeper, client: str
) -> None:
    there, written = live_office.remote_id(client), live_office.writes()
    before = live_office.platform.clock()
    bookkeeper.edit(there, name="Cedar Veterinary")
    live_office.platform.pause(60)
    run = live_office.sync("reconcile", full=True)
    assert (run.state, run.counts["drift"], live_office.writes()) == ("succeeded", 1, written)
    row = the_one(live_office)
    assert (row.field, row.label, row.record_id) == ("name", "Cedar Vets", client)
    assert (row.agreed, row.ours, row.theirs) == ("Cedar Vets", "Cedar Vets", "Cedar Veterinary")
    assert (row.status, row.found_run_id, row.changed_by) == ("open", run.id, None)
    assert row.changed_at is not None
    assert before - timedelta(seconds=1) <= row.changed_at < row.found_at
    assert live_office.dot(client) == "orange"  # its rule has decided: the next sync puts it back
    (event,) = live_office.events("changed there, where ours leads", client)
    assert (event.before, event.after, event.run_id) == ({"name": "Cedar Vets"}, {"name": "Cedar Veterinary"}, run.id)
    again = live_office.sync("reconcile", full=True)
    assert (again.counts["drift"], len(listed(live_office))) == (1, 1)
    assert len(live_office.events("changed there, where ours leads", client)) == 1


def test_the_usual_rule_puts_it_back_and_says_so(live_office: Office, bookkeeper: Bookkeeper, client: str) -> None:
    there = live_office.remote_id(client)
    bookkeeper.edit(there, name="Cedar Veterinary")
    run = live_office.sync()
    assert (run.counts["drift"], run.counts["updated"]) == (1, 1)
    assert bookkeeper.customer(there)["name"] == "Cedar Vets"
    row = the_one(live_office)
    assert (row.status, row.closed_by, row.closed_run_id, bool(row.call_id)) == ("put_back", "sync", run.id, True)
    event = live_office.events("sent", client)[-1]
    assert (event.why, event.run_id, event.call_id) == ("owner is ours: put back", run.id, row.call_id)
    assert live_office.sync().counts["drift"] == 0
    assert live_office.dot(client) == "green"


def test_where_people_are_asked_it_stays_there_listed_and_the_record_keeps_its_dot(
    live_office: Office, bookkeeper: Bookkeeper, client: str
) -> None:
    govern_by(live_office, "ask")
    there = live_office.remote_id(client)
    agreed = live_office.link(client)
    bookkeeper.edit(there, name="Cedar Veterinary")
    live_office.platform.pause(60)
    for kind in ("reconcile", "sync", "sync"):
        run = live_office.sync(kind)
        assert (run.state, run.counts["drift"]) == ("succeeded", 1)
    assert bookkeeper.customer(there)["name"] == "Cedar Veterinary"
    assert live_office.dot(client) == "green"
    link = live_office.link(client)
    assert link is not None
    assert agreed is not None
    assert link.last_synced_at == agreed.last_synced_at  # green as of then, and no later


@AT_ONE
def test_what_else_was_changed_is_sent_around_a_field_that_waits(
    live_office: Office, bookkeeper: Bookkeeper, client: str
) -> None:
    govern_by(live_office, "ask")
    there = live_office.remote_id(client)
    bookkeeper.edit(there, name="Cedar Veterinary")
    live_office.sync()
    live_office.edit_customer(client, phone="+44 20 7946 0000")
    live_office.sync()
    found = bookkeeper.customer(there)
    assert (found["name"], found["phone"]) == ("Cedar Veterinary", "2079460000")
    assert (the_one(live_office).status, live_office.dot(client)) == ("open", "green")


def test_a_write_of_one_date_leaves_the_other_as_the_bookkeeper_set_it(live_office: Office, client: str) -> None:
    invoice = live_office.add_invoice(client, issue_date="2026-11-20", due_date="2026-12-20")
    let_time_pass(live_office)
    govern_by(live_office, "ask")
    edit_invoice_there(live_office, live_office.remote_id(invoice, EntityKind.INVOICE), due_date="2026-12-31")
    live_office.sync()
    assert the_one(live_office).theirs == "2026-12-31"
    live_office.edit_invoice(invoice, issue_date="2026-11-21")
    live_office.sync()
    theirs = shown(live_office, invoice)
    assert (theirs["issue_date"], theirs["due_date"]) == ("2026-11-21", "2026-12-31")
    assert live_office.dot(invoice, EntityKind.INVOICE) == "green"


def shown(office: Office, invoice: str) -> Mapping[str, Any]:
    """Return an invoice as the package shows it."""
    remote_id = office.remote_id(invoice, EntityKind.INVOICE)
    books = next(iter(office.package.sandbox.dump().values()))
    if office.package.sandbox.name == "xero":
        found = books["invoices"][remote_id]
        return {"issue_date": found["DateString"][:10], "due_date": found["DueDateString"][:10]}
    found = next(row for row in books["Invoice"] if row["Id"] == remote_id)
    return {"issue_date": found["TxnDate"], "due_date": found["DueDate"]}


@pytest.mark.parametrize("rule", ["put_back", "ask"])
def test_a_person_accepts_and_theirs_becomes_ours(
    live_office: Office, bookkeeper: Bookkeeper, client: str, rule: str
) -> None:
    govern_by(live_office, rule)
    bookkeeper.edit(live_office.remote_id(client), name="Cedar Veterinary")
    live_office.sync("reconcile")
    decide(live_office, "accept")
    decide(live_office, "accept")
    assert (the_one(live_office).status, live_office.dot(client)) == ("open", "orange")
    written = live_office.writes()
    run = live_office.sync()
    assert live_office.ours(CustomerRow, client).name == "Cedar Veterinary"
    row = the_one(live_office)
    assert (row.status, row.kept, row.closed_by, row.closed_run_id) == ("accepted", False, "user:ann", run.id)
    written += live_office.package.sandbox.name == "quickbooks"  # the company's name there is made of the same one
    assert (live_office.dot(client), live_office.writes()) == ("green", written)
    assert [event.actor for event in live_office.events("accepted a change there", client)] == ["user:ann"]
    decide(live_office, "accept")
    with pytest.raises(drift.AlreadySettled):
        decide(live_office, "put_back")
    live_office.sync("reconcile", full=True)
    assert (live_office.dot(client), live_office.writes(), len(listed(live_office))) == ("green", written, 1)


@AT_ONE
def test_a_person_has_it_put_back(live_office: Office, bookkeeper: Bookkeeper, client: str) -> None:
    govern_by(live_office, "ask")
    there = live_office.remote_id(client)
    bookkeeper.edit(there, name="Cedar Veterinary")
    live_office.sync()
    decide(live_office, "put_back")
    live_office.sync()
    assert bookkeeper.customer(there)["name"] == "Cedar Vets"
    row = the_one(live_office)
    assert (row.status, row.closed_by) == ("put_back", "user:ann")
    assert live_office.events("sent", client)[-1].why == "a person chose ours"


@AT_ONE
def test_a_decision_is_about_the_value_that_was_seen(live_office: Office, bookkeeper: Bookkeeper, client: str) -> None:
    govern_by(live_office, "ask")
    there = live_office.remote_id(client)
    bookkeeper.edit(there, name="Cedar Veterinary")
    live_office.sync()
    decide(live_office, "put_back")
    bookkeeper.edit(there, name="Cedar Animal Clinic")
    live_office.sync()
    assert bookkeeper.customer(there)["name"] == "Cedar Animal Clinic"
    row = the_one(live_office)
    assert (row.status, row.decision, row.theirs) == ("open", None, "Cedar Animal Clinic")


def test_what_cannot_be_taken_over_is_accepted_as_it_stands_and_stays_quiet(live_office: Office, client: str) -> None:
    invoice = live_office.add_invoice(client, issue_date="2026-11-20", due_date="2026-12-20")
    let_time_pass(live_office)
    govern_by(live_office, "accept")
    remote_id = live_office.remote_id(invoice, EntityKind.INVOICE)
    edit_line_there(live_office, remote_id)
    written = live_office.writes()
    live_office.sync()
    row = the_one(live_office)
    assert (row.field, row.status, row.kept) == ("lines", "accepted", True)
    for kind in ("sync", "reconcile"):
        live_office.sync(kind, full=True)
    assert (live_office.dot(invoice, EntityKind.INVOICE), live_office.writes()) == ("green", written)
    assert row.ours == value_to_json(live_office.baseline(invoice, EntityKind.INVOICE).get("lines")) or row.theirs
    line = {"description": "Labour, twice", "quantity": "2", "unit_price": "150"}
    live_office.edit_invoice(invoice, lines=[line])  # our own later edit of what we own is sent
    live_office.sync()
    assert live_office.writes() == written + 1
    assert len(listed(live_office)) == 1


def test_a_name_that_a_job_cannot_take_over_is_accepted_as_it_stands(
    live_office: Office, bookkeeper: Bookkeeper, client: str
) -> None:
    job = live_office.add_customer(name="Roof", parent_id=client)
    let_time_pass(live_office)
    govern_by(live_office, "accept")
    bookkeeper.edit(live_office.remote_id(job), name="Roofing of 2026")
    live_office.sync()
    row = the_one(live_office)
    assert (row.field, row.status, row.kept) == ("name", "accepted", True)
    assert not live_office.problems()
    live_office.sync("reconcile", full=True)
    assert bookkeeper.customer(live_office.remote_id(job))["name"] == "Roofing of 2026"
    assert live_office.dot(job) == "green"


def edit_line_there(office: Office, remote_id: str) -> None:
    """Change what a line of an invoice says, on the package's own pages."""
    books = next(iter(office.package.sandbox.dump().values()))
    if office.package.sandbox.name == "xero":
        (line,) = books["invoices"][remote_id]["LineItems"]
        kept = {name: line[name] for name in ("LineItemID", "AccountCode", "TaxType")}
        changed = {**kept, "Description": "Work done", "Quantity": "2", "UnitAmount": "150"}
        office.act("edit_invoice", invoice=remote_id, fields={"LineItems": [changed]})
    else:
        found = next(row for row in books["Invoice"] if row["Id"] == remote_id)
        lines = [line for line in found["Line"] if line["DetailType"] == "SalesItemLineDetail"]
        reworded = [{**line, "Description": "Work done"} for line in lines]
        office.act("edit", kind="Invoice", id=remote_id, fields={"Line": reworded})


def test_accepting_by_rule_takes_a_date_of_an_invoice_over(live_office: Office, client: str) -> None:
    invoice = live_office.add_invoice(client, issue_date="2026-11-20", due_date="2026-12-20")
    let_time_pass(live_office)
    govern_by(live_office, "accept")
    edit_invoice_there(live_office, live_office.remote_id(invoice, EntityKind.INVOICE), due_date="2026-12-31")
    live_office.sync()
    assert live_office.ours(InvoiceRow, invoice).due_date.isoformat() == "2026-12-31"
    assert (the_one(live_office).status, the_one(live_office).kept) == ("accepted", False)
    assert live_office.dot(invoice, EntityKind.INVOICE) == "green"


@AT_ONE
def test_where_both_were_changed_accepting_by_rule_waits_for_a_person(
    live_office: Office, bookkeeper: Bookkeeper, client: str
) -> None:
    govern_by(live_office, "accept")
    there = live_office.remote_id(client)
    bookkeeper.edit(there, name="Cedar Veterinary")
    live_office.edit_customer(client, name="Cedar Animals")
    live_office.sync()
    assert bookkeeper.customer(there)["name"] == "Cedar Veterinary"
    assert live_office.ours(CustomerRow, client).name == "Cedar Animals"
    assert the_one(live_office).status == "open"


@AT_ONE
def test_what_they_change_back_themselves_lapses(live_office: Office, bookkeeper: Bookkeeper, client: str) -> None:
    govern_by(live_office, "ask")
    there = live_office.remote_id(client)
    bookkeeper.edit(there, name="Cedar Veterinary")
    live_office.sync()
    bookkeeper.edit(there, name="Cedar Vets")
    run = live_office.sync()
    assert (the_one(live_office).status, run.counts["drift"]) == ("lapsed", 0)
    bookkeeper.edit(there, name="Cedar Veterinary")
    live_office.sync()
    assert [row.status for row in listed(live_office)] == ["lapsed", "open"]


@AT_ONE
def test_what_drifted_on_a_link_that_ends_lapses(live_office: Office, bookkeeper: Bookkeeper, client: str) -> None:
    govern_by(live_office, "ask")
    there = live_office.remote_id(client)
    bookkeeper.edit(there, name="Cedar Veterinary")
    live_office.sync()
    bookkeeper.archive(there)
    live_office.sync()
    live_office.answer(OptionId.UNLINK)
    run = live_office.sync()
    assert (the_one(live_office).status, run.counts["drift"]) == ("lapsed", 0)


@AT_ONE
def test_a_change_of_the_rule_reaches_what_waits(live_office: Office, bookkeeper: Bookkeeper, client: str) -> None:
    govern_by(live_office, "ask")
    there = live_office.remote_id(client)
    bookkeeper.edit(there, name="Cedar Veterinary")
    live_office.sync()
    govern_by(live_office, "put_back")
    live_office.sync()
    assert (bookkeeper.customer(there)["name"], the_one(live_office).status) == ("Cedar Vets", "put_back")
