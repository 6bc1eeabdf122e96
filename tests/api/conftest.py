from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import sandbox
from sandbox.common.server import Running
from service.api import register
from service.api.openapi import Api
from service.api.services import Services, provide
from service.api.sync_groups import SYNC_GROUPS
from service.records.author import Author
from service.records.tokens import issue_token
from service.settings import load_settings
from service.store.accounts import Organisation, Role
from service.store.database import Database
from service.sync.platform import Elsewhere, Platform, build_platform
from tests.support.keys import KEYS
from tests.support.shared import shared_database, shared_postgresql, shared_sqlite
from tests.sync.conftest import clean
from tests.sync.office import start_empty

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

    def put(self, path: str, body: Any) -> TestResponse:
        return self._send("PUT", path, json=body)

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


@pytest.fixture(scope="session")
def lent_app() -> Api:
    """The application of one test after the other: its routes take long to make."""
    app = Api(__name__)
    register(app, Services(database=Database("sqlite://")), more=SYNC_GROUPS)
    return app


@pytest.fixture
def app(lent_app: Api, database: Database, clock: Clock) -> Api:
    platform = offline_platform(database, clock)
    provided = Services(database=database, clock=clock, platform=platform, runner=Elsewhere())
    provide(lent_app.extensions, provided)
    lent_app.testing = True
    return lent_app


def offline_platform(database: Database, clock: Clock) -> Platform:
    """A platform whose packages are at addresses where nobody answers, and on which nothing waits."""
    nobody = "http://127.0.0.1:9"
    told = {
        f"{name}_{part}": nobody if part.endswith("url") else "told"
        for name, parts in (
            ("xero", ("client_id", "client_secret", "login_url", "identity_url", "api_url")),
            ("qbo", ("client_id", "client_secret", "discovery_url", "api_url")),
        )
        for part in parts
    }
    settings = load_settings(env_file=None, database_url="sqlite://", **KEYS, **told)
    built = build_platform(settings, clock=clock)
    built.database.close()
    built.stopping.set()
    return replace(built, database=database)


@pytest.fixture(scope="session", params=sandbox.names())
def package_server(request: pytest.FixtureRequest) -> Iterator[Running]:
    """Serve one of the stand-in packages, with two companies that have settings and nothing else."""
    server = start_empty(request.param)
    yield server
    server.stop()


@pytest.fixture
def package(package_server: Running) -> Running:
    """Give the package with its first books."""
    clean(package_server)
    return package_server


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
