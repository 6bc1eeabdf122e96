"""A company of 100,000 customers, 500,000 invoices and 200,000 links, written straight into its tables.

The same company every time: names, trees and dots come from a fixed seed. Lines of invoices are left out, because no
list reads them.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any, Protocol, cast

import psycopg
from psycopg import sql
from sqlalchemy import Table, select

from service.core.names import name_key
from service.core.problem import Problem, ProblemKind, to_json
from service.ids import new_id
from service.providers import PROVIDERS
from service.store.accounts import Event, Organisation, Role, User
from service.store.base import Base
from service.store.database import Database
from service.store.queries.search import words_of
from service.store.queries.tree import sort_key
from service.store.records import ContactRow, CustomerRow, InvoiceRow, SearchWord
from service.store.sync_models import ConnectionRow, LinkRow, ProblemRow

CUSTOMERS, INVOICES, LINKS = 100_000, 500_000, 200_000
CLIENTS = 40_000
_DEEPEST = 5
_CHUNK = 5_000
_NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
_OPEN_QUESTIONS = 200
_FIRST = ("Harbour", "Cedar", "Ridge", "Sunset", "Freeman", "Northern", "Oak", "River", "Summit", "Coastal", "Union")
_SECOND = ("Roofing", "Vets", "Plumbing", "Sporting Goods", "Bakery", "Joinery", "Garage", "Dental", "Landscapes")
_WORK = ("Roof", "Kitchen", "Phase 1", "Phase 2", "Garden", "Extension", "Survey", "Repairs")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Who is looked at: the organisation, somebody who may look, its connections, and rows that pages are asked for."""

    organisation_id: str
    user_id: str
    connection_ids: tuple[str, ...]
    parent_ids: tuple[str, ...]  #: of customers with jobs
    words: tuple[str, ...]  #: to be searched for: numbers, addresses of mail, parts of names


class Writer(Protocol):
    """Writes whole rows into a table."""

    def __call__(self, table: Table, rows: Iterable[Row]) -> None:
        """Write rows; each holds a value for every column without a default."""


def populate(database: Database) -> None:
    """Write the company into a database with the newest schema and no rows."""
    chance = random.Random(1)
    write = _sqlite_writer(database) if database.is_sqlite else _postgresql_writer(database)
    organisation_id = new_id()
    write(_table(Organisation), [{"id": organisation_id, "name": "Crowd", "currency": "USD"}])
    address = "admin@crowd.example"
    account = {"email": address, "email_key": address, "password_hash": "!", "role": Role.ADMIN.value}
    write(_table(User), [{"id": new_id(), "organisation_id": organisation_id, **account}])
    connections = [
        _connection(organisation_id, provider, number) for number, provider in enumerate(sorted(PROVIDERS), start=1)
    ]
    write(_table(ConnectionRow), connections)
    customers = _customers(organisation_id, chance)
    write(_table(CustomerRow), customers)
    write(_table(SearchWord), _words(customers))
    write(_table(ContactRow), (_contact(row) for row in customers if row["parent_id"] is None))
    invoice_ids: list[str] = []
    write(_table(InvoiceRow), _invoices(organisation_id, customers, invoice_ids, chance))
    links = _links(organisation_id, [row["id"] for row in connections], customers, invoice_ids, chance)
    write(_table(LinkRow), links)
    write(_table(ProblemRow), _problems([row for row in links if row["open_problem_id"]]))
    write(_table(Event), (_event(row) for row in customers))
    with database.engine.execution_options(tieout_writes=True).begin() as connection:
        connection.exec_driver_sql("ANALYZE")


def crowd_of(database: Database) -> Crowd:
    """Return whom the pages are asked about, out of a database that was populated."""
    with database.read() as session:
        user = session.scalars(select(User)).one()
        parents = select(CustomerRow.parent_id).where(CustomerRow.parent_id.is_not(None)).distinct()
        looked_up = select(CustomerRow.number, CustomerRow.email).where(CustomerRow.depth == 1).order_by(CustomerRow.id)
        rows = session.execute(looked_up.limit(200)).all()
        names = (f"{first.lower()}" for first in _FIRST)
        return Crowd(
            organisation_id=user.organisation_id,
            user_id=user.id,
            connection_ids=tuple(session.scalars(select(ConnectionRow.id).order_by(ConnectionRow.id))),
            parent_ids=tuple(one for one in session.scalars(parents.order_by(CustomerRow.parent_id).limit(200)) if one),
            words=tuple(str(one).lower() for row in rows for one in row) + tuple(names),
        )


