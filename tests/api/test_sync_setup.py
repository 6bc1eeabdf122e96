"""From a consent page to a live connection, over HTTP, at each package."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.common.server import Running
from tests.api.builders import company, invoice
from tests.api.desk import Desk, connect, consent, go_live, open_desk, read
from tests.api.test_protocol import PROBLEM


@pytest.fixture
def desk(package: Running, prepared_database_url: str) -> Iterator[Desk]:
    opened = open_desk(package, prepared_database_url)
    yield opened
    opened.platform.database.close()


def test_a_connection_is_pending_until_the_package_sends_the_browser_back(desk: Desk) -> None:
    arguments = consent(desk.begin())
    assert desk.connection()["state"] == "pending"
    assert desk.callback(**arguments).status_code == 303
    connection = desk.connection()
    assert (connection["state"], connection["problem"]) == ("matching", None)
    assert connection["organisation_name"]
    assert connection["remote_tenant_id"]
    assert connection["token_expires_at"].endswith("Z")


@pytest.mark.parametrize("spoilt", [{"state": "forged"}, {"state": ""}, {}])
def test_only_the_state_that_was_given_out_is_taken(desk: Desk, spoilt: dict[str, str]) -> None:
    arguments = consent(desk.begin())
    assert desk.callback(**((arguments | spoilt) if spoilt else {})).status_code == 400
    assert desk.connection()["state"] == "pending"


def test_a_state_is_taken_once_and_not_for_ever(desk: Desk) -> None:
    arguments = consent(desk.begin())
    assert desk.callback(**arguments).status_code == 303
    assert desk.callback(**arguments).status_code == 400
    late = consent(desk.begin())
    desk.platform.pause(3600)
    assert desk.callback(**late).status_code == 400
    assert desk.connection()["state"] == "pending"


def test_a_consent_that_is_refused_leaves_a_sentence(desk: Desk) -> None:
    arguments = consent(desk.begin())
    assert desk.callback(state=arguments["state"], error="access_denied").status_code == 400
    connection = desk.connection()
    assert connection["state"] == "pending"
    assert "declined" in connection["problem"]["message"]


@pytest.mark.parametrize("action", ["go-live", "plan", "sync", "reconcile", "pause", "resume"])
def test_what_a_pending_connection_cannot_do_is_a_conflict(desk: Desk, action: str) -> None:
    desk.begin()
    answer = desk.admin.post(f"{desk.base}/{action}")
    assert (answer.status_code, answer.mimetype) == (409, PROBLEM), answer.text


def test_going_live_says_what_is_still_missing(desk: Desk) -> None:
    connect(desk)
    client = desk.accountant.created("/customers", company())
    desk.accountant.created("/invoices", invoice(client["id"], status="approved"))
    chosen = read(desk.viewer, f"{desk.base}/mapping")
    assert desk.admin.put(f"{desk.base}/mapping", {}).status_code == 200
    answer = desk.admin.post(f"{desk.base}/go-live")
    assert (answer.status_code, answer.mimetype) == (409, PROBLEM)
    refusal = answer.get_json()
    assert {one["kind"] for one in refusal["missing"]} == {"mapping"}
    assert all(one["message"] in refusal["detail"] for one in refusal["missing"][:5])
    assert desk.connection()["state"] == "matching"
    chosen.pop("version")
    assert desk.admin.put(f"{desk.base}/mapping", chosen).status_code == 200
    assert desk.admin.post(f"{desk.base}/go-live").get_json()["state"] == "live"


def test_a_mapping_that_was_read_can_be_put_back_and_an_older_one_cannot(desk: Desk) -> None:
    connect(desk)
    read_first = read(desk.viewer, f"{desk.base}/mapping")
    assert read_first["offers"]["accounts"]
    answer = desk.admin.put(f"{desk.base}/mapping", read_first)
    assert (answer.status_code, answer.get_json()["accounts"]) == (200, read_first["accounts"])
    assert answer.get_json()["version"] == read_first["version"]  # nothing was changed
    changed = desk.admin.put(f"{desk.base}/mapping", {**read_first, "naming": "count"})
    assert changed.get_json()["version"] == read_first["version"] + 1
    stale = desk.admin.put(f"{desk.base}/mapping", {"version": read_first["version"]})
    assert (stale.status_code, stale.mimetype) == (409, PROBLEM)
    assert read(desk.viewer, f"{desk.base}/mapping")["accounts"] == read_first["accounts"]


def test_a_match_is_decided_by_a_person_or_by_how_sure_it_is(desk: Desk) -> None:
    name = "Freeman Sporting Goods"
    client = desk.accountant.created("/customers", company(name, email="billing@freeman.example"))
    fields = (
        {"fields": {"Name": name, "EmailAddress": "billing@freeman.example"}}
        if desk.package.sandbox.name == "xero"
        else {"fields": {"DisplayName": name, "PrimaryEmailAddr": {"Address": "billing@freeman.example"}}}
    )
    there = desk.package.sandbox.act("create_contact" if "Name" in fields["fields"] else "create_customer", fields)
    connect(desk)
    (match,) = read(desk.viewer, f"{desk.base}/matches")["items"]
    assert (match["customer_id"], match["remote_name"], match["decision"]) == (client["id"], name, None)
    assert match["evidence"]
    assert there
    assert desk.admin.post(f"{desk.base}/go-live").status_code == 409
    pair = {"customer_id": client["id"], "remote_id": match["remote_id"]}
    apart = {"decisions": [pair | {"decision": "separate"}]}
    assert desk.accountant.post(f"{desk.base}/matches", apart).get_json()["items"][0]["decision"] == "separate"
    together = {"decisions": [pair | {"decision": "link"}]}
    assert desk.accountant.post(f"{desk.base}/matches", together).get_json()["items"][0]["decision"] == "link"
    unknown = {"decisions": [pair | {"remote_id": "nobody", "decision": "link"}]}
    assert desk.accountant.post(f"{desk.base}/matches", unknown).status_code == 422
    for nonsense in ({}, {"accept": "all"}, {"accept": "exact", "accept_above": 0.9}, {"accept_above": 2}):
        assert desk.accountant.post(f"{desk.base}/matches", nonsense).status_code == 422
    assert desk.accountant.post(f"{desk.base}/matches", {"accept_above": 0}).status_code == 200
    assert desk.admin.post(f"{desk.base}/go-live").status_code == 200
    assert not desk.package.sandbox.log.writes


def test_nothing_is_written_before_live_and_the_plan_says_what_will_be(desk: Desk) -> None:
    client = desk.accountant.created("/customers", company())
    connect(desk)
    plan = desk.viewer.post(f"{desk.base}/plan").get_json()
    (action,) = plan["actions"]
    assert (action["action"], action["entity"], action["record_id"]) == ("create", "customer", client["id"])
    assert all({"field", "ours", "theirs", "becomes"} <= field.keys() for field in action["fields"])
    assert plan["calls"] >= 1
    assert desk.accountant.post(f"{desk.base}/sync").status_code == 409
    assert not desk.package.sandbox.log.writes


def test_changes_of_a_connection_are_made_for_a_revision(desk: Desk) -> None:
    go_live(desk)
    before = desk.connection()
    narrow = {"settings": {"push": "with_documents"}}
    mark = f'"{before["revision"]}"'
    answer = desk.admin.patch(desk.base, narrow, If_Match=mark)
    assert (answer.status_code, answer.headers["ETag"]) == (200, f'"{before["revision"] + 1}"')
    stale = desk.admin.patch(desk.base, {"settings": {"push": "by_hand"}}, If_Match=mark)
    assert (stale.status_code, stale.mimetype) == (409, PROBLEM)
    assert desk.connection()["settings"]["push"] == "with_documents"


@pytest.mark.parametrize("meanwhile", ["live", "paused", "disconnected"])
def test_a_reconnection_keeps_every_link_and_goes_on_where_it_was(desk: Desk, meanwhile: str) -> None:
    go_live(desk)
    client = desk.accountant.created("/customers", company())
    assert desk.sync()["state"] == "succeeded"
    link_id = desk.customer(client["id"])["link_id"]
    if meanwhile == "paused":
        assert desk.admin.post(f"{desk.base}/pause").get_json()["state"] == "paused"
    if meanwhile == "disconnected":
        assert desk.admin.delete(desk.base).status_code == 204
        assert desk.connection()["state"] == "disconnected"
        assert desk.accountant.post(f"{desk.base}/sync").status_code == 409
    answer = desk.admin.post(f"{desk.base}/reconnect")
    assert answer.get_json()["id"] == desk.connection_id
    assert desk.callback(**consent(answer.get_json()["authorize_url"])).status_code == 303
    assert desk.connection()["state"] == ("paused" if meanwhile == "paused" else "live")
    if meanwhile == "paused":
        assert desk.admin.post(f"{desk.base}/resume").get_json()["state"] == "live"
    desk.package.sandbox.log.clear()
    assert desk.sync()["counts"]["created"] == 0
    assert desk.customer(client["id"])["link_id"] == link_id
    assert not desk.package.sandbox.log.writes


def test_a_repeated_key_starts_one_connection(desk: Desk) -> None:
    body = {"provider": desk.package.sandbox.name}
    first = desk.admin.post("/connections", body, Idempotency_Key="k-1")
    again = desk.admin.post("/connections", body, Idempotency_Key="k-1")
    assert (first.status_code, again.text) == (201, first.text)
    assert len(read(desk.viewer, "/connections")["items"]) == 1


def test_connections_come_in_pages(desk: Desk) -> None:
    for _ in range(3):
        desk.begin()
    first = read(desk.viewer, "/connections", limit=2)
    rest = read(desk.viewer, "/connections", limit=2, cursor=first["next"])
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (2, 1, None)
    assert rest["items"][0]["id"] == desk.connection_id
    assert desk.viewer.get("/connections", cursor="nonsense").status_code == 422


def test_an_unknown_package_is_named_in_the_refusal(desk: Desk) -> None:
    answer = desk.admin.post("/connections", {"provider": "sage"})
    assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, "provider")
