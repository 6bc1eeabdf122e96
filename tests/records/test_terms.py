"""When an invoice is due, by the terms as we write them."""

from __future__ import annotations

from datetime import date

import pytest

from service.records.terms import USUAL, due_on


@pytest.mark.parametrize(
    ("terms", "due"),
    [
        ("net30", date(2028, 3, 11)),
        ("Net 7", date(2028, 2, 17)),
        ("eom", date(2028, 2, 29)),
        ("eom15", date(2028, 3, 15)),
        ("due_on_receipt", date(2028, 2, 10)),
        ("on good faith", date(2028, 2, 10)),
        (None, date(2028, 2, 10)),
    ],
)
def test_terms_count_from_the_issue_or_from_the_end_of_its_month(terms: str | None, due: date) -> None:
    assert due_on(date(2028, 2, 10), terms) == due


def test_terms_that_are_offered_are_understood() -> None:
    assert [one for one in USUAL if due_on(date(2028, 2, 10), one) == date(2028, 2, 10)] == ["due_on_receipt"]
