"""What the service does to addresses: ids of their own, country codes, lines that flow differently after an edit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import pycountry

from sandbox.quickbooks.company import Company

MOST_LINES = 5
ADDRESS_FIELDS = ("BillAddr", "ShipAddr")


@lru_cache(maxsize=1024)
def iso3(country: str) -> str:
    """Return the ISO 3166 alpha-3 code of a country given as code or name; anything else comes back as it is.

    Countries are answered as alpha-3 since 2025-10-31 (Intuit developer blog, August 2025).
    """
    try:
        found: Any = pycountry.countries.lookup(country)
    except LookupError:
        return country
    return str(found.alpha_3)


def stored(company: Company, body: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body with an Id on each address, a new one where the address changed."""
    result = dict(body)
    for name in ADDRESS_FIELDS:
        address = body.get(name)
        if address is None:
            continue
        address = {key: value for key, value in address.items() if key != "Id"}
        if company.settings.iso3_countries and "Country" in address:
            address["Country"] = iso3(address["Country"])
        old = before.get(name) or {}
        same = {key: value for key, value in old.items() if key != "Id"} == address
        result[name] = {"Id": old["Id"] if same else company.next_number("addresses"), **address}
    return result


def reflowed(address: Mapping[str, Any], *, customer_name: str, company_name: str | None) -> dict[str, Any]:
    """Return a transaction's address as an update of it is answered: free lines under the customer's name.

    developer.intuit.com, Customer, BillAddr "after update": Line1 and Line2 hold customer and company name, what was
    in the address follows in the lines below, City and the rest are gone.
    """
    own = [str(address[key]) for key in (f"Line{n}" for n in range(1, 6)) if key in address]
    city = ", ".join(str(address[key]) for key in ("City", "CountrySubDivisionCode") if key in address)
    last = " ".join(part for part in (city, str(address.get("PostalCode", ""))) if part)
    heads = [customer_name] + ([company_name] if company_name and company_name != customer_name else [])
    tail = [line for line in (last, str(address.get("Country", ""))) if line]
    lines = heads + own + ["  ".join(tail)] * bool(tail)
    if len(lines) > MOST_LINES:
        lines = [*lines[:4], ", ".join(lines[4:])]
    return {f"Line{n}": line for n, line in enumerate(lines, 1)}