def _customers(organisation_id: str, chance: random.Random) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for number in range(CUSTOMERS):
        parent = None
        if number >= CLIENTS:
            while parent is None or parent["depth"] >= _DEEPEST:
                parent = rows[chance.randrange(len(rows))]
        rows.append(_customer(organisation_id, number, parent, chance))
    return rows


def _customer(
    organisation_id: str, number: int, parent: dict[str, Any] | None, chance: random.Random
) -> dict[str, Any]:
    own = new_id()
    name = (
        f"{chance.choice(_WORK)} {number}" if parent else f"{chance.choice(_FIRST)} {chance.choice(_SECOND)} {number}"
    )
    above = cast("CustomerRow | None", _Above(parent["sort_key"]) if parent else None)
    made = _NOW - timedelta(minutes=CUSTOMERS - number)
    return {
        "id": own,
        "organisation_id": organisation_id,
        "kind": "company",
        "type": "job" if parent else "client",
        "name": name,
        "name_key": name_key(name),
        "full_name": f"{parent['full_name']}:{name}" if parent else name,
        "sort_key": sort_key(name, own, above),
        "parent_id": parent["id"] if parent else None,
        "root_id": parent["root_id"] if parent else own,
        "depth": parent["depth"] + 1 if parent else 1,
        "number": f"C-{number + 1001}",
        "is_customer": chance.random() < 0.9,  # noqa: PLR2004 - one in ten is a contact
        "archived": chance.random() < 0.05,  # noqa: PLR2004 - one in twenty is archived
        "email": f"office{number}@example.com",
        "phone": f"(650) {chance.randrange(200, 999)}-{number % 10_000:04}",
        "billing_address": {"line1": f"{number} Easy St.", "city": "Middlefield", "country": "US"},
        "created_at": made,
        "updated_at": made,
    }


@dataclass(frozen=True, slots=True)
class _Above:
    """As much of a parent as its children's sort keys need."""

    sort_key: str


def _words(customers: Iterable[Row]) -> Iterator[Row]:
    for row in customers:
        emails = [row["email"], None if row["parent_id"] else _email(row)]
        for word in words_of([row["full_name"], row["number"], "Ann Lee"], emails=emails, phones=[row["phone"]]):
            yield {"customer_id": row["id"], "word": word, "organisation_id": row["organisation_id"]}


def _email(row: Row) -> str:
    return f"ann{row['number']}@example.com"


def _contact(row: Row) -> Row:
    return {
        "id": new_id(),
        "organisation_id": row["organisation_id"],
        "customer_id": row["id"],
        "first_name": "Ann",
        "last_name": "Lee",
        "email": _email(row),
        "primary": True,
    }


