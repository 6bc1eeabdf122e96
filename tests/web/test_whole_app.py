"""The pages beside the API in one application: neither takes the other's errors or rules."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.records.tokens import issue_token
from service.store.accounts import Role
from tests.web.world import World


@pytest.fixture
def client(world: World) -> FlaskClient:
    app = create_app(world.platform, world.runner)
    app.config["TESTING"] = True
    return app.test_client()


def test_the_api_answers_errors_with_documents_and_pages_with_pages(client: FlaskClient) -> None:
    assert client.get("/api/v1/nothing").content_type == "application/problem+json"
    assert client.get("/api/v1/customers").status_code == 401
    page = client.get("/nothing")
    assert page.status_code == 404
    assert page.mimetype == "text/html"


def test_the_api_needs_no_token_against_forged_forms(client: FlaskClient, world: World) -> None:
    with world.database.write() as session:
        _, secret = issue_token(session, world.author, name="script", role=Role.ACCOUNTANT)
    body = {"name": "New", "contacts": [{"first_name": "Ann", "email": "ann@example.com"}]}
    answer = client.post("/api/v1/customers", json=body, headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 201


def test_a_session_is_no_token(client: FlaskClient, world: World) -> None:
    with client.session_transaction() as session:
        session["_user_id"] = f"{world.users['admin']}:0"
    assert client.get("/").status_code == 200
    assert client.get("/api/v1/customers").status_code == 401


def test_a_record_that_is_gone_is_a_page_for_people(client: FlaskClient, world: World) -> None:
    with client.session_transaction() as session:
        session["_user_id"] = f"{world.users['admin']}:0"
    answer = client.get("/customers/" + "0" * 32)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    answer = client.get("/runs/" + "0" * 32)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
