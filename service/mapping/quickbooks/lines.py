"""The lines of an invoice: each of ours becomes a sales line, and a discount becomes a line of its own below it.

QuickBooks facts (developer.intuit.com, Invoice): a line's Amount must be Qty times UnitPrice (fault 6070); there is no
discount per line, and the one discount line a document can have would lower the tax of every line alike. A negative
line of the same item and tax code is exact: amounts, tax base and the item's revenue all agree with ours to the cent.

In a snapshot a line is (description, quantity, unit price, amount, item, tax code), numbers as canonical texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from service.core.errors import MappingError
from service.core.model import Invoice, InvoiceLine
from service.core.money import currency_digits, decimal_text, quantise, round_places
from service.core.ports import Loss, MappingContext, Payload
from service.core.snapshot import Value, clean_lines
from service.core.totals import TaxableLine, line_tax
from service.mapping.quickbooks import tax
from service.mapping.quickbooks.body import amount_text, chosen_or_stop, number, part, parts, ref, text
from service.mapping.settings import DEFAULT_ITEM, chosen

DESCRIPTION_LIMIT = 4000
_ONE, _ZERO = Decimal(1), Decimal(0)
_PRICE_PLACES = 7  #: of a unit price that is worked out from an amount
_SALES = "SalesItemLineDetail"

Line: TypeAlias = tuple[str | None, str, str, str, str | None, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The lines as QuickBooks can hold them, and what that costs."""

    lines: tuple[Line, ...]
    losses: tuple[Loss, ...]
    categories: tuple[str | None, ...]  #: of ours, for each line


def hold(invoice: Invoice, context: MappingContext) -> Held:
    """Return the lines of an invoice as QuickBooks can hold them.

    :raises MappingError: there are none, an item or a tax code is not chosen, or the levels can't stand together.
    """
    if not invoice.lines:
        raise MappingError("lines", "QuickBooks takes no invoice without a line.")
    codes = _codes(invoice, context)
    inclusive = carries_tax_inside(invoice, codes)
    losses: dict[str, Loss] = {}
    if inclusive and tax.is_us(context):
        reason = "QuickBooks has no prices that include tax in the United States: they stand there without it."
        losses[reason] = Loss(field="tax_inclusive", reason=reason)
    lines: list[Line] = []
    categories: list[str | None] = []
    for position, (line, code) in enumerate(zip(invoice.lines, codes, strict=True)):
        item, loss = _item(line, position, context)
        held = list(_rows(line, item, code, invoice.currency))
        if inclusive:
            held = _fit(held, code, context)
        lines += held
        categories += [line.category] * len(held)
        if loss is not None:
            losses[loss.reason] = loss
        if len(held) > 1:
            reason = "QuickBooks has no discount on a line: it stands there as a line of its own below."
            losses[reason] = Loss(field="lines", reason=reason)
        if held[0][0] != clean_lines(line.description):
            reason = f"A description is longer than QuickBooks' {DESCRIPTION_LIMIT} characters and is cut there."
            losses[reason] = Loss(field="lines", reason=reason)
    if inclusive and tax.is_us(context):
        _require_same_total(invoice, lines)
    return Held(lines=tuple(lines), losses=tuple(losses.values()), categories=tuple(categories))


def _require_same_total(invoice: Invoice, lines: Sequence[Line]) -> None:
    """Stop where the tax code's rate is not that of our level, so that prices without tax come to another total."""
    if sum((Decimal(line[3]) for line in lines), start=_ZERO) != invoice.subtotal:
        reason = "Without its tax the invoice comes to another amount in QuickBooks, because the rates differ."
        raise MappingError("tax_inclusive", reason)


def carries_tax_inside(invoice: Invoice, codes: Sequence[str | None]) -> bool:
    """Tell whether prices include their tax; without any tax there is nothing to include."""
    return invoice.tax_inclusive and any(code not in {None, tax.EXEMPT} for code in codes)


def _codes(invoice: Invoice, context: MappingContext) -> list[str | None]:
    levels = invoice.line_tax_levels or tuple(line.tax_level_id for line in invoice.lines)
    if len(levels) != len(invoice.lines):
        raise MappingError("lines", "It is not settled which tax applies to each line.")
    codes = [tax.code_for(level, context, field=f"lines.{at}.tax_level") for at, level in enumerate(levels)]
    if tax.is_us(context):
        return _us_codes(invoice, codes, context)
    if None in codes and any(codes):
        reason = "Some lines carry tax and some do not; choose the tax code of QuickBooks for lines without tax."
        raise MappingError("lines", reason, missing="taxes:none")
    return codes


