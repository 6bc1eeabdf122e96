from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from service.records.users import set_active, set_password
from service.store.accounts import User
from service.web.attempt import PER_ADDRESS, PER_NETWORK, SPAN, Attempts
from tests.web.conftest import client_of
from tests.web.world import NOW, PASSWORD, Clock, World


def token_of(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def try_to_sign_in(client: FlaskClient, email: str, password: str, **more: str) -> int:
    token = token_of(client.get("/sign-in").text)
    given = {"email": email, "password": password, "csrf_token": token, **more}
    return client.post("/sign-in", data=given).status_code


def test_the_right_password_opens_the_dashboard(any_world: World) -> None:
    client = any_world.app.test_client()
    assert try_to_sign_in(client, " Admin@Freeman.example", PASSWORD) == 303
    page = client.get("/")
    assert page.status_code == 200
    assert "admin@freeman.example" in page.text
    with any_world.database.read() as session:
        assert session.get_one(User, any_world.users["admin"]).last_sign_in_at == NOW


@pytest.mark.parametrize(
    ("email", "password"), [("admin@freeman.example", "wrong"), ("nobody@freeman.example", PASSWORD), ("", "")]
)
def test_a_wrong_one_gets_the_same_answer_whether_or_not_there_is_an_account(
    empty: World, email: str, password: str
) -> None:
    client = empty.app.test_client()
    token = token_of(client.get("/sign-in").text)
    answer = client.post("/sign-in", data={"email": email, "password": password, "csrf_token": token})
    assert answer.status_code == 401
    assert "do not belong together" in answer.text
    assert client.get("/").status_code == 302


def test_pages_ask_to_sign_in_and_lead_back(empty: World) -> None:
    client = empty.app.test_client()
    asked = client.get("/customers?q=cedar")
    assert asked.headers["Location"] == "/sign-in?next=/customers?q%3Dcedar"
    token = token_of(client.get("/sign-in").text)
    given = {"email": "admin@freeman.example", "password": PASSWORD, "csrf_token": token, "next": "/customers?q=cedar"}
    assert client.post("/sign-in", data=given).headers["Location"] == "/customers?q=cedar"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "/\\evil.example", "customers"])
def test_signing_in_never_leads_to_another_host(empty: World, elsewhere: str) -> None:
    client = empty.app.test_client()
    token = token_of(client.get("/sign-in").text)
    given = {"email": "admin@freeman.example", "password": PASSWORD, "csrf_token": token, "next": elsewhere}
    assert client.post("/sign-in", data=given).headers["Location"] == "/"


def test_guessing_is_stopped_and_allowed_again_later(empty: World) -> None:
    client = empty.app.test_client()
    answers = [try_to_sign_in(client, "admin@freeman.example", "guess") for _ in range(PER_ADDRESS + 1)]
    assert answers == [401] * PER_ADDRESS + [429]
    assert try_to_sign_in(client, "admin@freeman.example", PASSWORD) == 429
    empty.clock.now += SPAN + timedelta(seconds=1)
    assert try_to_sign_in(client, "admin@freeman.example", PASSWORD) == 303


def test_attempts_count_per_address_and_per_network() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    assert all(attempts.admit(f"{number}@a.example", "10.0.0.1") for number in range(PER_NETWORK))
    assert not attempts.admit("fresh@a.example", "10.0.0.1")
    assert attempts.admit("fresh@a.example", "10.0.0.2")
    for _ in range(PER_ADDRESS - 1):
        attempts.admit("fresh@a.example", "10.0.0.2")
    assert not attempts.admit("fresh@a.example", "10.0.0.3")
    attempts.forget("fresh@a.example")
    assert attempts.admit("fresh@a.example", "10.0.0.3")


@pytest.mark.parametrize("end", ["close", "new password"])
def test_a_session_ends_with_its_account_or_its_password(empty: World, end: str) -> None:
    client = client_of(empty, "viewer")
    assert client.get("/").status_code == 200
    with empty.database.write() as session:
        if end == "close":
            set_active(session, empty.author, empty.users["viewer"], active=False)
        else:
            set_password(session, empty.author, empty.users["viewer"], "another long pass phrase")
    assert client.get("/").status_code == 302


def test_a_closed_account_cannot_sign_in(empty: World) -> None:
    with empty.database.write() as session:
        set_active(session, empty.author, empty.users["viewer"], active=False)
    assert try_to_sign_in(empty.app.test_client(), "viewer@freeman.example", PASSWORD) == 401


def test_signing_out_ends_the_session(empty: World) -> None:
    client = client_of(empty)
    assert client.post("/sign-out").headers["Location"] == "/sign-in"
    assert client.get("/").status_code == 302


def test_somebody_signed_in_is_not_asked_again(empty: World) -> None:
    assert client_of(empty).get("/sign-in").headers["Location"] == "/"
