"""JSON without floats."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.connectors.exact_json import read, write

_DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12)
_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_PLAIN)
def test_what_json_itself_can_hold_is_written_as_json_does(value: Any) -> None:
    assert read(write(value)) == value
    assert json.loads(write(value)) == value


@given(_DECIMALS)
def test_a_decimal_travels_exactly(amount: Decimal) -> None:
    text = write({"Amount": amount})
    assert Decimal(str(read(text)["Amount"])) == amount
    assert "E" not in text
    assert '"Amount":"' not in text


def test_a_float_is_refused() -> None:
    with pytest.raises(TypeError):
        write({"Amount": 0.1})


@pytest.mark.parametrize("text", ["", "{", "[NaN]", "[Infinity]", "<html>"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read(text)


def test_a_number_with_a_point_stays_as_it_was_written() -> None:
    assert read('{"a": 150.00, "b": 3, "c": 1e2}') == {"a": "150.00", "b": 3, "c": "1e2"}