def _us_codes(invoice: Invoice, codes: list[str | None], context: MappingContext) -> list[str | None]:
    if tax.is_automated(context):
        if carries_tax_inside(invoice, codes):
            reason = "QuickBooks works out sales tax itself and takes no prices that include it."
            raise MappingError("tax_inclusive", reason)
        return [tax.EXEMPT if code == tax.EXEMPT else tax.TAXABLE for code in codes]
    if len({code for code in codes if code != tax.EXEMPT}) > 1:
        reason = "QuickBooks holds one sales tax rate on an invoice in the United States; these lines have several."
        raise MappingError("lines", reason)
    return codes


def _item(line: InvoiceLine, position: int, context: MappingContext) -> tuple[str, Loss | None]:
    own = chosen(context.settings, f"items:{line.item_code}") if line.item_code else None
    if own is None and line.category:
        own = chosen(context.settings, f"categories:{line.category}")
    if own is not None:
        return own, None
    default = chosen_or_stop(
        chosen(context.settings, DEFAULT_ITEM),
        field=f"lines.{position}.item_code",
        reason="No item of QuickBooks is chosen for invoice lines.",
        entry=DEFAULT_ITEM,
    )
    reason = f"No item of QuickBooks is chosen for '{line.item_code}': the line goes to the default item."
    return default, Loss(field="lines", reason=reason) if line.item_code else None


def _rows(line: InvoiceLine, item: str, code: str | None, currency: str) -> Iterator[Line]:
    """Yield the line at its full price and, where its amount is another, the difference."""
    full = quantise(line.quantity * line.unit_price, currency)
    description = clean_lines((clean_lines(line.description) or "")[:DESCRIPTION_LIMIT])
    yield (
        description,
        decimal_text(line.quantity),
        decimal_text(line.unit_price),
        decimal_text(full),
        item,
        code,
    )
    if full != line.amount:
        rest = decimal_text(line.amount - full)
        percent = line.discount_percent
        yield f"Discount {decimal_text(percent)} %" if percent else "Adjustment", "1", rest, rest, item, code


def _fit(rows: Sequence[Line], code: str | None, context: MappingContext) -> list[Line]:
    """Where prices include tax, let the prices follow from the amounts, as they do in what QuickBooks answers.

    In the United States the rows then stand there without their tax; together they come to what the line comes to.
    """
    amounts = [Decimal(row[3]) for row in rows]
    nets = [_without_tax(amount, code, context) for amount in amounts]
    nets[-1] += _without_tax(sum(amounts, start=_ZERO), code, context) - sum(nets, start=_ZERO)
    fitted = []
    for (description, quantity, _, amount, item, _), net in zip(rows, nets, strict=True):
        own = _without_tax(Decimal(amount), code, context)
        many = Decimal(quantity)
        if not many or round_places(many * _net_price(own, many), _digits(context)) != own:
            many = _ONE
        if tax.is_us(context):
            price, shown = _net_price(net, many), decimal_text(net)
            fitted.append((description, decimal_text(many), decimal_text(price), shown, item, code))
        else:
            fitted.append((description, decimal_text(many), _price(Decimal(amount), many), amount, item, code))
    return fitted


def _net_price(net: Decimal, quantity: Decimal) -> Decimal:
    return round_places(net / quantity, _PRICE_PLACES)


def _price(amount: Decimal, quantity: Decimal) -> str:
    return decimal_text(round_places(amount / quantity, 4)) if quantity else "0"


def _without_tax(amount: Decimal, code: str | None, context: MappingContext) -> Decimal:
    """Return an amount less the tax in it, rounded as our own totals are, so that both parts add up."""
    offer = next((offer for offer in context.reference.taxes if offer.id == code), None)
    if offer is None or offer.rate_percent is None:
        reason = (
            f"The rate of QuickBooks' tax code {code} is not known, so that prices can't be told without their tax."
        )
        raise MappingError("lines", reason)
    line = TaxableLine(amount=amount, rate_percent=offer.rate_percent)
    return amount - line_tax(line, inclusive=True, currency=context.reference.company.base_currency or "")


def _digits(context: MappingContext) -> int:
    return currency_digits(context.reference.company.base_currency or "")


