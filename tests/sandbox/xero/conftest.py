from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.common.clock import Clock
from sandbox.common.server import running
from sandbox.xero import SandboxOptions, create_sandbox
from tests.sandbox.xero.caller import Caller

START = datetime(2026, 11, 22, 1, tzinfo=UTC)


@pytest.fixture
def xero() -> Iterator[Callable[..., Caller]]:
    """Start sandboxes: empty books, no limits and a frozen clock unless told otherwise."""
    with ExitStack() as stack:

        def start(**changed: Any) -> Caller:
            plain = replace(SandboxOptions.unlimited(), books=("empty",), clock=Clock(START))
            return Caller(stack.enter_context(running(create_sandbox(replace(plain, **changed)))))

        yield start


@pytest.fixture
def caller(xero: Callable[..., Caller]) -> Caller:
    """A signed-in app on empty books."""
    return xero().sign_in()
