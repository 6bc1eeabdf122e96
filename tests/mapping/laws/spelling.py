"""Ways in which both packages spell one and the same value."""

from __future__ import annotations

from random import Random
from typing import Any

import phonenumbers
import pycountry

from service.core.snapshot import clean_country


def spaced(text: str, chance: Random) -> str:
    """Return the text with blanks around it, and inside it where there are some."""
    text = text.replace(" ", chance.choice((" ", "  "))) if chance.random() < 0.3 else text
    return f"{chance.choice(('', ' '))}{text}{chance.choice(('', ' ', '  '))}"


def in_lines(text: str, chance: Random) -> str:
    """Return a text of several lines as another system breaks and pads them."""
    return chance.choice(("\n", "\r\n")).join(f"{line}{chance.choice(('', ' '))}" for line in text.splitlines())


def cased(email: str, chance: Random) -> str:
    """Return an address of mail in another case."""
    return chance.choice((str.lower, str.upper, str.title, str))(email)


def as_number(text: Any, chance: Random) -> Any:
    """Return a number as 150, "150", "150.0" or "150.0000": exact each time."""
    shown = str(text)
    if chance.random() < 0.3:
        return text
    if "." not in shown:
        return chance.choice((shown, f"{shown}.0", f"{shown}.0000"))
    return chance.choice((shown, f"{shown}0"))


def country(text: str, chance: Random) -> str:
    """Return a country as a code of two or three letters or as one of its names, read back as the same one."""
    code = clean_country(text)
    found = pycountry.countries.get(alpha_2=code or "")
    if found is None:
        return text
    names = (found.alpha_2, found.alpha_3, found.name, getattr(found, "common_name", found.name), found.alpha_3.lower())
    return str(chance.choice([name for name in (*names, text) if clean_country(name) == code]))


def phone(text: str, chance: Random, *, region: str) -> str:
    """Return a telephone number as people write it elsewhere, if it is one."""
    found = _parsed(text, region)
    if found is None:
        return text
    forms = phonenumbers.PhoneNumberFormat
    style = chance.choice((forms.INTERNATIONAL, forms.E164))
    shown = phonenumbers.format_number(found, style)
    return shown.replace(" ", chance.choice((" ", "-", "")))


def phone_parts(text: str, chance: Random, *, region: str) -> tuple[str, str, str]:
    """Return country code, area code and number of a telephone number, the first two blank where it can't be split."""
    found = _parsed(text, region)
    if found is None or not phonenumbers.is_valid_number(found):
        return "", "", text
    significant = phonenumbers.national_significant_number(found)
    cut = phonenumbers.length_of_geographical_area_code(found)
    shown = f"{significant[cut:][:3]} {significant[cut:][3:]}".strip()
    return str(found.country_code), significant[:cut], chance.choice((shown, significant[cut:]))


def _parsed(text: str, region: str) -> phonenumbers.PhoneNumber | None:
    if any(sign.isalpha() for sign in text):
        return None
    try:
        found = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    return found if phonenumbers.is_possible_number(found) else None
