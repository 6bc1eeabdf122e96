"""Fictional postal addresses and telephone numbers for the sample books."""

from __future__ import annotations

from random import Random

from service.core.model import Address
from service.samples.chance import happens
from service.samples.words import REGIONS, STREET_KINDS, STREETS, TOWNS_ABROAD

HOME_COUNTRY = "US"
_AREAS = {region: area for region, area, _ in REGIONS}
_TOWNS = {region: towns for region, _, towns in REGIONS}


def pick_region(rng: Random) -> str:
    """Return a region of the home country; the company works mostly in the first two."""
    first, second, *others = [region for region, _, _ in REGIONS]
    return rng.choice([*[first] * 4, *[second] * 3, *others])


def make_address(rng: Random, *, region: str | None, country: str) -> Address:
    """Return an address in the region of the home country, or in the one town known abroad."""
    street = f"{rng.randint(1, 199)} {rng.choice(STREETS)} {rng.choice(STREET_KINDS)}"
    unit = f"Suite {rng.randint(1, 40)}" if happens(rng, 15) else None
    city, code = rng.choice(_TOWNS[region]) if region else TOWNS_ABROAD[country]
    return Address(line1=street, line2=unit, city=city, region=region, postal_code=code, country=country)


def make_phone(rng: Random, region: str | None) -> str:
    """Return a number from the range that is kept for fiction: 555-0100 to 555-0199 in any area."""
    area = _AREAS[region] if region else "800"
    return f"+1 {area} 555 01{rng.randrange(100):02}"
