"""Brakes: what is implausible, and what is a normal morning."""

from __future__ import annotations

import pytest

from service.core.guard import Brake, BrakeRule, Weight, rule_of, sentence, side_empty, too_many

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
    assert too_many(Weight(touched=touched, linked=linked), rule=RULE) is brake


@pytest.mark.parametrize(("touched", "brake"), [(300, None), (350, None), (351, Brake.TOO_MANY)])
def test_what_a_person_has_let_pass_is_not_stopped_again_for_a_few_more(touched: int, brake: Brake | None) -> None:
    assert too_many(Weight(touched=touched, linked=400), rule=RULE, released=300) is brake


def test_the_usual_rule_is_twenty_five_records_and_a_fifth() -> None:
    assert (rule_of({}).count, rule_of({}).percent) == (25, 20)
    assert rule_of({"brake_records": 5, "brake_percent": 50}) == BrakeRule(count=5, percent=50)


@pytest.mark.parametrize(
    ("seen", "linked", "brake"),
    [(0, 0, None), (5, 0, None), (1, 300, None), (0, 2, None), (0, 3, Brake.SIDE_EMPTY), (0, 300, Brake.SIDE_EMPTY)],
)
def test_a_side_that_is_suddenly_empty_stops_the_run(seen: int, linked: int, brake: Brake | None) -> None:
    assert side_empty(seen=seen, linked=linked, rule=RULE) is brake


def test_a_brake_says_why() -> None:
    assert sentence(Brake.SIDE_EMPTY, package="Books", weight=Weight(touched=312, linked=312)) == (
        "Books suddenly shows none of the 312 linked records, so nothing was changed. "
        "Look there first; if it is meant, let the sync go on."
    )
    weight = Weight(touched=200, linked=312, actions={"change there": 150, "archive there": 50, "void there": 0})
    assert sentence(Brake.TOO_MANY, package="Books", weight=weight) == (
        "200 of 312 records linked with Books would change at once (50 to archive there, 150 to change there), "
        "so nothing was changed. Look at the plan; if it is meant, let the sync go on."
    )
