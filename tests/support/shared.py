"""Databases that the tests of a folder share: each test lives in organisations of its own and sees nothing else.

A ``conftest.py`` imports the fixtures by name.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.store.database import Database
from tests.support.postgresql import PostgresServer


@pytest.fixture(scope="session")
def shared_sqlite(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("shared") / "tieout.db"
    shutil.copyfile(migrated_sqlite, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.close()


@pytest.fixture(scope="session")
def shared_postgresql(migrated_postgresql: str, postgres_server: PostgresServer) -> Iterator[Database]:
    with postgres_server.database(migrated_postgresql) as url:
        database = Database(url)
        yield database
        database.close()


@pytest.fixture
def shared_database(database_kind: str, request: pytest.FixtureRequest) -> Database:
    """A database of either kind that other tests use as well."""
    database: Database = request.getfixturevalue(f"shared_{database_kind}")
    return database
