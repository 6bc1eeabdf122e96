"""Which cells there are: each step of a scenario with each fault that can strike it.

Dying before a step and dying after the one before it leave the same things behind, so a death is played once for each
of the states that it can leave: before the intent is committed, after that, before the request, while it is under way,
after its answer, and after the closing commit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tests.crash.cell import Cell
from tests.crash.fault import FAULTS, Fault
from tests.crash.operation import Operation
from tests.crash.watch import Kind, Step

#: The steps of a write, in their order; anything else of a run only reads, ties and keeps count.
WRITE_STEPS = ("intent", "sent", "write", "closing")
#: After these something is open, so that it matters when the next run comes.
_OPEN = frozenset({"intent", "sent", "write"})
#: Where a key's time is documented: how long after the blow the next run is tried as well.
_LATER = {True: ("7min", "25h"), False: ("25h",)}


def cells_of(package: str, operation: Operation, size: int, steps: Sequence[Step], *, windowed: bool) -> Iterator[Cell]:
    """Yield the cells of a scenario; ``windowed`` tells that the package says for how long it knows a key."""
    for step in steps:
        if not (operation.throughout and size == 1) and step.purpose not in WRITE_STEPS:
            continue
        for fault in FAULTS:
            if not _fits(fault, step, operation, size) or (fault.touches and package not in operation.touched_at):
                continue
            cell = Cell(package, operation.name, size, step, fault, "soon")
            yield cell
            if fault.persists and step.purpose in _OPEN:
                yield from (replace(cell, moment=moment) for moment in _LATER[windowed and size == 1])


def _fits(fault: Fault, step: Step, operation: Operation, size: int) -> bool:
    if step.kind not in fault.strikes or (fault.batch_only and size == 1):
        return False
    return fault.name != "killed-before" or (step.purpose == "intent" or step.kind is Kind.TOKEN)
