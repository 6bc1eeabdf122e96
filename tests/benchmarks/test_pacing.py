"""The benchmark of pacing on small companies: its arithmetic, its bars, and that a wait holds nobody else up."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from benchmarks.pacing import Company, Measured, Synced, companies_of, least_seconds, measure

SMALL = Company(name="small", customers=100, invoices=25)
SYNCED = Synced(company=SMALL, state="succeeded", calls=6, foreseen=6, seconds=1.8, least=1.8)


@pytest.mark.parametrize(
    ("calls", "per_minute", "seconds"),
    [(1, 60, 0.5), (60, 60, 30.0), (61, 60, 60.5), (103, 60, 81.5), (121, 60, 120.5), (10, 5, 62.5)],
)
def test_the_least_is_every_call_as_soon_as_its_minute_has_room(calls: int, per_minute: int, seconds: float) -> None:
    assert least_seconds(calls, per_minute=per_minute, call_seconds=0.5) == pytest.approx(seconds)


def test_the_least_calls_are_full_batches_and_one_look() -> None:
    assert [one.least_calls for one in companies_of(5000, 1, 125)] == [103, 6]


@pytest.mark.parametrize(
    ("changes", "refused", "fault"),
    [
        ({}, 0, None),
        ({"seconds": 1.9}, 0, "small: 1.056 times the least"),
        ({"state": "failed"}, 0, "small: the sync failed"),
        ({}, 2, "2 calls were refused"),
    ],
)
def test_a_bar_that_is_missed_is_named(changes: dict[str, object], refused: int, fault: str | None) -> None:
    found = Measured(synced=[replace(SYNCED, **changes)], refused=refused).faults  # type: ignore[arg-type]
    assert len(found) == (0 if fault is None else 1)
    assert fault is None or found[0].startswith(fault)


def test_companies_that_wait_for_their_minute_leave_their_worker_to_others(tmp_path: Path) -> None:
    """Two workers, three companies that have to wait for their minute, and a small one that comes last."""
    waiting = [Company(name=f"waits {number}", customers=210, invoices=0) for number in range(3)]
    measured = measure(tmp_path, [*waiting, Company(name="last", customers=20, invoices=0)], per_minute=6, workers=2)
    *large, last = measured.synced
    assert measured.refused == 0
    assert all(one.state == "succeeded" and one.seconds > 60 for one in large)
    assert all(one.ratio <= Decimal("1.05") for one in large)
    assert (last.state, last.seconds < 5) == ("succeeded", True)  # a call or two of the others are under way before it
