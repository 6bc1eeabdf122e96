from __future__ import annotations

import re

from service.records.users import check_password
from service.store.accounts import Role, User
from service.store.queries.tokens import token_by_text
from tests.web.conftest import client_of
from tests.web.forms import fields_of
from tests.web.world import PASSWORD, World


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


def test_a_role_and_a_password_are_changed_by_an_administrator(any_world: World) -> None:
    client, viewer = client_of(any_world), any_world.users["viewer"]
    told = client.post(f"/settings/users/{viewer}/role", data={"role": "support"}, follow_redirects=True)
    assert "viewer@freeman.example is support now." in told.text
    own = client.post(
        f"/settings/users/{any_world.users['admin']}/role", data={"role": "viewer"}, follow_redirects=True
    )
    assert "your own role" in own.text
    weak = client.post(f"/settings/users/{viewer}/password", data={"password": "short"})
    assert weak.status_code == 422
    assert weak.text.count('aria-invalid="true"') == 1
    theirs = client_of(any_world, "viewer")
    assert theirs.get("/").status_code == 200
    client.post(f"/settings/users/{viewer}/password", data={"password": "another long one"})
    assert theirs.get("/").status_code == 302
    with any_world.database.read() as session:
        row = session.get_one(User, viewer)
        assert (row.role, check_password(row, "another long one")[0]) == ("support", True)


def test_everybody_changes_their_own_password_and_stays_signed_in(world: World) -> None:
    mine, elsewhere = client_of(world, "viewer"), client_of(world, "viewer")
    given = {"password": PASSWORD, "new_password": "a much better one", "again": "a much better one"}
    wrong = mine.post("/account/password", data=given | {"password": "guessed", "again": "something else"})
    assert wrong.status_code == 422
    assert "This is not the password of this account." in wrong.text
    assert "It is not the same as the new password." in wrong.text
    assert (
        "10 characters or more"
        in mine.post("/account/password", data=given | {"new_password": "short", "again": "short"}).text
    )
    assert "Your password is changed." in mine.post("/account/password", data=given, follow_redirects=True).text
    assert mine.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302


def test_the_company_is_changed_without_overwriting_what_another_changed(any_world: World) -> None:
    client = client_of(any_world)
    mine = fields_of(client.get("/settings/company").text, "company-form")
    theirs = mine | {"name": "Freeman & Sons"}
    assert client.post("/settings/company", data=theirs).status_code == 303
    told = client.post("/settings/company", data=mine | {"timezone": "Europe/Oslo", "currency": "nok"})
    assert told.status_code == 303
    now = fields_of(client.get("/settings/company").text, "company-form")
    assert (now["name"], now["timezone"], now["currency"]) == ("Freeman & Sons", "Europe/Oslo", "NOK")
    wrong = client.post("/settings/company", data=now | {"timezone": "Mars/Base", "locale": "xx_YY", "name": " "})
    assert wrong.status_code == 422
    assert "Mars/Base" in wrong.text
    assert "chose" not in client.get("/activity").text
    assert "edited" in client.get("/activity").text


def test_a_tax_level_is_added_with_its_parts(world: World) -> None:
    client = client_of(world)
    given = {"name": "Tucson", "rate_percent": "9.1", "components": "State 6.6%\nCity 2.6"}
    wrong = client.post("/settings/tax-levels", data=given)
    assert wrong.status_code == 422
    assert "The components add up to 9.2 %" in wrong.text
    assert "City 2.6" in wrong.text
    page = client.post(
        "/settings/tax-levels", data=given | {"components": "State 6.6\nCity 2.5"}, follow_redirects=True
    )
    assert "State 6.6 %, City 2.5 %" in page.text


def test_the_schedule_says_what_comes_next_and_whether_anybody_starts_it(world: World) -> None:
    page = client_of(world).get("/settings/schedule").text
    assert "No schedule runs" in page
    assert "Every 60 seconds at each live connection" in page
    assert "QuickBooks · Craig&#39;s Design" in page
