"""Brakes: stop a run that is too implausible to be meant, before it has changed anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Brake(StrEnum):
    """Why a run is stopped until a person releases it."""

    TOO_MANY = "too_many"  #: more records would change than a plausible day's work
    SIDE_EMPTY = "side_empty"  #: a side that had records suddenly shows none


@dataclass(frozen=True, slots=True, kw_only=True)
class BrakeRule:
    """A run is stopped when it touches more than ``count`` records *and* more than ``percent`` of those linked.

    Both are needed: half of four records is a normal morning, and 60 of 10,000 is too. ``few``: that many records may
    really have gone all at once, so fewer of them missing is no empty side.
    """

    count: int = 25
    percent: int = 20
    few: int = 3

    def exceeded(self, *, touched: int, linked: int) -> bool:
        """Tell whether that many of the linked records are implausible."""
        return touched > self.count and touched * 100 > linked * self.percent


def rule_of(settings: Mapping[str, Any]) -> BrakeRule:
    """Return the limits of a connection: what its settings say, else the usual ones."""
    usual = BrakeRule()
    return BrakeRule(
        count=int(settings.get("brake_records", usual.count)), percent=int(settings.get("brake_percent", usual.percent))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """What a run would do to records that both sides had agreed on; first sends and first pulls weigh nothing."""

    touched: int
    linked: int
    actions: Mapping[str, int] = field(default_factory=dict)  #: how many records by action, for the sentence


def too_many(weight: Weight, *, rule: BrakeRule, released: int = 0) -> Brake | None:
    """Stop a run that would change or retire implausibly many of the linked records.

    :param released: a person has seen this many and let them pass; a few more since are no news.
    """
    if rule.exceeded(touched=weight.touched, linked=weight.linked) and weight.touched > released + rule.count:
        return Brake.TOO_MANY
    return None


def side_empty(*, seen: int, linked: int, rule: BrakeRule) -> Brake | None:
    """Stop when a full read shows no record at all of those that are linked: an outage or the wrong company."""
    return Brake.SIDE_EMPTY if linked >= rule.few and seen == 0 else None


def sentence(brake: Brake, *, package: str, weight: Weight) -> str:
    """Say why the run was stopped; ends with a full stop."""
    if brake is Brake.SIDE_EMPTY:
        return (
            f"{package} suddenly shows none of the {weight.linked} linked records, so nothing was changed. "
            "Look there first; if it is meant, let the sync go on."
        )
    parts = ", ".join(f"{count} to {action}" for action, count in sorted(weight.actions.items()) if count)
    listed = f" ({parts})" if parts else ""
    return (
        f"{weight.touched} of {weight.linked} records linked with {package} would change at once{listed}, "
        "so nothing was changed. Look at the plan; if it is meant, let the sync go on."
    )
