"""The stand-in Xero for tests over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sandbox.common.clock import Clock
from sandbox.common.server import Running, running
from sandbox.xero import SandboxOptions, create_sandbox
from tests.connectors.xero.books import START, Books, open_books


@pytest.fixture(scope="session")
def server() -> Iterator[Running]:
    options = replace(SandboxOptions.unlimited(), books=("empty",), auto_consent=True, clock=Clock(START))
    with running(create_sandbox(options)) as started:
        yield started


@pytest.fixture
def books(server: Running) -> Iterator[Books]:
    server.sandbox.faults.clear()
    server.sandbox.clock.freeze(START)
    server.sandbox.reset()
    server.sandbox.log.clear()
    opened = open_books(server)
    yield opened
    opened.connector.close()
