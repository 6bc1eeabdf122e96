"""A company at work, for tests: its records, a stand-in package, a connection between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

import sandbox
from sandbox.common.server import Running
from service.records import customers, invoices, payments, tax_levels
from service.records.author import Author
from service.records.inputs import (
    CustomerChanges,
    CustomerInput,
    InvoiceInput,
    PaymentInput,
    TaxLevelInput,
)
from service.settings import load_settings
from service.store import schema
from service.store.accounts import Organisation
from service.store.queries import connections as queries
from service.store.queries import problems
from service.store.queries.states import sync_states
from service.store.queries.tallies import tally
from service.store.sync_models import ConnectionRow, LinkRow, ProblemRow, RunRow
from service.sync import connect, golive, match
from service.sync import run as running
from service.sync.platform import Platform, build_platform
from service.core.ports import EntityKind


@dataclass(frozen=True, slots=True)
class Office:
    """One organisation on one database, connected to one stand-in package."""

    platform: Platform
    package: Running
    organisation_id: str
    connection_id: str = ""

    def author(self, actor: str = "user:ann") -> Author:
        """Return somebody who edits now."""
        return Author(organisation_id=self.organisation_id, actor=actor, now=self.platform.clock())

    def add_customer(self, **body: Any) -> str:
        """Add a company (with somebody to write to) or a job; return its id."""
        if "parent_id" not in body:
            body = {"contacts": [{"first_name": "Ann", "last_name": "Lee", "email": "ann@office.example"}], **body}
        with self.platform.database.write() as session:
            return customers.create_customer(session, self.author(), CustomerInput.model_validate(body)).id

    def edit_customer(self, customer_id: str, **body: Any) -> None:
        """Change fields of a customer."""
        with self.platform.database.write() as session:
            customers.change_customer(session, self.author(), customer_id, CustomerChanges.model_validate(body))

    def add_tax_level(self, name: str, rate: str) -> str:
        """Add a tax level; return its id."""
        with self.platform.database.write() as session:
            given = TaxLevelInput.model_validate({"name": name, "rate_percent": rate})
            return tax_levels.create_tax_level(session, self.author(), given).id

    def add_invoice(self, customer_id: str, **body: Any) -> str:
        """Issue an invoice of one line; return its id."""
        line = {"description": "Labour", "quantity": "2", "unit_price": "150"}
        given = {"customer_id": customer_id, "status": "approved", "lines": [line], **body}
        with self.platform.database.write() as session:
            return invoices.create_invoice(session, self.author(), InvoiceInput.model_validate(given)).id

    def pay(self, invoice_id: str, amount: str, **body: Any) -> str:
        """Record a payment here; return its id."""
        given = {"invoice_id": invoice_id, "amount": amount, **body}
        with self.platform.database.write() as session:
            return payments.record_payment(session, self.author(), PaymentInput.model_validate(given)).id

    def sync(self) -> RunRow:
        """Ask for a sync and do it; return the finished run."""
        asked = running.ask(
            self.platform, organisation_id=self.organisation_id, connection_id=self.connection_id, actor="user:ann"
        )
        running.perform(self.platform, self.connection_id)
        with self.platform.database.read() as session:
            row = session.get_one(RunRow, asked.run_id)
            session.expunge(row)
            return row

    def dot(self, record_id: str, kind: EntityKind = EntityKind.CUSTOMER) -> str:
        """Return a record's dot."""
        with self.platform.database.read() as session:
            return sync_states(session, self.organisation_id, kind, [record_id])[record_id][0].dot.value

    def link(self, record_id: str, kind: EntityKind = EntityKind.CUSTOMER) -> LinkRow | None:
        """Return a record's link in force."""
        with self.platform.database.read() as session:
            state = sync_states(session, self.organisation_id, kind, [record_id])[record_id][0]
            if state.link is not None:
                session.expunge(state.link)
            return state.link

    def counts(self) -> dict[str, int]:
        """Return how many records have which dot."""
        with self.platform.database.read() as session:
            return tally(session, session.get_one(ConnectionRow, self.connection_id))

    def problems(self) -> list[ProblemRow]:
        """Return the questions that wait for a person."""
        with self.platform.database.read() as session:
            return [row for row, _ in problems.listed(session, self.organisation_id, limit=1000)]

    def act(self, action: str, **arguments: Any) -> Any:
        """Do something as the bookkeeper, on the package's own pages."""
        return self.package.sandbox.act(action, arguments)

    def writes(self) -> int:
        """Return how many requests to write the package has seen."""
        return len(self.package.sandbox.log.writes)


def open_office(package: Running, database_url: str, **overrides: Any) -> Office:
    """Open an organisation on an empty database, with settings that point at the package."""
    found: dict[str, Any] = {name.removeprefix("TIEOUT_").lower(): value for name, value in package.settings.items()}
    found |= {"database_url": database_url, "provider_timeout": 5, **_keys(), **overrides}
    platform = build_platform(load_settings(env_file=None, **found))
    if not schema.is_current(platform.database):
        schema.upgrade(platform.database)
    with platform.database.write() as session:
        organisation = Organisation(name="Office", currency="USD")
        session.add(organisation)
        session.flush()
        return Office(platform, package, organisation.id)


def connected(office: Office) -> Office:
    """Go through the consent as a browser does; the connection is matching then."""
    name = office.package.sandbox.name
    started = connect.start(office.platform, organisation_id=office.organisation_id, provider=name, actor="user:ann")
    answer = requests.get(started.authorize_url, allow_redirects=False, timeout=10)
    arguments: Mapping[str, str] = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    connection_id = connect.complete(office.platform, provider=name, arguments=arguments)
    return Office(office.platform, office.package, office.organisation_id, connection_id)


def live(office: Office) -> Office:
    """Connect, link what matches exactly, keep the rest apart, and go live."""
    office = connected(office)
    where = {"organisation_id": office.organisation_id, "connection_id": office.connection_id}
    match.accept(office.platform, above=Decimal(1), actor="user:ann", **where)
    rest = [
        (one.customer_id, one.remote_id, "separate")
        for one in match.list_matches(office.platform, **where)
        if one.decision is None
    ]
    match.decide(office.platform, decisions=rest, actor="user:ann", **where)
    obstacles = golive.go_live(office.platform, actor="user:ann", **where)
    assert not obstacles, obstacles
    return office


def connection_of(office: Office) -> ConnectionRow:
    """Return the connection's row."""
    with office.platform.database.read() as session:
        row = queries.get(session, office.organisation_id, office.connection_id)
        session.expunge(row)
        return row


def _keys() -> dict[str, str]:
    return {"secret_key": "a key that is for tests only", "encryption_keys": "a key that is for tests only"}


def start(name: str) -> Running:
    """Serve a stand-in package on a free port, with a consent page that answers by itself."""
    return sandbox.start(name, auto_consent=True)


def today() -> date:
    """Return the day on which documents are issued."""
    return date(2026, 11, 22)
