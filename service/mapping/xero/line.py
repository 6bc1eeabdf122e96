"""Lines of a Xero invoice.

In a snapshot a line is (description, quantity, unit price, discount in per cent, item code, account code, tax type);
its amount follows from these.

Xero facts: developer.xero.com Invoices, "LineItems": descriptions of 1 to 4000 characters, four decimal places with
``unitdp=4``; on an update the list is replaced, and a line sent without its LineItemID is a new one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from service.core.errors import MappingError
from service.core.model import Invoice, InvoiceLine
from service.core.money import decimal_text
from service.core.ports import MappingContext, Payload
from service.core.snapshot import Value, clean_lines
from service.mapping import tracking
from service.mapping.settings import DEFAULT_ITEM, NO_TAX, SALES_ACCOUNT, chosen
from service.mapping.xero.card import project_tax
from service.mapping.xero.value import Losses, as_decimal, as_list, as_number_text, as_text

FIELD = "lines"
DESCRIPTION_LIMIT = 4000
#: The tax type that every organisation has for what carries no tax.
UNTAXED = "NONE"

_TEXTS = ("Description", "ItemCode", "AccountCode", "TaxType")


def project_lines(record: Invoice, context: MappingContext, losses: Losses) -> Value:
    """Return the lines as Xero can hold them.

    :raises MappingError: a line has no description, or the mapping lacks the sales account or a tax rate.
    """
    levels: Sequence[str | None] = record.line_tax_levels or [line.tax_level_id for line in record.lines]
    return tuple(
        (
            _description(line, number, losses),
            decimal_text(line.quantity),
            decimal_text(line.unit_price),
            decimal_text(line.discount_percent),
            _item(line, context, losses),
            _account(line, context),
            _tax_type(level, number, context),
        )
        for number, (line, level) in enumerate(zip(record.lines, levels, strict=True))
    )


def project_tracking(record: Invoice, context: MappingContext) -> dict[str, Value]:
    """Return what each line is tracked by, as (dimension, option) pairs; nothing where nothing is chosen.

    :raises MappingError: an option that was chosen is not offered any more.
    """
    if not tracking.dimensions(context):
        return {}
    return {tracking.FIELD: tuple(tracking.pairs_of(line.category, context) for line in record.lines)}


def write_lines(value: Value, tracked: Value, theirs: Payload) -> list[dict[str, Any]]:
    """Return ``LineItems``: each line with the id of the one over there that it stands for, and with its tracking.

    :param tracked: for each line the pairs that are ours to say; in other dimensions what stands there is kept.
    """
    lines = [line for line in value if isinstance(line, tuple)] if isinstance(value, tuple) else []
    ours = tracked if isinstance(tracked, tuple) and len(tracked) == len(lines) else ((),) * len(lines)
    paired = zip(lines, _pair(lines, theirs), ours, strict=True)
    return [_write(line, kept, pairs if isinstance(pairs, tuple) else ()) for line, kept, pairs in paired]


def read_tracking(payload: Payload, context: MappingContext) -> dict[str, Value]:
    """Return what each line there is tracked by, in the dimensions that are ours to say."""
    wanted = tracking.dimensions(context)
    if not wanted:
        return {}
    lines = as_list(payload.get("LineItems"))
    return {tracking.FIELD: tuple(_read_pairs(line, [one.name for one in wanted]) for line in lines)}


def read_lines(payload: Payload) -> Value:
    """Return the lines of an invoice."""
    untaxed = payload.get("LineAmountTypes") == "NoTax"
    return tuple(_read(line, untaxed=untaxed) for line in as_list(payload.get("LineItems")))


def _description(line: InvoiceLine, number: int, losses: Losses) -> str:
    text = losses.fit(line.description, DESCRIPTION_LIMIT, FIELD, clean_lines)
    if text is None:
        raise MappingError(f"lines.{number}.description", "Xero takes no line without a description.")
    return text


def _item(line: InvoiceLine, context: MappingContext, losses: Losses) -> str | None:
    default = chosen(context.settings, DEFAULT_ITEM)
    if line.item_code is None:
        return default
    mapped = chosen(context.settings, f"items:{line.item_code}")
    if mapped is not None:
        return mapped
    if any(item.active and item.id == line.item_code for item in context.reference.items):
        return line.item_code
    if default is None:
        losses.add(FIELD, f"Xero has no item {line.item_code}; its lines go without one.")
    return default


def _tax_type(level_id: str | None, number: int, context: MappingContext) -> str | None:
    if level_id is None:
        return chosen(context.settings, NO_TAX) or UNTAXED
    return project_tax(level_id, f"lines.{number}.tax_level", context)


def _pair(lines: Sequence[tuple[Value, ...]], theirs: Payload) -> list[Mapping[str, Any]]:
    """Find the line there that each of ours stands for: an equal one, else the one at the same place if it is free."""
    free = dict(enumerate(as_list(theirs.get("LineItems"))))
    untaxed = theirs.get("LineAmountTypes") == "NoTax"
    pairs: list[Mapping[str, Any]] = [{}] * len(lines)
    for position, line in enumerate(lines):
        same = next((place for place, kept in free.items() if _read(kept, untaxed=untaxed) == line), None)
        if same is not None:
            pairs[position] = free.pop(same)
    for position, pair in enumerate(pairs):
        if not pair and position in free:
            pairs[position] = free.pop(position)
    return pairs


def _account(line: InvoiceLine, context: MappingContext) -> str:
    category = chosen(context.settings, f"categories:{line.category}") if line.category else None
    account = category or chosen(context.settings, SALES_ACCOUNT)
    if account is None:
        raise MappingError(FIELD, "No Xero account is chosen for sales.", missing=SALES_ACCOUNT)
    return account


def _read_pairs(line: Mapping[str, Any], names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    found = {as_text(one.get("Name")): as_text(one.get("Option")) for one in as_list(line.get("Tracking"))}
    return tuple((name, option) for name in names if (option := found.get(name)))


def _write(line: tuple[Value, ...], kept: Mapping[str, Any], pairs: Sequence[Value]) -> dict[str, Any]:
    description, quantity, unit_price, discount, item, account, tax_type = line
    body: dict[str, Any] = {"LineItemID": kept["LineItemID"]} if kept.get("LineItemID") else {}
    body |= {
        "Description": description,
        "Quantity": Decimal(str(quantity)),
        "UnitAmount": Decimal(str(unit_price)),
        "AccountCode": account,
        "TaxType": tax_type,
    }
    if item is not None:
        body["ItemCode"] = item
    if discount != "0" or kept.get("DiscountRate"):
        body["DiscountRate"] = Decimal(str(discount))
    ours = {str(pair[0]): str(pair[1]) for pair in pairs if isinstance(pair, tuple)}
    others = [_option(one) for one in as_list(kept.get("Tracking")) if one.get("Name") not in ours]
    tracked = [*({"Name": name, "Option": option} for name, option in ours.items()), *others]
    return {**body, "Tracking": tracked} if tracked else body


def _option(option: Mapping[str, Any]) -> dict[str, Any]:
    return {name: option[name] for name in ("Name", "Option") if option.get(name)}


def _read(line: Mapping[str, Any], *, untaxed: bool) -> tuple[Value, ...]:
    _, item, account, tax_type = (as_text(line.get(name)) for name in _TEXTS)
    description = line.get("Description")
    return (
        clean_lines(str(description)) if description is not None else None,
        as_number_text(line.get("Quantity")) or "0",
        as_number_text(line.get("UnitAmount")) or "0",
        _discount(line),
        item,
        account,
        UNTAXED if untaxed else tax_type,
    )


def _discount(line: Mapping[str, Any]) -> str:
    """Return the rate; a discount given as an amount has none and equals none of ours."""
    amount = as_decimal(line.get("DiscountAmount"))
    rate = as_number_text(line.get("DiscountRate"))
    return f"amount {decimal_text(amount)}" if amount and not rate else rate or "0"
