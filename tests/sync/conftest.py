"""Stand-in packages that tests share: started once, reset before each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import sandbox
from sandbox.common.server import Running
from tests.support.inprocess import InProcess, providers_of, start_in_process, without_fsync
from tests.support.smtp import MailBox, mail_server
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.fault_desk import Desk
from tests.sync.letters import with_mail
from tests.sync.office import Office, live, open_office, start_empty


@pytest.fixture(scope="session", params=sandbox.names())
def package_server(request: pytest.FixtureRequest) -> Iterator[Running]:
    """Serve one of the stand-in packages, with two companies that have settings and nothing else."""
    server = start_empty(request.param)
    yield server
    server.stop()


def clean(server: Running) -> None:
    """Give a stand-in package its first books, and take every fault from it."""
    with server.sandbox.lock:
        server.sandbox.faults.clear()
        server.sandbox.clock.run()
        server.sandbox.reset()
        server.sandbox.log.clear()


@pytest.fixture
def package(package_server: Running) -> Running:
    """Give the package with its first books."""
    clean(package_server)
    return package_server


@pytest.fixture
def bookkeeper(package: Running) -> Bookkeeper:
    """Give the person who works at the package's own pages."""
    return Bookkeeper(package.sandbox)


@pytest.fixture
def office(package: Running, prepared_database_url: str) -> Iterator[Office]:
    """Give an organisation that is not connected yet."""
    opened = open_office(package, prepared_database_url)
    yield opened
    opened.platform.database.close()


@pytest.fixture
def live_office(office: Office) -> Office:
    """Give an organisation with a live connection and no records of its own."""
    return live(office)


@pytest.fixture
def box() -> Iterator[MailBox]:
    """Serve mail on loopback."""
    with mail_server() as found:
        yield found


@pytest.fixture
def desk(office: Office, box: MailBox) -> Office:
    """Give an organisation that is not connected a mail server."""
    return with_mail(office, box)


@pytest.fixture
def connected(live_office: Office, box: MailBox) -> Office:
    """Give an organisation with a live connection a mail server."""
    return with_mail(live_office, box)


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Callable[[str], Desk]]:
    """Give one office for each package, opened when it is first asked for."""
    opened: dict[str, tuple[InProcess, Desk]] = {}

    def desk(name: str) -> Desk:
        if name not in opened:
            path = tmp_path_factory.mktemp(name) / "office.db"
            shutil.copyfile(migrated_sqlite, path)
            package = start_in_process(name)
            office = open_office(package, f"sqlite:///{path}")
            office = replace(office, platform=replace(office.platform, providers=providers_of(package)))
            without_fsync(office.platform.database)
            opened[name] = (package, Desk(live(office), Bookkeeper(package.sandbox)))
        return opened[name][1]

    yield desk
    for package, one in opened.values():
        one.office.platform.database.close()
        package.stop()
