"""One sandbox per test: without call limits, on real HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from sandbox.common.server import Running, running
from sandbox.quickbooks import SAMPLE_REALM, QuickBooksSandbox, SandboxOptions, create_sandbox
from tests.sandbox.quickbooks.client import Client

MakeClient = Callable[..., Client]


@pytest.fixture
def make_client() -> Iterator[MakeClient]:
    """Start a sandbox with the given options and return a client of it."""
    with ExitStack() as servers:

        def make(options: SandboxOptions | None = None, realm: str = SAMPLE_REALM) -> Client:
            sandbox = create_sandbox(options or SandboxOptions.unlimited())
            return Client(servers.enter_context(running(sandbox)), sandbox, realm)

        yield make


@pytest.fixture(scope="session")
def shared_server() -> Iterator[Running]:
    """One server for all tests that are content with the default options."""
    with running(create_sandbox(SandboxOptions.unlimited())) as server:
        yield server


@pytest.fixture
def qbo(shared_server: Running) -> Client:
    """A client of the sample company, fresh for each test."""
    fresh = shared_server.sandbox
    assert isinstance(fresh, QuickBooksSandbox)
    fresh.faults.clear()
    fresh.clock.run()
    with fresh.lock:
        fresh.reset()
    fresh.log.clear()
    fresh.auto_consent = False
    return Client(shared_server, fresh)
