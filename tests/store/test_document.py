"""Documents of columns as text: what is written is read, on both roads."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.store import document

_PARTS = st.none() | st.booleans() | st.integers() | st.text()
_DOCUMENTS = st.recursive(_PARTS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


@given(_DOCUMENTS)
def test_what_is_written_is_read(value: Any) -> None:
    assert document.read(document.written(value)) == value


@given(_DOCUMENTS)
def test_the_standard_library_reads_it_too_and_is_read(value: Any) -> None:
    assert json.loads(document.written(value)) == value
    assert document.read(json.dumps(value)) == value


@pytest.mark.parametrize("value", ["\ud800", {"half": "a\udfff"}, [2**80, -(2**70)]])
def test_what_the_fast_road_does_not_take_goes_the_other(value: Any) -> None:
    assert document.read(document.written(value)) == value


def test_an_amount_stays_exact() -> None:
    assert document.read(document.written({"amount": Decimal("0.10")})) == {"amount": "0.10"}


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        document.read("{")
    with pytest.raises(TypeError):
        document.written(object())
