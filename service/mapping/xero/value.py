"""Single values as Xero writes them, read into the forms of snapshots; and texts cut to Xero's lengths."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from service.core.money import decimal_text
from service.core.ports import Loss
from service.core.snapshot import FieldName, clean_text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Xero facts: dates arrive as ``/Date(1793491200000+0000)/``, milliseconds since 1970; developer.xero.com Requests.
_MS_DATE = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/")


class Losses:
    """What could not be carried, collected while a record is projected; each reason once per field."""

    def __init__(self) -> None:
        self._found: dict[tuple[FieldName, str], Loss] = {}

    def add(self, field: FieldName, reason: str) -> None:
        """Declare a loss."""
        self._found.setdefault((field, reason), Loss(field=field, reason=reason))

    @property
    def all(self) -> tuple[Loss, ...]:
        """The losses in the order of their declaration."""
        return tuple(self._found.values())

    def fit(
        self,
        text: str | None,
        limit: int,
        field: FieldName,
        clean: Callable[[str | None], str | None] = clean_text,
    ) -> str | None:
        """Return the cleaned text, cut to ``limit`` UTF-16 units with the loss declared."""
        cleaned = clean(text)
        if cleaned is None or length(cleaned) <= limit:
            return cleaned
        self.add(field, f"Xero keeps at most {limit} characters here; the rest is left out.")
        while cleaned is not None and length(cleaned) > limit:
            cleaned = clean(cleaned[: min(limit, len(cleaned) - 1)])
        return cleaned

    def omit_longer(self, text: str | None, limit: int, field: FieldName) -> str | None:
        """Return the cleaned text, or None with the loss declared: half an identifier would be a wrong one."""
        cleaned = clean_text(text)
        if cleaned is None or length(cleaned) <= limit:
            return cleaned
        self.add(field, f"Xero keeps at most {limit} characters here; it is left out.")
        return None


def length(text: str) -> int:
    """Count UTF-16 units, as Xero's servers do: a character outside the basic plane counts two."""
    return len(text) if text.isascii() else len(text) + sum(char > "\uffff" for char in text)


def as_text(value: Any) -> str | None:
    """Return a member that should be text as text, or None for null, blanks and nested members."""
    if type(value) is str:  # nearly always, and asking for a mapping takes longer than cleaning
        return clean_text(value) if value else None
    return None if value is None or isinstance(value, (Mapping, list)) else clean_text(str(value))


def as_list(value: Any) -> Sequence[Mapping[str, Any]]:
    """Return a member that should be a list of objects; anything else in its place counts as absent."""
    return [entry for entry in value if isinstance(entry, (dict, Mapping))] if isinstance(value, list) else []


def as_object(value: Any) -> Mapping[str, Any]:
    """Return a member that should be an object; anything else in its place counts as empty."""
    return value if isinstance(value, (dict, Mapping)) else {}


def as_decimal(value: Any) -> Decimal | None:
    """Return a number, whether written as number or as text; None if it is none."""
    if value is None or isinstance(value, (bool, Mapping, list)):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def as_number_text(value: Any) -> str | None:
    """Return a number in the canonical form of snapshots ("150", "21.5")."""
    number = as_decimal(value)
    return None if number is None else decimal_text(number)


def as_day(payload: Mapping[str, Any], name: str) -> str | None:
    """Return the day of a date member as ISO text.

    Xero facts: beside ``Date`` stands ``DateString`` ("2026-11-01T00:00:00"), both in the organisation's own time.
    """
    for member in (f"{name}String", name):
        text = as_text(payload.get(member)) or ""
        moment = as_moment(text)
        if moment is not None:
            return moment.date().isoformat()
    return None


def as_moment(text: str | None) -> datetime | None:
    """Return ``/Date(ms)/`` or ISO 8601 as an aware time; ISO without an offset counts as UTC."""
    found = _MS_DATE.fullmatch(text or "")
    try:
        if found:
            return _EPOCH + timedelta(milliseconds=int(found[1]))
        moment = datetime.fromisoformat(text or "")
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
