"""Applications over a furnished company: for the test client, and served for a browser."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.serving import make_server

from service.records.users import hash_password
from tests.web.world import PASSWORD, World, build, furnish

Client = Callable[..., FlaskClient]


@pytest.fixture(scope="session")
def hashed() -> str:
    """The hash of everybody's password; hashing is slow on purpose, so it is done once."""
    return hash_password(PASSWORD)


@pytest.fixture
def empty(migrated_sqlite: Path, tmp_path: Path, hashed: str) -> Iterator[World]:
    """A company without any record."""
    path = tmp_path / "tieout.db"
    shutil.copyfile(migrated_sqlite, path)
    world = build(f"sqlite:///{path}", hashed=hashed)
    yield world
    world.database.close()


@pytest.fixture
def world(empty: World) -> World:
    """A company with everything that pages show, on SQLite."""
    furnish(empty)
    return empty


@pytest.fixture
def any_world(prepared_database_url: str, hashed: str) -> Iterator[World]:
    """The same company on either database."""
    world = build(prepared_database_url, hashed=hashed)
    furnish(world)
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
def served(world: World, port: int) -> Iterator[str]:
    """Serve an application on the loopback interface; give its address."""
    server = make_server("127.0.0.1", port, world.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
