"""Fixtures of the whole suite: databases, ports, a browser; and what every test is kept from."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.browser import find_chromium
from tests.support.network import find_free_port, look_up_at_home
from tests.support.postgresql import PostgresServer, find_binaries, run_server

# What the developer's shell says about Tieout must not reach a test.
for name in [name for name in os.environ if name.startswith("TIEOUT_")]:
    del os.environ[name]
# Nor may a proxy stand between a test and its own loopback server.
for name in [name for name in os.environ if name.lower() in {"http_proxy", "https_proxy", "all_proxy"}]:
    del os.environ[name]

# pytest-socket refuses connections to other machines; this refuses to ask for their names.
socket.getaddrinfo = look_up_at_home

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("soak", deadline=None, max_examples=5_000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))

NO_POSTGRESQL = "no PostgreSQL server is installed here (Debian, Ubuntu: apt-get install postgresql)"
NO_CHROMIUM = "no Chromium is installed here (Debian: apt-get install chromium)"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this process alone, so that parallel workers never meet."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip(NO_POSTGRESQL)
    with run_server(binaries) as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Which database a test runs on: every test that asks for one runs on both."""
    kind: str = request.param
    return kind


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The SQLAlchemy URL of a fresh, empty database."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        with server.database() as url:
            yield url


@pytest.fixture
def prepared_database_url(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The SQLAlchemy URL of a fresh database with the newest schema and no rows: a copy of one that was migrated."""
    if database_kind == "sqlite":
        path = tmp_path / "tieout.db"
        shutil.copyfile(request.getfixturevalue("migrated_sqlite"), path)
        yield f"sqlite:///{path}"
    else:
        template: str = request.getfixturevalue("migrated_postgresql")
        server: PostgresServer = request.getfixturevalue("postgres_server")
        with server.database(template) as url:
            yield url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the newest schema, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "tieout.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_postgresql(postgres_server: PostgresServer) -> Iterator[str]:
    """The name of a PostgreSQL database with the newest schema, to be copied."""
    with postgres_server.database() as url:
        migrate(url)
        yield url.rpartition("/")[2]


def migrate(url: str) -> None:
    """Bring a database to the newest schema and leave no connection behind: a template must have none."""
    # Here, so that a run of the pure parts alone does not wait for the database's libraries.
    from service.store.database import Database
    from service.store.schema import upgrade

    database = Database(url)
    upgrade(database)
    database.close()


@pytest.fixture
def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on."""
    return find_free_port()


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """The Chromium to drive; without one the test is skipped."""
    path = find_chromium()
    if path is None:
        pytest.skip(NO_CHROMIUM)
    return path
