"""Postal addresses: five lines, city, sub-division, postal code, country.

QuickBooks gives addresses an id and coordinates of their own, answers countries as ISO 3166 alpha-3 since October 2025,
and lets a changed address of a document flow into free lines below the customer's name (QuickBooks facts:
developer.intuit.com, Customer and Invoice, BillAddr). None of that is a difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache

import pycountry

from service.core import model
from service.core.names import name_key
from service.core.snapshot import Address, clean_address, clean_country, clean_text
from service.mapping.quickbooks.body import cut, part, text

_LINES = tuple(f"Line{number}" for number in range(1, 6))
_LINE_LIMIT = 500
_CITY_LIMIT = 255
_POSTAL_CODE_LIMIT = 30
_LONGEST_COUNTRY = 4  #: words of a country's name that a free line may end with


def hold(address: model.Address | None) -> tuple[Address | None, bool]:
    """Return our address as QuickBooks can hold it, and whether something was cut."""
    if address is None:
        return None, False
    whole = clean_address(
        line1=address.line1,
        line2=address.line2,
        city=address.city,
        region=address.region,
        postal_code=address.postal_code,
        country=address.country,
    )
    if whole is None:
        return None, False
    first, second = _two_lines([line for line in whole[:2] if line])
    held = clean_address(
        line1=cut(first, _LINE_LIMIT),
        line2=cut(second, _LINE_LIMIT),
        city=cut(whole[2], _CITY_LIMIT),
        region=cut(whole[3], _CITY_LIMIT),
        postal_code=cut(whole[4], _POSTAL_CODE_LIMIT),
        country=cut(whole[5], _CITY_LIMIT),
    )
    return held, held != (first, second, *whole[2:])


def write(address: Address | None) -> dict[str, str]:
    """Return the whole object; for no address every part is blank, which takes the former one away."""
    line1, line2, city, region, postal_code, country = address or (None,) * 6
    return {
        "Line1": line1 or "",
        "Line2": line2 or "",
        "City": city or "",
        "CountrySubDivisionCode": region or "",
        "PostalCode": postal_code or "",
        "Country": country_name(country) if country else "",
    }


def read(payload: object, name: str) -> Address | None:
    """Return the address under ``name``: further lines are joined to the second."""
    address = part(payload, name)
    first, second = _two_lines(free_lines(address))
    return clean_address(
        line1=first,
        line2=second,
        city=text(address, "City"),
        region=text(address, "CountrySubDivisionCode"),
        postal_code=text(address, "PostalCode"),
        country=text(address, "Country"),
    )


def free_lines(address: object) -> list[str]:
    """Return the lines that hold something."""
    return [line for name in _LINES if (line := text(address, name))]


def words(lines: Iterable[str | None], *, without: Iterable[str] = ()) -> str | None:
    """Return what an address says in one text that is the same however it is split into lines.

    Punctuation and case don't count, a country at the end has its two-letter code. Leading lines that are one of the
    names in ``without`` are left out, each name once, because QuickBooks puts the customer's names on top of addresses
    that changed.
    """
    names = {name_key(name) for name in without}
    kept = [line for line in lines if line]
    while kept and name_key(kept[0]) in names:
        names.remove(name_key(kept.pop(0)))
    said = " ".join(kept).replace(",", " ").split()
    for count in range(min(_LONGEST_COUNTRY, len(said)), 0, -1):
        code = _country_codes().get(" ".join(said[-count:]).casefold())
        if code is not None:
            said[-count:] = [code]
            break
    return name_key(" ".join(said)) or None


@cache
def _country_codes() -> Mapping[str, str]:
    """Return the two-letter code of each country by its codes and names, folded and without commas."""
    found: dict[str, str] = {}
    for country in pycountry.countries:
        for name in (country.alpha_2, country.alpha_3, country.name, getattr(country, "common_name", country.name)):
            found[" ".join(name.replace(",", " ").split()).casefold()] = country.alpha_2
    return found


@lru_cache(maxsize=512)
def country_name(country: str) -> str:
    """Return the English name of a country given as ISO 3166-1 alpha-2, if that is read back as the same country."""
    found = pycountry.countries.get(alpha_2=country)
    if found is None:
        return country
    name = str(getattr(found, "common_name", None) or found.name)
    return name if clean_country(name) == country else country


def _two_lines(lines: list[str]) -> tuple[str | None, str | None]:
    return (lines[0] if lines else None), clean_text(", ".join(lines[1:]))
