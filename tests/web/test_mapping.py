"""The mapping's page: reasons, presets, a look before saving, faults that keep what was typed, versions; and losses."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from service.store.sync_models import ConnectionRow
from tests.web.conftest import client_of
from tests.web.world import World, add_matching


def form_of(client: FlaskClient, path: str) -> dict[str, str]:
    """Return what a browser would send of the mapping's form."""
    page = client.get(path).text
    given = {"version": re.findall(r'name="version" value="(\d+)"', page)[0]}
    for name, options in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', page, re.DOTALL):
        given[name] = (re.findall(r'value="([^"]*)" selected', options) or re.findall(r'value="([^"]*)"', options))[0]
    return given


def stored(world: World, connection_id: str) -> dict[str, object]:
    """Return the choices that are kept."""
    with world.database.read() as session:
        return dict(session.get_one(ConnectionRow, connection_id).mapping)


def test_what_is_missing_is_named_with_the_records_that_wait_and_why_the_rest_is_chosen(world: World) -> None:
    path = f"/connections/{add_matching(world)}/mapping"
    page = client_of(world).get(path).text
    assert 'data-testid="missing"' in page
    assert "Nothing is chosen yet for the tax level California" in page
    assert re.search(r'href="#choice-taxes-[^"]+"', page)
    assert f"/customers/{world.ids['freeman']}" in page or "/invoices/" in page
    assert "Chosen because it is the only account that takes payments." in page
    assert "disabled" in client_of(world, "viewer").get(path).text
    assert 'data-testid="save"' not in client_of(world, "viewer").get(path).text


def test_a_look_before_saving_tells_what_is_touched_and_keeps_nothing(world: World) -> None:
    connection_id = world.ids["connection"]
    client, path = client_of(world), f"/connections/{connection_id}/mapping"
    before = stored(world, connection_id)
    given = {**form_of(client, path), "items:default": "2", "naming": "count", "do": "preview"}
    answer = client.post(path, data=given)
    assert answer.status_code == 200
    assert 'data-testid="what-if"' in answer.text
    assert "was not asked" in answer.text
    assert '<option value="2" selected>' in answer.text
    assert re.search(r'value="count" checked', answer.text)
    assert stored(world, connection_id) == before
    assert client.post(path, data={**given, "do": "save"}).status_code == 303
    assert stored(world, connection_id)["items"] == {"default": "2"}
    assert stored(world, connection_id)["naming"] == "count"


def test_a_preset_fills_in_who_owns_what_and_leaves_the_rest_as_typed(world: World) -> None:
    connection_id = world.ids["connection"]
    client, path = client_of(world), f"/connections/{connection_id}/mapping"
    given = {**form_of(client, path), "items:default": "2", "preset": "we_own_customers"}
    page = client.post(path, data=given).text
    assert "Filled in: we own customers, they own payments" in page
    assert '<option value="2" selected>' in page
    filled = {**given, **dict(re.findall(r'<select name="(lists:[^"]+)".*?value="([^"]+)" selected', page, re.DOTALL))}
    assert filled["lists:payments"] == "receive"
    assert re.search(r'name="owners:customer.email".*?value="ours" selected', page, re.DOTALL)
    assert stored(world, connection_id)["lists"] == {}
    del filled["preset"]
    client.post(path, data={**filled, "owners:customer.email": "ours"})
    kept = stored(world, connection_id)
    assert (kept["lists"], kept["owners"]) == ({"payments": "receive"}, {"customer.email": "ours"})


def test_a_choice_that_can_not_be_used_is_said_beside_it_and_everything_typed_is_kept(world: World) -> None:
    client, path = client_of(world), f"/connections/{world.ids['connection']}/mapping"
    given = {**form_of(client, path), "items:default": "99", "naming": "count", "lists:customers": "off"}
    answer = client.post(path, data=given)
    assert answer.status_code == 422
    assert "QuickBooks does not offer &#39;99&#39;" in answer.text
    assert "Invoices can&#39;t be sent while customers are off" in answer.text
    assert '<option value="99" selected>' in answer.text
    assert re.search(r'value="count" checked', answer.text)
    assert re.search(r'name="lists:customers".*?value="off" selected', answer.text, re.DOTALL)


def test_an_earlier_version_is_taken_back(world: World) -> None:
    connection_id = world.ids["connection"]
    client, path = client_of(world), f"/connections/{connection_id}/mapping"
    for item in ("2", "1"):
        client.post(path, data={**form_of(client, path), "items:default": item})
    page = client.get(path).text
    assert "Version 2" in page
    assert "items · default:</span> 2 → 1" in page
    answer = client.post(f"{path}/take-back", data={"version": "1"}, follow_redirects=True)
    assert "Version 1 is taken back" in answer.text
    assert stored(world, connection_id)["items"] == {"default": "2"}
    assert client.post(f"{path}/take-back", data={"version": "9"}).status_code == 404


def test_packages_stand_side_by_side(world: World) -> None:
    page = client_of(world, "viewer").get("/capabilities").text
    assert "Customers and jobs" in page
    assert "There is no place for our customer number." in page
