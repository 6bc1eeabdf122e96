"""Exact money: rounding to a currency's digits, storage units, canonical texts, sharing without losing a cent.

Amounts are ``Decimal`` everywhere; a float never gets in. One rounding rule holds for the whole service: half up, that
is, away from zero at exactly half ("0.125" becomes "0.13", "-0.125" becomes "-0.13"), as invoices are rounded by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal

from babel.numbers import get_currency_precision

#: Places that storage keeps: money and quantities are integers of 1/10,000.
PLACES = 4
UNITS_PER_ONE = 10**PLACES

_MAX_AMOUNT = Decimal(2**63 - 1).scaleb(-PLACES)  # what a signed 64-bit column holds on both databases
_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
_TRAILING_ZEROS = re.compile(r"(\.[0-9]*[1-9])0+$|\.0+$")
_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")

# Babel knows how many digits people *write* (CLDR); for these currencies that is fewer than books *keep* (ISO 4217).
_DIGITS_KEPT = dict.fromkeys(
    ("AFN", "ALL", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SOS", "SYP", "YER"), 2
) | {"IQD": 3}


class MoneyError(ValueError):
    """An amount that cannot be taken as it stands; the message is a sentence for the person who typed it."""


def currency_digits(currency: str) -> int:
    """Return the decimal places of amounts in ``currency`` (ISO 4217): mostly 2, JPY 0, KWD 3; 2 for unknown codes."""
    return _DIGITS_KEPT.get(currency, get_currency_precision(currency))


def quantise(amount: Decimal, currency: str) -> Decimal:
    """Round to the currency's digits, half up.

    :raises MoneyError: for NaN or an infinity.
    """
    return round_places(amount, currency_digits(currency))


def round_places(amount: Decimal, places: int) -> Decimal:
    """Round to a number of decimal places, half up; never yields a negative zero.

    :raises MoneyError: for NaN or an infinity.
    """
    _require_finite(amount)
    rounded = amount.quantize(Decimal(f"1E-{places}"), context=_EXACT)
    return rounded or abs(rounded)


def to_units(amount: Decimal) -> int:
    """Return the amount as whole units of 1/10,000, the form in which it is stored.

    :raises MoneyError: if it has more than four decimal places, is NaN or infinite, or does not fit 64 bits.
    """
    _require_finite(amount)
    _require_room(amount)
    if _digits_after_point(amount) > PLACES:
        raise MoneyError(f"{decimal_text(amount)} has more than {PLACES} decimal places.")
    return int(_EXACT.multiply(amount, Decimal(UNITS_PER_ONE)))


def decimal_text(amount: Decimal) -> str:
    """Return the canonical text: plain digits, no exponent, no trailing zeros, no negative zero ("150", "21.5").

    :raises MoneyError: for NaN or an infinity.
    """
    _require_finite(amount)
    return _TRAILING_ZEROS.sub(r"\1", f"{amount:f}") if amount else "0"


def money_text(amount: Decimal, currency: str) -> str:
    """Return the amount as people and the API expect it: rounded to the currency's digits, zeros kept ("300.00")."""
    return str(quantise(amount, currency))


def parse_decimal(text: str, *, places: int = PLACES) -> Decimal:
    """Read a decimal string such as ``"-1250.5"``; blanks around it are ignored.

    :raises MoneyError: for anything but ASCII digits with an optional sign and point (so no "1e3", "1,250", "NaN"),
        for more than ``places`` decimal places that are not zero, and for a number that storage cannot hold.
    """
    stripped = text.strip()
    if not stripped:
        raise MoneyError("A number is needed here, such as 150 or 21.50.")
    if "," in stripped:
        raise MoneyError(f"'{stripped}' has a comma; write it with a point and no separators, such as 1250.50.")
    if _DECIMAL.fullmatch(stripped) is None:
        raise MoneyError(f"'{stripped}' is not a decimal number such as 150 or 21.50.")
    amount = Decimal(stripped)
    _require_room(amount)
    if _digits_after_point(amount) > places:
        raise MoneyError(f"'{stripped}' has more than {places} decimal places.")
    return amount


def allocate(total: Decimal, weights: Sequence[Decimal], currency: str) -> tuple[Decimal, ...]:
    """Share ``total`` by ``weights`` in the currency's smallest units so that the shares add up to it exactly.

    Each share is within one smallest unit of its exact part; the units left over go to the largest remainders, equal
    ones in the order given. A share never has the sign opposite to the total's.

    :raises MoneyError: if ``total`` is finer than the currency, a weight is negative, or no weight is positive.
    """
    if quantise(total, currency) != total:
        raise MoneyError(f"{decimal_text(total)} is finer than {currency} allows.")
    if any(weight < 0 for weight in weights) or not any(weights):
        raise MoneyError("Weights must not be negative and one of them must be positive.")
    if total < 0:
        return tuple(-share for share in allocate(-total, weights, currency))
    digits = currency_digits(currency)
    whole = int(total.scaleb(digits))
    weight_sum = add_up(weights)
    exact = [_EXACT.divide(_EXACT.multiply(Decimal(whole), weight), weight_sum) for weight in weights]
    shares = [int(part.to_integral_value(rounding=ROUND_DOWN)) for part in exact]
    by_remainder = sorted(range(len(exact)), key=lambda index: shares[index] - exact[index])
    for index in by_remainder[: whole - sum(shares)]:
        shares[index] += 1
    return tuple(Decimal(share).scaleb(-digits) for share in shares)


def add_up(amounts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum; a ``Decimal`` zero for none."""
    result = Decimal(0)
    for amount in amounts:
        result = _EXACT.add(result, amount)
    return result


def _digits_after_point(amount: Decimal) -> int:
    """Count the decimal places that are not trailing zeros, without rounding."""
    text = decimal_text(amount)
    return len(text.partition(".")[2])


def _require_finite(amount: Decimal) -> None:
    if not amount.is_finite():
        raise MoneyError("The number must be finite.")


def _require_room(amount: Decimal) -> None:
    if amount.copy_abs() > _MAX_AMOUNT:
        raise MoneyError("The number is too large.")
