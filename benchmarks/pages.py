"""How quickly the pages answer over 100,000 customers, 500,000 invoices and 200,000 links, on both databases.

Run with ``make bench-pages``. Each page is asked for many times through the application itself. What all its
statements take at the database is held against the one bare indexed query that the page can't do without, asked in
turn with it: at p95 no more than three times as long. What a browser has to load before the first paint (the page,
its style, its script, its icons) is at most 120 kB. The whole answer, with what Python does around the statements, is
printed beside it.

The SQLite file is kept in ``var/`` between runs; PostgreSQL is started and filled anew. Ends with status 1 if a bar is
missed.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import ColumnElement, Select, event, func, select

from benchmarks.crowd import CUSTOMERS, INVOICES, LINKS, Crowd, crowd_of, populate
from service.app import create_app
from service.settings import Settings
from service.store import schema
from service.store.database import Database
from service.store.records import CustomerRow, InvoiceRow, SearchWord
from service.store.sync_models import LinkRow
from service.store.vault import Vault
from service.sync.platform import Elsewhere, Platform
from tests.support.postgresql import find_binaries, run_server

FILE = Path("var/bench-pages.db")
MOST_TIMES = 3
MOST_BYTES = 120_000
_ROUNDS = 40
_WARM = 3
_KEY = "5uZ0tN8xkQ2mV7cR1yL4wE9sB6hD3jG0aP8fT2nK5oI="
_STATIC = ("app.css", "app.js", "icons.svg", "tieout.svg")


@dataclass(frozen=True, slots=True)
class Asked:
    """A page, and the bare query it can't do without; both for the same thing in each round."""

    name: str
    path: str
    bare: Callable[[Crowd, str], Select[Any]]


@dataclass(slots=True)
class Took:
    """Seconds, one for each round."""

    page: list[float] = field(default_factory=list)
    database: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    statements: int = 0
    size: int = 0  #: bytes of the page as it goes over the wire


def p95(seconds: Sequence[float]) -> float:
    """Return the time that 19 of 20 stay within."""
    return statistics.quantiles(seconds, n=20)[18]


def _mine(crowd: Crowd) -> ColumnElement[bool]:
    return CustomerRow.organisation_id == crowd.organisation_id


def _clients(crowd: Crowd, _path: str) -> Select[Any]:
    """The first page of clients by name."""
    return _page_of(crowd).where(CustomerRow.parent_id.is_(None)).order_by(CustomerRow.name_key, CustomerRow.id)


def _page_of(crowd: Crowd) -> Select[Any]:
    return select(CustomerRow).where(_mine(crowd), CustomerRow.archived.is_(False)).limit(101)


def _flat(crowd: Crowd, _path: str) -> Select[Any]:
    return _page_of(crowd).order_by(CustomerRow.sort_key)


def _newest(crowd: Crowd, _path: str) -> Select[Any]:
    by = (CustomerRow.created_at.desc(), CustomerRow.id)
    return _page_of(crowd).where(CustomerRow.parent_id.is_(None)).order_by(*by)


def _found(crowd: Crowd, path: str) -> Select[Any]:
    """Those with a word that begins so, out of the index of words; the first of them in the list's order."""
    word = path.rpartition("=")[2]
    query = select(SearchWord.customer_id).where(SearchWord.organisation_id == crowd.organisation_id)
    found = query.where(SearchWord.word >= word, SearchWord.word < word + "\U0010ffff")
    return _page_of(crowd).where(CustomerRow.id.in_(found)).order_by(CustomerRow.sort_key)


def _level(crowd: Crowd, path: str) -> Select[Any]:
    below = CustomerRow.parent_id == path.split("/")[3]
    return _page_of(crowd).where(below).order_by(CustomerRow.name_key, CustomerRow.id)


def _invoices(crowd: Crowd, _path: str) -> Select[Any]:
    query = select(InvoiceRow).where(InvoiceRow.organisation_id == crowd.organisation_id).limit(101)
    return query.order_by(InvoiceRow.issue_date.desc(), InvoiceRow.number.desc())


def _dots(crowd: Crowd, _path: str) -> Select[Any]:
    """How many links a connection has in force: what no count of dots can be had without."""
    in_force = (LinkRow.connection_id.in_(crowd.connection_ids), LinkRow.retired_at.is_(None))
    return select(func.count()).where(*in_force).group_by(LinkRow.connection_id)


def _red(crowd: Crowd, path: str) -> Select[Any]:
    connection_id = path.rpartition("=")[2]
    tied = (LinkRow.connection_id == connection_id, LinkRow.open_problem_id.is_not(None), LinkRow.retired_at.is_(None))
    query = _page_of(crowd).join(LinkRow, (LinkRow.record_id == CustomerRow.id) & (LinkRow.entity == "customer"))
    return query.where(*tied).order_by(CustomerRow.sort_key)


PAGES = (
    Asked("dashboard", "/", _dots),
    Asked("clients", "/customers", _clients),
    Asked("flat", "/customers?view=flat", _flat),
    Asked("newest", "/customers?sort=-created_at&sort=name", _newest),
    Asked("search", "/customers?q={word}", _found),
    Asked("red", "/customers?dot=red&connection={connection}", _red),
    Asked("tree level", "/parts/customers/{parent}/children", _level),
    Asked("invoices", "/invoices", _invoices),
)


