"""Who receives an invoice, in every combination of choices: a cut is played here, the rest by ``make recipients``."""

from __future__ import annotations

from itertools import combinations

import pytest

from tests.sync.recipient_table import (
    CHOICES,
    DOCUMENT,
    PACKAGES,
    TIES,
    Case,
    cases,
    expected_street,
    is_right,
    play,
    row_of,
)


def pairs(case: Case) -> set[tuple[int, str, int, str]]:
    """Return every pair of choices that a case makes."""
    values = [str(getattr(case, name)) for name in Case.__slots__]
    return {(i, values[i], j, values[j]) for i, j in combinations(range(len(values)), 2)}


def cut() -> list[Case]:
    """Return a few cases in which every pair of choices occurs."""
    left = set().union(*(pairs(case) for case in cases()))
    chosen: list[Case] = []
    while left:
        best = max(cases(), key=lambda case: len(pairs(case) & left))
        chosen.append(best)
        left -= pairs(best)
    return chosen


def documented() -> list[list[str]]:
    """Return the rows of the document."""
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return rows[2:]


def test_the_document_has_every_combination_with_the_people_of_the_contract() -> None:
    assert len(cases()) == len(CHOICES) ** 3 * len(TIES) * 2
    assert [" | ".join(row[:-2]) for row in documented()] == [row_of(case) for case in cases()]


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("provider", PACKAGES)
def test_what_arrives_is_what_the_rules_say(provider: str, prepared_database_url: str) -> None:
    chosen = cut()
    assert {expected_street(case) for case in chosen} == {None, "1 Own Road", "2 Site Road"}
    arrived = play(provider, prepared_database_url, chosen)
    wrong = {case: found for case, found in arrived.items() if not is_right(case, found)}
    assert not wrong
    column = PACKAGES.index(provider) - len(PACKAGES)
    told = {case: row[column] for case, row in zip(cases(), documented(), strict=True)}
    words = {"package": "the package", "mail": "own mail"}
    assert {case: words[found[0].by] for case, found in arrived.items()} == {case: told[case] for case in chosen}
