"""A reset whose process dies between any two steps: what the next run makes of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from service.core.ports import EntityKind
from service.store.queries import resets
from service.sync import push, reset_run
from service.sync import run as running
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office
from tests.sync.resetting import asked, lives
from tests.sync.test_crash import MOMENTS, Crash, Step, after, before

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

#: The writes of a reset that archives: making room, the new record, the invoice, archiving the former one. Each moment
#: is tried at one of them; all pairs are the business of the crash matrix.
CALLS = (1, 2, 3, 4)
#: Moments between its writes: the step of the reset, and whether the process dies before or after it.
BETWEEN: dict[str, tuple[str, Callable[[Step, int], Step]]] = {
    "before anything is prepared": ("_make_room", before),
    "before the lives are exchanged": ("_swap", before),
    "after the lives were exchanged": ("_swap", after),
    "before it is known to be archived": ("_note", before),
    "before the reset is closed": ("_close", before),
    "after the reset was closed": ("_close", after),
}


def crashed(office: Office, module: object, name: str, dying: Step) -> None:
    """Do the run that is asked for with a process that dies; wait until its lease has run out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, dying)
        with pytest.raises(Crash):
            running.perform(office.platform, office.connection_id)
    office.platform.pause(180)


@pytest.mark.parametrize("number", range(len(MOMENTS) + len(BETWEEN)))
def test_a_crash_of_a_reset_leaves_one_new_record_and_one_former_one(
    live_office: Office, bookkeeper: Bookkeeper, number: int
) -> None:
    said, (name, dies) = [*MOMENTS.items(), *BETWEEN.items()][number]
    module, call = (push, CALLS[number % len(CALLS)]) if said in MOMENTS else (reset_run, 1)
    told = f"{said}, call {call}"
    client = live_office.add_customer(name=f"Client {call}")
    invoice = live_office.add_invoice(client, number=f"INV-{number}{call}")
    live_office.settled()
    former, size = live_office.remote_id(client), bookkeeper.size()
    reset_id = asked(live_office, client, "archive").reset_id
    crashed(live_office, module, name, dies(getattr(module, name), call))
    live_office.settled()
    fresh = live_office.remote_id(client)
    assert fresh != former, told
    assert bookkeeper.named(f"Client {call}") == [fresh], told
    assert bookkeeper.customer(former)["active"] is False, told
    assert bookkeeper.customer(former)["name"].startswith(f"Client {call} (former)"), told
    there = live_office.remote_id(invoice, EntityKind.INVOICE)
    assert bookkeeper.customer_of(there) == fresh, told
    assert bookkeeper.size() == size + 1, told
    assert [life.generation for life in lives(live_office, client)] == [2, 1], told
    assert (live_office.dot(client), live_office.dot(invoice, EntityKind.INVOICE)) == ("green", "green"), told
    with live_office.platform.database.read() as session:
        assert resets.get(session, live_office.organisation_id, reset_id).state == "done", told
    written = live_office.writes()
    live_office.sync()
    assert live_office.writes() == written, told
