"""How many calls a sync takes, against the least that the packages' documented batch sizes allow.

Run with ``make bench-calls``. For each stand-in package, its call limits lifted: the sample books are connected and
synced for the first time, then synced again with nothing changed. Calls are counted where they arrive, at the package.
Ends with status 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from sqlalchemy import select

import sandbox
from sandbox.common.server import Running, serve
from service import samples
from service.core.matching import EXACT
from service.core.ports import EntityKind
from service.records.author import Author
from service.settings import load_settings
from service.store import schema
from service.store.accounts import Organisation
from service.store.records import CustomerRow
from service.store.sync_models import IntentRow, LinkRow, RunRow
from service.sync import connect, consenting, golive, match
from service.sync import run as running
from service.sync.platform import Platform, build_platform

#: Calls of a first sync over the least possible.
MOST_OVER_LEAST = Decimal("1.1")
_KEY = "a key that is for this benchmark only"
_ACTOR = "benchmark"
#: Companies and people that have a lead over the rest are tied, the rest are kept apart.
_LIKELY = Decimal("0.95")


@dataclass(frozen=True, slots=True, kw_only=True)
class Documented:
    """What a package's documentation says about calls; written down here, not asked of our own code."""

    batch: int  #: elements of one write
    feed: int  #: calls that tell what changed, where little has
    kinds: int  #: kinds of entities that are watched; a sync without news takes one call of each at most
    levels: int  #: of customers; a parent has to be there before what stands below it


