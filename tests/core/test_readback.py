"""What a package stored, beside what was meant: as meant, declared before, rounding, or different."""

from __future__ import annotations

from decimal import Decimal

import pytest

from service.core.ports import Loss
from service.core.readback import (
    Line,
    Meant,
    Reading,
    line_from_json,
    line_to_json,
    meant_from_json,
    meant_to_json,
    read_back,
    worst_of,
)
from service.core.snapshot import Snapshot, Value
from service.core.totals import TaxRounding

MEANT = Meant(
    to=("ap@elm.example",),
    cc=("ann@elm.example", "bob@elm.example"),
    held_to=("ap@elm.example",),
    held_cc=("ann@elm.example", "bob@elm.example"),
    subtotal=Decimal("76.30"),
    tax_total=Decimal("11.44"),
    total=Decimal("87.74"),
    currency="USD",
    lines=3,
)
STORED: dict[str, Value] = {
    "to": ("ap@elm.example",),
    "cc": ("bob@elm.example", "ann@elm.example"),
    "subtotal": "76.3",
    "tax_total": "11.44",
    "total": "87.74",
}
NOTHING = Snapshot(fields={})


def compare(
    meant: Meant | None = MEANT,
    *,
    written: dict[str, Value] | None = None,
    losses: tuple[Loss, ...] = (),
    rounding: TaxRounding = TaxRounding.PER_LINE,
    **stored: Value,
) -> dict[str, Line]:
    """Read back, with some of what is stored changed; return the lines by what they are about."""
    found = Snapshot(fields={name: value for name, value in {**STORED, **stored}.items() if value != "not held"})
    lines = read_back(
        meant,
        written=Snapshot(fields=written or {}),
        stored=found,
        losses=losses,
        package="Books",
        rounding=rounding,
    )
    return {line.what: line for line in lines}


def test_all_that_counts_is_compared_and_nothing_is_said_about_what_is_as_meant() -> None:
    lines = compare()
    assert list(lines) == ["to", "cc", "subtotal", "tax_total", "total"]
    assert {line.reading for line in lines.values()} == {Reading.AS_MEANT}
    assert {line.cause for line in lines.values()} == {None}
    assert [lines[name].difference for name in ("subtotal", "tax_total", "total")] == ["0", "0", "0"]
    assert worst_of(list(lines.values())) is Reading.AS_MEANT


@pytest.mark.parametrize(
    ("tax", "total", "reading"),
    [
        ("11.45", "87.75", Reading.ROUNDING),
        ("11.41", "87.71", Reading.ROUNDING),
        ("11.47", "87.77", Reading.ROUNDING),  # a cent for each of three lines
        ("11.48", "87.78", Reading.DIFFERS),
        ("7.63", "83.93", Reading.DIFFERS),
    ],
)
def test_a_cent_a_line_is_rounding_and_more_is_not(tax: str, total: str, reading: Reading) -> None:
    lines = compare(tax_total=tax, total=total)
    assert lines["tax_total"].reading is lines["total"].reading is reading
    assert lines["tax_total"].difference == str((Decimal(tax) - Decimal("11.44")).normalize())
    assert lines["subtotal"].reading is Reading.AS_MEANT
    assert worst_of(list(lines.values())) is reading


@pytest.mark.parametrize(
    ("rounding", "way"),
    [
        (TaxRounding.PER_LINE, "Books rounds the tax of each line and adds these up"),
        (TaxRounding.PER_RATE, "Books rounds the tax of each rate once, where ours is rounded line by line"),
    ],
)
def test_the_cause_of_rounding_is_the_packages_documented_way(rounding: TaxRounding, way: str) -> None:
    lines = compare(rounding=rounding, tax_total="11.45", total="87.75")
    assert lines["tax_total"].cause == f"{way}; up to 0.01 for each line is rounding."


def test_the_unit_of_rounding_is_the_currencys() -> None:
    yen = Meant(
        to=(),
        cc=(),
        held_to=None,
        held_cc=None,
        subtotal=Decimal(1000),
        tax_total=Decimal(80),
        total=Decimal(1080),
        currency="JPY",
        lines=1,
    )
    lines = compare(yen, subtotal="1000", tax_total="81", total="1081")
    assert list(lines) == ["subtotal", "tax_total", "total"]
    assert lines["tax_total"].reading is Reading.ROUNDING


def test_a_difference_says_where_it_comes_from() -> None:
    by_tax = compare(tax_total="7.63", total="83.93")
    assert by_tax["tax_total"].cause is not None
    assert by_tax["tax_total"].cause.startswith("Books stored a tax that rounding does not explain")
    assert by_tax["total"].cause == "The tax that Books stored is not the one that was meant."
    by_price = compare(subtotal="70", total="81.44")
    assert by_price["subtotal"].cause == by_price["total"].cause
    assert by_price["total"].cause is not None
    assert by_price["total"].cause.startswith("Books reckons the lines differently")


def test_recipients_count_whatever_their_order_and_a_lost_one_is_a_difference() -> None:
    lost = compare(cc=("ann@elm.example",))["cc"]
    assert (lost.reading, lost.meant, lost.stored) == (Reading.DIFFERS, MEANT.cc, ("ann@elm.example",))
    assert lost.cause == "Books stored other addresses than the ones that were sent."


def test_what_was_declared_a_loss_before_is_as_meant_and_says_so() -> None:
    cut = Meant(**{name: getattr(MEANT, name) for name in MEANT.__slots__} | {"held_cc": ("ann@elm.example",)})
    said = Loss(field="cc", reason="Books has no room for bob@elm.example.")
    line = compare(cut, losses=(said,), cc=("ann@elm.example",))["cc"]
    assert (line.reading, line.cause) == (Reading.DECLARED, "Books has no room for bob@elm.example.")
    assert worst_of([line]) is Reading.AS_MEANT
    assert compare(cut, cc=("ann@elm.example",))["cc"].reading is Reading.DIFFERS  # nobody had said so
    assert compare(cut, losses=(said,), cc=())["cc"].reading is Reading.DIFFERS  # it is not what was sent either


def test_a_package_without_recipients_of_its_own_says_so() -> None:
    none = Meant(**{name: getattr(MEANT, name) for name in MEANT.__slots__} | {"held_to": None, "held_cc": None})
    said = Loss(field="cc", reason="Books has no Cc.")
    lines = compare(none, losses=(said,), to="not held", cc="not held")
    assert (lines["cc"].reading, lines["cc"].stored, lines["cc"].cause) == (Reading.DECLARED, None, "Books has no Cc.")
    assert lines["to"].cause == "Books keeps no To of its own on an invoice and uses its customer's addresses."


def test_of_any_record_what_was_written_and_stored_otherwise_is_told() -> None:
    lines = compare(None, written={"name": "Elm Ltd", "phone": "1"}, name="Elm Ltd.", phone="1")
    assert list(lines) == ["name"]
    assert (lines["name"].meant, lines["name"].stored, lines["name"].reading) == (
        "Elm Ltd",
        "Elm Ltd.",
        Reading.DIFFERS,
    )
    assert compare(None, written={"name": "Elm"}, name="Elm") == {}


def test_stored_and_read_again_it_is_the_same() -> None:
    assert meant_from_json(meant_to_json(MEANT)) == MEANT
    for line in compare(tax_total="7.63", total="83.93").values():
        assert line_from_json(line_to_json(line)) == line
