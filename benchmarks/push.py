"""What pushing a record costs us, beside a plain script that keeps nothing.

Run with ``make bench-push``. For each stand-in package, served by another process with its call limits lifted: 2,000
customers that exist only here are sent by one sync, with everything that makes it durable (intents, calls, links,
counterparts and events in an SQLite file). Then a plain script saves the same customers one by one with the package's
official SDK and keeps nothing. Both are measured in CPU seconds of this process alone, in pairs; the median counts.
Both have sent a few customers before, uncounted: a service that runs has its statements built, and a script that runs
has its models loaded.
Ends with status 1 if the bar is missed.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import multiprocessing
import pstats
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from sqlalchemy import func, select

import sandbox
from benchmarks.plain import SCRIPTS, Saved
from sandbox.common.server import serve
from service.cli.serving import keep_what_is_loaded
from service.records import customers
from service.records.author import Author
from service.records.inputs import CustomerInput
from service.settings import load_settings
from service.store import schema
from service.store.accounts import Event, Organisation
from service.store.sync_models import CallRow, ConnectionRow, CounterpartRow, IntentRow, LinkRow, RunRow
from service.sync import connect, consenting, golive
from service.sync import run as running
from service.sync.platform import Platform, build_platform
from service.sync.tokens import TokenSource

#: Our CPU seconds per record over the plain script's.
MOST_OVER_SCRIPT = Decimal("1.0")
CUSTOMERS = 2_000
WARM = 20  #: customers sent before anything is counted
ROUNDS = 3
_KEY = "a key that is for this benchmark only"
_ACTOR = "benchmark"
_PLACES = (("Oakland", "CA", "94601"), ("Tucson", "AZ", "85701"), ("Austin", "TX", "78701"), ("Seattle", "WA", "98101"))
_FIRST = ("Ann", "James", "María", "Wei", "Zoë", "Omar", "Ingrid")
_LAST = ("Lee", "Smith", "Müller", "Okafor", "Novak", "Hill")


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one pair of pushes took, in CPU seconds of this process."""

    ours: float
    script: float

    @property
    def ratio(self) -> Decimal:
        """Ours over the script's."""
        return (Decimal(self.ours) / Decimal(self.script)).quantize(Decimal("0.001"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What pushing the customers to one package took."""

    package: str
    customers: int
    rounds: Sequence[Round]
    kept: Mapping[str, int]  #: rows of each kind that a sync left behind

    @property
    def ratio(self) -> Decimal:
        """The median of the rounds."""
        return median(one.ratio for one in self.rounds)

    @property
    def faults(self) -> list[str]:
        """The bars that are missed."""
        found = [f"{count} {what} for {self.customers} customers" for what, count in self.kept.items()
                 if what != "calls" and count < self.customers]  # fmt: skip
        if self.ratio > MOST_OVER_SCRIPT:
            found.append(f"{self.ratio} times the plain script; the bar is {MOST_OVER_SCRIPT}")
        return found


@contextmanager
def package_elsewhere(name: str) -> Iterator[Mapping[str, str]]:
    """Serve a stand-in package in a process of its own; give the settings that point at it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=_serve, args=(name, theirs), daemon=True)
    child.start()
    try:
        yield ours.recv()
    finally:
        ours.close()
        child.join()


def _serve(name: str, parent: Connection) -> None:
    options = import_module(f"sandbox.{name}.options").SandboxOptions
    built: sandbox.Sandbox = import_module(f"sandbox.{name}").create_sandbox(options.unlimited())
    built.auto_consent = True
    package = serve(built)
    parent.send(package.settings)
    parent.poll(None)  # until the other end is closed
    package.stop()


@contextmanager
def platform_at(settings: Mapping[str, str], file: Path) -> Iterator[Platform]:
    """Give a platform on an empty database file that works with the package."""
    found = {name.removeprefix("TIEOUT_").lower(): value for name, value in settings.items()}
    found |= {"database_url": f"sqlite:///{file}", "secret_key": _KEY, "encryption_keys": _KEY}
    platform = build_platform(load_settings(env_file=None, **found))
    schema.upgrade(platform.database)
    try:
        yield platform
    finally:
        platform.database.close()


def inputs(count: int) -> list[dict[str, Any]]:
    """Return companies as the API takes them: each with an address, phones and somebody to write to."""
    return [_input(number) for number in range(count)]


def _input(number: int) -> dict[str, Any]:
    city, region, postal_code = _PLACES[number % len(_PLACES)]
    first, last = _FIRST[number % len(_FIRST)], _LAST[number % len(_LAST)]
    return {
        "name": f"{last} & Sons Roofing {number:05}",
        "email": f"office@roofing-{number:05}.example",
        "phone": f"+1 510 555 {number % 10_000:04}",
        "mobile": f"+1 415 555 {number % 10_000:04}",
        "billing_address": {
            "line1": f"{number + 1} Harbour Street",
            "city": city,
            "region": region,
            "postal_code": postal_code,
            "country": "US",
        },
        "contacts": [{"first_name": first, "last_name": last, "email": f"office@roofing-{number:05}.example"}],
    }


def prepared(platform: Platform, name: str, given: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Connect, go live, send the first customers and load the others; return where."""
    with platform.database.write() as session:
        organisation = Organisation(name="Benchmark", currency="USD")
        session.add(organisation)
        session.flush()
        organisation_id = organisation.id
    started = connect.start(platform, organisation_id=organisation_id, provider=name, actor=_ACTOR)
    answer = requests.get(started.authorize_url, allow_redirects=False, timeout=30)
    arguments = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    connection_id = consenting.complete(platform, provider=name, arguments=arguments)
    where = {"organisation_id": organisation_id, "connection_id": connection_id}
    obstacles = golive.go_live(platform, actor=_ACTOR, **where)
    if obstacles:
        raise RuntimeError("; ".join(one.message for one in obstacles[:5]))
    load(platform, organisation_id, given[:WARM])
    push(platform, where)
    load(platform, organisation_id, given[WARM:])
    return where


def load(platform: Platform, organisation_id: str, given: Sequence[Mapping[str, Any]]) -> None:
    """Enter customers."""
    with platform.database.write() as session:
        author = Author(organisation_id=organisation_id, actor=_ACTOR, now=platform.clock())
        for one in given:
            customers.create_customer(session, author, CustomerInput.model_validate(one))


def push(platform: Platform, where: Mapping[str, Any]) -> float:
    """Sync once; return the CPU seconds it took.

    :raises RuntimeError: it did not succeed.
    """
    asked = running.ask(platform, actor=_ACTOR, **where)
    spent = cpu_of(lambda: running.perform(platform, asked.connection_id))
    with platform.database.read() as session:
        row = session.get_one(RunRow, asked.run_id)
        if row.state != "succeeded":
            raise RuntimeError(f"the sync {row.state}: {row.counts} {row.problem}")
    return spent


def script(platform: Platform, name: str, where: Mapping[str, str], given: Sequence[Mapping[str, Any]]) -> float:
    """Save the customers one by one with the official SDK, under other names; return the CPU seconds it took."""
    with platform.database.read() as session:
        row = session.get_one(ConnectionRow, where["connection_id"])
        tenant, credential = str(row.remote_tenant_id), str(row.credential_id)
    settings = platform.settings.provider(name)
    api = settings.urls["api"]
    save = SCRIPTS[name](api, tenant, TokenSource(platform, credential)())
    others = [{**one, "name": f"{one['name']} Ltd", "number": f"P-{number}"} for number, one in enumerate(given)]
    saved: list[Saved] = []

    def save_all(these: Sequence[Mapping[str, Any]]) -> None:
        for one in these:
            saved[:] = [save(one)]  # what came back is looked at and forgotten

    save_all(others[:WARM])
    spent = cpu_of(lambda: save_all(others[WARM:]))
    if not saved or not saved[0]:
        raise RuntimeError("the script's last record got no id")
    return spent


def cpu_of(work: Callable[[], object]) -> float:
    """Return the CPU seconds that this process spends on some work, in all of its threads."""
    gc.collect()
    began = time.process_time()
    work()
    return time.process_time() - began


def kept(platform: Platform) -> dict[str, int]:
    """Count the rows that a sync left behind."""
    tables = {"links": LinkRow, "intents": IntentRow, "calls": CallRow, "counterparts": CounterpartRow}
    with platform.database.read() as session:
        counts = {what: session.scalar(select(func.count()).select_from(table)) or 0 for what, table in tables.items()}
        sent = select(func.count()).where(Event.verb == "sent as new")
        return counts | {"events": session.scalar(sent) or 0}


def measure(name: str, folder: Path, *, count: int = CUSTOMERS, rounds: int = ROUNDS) -> Measured:
    """Push the customers and let the script save them, several times, each time to a company without customers."""
    given, package = inputs(WARM + count), ""
    pairs: list[Round] = []
    rows: dict[str, int] = {}
    for number in range(rounds):
        with package_elsewhere(name) as settings, platform_at(settings, folder / f"{name}-{number}.db") as platform:
            where = prepared(platform, name, given)
            ours = push(platform, where)
            rows = kept(platform)
            pairs.append(Round(ours=ours, script=script(platform, name, where, given)))
            package = platform.provider(name).package
    return Measured(package=package, customers=count, rounds=pairs, kept=rows)


def profile(name: str, folder: Path, *, count: int) -> None:
    """Push once under the profiler and print where the time goes."""
    with package_elsewhere(name) as settings, platform_at(settings, folder / f"{name}.db") as platform:
        where = prepared(platform, name, inputs(WARM + count))
        profiler = cProfile.Profile(time.process_time)
        profiler.enable()
        push(platform, where)
        profiler.disable()
    pstats.Stats(profiler).sort_stats("cumulative").print_stats(70).sort_stats("tottime").print_stats(40)


def show(measured: Measured) -> None:
    """Print what was measured, a line for each pair."""
    print(f"{measured.package}: {measured.customers} customers")
    print("  kept: " + ", ".join(f"{count} {what}" for what, count in measured.kept.items()))
    for one in measured.rounds:
        ours, plain = (1000 * spent / measured.customers for spent in (one.ours, one.script))
        print(f"  CPU per record: ours {ours:6.3f} ms   plain script {plain:6.3f} ms   ratio {one.ratio}")
    print(f"  ratio {measured.ratio}")
    for fault in measured.faults:
        print(f"  MISSED: {fault}")


def main() -> int:
    """Measure every package; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--customers", type=int, default=CUSTOMERS, help="how many customers")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how many pairs")
    parser.add_argument("--package", choices=sandbox.names(), help="measure one package alone")
    parser.add_argument("--profile", action="store_true", help="print where our time goes instead")
    given = parser.parse_args()
    missed = False
    keep_what_is_loaded()  # as the service does when it starts; it serves the script as well
    with tempfile.TemporaryDirectory() as folder:
        for name in sandbox.names() if given.package is None else (given.package,):
            if given.profile:
                profile(name, Path(folder), count=given.customers)
                continue
            measured = measure(name, Path(folder), count=given.customers, rounds=given.rounds)
            show(measured)
            missed = missed or bool(measured.faults)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
