"""Defects planted into the engine, one of each family: the machine has to come upon every one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
from tests.machine.ending import WholeStory
from tests.machine.law import Breach

#: The same stories every time, and no shrinking: what counts here is that one of them breaks a law.
LOOKING = settings(
    max_examples=100,
    stateful_step_count=10,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def lying_dots() -> Any:
    """Show green for what waits to be sent: an edit made here is left out."""
    return case(
        (or_(LinkRow.id.is_(None), LinkRow.retired_at.is_not(None)), Dot.NONE.value),
        (LinkRow.open_problem_id.is_not(None), Dot.RED.value),
        (LinkRow.intent_open.is_(True), Dot.ORANGE.value),
        (LinkRow.remote_id.is_(None), Dot.NONE.value),
        (or_(LinkRow.baseline.is_(None), LinkRow.heard > LinkRow.settled), Dot.ORANGE.value),
        else_=Dot.GREEN.value,
    )


def sends_blindly(call: Any, findings: Sequence[Finding], **_: Any) -> tuple[NextStep, ...]:
    """Send once more whatever a probe found, as something new."""
    return tuple(NextStep.SEND_ANEW for _ in findings)


def ours_always_wins(a: Any, b: Any, agreed: Any, flow: Any) -> tuple[Move, Rule]:
    """Send ours over theirs, whatever was agreed."""
    return Move.PUSH, Rule.OURS_CHANGED


def only_noted(a: Any, b: Any, agreed: Any, flow: Any) -> tuple[Move, Rule]:
    """Call everything agreed, and leave either side as it is."""
    return Move.ADOPT, Rule.SAME_CHANGE


def everything_is_news(row: Any, record: Any) -> bool:
    """Take the echo of our own write for somebody else's."""
    return True


def nobody_is_refused(*_: Any, **__: Any) -> bool:
    """Let every worker begin."""
    return True


@dataclass(frozen=True, slots=True)
class Planted:
    """A defect: what takes the place of what, the law that has to notice it, and what happens in the stories."""

    owner: Any
    defects: Mapping[str, Any]
    law: str
    happens: frozenset[str]

    def story(self, provider: str) -> type[WholeStory]:
        """Return the machine with these steps alone: the whole of it would find it too, in some thousand steps more.

        Its stories break off: the laws are about every step, and an end takes longer than a story.
        """
        whole = WholeStory.setup_state()
        narrow = replace(whole, rules=[rule for rule in whole.rules if rule.function.__name__ in self.happens])
        members = {"provider": provider, "setup_state": classmethod(lambda _: narrow), "end": lambda _: None}
        return type("Narrow", (WholeStory,), members)


def planted(owner: Any, defects: Mapping[str, Any], law: str, *happens: str) -> Planted:
    """Describe a defect; customers come and syncs are done in all stories."""
    return Planted(owner, defects, law, frozenset({"a_client_comes", "we_sync", *happens}))


#: By family.
PLANTED = {
    "the dot of lists lies": planted(
        dots.dot_expression, {"__code__": lying_dots.__code__}, "dot", "we_edit_a_customer"
    ),
    "a write in doubt is sent again unseen": planted(
        settle,
        {"after_probe": sends_blindly},
        "nothing twice",
        "an_invoice_is_issued",
        "somebody_pays_us",
        "we_sync_and_a_write_fails",
    ),
    "ours overwrites what was never agreed": planted(
        reconcile,
        {"_three_way": ours_always_wins},
        "nothing lost",
        "the_bookkeeper_edits_a_customer",
    ),
    "what was changed there is only noted": planted(
        reconcile, {"_three_way": only_noted}, "green", "the_bookkeeper_edits_a_customer"
    ),
    "the echo of our own write is news": planted(
        counterparts, {"_is_news": everything_is_news, "_is_newer": everything_is_news}, "echo"
    ),
    "a lease keeps nobody out": planted(leases, {"take": nobody_is_refused}, "one writer", "a_second_worker_comes"),
}


@pytest.mark.slow
@pytest.mark.parametrize("provider", ["xero"])
@pytest.mark.parametrize("family", PLANTED)
def test_a_planted_defect_breaks_the_law_it_is_about(
    family: str, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = PLANTED[family]
    for name, defect in one.defects.items():
        monkeypatch.setattr(one.owner, name, defect)
    with pytest.raises(Breach) as found:
        run_state_machine_as_test(one.story(provider), settings=LOOKING)
    assert found.value.law == one.law