def _invoices(
    organisation_id: str, customers: list[dict[str, Any]], ids: list[str], chance: random.Random
) -> Iterator[Row]:
    for number in range(INVOICES):
        ids.append(new_id())
        status = chance.choices(("draft", "approved", "paid", "voided"), (5, 30, 60, 5))[0]
        issued = date(2026, 11, 20) - timedelta(days=(INVOICES - number) // 400)
        total = Decimal(chance.randrange(1_000, 900_000)) / 100
        yield {
            "id": ids[-1],
            "organisation_id": organisation_id,
            "number": f"INV-{number + 1001:07}",
            "customer_id": customers[chance.randrange(CUSTOMERS)]["id"],
            "status": status,
            "issue_date": issued,
            "due_date": issued + timedelta(days=30),
            "currency": "USD",
            "subtotal": total,
            "total": total,
            "amount_paid": total if status == "paid" else Decimal(0),
        }


def _links(
    organisation_id: str,
    connection_ids: list[str],
    customers: list[dict[str, Any]],
    invoice_ids: list[str],
    chance: random.Random,
) -> list[dict[str, Any]]:
    first, second = connection_ids
    wanted = chain(
        ((first, "customer", row["id"], row["name"]) for row in customers[:80_000]),
        ((second, "customer", row["id"], row["name"]) for row in customers[:40_000]),
        ((first, "invoice", one, None) for one in invoice_ids[-50_000:]),
        ((second, "invoice", one, None) for one in invoice_ids[-30_000:]),
    )
    rows = [
        _link(organisation_id, number, *one, waits=chance.random() < 0.02)  # noqa: PLR2004 - one in fifty waits
        for number, one in enumerate(wanted)
    ]
    for row in chance.sample(rows[:120_000], _OPEN_QUESTIONS):
        row["open_problem_id"] = new_id()
    return rows


def _link(
    organisation_id: str, number: int, connection_id: str, entity: str, record_id: str, name: str | None, *, waits: bool
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "organisation_id": organisation_id,
        "connection_id": connection_id,
        "entity": entity,
        "record_id": record_id,
        "family": entity,
        "remote_id": str(number),
        "remote_name": name,
        "baseline": {"fields": {"name": name, "email": f"office{number}@example.com", "phone": "(650) 555-0987"}},
        "wanted": 2 if waits else 1,
        "confirmed": 1,
        "last_synced_at": _NOW,
        "open_problem_id": None,
    }


def _problems(links: Iterable[Row]) -> Iterator[Row]:
    params = {"package": "The package", "name": "Harbour", "collides_with": "vendor", "suggestion": "Harbour 2"}
    asked = to_json(Problem(kind=ProblemKind.DUPLICATE_NAME, params=params))
    for link in links:
        yield {
            "id": link["open_problem_id"],
            "organisation_id": link["organisation_id"],
            "connection_id": link["connection_id"],
            "link_id": link["id"],
            "kind": ProblemKind.DUPLICATE_NAME.value,
            "label": link["remote_name"],
            "document": asked,
            "opened_at": _NOW,
        }


def _connection(organisation_id: str, provider: str, number: int) -> Row:
    return {
        "id": new_id(),
        "organisation_id": organisation_id,
        "provider": provider,
        "state": "live",
        "organisation_name": f"Books {number}",
        "remote_tenant_id": str(number),
        "last_sync_at": _NOW,
    }


def _event(row: Row) -> Row:
    return {
        "id": new_id(),
        "organisation_id": row["organisation_id"],
        "at": row["created_at"],
        "actor": "import",
        "verb": "created",
        "record_kind": "customer",
        "record_id": row["id"],
        "label": row["full_name"],
    }


# --- the quickest way into each database ------------------------------------------------------------------------------


def _table(row_type: type[Base]) -> Table:
    return cast("Table", row_type.__table__)


def _stored(table: Table, rows: Iterable[Row], database: Database) -> Iterator[tuple[Any, ...]]:
    """Yield rows as the driver takes them, in the order of the columns, with their defaults filled in."""
    dialect = database.engine.dialect
    writes = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in table.columns]
    defaults = [column.default for column in table.columns]
    for row in rows:
        values = []
        for column, write, default in zip(table.columns, writes, defaults, strict=True):
            value = row.get(column.name)
            if value is None and column.name not in row and default is not None:
                value = default.arg(None) if getattr(default, "is_callable", False) else default.arg  # type: ignore[attr-defined]
            values.append(write(value) if write else value)
        yield tuple(values)


def _sqlite_writer(database: Database) -> Writer:
    path = database.engine.url.database
    assert path is not None  # noqa: S101 - a file

    def write(table: Table, rows: Iterable[Row]) -> None:
        columns = ", ".join(f'"{column.name}"' for column in table.columns)
        places = ", ".join("?" for _ in table.columns)
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA synchronous=OFF")
            statement = f'INSERT INTO "{table.name}" ({columns}) VALUES ({places})'  # noqa: S608 - our own names
            connection.executemany(statement, _stored(table, rows, database))
        connection.close()

    return write


def _postgresql_writer(database: Database) -> Writer:
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def write(table: Table, rows: Iterable[Row]) -> None:
        names = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), names)
        with psycopg.connect(url) as connection, connection.cursor().copy(statement) as copy:
            for row in _stored(table, rows, database):
                copy.write_row(row)

    return write
