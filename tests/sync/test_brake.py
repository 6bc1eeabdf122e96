"""The brake: an implausible run writes nothing, says what it would have done, and waits for a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from service.core.ports import ChangePage
from service.store.queries import plans
from service.store.sync_models import ConnectionRow
from service.sync import apply
from service.sync import run as running
from service.sync.connect import WrongState
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office, connection_of

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

MANY = 6


@pytest.fixture
def many(live_office: Office) -> dict[str, str]:
    """Six customers on both sides, and a brake that stops at more than three of them."""
    made = {f"Client {n}": live_office.add_customer(name=f"Client {n}", phone="+1 415 555 0100") for n in range(MANY)}
    with live_office.platform.database.write() as session:
        row = session.get_one(ConnectionRow, live_office.connection_id)
        row.settings = {**row.settings, "brake_records": 3, "brake_percent": 20}
    assert live_office.sync().state == "succeeded"
    return made


def edit_all(office: Office, many: dict[str, str], phone: str) -> None:
    """Change every customer at once."""
    for record_id in many.values():
        office.edit_customer(record_id, phone=phone)


def released(office: Office) -> str:
    """Let go what is stopped, and do the run; return its state."""
    where = {"organisation_id": office.organisation_id, "connection_id": office.connection_id}
    asked = apply.release(office.platform, actor="user:sue", **where)
    running.perform(office.platform, office.connection_id)
    return office.run(asked.run_id).state


def test_a_first_sync_of_many_is_no_reason_to_stop(live_office: Office, many: dict[str, str]) -> None:
    assert live_office.counts()["green"] == MANY


def test_a_run_that_would_change_too_many_writes_nothing_and_waits(live_office: Office, many: dict[str, str]) -> None:
    edit_all(live_office, many, "+1 415 555 0199")
    written = live_office.writes()
    run = live_office.sync()
    assert (run.state, live_office.writes()) == ("failed", written)
    assert run.problem is not None
    assert run.problem["kind"] == "brake"
    assert "6 of 6 records" in run.problem["message"]
    assert "6 to change there" in run.problem["message"]
    connection = connection_of(live_office)
    assert (connection.state, connection.due_at) == ("live", None)
    assert connection.problem is not None
    assert connection.problem["message"] == run.problem["message"]
    assert live_office.sync().state == "failed"
    assert len(live_office.events("stopped by the brake")) == 1


def test_what_would_have_been_done_can_be_read(live_office: Office, many: dict[str, str]) -> None:
    edit_all(live_office, many, "+1 415 555 0199")
    live_office.sync()
    held = connection_of(live_office).brake
    assert held is not None
    with live_office.platform.database.read() as session:
        kept = plans.actions(session, held["plan_id"])
        assert {(one.record_id, one.action) for one in kept} == {(record_id, "update") for record_id in many.values()}


def test_a_person_lets_it_go_on_once(live_office: Office, many: dict[str, str]) -> None:
    edit_all(live_office, many, "+1 415 555 0199")
    live_office.sync()
    assert released(live_office) == "succeeded"
    connection = connection_of(live_office)
    assert (connection.brake, connection.problem) == (None, None)
    assert live_office.counts()["green"] == MANY
    edit_all(live_office, many, "+1 415 555 0177")
    assert live_office.sync().state == "failed"


def test_nothing_can_be_let_go_that_is_not_stopped(live_office: Office, many: dict[str, str]) -> None:
    with pytest.raises(WrongState):
        released(live_office)


def test_edits_that_are_taken_back_take_the_brake_off(live_office: Office, many: dict[str, str]) -> None:
    edit_all(live_office, many, "+1 415 555 0199")
    live_office.sync()
    edit_all(live_office, many, "+1 415 555 0100")
    assert live_office.sync().state == "succeeded"
    assert connection_of(live_office).brake is None


def test_changes_there_that_would_overwrite_too_many_here_stop_too(
    live_office: Office, bookkeeper: Bookkeeper, many: dict[str, str]
) -> None:
    for record_id in many.values():
        bookkeeper.edit(live_office.remote_id(record_id), phone="415 555 0123")
    run = live_office.sync("reconcile")
    assert run.problem is not None
    assert "6 to change here" in run.problem["message"]
    assert live_office.counts()["orange"] == MANY
    assert released(live_office) == "succeeded"
    assert live_office.counts()["green"] == MANY


def test_archiving_nearly_everybody_is_stopped(live_office: Office, many: dict[str, str]) -> None:
    for record_id in list(many.values())[:4]:
        live_office.archive(record_id)
    run = live_office.sync()
    assert run.problem is not None
    assert "4 to archive there" in run.problem["message"]


def emptied(pages: Iterator[ChangePage]) -> Iterator[ChangePage]:
    """Return the pages of a company that shows nothing any more."""
    return (replace(page, records=()) for page in pages)


def test_a_side_that_is_suddenly_empty_is_not_taken_as_gone(live_office: Office, many: dict[str, str]) -> None:
    connector = type(live_office.platform.offline_connector(live_office.package.sandbox.name))
    reads = connector.everything
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connector, "everything", lambda self, families: emptied(reads(self, families)))
        run = live_office.sync("reconcile", full=True)
        assert run.problem is not None
        assert "none of the 6 linked records" in run.problem["message"]
        assert live_office.problems() == []
        assert live_office.sync().state == "failed"
    assert live_office.sync("reconcile", full=True).state == "succeeded"
    assert connection_of(live_office).brake is None
    assert live_office.counts()["green"] == MANY


def test_a_side_that_is_really_empty_is_asked_about_once_a_person_says_so(
    live_office: Office, many: dict[str, str]
) -> None:
    connector = type(live_office.platform.offline_connector(live_office.package.sandbox.name))
    reads = connector.everything
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connector, "everything", lambda self, families: emptied(reads(self, families)))
        live_office.sync("reconcile", full=True)
        released(live_office)
    assert {problem.kind for problem in live_office.problems()} == {"deleted_there"}