#: QuickBooks: developer.intuit.com, "Batch operations" (30 items), "Change data capture" (one call for all kinds, up to
#: 1,000 changes; customers, vendors, employees, invoices and payments), "Create sub-customers" (five levels).
#: Xero: developer.xero.com, "API limits" (about 50 elements a request), "If-Modified-Since" (contacts, invoices and
#: payments, a call each); contacts have no levels.
DOCUMENTED: Mapping[str, Documented] = {
    "quickbooks": Documented(batch=30, feed=1, kinds=5, levels=5),
    "xero": Documented(batch=50, feed=3, kinds=3, levels=1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What two syncs of one package took."""

    package: str
    state: str  #: of the first sync
    written: Mapping[str, int]  #: wave -> records, in the order of sending
    endpoints: Mapping[str, int]  #: what the calls of the first sync asked for
    least: int
    second_writes: int
    second_calls: int
    most_second_calls: int

    @property
    def calls(self) -> int:
        """Calls of the first sync."""
        return sum(self.endpoints.values())

    @property
    def ratio(self) -> Decimal:
        """Calls over the least possible."""
        return (Decimal(self.calls) / self.least).quantize(Decimal("0.001"))

    @property
    def faults(self) -> list[str]:
        """The bars that are missed."""
        found = []
        if self.state not in {"succeeded", "partial"} or not self.written:
            found.append(f"the first sync {self.state}")
        if self.ratio > MOST_OVER_LEAST:
            found.append(f"{self.ratio} times the least possible; the bar is {MOST_OVER_LEAST}")
        if self.second_writes:
            found.append(f"{self.second_writes} writes with nothing to write")
        if self.second_calls > self.most_second_calls:
            found.append(f"{self.second_calls} calls with nothing to do; the bar is {self.most_second_calls}")
        return found


class _Hurried(Platform):
    """A platform on the package's clock: whoever would wait moves that clock on."""

    def pause(self, seconds: float) -> bool:
        """Move the clock."""
        self.clock.advance(seconds)  # type: ignore[attr-defined]  # the sandbox's clock
        return True


def least_calls(written: Mapping[str, int], rules: Documented) -> int:
    """Return the calls that cannot be saved: reading what changed once, and each wave in full batches."""
    return rules.feed + sum(-(-count // rules.batch) for count in written.values())


def cut(books: samples.SampleBooks, clients: int) -> samples.SampleBooks:
    """Return the books of the first so many clients, with all that belongs to them."""
    roots = [customer.id for customer in books.customers if customer.parent_id is None][:clients]
    kept = set(roots)
    for customer in books.customers:  # parents come before children
        if customer.parent_id in kept:
            kept.add(customer.id)
    invoices = tuple(one for one in books.invoices if one.invoice.customer_id in kept)
    numbers = {one.invoice.id for one in invoices}
    return replace(
        books,
        customers=tuple(one for one in books.customers if one.id in kept),
        job_sites=tuple(one for one in books.job_sites if one.customer_id in kept),
        invoices=invoices,
        payments=tuple(
            one for one in books.payments if (one.invoice_id in numbers if one.invoice_id else one.customer_id in kept)
        ),
    )


def measure(name: str, folder: Path, *, clients: int | None = None) -> Measured:
    """Sync the sample books with one stand-in package twice and count."""
    rules = DOCUMENTED[name]
    with open_package(name) as package, open_platform(package, folder / f"{name}.db") as platform:
        where = _connected(platform, name, clients)
        first, endpoints, _ = _sync(platform, package, where)
        written = _written(platform, rules)
        _, looks, second_writes = _sync(platform, package, where)
    return Measured(
        package=platform.provider(name).package,
        state=first.state,
        written=written,
        endpoints=endpoints,
        least=least_calls(written, rules),
        second_writes=second_writes,
        second_calls=sum(looks.values()),
        most_second_calls=rules.kinds,
    )


@contextmanager
def open_package(name: str) -> Iterator[Running]:
    """Start a stand-in package, its call limits lifted."""
    options = import_module(f"sandbox.{name}.options").SandboxOptions
    built: sandbox.Sandbox = import_module(f"sandbox.{name}").create_sandbox(options.unlimited())
    built.auto_consent = True
    package = serve(built)
    try:
        yield package
    finally:
        package.stop()


@contextmanager
def open_platform(package: Running, file: Path) -> Iterator[Platform]:
    """Open a platform on an empty database, beside a package and on its clock."""
    found = {name.removeprefix("TIEOUT_").lower(): value for name, value in package.settings.items()}
    found |= {"database_url": f"sqlite:///{file}", "secret_key": _KEY, "encryption_keys": _KEY}
    built = build_platform(load_settings(env_file=None, **found), clock=package.sandbox.clock)
    platform = _Hurried(**{part.name: getattr(built, part.name) for part in fields(built)})
    schema.upgrade(platform.database)
    try:
        yield platform
    finally:
        platform.database.close()


def _connected(platform: Platform, name: str, clients: int | None) -> dict[str, str]:
    """Load the books, connect, answer every proposed match, and go live."""
    now = platform.clock()
    books = samples.sample_books(now.date())
    with platform.database.write() as session:
        organisation = Organisation(name=books.organisation_name, currency=books.currency)
        session.add(organisation)
        session.flush()
        author = Author(organisation_id=organisation.id, actor=_ACTOR, now=now)
        samples.load(session, author, books if clients is None else cut(books, clients))
        organisation_id = organisation.id
    started = connect.start(platform, organisation_id=organisation_id, provider=name, actor=_ACTOR)
    answer = requests.get(started.authorize_url, allow_redirects=False, timeout=30)
    arguments = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    where = {
        "organisation_id": organisation_id,
        "connection_id": consenting.complete(platform, provider=name, arguments=arguments),
    }
    match.accept(platform, above=EXACT, actor=_ACTOR, **where)
    decisions = [
        (one.customer_id, one.remote_id, "link" if one.confidence >= _LIKELY and not one.ambiguous else "separate")
        for one in match.list_matches(platform, **where)
        if one.decision is None
    ]
    match.decide(platform, decisions=decisions, actor=_ACTOR, **where)
    obstacles = golive.go_live(platform, actor=_ACTOR, **where)
    if obstacles:
        raise RuntimeError("; ".join(one.message for one in obstacles[:5]))
    return where


def _sync(platform: Platform, package: Running, where: Mapping[str, Any]) -> tuple[RunRow, Mapping[str, int], int]:
    """Do one sync; return its run, the requests that reached the package, and how many of them write."""
    package.sandbox.log.clear()
    asked = running.ask(platform, actor=_ACTOR, **where)
    running.perform(platform, asked.connection_id)
    with platform.database.read() as session:
        row = session.get_one(RunRow, asked.run_id)
        session.expunge(row)
    log = package.sandbox.log
    return row, log.counts, sum(request.key is not None for request in log.seen)


def _written(platform: Platform, rules: Documented) -> Mapping[str, int]:
    """Count the records that reached the package, each once, by the wave that it belongs to."""
    statement = (
        select(LinkRow.entity, CustomerRow.depth)
        .outerjoin(CustomerRow, CustomerRow.id == LinkRow.record_id)
        .where(LinkRow.remote_id.is_not(None), LinkRow.id.in_(select(IntentRow.link_id)))
    )
    with platform.database.read() as session:
        waves = Counter(_wave(entity, depth, rules) for entity, depth in session.execute(statement))
    return dict(sorted(waves.items(), key=lambda wave: _ORDER.index(wave[0].split()[0])))


_ORDER = ("customers", "invoices", "payments")


def _wave(entity: str, depth: int | None, rules: Documented) -> str:
    if entity == EntityKind.CUSTOMER and rules.levels > 1:
        return f"customers of level {depth}"
    return "customers" if entity in {EntityKind.CUSTOMER, EntityKind.CONTACT} else f"{entity}s"


def show(measured: Measured) -> None:
    """Print what was measured, a line each."""
    print(f"{measured.package}")
    for wave, count in measured.written.items():
        print(f"  {wave:24} {count:6}")
    for endpoint, count in measured.endpoints.items():
        print(f"    {count:6} {endpoint}")
    print(f"  calls of the first sync  {measured.calls:6}   least possible {measured.least}   ratio {measured.ratio}")
    print(f"  calls of the second sync {measured.second_calls:6}   of them writes {measured.second_writes}")
    for fault in measured.faults:
        print(f"  MISSED: {fault}")


def main() -> int:
    """Measure every package; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--clients", type=int, help="take so many clients of the sample books instead of all")
    parser.add_argument("--package", choices=sandbox.names(), help="measure one package alone")
    given = parser.parse_args()
    missed = False
    with tempfile.TemporaryDirectory() as folder:
        for name in sandbox.names() if given.package is None else (given.package,):
            measured = measure(name, Path(folder), clients=given.clients)
            show(measured)
            missed = missed or bool(measured.faults)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
