"""Reading a request body against the field rules: a typed, trimmed body or the fault that names the field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from sandbox.quickbooks import faults
from sandbox.quickbooks.fields import IGNORED, WRITABLE, Field, Type

_FORBIDDEN = re.compile(r"[:\t\r\n]")


def cleaned(entity: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the writable fields that the body names; None stands for "clear this".

    JSON null counts as absent: neither kind of update can tell it from a missing property.

    :raises Fault: for an unknown property, a wrong type, a length, a format or a word outside its list.
    """
    return _object(WRITABLE[entity], body, "")


def _object(spec: Mapping[str, Field], body: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in body.items():
        if key not in spec:
            if key in IGNORED:
                continue
            raise faults.unsupported_property(f"{prefix}{key}")
        if value is not None:
            found[key] = _value(spec[key], value, f"{prefix}{key}")
    return found


def _value(rule: Field, value: Any, path: str) -> Any:  # noqa: PLR0911 - one line per type
    match rule.type:
        case Type.TEXT:
            return _text(rule, value, path)
        case Type.FLAG:
            return _flag(value, path)
        case Type.NUMBER:
            return number(value, path)
        case Type.DAY:
            return _day(value, path)
        case Type.REF:
            return _ref(value, path)
        case Type.PART:
            return None if value == "" else _part(rule, value, path) or None
        case Type.LIST:
            if not isinstance(value, list):
                raise faults.unsupported_property(path)
            return [_part(rule, one, path) for one in value]


def _part(rule: Field, value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise faults.unsupported_property(path)
    return {key: part for key, part in _object(rule.parts, value, f"{path}.").items() if part is not None}


def _text(rule: Field, value: Any, path: str) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise faults.unsupported_property(path)
    read = str(value)
    if rule.name and _FORBIDDEN.search(read):
        raise faults.forbidden_characters(path, read)
    read = read.strip()
    if rule.limit is not None and len(read) > rule.limit:
        raise faults.too_long(path, limit=rule.limit, length=len(read))
    if not read:
        return None
    if rule.words and read not in rule.words:
        raise faults.invalid_enumeration(path, read)
    if rule.email and not all("@" in one and "." in one for one in read.split(",")):
        raise faults.invalid_email(path, read)
    if rule.uri and not _is_web_address(read):
        raise faults.invalid_website(path, read)
    return read


def _is_web_address(text: str) -> bool:
    if re.search(r"[\s<>\"{}|\\^`]", text):
        return False
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and "." in parts.netloc


def _flag(value: Any, path: str) -> bool | None:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    if value == "":
        return None
    raise faults.unsupported_property(path)


def number(value: Any, path: str) -> Decimal | None:
    """Read a decimal given as JSON number or numeric string; the empty string is None.

    :raises Fault: 2010 for another type, 2100 for a text that is no number.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise faults.unsupported_property(path)
    if value == "":
        return None
    try:
        read = Decimal(value)
    except InvalidOperation:
        raise faults.Fault("2100", "Invalid Decimal Format", f"Supplied value:{value}", path) from None
    if not read.is_finite() or abs(read) >= Decimal(10) ** 11:
        raise faults.Fault("2110", "Invalid Decimal", f"Supplied value:{value}", path)
    return read


def _day(value: Any, path: str) -> str | None:
    if value == "":
        return None
    if not isinstance(value, str):
        raise faults.unsupported_property(path)
    try:
        return date.fromisoformat(value[:10]).isoformat()
    except ValueError:
        raise faults.invalid_date(path, value) from None


def _ref(value: Any, path: str) -> dict[str, str] | None:
    if value == "":
        return None
    if not isinstance(value, Mapping):
        raise faults.unsupported_property(path)
    target = value.get("value")
    if target in (None, ""):
        return None
    if isinstance(target, bool) or not isinstance(target, str | int):
        raise faults.unsupported_property(f"{path}.value")
    return {"value": str(target).strip()}


def merged(
    old: Mapping[str, Any], new: Mapping[str, Any], *, entity: str, sparse: bool, kept: frozenset[str]
) -> dict[str, Any]:
    """Return the body after an update.

    Sparse: absent fields stay. Full: every writable field not sent is blanked, but for ``kept``, which the service
    never lets go (developer.intuit.com, Full update and Sparse update).
    """
    base = dict(old) if sparse else {k: v for k, v in old.items() if k not in WRITABLE[entity] or k in kept}
    for key, value in new.items():
        if value is None:
            base.pop(key, None)
        else:
            base[key] = value
    return base
