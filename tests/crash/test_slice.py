"""A cut through the crash matrix; ``make crash-matrix`` plays all of it."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.crash.__main__ import main
from tests.support.source import ROOT

ORDER = (sys.executable, "-m", "tests.crash")
ENOUGH = 32
PATIENCE = 600  #: seconds: both cores are needed, and may be busy


def played(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Play in a process of its own: cells are played on forks of it, and a test run may have threads."""
    return subprocess.run([*ORDER, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE)
def test_whatever_goes_wrong_at_whatever_step_both_books_come_out_as_undisturbed() -> None:
    matrix = played("--slice")
    assert matrix.returncode == 0, matrix.stdout[-20_000:] + matrix.stderr[-5_000:]
    total = re.search(r"^together: (\d+) cells, 0 failing", matrix.stdout, re.MULTILINE)
    assert total is not None
    assert int(total[1]) >= ENOUGH


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE)
def test_every_planted_defect_is_noticed() -> None:
    found = played("--planted")
    assert found.returncode == 0, found.stdout + found.stderr[-5_000:]


def test_a_name_that_fits_no_cell_is_no_success() -> None:
    assert main(["--cell", "nowhere/*"]) == 1  # nothing is played, so nothing is forked here
