"""Canonical, provider-neutral pictures of one record, and how they differ.

A snapshot is *normalised*: blanks are None, text is stripped and NFC with inner blanks collapsed, phones and
countries have one spelling, decimals one form, lists are ordered tuples. Two sides that mean the same thing must
compare equal here, or every run would report a false conflict. Every ``clean_*`` function is idempotent.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeAlias

import pycountry
from msgspec import Struct, structs

Value: TypeAlias = "str | int | bool | tuple[Value, ...] | None"
FieldName: TypeAlias = str

#: (line1, line2, city, region, postal_code, country); country is ISO 3166-1 alpha-2 where it is known.
Address: TypeAlias = "tuple[str | None, str | None, str | None, str | None, str | None, str | None]"


class Snapshot(Struct, frozen=True, kw_only=True):
    """What one side says about one record, already normalised.

    A key that is missing means *this side cannot hold the field* and is never compared; a key whose value is None
    means *blank*. One field keeps one type for good (``True`` and ``1`` would compare equal).

    :raises TypeError: for a value that is no ``Value``: a float, a Decimal, a list or a dict.
    """

    fields: Mapping[FieldName, Value]
    active: bool = True  #: False: archived on this side

    def __post_init__(self) -> None:
        for name, value in self.fields.items():
            if value is not None and type(value) is not str:
                _require_value(name, value)
        structs.force_setattr(self, "fields", MappingProxyType(dict(self.fields)))

    def get(self, name: FieldName) -> Value:
        """Return one field; a field this side does not carry reads as None."""
        return self.fields.get(name)

    def holds(self, name: FieldName) -> bool:
        """Tell whether this side can hold the field, blank or not."""
        return name in self.fields


def _require_value(name: FieldName, value: object) -> None:
    if isinstance(value, tuple):
        for part in value:
            if part is not None and type(part) is not str:
                _require_value(name, part)
    elif value is not None and not isinstance(value, (str, int)):
        raise TypeError(f"{name}: a snapshot holds no {type(value).__name__}")


def differences(*, ours: Snapshot, theirs: Snapshot) -> tuple[FieldName, ...]:
    """Return the names, sorted, of the fields both sides hold with different values."""
    shared = ours.fields.keys() & theirs.fields.keys()
    return tuple(sorted(name for name in shared if ours.fields[name] != theirs.fields[name]))


def to_json(snapshot: Snapshot) -> dict[str, Any]:
    """Return the snapshot as a JSON-ready document ``{"active": …, "fields": {…}}``; tuples become lists."""
    return {
        "active": snapshot.active,
        "fields": {
            name: value_to_json(value) if type(value) is tuple else value for name, value in snapshot.fields.items()
        },
    }


def from_json(document: Mapping[str, Any]) -> Snapshot:
    """Return the snapshot that :func:`to_json` wrote; lists become tuples.

    :raises KeyError: if ``fields`` or ``active`` is missing.
    """
    fields = {str(name): value_from_json(value) for name, value in document["fields"].items()}
    return Snapshot(fields=fields, active=bool(document["active"]))


def value_to_json(value: Value) -> Any:
    """Return one value in JSON's types; tuples become lists."""
    if not isinstance(value, tuple):
        return value
    return [value_to_json(part) if type(part) is tuple else part for part in value]


def value_from_json(value: Any) -> Value:
    """Return the value that :func:`value_to_json` wrote; lists become tuples."""
    return tuple(value_from_json(part) for part in value) if isinstance(value, list) else value


#: Texts remembered as they were cleaned: one is sent, stored, answered and read again within a moment.
_TEXTS_KEPT = 8192
#: Invisible characters that packages and pasted text leave behind; joiners of real scripts are not among them.
_INVISIBLE = dict.fromkeys([*range(0x09), *range(0x0E, 0x1C), 0x7F, 0x200B, 0x2060, 0xFEFF])


@lru_cache(maxsize=_TEXTS_KEPT)
def clean_text(text: str | None) -> str | None:
    """Return one line: NFC, stripped, every run of blanks and line breaks as one space; None if nothing is left."""
    if text is None:
        return None
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFC", text.translate(_INVISIBLE))
    return " ".join(text.split()) or None


