"""Reading a QuickBooks body whatever it holds, and the small shapes of which bodies are made.

Reading is liberal: a part that is missing, null or of another JSON type reads as blank. Amounts may be numbers or
numeric texts. Writing is strict: amounts go out as ``Decimal``, references and phones as the objects they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from service.core.errors import MappingError
from service.core.money import decimal_text
from service.core.ports import Payload
from service.core.snapshot import clean_text


def part(payload: object, *path: str) -> Any:
    """Return what stands at the path of member names, or None."""
    for name in path:
        payload = payload.get(name) if isinstance(payload, Mapping) else None
    return payload


def parts(payload: object, *path: str) -> list[Payload]:
    """Return the objects of the list at the path; anything else in it is passed over."""
    found = part(payload, *path)
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, (list, tuple)) else []


def text(payload: object, *path: str) -> str | None:
    """Return the cleaned text at the path, or None if it is blank."""
    found = part(payload, *path)
    return clean_text(str(found)) if isinstance(found, (str, int)) and not isinstance(found, bool) else None


def number(payload: object, *path: str) -> Decimal | None:
    """Return the number at the path, or None."""
    found = part(payload, *path)
    if isinstance(found, bool) or not isinstance(found, (str, int, Decimal)):
        return None
    try:
        read = Decimal(str(found).strip())
    except InvalidOperation:
        return None
    return read if read.is_finite() else None


def amount_text(amount: Decimal | None) -> str:
    """Return the canonical text of an amount; none reads as nothing: "0"."""
    return decimal_text(amount or Decimal(0))


def ref(value: str | None) -> dict[str, str]:
    """Return a reference; to nothing, where the former one is to be taken away."""
    return {"value": value or ""}


def chosen_or_stop(value: str | None, *, field: str, reason: str, entry: str) -> str:
    """Return the value chosen in the connection's mapping.

    :raises MappingError: nothing is chosen; ``missing`` names the entry.
    """
    if value is None:
        raise MappingError(field, reason, missing=entry)
    return value


def cut(value: str | None, limit: int) -> str | None:
    """Return at most ``limit`` characters of a text, cleaned."""
    return None if value is None else clean_text(value[:limit])