def write(
    lines: Sequence[Line], context: MappingContext, *, inclusive: bool, classes: Sequence[str | None] = ()
) -> list[dict[str, Any]]:
    """Return the lines as they go out; prices that include tax go beside what they come to without.

    :param classes: the id of each line's class, where lines have one.
    """
    written = [_write(line, context, inclusive=inclusive) for line in lines]
    for row, class_id in zip(written, classes, strict=False):
        if class_id is not None:
            row[_SALES]["ClassRef"] = ref(class_id)
    return written


def read_classes(payload: Payload) -> list[str | None]:
    """Return the id of each line's class, in the order of :func:`read`."""
    return [found for line in parts(payload, "Line") for found in _read_class(line)]


def _read_class(line: Payload) -> Iterator[str | None]:
    if "GroupLineDetail" in line:
        for inner in parts(line, "GroupLineDetail", "Line"):
            yield from _read_class(inner)
    elif text(line, "DetailType") not in {"SubTotalLineDetail", "TaxLineDetail"}:
        yield text(line, _SALES, "ClassRef", "value")


def _write(line: Line, context: MappingContext, *, inclusive: bool) -> dict[str, Any]:
    description, quantity, price, amount, item, code = line
    detail: dict[str, Any] = {"ItemRef": ref(item), "Qty": Decimal(quantity), "UnitPrice": Decimal(price)}
    total = Decimal(amount)
    if inclusive:
        detail["TaxInclusiveAmt"] = total
        total = _without_tax(total, code, context)
        detail["UnitPrice"] = _net_price(total, Decimal(quantity))
    if tax.is_us(context):
        detail["TaxCodeRef"] = ref(tax.EXEMPT if code == tax.EXEMPT else tax.TAXABLE)
    elif code is not None:
        detail["TaxCodeRef"] = ref(code)
    said = {"Description": description} if description else {}
    return {"DetailType": _SALES, "Amount": total, **said, _SALES: detail}


def read(payload: Payload, context: MappingContext) -> tuple[Line, ...]:
    """Return the lines of an invoice there; subtotals, which QuickBooks adds by itself, are passed over."""
    return tuple(row for line in parts(payload, "Line") for row in _read(line, payload, context))


def is_inclusive(payload: Payload) -> bool:
    """Tell whether the prices of an invoice there include tax."""
    return text(payload, "GlobalTaxCalculation") == "TaxInclusive"


def _read(line: Payload, payload: Payload, context: MappingContext) -> Iterator[Line]:
    kind = text(line, "DetailType") or next((name for name in line if name.endswith("LineDetail")), "")
    raw = part(line, "Description")
    said = clean_lines(raw) if isinstance(raw, str) else None
    amount = number(line, "Amount") or _ZERO
    match kind:
        case "SalesItemLineDetail":
            yield _read_sale(line, said, payload, context)
        case "DiscountLineDetail":
            off = decimal_text(-amount)
            yield said or "Discount", "1", off, off, None, None
        case "DescriptionOnly" | "DescriptionLineDetail":
            yield said, "0", "0", "0", None, None
        case "GroupLineDetail":
            for inner in parts(line, "GroupLineDetail", "Line"):
                yield from _read(inner, payload, context)
        case _:
            return


def _read_sale(line: Payload, said: str | None, payload: Payload, context: MappingContext) -> Line:
    inclusive = is_inclusive(payload)
    detail = part(line, _SALES)
    amount = number(line, "Amount") or _ZERO
    if inclusive:
        with_tax = number(detail, "TaxInclusiveAmt")
        amount = amount if with_tax is None else with_tax
    quantity = number(detail, "Qty")
    quantity = _ONE if quantity is None else quantity
    price = None if inclusive else number(detail, "UnitPrice")
    shown = _price(amount, quantity) if price is None else decimal_text(price)
    code = _read_code(detail, payload, context)
    return said, decimal_text(quantity), shown, amount_text(amount), text(detail, "ItemRef", "value"), code


def _read_code(detail: Any, payload: Payload, context: MappingContext) -> str | None:
    code = text(detail, "TaxCodeRef", "value")
    if not tax.is_us(context):
        return None if text(payload, "GlobalTaxCalculation") == "NotApplicable" else code
    if code == tax.EXEMPT:
        return code
    # Since 2018 a line without a code counts as taxable (QuickBooks facts: developer.intuit.com, Manage sales tax).
    document = None if tax.is_automated(context) else text(payload, "TxnTaxDetail", "TxnTaxCodeRef", "value")
    return document or tax.TAXABLE


def as_value(lines: Sequence[Line]) -> Value:
    """Return the lines as they stand in a snapshot."""
    return tuple(lines)
