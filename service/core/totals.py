"""The amounts of an invoice: lines, tax, totals, what was paid. ``Decimal`` in, ``Decimal`` out, rounded half up.

Our own totals round the tax of every line to the currency and add these up (``TaxRounding.PER_LINE``): each line then
shows the tax that it really contributes, and a document never differs from the sum of what it shows. One package does
the same, so that its totals equal ours to the cent; another may compute tax once on the sum of each rate
(``TaxRounding.PER_RATE``), which tells in advance what it will answer and why it differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from service.core.model import ZERO, Payment, PaymentKind
from service.core.money import add_up, quantise

_HUNDRED = Decimal(100)


class TaxRounding(StrEnum):
    """At which point tax is rounded to the currency's digits."""

    PER_LINE = "per_line"  #: each line's tax is rounded, then summed: ours
    PER_RATE = "per_rate"  #: the amounts of one rate are summed, then their tax is rounded once


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxableLine:
    """A line's amount after discount, in the currency's digits, and the rate that applies to it in per cent."""

    amount: Decimal
    rate_percent: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxSum:
    """What one rate contributes to a document."""

    rate_percent: Decimal
    net: Decimal  #: without the tax
    tax: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """A document's totals; ``subtotal + tax_total == total``, and ``taxes`` add up to both."""

    subtotal: Decimal  #: without tax, also when prices include it
    tax_total: Decimal
    total: Decimal
    taxes: tuple[TaxSum, ...]  #: by rate, in order of first appearance; the rate 0 too


def line_amount(*, quantity: Decimal, unit_price: Decimal, discount_percent: Decimal, currency: str) -> Decimal:
    """Return quantity times price less the discount in per cent, rounded once to the currency."""
    return quantise(quantity * unit_price * (_HUNDRED - discount_percent) / _HUNDRED, currency)


def line_tax(line: TaxableLine, *, inclusive: bool, currency: str) -> Decimal:
    """Return the rounded tax of one line: on top of its amount, or the part of it that is tax if prices include it."""
    return quantise(_tax_on(line.amount, line.rate_percent, inclusive=inclusive), currency)


def compute_totals(
    lines: Sequence[TaxableLine],
    *,
    inclusive: bool,
    currency: str,
    rounding: TaxRounding = TaxRounding.PER_LINE,
) -> Totals:
    """Return the totals of a document.

    :param inclusive: whether the amounts contain their tax; the total is then the plain sum of the lines.
    :param currency: of all amounts; they must already have its digits, which ``line_amount`` sees to.
    """
    by_rate: dict[Decimal, list[TaxableLine]] = {}
    for line in lines:
        by_rate.setdefault(line.rate_percent, []).append(line)
    taxes = []
    for rate, group in by_rate.items():
        amount = add_up(line.amount for line in group)
        if rounding is TaxRounding.PER_LINE:
            tax = add_up(line_tax(line, inclusive=inclusive, currency=currency) for line in group)
        else:
            tax = line_tax(TaxableLine(amount=amount, rate_percent=rate), inclusive=inclusive, currency=currency)
        taxes.append(TaxSum(rate_percent=rate, net=amount - tax if inclusive else amount, tax=tax))
    subtotal = quantise(add_up(part.net for part in taxes), currency)
    tax_total = quantise(add_up(part.tax for part in taxes), currency)
    return Totals(subtotal=subtotal, tax_total=tax_total, total=subtotal + tax_total, taxes=tuple(taxes))


def amount_paid(payments: Iterable[Payment], invoice_id: str | None = None) -> Decimal:
    """Return by how much the payments of one invoice lower what is due.

    Payments, credits and adjustments (a write-off, a discount given later) lower it; a refund raises it again.

    :param invoice_id: the invoice; None where each of them is one invoice's as a whole.
    """
    told = ((one, one.amount if invoice_id is None else one.settles(invoice_id)) for one in payments)
    return add_up(-amount if payment.kind is PaymentKind.REFUND else amount for payment, amount in told)


def _tax_on(amount: Decimal, rate_percent: Decimal, *, inclusive: bool) -> Decimal:
    return amount * rate_percent / (_HUNDRED + rate_percent if inclusive else _HUNDRED)
