from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.api import register
from service.api.openapi import Api
from service.api.services import Services
from service.records.author import Author
from service.records.tokens import issue_token
from service.store.accounts import Organisation, Role
from service.store.database import Database
from tests.support.shared import shared_database, shared_postgresql, shared_sqlite

__all__ = ["shared_database", "shared_postgresql", "shared_sqlite"]

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that a test moves."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now


@dataclass
class Caller:
    """Somebody with a token."""

    http: FlaskClient
    token: str
    organisation_id: str
    headers: dict[str, str] = field(default_factory=dict)

    def _send(self, method: str, path: str, **options: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.http.open(f"/api/v1{path}", method=method, headers=headers, **options)

    def get(self, path: str, **query: Any) -> TestResponse:
        return self._send("GET", path, query_string=query)

    def post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        return self._send("POST", path, json=body, headers=_named(headers))

    def patch(self, path: str, body: Any, **headers: str) -> TestResponse:
        return self._send("PATCH", path, json=body, headers=_named(headers))

    def delete(self, path: str) -> TestResponse:
        return self._send("DELETE", path)

    def send(self, method: str, path: str, **options: Any) -> TestResponse:
        return self._send(method, path, **options)

    def created(self, path: str, body: Any) -> dict[str, Any]:
        answer = self.post(path, body)
        assert answer.status_code == 201, answer.text
        document: dict[str, Any] = answer.get_json()
        return document


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.fixture
def database(shared_database: Database) -> Database:
    return shared_database


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(database: Database, clock: Clock) -> Api:
    app = Api(__name__)
    app.testing = True
    register(app, Services(database=database, clock=clock))
    return app


def join(database: Database, app: Api, *, role: Role = Role.ACCOUNTANT, organisation_id: str | None = None) -> Caller:
    """Give somebody a token, of a new organisation unless one is named."""
    with database.write() as session:
        if organisation_id is None:
            organisation = Organisation(name="Brightwater Building Services")
            session.add(organisation)
            session.flush()
            organisation_id = organisation.id
        author = Author(organisation_id=organisation_id, actor="test", now=NOW)
        _, token = issue_token(session, author, name="test", role=role)
    return Caller(http=app.test_client(), token=token, organisation_id=organisation_id)


@pytest.fixture
def ann(database: Database, app: Api) -> Caller:
    """An accountant."""
    return join(database, app)


@pytest.fixture
def stranger(database: Database, app: Api) -> Caller:
    """An accountant of another organisation."""
    return join(database, app)


@pytest.fixture
def reader(database: Database, app: Api, ann: Caller) -> Caller:
    """A viewer of Ann's organisation."""
    return join(database, app, role=Role.VIEWER, organisation_id=ann.organisation_id)
