"""What a person waits for overtakes bulk work: sent between two batches, ahead of everything, and only once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from service.core.ports import EntityKind, Ref
from service.store.queries import urgents
from service.store.sync_models import ConnectionRow
from service.sync import run as running
from service.sync import sending
from service.sync.pacing import Call, DayOver
from service.sync.run import Asked
from tests.sync.office import Office, connection_of
from tests.sync.resetting import asked as reset_of
from tests.sync.test_pacing import entered, limited, pacer
from tests.sync.test_saved_plans import applied, planned

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

BULK = 130


def send_now(office: Office, record_id: str, kind: EntityKind = EntityKind.CUSTOMER) -> Asked:
    """Ask for one record, as a person does on its page."""
    ref = Ref(kind=kind, id=record_id)
    (asked,) = sending.send_now(
        office.platform, organisation_id=office.organisation_id, ref=ref, connection_id=None, actor="user:ann"
    )
    return asked


def is_served(office: Office, asked: Asked) -> bool:
    """Tell whether what was asked for is done."""
    with office.platform.database.read() as session:
        return urgents.are_served(session, asked.urgent)


@contextmanager
def noting_writes(office: Office) -> Iterator[list[tuple[datetime, str]]]:
    """Note when which bodies of writes arrive."""
    package, seen = office.package.sandbox, list[tuple[datetime, str]]()
    judge = package.is_write

    def note(request: object) -> bool:
        found = judge(request)  # type: ignore[arg-type]  # a request, whatever serves it
        if found:
            seen.append((package.clock(), request.get_data().decode()))  # type: ignore[attr-defined]
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(package, "is_write", note)
        yield seen


def test_a_record_is_sent_between_two_batches_of_a_long_sync_and_once(live_office: Office) -> None:
    for number in range(BULK):
        live_office.add_customer(name=f"Bulk {number:04}")
    asked: list[Asked] = []
    chosen: list[str] = []

    def ask() -> None:
        client = live_office.add_customer(name="Cedar Vets")
        chosen[:] = [client, live_office.add_customer(name="Roof", parent_id=client)]
        asked.append(send_now(live_office, chosen[1]))
        assert not is_served(live_office, asked[0])

    with noting_writes(live_office) as writes, live_office.during_the_next_write(ask):
        run = live_office.sync()
    assert (run.state, asked[0].run_id) == ("succeeded", run.id)
    assert is_served(live_office, asked[0])
    bodies = [body for _, body in writes]
    mine = [place for place, body in enumerate(bodies) if "Cedar Vets" in body or '"Roof"' in body]
    assert mine == [1, 2] if len(mine) == 2 else mine == [1]
    assert [live_office.dot(record) for record in chosen] == ["green", "green"]
    assert live_office.counts()["green"] == BULK + 2
    sent = live_office.events("sent as new")
    assert len(sent) == len({event.record_id for event in sent}) == BULK + 2


def test_a_record_overtakes_a_plan_that_is_being_applied_and_the_plan_stays_as_it_is(live_office: Office) -> None:
    for number in range(BULK):
        live_office.add_customer(name=f"Bulk {number:04}")
    plan_id = planned(live_office)
    later = live_office.add_customer(name="Maple Dental")
    asked: list[tuple[str, Asked]] = []

    def ask() -> None:
        client = live_office.add_customer(name="Cedar Vets")
        asked.append((client, send_now(live_office, client)))

    with noting_writes(live_office) as writes, live_office.during_the_next_write(ask):
        run = applied(live_office, plan_id)
    assert (run.state, is_served(live_office, asked[0][1]), asked[0][1].waits) == ("succeeded", True, None)
    assert ["Cedar Vets" in body for _, body in writes][:3] == [False, True, False]
    assert (live_office.dot(asked[0][0]), live_office.dot(later)) == ("green", "none")
    assert live_office.counts()["green"] == BULK + 1


@pytest.mark.parametrize("kind", ["reset", "reconcile"])
def test_a_record_waits_for_what_nothing_overtakes_and_the_answer_says_so(live_office: Office, kind: str) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    if kind == "reset":
        reset_of(live_office, client)
    else:
        live_office.ask("reconcile", full=True)
    other = live_office.add_customer(name="Maple Dental")
    asked = send_now(live_office, other)
    assert "right after it" in (asked.waits or "")
    running.perform(live_office.platform, live_office.connection_id)
    assert not is_served(live_office, asked)
    running.perform(live_office.platform, live_office.connection_id)
    assert (is_served(live_office, asked), live_office.dot(other)) == (True, "green")


def test_a_record_that_was_decided_before_is_not_sent_twice(live_office: Office) -> None:
    clients = [live_office.add_customer(name=f"Client {number:04}") for number in range(BULK)]
    live_office.settled()
    for client in clients:
        live_office.edit_customer(client, phone="+1 510 555 0101")
    with live_office.platform.database.write() as session:
        row = session.get_one(ConnectionRow, live_office.connection_id)
        row.settings = {**row.settings, "brake_percent": 100}
    with (
        noting_writes(live_office) as writes,
        live_office.during_the_next_write(lambda: send_now(live_office, clients[-1])),
    ):
        assert live_office.sync().state == "succeeded"
    theirs = live_office.remote_id(clients[-1])
    assert [place for place, (_, body) in enumerate(writes) if f'"{theirs}"' in body] == [1]
    assert live_office.counts()["green"] == BULK


def test_who_waits_for_one_record_does_not_wait_for_the_minute_of_bulk_work(live_office: Office) -> None:
    live_office.package.sandbox.clock.freeze()  # only waiting takes time
    live_office.platform.pause(60)  # whoever connected is forgotten
    office = limited(live_office, per_minute=40, per_day=5000)
    platform = office.platform
    for number in range(BULK):
        office.add_customer(name=f"Bulk {number:04}")
    client = office.add_customer(name="Cedar Vets")
    asked: list[tuple[datetime, int, Asked]] = []
    done: list[tuple[datetime, int]] = []
    before = office.writes()

    def pause(self: object, seconds: float) -> bool:
        del self
        now, writes = platform.clock(), office.writes()
        if not asked and writes > before:
            asked.append((now, writes, send_now(office, client)))
        elif asked and not done and is_served(office, asked[0][2]):
            done.append((now, writes))
        platform.clock.advance(seconds)  # type: ignore[attr-defined]  # the sandbox's clock
        return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(platform), "pause", pause)
        for _ in range(34):
            entered(office, pacer(office), platform.clock(), Call())
        run = office.sync()
    assert run.state == "succeeded"
    assert done, "nobody waited for the package's limit"
    assert done[0][0] - asked[0][0] <= timedelta(seconds=4)
    assert done[0][1] - asked[0][1] == 1


def test_a_day_that_is_over_for_bulk_work_has_calls_left_for_a_person(live_office: Office) -> None:
    office = limited(live_office, per_day=1000)
    client = office.add_customer(name="Cedar Vets")
    with pytest.raises(DayOver):
        _use_up(office)
    assert office.sync().problem is not None
    assert connection_of(office).wait_until is not None
    asked = send_now(office, client)
    running.perform(office.platform, office.connection_id)
    assert is_served(office, asked)
    assert (office.dot(client), office.run(asked.run_id).state) == ("green", "succeeded")


def _use_up(office: Office) -> None:
    """Make calls until bulk work has used up its part of the day."""
    while True:
        entered(office, pacer(office), office.platform.clock(), Call())
        office.platform.pause(1)


def test_an_invoice_takes_along_what_it_names(live_office: Office) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    invoice = live_office.add_invoice(client)
    other = live_office.add_customer(name="Oak Dental")
    live_office.add_invoice(other)
    asked = send_now(live_office, invoice, EntityKind.INVOICE)
    with noting_writes(live_office) as writes:
        running.perform(live_office.platform, live_office.connection_id)
    assert is_served(live_office, asked)
    assert live_office.dot(invoice, EntityKind.INVOICE) == "green"
    assert [("Cedar" in body, "Oak" in body) for _, body in writes[:2]] == [(True, False), (False, False)]
    assert live_office.counts()["green"] == 4