def clean_lines(text: str | None) -> str | None:
    """Return text that may have several lines: each cleaned like :func:`clean_text`, outer blank lines dropped."""
    if text is None:
        return None
    lines = [clean_text(line) or "" for line in text.splitlines()]
    return "\n".join(lines).strip() or None


@lru_cache(maxsize=_TEXTS_KEPT)
def clean_email(text: str | None) -> str | None:
    """Return an address without blanks, in lower case: no mail system in use tells ``Ann@`` from ``ann@``."""
    cleaned = clean_text(text)
    if cleaned is None:
        return None
    return unicodedata.normalize("NFC", "".join(cleaned.lower().split()))


#: Everyday names that ISO 3166-1 does not list, folded as in :func:`_fold`.
_COUNTRY_ALIASES = {
    "uk": "GB",
    "great britain": "GB",
    "britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "republic of ireland": "IE",
    "united states of america": "US",
    "america": "US",
    "usa": "US",
    "holland": "NL",
    "czech republic": "CZ",
    "turkey": "TR",
    "russia": "RU",
    "south korea": "KR",
    "north korea": "KP",
    "ivory coast": "CI",
    "cape verde": "CV",
    "swaziland": "SZ",
    "macedonia": "MK",
    "burma": "MM",
    "vatican": "VA",
    "palestine": "PS",
    "uae": "AE",
    "brunei": "BN",
    "laos": "LA",
    "syria": "SY",
    "macau": "MO",
    "east timor": "TL",
}


def clean_country(text: str | None) -> str | None:
    """Return ISO 3166-1 alpha-2 for a two- or three-letter code or an English name; what is unknown stays as text."""
    cleaned = clean_text(text)
    return None if cleaned is None else _country_code(cleaned)


@lru_cache(maxsize=1024)
def _country_code(text: str) -> str:
    folded = text.replace(".", "").casefold().removeprefix("the ")
    if folded in _COUNTRY_ALIASES:
        return _COUNTRY_ALIASES[folded]
    for spelling in (folded, text):
        try:
            return str(pycountry.countries.lookup(spelling).alpha_2)
        except LookupError:
            continue
    return text


def clean_address(
    *,
    line1: str | None = None,
    line2: str | None = None,
    city: str | None = None,
    region: str | None = None,
    postal_code: str | None = None,
    country: str | None = None,
) -> Address | None:
    """Return the six parts of an address, each cleaned, or None if all of them are blank."""
    lines = (clean_text(line1), clean_text(line2))
    place = (clean_text(city), clean_text(region), clean_text(postal_code), clean_country(country))
    address: Address = (*lines, *place)
    return address if any(address) else None


def spelled_like(theirs: Snapshot, *known: Snapshot | None) -> Snapshot:
    """Return theirs with addresses in a known spelling, where they say the same in other lines.

    A package may let the lines of an address flow differently: what stood in one line comes back in two, or with a
    comma between. The first of the known snapshots that says the same lends its spelling, so that nothing differs.
    """
    lent: dict[FieldName, Value] = {}
    for name, value in theirs.fields.items():
        if isinstance(value, tuple) and len(value) == _PARTS:
            for like in known:
                spelling = None if like is None else like.get(name)
                if isinstance(spelling, tuple) and spelling != value and _words(spelling) == _words(value):
                    lent[name] = spelling
                    break
                if spelling == value:
                    break
    return Snapshot(fields={**theirs.fields, **lent}, active=theirs.active) if lent else theirs


#: Parts of an address; the first two are its lines.
_PARTS = 6


def _words(address: tuple[Value, ...]) -> tuple[object, ...]:
    """Return an address with its lines as one list of words; commas between them don't count."""
    lines = " ".join(str(line) for line in address[:2] if line)
    return (tuple(lines.replace(",", " ").split()), *address[2:])


def at_home(address: Address | None, country: str | None) -> Address | None:
    """Return an address with the company's own country where it names none: that is what leaving it out means."""
    return address if address is None or address[5] is not None else (*address[:5], country)


def amount_of(value: Value) -> Decimal:
    """Return an amount of a snapshot; what is no amount counts as nothing."""
    return Decimal(0) if value is None or isinstance(value, tuple | bool) else Decimal(str(value))
