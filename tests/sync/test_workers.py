"""More than one worker, more than one wish: one writes, and nothing that was asked for is forgotten."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from service.store.queries import connections as queries
from service.sync import run as running
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office


def test_of_workers_that_start_at_once_one_does_the_run(live_office: Office, bookkeeper: Bookkeeper) -> None:
    for number in range(3):
        live_office.add_customer(name=f"Client {number}")
    asked = live_office.ask()
    gate = Barrier(4)

    def work() -> str | None:
        gate.wait()
        return running.perform(live_office.platform, live_office.connection_id)

    with ThreadPoolExecutor(4) as workers:
        done = [future.result() for future in [workers.submit(work) for _ in range(4)]]
    assert sorted(map(str, done)) == sorted([asked, "None", "None", "None"])
    assert live_office.run(asked).state == "succeeded"
    assert live_office.writes() == 1
    assert [len(bookkeeper.named(f"Client {number}")) for number in range(3)] == [1, 1, 1]


def test_a_worker_that_comes_in_the_middle_of_a_run_goes_away(live_office: Office) -> None:
    live_office.add_customer(name="Cedar Vets")
    found: list[str | None] = []
    with live_office.during_the_next_write(
        lambda: found.append(running.perform(live_office.platform, live_office.connection_id))
    ):
        run = live_office.sync()
    assert (found, run.state, live_office.writes()) == ([None], "succeeded", 1)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_what_is_asked_for_during_a_run_is_done_after_it(
    live_office: Office, bookkeeper: Bookkeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    asked: list[str] = []

    def edit_and_ask() -> None:
        live_office.edit_customer(client, phone="+1 415 555 0199")
        asked.append(live_office.ask())

    monkeypatch.setattr(running, "_PASSES", 1)
    with live_office.during_the_next_write(edit_and_ask):
        run = live_office.sync()
    assert asked == [run.id]
    assert live_office.dot(client) == "orange"
    with live_office.platform.database.read() as session:
        assert list(queries.queued_runs(session)) == [live_office.connection_id]
    following = running.perform(live_office.platform, live_office.connection_id)
    assert following is not None
    assert live_office.run(following).state == "succeeded"
    assert live_office.dot(client) == "green"
    assert bookkeeper.customer(live_office.remote_id(client))["phone"] == "4155550199"


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_worker_whose_lease_was_taken_writes_nothing_more(live_office: Office, bookkeeper: Bookkeeper) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    live_office.add_invoice(client)

    def fall_asleep() -> None:
        """Sleep through the lease while another worker takes over and does everything."""
        live_office.platform.pause(600)
        assert running.perform(live_office.platform, live_office.connection_id) is not None

    with live_office.during_the_next_write(fall_asleep):
        live_office.ask()
        running.perform(live_office.platform, live_office.connection_id)
    live_office.settled()
    assert len(bookkeeper.named("Cedar Vets")) == 1
    assert live_office.counts()["green"] == 2
    assert all(link.remote_id and not link.intent_open for link in live_office.links())
