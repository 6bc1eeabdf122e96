"""Runs, links, questions and their answers over HTTP, at each package; and what never shows in an answer."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from sandbox.common.server import Running
from service.store.base import Base
from service.store.sync_models import CredentialRow
from service.sync.tokens import unseal
from tests.api.builders import company, invoice
from tests.api.desk import Desk, at_connection, consent, go_live, open_desk, read
from tests.api.test_protocol import PROBLEM


@pytest.fixture
def desk(package: Running, prepared_database_url: str) -> Iterator[Desk]:
    opened = open_desk(package, prepared_database_url)
    yield go_live(opened)
    opened.platform.database.close()


def edit_there(desk: Desk, remote_id: str, phone: str) -> None:
    """Edit a phone as a bookkeeper does."""
    if desk.package.sandbox.name == "xero":
        fields: dict[str, Any] = {"Phones": [{"PhoneType": "DEFAULT", "PhoneNumber": phone}]}
        desk.package.sandbox.act("edit_contact", {"contact": remote_id, "fields": fields})
    else:
        desk.package.sandbox.act("edit", {"id": remote_id, "fields": {"PrimaryPhone": {"FreeFormNumber": phone}}})


def held(desk: Desk) -> tuple[str, dict[str, Any]]:
    """Edit one phone on both sides and sync; return the customer and the question."""
    client = desk.accountant.created("/customers", company(phone="555 0100"))
    desk.sync()
    edit_there(desk, desk.customer(client["id"])["remote_id"], "555 0200")
    assert desk.accountant.patch(f"/customers/{client['id']}", {"phone": "555 0300"}).status_code == 200
    assert desk.sync()["state"] == "partial"
    state = desk.customer(client["id"])
    assert (state["dot"], state["problem"]["kind"]) == ("red", "both_changed")
    return client["id"], read(desk.viewer, f"/conflicts/{state['problem']['conflict_id']}")


def test_a_sync_turns_every_dot_green_and_the_next_one_writes_nothing(desk: Desk) -> None:
    client = desk.accountant.created("/customers", company())
    job = desk.accountant.created("/customers", {"name": "Roof", "parent_id": client["id"]})
    bill = desk.accountant.created("/invoices", invoice(job["id"], status="approved"))
    run = desk.sync()
    assert (run["state"], run["counts"]["created"], run["counts"]["failed"]) == ("succeeded", 3, 0)
    assert run["progress"]["done"] == run["progress"]["total"]
    for path in (f"/customers/{client['id']}", f"/customers/{job['id']}", f"/invoices/{bill['id']}"):
        state = at_connection(read(desk.viewer, path))
        assert (state["dot"], state["problem"]) == ("green", None)
        assert state["remote_url"].startswith("https://")
    assert desk.connection()["counts"] == {"green": 3, "orange": 0, "red": 0, "none": 0, "conflicts": 0}
    desk.package.sandbox.log.clear()
    assert desk.sync()["calls"] <= 3
    assert not desk.package.sandbox.log.writes
    listed = read(desk.viewer, "/runs", limit=1)
    (before,) = read(desk.viewer, "/runs", limit=1, cursor=listed["next"])["items"]
    assert before == read(desk.viewer, f"/runs/{run['id']}")


def test_a_list_is_filtered_by_the_dot_at_a_connection(desk: Desk) -> None:
    green = desk.accountant.created("/customers", company("Green"))
    orange = desk.accountant.created("/customers", company("Orange"))
    desk.sync()
    never = desk.accountant.created("/customers", company("Never"))
    desk.accountant.patch(f"/customers/{orange['id']}", {"phone": "555 0100"})
    for dot, expected in (("green", [green]), ("orange", [orange]), ("none", [never]), ("red", [])):
        found = read(desk.viewer, "/customers", dot=dot, connection_id=desk.connection_id)["items"]
        assert [one["id"] for one in found] == [one["id"] for one in expected], dot
        links = read(desk.viewer, "/links", dot=dot, connection_id=desk.connection_id)["items"]
        assert [one["record_id"] for one in links] == [one["id"] for one in expected if one is not never], dot
    assert desk.viewer.get("/customers", dot="blue", connection_id=desk.connection_id).status_code == 422


def test_a_customer_is_sent_at_once_without_a_body_or_to_the_connection_that_is_named(desk: Desk) -> None:
    client = desk.accountant.created("/customers", company())
    for body in (None, {}, {"connection_id": desk.connection_id}):
        answer = desk.accountant.send("POST", f"/customers/{client['id']}/sync", json=body, query_string={"wait": 60})
        assert answer.status_code == 200, answer.text
        (run,) = answer.get_json()["runs"]
        assert run["connection_id"] == desk.connection_id
        assert desk.customer(client["id"])["dot"] == "green"
    unknown = desk.accountant.post(f"/customers/{client['id']}/sync", {"connection_id": "0" * 32})
    assert unknown.status_code == 404


def test_a_link_has_a_history_and_events_carry_the_package_s_request(desk: Desk) -> None:
    client = desk.accountant.created("/customers", company())
    desk.sync()
    (link,) = read(desk.viewer, "/links", record_id=client["id"])["items"]
    detail = read(desk.viewer, f"/links/{link['id']}")
    assert [write["operation"] for life in detail["history"] for write in life["writes"]] == ["create"]
    events = read(desk.viewer, "/events", link_id=link["id"])["items"]
    assert any(event["request_id"] for event in events)
    assert all(event["at"].endswith("Z") for event in events)


@pytest.mark.parametrize(
    ("answer", "phone"),
    [
        ({"option": "keep_ours"}, "0300"),
        ({"option": "keep_theirs"}, "0200"),
        ({"option": "choose_fields", "fields": {"phone": "theirs"}}, "0200"),
        ({"option": "choose_fields", "fields": {"phone": "ours"}}, "0300"),
    ],
)
def test_a_field_changed_on_both_sides_waits_for_an_answer(desk: Desk, answer: dict[str, Any], phone: str) -> None:
    client_id, question = held(desk)
    (field,) = question["fields"]
    assert (field["field"], question["status"]) == ("phone", "open")
    assert "0300" in read(desk.viewer, f"/customers/{client_id}")["phone"].replace(" ", "")
    path = f"/conflicts/{question['id']}"
    for nonsense in ({}, {"option": "magic"}, {"option": "follow_merge"}, {"option": "choose_fields"}):
        refused = desk.accountant.post(f"{path}/resolve", nonsense)
        assert (refused.status_code, refused.mimetype) == (422, PROBLEM), nonsense
    assert desk.accountant.post(f"{path}/resolve", answer).get_json()["status"] == "resolved"
    assert desk.accountant.post(f"{path}/resolve", answer).status_code == 409
    assert desk.sync()["state"] == "succeeded"
    assert desk.customer(client_id)["dot"] == "green"
    assert phone in read(desk.viewer, f"/customers/{client_id}")["phone"].replace(" ", "")
    assert read(desk.viewer, "/conflicts", status="open")["items"] == []
    assert [one["id"] for one in read(desk.viewer, "/conflicts", status="resolved")["items"]] == [question["id"]]


def test_a_question_shows_what_each_answer_changes_and_later_what_came_of_it(desk: Desk) -> None:
    _, listed = held(desk)
    path = f"/conflicts/{listed['id']}"
    shown = read(desk.viewer, path)
    by_id = {option["id"]: option["changes"] for option in shown["options"]}
    (ours,), (theirs,) = by_id["keep_ours"], by_id["keep_theirs"]
    assert (ours["side"], ours["field"], theirs["side"]) == ("theirs", "phone", "ours")
    assert (ours["from"], ours["to"]) == (theirs["to"], theirs["from"])
    assert by_id["choose_fields"] == []
    assert shown["outcome"] is None
    assert all(
        option["changes"] is None for one in read(desk.viewer, "/conflicts")["items"] for option in one["options"]
    )
    answered = desk.accountant.post(f"{path}/resolve", {"option": "keep_ours"}).get_json()
    assert answered["outcome"]["told"].startswith("Keep ours, chosen by ")
    assert "changes" not in answered["answer"]
    late = desk.accountant.post(f"{path}/resolve", {"option": "keep_theirs"})
    assert late.status_code == 409
    assert "answered already by token " in late.get_json()["detail"]
    assert answered["outcome"]["take_back"]["possible"]
    assert desk.viewer.post(f"{path}/take-back").status_code == 403
    undone = desk.accountant.post(f"{path}/take-back").get_json()
    assert undone["outcome"]["taken_back_by"].startswith("token ")
    assert desk.accountant.post(f"{path}/take-back").status_code == 409
    path = f"/conflicts/{undone['outcome']['next_conflict_id']}"
    assert desk.accountant.post(f"{path}/resolve", {"option": "keep_ours"}).status_code == 200
    desk.sync()
    outcome = read(desk.viewer, path)["outcome"]
    assert [change["to"] for change in outcome["changes"]] == [ours["to"]]
    sent = next(step for step in outcome["steps"] if step["verb"] == "sent")
    assert sent["after"]["phone"] == ours["to"]
    assert sent["request_id"]


def test_a_name_that_is_taken_there_is_asked_about_and_renamed_here(desk: Desk) -> None:
    taken = "Bay Supplies"
    if desk.package.sandbox.name == "xero":
        desk.package.sandbox.act("create_contact", {"fields": {"Name": taken}})
    else:
        desk.package.sandbox.act("create_vendor", {"name": taken})
    client = desk.accountant.created("/customers", company(taken))
    desk.sync()
    problem = desk.customer(client["id"])["problem"]
    assert problem["kind"] == "duplicate_name"
    path = f"/conflicts/{problem['conflict_id']}/resolve"
    for name in (None, "", "Bay: Supplies", "Bay\nSupplies"):
        refused = desk.accountant.post(path, {"option": "rename_ours", "name": name})
        assert refused.status_code == 422, name
        assert refused.get_json()["errors"][0]["field"] == "name"
    assert desk.accountant.post(path, {"option": "rename_ours", "name": "Bay Supplies (client)"}).status_code == 200
    desk.sync()
    assert desk.customer(client["id"])["dot"] == "green"
    assert read(desk.viewer, f"/customers/{client['id']}")["name"] == "Bay Supplies (client)"


def test_a_full_reconciliation_reads_everything_and_takes_no_body_for_the_small_one(desk: Desk) -> None:
    desk.accountant.created("/customers", company())
    desk.sync()
    desk.package.sandbox.log.clear()
    for body in ({"full": True}, None):
        answer = desk.accountant.send("POST", f"{desk.base}/reconcile", json=body, query_string={"wait": 60})
        assert answer.status_code == 200, answer.text
        assert answer.get_json()["kind"] == "reconcile"
    assert not desk.package.sandbox.log.writes
    assert desk.accountant.post(f"{desk.base}/reconcile?wait=121").status_code == 422


def test_a_paused_connection_sends_nothing_until_it_goes_on(desk: Desk) -> None:
    client = desk.accountant.created("/customers", company())
    assert desk.admin.post(f"{desk.base}/pause").get_json()["state"] == "paused"
    assert desk.accountant.post(f"{desk.base}/sync").status_code == 409
    assert desk.admin.post(f"{desk.base}/pause").status_code == 409
    assert desk.admin.post(f"{desk.base}/resume").get_json()["state"] == "live"
    desk.sync()
    assert desk.customer(client["id"])["dot"] == "green"


def test_secrets_are_in_no_answer_no_log_and_no_column(
    package: Running, prepared_database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk = open_desk(package, prepared_database_url)
    arguments = consent(desk.begin())
    caplog.set_level(logging.DEBUG)  # from here on: before, the browser's own address was the test's
    assert desk.callback(**arguments).status_code == 303
    desk.admin.post(f"{desk.base}/go-live")
    desk.accountant.created("/customers", company())
    desk.sync()
    secrets = {arguments["code"], arguments["state"], *_tokens(desk)}
    settings = desk.platform.settings.provider(package.sandbox.name)
    assert settings.client_secret is not None
    secrets.add(settings.client_secret.get_secret_value())
    assert len(secrets) >= 5
    paths = ("/connections", "/runs", "/links", "/conflicts", "/events", desk.base, f"{desk.base}/mapping")
    answers = "".join(desk.admin.get(path).text for path in paths)
    kept = _dump(desk)
    for secret in secrets:
        assert secret not in answers
        assert secret not in caplog.text
        assert secret not in kept
    desk.platform.database.close()


def _tokens(desk: Desk) -> set[str]:
    with desk.platform.database.read() as session:
        (row,) = session.scalars(select(CredentialRow))
        tokens = unseal(desk.platform, row)
    return {tokens.access_token, tokens.refresh_token}


def _dump(desk: Desk) -> str:
    with desk.platform.database.read() as session:
        return "".join(
            str(tuple(row)) for table in Base.metadata.sorted_tables for row in session.execute(select(table))
        )
