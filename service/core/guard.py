"""Brakes: refuse a run that is too implausible to be meant."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Brake(StrEnum):
    """Why a run is stopped until a person releases it."""

    TOO_MANY = "too_many"  #: more records would change than a plausible day's work
    SIDE_EMPTY = "side_empty"  #: a side that had records suddenly shows none


@dataclass(frozen=True, slots=True, kw_only=True)
class BrakeRule:
    """A run is stopped when it touches more than ``count`` records *and* more than ``percent`` of those linked.

    Both are needed: half of four records is a normal morning, and 60 of 10,000 is too.
    """

    count: int = 50
    percent: int = 25


def too_many(*, touched: int, linked: int, rule: BrakeRule) -> Brake | None:
    """Stop a run that would archive, overwrite or pull implausibly many of the linked records.

    ``touched`` counts only changes to what was agreed before; first sends and first pulls are no reason to stop.
    """
    if touched > rule.count and touched * 100 > linked * rule.percent:
        return Brake.TOO_MANY
    return None


def side_empty(*, seen: int, linked: int) -> Brake | None:
    """Stop when a full read shows no record at all of those that are linked: an outage or the wrong company."""
    return Brake.SIDE_EMPTY if linked > 0 and seen == 0 else None


def sentence(brake: Brake, *, package: str, touched: int, linked: int) -> str:
    """Say why the run was stopped; ends with a full stop."""
    if brake is Brake.SIDE_EMPTY:
        return f"{package} suddenly shows none of the {linked} linked records, so nothing was changed."
    return f"{touched} of {linked} records linked with {package} would change at once, so nothing was changed."
