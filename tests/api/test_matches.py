"""Proposed matches over HTTP: pages, counts, bulk answers, and what exists only there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.common.server import Running
from service.sync import proposing
from tests.api.builders import company
from tests.api.desk import Desk, connect, open_desk, read
from tests.sync.bookkeeper import Bookkeeper

NAMES = ("Acme", "Bolton Tools", "Carter Logistics")


@pytest.fixture
def desk(package: Running, prepared_database_url: str) -> Iterator[Desk]:
    opened = open_desk(package, prepared_database_url)
    bookkeeper = Bookkeeper(package.sandbox)
    for name in NAMES:
        opened.accountant.created("/customers", company(name, email=f"office@{name.split()[0].lower()}.example"))
        bookkeeper.add_customer(f"{name} Ltd")
    bookkeeper.add_customer("Walk-in")
    yield connect(opened)
    opened.platform.database.close()


def test_matches_come_in_pages_and_are_counted(desk: Desk) -> None:
    whole = read(desk.viewer, f"{desk.base}/matches")
    assert (len(whole["items"]), whole["next"], whole["state"]) == (3, None, "ready")
    assert whole["counts"] == {"sure": 3, "probable": 0, "ambiguous": 0, "decided": 0}
    assert whole["items"][0]["evidence"] == ["name differs by 'Ltd'"]
    first = read(desk.viewer, f"{desk.base}/matches", limit=2)
    rest = read(desk.viewer, f"{desk.base}/matches", limit=2, cursor=first["next"])
    assert first["items"] + rest["items"] == whole["items"]
    assert desk.viewer.get(f"{desk.base}/matches", cursor="nonsense").status_code == 422
    assert desk.stranger.get(f"{desk.base}/matches").status_code == 404


def test_a_bulk_answer_says_what_it_decided_and_what_is_left(desk: Desk) -> None:
    exact = desk.accountant.post(f"{desk.base}/matches", {"accept": "exact"}).get_json()
    assert (exact["decided"], exact["counts"]["sure"]) == (0, 3)
    sure = desk.accountant.post(f"{desk.base}/matches", {"accept_above": 0.95}).get_json()
    assert (sure["decided"], sure["counts"]["decided"], sure["next"]) == (3, 3, None)
    assert {one["decision"] for one in sure["items"]} == {"link"}
    assert desk.viewer.post(f"{desk.base}/matches", {"accept": "exact"}).status_code == 403


def test_what_exists_only_there_is_listed_apart(desk: Desk) -> None:
    read(desk.viewer, f"{desk.base}/matches")
    (only,) = read(desk.viewer, f"{desk.base}/candidates")["items"]
    assert (only["name"], only["email"]) == ("Walk-in", None)
    assert only["remote_id"]
    assert desk.stranger.get(f"{desk.base}/candidates").status_code == 404


def test_what_exists_only_there_becomes_a_customer_here_when_a_person_says_so(desk: Desk) -> None:
    (only,) = read(desk.viewer, f"{desk.base}/candidates")["items"]
    order = {"remote_id": only["remote_id"]}
    assert desk.viewer.post(f"{desk.base}/candidates", {"take_in": [order]}).status_code == 403
    assert desk.stranger.post(f"{desk.base}/candidates", {"take_in": [order]}).status_code == 404
    refused = desk.accountant.post(f"{desk.base}/candidates", {"take_in": [order]})
    assert refused.status_code == 422
    assert "'Walk-in' can't be taken in as it is there." in refused.get_json()["detail"]
    whole = {**order, "first_name": "Wim", "email": "wim@walk.example"}
    made = desk.accountant.post(f"{desk.base}/candidates", {"take_in": [whole]})
    assert made.status_code == 201
    (customer_id,) = made.get_json()["customer_ids"]
    assert read(desk.viewer, f"/customers/{customer_id}")["name"] == "Walk-in"
    assert read(desk.viewer, f"{desk.base}/candidates")["items"] == []
    assert desk.accountant.post(f"{desk.base}/candidates", {"take_in": [whole]}).status_code == 422


def test_a_long_comparison_says_that_it_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposing, "look", lambda *_, **__: False)
    assert read(desk.viewer, f"{desk.base}/matches")["state"] == "working"
    answer = desk.accountant.post(f"{desk.base}/matches", {"accept": "exact"})
    assert (answer.status_code, "still being compared" in answer.text) == (409, True)
