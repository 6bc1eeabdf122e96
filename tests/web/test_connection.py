"""Connecting a company and setting the connection up, up to going live."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from service.store.queries.connections import all_of
from service.store.sync_models import ConnectionRow
from tests.web.conftest import client_of
from tests.web.package import BOOKS, remote_customer
from tests.web.world import World, add_matching


@pytest.fixture
def books() -> Iterator[None]:
    BOOKS[:] = [
        remote_customer("5", "Kate Whelan & Daughters"),
        remote_customer("6", "Freeman Sporting Goods", email="billing@freeman.example"),
    ]
    yield
    BOOKS.clear()


def only_connection(world: World) -> ConnectionRow:
    with world.database.read() as session:
        row = all_of(session, world.organisation_id)[-1]
        session.expunge_all()
        return row


def begin(world: World) -> str:
    """Press the connect button; return the one-time state that the package is given."""
    answer = client_of(world).post("/connections", data={"provider": "quickbooks"})
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("https://package.example/authorize?")
    return parse_qs(urlsplit(answer.headers["Location"]).query)["state"][0]


def test_connecting_leads_to_the_package_and_back(any_world: World, books: None) -> None:
    with any_world.database.write() as session:
        session.get_one(ConnectionRow, any_world.ids["connection"]).remote_tenant_id = "another company"
    state = begin(any_world)
    nobody = any_world.app.test_client()  # the callback needs no session: it trusts the state alone
    answer = nobody.get(f"/oauth/quickbooks/callback?code=good&state={state}")
    row = only_connection(any_world)
    assert answer.headers["Location"] == f"/connections/{row.id}"
    assert (row.state, row.organisation_name) == ("matching", "Craig's Design")
    page = client_of(any_world).get(f"/connections/{row.id}").text
    assert 'data-testid="step-match" data-state="you"' in page
    assert "2 records may exist on both sides already." in page


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("code=good&state=wrong", "already used or has expired"),
        ("state={state}&error=access_denied", "Access was declined in QuickBooks"),
        ("state={state}&code=bad", "did not complete the connection"),
        ("", "already used or has expired"),
    ],
)
def test_a_consent_that_fails_says_why_and_what_to_do(world: World, arguments: str, words: str) -> None:
    state = begin(world)
    answer = world.app.test_client().get(f"/oauth/quickbooks/callback?{arguments.format(state=state)}")
    assert answer.status_code == 400
    assert words in answer.text
    assert "Go to the connections" in answer.text


def test_a_state_works_once(world: World) -> None:
    state = begin(world)
    client = world.app.test_client()
    client.get(f"/oauth/quickbooks/callback?code=bad&state={state}")
    assert client.get(f"/oauth/quickbooks/callback?code=good&state={state}").status_code == 400


def test_an_unknown_package_has_no_callback(world: World) -> None:
    assert world.app.test_client().get("/oauth/nobody/callback?code=good&state=x").status_code == 404
    assert client_of(world).post("/connections", data={"provider": "nobody"}).status_code == 404


def test_matches_are_decided_one_by_one_or_all_that_are_exact(any_world: World) -> None:
    path = f"/connections/{add_matching(any_world)}/matches"
    client = client_of(any_world, "accountant")
    setup = path.removesuffix("/matches")
    assert "2 records may exist on both sides already." in client.get(setup).text, "without anybody having looked"
    assert "2 records may exist on both sides" in client.get(path).text
    answer = client.post(path, data={"accept": "exact"}, follow_redirects=True)
    assert "1 record will be linked" in answer.text
    one = {"decision": "separate", "customer_id": any_world.ids["kate"], "remote_id": "5", "name": "Kate"}
    answer = client.post(path, data=one, follow_redirects=True)
    assert "&#39;Kate&#39; stays separate." in answer.text
    assert "Every match is decided" in answer.text
    assert "Every record that may exist on both sides is decided" in client.get(setup).text


def test_a_decision_about_nothing_is_explained(world: World) -> None:
    path = f"/connections/{add_matching(world)}/matches"
    wrong = {"decision": "link", "customer_id": "0" * 32, "remote_id": "5"}
    assert "no such customer here" in client_of(world).post(path, data=wrong, follow_redirects=True).text


def test_going_live_lists_what_is_missing_and_then_succeeds(any_world: World) -> None:
    connection_id = add_matching(any_world)
    client, path = client_of(any_world), f"/connections/{connection_id}"
    answer = client.post(f"{path}/go-live")
    assert answer.status_code == 409
    for words in ("Not live yet: 4 things need an answer first", "may be &#39;Kate Whelan", "the tax level California"):
        assert words in answer.text
    client.post(f"{path}/matches", data={"accept": "exact"})
    client.post(f"{path}/matches", data={"decision": "link", "customer_id": any_world.ids["kate"], "remote_id": "5"})
    level = next(
        name for name in _entries(any_world, connection_id) if name.startswith("taxes:") and "none" not in name
    )
    client.post(f"{path}/mapping", data={"version": "0", "items:default": "1", level: "TAX"})
    answer = client.post(f"{path}/go-live", follow_redirects=True)
    assert "The connection is live" in answer.text
    assert connection_id in any_world.runner.woken


def _entries(world: World, connection_id: str) -> list[str]:
    return re.findall(r'<select name="([^"]+)"', client_of(world).get(f"/connections/{connection_id}/mapping").text)


def test_the_mapping_keeps_what_the_form_did_not_show(world: World) -> None:
    with world.database.write() as session:
        row = session.get_one(ConnectionRow, world.ids["connection"])
        row.mapping = {**row.mapping, "owners": {"phone": "ours"}, "items": {"HOURS": "2"}}
    client, path = client_of(world), f"/connections/{world.ids['connection']}/mapping"
    assert client.post(path, data={"version": "0", "items:default": "1"}).status_code == 303
    with world.database.read() as session:
        mapping = session.get_one(ConnectionRow, world.ids["connection"]).mapping
        assert mapping["owners"] == {"phone": "ours"}
        assert mapping["items"] == {"HOURS": "2", "default": "1"}


def test_a_mapping_that_somebody_changed_meanwhile_is_not_overwritten(world: World) -> None:
    client, path = client_of(world), f"/connections/{world.ids['connection']}/mapping"
    client.post(path, data={"version": "0", "items:default": "1"})
    answer = client.post(path, data={"version": "0", "items:default": "2"})
    assert answer.status_code == 409
    assert "Somebody changed the mapping meanwhile" in answer.text
    assert '<option value="2" selected>' in answer.text


def test_the_preview_lists_what_would_happen_and_does_nothing(any_world: World) -> None:
    connection_id = add_matching(any_world)
    page = client_of(any_world, "viewer").get(f"/connections/{connection_id}/preview", follow_redirects=True).text
    assert "The first sync would do" in page
    assert "Cedar Vets" in page
    assert "Do exactly this" not in page, "it is not live yet"
    with any_world.database.read() as session:
        assert session.get_one(ConnectionRow, connection_id).state == "matching"


def test_a_plan_is_kept_in_a_list(any_world: World) -> None:
    client = client_of(any_world, "viewer")
    assert "No plan is kept" in client.get("/plans").text
    connection_id = add_matching(any_world)
    where = client.get(f"/connections/{connection_id}/preview").headers["Location"]
    assert f'href="{where}"' in client.get("/plans").text


def test_a_brake_is_shown_with_who_may_release_it(any_world: World) -> None:
    connection_id = any_world.ids["connection"]
    told = "180 of 300 records linked with QuickBooks would change at once, so nothing was changed."
    with any_world.database.write() as session:
        row = session.get_one(ConnectionRow, connection_id)
        row.problem = {"kind": "brake", "message": told, "since": "2026-11-22T09:00:00+00:00"}
        row.brake = {"brake": "too_many", "message": told, "touched": 180, "plan_id": None, "released_by": None}
    path = f"/connections/{connection_id}"
    assert "Support or an administrator can let it go on." in client_of(any_world, "accountant").get(path).text
    assert client_of(any_world, "accountant").post(f"{path}/release").status_code == 403
    assert told in client_of(any_world, "viewer").get("/").text
    support = client_of(any_world, "support")
    assert "Let the sync go on" in support.get(path).text
    assert support.post(f"{path}/release").status_code == 303
    assert told not in support.get(path).text


def test_the_connection_says_how_its_webhooks_fare(any_world: World) -> None:
    page = client_of(any_world, "viewer").get(f"/connections/{any_world.ids['connection']}").text
    assert "News from QuickBooks" in page


def test_pause_resume_and_disconnect(any_world: World) -> None:
    client, path = client_of(any_world), f"/connections/{any_world.ids['connection']}"
    assert "Paused." in client.post(f"{path}/pause", follow_redirects=True).text
    assert "not live" in client.post(f"{path}/sync", follow_redirects=True).text
    assert "Resumed." in client.post(f"{path}/resume", follow_redirects=True).text
    assert "this needs it to be paused" in client.post(f"{path}/resume", follow_redirects=True).text


def test_reconnecting_keeps_the_connection(world: World) -> None:
    answer = client_of(world).post(f"/connections/{world.ids['connection']}/reconnect")
    assert answer.headers["Location"].startswith("https://package.example/authorize?")


def test_sync_now_begins_a_run_that_the_dashboard_follows(any_world: World) -> None:
    client = client_of(any_world, "accountant")
    path = f"/connections/{any_world.ids['connection']}/sync"
    answer = client.post(path, data={"next": "/"}, follow_redirects=True)
    assert "The sync has begun" in answer.text
    assert 'data-testid="run-banner"' in answer.text
    assert "about to start" in answer.text
    assert any_world.runner.woken == [any_world.ids["connection"]]


def test_a_connection_in_trouble_says_so(world: World) -> None:
    with world.database.write() as session:
        row = session.get_one(ConnectionRow, world.ids["connection"])
        row.state, row.problem = "needs_reauth", {"kind": "needs_reauth", "message": "The permission has ended."}
    page = client_of(world).get("/").text
    assert "needs to be reconnected. Nothing is lost meanwhile." in page
    assert "The permission has ended." in page
    assert "Reconnect QuickBooks" in client_of(world).get(f"/connections/{world.ids['connection']}").text
