"""Within a package's limits: every call counts, pages too, whoever makes it; and a day that is over rests."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from sandbox.common.faults import FaultKind, FaultRule
from service.core.ports import Limits
from service.providers import Provider
from service.store.sync_models import ConnectionRow
from service.sync import conduct
from service.sync import run as running
from service.sync.conduct import ConnectionSettings
from service.sync.pacing import Call, DayOver, Pacer, purse_of
from tests.sync.office import MovedClock, Office, connection_of

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


def pacer(office: Office, limits: Limits | None = None) -> Pacer:
    """Return what another process knows of the calls."""
    row = connection_of(office)
    allowed = limits or office.platform.provider(row.provider).capabilities.limits
    return Pacer(office.platform.database, row.provider, row.remote_tenant_id or "", allowed)


def entered(office: Office, one: Pacer, now: datetime, call: Call, **told: Any) -> timedelta:
    """Count a call in a unit of writing of its own; return how long to wait first."""
    with office.platform.database.write() as session:
        return one.enter(session, now, call, **told)


def calls(office: Office) -> int:
    """Return how many calls the package has had from us, sign-in left out."""
    return sum("/v3/company" in seen.path or "/api.xro/" in seen.path for seen in office.package.sandbox.log.seen)


def limited(office: Office, **limits: int) -> Office:
    """Return the office with a package that declares other limits."""
    name = office.package.sandbox.name
    known = office.platform.provider(name)
    smaller = replace(known)
    object.__setattr__(smaller, "__class__", type("Limited", (Provider,), {
        "capabilities": property(lambda self: replace(known.capabilities, limits=Limits(**limits))),
    }))  # fmt: skip
    platform = replace(office.platform, providers={**office.platform.providers, name: smaller})
    return replace(office, platform=platform)


def test_every_call_is_counted_where_another_process_sees_it(live_office: Office) -> None:
    live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    live_office.sync("reconcile", full=True)
    assert sum(pacer(live_office).spent().parts.values()) == calls(live_office)


def test_a_minute_that_is_full_is_waited_for_and_meets_no_refusal(live_office: Office) -> None:
    office = limited(live_office, per_minute=4)
    began = office.platform.clock()
    made = calls(office)
    for number in range(4):
        office.add_customer(name=f"Client {number}")
        assert office.sync().state == "succeeded"
    minutes = (calls(office) - made - 4) // 4
    assert office.platform.clock() - began >= timedelta(minutes=minutes)
    assert all(seen.status != 429 for seen in office.package.sandbox.log.seen)


def test_a_connection_may_have_fewer_calls_than_its_package_allows(live_office: Office) -> None:
    with live_office.platform.database.write() as session:
        row = session.get_one(ConnectionRow, live_office.connection_id)
        row.settings = {**row.settings, "limits": {"per_minute": 4, "per_day": 100_000, "app_per_minute": None}}
        purse = purse_of(live_office.platform, session, row)
    known = live_office.platform.provider(live_office.package.sandbox.name).capabilities.limits
    assert purse.limits == replace(known, per_minute=4)
    began, made = live_office.platform.clock(), calls(live_office)
    for number in range(3):
        live_office.add_customer(name=f"Client {number}")
        assert live_office.sync().state == "succeeded"
    assert live_office.platform.clock() - began >= timedelta(minutes=(calls(live_office) - made - 4) // 4)


def test_a_connection_may_be_looked_at_less_often_than_others(live_office: Office) -> None:
    with live_office.platform.database.write() as session:
        given = ConnectionSettings(interval=900)
        conduct.change(live_office.platform, session, live_office.author(), live_office.connection_id, given)
    assert live_office.sync().state == "succeeded"
    row = connection_of(live_office)
    assert row.due_at is not None
    assert row.due_at - live_office.platform.clock() > timedelta(minutes=14)
    assert [event.after for event in live_office.events("settings changed")] == [{"interval": 900}]


def test_a_refusal_is_obeyed_by_everybody_who_calls_the_company(live_office: Office) -> None:
    live_office.package.sandbox.faults.add(FaultRule(kind=FaultKind.THROTTLE, retry_after=40))
    live_office.add_customer(name="Cedar Vets")
    began = live_office.platform.clock()
    waits: list[timedelta] = []

    pause = MovedClock.pause

    def look(platform: MovedClock, seconds: float) -> bool:
        waits.append((pacer(live_office).spent().rests_until or platform.clock()) - platform.clock())
        return pause(platform, seconds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MovedClock, "pause", look)
        run = live_office.sync()
    assert run.state == "succeeded"
    assert timedelta(seconds=39) < max(waits) <= timedelta(seconds=40)
    assert live_office.platform.clock() - began >= timedelta(seconds=40)
    assert sum(seen.status == 429 for seen in live_office.package.sandbox.log.seen) == 1


def test_no_more_calls_are_under_way_at_once_than_the_package_allows(live_office: Office) -> None:
    row, now, limits = connection_of(live_office), live_office.platform.clock(), Limits(concurrent=3)
    several = [
        Pacer(live_office.platform.database, row.provider, row.remote_tenant_id or "", limits, caller=str(number))
        for number in range(4)
    ]
    now += timedelta(minutes=1)  # whoever connected has hung up by then
    assert [entered(live_office, one, now, Call()) for one in several] == [timedelta(0)] * 3 + [timedelta(seconds=1)]
    several[2].leave()
    assert entered(live_office, several[3], now, Call()) == timedelta(0)
    assert entered(live_office, several[2], now, Call()) == timedelta(seconds=1)
    assert entered(live_office, several[2], now + timedelta(seconds=40), Call()) == timedelta(0)


def test_the_apps_calls_to_all_companies_are_counted_together(live_office: Office) -> None:
    now, limits = live_office.platform.clock() + timedelta(minutes=2), Limits(app_per_minute=10)
    ours = Pacer(live_office.platform.database, "a package", "ours", limits)
    theirs = Pacer(live_office.platform.database, "a package", "theirs", limits)
    assert [entered(live_office, one, now, Call()) for one in (ours, theirs) * 5] == [timedelta(0)] * 10
    assert entered(live_office, theirs, now, Call()) > timedelta(minutes=1)


def test_metered_reads_are_counted_where_the_package_counts_them(live_office: Office) -> None:
    live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    with live_office.platform.database.read() as session:
        purse = purse_of(live_office.platform, session, session.get_one(ConnectionRow, live_office.connection_id))
    package = live_office.package.sandbox
    counted = getattr(package, "core_plus", None)
    if counted is None:
        assert (purse.reads, purse.reads_allowed) == (None, None)
    else:
        assert (purse.reads, purse.reads_allowed) == (counted.total(), 500_000)


def test_what_another_process_has_spent_counts(live_office: Office) -> None:
    limits = Limits(per_minute=5)
    now = live_office.platform.clock()
    assert [entered(live_office, pacer(live_office, limits), now, Call()) for _ in range(3)][-1:] != []
    waits = [entered(live_office, pacer(live_office, limits), now, Call()) for _ in range(9)]
    assert waits[-1] > timedelta(seconds=50)


def test_a_day_that_is_used_up_rests_and_goes_on_by_itself(live_office: Office) -> None:
    spent = sum(pacer(live_office).spent().parts.values())
    office = limited(live_office, per_day=spent + 12)  # the next day the lists are read anew as well
    office.add_customer(name="Client 0")
    run = office.sync()
    number = 0
    while run.problem is None:
        number += 1
        assert number < 12
        office.add_customer(name=f"Client {number}")
        run = office.sync()
    waits = connection_of(office).wait_until
    assert run.problem["kind"] == "resting"
    assert "in a day are used up" in run.problem["message"]
    assert waits is not None
    assert running.perform(office.platform, office.connection_id) is None
    office.platform.pause((waits - office.platform.clock()).total_seconds() + 1)
    assert office.settled()[-1].state == "succeeded"


def test_a_smaller_day_than_usual_is_found_out_from_the_answers(live_office: Office) -> None:
    told = pacer(live_office, Limits(per_day=5000))
    now = live_office.platform.clock()
    entered(live_office, told, now, Call(), told_left=41)
    for _ in range(38):
        entered(live_office, told, now, Call())
    with pytest.raises(DayOver):
        [entered(live_office, told, now, Call()) for _ in range(3)]
    assert entered(live_office, told, now, Call(urgent=True)) == timedelta(0)
