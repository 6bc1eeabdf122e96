"""Payment terms as Xero writes them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.mapping.settings import Terms
from service.mapping.xero.term import can_hold, read_terms, write_terms


@pytest.mark.parametrize(
    ("code", "there"),
    [
        ("due_on_receipt", {"Day": 0, "Type": "DAYSAFTERBILLDATE"}),
        ("net30", {"Day": 30, "Type": "DAYSAFTERBILLDATE"}),
        ("eom", {"Day": 31, "Type": "OFCURRENTMONTH"}),
        ("eom20", {"Day": 20, "Type": "DAYSAFTERBILLMONTH"}),
        ("net45", {}),
        ("whenever", {}),
    ],
)
def test_our_codes_become_xeros_terms(code: str, there: dict[str, Any]) -> None:
    assert write_terms(code) == there


@pytest.mark.parametrize(
    ("there", "code"),
    [
        ({"Day": 20, "Type": "OFFOLLOWINGMONTH"}, "eom20"),
        ({"Day": 31, "Type": "OFFOLLOWINGMONTH"}, "offollowingmonth 31"),
        ({"Day": 15, "Type": "OFCURRENTMONTH"}, "ofcurrentmonth 15"),
        ({"Day": 5, "Type": "SOMETHINGNEW"}, "somethingnew 5"),
        ({"Day": "7", "Type": "daysafterbilldate"}, "net7"),
        ({"Day": None, "Type": "DAYSAFTERBILLDATE"}, "due_on_receipt"),
        ({"Day": "x", "Type": "DAYSAFTERBILLDATE"}, None),
        ({"Day": 5}, None),
        ({}, None),
    ],
)
def test_xeros_terms_become_our_codes(there: dict[str, Any], code: str | None) -> None:
    assert read_terms(there) == code


@given(st.integers(0, 40), st.booleans())
def test_what_xero_can_hold_comes_back_as_it_was(days: int, end_of_month: bool) -> None:
    terms = Terms(days=days, end_of_month=end_of_month)
    assert read_terms(write_terms(terms.code)) == (terms.code if can_hold(terms) else None)
