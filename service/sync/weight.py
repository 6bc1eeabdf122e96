"""How much a plan weighs: what it would do to records that both sides had agreed on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from service.core import guard
from service.core.guard import Weight
from service.core.problem import ProblemKind
from service.sync.plan import Preview

#: What a run does to a record that is there already, as the sentence counts it.
_WORDS: Mapping[str, str] = {
    "update": "change there",
    "archive": "archive there",
    "restore": "restore there",
    "void": "void there",
    "delete": "take back there",
    "pull": "change here",
}
#: Questions that a whole company going away over there would raise one by one.
_GONE = frozenset({ProblemKind.DELETED_THERE, ProblemKind.ARCHIVED_THERE, ProblemKind.MERGED_THERE})


def weigh(preview: Preview) -> Weight:
    """Return what a plan does to records that both sides had agreed on."""
    actions: Counter[str] = Counter()
    for action in preview.actions:
        if not action.agreed:
            continue
        if action.action in _WORDS:
            actions[_WORDS[action.action]] += 1
        elif action.kind in _GONE:
            actions["ask about, because they are gone there"] += 1
    return Weight(touched=actions.total(), linked=preview.linked, actions=actions)


def verdict(preview: Preview, settings: Mapping[str, Any], *, package: str) -> str | None:
    """Return why a sync that does what the plan says would be stopped, as a sentence; None if it would not."""
    weight = weigh(preview)
    found = guard.too_many(weight, rule=guard.rule_of(settings))
    return None if found is None else guard.sentence(found, package=package, weight=weight)
