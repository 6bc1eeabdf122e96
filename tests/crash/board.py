"""The matrix as text: a row for each step, a column for each fault, a mark for each cell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from tests.crash.cell import MOMENTS, Result
from tests.crash.fault import FAULTS

_PASSED, _FAILED, _NONE = ".", "X", " "
_STEPS = 38  #: characters of a row's name


def drawn(results: Iterable[Result]) -> Iterator[str]:
    """Yield the lines of the matrix."""
    marks: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
    for result in results:
        row, fault, moment = result.id.rsplit("/", 2)
        marks[row][fault, moment] = _FAILED if result.story else _PASSED
    letters = [chr(ord("A") + number) for number in range(len(FAULTS))]
    yield "Columns, what goes wrong at the step:"
    yield from (f"  {letter}  {fault.name:18} {fault.says}" for letter, fault in zip(letters, FAULTS, strict=True))
    moments = ", ".join(MOMENTS)
    yield f"A mark for each moment at which the next run comes ({moments}): {_PASSED} as undisturbed, {_FAILED} not."
    yield ""
    yield " " * _STEPS + " ".join(f"{letter:{len(MOMENTS)}}" for letter in letters)
    scenario = ""
    for row, cells in marks.items():
        begins, _, step = row.rpartition("/")
        yield from [] if begins == scenario else [begins]
        scenario = begins
        shown = ("".join(cells.get((fault.name, moment), _NONE) for moment in MOMENTS) for fault in FAULTS)
        yield f"  {step:{_STEPS - 2}}{' '.join(shown)}".rstrip()


def totals(results: Sequence[Result], seconds: float) -> Iterator[str]:
    """Yield how many cells there were, how they came out, and what they cost."""
    by_package: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_package[result.id.partition("/")[0]].append(result)
    yield ""
    for package, found in by_package.items():
        again = sum(max(0, result.again) for result in found)
        yield f"{package}: {len(found)} cells, {_failing(found)} failing, {again} requests sent once more"
    rate = len(results) / seconds if seconds else 0
    yield f"together: {len(results)} cells, {_failing(results)} failing, {seconds:.0f} s, {rate:.1f} cells/s"


def stories(results: Iterable[Result]) -> Iterator[str]:
    """Yield what was expected and what was found in each failing cell."""
    for result in results:
        if result.story:
            yield f"\n{result.id}"
            yield from (f"  {line}" for line in result.story)
            yield f"  play it again: make crash-matrix CELL='{result.id}'"


def _failing(results: Iterable[Result]) -> int:
    return sum(bool(result.story) for result in results)
