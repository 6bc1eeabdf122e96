"""``tieout reset`` on a real database against a stand-in package."""

from __future__ import annotations

from tests.cli.shell import Shell
from tests.sync.office import Office


def _link_of_the_only_client(office: Office) -> str:
    office.sync()
    (link,) = office.links()
    return link.id


def test_the_plan_of_a_reset_says_what_becomes_of_the_former_counterpart(
    live_shell: Shell, live_office: Office
) -> None:
    link_id = _link_of_the_only_client(live_office)
    written = live_office.writes()
    said = live_shell.tieout("reset", link_id, "--plan")
    assert said.status == 0, said.err
    assert "rename_former" in said.out
    assert "'Cedar Vets' becomes 'Cedar Vets (former)'" in said.out
    assert live_office.writes() == written
    document = live_shell.tieout("reset", link_id, "--plan", "--old", "leave", "--json").document
    assert [one["action"] for one in document["actions"]] == ["leave_former", "create"]
    assert document["advice"].startswith("Better rename the former record")


def test_a_reset_is_carried_out_and_undone(live_shell: Shell, live_office: Office) -> None:
    link_id = _link_of_the_only_client(live_office)
    (former,) = live_office.links()
    said = live_shell.tieout("reset", link_id, "--json", "--why", "wrong company details")
    assert (said.status, said.document["reset_state"]) == (0, "done"), said
    assert said.document["kind"] == "reset"
    (link,) = live_office.links()
    assert (link.generation, link.remote_id != former.remote_id) == (2, True)
    again = live_shell.tieout("reset", link_id)
    assert (again.status, "has ended already" in again.err) == (2, True)
    back = live_shell.tieout("reset", link.id, "--undo")
    assert (back.status, "created" in back.out) == (0, True), back
    (tied,) = live_office.links()
    assert (tied.generation, tied.remote_id) == (3, former.remote_id)


def test_a_link_that_is_not_there_is_said_in_one_line(live_shell: Shell) -> None:
    said = live_shell.tieout("reset", "0" * 32)
    assert (said.status, said.err.strip()) == (2, "tieout: there is no such link")
