"""The page of matches: groups by how sure they are, bulk answers, and what exists only there."""

from __future__ import annotations

import pytest

from service.store.sync_models import ConnectionRow
from service.sync import proposing
from tests.web.conftest import client_of
from tests.web.package import remote_customer
from tests.web.world import World, add_matching, company, counterpart


def _prepared(world: World) -> str:
    """Add a second entity of one name, one that nobody here knows, and a name that is spelt otherwise."""
    connection_id = add_matching(world)
    with world.database.write() as session:
        at = session.get_one(ConnectionRow, connection_id)
        for name in ("Hampton Motors Limited", "Cash Sales"):
            company(session, world, name)
        for remote_id, name in (
            ("7", "Nobody We Know"),
            ("8", "Hamton Motors"),
            ("9", "Cash Sales Ltd"),
            ("10", "Cash Sales Inc"),
        ):
            counterpart(session, at, remote_customer(remote_id, name))
    return f"/connections/{connection_id}/matches"


def test_matches_are_shown_in_groups_with_their_reasons(world: World) -> None:
    page = client_of(world, "accountant").get(_prepared(world)).text
    sure, _, rest = page.partition('data-testid="group-probable"')
    probable, _, rest = rest.partition('data-testid="group-ambiguous"')
    several, _, alone = rest.partition('data-testid="only-there"')
    assert 'data-testid="group-sure"' in sure
    assert "same name and same email" in sure
    assert "name differs by spelling: &#39;Hampton Motors Limited&#39; here, &#39;Hamton Motors&#39; there" in probable
    assert all(name in several for name in ("Cash Sales Ltd", "Cash Sales Inc"))
    assert "Nobody We Know" in alone


def test_all_that_are_sure_can_be_linked_at_once_and_the_others_stay(world: World) -> None:
    path, client = _prepared(world), client_of(world, "accountant")
    page = client.post(path, data={"accept": "sure"}, follow_redirects=True).text
    assert 'data-testid="group-sure"' not in page
    assert 'data-testid="group-ambiguous"' in page


def test_who_may_only_look_is_offered_no_answer(world: World) -> None:
    page = client_of(world, "viewer").get(_prepared(world)).text
    assert 'data-testid="proposal"' in page
    assert "Keep separate" not in page


def test_the_page_says_that_a_long_comparison_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _prepared(world)
    monkeypatch.setattr(proposing, "look", lambda *_, **__: False)
    page = client_of(world, "accountant").get(path).text
    assert 'data-testid="comparing"' in page
    assert 'data-testid="accept-exact"' not in page


def test_one_that_exists_only_there_is_taken_in_and_what_is_missing_is_asked_for(world: World) -> None:
    path, client = _prepared(world), client_of(world, "accountant")
    order, who = path.replace("matches", "newcomers"), {"remote_id": "7"}
    asked = client.post(order, data=who)
    assert asked.status_code == 422
    assert "&#39;Nobody We Know&#39; can&#39;t be taken in as it is there." in asked.text
    wrong = client.post(order, data={**who, "first_name": "Nia", "email": "not an address"})
    assert "is not an address of mail" in wrong.text
    assert 'value="Nia"' in wrong.text
    page = client.post(
        order, data={**who, "first_name": "Nia", "email": "nia@nobody.example"}, follow_redirects=True
    ).text
    assert "It is a customer here now" in page
    assert "Nobody We Know" in page
    assert (
        "Nobody We Know" not in client.get(path).text.partition('data-testid="only-there"')[2].partition("<details>")[0]
    )
    assert client_of(world, "viewer").post(order, data=who).status_code == 403
