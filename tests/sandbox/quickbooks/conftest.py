"""One sandbox per test: without call limits, on real HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from sandbox.common.server import running
from sandbox.quickbooks import SAMPLE_REALM, SandboxOptions, create_sandbox
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


@pytest.fixture
def qbo(make_client: MakeClient) -> Client:
    """A client of the sample company."""
    return make_client()
