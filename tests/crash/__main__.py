"""Plays the crash matrix and prints it; exit status 1 if a cell fails. ``make crash-matrix`` runs all of it.

python -m tests.crash                   every cell
python -m tests.crash --cell PATTERN    those whose name fits, e.g. 'xero/payment-*/single/write-1/hang-*/*'
python -m tests.crash --slice           a cut through scenarios, steps and faults, in seconds
python -m tests.crash --planted         defects are planted one by one, and each has to be noticed
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from fnmatch import fnmatch
from multiprocessing import get_context
from pathlib import Path

from service.store import schema
from service.store.database import Database
from tests.crash import board
from tests.crash.cell import Result
from tests.crash.planted import DEFECTS, Defect
from tests.crash.scenario import Prepared, Scenario, on_the_eve, scenarios
from tests.crash.worker import play, sliced, stage_of
from tests.support.orphan import end_with_parent


def main(arguments: Sequence[str]) -> int:
    """Play what is asked for; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description="Plays the crash matrix.")
    parser.add_argument("--cell", metavar="PATTERN", help="only cells whose name fits")
    parser.add_argument("--slice", action="store_true", help="a cut through all of it")
    parser.add_argument("--planted", action="store_true", help="plant defects, and see that each is noticed")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    asked = parser.parse_args(arguments)
    for name in [name for name in os.environ if name.startswith("TIEOUT_") or name.lower().endswith("_proxy")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="tieout-crash-") as folder:
        template = Path(folder) / "template.db"
        database = Database(f"sqlite:///{template}")
        schema.upgrade(database)
        database.close()
        if asked.planted:
            return _plant(Path(folder))
        return _play(Path(folder), asked)


def _play(folder: Path, asked: argparse.Namespace) -> int:
    began = time.perf_counter()
    chosen = [one for one in scenarios() if _is_asked(one, asked)]
    found: dict[str, list[Result]] = {}
    with ProcessPoolExecutor(asked.workers, get_context("spawn"), initializer=end_with_parent) as pool:
        orders = {pool.submit(play, str(folder), one.id, asked.cell, asked.slice): one for one in chosen}
        for order in as_completed(orders):
            results = found[orders[order].id] = order.result()
            failing = [result for result in results if result.story]
            _say(f"{len(found):3}/{len(chosen)} {orders[order].id}: {len(results)} cells, {len(failing)} failing")
            for line in board.stories(failing):
                _say(line)
    results = [result for one in chosen for result in found[one.id]]
    lines = [*board.drawn(results), *board.stories(results), *board.totals(results, time.perf_counter() - began)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if results and not any(result.story for result in results) else 1


def _plant(folder: Path) -> int:
    """Plant the defects one after the other; return 1 if one of them is noticed nowhere it should be."""
    missed = 0
    for name in dict.fromkeys(defect.scenario for defect in DEFECTS):
        scenario = next(one for one in scenarios() if one.id == name)
        here = [defect for defect in DEFECTS if defect.scenario == name]

        def then(eve: Prepared, here: Sequence[Defect] = here) -> list[tuple[Defect, list[Result]]]:
            return [(defect, list(_noticed(eve, defect))) for defect in here]

        for defect, results in on_the_eve(stage_of(scenario.package, folder), scenario, then):
            for result in results:
                missed += not result.story
                told = result.story[0][:160] if result.story else "NOT NOTICED"
                sys.stdout.write(f"{defect.says}\n  {result.id}\n    {told}\n")
    return 1 if missed else 0


def _noticed(eve: Prepared, defect: Defect) -> Iterator[Result]:
    cells = {cell.id.removeprefix(f"{defect.scenario}/"): cell for cell in eve.cells}
    chosen = [cells[name] for name in defect.cells]

    def part() -> list[Result]:
        defect.plant()
        return list(eve.results(chosen))

    yield from eve.stage.play(part, patience=600)


def _is_asked(scenario: Scenario, asked: argparse.Namespace) -> bool:
    if asked.slice:
        return scenario in sliced()
    parts = (asked.cell or "*").split("/")
    return fnmatch(scenario.id, "/".join([*parts[:3], *["*"] * (3 - len(parts))]))


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
