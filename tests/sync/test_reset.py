"""Resets: a record is sent as a new one, and what becomes of the former counterpart and of what hangs on it."""

from __future__ import annotations

from typing import Any

import pytest

from service.core.ports import EntityKind, Ref
from service.store.queries import links as link_queries
from service.store.queries import resets as reset_queries
from service.store.reset_models import ResetItemRow, ResetRow
from service.store.sync_models import LinkRow, RunRow
from service.sync import reset, reset_plan, sending
from service.sync import run as running
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

CHOICES = ("leave", "rename", "archive")


def link_id(office: Office, record_id: str, kind: EntityKind = EntityKind.CUSTOMER) -> str:
    found = office.link(record_id, kind)
    assert found is not None
    return found.id


def planned(office: Office, record_id: str, choice: str = "rename", **wish: Any) -> dict[str, Any]:
    """Return the dry run of a reset as the API shows it."""
    found = reset.plan_reset(
        office.platform,
        organisation_id=office.organisation_id,
        link_id=link_id(office, record_id),
        old_counterpart=choice,
        **wish,
    )
    return reset_plan.to_json(found)


def asked(office: Office, record_id: str, choice: str = "rename", **wish: Any) -> reset.AskedReset:
    return reset.reset_link(
        office.platform,
        organisation_id=office.organisation_id,
        link_id=link_id(office, record_id),
        old_counterpart=choice,
        actor="user:sue",
        **wish,
    )


def done(office: Office, record_id: str, choice: str = "rename", **wish: Any) -> RunRow:
    """Reset a record and do the run; return it as it ended."""
    run_id = asked(office, record_id, choice, **wish).run_id
    running.perform(office.platform, office.connection_id)
    return office.run(run_id)


def undone(office: Office, record_id: str, choice: str | None = None) -> RunRow:
    run_id = reset.undo_reset(
        office.platform,
        organisation_id=office.organisation_id,
        link_id=link_id(office, record_id),
        new_counterpart=choice,
        actor="user:sue",
    ).run_id
    running.perform(office.platform, office.connection_id)
    return office.run(run_id)


def lives(office: Office, record_id: str) -> list[LinkRow]:
    """Return every life of a customer's link, newest first."""
    with office.platform.database.read() as session:
        link = link_queries.get(session, office.organisation_id, link_id(office, record_id))
        found = list(link_queries.generations(session, link))
        session.expunge_all()
        return found


def last_reset(office: Office, record_id: str) -> tuple[ResetRow, ResetItemRow]:
    with office.platform.database.read() as session:
        found = reset_queries.of_link(session, link_id(office, record_id))[0]
        session.expunge_all()
        return found


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


@pytest.mark.parametrize("choice", CHOICES)
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


@pytest.mark.parametrize("choice", CHOICES)
def test_an_undo_ties_the_former_counterpart_again_and_archives_the_one_that_the_reset_made(
    live_office: Office, bookkeeper: Bookkeeper, choice: str
) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    former = live_office.remote_id(client)
    done(live_office, client, choice)
    made = live_office.remote_id(client)
    if (
        choice == "archive"
        and not live_office.platform.provider(live_office.package.sandbox.name).capabilities.restores_customers
    ):
        with pytest.raises(reset.ResetRefused, match="only a person can restore it"):
            undone(live_office, client)
        bookkeeper.restore(former)
        live_office.sync()
    run = undone(live_office, client)
    assert (run.state, run.counts.get("created", 0)) == ("succeeded", 0), run.counts
    assert live_office.remote_id(client) == former
    assert live_office.dot(client) == "green"
    assert bookkeeper.customer(former)["name"] == "Cedar Vets"
    assert bookkeeper.customer(former)["active"]
    assert not bookkeeper.customer(made)["active"]
    assert [life.generation for life in lives(live_office, client)] == [3, 2, 1]
    with pytest.raises(reset.ResetRefused, match="undone already"):
        undone(live_office, client)
    written = live_office.writes()
    live_office.sync()
    assert live_office.writes() == written


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


def undone_or_refused(office: Office, bookkeeper: Bookkeeper, record_id: str, formers: dict[str, str]) -> RunRow:
    """Undo a reset; where only a person can make the former ones active, that is done first."""
    capabilities = office.platform.provider(office.package.sandbox.name).capabilities
    if not capabilities.restores_customers:
        for remote_id in formers.values():
            bookkeeper.restore(remote_id)
        office.sync()
    return undone(office, record_id)


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


def test_documents_sent_to_the_new_record_go_back_with_an_undo_unless_they_are_paid(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    former = live_office.remote_id(client)
    done(live_office, client)
    made = live_office.remote_id(client)
    moves, stays = live_office.add_invoice(client, number="INV-1"), live_office.add_invoice(client, number="INV-2")
    live_office.pay(stays, "300")
    live_office.settled()
    assert undone(live_office, client).state == "succeeded"
    assert live_office.remote_id(client) == former
    assert bookkeeper.customer_of(live_office.remote_id(moves, EntityKind.INVOICE)) == former
    assert bookkeeper.customer_of(live_office.remote_id(stays, EntityKind.INVOICE)) == made
    assert bookkeeper.customer(made)["active"]
    _, item = last_reset(live_office, client)
    assert item.outcome == "'Cedar Vets (former)' stays active, because INV-2 and others still belong to it." or (
        "INV-2" in str(item.outcome)
    )


def test_an_undo_says_why_it_is_not_possible_any_more(live_office: Office, bookkeeper: Bookkeeper) -> None:
    def reset_client(name: str) -> tuple[str, str]:
        client = live_office.add_customer(name=name)
        live_office.sync()
        former = live_office.remote_id(client)
        done(live_office, client)
        return client, former

    gone, former = reset_client("Gone Ltd")
    bookkeeper.vanish(former)
    live_office.sync("reconcile", full=True)
    with pytest.raises(reset.ResetRefused, match=r"is gone in .*can't be tied again"):
        undone(live_office, gone)
    merged, former = reset_client("Merged Ltd")
    bookkeeper.merge(former, live_office.remote_id(merged))
    live_office.sync()
    with pytest.raises(reset.ResetRefused, match="can't be tied again"):
        undone(live_office, merged)
    again, _ = reset_client("Again Ltd")
    done(live_office, again)
    undone(live_office, again)
    with pytest.raises(reset.ResetRefused, match="undone already"):
        undone(live_office, again)
    never = live_office.add_customer(name="Never Ltd")
    live_office.sync()
    with pytest.raises(reset.ResetRefused, match="nothing to undo"):
        undone(live_office, never)


def test_a_former_counterpart_that_is_tied_to_another_record_is_named(live_office: Office) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    former = live_office.remote_id(client)
    done(live_office, client)
    other = live_office.add_customer(name="Cedar Vets North")
    live_office.sync()
    taker = link_id(live_office, other)
    with live_office.platform.database.write() as session:
        session.get_one(LinkRow, taker).remote_id = former
    with pytest.raises(reset.ResetRefused, match="is tied to 'Cedar Vets North' now"):
        undone(live_office, client)


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
    with live_office.during_the_next_write(lambda: bookkeeper.add_vendor("Cedar Vets (former)") and None):
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
    with live_office.during_the_next_write(lambda: asked(live_office, client) and None):
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
