from __future__ import annotations

import re

from service.store.accounts import Role
from service.store.queries.tokens import token_by_text
from tests.web.conftest import client_of
from tests.web.world import World


def test_a_token_is_shown_once_and_works(any_world: World) -> None:
    client = client_of(any_world)
    page = client.post("/settings/tokens", data={"name": "Reports", "role": "viewer"}).text
    secret = re.search(r"<code>(tieout_[^<]+)</code>", page)
    assert secret
    with any_world.database.read() as session:
        row = token_by_text(session, secret[1])
        assert row
        assert row.role == Role.VIEWER
    assert secret[1] not in client.get("/settings").text
    client.post(f"/settings/tokens/{row.id}/revoke")
    with any_world.database.read() as session:
        assert token_by_text(session, secret[1]) is None


def test_a_token_needs_a_name_and_a_role(world: World) -> None:
    for given in ({"name": "", "role": "viewer"}, {"name": "Reports", "role": "emperor"}):
        assert client_of(world).post("/settings/tokens", data=given).status_code == 422


def test_somebody_is_added_and_closed(any_world: World) -> None:
    client = client_of(any_world)
    given = {"email": "new@freeman.example", "password": "ten characters", "role": "accountant"}
    assert "can sign in as accountant" in client.post("/settings/users", data=given, follow_redirects=True).text
    again = client.post("/settings/users", data=given)
    assert again.status_code == 422
    assert "has an account already" in again.text
    weak = client.post("/settings/users", data={**given, "email": "weak@freeman.example", "password": "short"})
    assert "10 characters or more" in weak.text
    closed = client.post(f"/settings/users/{any_world.users['viewer']}/close", follow_redirects=True)
    assert "can no longer sign in" in closed.text


def test_nobody_closes_their_own_account(world: World) -> None:
    answer = client_of(world).post(f"/settings/users/{world.users['admin']}/close", follow_redirects=True)
    assert "your own account" in answer.text
    assert answer.status_code == 200


def test_the_theme_is_kept_and_leads_back(world: World) -> None:
    client = client_of(world)
    answer = client.post("/theme", data={"theme": "dark", "next": "/runs"})
    assert answer.headers["Location"] == "/runs"
    assert 'data-theme="dark"' in client.get("/runs").text
    client.post("/theme", data={"theme": "<script>"})
    assert 'data-theme="auto"' in client.get("/runs").text
