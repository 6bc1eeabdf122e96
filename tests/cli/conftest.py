from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

import sandbox
from sandbox.common.server import Running
from tests.cli.shell import Shell, environment_of, shell_of
from tests.sync.conftest import clean
from tests.sync.office import Office, live, open_office, start


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Run in a folder without a file of settings, and leave the logs of this process as they were."""
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell whose commands use an SQLite file that does not exist yet."""
    return Shell(tmp_path, environment_of({}, f"sqlite:///{tmp_path / 'tieout.db'}"))


@pytest.fixture
def prepared_shell(prepared_database_url: str, tmp_path: Path) -> Shell:
    """A shell whose commands use a database with the newest schema, of either kind."""
    return Shell(tmp_path, environment_of({}, prepared_database_url))


@pytest.fixture(scope="session")
def package_server() -> Iterator[Running]:
    """Serve one of the stand-in packages: no command cares which."""
    server = start(sandbox.names()[0])
    yield server
    server.stop()


@pytest.fixture
def package(package_server: Running) -> Running:
    clean(package_server)
    return package_server


@pytest.fixture
def office(package: Running, prepared_database_url: str) -> Iterator[Office]:
    """An organisation that is not connected yet."""
    opened = open_office(package, prepared_database_url)
    yield opened
    opened.platform.database.close()


@pytest.fixture
def live_office(office: Office) -> Office:
    """An organisation with a live connection and one customer."""
    opened = live(office)
    opened.add_customer(name="Cedar Vets", email="billing@cedar.example")
    return opened


@pytest.fixture
def live_shell(live_office: Office, tmp_path: Path) -> Shell:
    """A shell at that organisation."""
    return shell_of(live_office, tmp_path)
