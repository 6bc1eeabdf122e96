from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.common.clock import Clock
from sandbox.common.server import Running, running
from sandbox.xero import SandboxOptions, create_sandbox
from tests.sandbox.xero.caller import Caller

START = datetime(2026, 11, 22, 1, tzinfo=UTC)
PLAIN = replace(SandboxOptions.unlimited(), books=("empty",))


@pytest.fixture(scope="session")
def plain_server() -> Iterator[Running]:
    """One server for all tests that are content with empty books and no limits."""
    with running(create_sandbox(replace(PLAIN, clock=Clock(START)))) as server:
        yield server


@pytest.fixture
def caller(plain_server: Running) -> Caller:
    """A signed-in app on empty books, no limits, a clock frozen at START."""
    plain_server.sandbox.faults.clear()
    plain_server.sandbox.clock.freeze(START)
    plain_server.sandbox.reset()
    plain_server.sandbox.log.clear()
    return Caller(plain_server).sign_in()


@pytest.fixture
def xero() -> Iterator[Callable[..., Caller]]:
    """Start sandboxes with options of their own; not signed in."""
    with ExitStack() as stack:

        def start(**changed: Any) -> Caller:
            options = replace(PLAIN, **{"clock": Clock(START), **changed})
            return Caller(stack.enter_context(running(create_sandbox(options))))

        yield start
