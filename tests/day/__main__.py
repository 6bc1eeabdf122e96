"""Let a day pass: ``make day-soak``, or ``python -m tests.day --hours 2 --connections 4``."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.day.day import Day
from tests.day.evening import Report
from tests.support.postgresql import find_binaries, run_server


@contextmanager
def database_url(kind: str) -> Iterator[str]:
    """Give an empty database."""
    with ExitStack() as stack:
        binaries = find_binaries()
        if kind == "postgresql" and binaries is not None:
            server = stack.enter_context(run_server(binaries))
            yield stack.enter_context(server.database())
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            yield f"sqlite:///{Path(folder) / 'day.db'}"


def show(report: Report, seconds: float) -> None:
    """Tell what the day was like, and what went wrong."""
    lines = [*report.figures, *(f"FAULT: {fault}" for fault in report.faults), f"took {seconds:.0f} s"]
    sys.stdout.write("\n".join([*lines, ""]))


def main() -> int:
    """Let it pass; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--revoked", type=int, default=3)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--list", type=int, default=3_200, help="customers that one company takes over at once")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="postgresql")
    given = parser.parse_args()
    began = time.monotonic()
    with database_url(given.database) as url:
        day = Day(
            url=url,
            hours=given.hours,
            connections=given.connections,
            revoked=given.revoked,
            listed=given.list,
            seed=given.seed,
        )
        report = day.pass_by(multiprocessing.get_context("spawn").Process, processes=given.processes)
    show(report, time.monotonic() - began)
    return int(bool(report.faults))


if __name__ == "__main__":
    sys.exit(main())
