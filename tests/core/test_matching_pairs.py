"""The labelled pairs of company names: near misses are not taken for the same, and the same are found."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from service.core.matching import Party, Proposal, propose

PAIRS = Path(__file__).parent.parent / "fixtures" / "matching" / "company_pairs.csv"
AUTOMATIC = Decimal("0.95")

Row = Mapping[str, str]


def _rows() -> list[Row]:
    with PAIRS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def judged() -> list[tuple[Row, Proposal | None]]:
    """Every pair, with what is proposed for it when all of them are matched at once."""
    rows = _rows()
    found = propose(
        [Party(id=f"{at:04}", name=row["ours"]) for at, row in enumerate(rows)],
        [Party(id=f"{at:04}", name=row["theirs"]) for at, row in enumerate(rows)],
    )
    own = {one.ours: one for one in found if one.ours == one.theirs}
    return [(row, own.get(f"{at:04}")) for at, row in enumerate(rows)]


def _is_automatic(found: Proposal | None) -> bool:
    return found is not None and not found.ambiguous and found.confidence >= AUTOMATIC


def test_there_are_two_thousand_pairs_half_of_them_held_out() -> None:
    rows = _rows()
    assert len(rows) == 2000
    assert len({row["language"] for row in rows}) >= 6
    for column, share in (("part", "held"), ("same", "1")):
        assert 900 < sum(row[column] == share for row in rows) < 1100


@pytest.mark.parametrize("part", ["tune", "held"])
def test_less_than_one_near_miss_in_a_hundred_is_taken_for_the_same(
    judged: list[tuple[Row, Proposal | None]], part: str
) -> None:
    near = [found for row, found in judged if (row["part"], row["same"]) == (part, "0")]
    assert sum(map(_is_automatic, near)) < len(near) / 100


@pytest.mark.parametrize("part", ["tune", "held"])
def test_of_a_hundred_companies_at_least_ninety_five_are_proposed(
    judged: list[tuple[Row, Proposal | None]], part: str
) -> None:
    same = [found for row, found in judged if (row["part"], row["same"]) == (part, "1")]
    assert sum(found is not None for found in same) >= len(same) * 95 / 100
    assert sum(map(_is_automatic, same)) >= len(same) * 80 / 100
