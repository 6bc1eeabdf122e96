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
