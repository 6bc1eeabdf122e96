"""How long first syncs take under a package's limits, against the least that the limits allow.

Run with ``make bench-pacing``. One large company is sent 5,000 records (customers, and an invoice to each fourth) while
20 small ones are sent 125 each, all at a stand-in Xero with its documented limits, by the service's own worker. The
clock is moved and not waited for: it stands still while anybody works and jumps when all of them wait, and each call
takes a third of a second of it. The least is reckoned from the documented limits alone: the calls that can't be saved,
each as soon as the minute before it has room. Ends with status 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Event, Lock, Semaphore
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests

from benchmarks.moved_clock import SharedTime, Simulated, simulated
from benchmarks.push import inputs
from sandbox.common.clock import Clock
from sandbox.common.limits import RateLimiter, Window
from sandbox.common.server import Running, serve
from sandbox.xero import SandboxOptions, create_sandbox
from scheduler.clockwork import WORKERS, Clockwork
from service.records import customers, invoices
from service.records.author import Author
from service.records.inputs import CustomerInput, InvoiceInput
from service.settings import load_settings
from service.store import schema
from service.store.accounts import Organisation
from service.store.sync_models import ConnectionRow, RunRow
from service.sync import connect, consenting, golive
from service.sync import run as running
from service.sync.platform import build_platform

#: Time of a first sync over the least that the limits allow.
MOST_OVER_LEAST = Decimal("1.05")
RECORDS, SMALL_RECORDS, SMALL = 5_000, 125, 20
#: What a call takes.
CALL_SECONDS = 0.3
#: Xero: developer.xero.com, "API limits": 60 calls in a minute for each organisation, about 50 elements in a request;
#: what changed takes a call each for contacts, invoices and payments.
PER_MINUTE, BATCH, FEED = 60, 50, 3
_MINUTE = 60.0
_KEY = "a key that is for this benchmark only"
_ACTOR = "benchmark"
_BEGINS = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
_TOO_MANY = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """One company to be synced for the first time."""

    name: str
    customers: int
    invoices: int

    @property
    def least_calls(self) -> int:
        """The calls that can't be saved: a look at what changed, and each kind of record in full batches."""
        return FEED + sum(-(-count // BATCH) for count in (self.customers, self.invoices))


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What a first sync took."""

    company: Company
    state: str
    calls: int
    foreseen: int  #: calls, as the run said before it began
    seconds: float
    least: float

    @property
    def ratio(self) -> Decimal:
        """Time over the least."""
        return (Decimal(self.seconds) / Decimal(self.least)).quantize(Decimal("0.001"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What all of them took."""

    synced: Sequence[Synced]
    refused: int  #: calls that met a limit

    @property
    def faults(self) -> list[str]:
        """The bars that are missed."""
        found = [f"{one.company.name}: the sync {one.state}" for one in self.synced if one.state != "succeeded"]
        found += [
            f"{one.company.name}: {one.ratio} times the least; the bar is {MOST_OVER_LEAST}"
            for one in self.synced
            if one.ratio > MOST_OVER_LEAST
        ]
        if self.refused:
            found.append(f"{self.refused} calls were refused for a limit")
        return found


def least_seconds(calls: int, *, per_minute: int, call_seconds: float) -> float:
    """Return the least time that so many calls take, one after the other, under a sliding minute."""
    left: list[float] = []
    for number in range(calls):
        soonest = left[-1] + call_seconds if left else 0.0
        left.append(max(soonest, left[number - per_minute] + _MINUTE) if number >= per_minute else soonest)
    return left[-1] + call_seconds


class _Places(Semaphore):
    """The worker's places: whoever waits for one stands still in shared time, until it is handed over."""

    def __init__(self, number: int, time: SharedTime) -> None:
        super().__init__(number)
        self._free, self._time = number, time
        self._guard, self._queue = Lock(), deque[Event]()

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:  # noqa: FBT001, FBT002 - the parent's own
        """Take a place; while there is none, time may move."""
        del blocking, timeout
        turn = Event()
        with self._guard:
            if self._free:
                self._free -= 1
                return True
            self._queue.append(turn)
        self._time.leave()
        turn.wait()
        return True

    __enter__ = acquire

    def release(self, n: int = 1) -> None:
        """Give a place to whoever has waited longest, who takes part in time again from this moment on."""
        del n
        with self._guard:
            if not self._queue:
                self._free += 1
                return
            turn = self._queue.popleft()
        self._time.join()
        turn.set()


class _Worker(Clockwork):
    """The service's worker, each of whose threads takes part in shared time."""

    def __init__(self, platform: Simulated, *, workers: int) -> None:
        super().__init__(platform, schedules=False, workers=workers)
        self._time = platform.time
        self._places = _Places(workers, platform.time)

    def wake(self, connection_id: str) -> None:
        """Count the thread before it begins."""
        self._time.join()
        super().wake(connection_id)

    def _perform(self, connection_id: str) -> None:
        try:
            super()._perform(connection_id)
        finally:
            self._time.leave()

    def finish(self) -> None:
        """Wait for everything under way."""
        wait(self._busy.values())


def measure(
    folder: Path, companies: Sequence[Company], *, per_minute: int = PER_MINUTE, workers: int = WORKERS
) -> Measured:
    """Sync companies for the first time, all at once: the first one a moment before the others."""
    clock = Clock(_BEGINS)
    options = SandboxOptions(books=("empty",) * len(companies), clock=clock)
    time = SharedTime(clock)
    with _served(options) as package, _opened(package, folder, time) as platform:
        where = [
            _prepared(platform, package, tenant, company, per_minute=per_minute)
            for tenant, company in zip(package.sandbox.organisations, companies, strict=True)  # type: ignore[attr-defined]
        ]
        clock.advance(2 * _MINUTE)  # whatever was read while connecting is forgotten
        windows = [Window("minute", 60, per_minute), Window("day", 86_400, options.per_day)]
        package.sandbox.gate.limiter = RateLimiter(windows, clock, options.concurrent)  # type: ignore[attr-defined]
        runs = _sync_all(platform, where, workers=workers)
        refused = sum(seen.status == _TOO_MANY for seen in package.sandbox.log.seen)
    synced = [_synced(row, company, per_minute=per_minute) for row, company in zip(runs, companies, strict=True)]
    return Measured(synced=synced, refused=refused)


def _sync_all(platform: Simulated, where: Sequence[Mapping[str, Any]], *, workers: int) -> list[RunRow]:
    worker = _Worker(platform, workers=workers)
    asked = []
    with platform.time.working():
        for one in where:
            asked.append(running.ask(platform, actor=_ACTOR, **one))
            worker.wake(one["connection_id"])
            platform.time.sleep(CALL_SECONDS)
    worker.finish()
    worker.stop()
    with platform.database.read() as session:
        rows = [session.get_one(RunRow, one.run_id) for one in asked]
        session.expunge_all()
        return rows


def _synced(row: RunRow, company: Company, *, per_minute: int) -> Synced:
    ended = row.finished_at or row.requested_at
    return Synced(
        company=company,
        state=row.state if row.problem is None else f"{row.state}: {row.problem['message']}",
        calls=row.calls,
        foreseen=0 if row.forecast is None else row.forecast["calls"],
        seconds=(ended - row.requested_at) / timedelta(seconds=1),
        least=least_seconds(company.least_calls, per_minute=per_minute, call_seconds=CALL_SECONDS),
    )


@contextmanager
def _served(options: SandboxOptions) -> Iterator[Running]:
    package = serve(create_sandbox(options))
    try:
        yield package
    finally:
        package.stop()


@contextmanager
def _opened(package: Running, folder: Path, time: SharedTime) -> Iterator[Simulated]:
    found: dict[str, Any] = {name.removeprefix("TIEOUT_").lower(): value for name, value in package.settings.items()}
    found |= {"database_url": f"sqlite:///{folder / 'pacing.db'}", "secret_key": _KEY, "encryption_keys": _KEY}
    platform = simulated(build_platform(load_settings(env_file=None, **found)), time, call_seconds=CALL_SECONDS)
    schema.upgrade(platform.database)
    try:
        yield platform
    finally:
        platform.database.close()


def _prepared(
    platform: Simulated, package: Running, tenant_id: str, company: Company, *, per_minute: int
) -> dict[str, str]:
    """Load a company's records, connect it and go live; return where."""
    now = platform.clock()
    with platform.database.write() as session:
        organisation = Organisation(name=company.name, currency="NZD")
        session.add(organisation)
        session.flush()
        author = Author(organisation_id=organisation.id, actor=_ACTOR, now=now)
        for number, one in enumerate(inputs(company.customers)):
            client = customers.create_customer(session, author, CustomerInput.model_validate(one))
            if number < company.invoices:
                invoices.create_invoice(session, author, InvoiceInput.model_validate(_invoice(client.id)))
        organisation_id = organisation.id
    started = connect.start(platform, organisation_id=organisation_id, provider="xero", actor=_ACTOR)
    with platform.time.working():
        connection_id = consenting.complete(
            platform, provider="xero", arguments=_consented(package, started.authorize_url, tenant_id)
        )
    with platform.database.write() as session:
        row = session.get_one(ConnectionRow, connection_id)
        row.settings = {**row.settings, "limits": {"per_minute": per_minute}}
    where = {"organisation_id": organisation_id, "connection_id": connection_id}
    obstacles = golive.go_live(platform, actor=_ACTOR, **where)
    if obstacles:
        raise RuntimeError("; ".join(one.message for one in obstacles[:5]))
    return where


def _invoice(customer_id: str) -> dict[str, Any]:
    line = {"description": "Roof", "quantity": "1", "unit_price": "100"}
    return {"customer_id": customer_id, "status": "approved", "lines": [line]}


def _consented(package: Running, authorize_url: str, tenant_id: str) -> dict[str, str]:
    """Choose a company on the consent page, as a person does; return what comes back."""
    page = requests.get(authorize_url, timeout=30).text
    request_id = re.findall(r'name="request_id" value="([^"]+)"', page)[0]
    chosen = {"request_id": request_id, "tenant_id": tenant_id, "answer": "allow"}
    address = urljoin(package.url, "/identity/connect/consent")
    answer = requests.post(address, data=chosen, allow_redirects=False, timeout=30)
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def companies_of(records: int, small: int, small_records: int) -> list[Company]:
    """Return one large company and some small ones: an invoice to each fourth customer."""

    def company(name: str, count: int) -> Company:
        return Company(name=name, customers=count - count // 5, invoices=count // 5)

    return [company("large", records), *(company(f"small {number + 1}", small_records) for number in range(small))]


def show(measured: Measured) -> None:
    """Print what was measured, a line for each company."""
    for one in measured.synced:
        print(
            f"{one.company.name:10} {one.company.customers + one.company.invoices:6} records {one.calls:4} calls"
            f" (foreseen {one.foreseen}, least {one.company.least_calls}) {one.seconds:8.1f} s"
            f"   least {one.least:8.1f} s   ratio {one.ratio}"
        )
    print(f"refused for a limit: {measured.refused}")
    for fault in measured.faults:
        print(f"MISSED: {fault}")


def main() -> int:
    """Measure; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--records", type=int, default=RECORDS, help="of the large company")
    parser.add_argument("--small", type=int, default=SMALL, help="how many small companies")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(Path(folder), companies_of(given.records, given.small, SMALL_RECORDS))
    show(measured)
    return int(bool(measured.faults))


if __name__ == "__main__":
    sys.exit(main())
