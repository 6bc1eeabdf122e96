"""The contract of a connector: what the sync relies on, whoever is at the other end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest

from service.core.errors import AuthorizationLost, DuplicateName, OutcomeUnknown, RateLimited, StaleVersion
from service.core.intent import Operation
from service.core.ports import Cursor, EntityKind, Family, Request
from service.core.snapshot import differences
from tests.contract.bench import Bench, customer, customers_of, later, send, written

_FULL: Mapping[str, Any] = {"email": "office@acme.example", "phone": "+442079460000"}


def test_every_kind_that_it_can_hold_has_a_family_and_a_mapper(bench: Bench) -> None:
    can = bench.provider.capabilities
    assert can.kinds == can.family_of.keys() == bench.provider.mappers.keys()
    assert can.names_unique_over <= set(Family)
    assert all(bench.provider.mappers[kind].kind is kind for kind in can.kinds)
    assert bench.connector().capabilities == can


def test_it_names_the_company_that_it_is_connected_to(bench: Bench) -> None:
    company = bench.connector().reference().company
    assert company.tenant_id
    assert company.name
    assert company.base_currency in company.currencies


def test_what_is_created_is_answered_whole_and_reads_back_as_meant(bench: Bench) -> None:
    acme = customer("Acme", **_FULL)
    (outcome,) = send(bench.connector(), [bench.element(acme)]).outcomes
    made = written(outcome)
    assert made.remote_id
    assert made.version
    assert (made.family, made.name, made.active, made.deleted) == (Family.CUSTOMER, "Acme", True, False)
    assert differences(ours=bench.project(acme), theirs=bench.read(made)) == ()
    fetched = bench.connector().fetch(Family.CUSTOMER, made.remote_id)
    assert fetched is not None
    assert (fetched.version, bench.read(fetched)) == (made.version, bench.read(made))


def test_what_does_not_exist_is_fetched_as_nothing(bench: Bench) -> None:
    made = written(send(bench.connector(), [bench.element(customer("Acme"))]).outcomes[0])
    other = made.remote_id[:-1] + ("1" if made.remote_id[-1] != "1" else "2")
    assert bench.connector().fetch(Family.CUSTOMER, other) is None


def test_a_batch_has_an_outcome_for_each_element_in_their_order_and_one_bad_one_fails_alone(bench: Bench) -> None:
    connector = bench.connector()
    send(connector, [bench.element(customer("Taken"))])
    names = ["Elm", "Taken", "Oak"]
    elements = [bench.element(customer(name, number)) for number, name in enumerate(names, start=2)]
    assert len({connector.lane(one) for one in elements}) == 1
    assert connector.lane(elements[0]).size >= len(elements)
    outcomes = send(connector, elements, "key-2").outcomes
    assert [written(outcomes[0]).name, written(outcomes[2]).name] == ["Elm", "Oak"]
    assert isinstance(outcomes[1], DuplicateName)
    assert sorted(one.name or "" for one in customers_of(connector)) == ["Elm", "Oak", "Taken"]


def test_an_update_changes_what_it_names_and_gives_a_new_version(bench: Bench) -> None:
    connector, acme = bench.connector(), customer("Acme", **_FULL)
    made = written(send(connector, [bench.element(acme)]).outcomes[0])
    later(bench)
    moved = customer("Acme", email="billing@acme.example", phone=_FULL["phone"])
    change = bench.element(moved, Operation.UPDATE, theirs=made, changed=frozenset({"email"}))
    now = written(send(connector, [change], "key-2").outcomes[0])
    assert (now.remote_id, now.email) == (made.remote_id, "billing@acme.example")
    assert now.version != made.version
    assert differences(ours=bench.project(moved), theirs=bench.read(now)) == ()


def test_a_version_that_somebody_replaced_is_refused_or_their_fields_survive(bench: Bench) -> None:
    """A package without versions may take the write; what the write does not name must stay theirs all the same."""
    connector = bench.connector()
    made = written(send(connector, [bench.element(customer("Acme", **_FULL))]).outcomes[0])
    later(bench)
    bench.somebody.edit(made.remote_id, phone="020 7946 0999")
    moved = customer("Acme", email="billing@acme.example", phone=_FULL["phone"])
    change = bench.element(moved, Operation.UPDATE, theirs=made, changed=frozenset({"email"}))
    (outcome,) = send(connector, [change], "key-2").outcomes
    there = bench.somebody.customer(made.remote_id)
    assert there["phone"].endswith("79460999")
    if isinstance(outcome, StaleVersion):
        assert there["email"] == _FULL["email"]
    else:
        assert written(outcome).email == "billing@acme.example"


def test_it_archives_and_restores_where_it_says_it_can(bench: Bench) -> None:
    connector, acme = bench.connector(), customer("Acme")
    made = written(send(connector, [bench.element(acme)]).outcomes[0])
    gone = written(send(connector, [bench.element(acme, Operation.ARCHIVE, theirs=made)], "key-2").outcomes[0])
    assert not gone.active
    assert [one.active for one in customers_of(connector) if one.remote_id == made.remote_id] == [False]
    if bench.provider.capabilities.restores_customers:
        back = written(send(connector, [bench.element(acme, Operation.RESTORE, theirs=gone)], "key-3").outcomes[0])
        assert (back.active, back.remote_id, back.name) == (True, made.remote_id, "Acme")


def test_a_lost_answer_is_doubt_and_the_record_can_be_told_by_what_identifies_it(bench: Bench) -> None:
    connector, acme = bench.connector(), customer("Acme", **_FULL)
    bench.trouble.lose_answer()
    with pytest.raises(OutcomeUnknown):
        send(connector, [bench.element(acme)])
    identity = bench.provider.mappers[EntityKind.CUSTOMER].identity
    meant = bench.project(acme)
    found = [one for one in customers_of(connector) if all(bench.read(one).get(n) == meant.get(n) for n in identity)]
    assert len(found) == 1


def test_a_lost_request_is_doubt_as_well_and_nothing_is_there(bench: Bench) -> None:
    bench.trouble.lose_request()
    with pytest.raises(OutcomeUnknown):
        send(bench.connector(), [bench.element(customer("Acme"))])
    assert customers_of(bench.connector()) == []


def test_within_its_window_the_same_request_writes_once(bench: Bench) -> None:
    connector = bench.connector()
    window = bench.provider.capabilities.key_window
    assert window is None or window >= timedelta(minutes=1)
    request = connector.pack([bench.element(customer("Acme")), bench.element(customer("Elm", 2))], key="key-1")
    bench.trouble.lose_answer()
    with pytest.raises(OutcomeUnknown):
        connector.send(request, count=2)
    again = connector.send(request, count=2)
    assert [written(one).name for one in again.outcomes] == ["Acme", "Elm"]
    assert len(customers_of(connector)) == 2


def test_a_request_is_stored_and_sent_again_byte_for_byte_and_holds_no_permission(bench: Bench) -> None:
    request = bench.connector().pack([bench.element(customer("Acme", **_FULL))], key="key-1")
    stored = json.loads(json.dumps(asdict(request)))
    stored["query"] = tuple(map(tuple, stored["query"]))
    assert Request(**stored) == request
    assert "earer" not in json.dumps(stored)
    assert request == bench.connector().pack([bench.element(customer("Acme", **_FULL))], key="key-1")


def test_a_limit_is_told_with_its_wait_and_nothing_was_written(bench: Bench) -> None:
    bench.trouble.be_busy()
    with pytest.raises(RateLimited) as told:
        send(bench.connector(), [bench.element(customer("Acme"))])
    assert told.value.retry_after == timedelta(seconds=30)
    assert customers_of(bench.connector()) == []


def test_a_permission_that_was_taken_away_breaks_the_connection_and_not_the_record(bench: Bench) -> None:
    connector = bench.connector()
    bench.trouble.lock_out()
    with pytest.raises(AuthorizationLost):
        customers_of(connector)


def test_the_feed_tells_what_was_changed_since_by_anybody_and_what_was_archived(bench: Bench) -> None:
    connector, acme, elm = bench.connector(), customer("Acme", **_FULL), customer("Elm", 2)
    first = [written(one) for one in send(connector, [bench.element(acme), bench.element(elm)]).outcomes]
    later(bench, 10)
    *_, last = connector.everything(frozenset({Family.CUSTOMER}))
    later(bench, 10)
    by_hand = bench.somebody.add_customer("By Hand")
    send(connector, [bench.element(elm, Operation.ARCHIVE, theirs=first[1])], "key-2")
    pages = list(connector.changes(last.cursor))
    told = {one.remote_id: one.active for page in pages for one in page.records if one.family is Family.CUSTOMER}
    assert told.get(by_hand) is True
    assert told.get(first[1].remote_id) is False
    assert first[0].remote_id not in told
    later(bench, 10)
    quiet = [one for page in connector.changes(pages[-1].cursor) for one in page.records]
    assert first[0].remote_id not in {one.remote_id for one in quiet}


def test_a_position_in_the_feed_says_how_far_each_family_is_known_without_a_call(bench: Bench) -> None:
    connector = bench.connector()
    before = bench.office.platform.clock()
    *_, last = connector.everything(frozenset({Family.CUSTOMER}))
    calls = connector.calls_made
    reach = connector.reach(Cursor(str(last.cursor)))
    assert connector.calls_made == calls
    assert abs(reach[Family.CUSTOMER] - before) < timedelta(minutes=10)


def test_calls_are_counted_as_they_are_made(bench: Bench) -> None:
    connector = bench.connector()
    assert connector.calls_made == 0
    send(connector, [bench.element(customer("Acme"))])
    once = connector.calls_made
    assert once >= 1
    connector.fetch(Family.CUSTOMER, "0")
    assert connector.calls_made > once
