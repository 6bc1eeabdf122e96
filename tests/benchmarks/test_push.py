"""The benchmark of pushing: its arithmetic, and that both sides of it really save every customer."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

import sandbox
from benchmarks.plain import SCRIPTS
from benchmarks.push import Measured, Round, inputs, measure

KEPT = {"links": 10, "intents": 10, "calls": 1, "counterparts": 12, "events": 10}


def _measured(*pairs: tuple[float, float], **kept: int) -> Measured:
    rounds = [Round(ours=ours, script=script) for ours, script in pairs]
    return Measured(package="A package", customers=10, rounds=rounds, kept={**KEPT, **kept})


def test_every_package_has_its_script() -> None:
    assert set(SCRIPTS) == set(sandbox.names())


def test_the_median_of_the_pairs_counts() -> None:
    assert _measured((1.0, 2.0), (3.0, 1.0), (0.8, 1.0)).ratio == Decimal("0.800")


@pytest.mark.parametrize(
    ("measured", "fault"),
    [
        (_measured((1.0, 1.0)), None),
        (_measured((1.1, 1.0)), "1.100 times the plain script"),
        (_measured((0.5, 1.0), events=9), "9 events for 10 customers"),
    ],
)
def test_a_bar_that_is_missed_is_named(measured: Measured, fault: str | None) -> None:
    assert len(measured.faults) == (0 if fault is None else 1)
    assert fault is None or measured.faults[0].startswith(fault)


def test_no_two_customers_share_a_name() -> None:
    given = inputs(2_000)
    assert len({one["name"] for one in given}) == 2_000


@pytest.mark.parametrize("name", sandbox.names())
def test_a_small_push_keeps_everything_and_so_does_the_script_save_everything(name: str, tmp_path: Path) -> None:
    measured = measure(name, tmp_path, count=12, rounds=1)
    assert measured.customers == 12
    assert {what: count >= 12 for what, count in measured.kept.items() if what != "calls"} == {
        "links": True,
        "intents": True,
        "counterparts": True,
        "events": True,
    }
    assert measured.rounds[0].ours > 0
    assert measured.rounds[0].script > 0
