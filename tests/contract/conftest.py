"""One bench for each connector that there is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import sandbox
from sandbox.common.server import Running
from tests.contract.bench import Bench, ledger_bench, package_bench
from tests.sync.conftest import clean
from tests.sync.office import start_empty


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[str, Running]]:
    """Serve each stand-in package once."""
    running = {name: start_empty(name) for name in sandbox.names()}
    yield running
    for server in running.values():
        server.stop()


@pytest.fixture(params=[*sandbox.names(), "ledger"])
def bench(
    request: pytest.FixtureRequest, servers: dict[str, Running], tmp_path: Path, migrated_sqlite: Path
) -> Iterator[Bench]:
    """Give a connected company with empty books."""
    database = tmp_path / "tieout.db"
    shutil.copyfile(migrated_sqlite, database)
    url = f"sqlite:///{database}"
    if request.param == "ledger":
        made = ledger_bench(tmp_path, url)
    else:
        clean(servers[request.param])
        made = package_bench(servers[request.param], url)
    yield made
    made.office.platform.database.close()
