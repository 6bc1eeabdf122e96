"""What was typed into a form: read as the use cases take it, given back as it was, with its faults in sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from service.records.errors import RecordError

ADDRESS_PARTS = {
    "line1": "Line 1",
    "line2": "Line 2",
    "city": "City",
    "region": "Region",
    "postal_code": "Postal code",
    "country": "Country",
}
_BETWEEN = re.compile(r"[,;\s]+")
_LINE = re.compile(r"lines\.(\d+)(?:\.(.+))?")
_LINE_WORDS = {"unit_price": "price", "discount_percent": "discount", "tax_level_id": "tax level", "item_code": "item"}


def address_values(name: str, document: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the fields of an address's part of a form as they are stored."""
    return {f"{name}.{part}": (document or {}).get(part) or "" for part in ADDRESS_PARTS}


def address_of(given: Mapping[str, str], name: str) -> dict[str, str] | None:
    """Return a typed address; None where the form did not ask for one."""
    found = {part: given[f"{name}.{part}"] for part in ADDRESS_PARTS if f"{name}.{part}" in given}
    return {**found, "country": found.get("country", "").strip().upper()} if found else None


def texts_of(given: Mapping[str, str], names: Iterable[str]) -> dict[str, Any]:
    """Return the fields that the form had, as they were typed."""
    return {name: given[name] for name in names if name in given}


def emails_of(text: str) -> list[str]:
    """Return several addresses typed into one field, between commas or blanks."""
    return [one for one in _BETWEEN.split(text) if one]


def faults_of(refusal: ValidationError | RecordError | ValueError) -> dict[str, str]:
    """Return what is wrong, by field; under the empty name what is wrong with all of it."""
    if isinstance(refusal, ValidationError):
        return {".".join(str(part) for part in one["loc"]): _sentence(one["msg"]) for one in refusal.errors()}
    if isinstance(refusal, RecordError):
        return {fault.field: fault.message for fault in getattr(refusal, "faults", ())} or {"": str(refusal)}
    return {"": "The form is incomplete. Load it again."}


def field_words(name: str) -> str:
    """Return what a field of a form is called in a list of faults."""
    found = _LINE.fullmatch(name)
    if found is None:
        return name.removesuffix("_id").replace(".", " ")
    place = f"line {int(found[1]) + 1}"
    return f"{place}, {_LINE_WORDS.get(found[2], found[2])}" if found[2] else place


def _sentence(message: str) -> str:
    text = message.removeprefix("Value error, ")
    return text if text.endswith(".") else f"{text}."
