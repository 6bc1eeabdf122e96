"""A second look over HTTP: drift and what becomes of it, what was stored, every life of a link, every step of a run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from sandbox.common.server import Running
from tests.api.builders import company, invoice
from tests.api.desk import Desk, at_connection, go_live, open_desk, read
from tests.sync.bookkeeper import Bookkeeper

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def desk(package: Running, prepared_database_url: str) -> Iterator[Desk]:
    """A service with a live connection."""
    opened = open_desk(package, prepared_database_url)
    yield go_live(opened)
    opened.platform.database.close()


def choose(desk: Desk, rule: str) -> None:
    """Choose what becomes of drift."""
    answer = desk.admin.patch(desk.base, {"settings": {"drift": rule}})
    assert (answer.status_code, answer.get_json()["settings"]["drift"]) == (200, rule)


def drifted(desk: Desk, rule: str = "ask") -> tuple[str, dict[str, Any]]:
    """Rename a customer there; return its id here and the drifted field."""
    choose(desk, rule)
    client = desk.accountant.created("/customers", company("Cedar Vets"))
    desk.sync()
    desk.platform.pause(600)
    desk.sync()
    Bookkeeper(desk.package.sandbox).edit(desk.customer(client["id"])["remote_id"], name="Cedar Veterinary")
    answer = desk.accountant.send("POST", f"{desk.base}/reconcile", query_string={"wait": 60})
    assert answer.get_json()["counts"]["drift"] == 1
    (found,) = read(desk.viewer, "/drift", connection_id=desk.connection_id, status="open")["items"]
    return client["id"], found


def test_drift_says_what_was_changed_when_and_what_becomes_of_it(desk: Desk) -> None:
    client_id, found = drifted(desk)
    assert (found["record_id"], found["entity"], found["label"]) == (client_id, "customer", "Cedar Vets")
    assert (found["field"], found["field_label"]) == ("name", "Name")
    assert (found["agreed"], found["ours"], found["theirs"]) == ("Cedar Vets", "Cedar Vets", "Cedar Veterinary")
    assert found["message"].startswith("Name was changed in ")
    assert found["message"].endswith("from Cedar Vets to Cedar Veterinary. It stays as it is until somebody decides.")
    assert datetime.fromisoformat(found["changed_at"]) <= datetime.fromisoformat(found["found_at"])
    assert found["changed_by"] is None
    assert found["changed_by_note"].endswith(" tells when a record was last changed, not by whom.")
    state = desk.customer(client_id)
    assert (state["dot"], state["drift"]) == ("green", 1)
    (warning,) = [one for one in desk.connection()["warnings"] if one["kind"] == "drift"]
    assert warning["message"].startswith("1 field of ours waits for a decision")
    assert read(desk.viewer, f"/drift/{found['id']}") == found
    for wanted in ({"status": "put_back"}, {"record_id": desk.connection_id}):
        assert read(desk.viewer, "/drift", **wanted)["items"] == []
    assert desk.viewer.get("/drift", status="gone").status_code == 422
    assert desk.stranger.get(f"/drift/{found['id']}").status_code == 404
    assert read(desk.stranger, "/drift")["items"] == []


def test_a_decision_takes_the_right_role_and_is_taken_once(desk: Desk) -> None:
    client_id, found = drifted(desk)
    path = f"/drift/{found['id']}"
    assert desk.viewer.post(path, {"decision": "accept"}).status_code == 403
    assert desk.stranger.post(path, {"decision": "accept"}).status_code == 404
    assert desk.accountant.post(path, {"decision": "shrug"}).status_code == 422
    first = desk.accountant.post(path, {"decision": "accept"})
    assert (first.status_code, first.get_json()["decision"]) == (200, "accept")
    assert first.get_json()["message"].endswith("The next sync takes it over.")
    assert desk.accountant.post(path, {"decision": "accept"}).get_json() == first.get_json()
    run = desk.sync()
    settled = read(desk.viewer, path)
    assert (settled["status"], settled["closed_run_id"], settled["kept"]) == ("accepted", run["id"], False)
    assert read(desk.viewer, f"/customers/{client_id}")["name"] == "Cedar Veterinary"
    assert desk.accountant.post(path, {"decision": "accept"}).status_code == 200
    refused = desk.accountant.post(path, {"decision": "put_back"})
    assert (refused.status_code, refused.get_json()["type"]) == (409, "urn:tieout:problem:already_settled")
    assert not [one for one in desk.connection()["warnings"] if one["kind"] == "drift"]


def test_a_change_of_the_rule_is_carried_out_by_the_next_sync(desk: Desk) -> None:
    client_id, found = drifted(desk)
    assert desk.admin.patch(desk.base, {"settings": {"push": "all"}}).get_json()["settings"]["drift"] == "ask"
    choose(desk, "put_back")
    assert desk.customer(client_id)["dot"] == "orange"
    desk.sync()
    assert read(desk.viewer, f"/drift/{found['id']}")["status"] == "put_back"
    assert desk.customer(client_id)["drift"] == 0
    assert desk.admin.patch(desk.base, {"settings": {"drift": "shrug"}}).status_code == 422


def test_what_was_stored_stands_beside_what_was_meant(desk: Desk) -> None:
    client = desk.accountant.created("/customers", company())
    bill = desk.accountant.created("/invoices", invoice(client["id"], status="approved"))
    desk.sync()
    state = at_connection(read(desk.viewer, f"/invoices/{bill['id']}"))
    assert state["readback"]["state"] == "as_meant"
    lines = {line["what"]: line for line in state["readback"]["lines"]}
    assert lines["total"]["stored"] == lines["total"]["meant"]
    assert lines["to"]["meant"] == bill["recipients"]["to"]
    link = read(desk.viewer, f"/links/{state['link_id']}")
    assert link["readback"] == state["readback"]
    assert not [one for one in desk.connection()["warnings"] if one["kind"] == "readback"]


def test_a_total_that_was_stored_otherwise_is_counted_at_the_connection(desk: Desk) -> None:
    client = desk.accountant.created("/customers", company())
    bill = desk.accountant.created("/invoices", invoice(client["id"], status="approved"))
    total: dict[str, dict[str, Any]] = {
        "xero": {"amounts": {"Total": "9999"}},
        "quickbooks": {"fields": {"TotalAmt": 9999}},
    }
    desk.package.sandbox.act("misstore", total[desk.package.sandbox.name])
    desk.sync()
    state = at_connection(read(desk.viewer, f"/invoices/{bill['id']}"))
    assert (state["dot"], state["readback"]["state"]) == ("green", "differs")
    (warning,) = [one for one in desk.connection()["warnings"] if one["kind"] == "readback"]
    assert " stored 1 record otherwise than meant" in warning["message"]


def test_a_link_tells_every_write_with_its_request_its_answer_and_why(desk: Desk) -> None:
    clients = [desk.accountant.created("/customers", company(name)) for name in ("Alder", "Birch")]
    desk.sync()
    desk.accountant.patch(f"/customers/{clients[0]['id']}", {"name": "Alder Works"})
    run = desk.sync()
    link = read(desk.viewer, f"/links/{desk.customer(clients[0]['id'])['link_id']}")
    (life,) = link["history"]
    renamed, created = life["writes"]
    assert [one["operation"] for one in (renamed, created)] == ["update", "create"]
    assert [one["state"] for one in (renamed, created)] == ["confirmed", "confirmed"]
    (field,) = [one for one in renamed["fields"] if one["field"] == "name"]
    assert (field["before"], field["after"], field["why"]) == ("Alder", "Alder Works", "ours changed")
    call = renamed["call"]
    assert (call["run_id"], call["times_sent"], call["status"], call["attempt"]) == (run["id"], 1, 200, 1)
    assert call["key"]
    assert call["last_sent_at"] >= call["first_sent_at"]
    for told in (created["call"]["request"], created["call"]["answer"]):
        assert "Alder" in told
        assert "Birch" not in told
    assert [event["verb"] for event in life["events"]][:2] == ["sent", "sent as new"]
    assert {event["run_id"] for event in life["events"][:1]} == {run["id"]}
    assert life["problems"] == []


def test_a_link_tells_the_questions_it_raised_with_their_answers(desk: Desk) -> None:
    Bookkeeper(desk.package.sandbox).add_vendor("Bay Supplies")
    client = desk.accountant.created("/customers", company("Bay Supplies"))
    desk.sync()
    problem = desk.customer(client["id"])["problem"]
    answer = {"option": "rename_ours", "name": "Bay Supplies (client)"}
    assert desk.accountant.post(f"/conflicts/{problem['conflict_id']}/resolve", answer).status_code == 200
    desk.sync()
    (life,) = read(desk.viewer, f"/links/{desk.customer(client['id'])['link_id']}")["history"]
    (asked,) = life["problems"]
    assert (asked["kind"], asked["message"]) == ("duplicate_name", problem["message"])
    assert asked["answer"]["name"] == "Bay Supplies (client)"
    assert asked["closed_by"].startswith("token:")


def test_a_run_tells_each_of_its_actions_in_order_page_by_page(desk: Desk) -> None:
    client = desk.accountant.created("/customers", company("Alder"))
    job = desk.accountant.created("/customers", {"name": "Roof", "parent_id": client["id"]})
    bill = desk.accountant.created("/invoices", invoice(job["id"], status="approved"))
    Bookkeeper(desk.package.sandbox).add_vendor("Bay Supplies")
    taken = desk.accountant.created("/customers", company("Bay Supplies"))
    run = desk.sync()
    path = f"/runs/{run['id']}/actions"
    actions = read(desk.viewer, path)["items"]
    written = [one for one in actions if one["call"] is not None]
    assert [one["record_id"] for one in written if one["state"] == "confirmed"] == [client["id"], job["id"], bill["id"]]
    assert [one["label"] for one in written if one["state"] == "confirmed"] == ["Alder", "Alder:Roof", bill["number"]]
    assert {one["call"]["run_id"] for one in written} == {run["id"]}
    (asked,) = [one for one in actions if one["problem"] is not None]
    assert (asked["record_id"], asked["problem"]["kind"]) == (taken["id"], "duplicate_name")
    assert asked["problem"]["message"]
    paged, cursor = [], None
    while True:
        page = read(desk.viewer, path, limit=2, **({"cursor": cursor} if cursor else {}))
        paged += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert paged == actions
    assert desk.stranger.get(path).status_code == 404
    assert {one["run_id"] for one in read(desk.viewer, "/events", run_id=run["id"])["items"]} == {run["id"]}


def test_what_a_run_took_over_from_there_is_among_its_actions(desk: Desk) -> None:
    client = desk.accountant.created("/customers", company("Alder", phone="555 0100"))
    desk.sync()
    desk.platform.pause(600)
    Bookkeeper(desk.package.sandbox).edit(desk.customer(client["id"])["remote_id"], phone="555 0200")
    run = desk.sync()
    (taken,) = read(desk.viewer, f"/runs/{run['id']}/actions")["items"]
    assert (taken["what"], taken["why"], taken["call"]) == ("edited", "theirs changed", None)
    assert [one["field"] for one in taken["fields"]] == ["phone"]
    (life,) = read(desk.viewer, f"/links/{desk.customer(client['id'])['link_id']}")["history"]
    assert (life["events"][0]["verb"], life["events"][0]["run_id"]) == ("edited", run["id"])
