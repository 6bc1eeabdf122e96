"""A few stories at each package, always the same ones; ``make soak`` tells thousands of longer ones."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

import sandbox
from tests.machine.soak import story_of

A_FEW = settings(
    max_examples=6,
    stateful_step_count=20,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.slow
@pytest.mark.parametrize("provider", sandbox.names())
def test_no_story_breaks_a_law(provider: str) -> None:
    run_state_machine_as_test(story_of(provider), settings=A_FEW)
