"""What a worker of the matrix does: it keeps the stages of its process, and plays scenarios on them."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from tests.crash.cell import Cell, Result
from tests.crash.operation import OPERATIONS
from tests.crash.scenario import Prepared, Scenario, on_the_eve, scenarios
from tests.crash.stage import Stage

#: Cells of the slice from each operation.
_OF_EACH = 2

_stages: dict[str, Stage] = {}


def play(folder: str, name: str, pattern: str | None, cut: bool) -> list[Result]:
    """Play the chosen cells of a scenario: all, those whose name fits, or a cut through them."""
    scenario = next(one for one in scenarios() if one.id == name)

    def then(eve: Prepared) -> list[Result]:
        cells = _cut(eve.cells, sliced().index(scenario)) if cut else list(eve.cells)
        return list(eve.results([cell for cell in cells if pattern is None or fnmatch(cell.id, pattern)]))

    return on_the_eve(stage_of(scenario.package, Path(folder)), scenario, then)


def stage_of(package: str, folder: Path) -> Stage:
    """Return the stage of a package in this process; it is built once."""
    if package not in _stages:
        _stages[package] = Stage(package, folder / "template.db", folder)
    return _stages[package]


def sliced() -> list[Scenario]:
    """Return the scenarios of the slice: each operation once, packages and sizes in turn."""
    chosen = []
    for number, operation in enumerate(OPERATIONS):
        those = [one for one in scenarios() if one.operation is operation]
        chosen.append(those[(3 * number) % len(those)])
    return chosen


def _cut(cells: Sequence[Cell], place: int) -> list[Cell]:
    """Return a cell each of two faults, other ones in each scenario, at other steps and moments."""
    faults = list(dict.fromkeys(cell.fault.name for cell in cells))
    begin = place * _OF_EACH
    chosen = []
    for number in range(begin, begin + _OF_EACH):
        those = [cell for cell in cells if cell.fault.name == faults[number % len(faults)]]
        chosen.append(those[place % len(those)])
    return chosen
