"""Phone numbers: one spelling for comparing, and the one that people write.

The library knows every country's rules; where it takes its time for what most numbers come to, the same rules are
applied here, and a test holds both ways equal.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

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
    if parsed is None:
        return digits
    written = f"+{parsed.code}{parsed.national}"
    return written if written == digits or _is_possible(parsed) else digits


class _Number(NamedTuple):
    """A number as the library understands it; all that can be told of it follows from these two."""

    code: int  #: of the country
    national: str  #: digits of the national significant number, with zeros in front where it has them


@lru_cache(maxsize=_NUMBERS_KEPT)
def _parse(digits: str, region: str | None) -> _Number | None:
    """Return what the library makes of a number."""
    plain = _plainly(digits, region)
    if plain is not None:
        return plain
    try:
        parsed = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    return _Number(parsed.country_code or 0, phonenumbers.national_significant_number(parsed))


def _plainly(digits: str, region: str | None) -> _Number | None:
    """Return what the library must make of a number whose digits stand for themselves; None for all others.

    That is a number from which nothing is taken off: no code for dialling abroad, no national prefix, no leading zero.
    The library comes to the same by ten regular expressions, which for most numbers is all that takes time.
    """
    if not _DIGITS.fullmatch(digits):
        return None
    national = digits
    if digits.startswith("+"):
        code = _code_in(digits[1:4])
        plan = _numbering(phonenumbers.region_code_for_country_code(int(code))) if code else None
        national = digits[1 + len(code) :]
    else:
        plan = None if region is None else _numbering(region)
        if plan is None or digits.startswith(str(plan[0])) or (plan[2] is not None and plan[2].match(digits)):
            return None
    if plan is None or not _NATIONAL.fullmatch(national) or (plan[1] is not None and plan[1].match(national)):
        return None
    return _Number(plan[0], national)


#: Digits of a number, and of a national one without leading zeros; the library takes no fewer and no more.
_DIGITS = re.compile(r"\+?[0-9]+")
_NATIONAL = re.compile(r"[1-9][0-9]{1,16}")


@lru_cache(maxsize=1024)
def _code_in(first: str) -> str:
    """Return the country code with which the first three digits of a number begin; blank if there is none."""
    codes = (first[:size] for size in (1, 2, 3))
    return next((code for code in codes if code[:1] != "0" and int(code or 0) in _CODES), "")


_CODES = frozenset(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


@lru_cache(maxsize=512)
def _numbering(region: str) -> tuple[int, re.Pattern[str] | None, re.Pattern[str] | None] | None:
    """Return the country code of a region, its national prefix and its prefix for dialling abroad, as patterns."""
    known = phonenumbers.PhoneMetadata.metadata_for_region(region)
    if known is None or known.country_code is None:
        return None
    prefixes = (known.national_prefix_for_parsing, known.international_prefix)
    national, abroad = (re.compile(prefix) if prefix else None for prefix in prefixes)
    return known.country_code, national, abroad


def _is_possible(number: _Number) -> bool:
    """Tell whether numbers of its country can be as long, if only for a local call, as the library does."""
    return len(number.national) in _possible_lengths(number.code)


@lru_cache(maxsize=512)
def _possible_lengths(code: int) -> frozenset[int]:
    known = _plan_of(code)
    desc = None if known is None else known.general_desc
    return frozenset() if desc is None else frozenset((*desc.possible_length, *desc.possible_length_local_only))


def _plan_of(code: int) -> phonenumbers.PhoneMetadata | None:
    """Return the numbering plan of a country code: of several countries that share one, the main one's."""
    region = phonenumbers.region_code_for_country_code(code)
    return phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)


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
    at_home = region is not None and _country_code(region) == parsed.code
    shown = _grouped(parsed, abroad=not at_home)
    shown += f" x{extension}" if extension else ""
    return shown if clean_phone(shown, region=region) == phone else phone


@lru_cache(maxsize=512)
def _country_code(region: str) -> int:
    return phonenumbers.country_code_for_region(region)


_GROUP = re.compile(r"\\(\d)")
_FIRST_GROUP = re.compile(r"(\\\d)")


def _grouped(number: _Number, *, abroad: bool) -> str:
    """Return what the library formats a number as, by its own rules: its way there takes four times as long."""
    before = f"+{number.code} " if abroad else ""
    for leading, pattern, groups in _formats(number.code, abroad):
        if leading is None or leading.match(number.national):
            found = pattern.fullmatch(number.national)
            if found is not None:
                return before + groups.format(number.national, *found.groups())
    return before + number.national


@lru_cache(maxsize=512)
def _formats(code: int, abroad: bool) -> tuple[tuple[re.Pattern[str] | None, re.Pattern[str], str], ...]:  # noqa: FBT001 - a key
    """Return how numbers of a country code are grouped: how they begin, their groups, what stands around them."""
    known = _plan_of(code)
    if known is None:
        return ()
    return tuple(
        (
            re.compile(one.leading_digits_pattern[-1]) if one.leading_digits_pattern else None,
            re.compile(one.pattern),
            _GROUP.sub(r"{\1}", one.format if abroad else _as_dialled_at_home(one)),
        )
        for one in (abroad and known.intl_number_format) or known.number_format
        if one.pattern is not None and one.format is not None
    )


def _as_dialled_at_home(way: phonenumbers.NumberFormat) -> str:
    """Return how a number is grouped, with what is dialled before it within its country."""
    rule, groups = way.national_prefix_formatting_rule, str(way.format)
    return _FIRST_GROUP.sub(rule, groups, count=1) if rule else groups
