"""Many long stories at both packages: ``make soak``, with ``SEED=``, ``EXAMPLES=``, ``STEPS=`` to choose.

The stories are told in parts, each with a seed of its own, by as many processes as there are cores; a part can be told
again by ``--only``.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context

import structlog
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

import sandbox
from tests.machine.ending import WholeStory
from tests.machine.story import TOTALS
from tests.support.orphan import end_with_parent

#: What is counted, in the order in which it is told.
COUNTED = ("examples", "steps", "syncs", "calls", "faults", "crashes", "leases lost", "answers")
#: Stories of one part: few enough that a finding is told soon, and many enough for what was told to guide what follows.
_PART = 50


@dataclass(frozen=True, slots=True)
class Part:
    """Stories that are told one after the other, at one package."""

    provider: str
    seed: int
    examples: int
    steps: int

    @property
    def id(self) -> str:
        """Return the name by which it can be told again."""
        return f"{self.provider}/{self.seed}"


@dataclass(frozen=True, slots=True)
class Told:
    """How a part went: what it was made of, the failing story if there is one, and the seconds it took to work out."""

    counts: Counter[str]
    failed: str
    seconds: float


def story_of(provider: str) -> type[WholeStory]:
    """Return the story as it happens at one package."""
    return type(f"Story_{provider}", (WholeStory,), {"provider": provider})


def parts_of(chosen: int, examples: int, steps: int) -> Iterator[Part]:
    """Yield the parts of a soak, packages in turn with as many stories each; seeds count up from the chosen one."""
    names = sandbox.names()
    each = -(-examples // len(names))
    for number in range(-(-each // _PART)):
        for name in names:
            yield Part(name, chosen + number, min(_PART, each - number * _PART), steps)


def soak(part: Part) -> Told:
    """Tell the stories of a part."""
    structlog.configure(processors=[], wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    began = time.process_time()
    TOTALS.clear()
    wanted = settings(
        max_examples=part.examples,
        stateful_step_count=part.steps,
        deadline=None,
        database=None,
        report_multiple_bugs=False,  # one story is told, the shortest
        suppress_health_check=list(HealthCheck),
    )
    failed = ""
    try:
        run_state_machine_as_test(seed(part.seed)(story_of(part.provider)), settings=wanted)
    except Exception as failure:  # noqa: BLE001  (whatever it is, it is what was looked for)
        told = "\n".join(getattr(failure, "__notes__", ()))
        failed = f"{told}\n{type(failure).__name__}: {failure}"
    return Told(Counter(TOTALS), failed, time.process_time() - began)


def say(text: str) -> None:
    """Tell whoever waits."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def shown(counts: Counter[str], seconds: float) -> str:
    """Return what stories were made of, in words."""
    pace = 1000 * seconds / max(1, counts["steps"])
    return (
        f"{', '.join(f'{counts[what]:,} {what}' for what in COUNTED)}; {seconds:,.0f} s of work, {pace:.0f} ms a step"
    )


def tell_all(parts: Sequence[Part], workers: int) -> bool:
    """Have all parts told, and say how each went; return whether all went well."""
    totals: dict[str, Counter[str]] = {part.provider: Counter() for part in parts}
    worked: Counter[str] = Counter()
    findings = 0
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=end_with_parent) as pool:
        orders = {pool.submit(soak, part): part for part in parts}
        for number, order in enumerate(as_completed(orders), start=1):
            part, told = orders[order], order.result()
            totals[part.provider] += told.counts
            worked[part.provider] += round(told.seconds)
            findings += bool(told.failed)
            say(f"{number}/{len(parts)} {part.id}: {shown(told.counts, told.seconds)}. {told.failed or 'No finding.'}")
    for name, counts in totals.items():
        say(f"{name}: {shown(counts, worked[name])}.")
    say(f"together: {shown(sum(totals.values(), Counter()), worked.total())}. {findings or 'No'} finding(s).")
    return not findings


def main() -> int:
    """Soak both packages; return 1 if a story failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--examples", type=int, default=2000, help="over both packages")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--only", metavar="PART", help="one part alone, as it was named")
    given = parser.parse_args()
    parts = [part for part in parts_of(given.seed, given.examples, given.steps) if given.only in (None, part.id)]
    if not parts:
        parser.error("there is no such part")
    say(
        f"{sum(part.examples for part in parts)} stories of {given.steps} steps in {len(parts)} parts, "
        f"seeds {min(part.seed for part in parts)} to {max(part.seed for part in parts)} at each package."
    )
    return 0 if tell_all(parts, given.workers) else 1


if __name__ == "__main__":
    sys.exit(main())
