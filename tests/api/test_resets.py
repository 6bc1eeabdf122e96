"""Resets over HTTP, at both packages: the dry run, the run, what it says of itself, undoing, unlinking, and who may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.common.server import Running
from service.store.accounts import Role
from tests.api import builders
from tests.api.conftest import Caller, join
from tests.api.desk import Desk, go_live, open_desk, read

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def desk(package: Running, prepared_database_url: str) -> Iterator[Desk]:
    """A live connection with one client that is there."""
    opened = open_desk(package, prepared_database_url)
    yield opened
    opened.platform.database.close()


@pytest.fixture
def support(desk: Desk) -> Caller:
    return join(desk.platform.database, desk.app, role=Role.SUPPORT, organisation_id=desk.admin.organisation_id)


def sent(desk: Desk) -> tuple[str, dict[str, Any]]:
    """Add a client and send it; return its id and how it stands there."""
    client = desk.accountant.created("/customers", builders.company(name="Cedar Vets"))
    go_live(desk)
    desk.sync()
    return client["id"], desk.customer(client["id"])


def test_a_reset_is_shown_done_explained_and_undone(desk: Desk, support: Caller) -> None:
    client, before = sent(desk)
    path = f"/links/{before['link_id']}"
    plan = desk.accountant.post(f"{path}/reset", {"dry_run": True})
    assert plan.status_code == 200, plan.text
    document = plan.get_json()
    assert [one["action"] for one in document["actions"]] == ["rename_former", "create"]
    assert (document["documents"], document["losses"], document["advice"]) == ([], [], None)
    answer = support.send("POST", f"{path}/reset", json={"why": "wrong company"}, query_string={"wait": 60})
    assert answer.status_code == 200, answer.text
    run = answer.get_json()
    assert (run["kind"], run["state"], run["counts"]["created"]) == ("reset", "succeeded", 1)
    assert run["calls"] == document["calls"]
    after = desk.customer(client)
    assert (after["dot"], after["remote_id"] != before["remote_id"]) == ("green", True)
    told = read(desk.viewer, f"/resets/{run['reset_id']}")
    assert (told["state"], told["why"], len(told["items"])) == ("done", "wrong company", 1)
    assert told["items"][0]["former_remote_id"] == before["remote_id"]
    assert "becomes 'Cedar Vets (former)'" in told["items"][0]["outcome"]
    events = read(desk.viewer, "/events", record_id=client)["items"]
    assert {"reset asked for", "reset"} <= {event["verb"] for event in events}
    back = support.send("POST", f"/links/{after['link_id']}/undo-reset", query_string={"wait": 60})
    assert back.status_code == 200, back.text
    assert desk.customer(client)["remote_id"] == before["remote_id"]
    again = support.post(f"/links/{desk.customer(client)['link_id']}/undo-reset")
    assert (again.status_code, again.get_json()["type"]) == (409, "urn:tieout:problem:reset_refused")
    assert "undone already" in again.get_json()["detail"]
    assert [one["kind"] for one in read(desk.viewer, f"{path}/resets")["items"]] == ["undo", "reset"]


def test_a_reset_without_waiting_is_accepted_and_named_by_its_run(desk: Desk, support: Caller) -> None:
    _, before = sent(desk)
    answer = support.post(f"/links/{before['link_id']}/reset", {"old_counterpart": "archive"})
    assert answer.status_code == 202
    assert read(desk.viewer, f"/runs/{answer.get_json()['id']}")["kind"] == "reset"


def test_an_accountant_may_look_and_support_may_act(desk: Desk, support: Caller) -> None:
    client, before = sent(desk)
    path = f"/links/{before['link_id']}"
    for action in ("reset", "undo-reset", "unlink"):
        assert desk.viewer.post(f"{path}/{action}").status_code == 403
        assert desk.stranger.post(f"{path}/{action}").status_code == 404
        assert desk.accountant.post(f"{path}/{action}").status_code == 403
    assert desk.accountant.post(f"{path}/reset", {"dry_run": True}).status_code == 200
    assert support.post(f"{path}/reset", {"old_counterpart": "burn"}).status_code == 422
    assert desk.customer(client)["remote_id"] == before["remote_id"]


def test_an_unlinked_record_keeps_its_history_and_begins_anew_when_it_is_sent(desk: Desk, support: Caller) -> None:
    client, before = sent(desk)
    answer = support.post(f"/links/{before['link_id']}/unlink", {"why": "billed elsewhere now"})
    assert (answer.status_code, answer.get_json()["retired_why"]) == (200, "unlinked")
    assert desk.customer(client)["dot"] == "none"
    again = support.post(f"/links/{before['link_id']}/unlink")
    assert (again.status_code, "has ended already" in again.get_json()["detail"]) == (409, True)
    assert desk.sync()["counts"]["created"] == 0
    sent_again = desk.accountant.send("POST", f"/customers/{client}/sync", query_string={"wait": 60})
    assert sent_again.status_code == 200
    lives = read(desk.viewer, f"/links/{desk.customer(client)['link_id']}")["history"]
    assert [one["link"]["generation"] for one in lives] == [2, 1]
