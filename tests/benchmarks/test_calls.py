"""The benchmark of calls on a small part of the sample books, and its arithmetic."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import sandbox
from benchmarks.calls import DOCUMENTED, Documented, Measured, cut, least_calls, measure
from service import samples

RULES = Documented(batch=30, feed=1, kinds=5, levels=5)


def test_every_package_has_its_documented_rules() -> None:
    assert set(DOCUMENTED) == set(sandbox.names())


@pytest.mark.parametrize(
    ("written", "least"),
    [({}, 1), ({"customers": 1}, 2), ({"customers": 30}, 2), ({"customers": 31}, 3), ({"a": 30, "b": 1, "c": 61}, 6)],
)
def test_the_least_is_each_wave_in_full_batches_and_one_look(written: dict[str, int], least: int) -> None:
    assert least_calls(written, RULES) == least


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, None),
        ({"endpoints": {"a": 60, "b": 50}}, None),
        ({"endpoints": {"a": 111}}, "1.110 times"),
        ({"second_writes": 1}, "1 writes"),
        ({"second_calls": 4}, "4 calls"),
        ({"state": "failed"}, "the first sync failed"),
        ({"written": {}}, "the first sync succeeded"),
    ],
)
def test_a_bar_that_is_missed_is_named(changes: dict[str, object], fault: str | None) -> None:
    kept: dict[str, object] = {
        "package": "A package",
        "state": "succeeded",
        "written": {"customers": 1},
        "endpoints": {"a": 100},
        "least": 100,
        "second_writes": 0,
        "second_calls": 3,
        "most_second_calls": 3,
    }
    found = Measured(**{**kept, **changes}).faults  # type: ignore[arg-type]  # the table above has the fields' types
    assert len(found) == (0 if fault is None else 1)
    assert fault is None or found[0].startswith(fault)


def test_a_cut_keeps_whole_trees_with_their_documents() -> None:
    books = samples.sample_books(date(2026, 11, 22))
    small = cut(books, 5)
    kept = {customer.id for customer in small.customers}
    assert sum(customer.parent_id is None for customer in small.customers) == 5
    assert all(customer.parent_id in kept for customer in small.customers if customer.parent_id)
    assert all(one.invoice.customer_id in kept for one in small.invoices)
    assert {payment.invoice_id for payment in small.payments if payment.invoice_id} <= {
        one.invoice.id for one in small.invoices
    }
    assert cut(books, 10_000).counts == books.counts


@pytest.mark.parametrize("name", sandbox.names())
def test_a_small_part_of_the_books_keeps_every_bar(name: str, tmp_path: Path) -> None:
    measured = measure(name, tmp_path, clients=4)
    assert measured.faults == []
    assert sum(measured.written.values()) > 10
    assert measured.calls >= measured.least
