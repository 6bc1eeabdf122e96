"""Snapshots: what counts as the same, and what normalisation promises."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.snapshot import (
    Snapshot,
    Value,
    clean_address,
    clean_country,
    clean_email,
    clean_lines,
    clean_text,
    differences,
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


@pytest.mark.parametrize("clean", [clean_text, clean_lines, clean_email, clean_country])
@given(text=st.text())
def test_law_cleaning_twice_changes_nothing(clean: Any, text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert once != ""