@contextmanager
def _heard(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """Collect the statements asked for meanwhile, with their parameters."""
    statements: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            statements.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def _time_of(database: Database, statements: Sequence[tuple[str, Any]]) -> float:
    """Return how long statements take from the first one's start to the last row, without anything made of the rows."""
    raw = database.engine.raw_connection()
    try:
        cursor = raw.cursor()
        begun = time.perf_counter()
        for statement, parameters in statements:
            cursor.execute(statement, parameters)
            cursor.fetchall()
        return time.perf_counter() - begun
    finally:
        raw.commit()  # as the application ends what only looked
        raw.close()


def measure(database: Database, crowd: Crowd, asked: Asked, *, rounds: int) -> Took:
    """Ask for a page, for its statements alone, and for its bare query, in turn."""
    client, took = _client(database, crowd), Took()
    chance = random.Random(2)
    for number in range(_WARM + rounds):
        path = asked.path.format(
            word=chance.choice(crowd.words), parent=chance.choice(crowd.parent_ids), connection=crowd.connection_ids[0]
        )
        with _heard(database) as statements:
            begun = time.perf_counter()
            answer = client.get(path, headers={"Accept-Encoding": "gzip"})
            whole = time.perf_counter() - begun
        if answer.status_code != 200:  # noqa: PLR2004 - all is well
            message = f"{path} answered {answer.status_code}"
            raise RuntimeError(message)
        with database.read() as session, _heard(database) as bare:
            session.execute(asked.bare(crowd, path)).all()
        took.statements, took.size = len(statements), max(took.size, len(answer.data))
        alone, together = _time_of(database, bare), _time_of(database, statements)
        if number >= _WARM:
            took.page.append(whole)
            took.bare.append(alone)
            took.database.append(together)
    return took


def _client(database: Database, crowd: Crowd) -> FlaskClient:
    settings = Settings(_env_file=None, database_url=database.url, secret_key=_KEY, encryption_keys=_KEY)
    app = create_app(Platform(database=database, vault=Vault([_KEY]), settings=settings), Elsewhere())
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = f"{crowd.user_id}:0"
    return client


def _static_bytes(client: FlaskClient) -> int:
    """Return what the style, the script and the icons weigh as they go over the wire."""
    head = {"Accept-Encoding": "gzip"}
    return sum(len(client.get(f"/static/{name}", headers=head).data) for name in _STATIC)


def show(database: Database, *, rounds: int) -> bool:
    """Print what every page took on a database; tell whether a bar was missed."""
    crowd = crowd_of(database)
    static = _static_bytes(_client(database, crowd))
    print(f"{'SQLite' if database.is_sqlite else 'PostgreSQL'}: p95 of {rounds} rounds, in ms")
    print(f"  {'page':12} {'bare':>8} {'its own':>8} {'times':>6} {'whole':>8} {'queries':>8} {'first paint':>12}")
    missed = False
    for asked in PAGES:
        took = measure(database, crowd, asked, rounds=rounds)
        bare, together, whole = (1_000 * p95(part) for part in (took.bare, took.database, took.page))
        paint = took.size + static
        slow, heavy = together > MOST_TIMES * bare, paint > MOST_BYTES
        missed |= slow or heavy
        told = "".join(f"  MISSED: {what}" for what, so in (("slow", slow), ("heavy", heavy)) if so)
        print(
            f"  {asked.name:12} {bare:8.2f} {together:8.2f} {together / bare:6.1f} {whole:8.1f} {took.statements:8}"
            f" {paint / 1_000:9.1f} kB{told}"
        )
    return missed


@contextmanager
def _kept() -> Iterator[Database]:
    """Give the SQLite file, filled if there is none of this schema yet."""
    stamp = FILE.with_suffix(f".{schema.newest()}")
    if not stamp.exists():
        for old in FILE.parent.glob(f"{FILE.stem}.*"):
            old.unlink()
        print(f"Filling {FILE} ...")
        database = Database(f"sqlite:///{FILE}")
        schema.upgrade(database)
        populate(database)
        database.close()
        stamp.touch()
    database = Database(f"sqlite:///{FILE}")
    yield database
    database.close()


@contextmanager
def _anew() -> Iterator[Database]:
    """Give a PostgreSQL database that lives as long as the run."""
    binaries = find_binaries()
    if binaries is None:
        message = "PostgreSQL is not installed"
        raise SystemExit(message)
    with run_server(binaries) as server, server.database() as url:
        print("Filling PostgreSQL ...")
        database = Database(url)
        schema.upgrade(database)
        populate(database)
        yield database
        database.close()


def main() -> int:
    """Measure on the databases that are asked for and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("databases", nargs="*", choices=["sqlite", "postgresql"], default=[])
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    asked = parser.parse_args()
    print(f"{CUSTOMERS:,} customers, {INVOICES:,} invoices, {LINKS:,} links")
    missed = False
    for name, opened in {"sqlite": _kept, "postgresql": _anew}.items():
        if not asked.databases or name in asked.databases:
            with opened() as database:
                missed |= show(database, rounds=asked.rounds)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
