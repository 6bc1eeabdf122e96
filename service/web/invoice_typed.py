"""An invoice as a form: its lines and fields as texts, and what was typed as the use cases take it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from service.core.money import MoneyError, decimal_text, parse_decimal
from service.store.records import InvoiceLineRow, InvoiceRow
from service.web.typed import address_of, address_values, emails_of

#: Fields of a line, in the order in which they are typed.
LINE = ("description", "quantity", "unit_price", "discount_percent", "tax_level_id", "item_code", "category")
SCALARS = ("number", "issue_date", "due_date", "currency", "reference", "contact_id", "tax_level_id")
FLAGS = ("tax_inclusive", "recipients_override", "billing_address_override")
#: What of a line says nothing by itself: a line with nothing else is an empty one.
_DEFAULTS = {"quantity": ("", "1"), "discount_percent": ("", "0")}
_PART = re.compile(r"lines\.(\d{1,4})\.([a-z_]+)")
_MOST_LINES = 1000

Line = dict[str, str]


def lines_typed(given: Mapping[str, str], *, without: int | None = None) -> list[Line]:
    """Return the lines that somebody typed, in their order; empty ones are left out.

    :param without: the place of a line that is to go.
    """
    found: dict[int, Line] = {}
    for name, text in given.items():
        part = _PART.fullmatch(name)
        if part is not None and part[2] in LINE:
            found.setdefault(int(part[1]), {})[part[2]] = text
    kept = [line for place, line in sorted(found.items()) if place != without and not _is_empty(line)]
    return kept[:_MOST_LINES]


def lines_stored(rows: Sequence[InvoiceLineRow]) -> list[Line]:
    """Return an invoice's lines as texts."""
    return [
        {
            "description": row.description,
            "quantity": decimal_text(row.quantity),
            "unit_price": decimal_text(row.unit_price),
            "discount_percent": decimal_text(row.discount_percent) if row.discount_percent else "",
            "tax_level_id": row.tax_level_id or "",
            "item_code": row.item_code or "",
            "category": row.category or "",
        }
        for row in rows
    ]


def fields_stored(row: InvoiceRow, lines: Sequence[Line]) -> dict[str, str]:
    """Return an invoice's fields as texts; its lines as one, to tell whether somebody else changed them."""
    values = {name: getattr(row, name) or "" for name in SCALARS}
    values |= {"issue_date": row.issue_date.isoformat(), "due_date": row.due_date.isoformat()}
    override = row.recipients_override or {}
    values |= {name: "true" if getattr(row, name) else "" for name in FLAGS}
    values["recipients_override"] = "" if row.recipients_override is None else "true"
    values |= {"to": ", ".join(override.get("to", ())), "cc": ", ".join(override.get("cc", ()))}
    values |= address_values("billing_address_override", row.billing_address_override)
    return values | {"lines": told(lines)}


def told(lines: Sequence[Line]) -> str:
    """Return lines in words: what was typed and what is stored compare equal where they mean the same."""
    return "; ".join(_told(line) for line in lines)


def document_of(given: Mapping[str, str], lines: Sequence[Line], *, locked: Collection[str] = ()) -> dict[str, Any]:
    """Return what was typed as the use cases take it, without what can't be changed any more."""
    found: dict[str, Any] = {name: given[name].strip() or None for name in SCALARS if name in given}
    if found.get("currency"):
        found["currency"] = found["currency"].upper()
    found["tax_inclusive"] = given.get("tax_inclusive") == "true"
    people = {name: emails_of(given.get(name, "")) for name in ("to", "cc")}
    found["recipients_override"] = people if given.get("recipients_override") == "true" else None
    own = given.get("billing_address_override") == "true"
    found["billing_address_override"] = address_of(given, "billing_address_override") if own else None
    found["lines"] = [_document(line) for line in lines]
    return {name: value for name, value in found.items() if name not in locked}


def faults_beside(faults: Mapping[str, str], lines: Sequence[Line]) -> dict[str, str]:
    """Return faults in words that say what is needed where a line was left without it."""
    told_of = dict(faults)
    for place, line in enumerate(lines):
        for name, needed in (("description", "Say what it is for."), ("unit_price", "A price is needed.")):
            if f"lines.{place}.{name}" in told_of and not line.get(name, "").strip():
                told_of[f"lines.{place}.{name}"] = needed
    return told_of


def _document(line: Line) -> dict[str, Any]:
    kept = {name: text.strip() or None for name, text in line.items()}
    for name in _DEFAULTS:
        if not kept.get(name):
            kept.pop(name, None)
    return {"description": None, "unit_price": None, **kept}


def _is_empty(line: Line) -> bool:
    return all(text.strip() in _DEFAULTS.get(name, ("",)) for name, text in line.items() if name != "tax_level_id")


def _told(line: Line) -> str:
    words = f"{_number(line.get('quantity') or '1')} x {line.get('description', '').strip()}"
    words += f" at {_number(line.get('unit_price', ''))}"
    if _number(line.get("discount_percent") or "0") != "0":
        words += f" less {_number(line['discount_percent'])} %"
    rest = [line.get(name, "").strip() for name in ("tax_level_id", "item_code", "category")]
    return words + "".join(f", {one}" for one in rest if one)


def _number(text: str) -> str:
    try:
        return decimal_text(parse_decimal(text))
    except MoneyError:
        return text.strip()
