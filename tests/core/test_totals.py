"""Laws and published examples of an invoice's amounts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.model import Payment, PaymentKind
from service.core.money import currency_digits
from service.core.totals import (
    TaxableLine,
    TaxRounding,
    TaxSum,
    Totals,
    amount_paid,
    compute_totals,
    line_amount,
    line_tax,
)

CURRENCIES = st.sampled_from(["USD", "JPY", "KWD"])
MINOR = st.integers(-(10**9), 10**9)
RATES = st.sampled_from([Decimal(r) for r in ("0", "5", "7.25", "8.875", "15", "19", "21", "100")])
LINES = st.lists(st.tuples(MINOR, RATES), max_size=8)


def _lines(*amounts: str, rate: str = "15") -> list[TaxableLine]:
    return [TaxableLine(amount=Decimal(amount), rate_percent=Decimal(rate)) for amount in amounts]


def _of(drawn: list[tuple[int, Decimal]], currency: str) -> list[TaxableLine]:
    unit = Decimal(1).scaleb(-currency_digits(currency))
    return [TaxableLine(amount=minor * unit, rate_percent=rate) for minor, rate in drawn]


@pytest.mark.parametrize(
    ("quantity", "unit_price", "discount", "currency", "amount"),
    [
        ("2", "150", "0", "USD", "300.00"),
        ("3", "9.99", "10", "USD", "26.97"),  # 26.973
        ("0.3333", "100", "0", "USD", "33.33"),
        ("1", "0.125", "0", "USD", "0.13"),
        ("-1", "0.125", "0", "USD", "-0.13"),
        ("1.5", "333", "0", "JPY", "500"),
        ("1", "99.99", "100", "USD", "0.00"),
        ("7", "1.2345", "12.5", "KWD", "7.561"),  # 7.5613125: rounded once, not at each step
    ],
)
def test_a_line_is_quantity_times_price_less_discount_rounded_once(
    quantity: str, unit_price: str, discount: str, currency: str, amount: str
) -> None:
    made = line_amount(
        quantity=Decimal(quantity),
        unit_price=Decimal(unit_price),
        discount_percent=Decimal(discount),
        currency=currency,
    )
    assert str(made) == amount


def test_tax_rounded_per_line_gives_the_published_example() -> None:
    totals = compute_totals(_lines("25.06", "25.61", "25.63"), inclusive=False, currency="NZD")
    assert totals == Totals(
        subtotal=Decimal("76.30"),
        tax_total=Decimal("11.44"),
        total=Decimal("87.74"),
        taxes=(TaxSum(rate_percent=Decimal(15), net=Decimal("76.30"), tax=Decimal("11.44")),),
    )


def test_tax_rounded_per_rate_is_a_cent_more_in_the_same_example() -> None:
    totals = compute_totals(
        _lines("25.06", "25.61", "25.63"), inclusive=False, currency="NZD", rounding=TaxRounding.PER_RATE
    )
    assert (totals.tax_total, totals.total) == (Decimal("11.45"), Decimal("87.75"))


def test_prices_that_include_tax_add_up_to_the_total() -> None:
    totals = compute_totals(_lines("119.00", "11.90", rate="19"), inclusive=True, currency="EUR")
    assert (totals.subtotal, totals.tax_total, totals.total) == (Decimal("110.00"), Decimal("20.90"), Decimal("130.90"))
    assert line_tax(_lines("1.00", rate="7")[0], inclusive=True, currency="EUR") == Decimal("0.07")


def test_rates_are_kept_apart_in_order_of_appearance() -> None:
    lines = [*_lines("10.00", rate="7"), *_lines("20.00", rate="0"), *_lines("30.00", rate="7.0")]
    totals = compute_totals(lines, inclusive=False, currency="USD")
    assert totals.taxes == (
        TaxSum(rate_percent=Decimal(7), net=Decimal("40.00"), tax=Decimal("2.80")),
        TaxSum(rate_percent=Decimal(0), net=Decimal("20.00"), tax=Decimal("0.00")),
    )


def test_a_document_without_lines_comes_to_nothing() -> None:
    totals = compute_totals([], inclusive=False, currency="USD")
    assert [str(amount) for amount in (totals.subtotal, totals.tax_total, totals.total)] == ["0.00"] * 3


@given(LINES, st.booleans(), CURRENCIES, st.sampled_from(TaxRounding))
def test_totals_add_up_whatever_the_rounding(
    drawn: list[tuple[int, Decimal]], inclusive: bool, currency: str, rounding: TaxRounding
) -> None:
    lines = _of(drawn, currency)
    totals = compute_totals(lines, inclusive=inclusive, currency=currency, rounding=rounding)
    amounts = sum(line.amount for line in lines)
    assert totals.subtotal + totals.tax_total == totals.total
    assert amounts == (totals.total if inclusive else totals.subtotal)
    assert sum(part.net for part in totals.taxes) == totals.subtotal
    assert sum(part.tax for part in totals.taxes) == totals.tax_total
    for part in totals.taxes:
        assert part.rate_percent or not part.tax


@given(LINES, st.booleans(), CURRENCIES)
def test_both_roundings_agree_within_half_a_unit_per_line_and_one_half_per_rate(
    drawn: list[tuple[int, Decimal]], inclusive: bool, currency: str
) -> None:
    lines = _of(drawn, currency)
    per_line = compute_totals(lines, inclusive=inclusive, currency=currency)
    per_rate = compute_totals(lines, inclusive=inclusive, currency=currency, rounding=TaxRounding.PER_RATE)
    unit = Decimal(1).scaleb(-currency_digits(currency))
    assert abs(per_line.tax_total - per_rate.tax_total) * 2 <= unit * (len(lines) + len(per_rate.taxes))
    assert per_line.tax_total == sum(line_tax(line, inclusive=inclusive, currency=currency) for line in lines)


@given(LINES, st.booleans(), CURRENCIES, st.sampled_from(TaxRounding))
def test_the_order_of_lines_changes_no_total_and_a_credit_mirrors_its_invoice(
    drawn: list[tuple[int, Decimal]], inclusive: bool, currency: str, rounding: TaxRounding
) -> None:
    totals = compute_totals(_of(drawn, currency), inclusive=inclusive, currency=currency, rounding=rounding)
    turned = compute_totals(_of(drawn[::-1], currency), inclusive=inclusive, currency=currency, rounding=rounding)
    assert (turned.subtotal, turned.tax_total, turned.total) == (totals.subtotal, totals.tax_total, totals.total)
    mirrored = [(-minor, rate) for minor, rate in drawn]
    credit = compute_totals(_of(mirrored, currency), inclusive=inclusive, currency=currency, rounding=rounding)
    assert (credit.subtotal, credit.tax_total, credit.total) == (-totals.subtotal, -totals.tax_total, -totals.total)


@given(MINOR, RATES, CURRENCIES)
def test_taking_tax_out_of_a_price_undoes_putting_it_on(minor: int, rate: Decimal, currency: str) -> None:
    (net,) = _of([(minor, rate)], currency)
    tax = line_tax(net, inclusive=False, currency=currency)
    gross = TaxableLine(amount=net.amount + tax, rate_percent=rate)
    assert line_tax(gross, inclusive=True, currency=currency) == tax


def test_a_refund_raises_what_is_due_and_everything_else_lowers_it() -> None:
    def paid(kind: PaymentKind, amount: str) -> Payment:
        return Payment(
            id="p", kind=kind, amount=Decimal(amount), date=date(2026, 11, 22), customer_id="acme", currency="USD"
        )

    assert amount_paid([]) == 0
    kinds = zip(PaymentKind, ("100.00", "30.00", "5.00", "0.50"), strict=True)
    assert amount_paid(paid(kind, amount) for kind, amount in kinds) == Decimal("75.50")
