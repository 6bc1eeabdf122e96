"""Applications over a furnished company: for the test client, and served for a browser."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import event
from werkzeug.serving import make_server

from service.records.users import hash_password
from tests.support.postgresql import PostgresServer
from tests.web.world import PASSWORD, World, furnish, open_world, settle


@pytest.fixture(scope="session")
def hashed() -> str:
    """The hash of everybody's password; hashing is slow on purpose, so it is done once."""
    return hash_password(PASSWORD)


@pytest.fixture
def empty(migrated_sqlite: Path, tmp_path: Path, hashed: str) -> Iterator[World]:
    """A company without any record."""
    path = tmp_path / "empty-company.db"
    shutil.copyfile(migrated_sqlite, path)
    world = open_world(f"sqlite:///{path}")
    settle(world, hashed)
    yield world
    world.database.close()


@pytest.fixture(scope="session")
def furnished_sqlite(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory, hashed: str) -> World:
    """A furnished company in an SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("furnished") / "tieout.db"
    shutil.copyfile(migrated_sqlite, path)
    return _furnished(f"sqlite:///{path}", hashed)


@pytest.fixture(scope="session")
def furnished_postgresql(postgres_server: PostgresServer, migrated_postgresql: str, hashed: str) -> Iterator[World]:
    """A furnished company in a PostgreSQL database, to be copied."""
    with postgres_server.database(migrated_postgresql) as url:
        yield _furnished(url, hashed)


def _furnished(url: str, hashed: str) -> World:
    world = open_world(url)
    settle(world, hashed)
    furnish(world)
    world.database.close()  # a template must have no connection
    return world


@pytest.fixture
def world(furnished_sqlite: World, tmp_path: Path) -> Iterator[World]:
    """A company with everything that pages show, on SQLite."""
    path = tmp_path / "tieout.db"
    shutil.copyfile(furnished_sqlite.database.url.removeprefix("sqlite:///"), path)
    world = open_world(f"sqlite:///{path}", like=furnished_sqlite)
    yield world
    world.database.close()


@pytest.fixture
def any_world(database_kind: str, request: pytest.FixtureRequest) -> Iterator[World]:
    """The same company on either database."""
    if database_kind == "sqlite":
        yield request.getfixturevalue("world")
        return
    template: World = request.getfixturevalue("furnished_postgresql")
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database(template.database.url.rpartition("/")[2]) as url:
        world = open_world(url, like=template)
        yield world
        world.database.close()


def client_of(world: World, role: str = "admin") -> FlaskClient:
    """Return a client whose session belongs to the account of a role; the forms' tokens are not checked."""
    world.app.config["WTF_CSRF_ENABLED"] = False
    client = world.app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = f"{world.users[role]}:0"
    return client


@contextmanager
def counted(world: World) -> Iterator[list[str]]:
    """Collect the statements that the database is asked for meanwhile."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(world.database.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(world.database.engine, "before_cursor_execute", note)


@contextmanager
def serving(app: Flask, port: int) -> Iterator[str]:
    """Serve an application on the loopback interface; give its address."""
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def browser(chromium_path: Path) -> Iterator[Browser]:
    """A Chromium without a window."""
    arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium_path), args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def prepared_sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """The URL of a fresh SQLite database with the newest schema and no rows."""
    path = tmp_path / "prepared.db"
    shutil.copyfile(migrated_sqlite, path)
    return f"sqlite:///{path}"
