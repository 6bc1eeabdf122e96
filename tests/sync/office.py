"""A company at work, for tests: its records, a stand-in package, a connection between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from importlib import import_module
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from sqlalchemy import select

import sandbox
from sandbox.common.server import Running, serve
from service.core.ports import EntityKind
from service.core.problem import OptionId
from service.core.snapshot import Snapshot, from_json
from service.records import customers, invoices, payments, tax_levels
from service.records.author import Author
from service.records.inputs import (
    CustomerChanges,
    CustomerInput,
    InvoiceChanges,
    InvoiceInput,
    PaymentChanges,
    PaymentInput,
    TaxLevelInput,
)
from service.settings import load_settings
from service.store import schema
from service.store.accounts import Event, Organisation
from service.store.queries import connections as queries
from service.store.queries import find, links, problems
from service.store.queries.states import sync_states
from service.store.queries.tallies import tally
from service.store.records import ContactRow, CustomerRow, InvoiceRow, PaymentRow
from service.store.sync_models import ConnectionRow, LinkRow, ProblemRow, RunRow
from service.sync import connect, consenting, golive, match, resolve
from service.sync import run as running
from service.sync.platform import Platform, build_platform
from tests.support.keys import KEYS

Row = TypeVar("Row", CustomerRow, InvoiceRow, PaymentRow, ContactRow)


class MovedClock(Platform):
    """A platform on the package's own clock: whoever waits moves that clock on and waits no longer."""

    def pause(self, seconds: float) -> bool:
        """Move the clock; False once the service is asked to stop."""
        self.clock.advance(seconds)  # type: ignore[attr-defined]  # the sandbox's clock
        return not self.stopping.is_set()


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

    def edit_payment(self, payment_id: str, **body: Any) -> None:
        """Change fields of a payment here."""
        with self.platform.database.write() as session:
            payments.change_payment(session, self.author(), payment_id, PaymentChanges.model_validate(body))

    def archive(self, customer_id: str) -> None:
        """Archive a customer here."""
        with self.platform.database.write() as session:
            customers.archive_customer(session, self.author(), customer_id)

    def unarchive(self, customer_id: str) -> None:
        """Make an archived customer active again."""
        with self.platform.database.write() as session:
            customers.unarchive_customer(session, self.author(), customer_id)

    def edit_invoice(self, invoice_id: str, **body: Any) -> None:
        """Change fields of an invoice."""
        with self.platform.database.write() as session:
            invoices.change_invoice(session, self.author(), invoice_id, InvoiceChanges.model_validate(body))

    def void(self, invoice_id: str) -> None:
        """Void an invoice here."""
        with self.platform.database.write() as session:
            invoices.void_invoice(session, self.author(), invoice_id)

    def take_back(self, payment_id: str) -> None:
        """Take a payment back here."""
        with self.platform.database.write() as session:
            payments.remove_payment(session, self.author(), payment_id)

    def ask(self, kind: str = "sync", **options: Any) -> str:
        """Ask for a run; return its id."""
        return running.ask(
            self.platform,
            organisation_id=self.organisation_id,
            connection_id=self.connection_id,
            kind=kind,
            actor="user:ann",
            options=options,
        ).run_id

    def sync(self, kind: str = "sync", **options: Any) -> RunRow:
        """Ask for a run and do it; return it as it ended."""
        run_id = self.ask(kind, **options)
        running.perform(self.platform, self.connection_id)
        return self.run(run_id)

    def run(self, run_id: str) -> RunRow:
        """Return a run."""
        with self.platform.database.read() as session:
            row = session.get_one(RunRow, run_id)
            session.expunge(row)
            return row

    def settled(self, most: int = 6) -> list[RunRow]:
        """Sync until a run succeeds, waiting as long as the package wants; return the runs it took.

        A record that the package refused is tried again, as a person would.
        """
        runs = []
        for _ in range(most):
            runs.append(self.sync())
            if runs[-1].state == "succeeded":
                return runs
            for problem in self.problems():
                if problem.kind == "rejected":
                    self.answer(OptionId.RETRY, problem)
            waits = connection_of(self).wait_until
            if waits is not None:
                self.platform.pause((waits - self.platform.clock()).total_seconds() + 1)
        raise AssertionError([(run.state, run.problem, run.counts) for run in runs])

    def answer(self, option: OptionId, problem: ProblemRow | None = None, **chosen: Any) -> None:
        """Answer a question, the only one unless given."""
        asked = problem or self.problem()
        given = resolve.Answer(option=option, **chosen)
        resolve.resolve(
            self.platform, organisation_id=self.organisation_id, problem_id=asked.id, answer=given, actor="user:ann"
        )

    def problem(self) -> ProblemRow:
        """Return the only question that waits for a person, waiting for a parent left out."""
        found = [row for row in self.problems() if row.kind != "parent_not_synced"]
        assert len(found) == 1, [row.document for row in found]
        return found[0]

    def ours(self, table: type[Row], record_id: str) -> Row:
        """Return a record of ours."""
        with self.platform.database.read() as session:
            row = find.find(session, table, self.organisation_id, record_id)
            assert row is not None
            session.expunge(row)
            return row

    def baseline(self, record_id: str, kind: EntityKind = EntityKind.CUSTOMER) -> Snapshot:
        """Return what both sides last agreed on."""
        link = self.link(record_id, kind)
        assert link is not None
        assert link.baseline is not None
        return from_json(link.baseline)

    def remote_id(self, record_id: str, kind: EntityKind = EntityKind.CUSTOMER) -> str:
        """Return the id of a record's counterpart."""
        link = self.link(record_id, kind)
        assert link is not None
        assert link.remote_id is not None
        return link.remote_id

    def links(self) -> list[LinkRow]:
        """Return the links in force."""
        with self.platform.database.read() as session:
            rows = list(session.scalars(links.page_query(self.organisation_id, connection_id=self.connection_id)))
            session.expunge_all()
            return rows

    def events(self, verb: str, record_id: str | None = None) -> list[Event]:
        """Return the events of a verb, oldest first."""
        query = select(Event).where(Event.organisation_id == self.organisation_id, Event.verb == verb)
        if record_id is not None:
            query = query.where(Event.record_id == record_id)
        with self.platform.database.read() as session:
            return list(session.scalars(query.order_by(Event.id)))

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

    @contextmanager
    def during_the_next_write(self, do: Callable[[], object]) -> Iterator[None]:
        """Do something once, while the package works on the next request to write."""
        package, waiting = self.package.sandbox, [do]
        judge = package.is_write

        def judge_and_do(request: Any) -> bool:
            found = judge(request)
            if found and package.key_of(request) and waiting:
                waiting.pop()()
            return found

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(package, "is_write", judge_and_do)
            yield
        assert not waiting

    def writes(self) -> int:
        """Return how many requests to write the package has seen: those that carry a key."""
        return sum(seen.key is not None for seen in self.package.sandbox.log.writes)


