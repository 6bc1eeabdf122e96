"""What a run was going to take is what it took: calls within a twentieth, over runs of many sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from service.core.ports import EntityKind
from service.providers import Provider
from service.store.plan_models import PlanRow
from service.store.sync_models import ConnectionRow, RunRow
from service.sync import outlook, saved
from service.sync.outlook import Outlook
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office, connection_of

RESTS = "more than the day allows, so that it rests in between and goes on by itself"

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


def calls(office: Office) -> int:
    """Return how many calls the package has had from us, sign-in left out."""
    return sum("/v3/company" in seen.path or "/api.xro/" in seen.path for seen in office.package.sandbox.log.seen)


def foreseen(office: Office, *, sends: bool = True, full: bool = False) -> Outlook:
    """Return what the next run is going to take."""
    with office.platform.database.read() as session:
        row = session.get_one(ConnectionRow, office.connection_id)
        return outlook.outlook_of(office.platform, session, row, sends=sends, full=full)


def with_short_pages(office: Office, page_size: int) -> Office:
    """Return the office with a package whose change feed answers with few entities."""
    name = office.package.sandbox.name
    known = office.platform.provider(name)
    smaller = replace(known)
    object.__setattr__(smaller, "__class__", type("ShortPaged", (Provider,), {
        "capabilities": property(lambda self: replace(known.capabilities, page_size=page_size)),
    }))  # fmt: skip
    return replace(office, platform=replace(office.platform, providers={name: smaller}))


def little(office: Office) -> None:
    """Add a client and two jobs."""
    client = office.add_customer(name="Cedar Vets")
    for job in ("Roof", "Barn"):
        office.add_customer(name=job, parent_id=client)


def everything(office: Office) -> None:
    """Add clients, jobs, invoices and payments, some of them to a client that is archived again."""
    for number in range(17):
        client = office.add_customer(name=f"Client {number:03}")
        office.add_customer(name="Job", parent_id=client)
        if number % 2:
            invoice = office.add_invoice(client)
            if number % 4 == 1:
                office.pay(invoice, "300")


def edits(office: Office) -> None:
    """Change some of what was sent, and archive two who owe nothing."""
    clients = [link.record_id for link in office.links() if link.entity == EntityKind.CUSTOMER]
    for client in clients[:3]:
        office.edit_customer(client, phone="+1 510 555 0101")
    gone = [office.add_customer(name=f"Passing {number}") for number in range(2)]
    office.settled()
    for client in gone:
        office.archive(client)


def many(office: Office) -> None:
    """Add more clients than are planned one by one, and an invoice to each third."""
    for number in range(55):
        client = office.add_customer(name=f"Bulk {number:03}")
        if number % 3 == 0:
            office.add_invoice(client)


def test_calls_foreseen_are_calls_made(
    live_office: Office, bookkeeper: Bookkeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlook, "_FEW", 40)
    steps: list[Callable[[Office], None]] = [lambda _: None, little, everything, edits, lambda _: None, many]
    for short in (None, 40):
        live_office.platform.pause(60)
        live_office.sync()  # what it wrote itself is behind it
        office = live_office if short is None else with_short_pages(live_office, short)
        for step in steps if short is None else [many_more]:
            step(office)
            told, made = foreseen(office), calls(office)
            run = office.sync()
            assert run.state == "succeeded", (run.problem, run.counts)
            assert_right(run, told, calls(office) - made, step)
    assert foreseen(live_office, sends=False).needs.writes == 0
    told, made = foreseen(live_office, sends=False, full=True), calls(live_office)
    run = live_office.sync("reconcile", full=True)
    assert_right(run, told, calls(live_office) - made, "reconcile")
    assert bookkeeper.named("Bulk 001")


def many_more(office: Office) -> None:
    """Add so many clients that the change feed has to be read in between."""
    for number in range(110):
        office.add_customer(name=f"More {number:03}")


def assert_right(run: RunRow, told: Outlook, made: int, step: object) -> None:
    """Check an outlook, and what the run kept of it, against what was used."""
    assert run.forecast is not None
    assert run.forecast["calls"] == told.needs.calls
    assert run.calls == made
    assert abs(told.needs.calls - made) * 20 <= made, (step, told.needs, made)


def test_a_saved_plan_knows_what_applying_it_takes(live_office: Office) -> None:
    many(live_office)
    where = {"organisation_id": live_office.organisation_id, "connection_id": live_office.connection_id}
    plan_id = saved.make(live_office.platform, actor="user:ann", **where)
    with live_office.platform.database.read() as session:
        plan = session.get_one(PlanRow, plan_id)
        told = outlook.of_plan(live_office.platform, session, connection_of(live_office), plan)
    assert told is not None
    assert told.needs == foreseen(live_office).needs
    assert [(step.entity, step.records) for step in told.needs.steps][-1] == ("invoice", 19)
    made = calls(live_office)
    run = live_office.sync(plan_id=plan_id)
    assert_right(run, told, calls(live_office) - made, "plan")


@pytest.mark.parametrize(
    ("calls_left", "seconds", "rests", "expected"),
    [
        (4860, 130, False, "about 140 calls, about 2 min, 4,860 left today"),
        (None, 1, False, "about 140 calls, about 1 s"),
        (100, 90_000, True, f"about 140 calls, about 25 h, 100 left today, {RESTS}"),
    ],
)
def test_an_outlook_is_one_sentence(
    live_office: Office, calls_left: int | None, seconds: int, rests: bool, expected: str
) -> None:
    told = foreseen(live_office)
    shown = replace(
        told,
        needs=replace(told.needs, reads=3, writes=137),
        left_today=calls_left,
        ends_at=told.begins_at + timedelta(seconds=seconds),
        rests_at=told.begins_at if rests else None,
    )
    assert outlook.sentence(shown) == expected
