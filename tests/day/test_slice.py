"""An hour of the day with four connections; its workers are threads here, and processes in ``make day-soak``."""

from __future__ import annotations

import threading

import pytest

from tests.day.day import Day


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_an_hour_passes_without_a_fault(database_url: str) -> None:
    day = Day(url=database_url, hours=1, connections=4, revoked=1, customers=5, edits_an_hour=4)
    report = day.pass_by(threading.Thread, processes=2)
    assert report.faults == []
    assert any("tokens renewed" in line for line in report.figures)
