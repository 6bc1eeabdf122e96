"""Snapshots: what counts as the same, and what normalisation promises."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core import snapshot
from service.core.snapshot import (
    Snapshot,
    Value,
    clean_address,
    clean_country,
    clean_email,
    clean_lines,
    clean_phone,
    clean_text,
    differences,
    format_phone,
    from_json,
    to_json,
)

VALUES: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3).map(tuple)
)
SNAPSHOTS = st.builds(Snapshot, fields=st.dictionaries(st.text(), VALUES, max_size=4), active=st.booleans())


def _snap(active: bool = True, **fields: Value) -> Snapshot:
    return Snapshot(fields=fields, active=active)


# --- snapshots -------------------------------------------------------------------------------------------------------


def test_a_missing_field_reads_as_blank_but_is_not_held() -> None:
    snapshot = _snap(fax=None)
    assert snapshot.get("fax") is None
    assert snapshot.get("phone") is None
    assert snapshot.holds("fax")
    assert not snapshot.holds("phone")


def test_a_snapshot_cannot_be_changed_through_the_mapping_it_was_made_of() -> None:
    fields: dict[str, Value] = {"name": "Acme"}
    snapshot = Snapshot(fields=fields)
    fields["name"] = "Other"
    assert snapshot.get("name") == "Acme"
    with pytest.raises(TypeError):
        snapshot.fields["name"] = "Other"  # type: ignore[index]


@pytest.mark.parametrize("value", [1.5, Decimal(1), ["a"], {"a": 1}, ("a", (1.5,))])
def test_a_snapshot_refuses_what_has_no_one_spelling(value: Any) -> None:
    with pytest.raises(TypeError, match=r"^amount: a snapshot holds no "):
        Snapshot(fields={"amount": value})


def test_differences_name_only_fields_both_sides_hold() -> None:
    ours = _snap(phone="1", name="A", fax=None, mobile="3")
    theirs = _snap(phone="2", name="A", fax="9", email="x")
    assert differences(ours=ours, theirs=theirs) == ("fax", "phone")


@given(SNAPSHOTS)
def test_a_snapshot_survives_storage(snapshot: Snapshot) -> None:
    stored = json.loads(json.dumps(to_json(snapshot)))
    assert from_json(stored) == snapshot


def test_a_stored_snapshot_has_a_plain_form() -> None:
    assert to_json(_snap(active=False, lines=(("a", 1),), fax=None)) == {
        "active": False,
        "fields": {"lines": [["a", 1]], "fax": None},
    }


def test_a_document_without_its_parts_is_no_snapshot() -> None:
    with pytest.raises(KeyError):
        from_json({"fields": {}})


# --- text ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        (None, None),
        ("", None),
        (" \t\n ", None),
        ("\u200b\ufeff", None),
        ("  Freeman   Sporting\tGoods ", "Freeman Sporting Goods"),
        ("Zoe\u0308", "Zoë"),
        ("a\u00a0\u3000b", "a b"),
        ("a\r\nb", "a b"),
        ("a\x00b\x7f\x1b", "ab"),
        ("می\u200cخوریم", "می\u200cخوریم"),
    ],
)
def test_text_has_one_spelling(written: str | None, clean: str | None) -> None:
    assert clean_text(written) == clean


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        (None, None),
        ("\n \r\n", None),
        ("  two  words\r\n\r\n second  \n\n", "two words\n\nsecond"),
        ("\none", "one"),
    ],
)
def test_text_of_several_lines_keeps_them(written: str | None, clean: str | None) -> None:
    assert clean_lines(written) == clean


@pytest.mark.parametrize(
    ("written", "clean"),
    [(None, None), (" ", None), (" Ann@Example.COM ", "ann@example.com"), ("ann @ example.com", "ann@example.com")],
)
def test_an_email_has_one_spelling(written: str | None, clean: str | None) -> None:
    assert clean_email(written) == clean


# --- phones ----------------------------------------------------------------------------------------------------------


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


# --- countries and addresses -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        (None, None),
        ("  ", None),
        ("us", "US"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("United States", "US"),
        ("the United States of America", "US"),
        ("GBR", "GB"),
        ("UK", "GB"),
        ("England", "GB"),
        ("New Zealand", "NZ"),
        ("NEW  ZEALAND", "NZ"),
        ("The Netherlands", "NL"),
        ("The Gambia", "GM"),
        ("Côte d'Ivoire", "CI"),
        ("South Korea", "KR"),
        ("Türkiye", "TR"),
        ("Vietnam", "VN"),
        ("Middle Earth", "Middle Earth"),
    ],
)
def test_a_country_has_one_spelling(written: str | None, clean: str | None) -> None:
    assert clean_country(written) == clean


def test_an_address_is_six_clean_parts() -> None:
    address = clean_address(
        line1=" 1  Elm Road", line2="", city="Leeds ", region=None, postal_code="LS1 1AA", country="UK"
    )
    assert address == ("1 Elm Road", None, "Leeds", None, "LS1 1AA", "GB")
    assert clean_address(region="CA") == (None, None, None, "CA", None, None)
    assert clean_address(line2="Floor 2") == (None, "Floor 2", None, None, None, None)


def test_an_address_of_blanks_is_none() -> None:
    assert clean_address() is None
    assert clean_address(line1=" ", country="") is None


@pytest.mark.parametrize("clean", [clean_text, clean_lines, clean_email, clean_country, clean_phone])
@given(text=st.text() | PHONES)
def test_law_cleaning_twice_changes_nothing(clean: Any, text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert once != ""


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
    understood = snapshot._plainly(number, within)
    assert understood is None or understood == phonenumbers.parse(number, within)


@pytest.mark.parametrize(
    ("number", "region"), [("+15105550001", None), ("5105550001", "US"), ("+442079460000", None), ("15105550001", None)]
)
def test_most_numbers_take_the_short_way(number: str, region: str | None) -> None:
    assert (snapshot._plainly(number, region) is not None) is (region is not None or number.startswith("+"))
