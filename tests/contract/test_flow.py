"""The whole sync over every connector: what the engine makes of the contract, the same for all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.core.ports import EntityKind
from service.core.problem import OptionId
from tests.contract.bench import Bench, later
from tests.sync.office import connection_of, gone_live


@pytest.fixture
def live(bench: Bench) -> Bench:
    """Give a live company."""
    return replace(bench, office=gone_live(bench.office))


def test_a_first_sync_turns_every_dot_green_and_the_second_has_nothing_to_do(live: Bench) -> None:
    office = live.office
    client = office.add_customer(name="Acme")
    job = office.add_customer(name="Roof", parent_id=client)
    invoice = office.add_invoice(job)
    run = office.sync()
    assert (run.state, run.counts["created"]) == ("succeeded", 3)
    assert office.dot(client) == office.dot(job) == office.dot(invoice, EntityKind.INVOICE) == "green"
    again = office.sync()
    assert (again.state, again.counts.get("created", 0), again.counts.get("updated", 0)) == ("succeeded", 0, 0)
    assert len(live.somebody.named("Acme")) == 1


def test_edits_travel_both_ways_and_archiving_does(live: Bench) -> None:
    office = live.office
    client = office.add_customer(name="Acme", email="old@acme.example")
    office.sync()
    remote_id = office.remote_id(client)
    later(live, 10)
    live.somebody.edit(remote_id, phone="+44 20 7946 0000")
    office.edit_customer(client, email="new@acme.example")
    office.sync()
    assert live.somebody.customer(remote_id)["email"] == "new@acme.example"
    assert live.somebody.customer(remote_id)["phone"].endswith("2079460000")
    assert office.baseline(client).get("phone") == "+442079460000"
    assert office.dot(client) == "green"
    office.archive(client)
    later(live, 10)
    office.sync()
    assert not live.somebody.customer(remote_id)["active"]


@pytest.mark.parametrize("what", ["the answer", "the request"])
def test_whatever_is_lost_exists_once_in_the_end(live: Bench, what: str) -> None:
    office = live.office
    client = office.add_customer(name="Acme")
    if what == "the answer":
        live.trouble.lose_answer()
    else:
        live.trouble.lose_request()
    office.settled()
    assert live.somebody.named("Acme") == [office.remote_id(client)]
    assert office.dot(client) == "green"


def test_a_limit_only_delays(live: Bench) -> None:
    client = live.office.add_customer(name="Acme")
    live.trouble.be_busy()
    live.office.settled()
    assert live.office.dot(client) == "green"
    assert len(live.somebody.named("Acme")) == 1


def test_what_both_sides_changed_is_asked_and_ends_as_answered(live: Bench) -> None:
    office = live.office
    client = office.add_customer(name="Acme", email="old@acme.example")
    office.sync()
    later(live, 10)
    live.somebody.edit(office.remote_id(client), email="theirs@acme.example")
    office.edit_customer(client, email="ours@acme.example")
    office.sync()
    assert office.dot(client) == "red"
    office.answer(OptionId.KEEP_OURS)
    office.sync()
    assert live.somebody.customer(office.remote_id(client))["email"] == "ours@acme.example"
    assert office.dot(client) == "green"


def test_a_name_that_is_taken_there_is_asked_about_and_nothing_is_doubled(live: Bench) -> None:
    office = live.office
    there = live.somebody.add_customer("Acme")
    client = office.add_customer(name="Acme")
    office.sync()
    assert office.dot(client) == "red"
    office.answer(OptionId.LINK_EXISTING, remote_id=there)
    office.sync()
    assert office.remote_id(client) == there
    assert office.dot(client) == "green"
    assert live.somebody.named("Acme") == [there]


def test_a_permission_that_was_taken_away_stops_the_schedule_and_loses_nothing(live: Bench) -> None:
    office = live.office
    client = office.add_customer(name="Acme")
    office.sync()
    before = office.remote_id(client)
    office.edit_customer(client, email="new@acme.example")
    live.trouble.lock_out()
    assert office.sync().state == "failed"
    assert connection_of(office).state == "needs_reauth"
    assert (office.remote_id(client), office.dot(client)) == (before, "orange")
