"""A process that dies between any two steps of a write: what the next one finds, and what it makes of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from service.core.ports import EntityKind
from service.store.sync_models import ConnectionRow
from service.sync import push
from service.sync import run as running
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

Step = Callable[..., Any]


class Crash(BaseException):
    """The process is gone: nothing below a test catches this."""


def before(step: Step, nth: int) -> Step:
    """Return the step, dying as it begins for the nth time."""
    return _counting(step, nth, after=False)


def after(step: Step, nth: int) -> Step:
    """Return the step, dying as it ends for the nth time."""
    return _counting(step, nth, after=True)


def _counting(step: Step, nth: int, *, after: bool) -> Step:
    turns = 0

    def stepping(*args: Any, **kwargs: Any) -> Any:
        nonlocal turns
        turns += 1
        if turns == nth and not after:
            raise Crash
        result = step(*args, **kwargs)
        if turns == nth:
            raise Crash
        return result

    return stepping


#: When the process dies, in the order of a write, and the step of the push at which that is.
MOMENTS: dict[str, tuple[str, Callable[[Step, int], Step]]] = {
    "before the call is committed": ("_intent", before),
    "before the request is sent": ("dispatch", before),
    "after the request was sent": ("_take_in", before),
    "before the answer is committed": ("_take_in_one", after),
    "after the answer is committed": ("_take_in", after),
}
#: Which of the calls of a run it is: customers, an invoice, payments.
CALLS = (1, 2, 3)


def test_a_crash_at_any_step_leaves_nothing_doubled_and_nothing_missing(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    size = bookkeeper.size()
    for number, (moment, (name, dies)) in enumerate(MOMENTS.items()):
        for call in CALLS:
            said = f"{moment}, call {call}"
            client = live_office.add_customer(name=f"Client {number}.{call}")
            invoice = live_office.add_invoice(client, number=f"INV-{number}{call}")
            payment = live_office.pay(invoice, "100")
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(push, name, dies(getattr(push, name), call))
                live_office.ask()
                with pytest.raises(Crash):
                    running.perform(live_office.platform, live_office.connection_id)
            live_office.platform.pause(180)  # until the lease of the dead has run out
            live_office.settled()
            assert live_office.dot(client) == "green", said
            assert live_office.dot(invoice, EntityKind.INVOICE) == "green", said
            assert live_office.dot(payment, EntityKind.PAYMENT) == "green", said
            assert bookkeeper.named(f"Client {number}.{call}") == [live_office.remote_id(client)], said
            there = live_office.remote_id(invoice, EntityKind.INVOICE)
            assert bookkeeper.payments_of(there) == [100], said
            size += 3
            assert bookkeeper.size() == size, said


def test_an_update_that_landed_before_the_crash_is_not_written_again(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    client = live_office.add_customer(name="Cedar Vets", phone="+1 415 555 0100")
    live_office.sync()
    live_office.edit_customer(client, phone="+1 415 555 0199")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(push, "_take_in", before(push._take_in, 1))
        live_office.ask()
        with pytest.raises(Crash):
            running.perform(live_office.platform, live_office.connection_id)
    assert live_office.dot(client) == "orange"
    written = live_office.writes()
    live_office.platform.pause(180)
    live_office.settled()
    assert (live_office.dot(client), live_office.writes()) == ("green", written)
    assert bookkeeper.customer(live_office.remote_id(client))["phone"] == "4155550199"
    assert "found there after the answer was lost" in str(live_office.events("sent", client)[-1].why)


def test_a_request_that_may_be_under_way_is_waited_for_before_anybody_looks(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(push, "dispatch", before(push.dispatch, 1))
        live_office.ask()
        with pytest.raises(Crash):
            running.perform(live_office.platform, live_office.connection_id)
    with live_office.platform.database.write() as session:  # its lease is given up at once, as of a dead process
        session.get_one(ConnectionRow, live_office.connection_id).lease_token = None
    sent, written = live_office.platform.clock(), live_office.writes()
    live_office.settled()
    assert live_office.platform.clock() - sent >= timedelta(seconds=live_office.platform.settings.provider_timeout)
    assert live_office.writes() == written + 1
    assert bookkeeper.named("Cedar Vets") == [live_office.remote_id(client)]
