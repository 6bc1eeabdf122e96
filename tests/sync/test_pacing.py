"""Within a package's limits: every call counts, pages too, whoever makes it; and a day that is over rests."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from service.core.ports import Limits
from service.providers import Provider
from service.sync import run as running
from service.sync.pacing import DayOver, Pacer
from tests.sync.office import Office, connection_of

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


def pacer(office: Office, limits: Limits | None = None) -> Pacer:
    """Return what another process knows of the calls."""
    row = connection_of(office)
    allowed = limits or office.platform.provider(row.provider).capabilities.limits
    return Pacer(office.platform.database, row.provider, row.remote_tenant_id or "", allowed)


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
    assert sum(pacer(live_office).spent().hours.values()) == calls(live_office)


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


def test_what_another_process_has_spent_counts(live_office: Office) -> None:
    limits = Limits(per_minute=5)
    now = live_office.platform.clock()
    assert [pacer(live_office, limits).enter(now, batch=False) for _ in range(3)][-1:] != []
    waits = [pacer(live_office, limits).enter(now, batch=False) for _ in range(9)]
    assert waits[-1] > timedelta(seconds=50)


def test_a_day_that_is_used_up_rests_and_goes_on_by_itself(live_office: Office) -> None:
    spent = sum(pacer(live_office).spent().hours.values())
    office = limited(live_office, per_day=spent + 3)
    office.add_customer(name="Client 0")
    run = office.sync()
    number = 0
    while run.problem is None:
        number += 1
        assert number < 4
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
    told.enter(now, batch=False, told_left=261)
    for _ in range(10):
        told.enter(now, batch=False)
    with pytest.raises(DayOver):
        told.enter(now, batch=False)
