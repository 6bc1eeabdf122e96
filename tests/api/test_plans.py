"""Plans and the brake over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.common.server import Running
from service.store.accounts import Role
from tests.api.builders import company
from tests.api.conftest import join
from tests.api.desk import Desk, go_live, open_desk, read

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def desk(package: Running, prepared_database_url: str) -> Iterator[Desk]:
    """A service with nothing connected yet."""
    opened = open_desk(package, prepared_database_url)
    yield opened
    opened.platform.database.close()


def test_a_plan_is_kept_and_applied_exactly(desk: Desk) -> None:
    go_live(desk)
    client = desk.accountant.created("/customers", company())
    plan = desk.viewer.post(f"{desk.base}/plan").get_json()
    assert (plan["total"], plan["applied_at"], plan["brake"]) == (1, None, None)
    kept = read(desk.viewer, f"/plans/{plan['id']}")
    assert {**kept, "forecast": None} == {**plan, "forecast": None}
    assert kept["forecast"]["calls"] == plan["forecast"]["calls"] == plan["calls"]
    assert kept["forecast"]["steps"][0]["records"] == 1
    assert [one["id"] for one in read(desk.viewer, "/plans", connection_id=desk.connection_id)["items"]] == [plan["id"]]
    assert desk.viewer.post(f"/plans/{plan['id']}/apply").status_code == 403
    answer = desk.accountant.send("POST", f"/plans/{plan['id']}/apply", query_string={"wait": 60})
    assert (answer.status_code, answer.get_json()["state"]) == (200, "succeeded")
    assert answer.get_json()["forecast"]["calls"] == answer.get_json()["calls"] == plan["calls"]
    assert desk.customer(client["id"])["dot"] == "green"
    assert read(desk.viewer, f"/plans/{plan['id']}")["run_id"] == answer.get_json()["id"]
    again = desk.accountant.post(f"/plans/{plan['id']}/apply")
    assert (again.status_code, again.get_json()["type"]) == (409, "urn:tieout:problem:plan_outdated")


def test_a_plan_that_no_longer_holds_is_refused_by_name(desk: Desk) -> None:
    go_live(desk)
    client = desk.accountant.created("/customers", company())
    plan = desk.viewer.post(f"{desk.base}/plan").get_json()
    desk.accountant.patch(f"/customers/{client['id']}", {"phone": "+1 415 555 0199"})
    answer = desk.accountant.post(f"/plans/{plan['id']}/apply")
    assert answer.status_code == 409
    assert client["name"] in answer.get_json()["detail"]
    assert not desk.package.sandbox.log.writes


def test_another_organisation_has_no_such_plan(desk: Desk) -> None:
    go_live(desk)
    plan = desk.viewer.post(f"{desk.base}/plan").get_json()
    assert desk.stranger.get(f"/plans/{plan['id']}").status_code == 404
    assert desk.stranger.post(f"/plans/{plan['id']}/apply").status_code == 404
    assert read(desk.stranger, "/plans")["items"] == []
    assert desk.stranger.post(f"{desk.base}/release").status_code == 404


def test_the_brake_is_said_and_released_by_who_may(desk: Desk) -> None:
    go_live(desk)
    settings = {"settings": {"brake_records": 1, "brake_percent": 50}}
    assert desk.admin.patch(desk.base, settings).get_json()["settings"]["push"] == "all"
    clients = [desk.accountant.created("/customers", company(name=f"Client {n}")) for n in range(2)]
    desk.sync()
    for client in clients:
        desk.accountant.patch(f"/customers/{client['id']}", {"phone": "+1 415 555 0199"})
    run = desk.sync()
    assert (run["state"], run["problem"]["kind"]) == ("failed", "brake")
    assert desk.connection()["problem"]["kind"] == "brake"
    plan = desk.viewer.post(f"{desk.base}/plan").get_json()
    assert plan["brake"] == run["problem"]["message"]
    assert desk.accountant.post(f"/plans/{plan['id']}/apply").status_code == 403
    assert desk.accountant.post(f"{desk.base}/release").status_code == 403
    support = join(desk.platform.database, desk.app, role=Role.SUPPORT, organisation_id=desk.organisation_id)
    answer = support.send("POST", f"{desk.base}/release", query_string={"wait": 60})
    assert (answer.status_code, answer.get_json()["state"]) == (200, "succeeded")
    assert desk.connection()["problem"] is None
    assert support.post(f"{desk.base}/release").status_code == 409
