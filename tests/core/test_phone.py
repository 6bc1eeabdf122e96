"""Phones: one spelling, the form that people write, and the library's own answers by a shorter way."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core import phone
from service.core.phone import clean_phone, format_phone


@pytest.mark.parametrize(
    ("written", "region", "clean"),
    [
        (None, None, None),
        ("  ", "US", None),
        ("(555) 010-1234", None, "5550101234"),
        ("555.010.1234", None, "5550101234"),
        ("555\u2011010\u20131234", None, "5550101234"),
        ("(555) 010-1234", "US", "+15550101234"),
        ("+1 (555) 010-1234", None, "+15550101234"),
        ("+1 (555) 010-1234", "GB", "+15550101234"),
        ("+44 (0)20 7946 0000", None, "+442079460000"),
        ("(+44) 20 7946 0000", None, "+442079460000"),
        ("020 7946 0000", "GB", "+442079460000"),
        ("+64 9 923 4567 ext. 12", "NZ", "+6499234567x12"),
        ("09 923 4567 x12", "NZ", "+6499234567x12"),
        ("09 123 4567, Extension 12", None, "091234567x12"),
        ("555 0101 #3", None, "5550101x3"),
        ("٠٩ ١٢٣ ٤٥٦٧", "NZ", "+6491234567"),
        ("٣٣٣ ٢٣٢٣", None, "3332323"),
        ("12345", "US", "12345"),
        ("+999 12345", None, "+99912345"),
        ("+1 2", None, "+12"),
        ("000+0", "GB", "000+0"),
        ("1-800-FLOWERS", "US", "1-800-FLOWERS"),
        ("call  the office", None, "call the office"),
        ("ext 5", None, "ext 5"),
        ("()", None, "()"),
    ],
)
def test_a_phone_has_one_spelling(written: str | None, region: str | None, clean: str | None) -> None:
    assert clean_phone(written, region=region) == clean


@pytest.mark.parametrize(
    ("clean", "region", "shown"),
    [
        (None, "US", None),
        ("5550101234", "US", "5550101234"),
        ("call the office", "US", "call the office"),
        ("+15550101234", "US", "(555) 010-1234"),
        ("+15550101234", "NZ", "+1 555-010-1234"),
        ("+15550101234", None, "+1 555-010-1234"),
        ("+6499234567x12", "NZ", "09 923 4567 x12"),
        ("+99912345", "NZ", "+99912345"),
        ("+12", "US", "+12"),
        ("+9041777", "TR", "+9041777"),
        ("+115868344", "CA", "+115868344"),
    ],
)
def test_a_phone_is_shown_as_people_write_it(clean: str | None, region: str | None, shown: str | None) -> None:
    assert format_phone(clean, region=region) == shown


PHONES = st.text(alphabet="0123456789+() -.x#٣", max_size=20) | st.text(max_size=12)
REGIONS = st.sampled_from([None, "US", "NZ", "GB", "AU", "IT", "ZZ"])


@given(written=PHONES, region=REGIONS)
def test_law_a_shown_phone_is_the_same_phone(written: str, region: str | None) -> None:
    clean = clean_phone(written, region=region)
    assert clean_phone(clean, region=region) == clean
    assert clean_phone(format_phone(clean, region=region), region=region) == clean


@given(text=st.text() | PHONES)
def test_law_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean_phone(text)
    assert clean_phone(once) == once
    assert once != ""


@given(
    code=st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)),
    national=st.integers(1, 10**15),
    zeros=st.integers(0, 2),
)
def test_law_a_number_is_grouped_and_found_possible_as_by_the_library(code: int, national: int, zeros: int) -> None:
    known = phonenumbers.PhoneNumber(country_code=code, national_number=national)
    if zeros:
        known.italian_leading_zero, known.number_of_leading_zeros = True, zeros
    number = phone._Number(code, phonenumbers.national_significant_number(known))
    styles = phonenumbers.PhoneNumberFormat
    assert phone._grouped(number, abroad=True) == phonenumbers.format_number(known, styles.INTERNATIONAL)
    assert phone._grouped(number, abroad=False) == phonenumbers.format_number(known, styles.NATIONAL)
    assert phone._is_possible(number) == phonenumbers.is_possible_number(known)


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_an_example_of_each_kind_and_country_is_written_as_by_the_library(region: str) -> None:
    styles = phonenumbers.PhoneNumberFormat
    for kind in phonenumbers.PhoneNumberType.values():
        known = phonenumbers.example_number_for_type(region, kind)
        if known is not None:
            number = phone._Number(known.country_code or 0, phonenumbers.national_significant_number(known))
            assert phone._grouped(number, abroad=True) == phonenumbers.format_number(known, styles.INTERNATIONAL)
            assert phone._grouped(number, abroad=False) == phonenumbers.format_number(known, styles.NATIONAL)


@given(
    digits=st.from_regex(r"\+[0-9]{2,17}", fullmatch=True) | st.from_regex(r"[0-9]{1,18}", fullmatch=True),
    code=st.sampled_from(["", *map(str, sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE))]),
    region=st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)),
)
def test_law_a_number_whose_digits_stand_for_themselves_is_understood_as_by_the_library(
    digits: str, code: str, region: str
) -> None:
    number = f"+{code}{digits[1:]}" if digits.startswith("+") else digits
    within = None if number.startswith("+") else region
    understood = phone._plainly(number, within)
    if understood is not None:
        known = phonenumbers.parse(number, within)
        assert understood == (known.country_code, phonenumbers.national_significant_number(known))


@pytest.mark.parametrize(
    ("number", "region"), [("+15105550001", None), ("5105550001", "US"), ("+442079460000", None), ("15105550001", None)]
)
def test_most_numbers_take_the_short_way(number: str, region: str | None) -> None:
    assert (phone._plainly(number, region) is not None) is (region is not None or number.startswith("+"))
