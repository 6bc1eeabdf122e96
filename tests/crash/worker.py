"""What a worker of the matrix does: it keeps the stages of its process, and plays scenarios on them."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from tests.crash.cell import Cell, Result
from tests.crash.scenario import Prepared, on_the_eve, scenarios
from tests.crash.stage import Stage

#: The scenarios of the slice, and how many cells of each.
SLICE = (
    "xero/customer-update/batch",
    "xero/invoice-create/single",
    "xero/payment-create/batch",
    "quickbooks/customer-create/batch",
    "quickbooks/invoice-void/single",
    "quickbooks/payment-equal/batch",
)
_OF_EACH = 6

_stages: dict[str, Stage] = {}


def play(folder: str, name: str, pattern: str | None, sliced: bool) -> list[Result]:
    """Play the chosen cells of a scenario: all, those whose name fits, or a cut through them."""
    scenario = next(one for one in scenarios() if one.id == name)

    def then(eve: Prepared) -> list[Result]:
        cells = _cut(eve.cells, SLICE.index(scenario.id)) if sliced else list(eve.cells)
        return list(eve.results([cell for cell in cells if pattern is None or fnmatch(cell.id, pattern)]))

    return on_the_eve(stage_of(scenario.package, Path(folder)), scenario, then)


def stage_of(package: str, folder: Path) -> Stage:
    """Return the stage of a package in this process; it is built once."""
    if package not in _stages:
        _stages[package] = Stage(package, folder / "template.db", folder)
    return _stages[package]


def _cut(cells: Sequence[Cell], offset: int) -> list[Cell]:
    """Return evenly spread cells, other ones in each scenario."""
    stride = max(1, len(cells) // _OF_EACH)
    return list(cells[offset % stride :: stride])
