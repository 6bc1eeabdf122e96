"""``plan``, ``sync`` and ``reconcile`` on a real database against a stand-in package."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.store.sync_models import ConnectionRow
from service.sync import connect
from tests.cli.shell import Shell, shell_of
from tests.sync.office import Office, connected, live


def test_the_plan_says_what_the_sync_then_does(live_shell: Shell, live_office: Office) -> None:
    planned = live_shell.tieout("plan")
    assert planned.status == 0
    assert planned.out == "create   customer  Cedar Vets  " + planned.out.partition("Cedar Vets  ")[2]
    assert planned.out.count("\n") == 1
    assert "1 actions, " in planned.err
    assert "Expected: about " in planned.err
    assert "It sends 1 customer" in planned.err
    assert live_office.writes() == 0
    done = live_shell.tieout("sync", "--json")
    assert (done.status, done.document[0]["state"]) == (0, "succeeded")
    assert done.document[0]["counts"]["created"] == 1
    assert live_office.counts()["green"] == 1
    assert live_shell.tieout("plan").out == ""


def test_the_plan_is_one_document_for_scripts(live_shell: Shell, live_office: Office) -> None:
    said = live_shell.tieout("plan", "--json", "--connection", live_office.connection_id)
    assert (said.status, said.err) == (0, "")
    (preview,) = said.document
    assert preview["connection_id"] == live_office.connection_id
    assert [(one["action"], one["entity"], one["label"]) for one in preview["actions"]] == [
        ("create", "customer", "Cedar Vets")
    ]
    assert preview["calls"] == preview["forecast"]["calls"] >= 1


def test_a_sync_shows_a_table_on_standard_output_and_progress_on_standard_error(live_shell: Shell) -> None:
    said = live_shell.tieout("sync")
    assert said.status == 0
    for line in ("created", "needs a person", "calls used / least possible"):
        assert line in said.out
    assert "calls used" not in said.err
    assert "done" in said.err
    assert "Expected: about " in said.err
    assert "done" not in said.out


def test_a_second_sync_writes_nothing(live_shell: Shell, live_office: Office) -> None:
    live_shell.tieout("sync")
    written = live_office.writes()
    said = live_shell.tieout("sync", "--json")
    assert live_office.writes() == written
    assert (said.document[0]["counts"]["unchanged"], said.document[0]["problem"]) == (1, None)


def test_what_needs_a_person_is_told_with_status_1(live_shell: Shell, live_office: Office) -> None:
    live_office.act("create_vendor", name="Maple Dental")
    live_office.add_customer(name="Maple Dental")
    said = live_shell.tieout("sync", "--json")
    (report,) = said.document
    assert (said.status, report["state"], report["counts"]["created"]) == (1, "partial", 1)
    assert [(one["label"], one["kind"]) for one in report["needs_a_person"]] == [("Maple Dental", "duplicate_name")]
    table = live_shell.tieout("sync")
    assert table.status == 1
    assert "needs you: " in table.out
    planned = live_shell.tieout("plan")
    assert planned.status == 0, "what was asked already is not asked again"


@pytest.mark.parametrize("flags", [["--full"], []], ids=["everything", "what changed"])
def test_a_reconciliation_reads_everything_or_what_changed(
    live_shell: Shell, live_office: Office, flags: list[str]
) -> None:
    live_shell.tieout("sync")
    said = live_shell.tieout("reconcile", "--json", *flags)
    (report,) = said.document
    assert (said.status, report["kind"], report["state"]) == (0, "reconcile", "succeeded")
    run = live_office.run(report["run_id"])
    assert run.options == {"full": bool(flags)}
    assert run.requested_by == "command line"


def test_one_connection_can_be_named_and_others_are_left_alone(office: Office, tmp_path: Path) -> None:
    first = live(office)
    said = shell_of(first, tmp_path).tieout("sync", "--connection", first.connection_id, "--json")
    assert [report["connection_id"] for report in said.document] == [first.connection_id]


def test_a_connection_that_is_not_live_is_refused_when_named_and_noted_when_not(office: Office, tmp_path: Path) -> None:
    matching = connected(office)
    shell = shell_of(matching, tmp_path)
    named = shell.tieout("sync", "--connection", matching.connection_id)
    assert (named.status, named.out, named.err.count("\n")) == (2, "", 1)
    assert "matching" in named.err
    unnamed = shell.tieout("sync", "--json")
    assert (unnamed.status, unnamed.document) == (1, [])
    assert "matching" in unnamed.err
    assert shell.tieout("reconcile", "--json").document[0]["state"] == "succeeded"


@pytest.mark.parametrize("state", ["paused", "disconnected"])
def test_what_was_switched_off_on_purpose_needs_nobody(live_shell: Shell, live_office: Office, state: str) -> None:
    _set_state(live_office, state)
    said = live_shell.tieout("sync", "--json")
    if state == "paused":
        assert (said.status, said.document) == (0, [])
    else:
        assert (said.status, said.err) == (2, "tieout: there is no connection yet\n")


def test_a_lost_permission_needs_a_person(live_shell: Shell, live_office: Office) -> None:
    connect.lose_authorisation(live_office.platform, live_office.connection_id, "Access was taken back.")
    said = live_shell.tieout("sync", "--json")
    assert (said.status, said.document) == (1, [])
    assert "needs reauth" in said.err
    assert live_shell.tieout("doctor").status == 1


def test_a_plan_of_a_connection_that_nobody_consented_to_is_empty(office: Office, tmp_path: Path) -> None:
    name = office.package.sandbox.name
    connect.start(office.platform, organisation_id=office.organisation_id, provider=name, actor="user:ann")
    said = shell_of(office, tmp_path).tieout("plan", "--json")
    assert "Traceback" not in said.err
    assert said.status in (0, 2)


def _set_state(office: Office, state: str) -> None:
    with office.platform.database.write() as session:
        session.get_one(ConnectionRow, office.connection_id).state = state


def test_a_reconciliation_lists_drift_and_says_whether_somebody_has_to_decide(
    live_shell: Shell, live_office: Office
) -> None:
    live_shell.tieout("sync")
    (link,) = live_office.links()
    live_office.platform.pause(600)
    live_office.act("rename", id=link.remote_id, to="Cedar Veterinary")
    seen = live_shell.tieout("reconcile", "--full")
    assert seen.status == 0  # the usual rule decides
    said = "drift: Cedar Vets: Name was changed in QuickBooks from Cedar Vets to Cedar Veterinary."
    assert said in " ".join(seen.out.split())
    with live_office.platform.database.write() as session:
        session.get_one(ConnectionRow, live_office.connection_id).settings = {"drift": "ask"}
    asked = live_shell.tieout("reconcile", "--json")
    assert (asked.status, asked.document[0]["counts"]["drift"]) == (1, 1)
    (one,) = asked.document[0]["drift"]
    assert (one["field"], one["ours"], one["theirs"], one["status"]) == (
        "name",
        "Cedar Vets",
        "Cedar Veterinary",
        "open",
    )
