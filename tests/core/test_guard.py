"""Brakes: what is implausible, and what is a normal morning."""

from __future__ import annotations

import pytest

from service.core.guard import Brake, BrakeRule, sentence, side_empty, too_many

RULE = BrakeRule(count=50, percent=25)


@pytest.mark.parametrize(
    ("touched", "linked", "brake"),
    [
        (0, 0, None),
        (3, 4, None),
        (50, 50, None),
        (51, 51, Brake.TOO_MANY),
        (51, 203, Brake.TOO_MANY),
        (51, 204, None),
        (60, 10_000, None),
        (2_501, 10_000, Brake.TOO_MANY),
        (2_500, 10_000, None),
        (51, 0, Brake.TOO_MANY),
    ],
)
def test_a_run_is_stopped_by_count_and_share_together(touched: int, linked: int, brake: Brake | None) -> None:
    assert too_many(touched=touched, linked=linked, rule=RULE) is brake


def test_the_usual_rule_is_fifty_records_and_a_quarter() -> None:
    assert BrakeRule() == RULE


@pytest.mark.parametrize(
    ("seen", "linked", "brake"), [(0, 0, None), (5, 0, None), (1, 300, None), (0, 1, Brake.SIDE_EMPTY)]
)
def test_a_side_that_is_suddenly_empty_stops_the_run(seen: int, linked: int, brake: Brake | None) -> None:
    assert side_empty(seen=seen, linked=linked) is brake


def test_a_brake_says_why() -> None:
    assert sentence(Brake.SIDE_EMPTY, package="Books", touched=0, linked=312) == (
        "Books suddenly shows none of the 312 linked records, so nothing was changed."
    )
    assert sentence(Brake.TOO_MANY, package="Books", touched=200, linked=312) == (
        "200 of 312 records linked with Books would change at once, so nothing was changed."
    )
