"""Customers as a tree and flat, searched, filtered, page by page: on both databases."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from service.records.customers import archive_customer
from tests.web.conftest import client_of
from tests.web.world import World, company


def names_on(page: str) -> list[str]:
    rows = re.findall(r"<tr id=\"row-.*?</tr>", page, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", found[1]) for row in rows if (found := re.search(r"data-open[^>]*>(.*?)</a>", row))]


def dots_of(page: str, record_id: str) -> list[str]:
    row = re.search(rf'<tr id="row-{record_id}".*?</tr>', page, re.DOTALL)
    assert row
    return re.findall(r'data-dot="(\w+)"', row[0])


@pytest.mark.parametrize("path", ["/", "/customers"])
def test_the_tree_begins_with_clients(any_world: World, path: str) -> None:
    assert names_on(client_of(any_world).get(path).text) == [
        "Amy O&#39;Brien 山田",
        "Cedar Vets",
        "Freeman Sporting Goods",
        "Harbour Roofing Ltd",
        "Kate Whelan &amp; Daughters",
    ]


def test_a_row_opens_to_its_jobs_and_they_to_theirs(any_world: World) -> None:
    client, ids = client_of(any_world), any_world.ids
    assert names_on(client.get(f"/parts/customers/{ids['freeman']}/children").text) == ["0969 Ocean View Road"]
    assert names_on(client.get(f"/parts/customers/{ids['store']}/children").text) == ["Roof"]
    assert names_on(client.get(f"/customers?parent={ids['freeman']}").text) == ["0969 Ocean View Road"]


def test_flat_shows_every_level_with_its_path(any_world: World) -> None:
    names = names_on(client_of(any_world).get("/customers?view=flat").text)
    assert names == [
        "Amy O&#39;Brien 山田",
        "Cedar Vets",
        "Freeman Sporting Goods",
        "Freeman Sporting Goods:0969 Ocean View Road",
        "Freeman Sporting Goods:0969 Ocean View Road:Roof",
        "Harbour Roofing Ltd",
        "Kate Whelan &amp; Daughters",
    ]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ("q=roof", ["Freeman Sporting Goods:0969 Ocean View Road:Roof", "Harbour Roofing Ltd"]),
        ("q=C-1005", ["Cedar Vets"]),
        ("q=nobody", []),
        ("view=flat&sort=-name&q=a", ["Kate Whelan &amp; Daughters", "Amy O&#39;Brien 山田"]),
        ("dot=red", ["Cedar Vets", "Harbour Roofing Ltd"]),
        ("dot=orange", ["Kate Whelan &amp; Daughters"]),
        ("dot=none&view=flat", ["Amy O&#39;Brien 山田", "Freeman Sporting Goods:0969 Ocean View Road:Roof"]),
        ("dot=purple&list=nonsense&sort=evil&view=x&connection=y", None),
    ],
)
def test_searching_and_filtering(any_world: World, arguments: str, names: list[str] | None) -> None:
    found = names_on(client_of(any_world).get(f"/customers?{arguments}").text)
    assert len(found) == 5 if names is None else set(found) >= set(names)
    if names is not None and "sort" not in arguments:
        assert len(found) == len(names)


def test_each_dot_is_on_its_row_with_its_word(any_world: World) -> None:
    page, ids = client_of(any_world).get("/customers?view=flat").text, any_world.ids
    shown = {name: dots_of(page, ids[name]) for name in ("freeman", "kate", "cedar", "harbour", "amy")}
    assert shown == {
        "freeman": ["green"],
        "kate": ["orange"],
        "cedar": ["red"],
        "harbour": ["red"],
        "amy": ["none"],
    }
    for word in ("in sync", "waiting", "needs you", "not sent"):
        assert word in page


def test_archived_ones_are_shown_on_request(any_world: World) -> None:
    with any_world.database.write() as session:
        archive_customer(session, any_world.author, any_world.ids["amy"])
    client = client_of(any_world)
    assert len(names_on(client.get("/customers").text)) == 4
    shown = client.get("/customers?archived=true").text
    assert len(names_on(shown)) == 5
    assert "archived</span>" in shown


#: How many rows a list of 105 more companies has.
LENGTHS = {"": 110, "view=flat": 112, "sort=-created_at": 110, "view=flat&sort=-name": 112, "q=company": 105}


def test_pages_follow_each_other_without_gap_or_repetition(any_world: World) -> None:
    with any_world.database.write() as session:
        for number in range(105):
            company(session, any_world, f"Company {number:03}")
    for arguments, length in LENGTHS.items():
        seen = rows_on_all_pages(client_of(any_world), f"/customers?{arguments}")
        assert (len(seen), len(set(seen))) == (length, length), arguments


def rows_on_all_pages(client: FlaskClient, path: str) -> list[str]:
    seen: list[str] = []
    while True:
        page = client.get(path).text
        seen += re.findall(r'<tr id="row-(\w+)"', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        if following is None:
            return seen
        path = following[1].replace("&amp;", "&")


def test_an_empty_list_says_what_to_do_next(empty: World, world: World) -> None:
    del world
    assert "Nothing matches" in client_of(empty).get("/customers?q=nobody").text


def test_an_empty_company_says_what_to_do_next(empty: World) -> None:
    client = client_of(empty)
    assert "There are no customers yet" in client.get("/customers").text
    dashboard = client.get("/").text
    assert "No package is connected" in dashboard
    assert "Connect a package" in dashboard
    for path, words in {
        "/invoices": "There are no invoices yet",
        "/conflicts": "Nothing needs you",
        "/runs": "Nothing has run yet",
        "/activity": "Nothing has happened yet",
        "/connections": "Nothing is connected yet",
    }.items():
        assert words in client.get(path).text
