"""Phone numbers: one spelling for comparing, and the one that people write.

The library knows every country's rules; where it takes its time for what most numbers come to, the same rules are
applied here, and a test holds both ways equal.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import phonenumbers

from service.core.snapshot import clean_text

#: Numbers remembered as they were understood: one is read, written and read back within a moment.
_NUMBERS_KEPT = 4096
_EXTENSION = re.compile(r"(?i)[\s,;]*(?:extension|ext\.?|x|#)\s*[:=.]?\s*(\d{1,9})$")
_NUMBER = re.compile(r"[\s(]*\+?[\d\s().\-/\u2010-\u2015\u2212]+")


def clean_phone(text: str | None, *, region: str | None = None) -> str | None:
    """Return a phone as ``+`` (if international), digits, and ``x`` with an extension: ``+442079460000x12``.

    With ``region`` (ISO 3166-1 alpha-2) a national number becomes international, so that both spellings agree.
    What is not a number ("call the office", ``1-800-FLOWERS``) stays as cleaned text: nothing is lost.
    """
    cleaned = clean_text(text) if text else None
    return None if cleaned is None else _clean_number(cleaned, region)


@lru_cache(maxsize=_NUMBERS_KEPT)
def _clean_number(cleaned: str, region: str | None) -> str:
    ascii_digits = cleaned
    if not cleaned.isascii():
        ascii_digits = "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in cleaned)
    whole = _NUMBER.fullmatch(ascii_digits) is not None
    found = None if whole else _EXTENSION.search(ascii_digits)
    extension = f"x{found[1]}" if found else ""
    number = ascii_digits[: found.start()] if found else ascii_digits
    if not (whole or _NUMBER.fullmatch(number)) or not any(map(str.isdigit, number)):
        return cleaned
    return _one_spelling(number, region) + extension


def _one_spelling(number: str, region: str | None) -> str:
    """Return E.164 if the library finds the length possible, else the digits as they stand."""
    international = "+" in number
    digits = ("+" if international else "") + "".join(filter(str.isdigit, number))
    parsed = _parse(digits, None if international else region)
    if parsed is not None and digits == f"+{parsed.country_code}{parsed.national_number}":
        return digits  # possible or not
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        return digits
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=_NUMBERS_KEPT)
def _parse(digits: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    """Return what the library makes of a number; the value is shared and must not be changed."""
    plain = _plainly(digits, region)
    if plain is not None:
        return plain
    try:
        return phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None


def _plainly(digits: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    """Return what the library must make of a number whose digits stand for themselves; None for all others.

    That is a number from which nothing is taken off: no code for dialling abroad, no national prefix, no leading zero.
    The library comes to the same by ten regular expressions, which for most numbers is all that takes time.
    """
    if not _DIGITS.fullmatch(digits):
        return None
    national = digits
    if digits.startswith("+"):
        codes = (digits[1:end] for end in (2, 3, 4) if digits[1:2] != "0")
        code = next((code for code in codes if int(code or 0) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE), "")
        plan = _numbering(phonenumbers.region_code_for_country_code(int(code))) if code else None
        national = digits[1 + len(code) :]
    else:
        plan = None if region is None else _numbering(region)
        if plan is None or digits.startswith(str(plan[0])) or (plan[2] is not None and plan[2].match(digits)):
            return None
    if plan is None or not _NATIONAL.fullmatch(national) or (plan[1] is not None and plan[1].match(national)):
        return None
    return phonenumbers.PhoneNumber(country_code=plan[0], national_number=int(national))


#: Digits of a number, and of a national one without leading zeros; the library takes no fewer and no more.
_DIGITS = re.compile(r"\+?[0-9]+")
_NATIONAL = re.compile(r"[1-9][0-9]{1,16}")


@lru_cache(maxsize=512)
def _numbering(region: str) -> tuple[int, re.Pattern[str] | None, re.Pattern[str] | None] | None:
    """Return the country code of a region, its national prefix and its prefix for dialling abroad, as patterns."""
    known = phonenumbers.PhoneMetadata.metadata_for_region(region)
    if known is None or known.country_code is None:
        return None
    prefixes = (known.national_prefix_for_parsing, known.international_prefix)
    national, abroad = (re.compile(prefix) if prefix else None for prefix in prefixes)
    return known.country_code, national, abroad


def format_phone(phone: str | None, *, region: str | None = None) -> str | None:
    """Return a cleaned phone as people write it: nationally within ``region``, else internationally.

    Law: ``clean_phone(format_phone(p, region=r), region=r) == p``; where the library cannot promise it, ``p`` itself.
    """
    if phone is None or not phone.startswith("+"):
        return phone
    number, _, extension = phone.partition("x")
    parsed = _parse(number, None)
    if parsed is None:
        return phone
    at_home = region is not None and phonenumbers.country_code_for_region(region) == parsed.country_code
    shown = phonenumbers.format_number(parsed, _NATIONAL_STYLE) if at_home else _internationally(parsed)
    shown += f" x{extension}" if extension else ""
    return shown if clean_phone(shown, region=region) == phone else phone


_NATIONAL_STYLE = phonenumbers.PhoneNumberFormat.NATIONAL
_GROUP = re.compile(r"\\(\d)")


def _internationally(number: phonenumbers.PhoneNumber) -> str:
    """Return what the library formats a number as abroad, by its own rules: its way there takes four times as long."""
    national = phonenumbers.national_significant_number(number)
    code = number.country_code or 0
    for leading, pattern, groups in _formats(code):
        if leading is None or leading.match(national):
            found = pattern.fullmatch(national)
            if found is not None:
                return f"+{code} {groups.format(national, *found.groups())}"
    return f"+{code} {national}"


@lru_cache(maxsize=512)
def _formats(code: int) -> tuple[tuple[re.Pattern[str] | None, re.Pattern[str], str], ...]:
    """Return how numbers of a country code are grouped abroad: how they begin, their groups, what stands between."""
    region = phonenumbers.region_code_for_country_code(code)
    known = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    ways = (known.intl_number_format or known.number_format) if known is not None else []
    return tuple(
        (
            re.compile(one.leading_digits_pattern[-1]) if one.leading_digits_pattern else None,
            re.compile(one.pattern),
            _GROUP.sub(r"{\1}", one.format),
        )
        for one in ways
        if one.pattern is not None and one.format is not None
    )
