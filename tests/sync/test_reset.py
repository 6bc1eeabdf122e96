"""Resets: a record is sent as a new one, and what becomes of the former counterpart and of what hangs on it."""

from __future__ import annotations

import pytest

from service.core.ports import EntityKind, Ref
from service.store.records import InvoiceRow
from service.sync import match, reset, sending
from service.sync import run as running
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office
from tests.sync.resetting import CHOICES, asked, done, last_reset, link_id, lives, planned, undone, undone_or_refused

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.mark.parametrize("choice", CHOICES)
def test_a_reset_sends_the_record_as_a_new_one_and_does_with_the_former_as_chosen(
    live_office: Office, bookkeeper: Bookkeeper, choice: str
) -> None:
    client = live_office.add_customer(name="Cedar Vets", phone="+1 415 555 0100")
    live_office.sync()
    former = live_office.remote_id(client)
    run = done(live_office, client, choice)
    assert (run.kind, run.state, run.counts["created"]) == ("reset", "succeeded", 1)
    fresh = live_office.remote_id(client)
    assert fresh != former
    assert live_office.dot(client) == "green"
    there = bookkeeper.customer(former)
    assert there["active"] is (choice != "archive")
    if choice == "leave":
        assert (there["name"], bookkeeper.customer(fresh)["name"]) == ("Cedar Vets", "Cedar Vets (2)")
    else:
        assert there["name"].startswith("Cedar Vets (former)")
        assert bookkeeper.customer(fresh)["name"] == "Cedar Vets"
    written = live_office.writes()
    assert live_office.sync().state == "succeeded"
    assert live_office.writes() == written
    if choice == "leave":  # the number stays, also where the plain name is free again
        bookkeeper.archive(former)
        live_office.edit_customer(client, phone="+1 415 555 0101")
        live_office.settled()
        assert (live_office.dot(client), bookkeeper.customer(fresh)["name"]) == ("green", "Cedar Vets (2)")


@pytest.mark.parametrize("choice", ["leave", "archive"])
def test_what_a_dry_run_shows_is_what_is_then_written(live_office: Office, bookkeeper: Bookkeeper, choice: str) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    job = live_office.add_customer(name="Kennels", parent_id=client)
    open_one = live_office.add_invoice(client, number="INV-1")
    paid_one = live_office.add_invoice(job, number="INV-2")
    live_office.sync()
    payment = live_office.pay(paid_one, "300")
    live_office.sync()
    before = live_office.writes(), bookkeeper.size(), live_office.link(client)
    plan = planned(live_office, client, choice, with_jobs=True)
    assert before == (live_office.writes(), bookkeeper.size(), live_office.link(client)) or before[:2] == (
        live_office.writes(),
        bookkeeper.size(),
    )
    made = {
        change["becomes"]
        for action in plan["actions"]
        if action["action"] == "create"
        for change in action["fields"]
        if change["field"] == "name"
    }
    fates = {one["label"]: one["becomes"] for one in plan["documents"]}
    assert fates["INV-1"] == "moves"
    assert fates["INV-2"] == "stays"
    assert len(fates) == 3, (fates, payment)
    formers = {one: live_office.remote_id(one) for one in (client, job)}
    run = done(live_office, client, choice, with_jobs=True)
    assert run.state == "succeeded", (run.problem, run.counts)
    assert {bookkeeper.customer(live_office.remote_id(one))["name"] for one in (client, job)} == made
    there = bookkeeper.customer_of(live_office.remote_id(open_one, EntityKind.INVOICE))
    assert there == live_office.remote_id(client)
    stays = bookkeeper.customer_of(live_office.remote_id(paid_one, EntityKind.INVOICE))
    assert stays == formers[job]
    assert run.calls == plan["calls"]
    assert live_office.counts()["red"] == 0
    assert live_office.counts()["orange"] == 0


