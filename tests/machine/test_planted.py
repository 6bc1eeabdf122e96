"""Defects planted into the engine, one of each family: the machine has to come upon every one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import case, or_

from service.core import reconcile
from service.core.intent import Finding, NextStep
from service.core.link import Dot
from service.core.reconcile import Move, Rule
from service.store import leases
from service.store.queries import counterparts, dots
from service.store.sync_models import LinkRow
from service.sync import settle
from tests.machine.law import Breach
from tests.machine.soak import story_of

#: The same stories every time, and no shrinking: what counts here is that one of them breaks a law.
LOOKING = settings(
    max_examples=150,
    stateful_step_count=25,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def lying_dots() -> Any:
    """Show green for what waits to be compared: news from there is left out."""
    return case(
        (or_(LinkRow.id.is_(None), LinkRow.retired_at.is_not(None)), Dot.NONE.value),
        (LinkRow.open_problem_id.is_not(None), Dot.RED.value),
        (LinkRow.intent_open.is_(True), Dot.ORANGE.value),
        (LinkRow.remote_id.is_(None), Dot.NONE.value),
        (or_(LinkRow.baseline.is_(None), LinkRow.wanted > LinkRow.confirmed), Dot.ORANGE.value),
        else_=Dot.GREEN.value,
    )


def sends_blindly(call: Any, findings: Sequence[Finding], **_: Any) -> tuple[NextStep, ...]:
    """Send once more whatever a probe found, as something new."""
    return tuple(NextStep.SEND_ANEW for _ in findings)


def ours_always_wins(a: Any, b: Any, agreed: Any, flow: Any) -> tuple[Move, Rule]:
    """Send ours over theirs, whatever was agreed."""
    return Move.PUSH, Rule.OURS_CHANGED


def everything_is_news(row: Any, record: Any) -> bool:
    """Take the echo of our own write for somebody else's."""
    return True


def nobody_is_refused(*_: Any, **__: Any) -> bool:
    """Let every worker begin."""
    return True


#: The family of the defect, where it is planted, what it does, and the law that has to notice.
PLANTED = {
    "the dot of lists lies": (dots.dot_expression, "__code__", lying_dots.__code__, "dot"),
    "a write in doubt is sent again unseen": (settle, "after_probe", sends_blindly, "nothing twice"),
    "ours overwrites what was never agreed": (reconcile, "_three_way", ours_always_wins, "nothing lost"),
    "the echo of our own write is news": (counterparts, "_is_news", everything_is_news, "echo"),
    "a lease keeps nobody out": (leases, "take", nobody_is_refused, "one writer"),
}


@pytest.mark.slow
@pytest.mark.parametrize("provider", ["xero"])
@pytest.mark.parametrize("family", PLANTED)
def test_a_planted_defect_breaks_the_law_it_is_about(
    family: str, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, name, defect, law = PLANTED[family]
    monkeypatch.setattr(owner, name, defect)
    with pytest.raises(Breach) as found:
        run_state_machine_as_test(story_of(provider), settings=LOOKING)
    assert found.value.law == law
