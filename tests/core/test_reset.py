"""Names that make room, documents that stay, and what is said of a former counterpart."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.names import name_key
from service.core.ports import Loss, Projection
from service.core.reset import (
    OldCounterpart,
    Standing,
    Withheld,
    adapted,
    counterpart_sentence,
    former_name,
    is_numbered,
    numbered_name,
    why_stays,
)
from service.core.snapshot import Snapshot, amount_of

NAMES = st.text(min_size=1, max_size=60).filter(lambda name: name_key(name) != "")


@pytest.mark.parametrize(
    ("name", "taken", "becomes"),
    [
        ("Acme", (), "Acme (former)"),
        ("Acme", ("acme (former)",), "Acme (former 2)"),
        ("Acme (former)", ("acme (former)",), "Acme (former 2)"),
        ("Acme (former 2)", ("acme (former)", "acme (former 2)"), "Acme (former 3)"),
        ("Elm:House", (), "Elm:House (former)"),
    ],
)
def test_a_former_counterpart_gets_the_first_free_name(name: str, taken: tuple[str, ...], becomes: str) -> None:
    assert former_name(name, taken=taken, limit=100) == becomes


def test_a_name_beside_the_former_one_is_numbered() -> None:
    assert numbered_name("Acme", taken=("acme",), limit=100) == "Acme (2)"
    assert numbered_name("Acme", taken=("acme", "acme (2)"), limit=100) == "Acme (3)"
    assert is_numbered("ACME (2)", "Acme")
    assert not is_numbered("Acme (1)", "Acme")
    assert not is_numbered("Acme Ltd (2)", "Acme")
    assert not is_numbered("Acme", "Acme")
    assert not is_numbered(None, "Acme")


@given(name=NAMES, limit=st.integers(min_value=40, max_value=80))
def test_names_fit_the_limit_and_are_free(name: str, limit: int) -> None:
    first = former_name(name, taken=(), limit=limit)
    second = former_name(name, taken=(name_key(first),), limit=limit)
    third = numbered_name(name, taken=(), limit=limit)
    assert name_key(first) != name_key(second)
    for made in (first, second, third):
        assert len(made.encode("utf-16-le")) // 2 <= limit
    assert is_numbered(third, name) or len(name) > limit - 4


@pytest.mark.parametrize(
    ("fields", "active", "locked", "why"),
    [
        ({"amount_paid": "0", "amount_due": "300"}, True, None, None),
        ({"amount_due": "300"}, True, None, None),
        ({"amount_paid": "0.01", "amount_due": "299.99"}, True, None, "it is partly paid"),
        ({"amount_paid": "300", "amount_due": "0"}, True, None, "it is paid"),
        ({"status": "voided"}, True, None, "it is voided"),
        ({}, False, None, "it is voided"),
        ({"issue_date": "2026-11-02"}, True, date(2026, 11, 2), "the books are closed until 2026-11-02"),
        ({"issue_date": "2026-11-03"}, True, date(2026, 11, 2), None),
        ({}, True, date(2026, 11, 2), None),
    ],
)
def test_an_invoice_stays_where_moving_it_would_harm(
    fields: dict[str, Any], active: bool, locked: date | None, why: str | None
) -> None:
    assert why_stays(Snapshot(fields=fields, active=active), locked_until=locked) == why


def test_withheld_fields_are_left_out_and_stand_ins_take_the_place_of_ours() -> None:
    ours = Projection(snapshot=Snapshot(fields={"customer": "9", "number": "INV-1"}))
    assert adapted(ours, (), {}) is ours
    held = adapted(ours, (Withheld(field="customer", reason="It stays."),), {})
    assert held.snapshot.fields == {"number": "INV-1"}
    assert held.losses == (Loss(field="customer", reason="It stays."),)
    assert adapted(ours, (), {"customer": "4", "unknown": "5"}).snapshot.fields == {"customer": "4", "number": "INV-1"}


@pytest.mark.parametrize("choice", list(OldCounterpart))
@pytest.mark.parametrize("standing", list(Standing))
def test_every_former_counterpart_has_its_sentence(choice: OldCounterpart, standing: Standing) -> None:
    said = counterpart_sentence(choice, standing, package="The Books", name="Acme", becomes="Acme (former)")
    assert said.endswith(".")
    assert "The Books" in said
    writes = standing is Standing.ACTIVE and choice is not OldCounterpart.LEAVE
    assert ("Acme (former)" in said) is writes
    merged = counterpart_sentence(
        choice, Standing.MERGED, package="The Books", name="Acme", becomes=None, into="Acme North"
    )
    assert merged == "'Acme' was merged into Acme North in The Books and stays so."


def test_what_is_no_amount_counts_as_nothing() -> None:
    assert [amount_of(value) for value in (None, True, ("1",), "1.5")] == [0, 0, 0, amount_of("1.50")]
