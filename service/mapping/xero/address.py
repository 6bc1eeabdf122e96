"""Postal addresses and phones inside a Xero contact: POBOX is the billing address, STREET the delivery one.

Xero facts: developer.xero.com Contacts, "Addresses" and "Phones", and the lengths of the published schema.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import pycountry

from service.core.model import Address
from service.core.phone import clean_phone, format_phone
from service.core.ports import Payload
from service.core.snapshot import FieldName, Value, clean_address, clean_country, clean_text
from service.mapping.xero.value import Losses, as_list, as_text

ADDRESS_TYPES: Mapping[FieldName, str] = {"billing_address": "POBOX", "shipping_address": "STREET"}
PHONE_TYPES: Mapping[FieldName, str] = {"phone": "DEFAULT", "mobile": "MOBILE", "fax": "FAX"}

_PLACES: Sequence[tuple[str, int]] = (("City", 255), ("Region", 255), ("PostalCode", 50))
_LINE_LIMIT = 500
_COUNTRY_LIMIT = 50
_PHONE_LIMIT = 50
_LINES = tuple(f"AddressLine{number}" for number in (1, 2, 3, 4))
_OURS = (*_LINES, "City", "Region", "PostalCode", "Country")
_ADDRESS_MEMBERS = (*_OURS, "AttentionTo")
_PHONE_MEMBERS = ("PhoneNumber", "PhoneAreaCode", "PhoneCountryCode")


def project_address(address: Address | None, field: FieldName, losses: Losses) -> Value:
    """Return the address as Xero can hold it: the six parts of snapshots, or None."""
    if address is None:
        return None
    parts = (
        losses.fit(address.line1, _LINE_LIMIT, field),
        losses.fit(address.line2, _LINE_LIMIT, field),
        losses.fit(address.city, _PLACES[0][1], field),
        losses.fit(address.region, _PLACES[1][1], field),
        losses.fit(address.postal_code, _PLACES[2][1], field),
        _project_country(address.country, field, losses),
    )
    return parts if any(parts) else None


def project_phone(phone: str | None, field: FieldName, losses: Losses, *, region: str | None) -> Value:
    """Return the phone as Xero can hold it; ``region`` is the country of the company's books."""

    def clean(text: str | None) -> str | None:
        return clean_phone(text, region=region)

    return losses.fit(phone, _PHONE_LIMIT, field, clean)


def write_addresses(values: Mapping[FieldName, Value], theirs: Payload) -> list[dict[str, Any]]:
    """Return ``Addresses`` with the given fields as they shall be and all others as they are there."""
    kept = {as_text(entry.get("AddressType")): entry for entry in as_list(theirs.get("Addresses"))}
    changed = {ADDRESS_TYPES[field]: value for field, value in values.items()}
    written = [
        {"AddressType": kind, **_write_address(value), **_attention(kept.get(kind, {}))}
        for kind, value in changed.items()
    ]
    untouched = [
        {"AddressType": kind, **{name: entry[name] for name in _ADDRESS_MEMBERS if entry.get(name)}}
        for kind, entry in kept.items()
        if kind in ADDRESS_TYPES.values() and kind not in changed
    ]
    return [*written, *(entry for entry in untouched if len(entry) > 1)]


def write_phones(values: Mapping[FieldName, Value], theirs: Payload, *, region: str | None) -> list[dict[str, Any]]:
    """Return ``Phones`` with the given fields as they shall be and all others as they are there."""
    kept = {as_text(entry.get("PhoneType")): entry for entry in as_list(theirs.get("Phones"))}
    changed = {PHONE_TYPES[field]: value for field, value in values.items()}
    written = [
        {
            "PhoneType": kind,
            "PhoneNumber": _write_phone(value, region),
            "PhoneAreaCode": "",
            "PhoneCountryCode": "",
        }
        for kind, value in changed.items()
    ]
    untouched = [
        {"PhoneType": kind, **{name: entry[name] for name in _PHONE_MEMBERS if entry.get(name)}}
        for kind, entry in kept.items()
        if kind and kind not in changed
    ]
    return [*written, *(entry for entry in untouched if len(entry) > 1)]


def read_addresses(payload: Payload) -> dict[FieldName, Value]:
    """Return both addresses; Xero's third and fourth line count to our second."""
    found = {as_text(entry.get("AddressType")): entry for entry in as_list(payload.get("Addresses"))}
    return {field: _read_address(found.get(kind, {})) for field, kind in ADDRESS_TYPES.items()}


def read_phones(payload: Payload, *, region: str | None) -> dict[FieldName, Value]:
    """Return the three phones, country and area code joined to the number."""
    found = {as_text(entry.get("PhoneType")): entry for entry in as_list(payload.get("Phones"))}
    return {field: _read_phone(found.get(kind, {}), region) for field, kind in PHONE_TYPES.items()}


def _write_address(value: Value) -> dict[str, Any]:
    parts = value if isinstance(value, tuple) else (None,) * 6
    line1, line2, city, region, postal_code, country = parts
    return {
        "AddressLine1": line1 or "",
        "AddressLine2": line2 or "",
        "AddressLine3": "",
        "AddressLine4": "",
        "City": city or "",
        "Region": region or "",
        "PostalCode": postal_code or "",
        "Country": (_country_name(str(country)) or "") if country else "",
    }


def _attention(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what a bookkeeper wrote into a part that we have no field for."""
    return {"AttentionTo": kept["AttentionTo"]} if kept.get("AttentionTo") else {}


def _read_address(entry: Mapping[str, Any]) -> Value:
    if not any(entry.get(name) for name in _OURS):
        return None  # its type alone
    lines = [as_text(entry.get(name)) for name in _LINES]
    return clean_address(
        line1=lines[0],
        line2=", ".join(line for line in lines[1:] if line),
        city=as_text(entry.get("City")),
        region=as_text(entry.get("Region")),
        postal_code=as_text(entry.get("PostalCode")),
        country=as_text(entry.get("Country")),
    )


def _write_phone(value: Value, region: str | None) -> str:
    if value is None:
        return ""
    # The form that people read can be longer than Xero's field; the digits never are.
    shown = format_phone(str(value), region=region) or ""
    return shown if len(shown) <= _PHONE_LIMIT else str(value)


def _read_phone(entry: Mapping[str, Any], region: str | None) -> Value:
    country, area, number = (as_text(entry.get(name)) for name in _PHONE_MEMBERS[::-1])
    if number is None:
        # Codes without a number are what Xero leaves behind of a phone that was blanked.
        return None
    joined = " ".join(part for part in (area, number) if part)
    if country and not joined.startswith("+"):
        joined = f"+{country.lstrip('+')} {joined}"
    return clean_phone(joined, region=region)


def _project_country(country: str | None, field: FieldName, losses: Losses) -> str | None:
    code = clean_country(country)
    if code is None or _country_name(code):
        return code
    losses.add(field, "Xero takes only letters as a country; it is left out.")
    return None


@lru_cache(maxsize=512)
def _country_name(code: str) -> str | None:
    """Return the country in words that read back as the same one, else the code; None if Xero takes neither.

    Xero facts: Country holds letters only, at most 50; developer.xero.com Contacts.
    """
    known = pycountry.countries.get(alpha_2=code)
    names = (getattr(known, "common_name", None), getattr(known, "name", None), code) if known else (code,)
    for name in names:
        if name and _is_letters(name) and clean_country(name) == code:
            return str(name)
    return None


def _is_letters(name: str) -> bool:
    return (
        len(name) <= _COUNTRY_LIMIT
        and name == clean_text(name)
        and all(char == " " or (char.isascii() and char.isalpha()) for char in name)
    )
