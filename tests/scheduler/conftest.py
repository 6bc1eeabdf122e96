from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import wait
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event, Lock
from typing import Any

import pytest

import sandbox
from sandbox.common.server import Running
from scheduler.clockwork import Clockwork
from service.records.author import Author
from service.settings import load_settings
from service.store.accounts import Organisation
from service.store.queries import connections as queries
from service.store.sync_models import ConnectionRow, RunRow
from service.sync import run
from service.sync.platform import Platform, build_platform
from tests.records.builders import connection
from tests.support.keys import KEYS
from tests.sync.conftest import clean
from tests.sync.office import Office, live, open_office, start

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PATIENCE = 30  #: seconds that a test waits for another thread before it fails


@dataclass
class Moved:
    """A clock that a test moves."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def on(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Runs:
    """Stands in for doing a run: notes whose, and goes on only when it is let."""

    began: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    gate: Event = field(default_factory=Event)
    lock: Lock = field(default_factory=Lock)
    beginning: Event = field(default_factory=Event)

    def perform(self, platform: Platform, connection_id: str) -> str | None:
        with self.lock:
            self.began.append(connection_id)
        self.beginning.set()
        assert self.gate.wait(PATIENCE)
        if connection_id in self.broken:
            raise RuntimeError(connection_id)
        with platform.database.write() as session:
            row = queries.run_under_way(session, connection_id)
            if row is not None:
                row.state, row.finished_at = "succeeded", platform.clock()
            session.get_one(ConnectionRow, connection_id).due_at = None
        with self.lock:
            self.ended.append(connection_id)
        return None


@pytest.fixture
def clock() -> Moved:
    return Moved()


@pytest.fixture
def platform(prepared_database_url: str, clock: Moved) -> Iterator[Platform]:
    settings = load_settings(
        env_file=None,
        database_url=prepared_database_url,
        reconcile_cron="30 2 * * 6",
        **KEYS,
    )
    built = build_platform(settings, clock=clock)
    yield built
    built.database.close()


@pytest.fixture
def clockwork(platform: Platform) -> Iterator[Clockwork]:
    made = Clockwork(platform)
    yield made
    made.stop()


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, clockwork: Clockwork) -> Iterator[Runs]:
    """Runs that are noted instead of done; let on from the start."""
    made = Runs()
    made.gate.set()
    monkeypatch.setattr(run, "perform", made.perform)
    yield made
    made.gate.set()
    clockwork.stop()


def add_connection(platform: Platform, state: str = "live", **facts: Any) -> str:
    """Add a connection of an organisation of its own, due now; return its id."""
    with platform.database.write() as session:
        organisation = Organisation(name="Office")
        session.add(organisation)
        session.flush()
        author = Author(organisation_id=organisation.id, actor="test", now=platform.clock())
        row = connection(session, author, state)
        row.provider = sandbox.names()[0]
        row.due_at = platform.clock()
        for name, value in facts.items():
            setattr(row, name, value)
        return row.id


def change(platform: Platform, connection_id: str, **facts: Any) -> None:
    """Change columns of a connection."""
    with platform.database.write() as session:
        row = session.get_one(ConnectionRow, connection_id)
        for name, value in facts.items():
            setattr(row, name, value)


def ask(platform: Platform, connection_id: str) -> str:
    """Ask for a sync as a person would; return the run's id."""
    with platform.database.read() as session:
        organisation_id = session.get_one(ConnectionRow, connection_id).organisation_id
    return run.ask(platform, organisation_id=organisation_id, connection_id=connection_id, actor="user:ann").run_id


def runs_of(platform: Platform, connection_id: str) -> list[RunRow]:
    """Return the runs of a connection, oldest first."""
    with platform.database.read() as session:
        organisation_id = session.get_one(ConnectionRow, connection_id).organisation_id
        rows = queries.runs(session, organisation_id, connection_id=connection_id, before=None, limit=100)
        session.expunge_all()
        return list(reversed(rows))


def settle(clockwork: Clockwork) -> None:
    """Wait until nothing is being worked on."""
    done, open_ = wait(list(clockwork._busy.values()), timeout=PATIENCE)
    assert not open_, "the work does not come to an end"
    assert all(one.exception() is None for one in done)


@pytest.fixture(scope="session")
def package_server() -> Iterator[Running]:
    server = start(sandbox.names()[0])
    yield server
    server.stop()


@pytest.fixture
def live_office(package_server: Running, prepared_database_url: str) -> Iterator[Office]:
    """An organisation with a live connection to a stand-in package, on the package's clock, and one customer."""
    clean(package_server)
    office = live(open_office(package_server, prepared_database_url))
    office.add_customer(name="Cedar Vets", email="billing@cedar.example")
    yield office
    office.platform.database.close()
