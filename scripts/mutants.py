"""Change the pure core one expression at a time and report each change that no test noticed.

``python scripts/mutants.py [MODULE...]``, a module being ``money`` or ``link``; all of them without. The report names
every survivor with its change, and beside it why it is no gap, as ``tests/core/survivors.toml`` explains it. A change
the file does not explain is a gap, and so is an explanation that nothing needs any more: both end the run with 1.

An entry names the function and the line as the change left it, so that it outlives changes elsewhere:

    [[survivor]]
    function = "service.core.money.to_units"
    line = "if abs(amount) >= _MAX_UNITS:"
    why = "the next check refuses the same amount"

A line that the change took out and put nothing in its place is named with ``- `` before it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXPLAINED = ROOT / "tests/core/survivors.toml"
MUTMUT = str(Path(sys.executable).with_name("mutmut"))


@dataclass(frozen=True)
class Survivor:
    """One change that the tests passed with."""

    mutant: str
    function: str
    lines: tuple[str, ...]


def main(modules: list[str]) -> int:
    """Run the mutations of the modules, print the report, and return the exit status."""
    patterns = [f"service.core.{module}.*" for module in modules]
    # The same examples each time: else a change survives today and not tomorrow.
    environment = {**os.environ, "HYPOTHESIS_PROFILE": "ci"}
    subprocess.run([MUTMUT, "run", *patterns], cwd=ROOT, env=environment, check=True)

    explanations = _read_explanations()
    used: set[tuple[str, str]] = set()
    gaps = 0
    survivors = list(_survivors(modules))
    for survivor in survivors:
        keys = [(survivor.function, line) for line in survivor.lines]
        known = next((key for key in keys if key in explanations), None)
        if known:
            used.add(known)
        else:
            gaps += 1
        print(f"\n{survivor.mutant}")
        print("".join(f"    {line}\n" for line in survivor.lines), end="")
        print(f"    {'no gap: ' + explanations[known] if known else 'GAP: no test notices'}")

    needless = [key for key in explanations if key not in used and _covers(modules, key[0])]
    for function, line in needless:
        print(f"\n{function}\n    {line}\n    NEEDLESS: this change no longer survives; take its explanation out")
    print(f"\n{len(survivors)} changes survived, {gaps} of them unexplained; {len(needless)} needless explanations.")
    return 1 if gaps or needless else 0


def _covers(modules: list[str], function: str) -> bool:
    return not modules or function.split(".")[2] in modules


def _read_explanations() -> dict[tuple[str, str], str]:
    if not EXPLAINED.exists():
        return {}
    entries = tomllib.loads(EXPLAINED.read_text(encoding="utf-8"))["survivor"]
    return {(entry["function"], entry["line"]): entry["why"] for entry in entries}


def _survivors(modules: list[str]) -> Iterator[Survivor]:
    """Yield what mutmut marks as survived, or as reached by no test."""
    results = _ask("results")
    for mutant, outcome in re.findall(r"^\s*(\S+): (.+)$", results, re.MULTILINE):
        function = re.sub(r"__mutmut_\d+$", "", mutant)
        # x_name is a function, xǁClassǁname a method.
        function = re.sub(r"\.x_?ǁ(\w+)ǁ(\w+)$", r".\1.\2", function)
        function = re.sub(r"\.x_(\w+)$", r".\1", function)
        if outcome in {"survived", "no tests", "suspicious"} and _covers(modules, function):
            change = _ask("show", mutant).splitlines()
            added = tuple(line[1:].strip() for line in change if re.match(r"\+(?!\+\+ )", line))
            taken_out = tuple(f"- {line[1:].strip()}" for line in change if re.match(r"-(?!-- )", line))
            yield Survivor(mutant, function, added or taken_out)


def _ask(*arguments: str) -> str:
    return subprocess.run([MUTMUT, *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
