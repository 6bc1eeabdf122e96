"""Laws and examples of exact money."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.money import (
    UNITS_PER_ONE,
    MoneyError,
    add_up,
    allocate,
    currency_digits,
    decimal_text,
    money_text,
    parse_decimal,
    quantise,
    to_units,
)

CURRENCIES = st.sampled_from(["USD", "JPY", "KWD", "NZD", "CLF"])
UNITS = st.integers(min_value=-(2**63 - 1), max_value=2**63 - 1)
AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, places=9)
WEIGHTS = st.lists(st.decimals(min_value=0, max_value=10**6, places=4), min_size=1, max_size=12).filter(any)


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("CHF", 2), ("RSD", 2), ("IQD", 3), ("ZZZ", 2)],
)
def test_a_currency_has_the_digits_books_keep(currency: str, digits: int) -> None:
    assert currency_digits(currency) == digits


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("0.125", "USD", "0.13"),
        ("-0.125", "USD", "-0.13"),
        ("0.12499999", "USD", "0.12"),
        ("2.675", "USD", "2.68"),  # a float would say 2.67
        ("0.5", "JPY", "1"),
        ("1.0005", "KWD", "1.001"),
        ("-0.004", "USD", "0.00"),
        ("12345678901234567890123456789.005", "USD", "12345678901234567890123456789.01"),
    ],
)
def test_amounts_are_rounded_half_away_from_zero(amount: str, currency: str, rounded: str) -> None:
    assert str(quantise(Decimal(amount), currency)) == rounded


@given(AMOUNTS, CURRENCIES)
def test_rounding_moves_an_amount_by_half_a_smallest_unit_at_most_and_only_once(amount: Decimal, currency: str) -> None:
    rounded = quantise(amount, currency)
    assert abs(rounded - amount) * 2 <= Decimal(1).scaleb(-currency_digits(currency))
    assert quantise(rounded, currency) == rounded
    assert quantise(-amount, currency) == -rounded
    assert -rounded.as_tuple().exponent == currency_digits(currency)  # type: ignore[operator]


@given(UNITS)
def test_storage_units_and_amounts_are_two_forms_of_the_same(units: int) -> None:
    amount = Decimal(units).scaleb(-4)
    assert to_units(amount) == units
    assert amount * UNITS_PER_ONE == units


@given(UNITS)
def test_the_canonical_text_is_read_back_as_the_same_amount(units: int) -> None:
    amount = Decimal(units).scaleb(-4)
    text = decimal_text(amount)
    assert parse_decimal(text) == amount
    assert "E" not in text
    assert "." not in text or text[-1] not in ".0"
    assert text != "-0"


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("150.00", "150"),
        ("21.50", "21.5"),
        ("1E+3", "1000"),
        ("1E-4", "0.0001"),
        ("-0.00", "0"),
        ("0", "0"),
        ("100", "100"),
        ("-10", "-10"),
        ("-0.10", "-0.1"),
    ],
)
def test_equal_amounts_have_one_text(amount: str, text: str) -> None:
    assert decimal_text(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("300", "USD", "300.00"),
        ("1E+3", "USD", "1000.00"),
        ("12.4", "JPY", "12"),
        ("-0.001", "USD", "0.00"),
        ("1", "KWD", "1.000"),
    ],
)
def test_an_amount_is_shown_with_the_digits_of_its_currency(amount: str, currency: str, text: str) -> None:
    assert money_text(Decimal(amount), currency) == text


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        ("0.00001", "0.00001 has more than 4 decimal places."),
        ("123456.123456789012345678901234567890123456789012345678901234567890", "more than 4 decimal places"),
        ("0.0001" + "0" * 90 + "1", "more than 4 decimal places"),
        ("922337203685477.5808", "too large"),
        ("-922337203685477.5808", "too large"),
        ("1E+999999", "too large"),
        ("NaN", "finite"),
        ("sNaN", "finite"),
        ("-Infinity", "finite"),
    ],
)
def test_what_storage_cannot_hold_exactly_is_refused(amount: str, message: str) -> None:
    with pytest.raises(MoneyError, match=message):
        to_units(Decimal(amount))


def test_the_largest_amount_that_storage_holds_is_taken() -> None:
    assert to_units(Decimal("922337203685477.5807")) == 2**63 - 1
    assert to_units(Decimal("1.50000000")) == 15_000


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("150", "150"),
        (" -1250.5 ", "-1250.5"),
        ("+0.0001", "0.0001"),
        ("1.230000", "1.23"),
        ("007", "7"),
        ("922337203685477.5807", "922337203685477.5807"),
    ],
)
def test_decimal_strings_are_read(text: str, amount: str) -> None:
    assert parse_decimal(text) == Decimal(amount)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "A number is needed here"),
        ("  ", "A number is needed here"),
        ("1,250.50", "'1,250.50' has a comma"),
        ("12,50", "has a comma"),
        ("1e3", "'1e3' is not a decimal number"),
        ("NaN", "is not a decimal number"),
        ("Infinity", "is not a decimal number"),
        ("1_000", "is not a decimal number"),
        (".5", "is not a decimal number"),
        ("5.", "is not a decimal number"),
        ("--5", "is not a decimal number"),
        ("٣", "is not a decimal number"),
        ("$5", "is not a decimal number"),
        ("5 0", "is not a decimal number"),
        ("0.00001", "'0.00001' has more than 4 decimal places"),
        ("922337203685477.5808", "too large"),
        ("9" * 400, "too large"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(text: str, message: str) -> None:
    with pytest.raises(MoneyError, match=message.replace("$", r"\$")):
        parse_decimal(text)


def test_a_field_may_allow_fewer_places() -> None:
    assert parse_decimal("12.34", places=2) == Decimal("12.34")
    with pytest.raises(MoneyError, match="more than 2 decimal places"):
        parse_decimal("12.345", places=2)


@given(st.integers(-(10**12), 10**12), WEIGHTS, CURRENCIES)
def test_sharing_an_amount_loses_no_smallest_unit(minor: int, weights: list[Decimal], currency: str) -> None:
    unit = Decimal(1).scaleb(-currency_digits(currency))
    total = minor * unit
    shares = allocate(total, weights, currency)
    assert sum(shares) == total
    assert len(shares) == len(weights)
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share * sum(weights) - total * weight) <= unit * sum(weights)
        assert share * total >= 0
        assert weight or not share


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        ("10.00", ["1", "1", "1"], ["3.34", "3.33", "3.33"]),
        ("-10.00", ["1", "1", "1"], ["-3.34", "-3.33", "-3.33"]),
        ("-0.01", ["1", "1"], ["-0.01", "0.00"]),
        ("0.00", ["1", "1"], ["0.00", "0.00"]),
        ("0.02", ["1", "1", "1"], ["0.01", "0.01", "0.00"]),
        ("11.44", ["9", "6"], ["6.86", "4.58"]),
        ("1.00", ["0", "3", "0"], ["0.00", "1.00", "0.00"]),
        ("0.05", ["3", "7"], ["0.02", "0.03"]),  # exactly 1.5 and 3.5: the first of equal remainders gains
    ],
)
def test_left_over_cents_go_to_the_largest_remainder(total: str, weights: list[str], shares: list[str]) -> None:
    assert [str(s) for s in allocate(Decimal(total), [Decimal(w) for w in weights], "USD")] == shares


@pytest.mark.parametrize(
    ("total", "weights", "message"),
    [
        ("0.001", ["1"], "finer than USD"),
        ("1.00", ["-1", "2"], "negative"),
        ("1.00", ["0", "0"], "positive"),
        ("1.00", [], "positive"),
    ],
)
def test_an_amount_that_cannot_be_shared_is_refused(total: str, weights: list[str], message: str) -> None:
    with pytest.raises(MoneyError, match=message):
        allocate(Decimal(total), [Decimal(w) for w in weights], "USD")


def test_a_sum_is_exact_and_a_decimal_even_of_nothing() -> None:
    assert str(add_up([])) == "0"
    assert isinstance(add_up([]), Decimal)
    assert str(add_up([Decimal("1E+27"), Decimal("0.01"), Decimal("-1E+27")])) == "0.01"
