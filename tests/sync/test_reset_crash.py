"""A reset whose process dies between any two steps: what the next run makes of it."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from service.core.ports import EntityKind
from service.store.queries import resets
from service.sync import push, reset_run
from service.sync import run as running
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office
from tests.sync.resetting import asked, lives
from tests.sync.test_crash import Crash, Step, after, before

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

#: When the process dies: the module and the step, whether before or after it, and for which time it is done. Of the
#: writes themselves only the lost answers of the first (making room) and of the last (archiving): all pairs of moments
#: and writes are the business of the crash matrix.
MOMENTS_OF_A_RESET: dict[str, tuple[ModuleType, str, Callable[[Step, int], Step], int]] = {
    "before anything is prepared": (reset_run, "_make_room", before, 1),
    "after the former one has made room": (push, "_take_in", before, 1),
    "before the lives are exchanged": (reset_run, "_swap", before, 1),
    "after the lives were exchanged": (reset_run, "_swap", after, 1),
    "after the former one was archived": (push, "_take_in", before, 4),
    "before it is known to be archived": (reset_run, "_note", before, 1),
    "after the reset was closed": (reset_run, "_close", after, 1),
}


def crashed(office: Office, module: ModuleType, name: str, dying: Step) -> None:
    """Do the run that is asked for with a process that dies; wait until its lease has run out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, dying)
        with pytest.raises(Crash):
            running.perform(office.platform, office.connection_id)
    office.platform.pause(180)


@pytest.mark.parametrize("told", MOMENTS_OF_A_RESET)
def test_a_crash_of_a_reset_leaves_one_new_record_and_one_former_one(
    live_office: Office, bookkeeper: Bookkeeper, told: str
) -> None:
    module, name, dies, nth = MOMENTS_OF_A_RESET[told]
    client = live_office.add_customer(name="Cedar Vets")
    invoice = live_office.add_invoice(client, number="INV-1")
    live_office.settled()
    former, size = live_office.remote_id(client), bookkeeper.size()
    reset_id = asked(live_office, client, "archive").reset_id
    crashed(live_office, module, name, dies(getattr(module, name), nth))
    live_office.settled()
    fresh = live_office.remote_id(client)
    assert fresh != former, told
    assert bookkeeper.named("Cedar Vets") == [fresh], told
    assert bookkeeper.customer(former)["active"] is False, told
    assert bookkeeper.customer(former)["name"].startswith("Cedar Vets (former)"), told
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
