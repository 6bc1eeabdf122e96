"""One scenario of the matrix, an operation at a package: prepared once, and each of its cells played on a copy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from service.providers import PROVIDERS
from tests.crash.cell import Cell, Result, play, undisturbed
from tests.crash.operation import OPERATIONS, Made, Operation, bystanders
from tests.crash.outcome import Outcome
from tests.crash.plan import cells_of
from tests.crash.stage import Stage
from tests.crash.watch import Step

T = TypeVar("T")

#: Longest that all cells of a scenario may work together, in seconds.
_AN_HOUR = 3600
#: Between what was there before and the change, in seconds: longer than any window of calls or of keys.
_AN_AFTERNOON = 7200


@dataclass(frozen=True, slots=True)
class Scenario:
    """Which operation, at which package, of how many records."""

    package: str
    operation: Operation
    size: int

    @property
    def id(self) -> str:
        """Return the beginning of the names of its cells."""
        return f"{self.package}/{self.operation.name}/{'single' if self.size == 1 else 'batch'}"


def scenarios() -> list[Scenario]:
    """Return all scenarios."""
    return [
        Scenario(package, operation, size)
        for package in PROVIDERS
        for operation in OPERATIONS
        if operation.only in (None, package)
        for size in operation.sizes
    ]


@dataclass(slots=True)
class Prepared:
    """A scenario on the eve of its change: what it comes to undisturbed, and the cells that there are."""

    stage: Stage
    operation: Operation
    made: Made
    expected: Outcome
    cells: Sequence[Cell]
    _touched: list[Outcome] = field(default_factory=list)

    def results(self, cells: Sequence[Cell]) -> Iterator[Result]:
        """Play cells, each on a copy of the stage, and yield how they came out."""
        for cell in cells:
            began = time.perf_counter()
            expected = self._with_an_edit() if cell.fault.touches else self.expected

            def part(cell: Cell = cell, expected: Outcome = expected) -> tuple[list[str], int, int]:
                return play(self.stage.office, self.operation, self.made, cell, expected)

            try:
                story, again, runs = self.stage.play(part)
            except RuntimeError as died:
                story, again, runs = [str(died)], 0, 0
            yield Result(cell.id, tuple(story), time.perf_counter() - began, again, runs)

    def _with_an_edit(self) -> Outcome:
        if not self._touched:
            part = lambda: undisturbed(self.stage.office, self.operation, self.made, touch=True)[0]  # noqa: E731
            self._touched.append(self.stage.play(part))
        return self._touched[0]


def on_the_eve(stage: Stage, scenario: Scenario, then: Callable[[Prepared], T]) -> T:
    """Prepare a scenario on a copy of the stage, and return what came of the rest, which is done there."""

    def part() -> T:
        office, operation = stage.office, scenario.operation
        bystanders(office)
        made = operation.before(office, scenario.size)
        office.settled()
        stage.package.sandbox.clock.advance(_AN_AFTERNOON)

        def quietly() -> tuple[Outcome, list[Step]]:
            outcome, watch = undisturbed(office, operation, made)
            return outcome, watch.steps

        expected, steps = stage.play(quietly)
        windowed = PROVIDERS[scenario.package].capabilities.key_window is not None
        cells = list(cells_of(scenario.package, operation, scenario.size, steps, windowed=windowed))
        return then(Prepared(stage, operation, made, expected, cells))

    return stage.play(part, patience=_AN_HOUR)