def test_a_client_is_reset_with_its_jobs_three_deep_and_their_sub_contacts(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    client = live_office.add_customer(name="Elm Group")
    house = live_office.add_customer(name="House", parent_id=client)
    roof = live_office.add_customer(name="Roof", parent_id=house)
    live_office.settled()
    formers = {one: live_office.remote_id(one) for one in (client, house, roof)}
    plan = planned(live_office, client, "archive", with_jobs=True)
    archived = [one["label"] for one in plan["actions"] if one["action"] == "archive_former"]
    assert archived == ["Elm Group:House:Roof", "Elm Group:House", "Elm Group"]
    run = done(live_office, client, "archive", with_jobs=True)
    assert (run.state, run.counts["created"], run.calls) == ("succeeded", 3, plan["calls"])
    for one, former in formers.items():
        assert live_office.remote_id(one) != former
        assert not bookkeeper.customer(former)["active"]
        assert live_office.dot(one) == "green"
    written = live_office.writes()
    live_office.sync()
    assert live_office.writes() == written
    undo = undone_or_refused(live_office, bookkeeper, client, formers)
    assert undo.state == "succeeded"
    assert {one: live_office.remote_id(one) for one in formers} == formers


def test_jobs_that_are_not_reset_go_below_the_new_record(live_office: Office, bookkeeper: Bookkeeper) -> None:
    client = live_office.add_customer(name="Elm Group")
    job = live_office.add_customer(name="House", parent_id=client)
    live_office.sync()
    former, below = live_office.remote_id(client), live_office.remote_id(job)
    run = done(live_office, client, "archive")
    assert run.state == "succeeded", run.problem
    assert live_office.remote_id(job) == below
    assert not bookkeeper.customer(former)["active"]
    assert bookkeeper.customer(below)["active"]
    written = live_office.writes()
    live_office.sync()
    assert [live_office.dot(one) for one in (client, job)] == ["green", "green"]
    assert live_office.writes() == written


def test_a_client_of_an_archived_counterpart_is_sent_anew(live_office: Office, bookkeeper: Bookkeeper) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    former = live_office.remote_id(client)
    bookkeeper.archive(former)
    live_office.sync()
    assert live_office.problem().kind == "archived_there"
    plan = planned(live_office, client)
    assert "is archived in" in plan["actions"][0]["message"]
    run = done(live_office, client)
    assert (run.state, live_office.dot(client)) == ("succeeded", "green")
    assert bookkeeper.named("Cedar Vets") == [live_office.remote_id(client)]
    assert not live_office.problems()


def test_an_invoice_that_stays_is_paid_where_it_stays(live_office: Office, bookkeeper: Bookkeeper) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    invoice = live_office.add_invoice(client, number="INV-1")
    live_office.pay(invoice, "100")
    live_office.settled()
    former, there = live_office.remote_id(client), live_office.remote_id(invoice, EntityKind.INVOICE)
    plan = planned(live_office, client, "archive")
    assert [one["becomes"] for one in plan["documents"]] == ["stays", "stays"]
    assert plan["actions"][-1]["message"] == "'Cedar Vets (former)' stays active, because INV-1 still belongs to it."
    assert done(live_office, client, "archive").state == "succeeded"
    assert bookkeeper.customer(former)["active"]
    rest = live_office.pay(invoice, "200")
    live_office.settled()
    assert bookkeeper.customer_of(there) == former
    assert bookkeeper.payments_of(there) == [100, 200]
    assert live_office.dot(rest, EntityKind.PAYMENT) == "green"
    assert live_office.dot(invoice, EntityKind.INVOICE) == "green"
    link = live_office.link(invoice, EntityKind.INVOICE)
    assert link is not None
    assert any("stays with the former record" in loss["reason"] for loss in link.losses)


def test_what_was_paid_there_meanwhile_is_taken_in_by_the_run_of_the_reset(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    invoice = live_office.add_invoice(client, number="INV-1")
    live_office.settled()
    bookkeeper.pay(live_office.remote_id(invoice, EntityKind.INVOICE), "100")
    done(live_office, client, "leave")
    assert live_office.dot(invoice, EntityKind.INVOICE) == "green"
    assert live_office.ours(InvoiceRow, invoice).amount_paid == 100


def test_an_invoice_follows_once_nothing_is_paid_on_it_any_more(live_office: Office, bookkeeper: Bookkeeper) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    invoice = live_office.add_invoice(client, number="INV-1")
    payment = live_office.pay(invoice, "100")
    live_office.settled()
    former, there = live_office.remote_id(client), live_office.remote_id(invoice, EntityKind.INVOICE)
    done(live_office, client)
    assert bookkeeper.customer_of(there) == former
    live_office.take_back(payment)
    live_office.settled()
    live_office.sync()
    assert bookkeeper.customer_of(there) == live_office.remote_id(client)


def test_a_reset_is_refused_while_one_is_under_way_and_for_what_was_never_sent(live_office: Office) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    asked(live_office, client)
    with pytest.raises(reset.ResetRefused, match="A reset of 'Cedar Vets' is under way"):
        asked(live_office, client)
    with pytest.raises(reset.ResetRefused, match="under way"):
        undone(live_office, client)
    running.perform(live_office.platform, live_office.connection_id)
    invoice = live_office.add_invoice(client, number="INV-1")
    live_office.sync()
    with pytest.raises(reset.ResetRefused, match="Void an invoice"):
        reset.reset_link(
            live_office.platform,
            organisation_id=live_office.organisation_id,
            link_id=link_id(live_office, invoice, EntityKind.INVOICE),
            actor="user:sue",
        )


def test_a_counterpart_that_can_not_make_room_leaves_everything_as_it_was(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    former, size = live_office.remote_id(client), bookkeeper.size()
    asked(live_office, client)

    def take_the_name() -> None:
        bookkeeper.add_vendor("Cedar Vets (former)")

    with live_office.during_the_next_write(take_the_name):
        running.perform(live_office.platform, live_office.connection_id)
    row, _ = last_reset(live_office, client)
    assert (row.state, "could not make room, so nothing was reset" in str(row.problem)) == ("refused", True)
    live_office.settled()
    assert (live_office.remote_id(client), live_office.dot(client)) == (former, "green")
    assert bookkeeper.size() == size + 1
    assert [life.generation for life in lives(live_office, client)] == [1]


def test_a_reset_that_is_asked_for_during_a_sync_is_done_right_after_it(live_office: Office) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    former = live_office.remote_id(client)
    live_office.add_customer(name="Maple Dental")
    live_office.ask()

    def ask_for_a_reset() -> None:
        asked(live_office, client)

    with live_office.during_the_next_write(ask_for_a_reset):
        running.perform(live_office.platform, live_office.connection_id)
    assert live_office.remote_id(client) == former
    running.perform(live_office.platform, live_office.connection_id)
    row, _ = last_reset(live_office, client)
    assert (row.state, live_office.run(str(row.run_id)).kind) == ("done", "reset")
    assert live_office.remote_id(client) != former


def test_a_late_answer_of_an_earlier_life_never_touches_the_present_one(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    live_office.ask()

    def begin_anew() -> None:
        where = {"organisation_id": live_office.organisation_id, "actor": "user:sue"}
        reset.unlink(live_office.platform, link_id=link_id(live_office, client), **where)
        ref = Ref(kind=EntityKind.CUSTOMER, id=client)
        sending.send_now(live_office.platform, ref=ref, connection_id=live_office.connection_id, **where)

    with live_office.during_the_next_write(begin_anew):
        running.perform(live_office.platform, live_office.connection_id)
    fresh, old = lives(live_office, client)
    assert (fresh.generation, old.generation) == (2, 1)
    (orphan,) = bookkeeper.named("Cedar Vets")
    assert old.remote_id == orphan
    assert fresh.remote_id != orphan
    assert old.retired_why == "unlinked"


def test_an_unlinked_record_is_taken_up_again_by_a_decision_to_link(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    there = live_office.remote_id(client)
    where = {"organisation_id": live_office.organisation_id, "actor": "user:sue"}
    reset.unlink(live_office.platform, link_id=link_id(live_office, client), **where)
    bookkeeper.edit(there, phone="+1 415 555 0199")
    live_office.sync()
    assert live_office.dot(client) == "none"
    decisions = [(client, there, "link")]
    match.decide(live_office.platform, connection_id=live_office.connection_id, decisions=decisions, **where)
    live_office.sync()
    fresh, old = lives(live_office, client)
    assert (fresh.generation, fresh.remote_id, old.retired_why) == (2, there, "unlinked")
    assert live_office.dot(client) == "green"
