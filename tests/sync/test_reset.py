"""Resets: a record is sent as a new one, and what becomes of the former counterpart and of what hangs on it."""

from __future__ import annotations

from typing import Any

import pytest

from service.core.ports import EntityKind
from service.store.queries import links as link_queries
from service.store.queries import resets as reset_queries
from service.store.reset_models import ResetItemRow, ResetRow
from service.store.sync_models import LinkRow, RunRow
from service.sync import reset
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
    from service.sync import reset_plan

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
    assert live_office.counts()["orange"] == 0, [
        (one.entity, one.wanted, one.confirmed, one.heard, one.settled, one.intent_open, one.baseline is None)
        for one in live_office.links()
    ]


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
