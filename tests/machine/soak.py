"""Many long stories at both packages at once: ``make soak``, with ``SEED=``, ``EXAMPLES=``, ``STEPS=`` to choose."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

import sandbox
from tests.machine.ending import WholeStory
from tests.machine.story import TOTALS

#: What is counted, in the order in which it is told.
COUNTED = ("examples", "steps", "syncs", "calls", "faults", "crashes", "leases lost", "answers")


def story_of(provider: str) -> type[WholeStory]:
    """Return the story as it happens at one package."""
    return type(f"Story_{provider}", (WholeStory,), {"provider": provider})


def soak(provider: str, chosen: int, examples: int, steps: int) -> tuple[Counter[str], str, float]:
    """Run stories at one package; return what they were made of, the failing one if any, and the seconds."""
    began = time.monotonic()
    wanted = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    failed = ""
    try:
        run_state_machine_as_test(seed(chosen)(story_of(provider)), settings=wanted)
    except Exception as failure:  # noqa: BLE001  (whatever it is, it is what was looked for)
        told = "\n".join(getattr(failure, "__notes__", ()))
        failed = f"{told}\n{type(failure).__name__}: {failure}"
    return TOTALS, failed, time.monotonic() - began


def say(text: str) -> None:
    """Tell whoever waits."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Soak both packages, each in a process of its own; return 1 if a story failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--examples", type=int, default=2000, help="over both packages")
    parser.add_argument("--steps", type=int, default=50)
    given = parser.parse_args()
    names = sandbox.names()
    each = -(-given.examples // len(names))
    say(f"{given.examples} stories of {given.steps} steps, seed {given.seed}, at {' and '.join(names)}.")
    with ProcessPoolExecutor(len(names), mp_context=get_context("spawn")) as workers:
        work = {name: workers.submit(soak, name, given.seed, each, given.steps) for name in names}
        results = {name: future.result() for name, future in work.items()}
    for name, (counts, failed, seconds) in results.items():
        shown = ", ".join(f"{counts[what]:,} {what}" for what in COUNTED)
        pace = 1000 * seconds / max(1, counts["steps"])
        say(f"{name}: {shown}; {seconds:,.0f} s, {pace:.0f} ms a step. {'A FINDING:' if failed else 'No finding.'}")
        if failed:
            say(failed)
    return int(any(failed for _, failed, _ in results.values()))


if __name__ == "__main__":
    sys.exit(main())