def settings_of(package: Running, database_url: str) -> dict[str, Any]:
    """Return the settings of a service on this database that works with the package."""
    told: dict[str, Any] = {name.removeprefix("TIEOUT_").lower(): value for name, value in package.settings.items()}
    return told | {"database_url": database_url, "provider_timeout": 5, **KEYS}


def open_office(package: Running, database_url: str, **overrides: Any) -> Office:
    """Open an organisation on an empty database, with settings that point at the package."""
    given = settings_of(package, database_url) | overrides
    built = build_platform(load_settings(env_file=None, **given), clock=package.sandbox.clock)
    platform = MovedClock(**{part.name: getattr(built, part.name) for part in fields(built)})
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
    connection_id = consented(office, started.authorize_url)
    return Office(office.platform, office.package, office.organisation_id, connection_id)


def consented(office: Office, authorize_url: str) -> str:
    """Allow access on the package's page and come back; return the connection's id."""
    answer = requests.get(authorize_url, allow_redirects=False, timeout=10)
    arguments: Mapping[str, str] = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    return consenting.complete(office.platform, provider=office.package.sandbox.name, arguments=arguments)


def reconnected(office: Office) -> None:
    """Give a connection a new consent."""
    where = {"organisation_id": office.organisation_id, "connection_id": office.connection_id}
    consented(office, connect.reconnect(office.platform, actor="user:ann", **where).authorize_url)


def live(office: Office, *, decision: str = "separate") -> Office:
    """Connect, link what matches exactly, decide about the rest, and go live."""
    return gone_live(connected(office), decision=decision)


def gone_live(office: Office, *, decision: str = "separate") -> Office:
    """Link what matches exactly, decide about the rest, and go live."""
    where = {"organisation_id": office.organisation_id, "connection_id": office.connection_id}
    match.accept(office.platform, above=Decimal(1), actor="user:ann", **where)
    rest = [
        (one.customer_id, one.remote_id, decision)
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


def start(name: str) -> Running:
    """Serve a stand-in package on a free port, with a consent page that answers by itself."""
    return sandbox.start(name, auto_consent=True)


def start_empty(name: str, **changes: Any) -> Running:
    """Serve a stand-in package like :func:`start`, with two companies of no history; ``changes`` are of its options."""
    module = import_module(f"sandbox.{name}")
    options = import_module(f"sandbox.{name}.options").SandboxOptions(auto_consent=True, books=("empty", "empty"))
    return serve(module.create_sandbox(replace(options, **changes)))


def today() -> date:
    """Return the day on which documents are issued."""
    return date(2026, 11, 22)
