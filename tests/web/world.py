"""A small company with everything that a page can show, made through the records and the sync's own rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy.orm import Session

from service import web
from service.core.names import name_key
from service.core.ports import RemoteRecord
from service.core.problem import Candidate, Dispute, Problem, ProblemKind
from service.core.problem import to_json as problem_to_json
from service.core.snapshot import Snapshot
from service.core.snapshot import to_json as snapshot_to_json
from service.mapping import settings as mapping_settings
from service.mapping.suggestion import suggest
from service.providers import Provider
from service.records.author import Author
from service.records.credits import allocate
from service.records.customers import create_customer
from service.records.inputs import (
    AddressInput,
    AllocationInput,
    ContactInput,
    CustomerInput,
    InvoiceInput,
    PaymentInput,
    TaxLevelInput,
)
from service.records.invoices import create_invoice
from service.records.payments import record_payment
from service.records.tax_levels import create_tax_level
from service.settings import Settings
from service.store.accounts import Organisation, Role, User
from service.store.database import Database
from service.store.queries.events import Subject, add_event
from service.store.records import CustomerRow, InvoiceRow
from service.store.sync_models import ConnectionRow, CounterpartRow, CredentialRow, LinkRow, ProblemRow, RunRow
from service.store.vault import Vault
from service.sync.documents import reference_to_json
from service.sync.platform import Platform
from service.web.attempt import Attempts
from service.web.parts import Parts, provide
from tests.support.keys import KEY
from tests.web.package import COMPANY, REFERENCE, remote_customer

NOW = datetime(2026, 11, 22, 19, 2, tzinfo=UTC)  # 14:02 in New York
PASSWORD = "a long enough pass phrase"


class Compiled(BytecodeCache):
    """Templates compiled once for all applications of a test run."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


_COMPILED = Compiled()


@dataclass
class Clock:
    """A clock that tests move."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Calls:
    """A runner that only remembers which connections it was woken for."""

    woken: list[str] = field(default_factory=list)

    def wake(self, connection_id: str) -> None:
        self.woken.append(connection_id)


@dataclass
class World:
    """The parts of an application under test, and the rows that tests speak of by name."""

    platform: Platform
    clock: Clock
    runner: Calls
    app: Flask
    config: dict[str, Any]  #: of the application, before a test changes it
    organisation_id: str = ""
    users: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def database(self) -> Database:
        return self.platform.database

    @property
    def author(self) -> Author:
        return Author(organisation_id=self.organisation_id, actor=f"user:{self.users['admin']}", now=self.clock())


def open_world(url: str, *, like: World | None = None, base_url: str = "http://localhost:8000") -> World:
    """Return an application over a database.

    ``like`` names the rows that a copied database has, and lends its application, which takes long to make.
    """
    clock, runner = Clock(), Calls()
    settings = Settings(
        _env_file=None,
        database_url=url,
        base_url=base_url,
        secret_key="0123456789abcdef0123456789abcdef",
        encryption_keys=KEY,
        qbo_client_id="app",
        qbo_client_secret="secret",
    )
    platform = Platform(
        database=Database(url),
        vault=Vault([KEY]),
        settings=settings,
        providers={"quickbooks": Provider("quickbooks", "tests.web.package", "service.mapping.quickbooks")},
        clock=clock,
    )
    if like is not None:
        like.app.config.clear()
        like.app.config.update(like.config)
        before: Parts = like.app.extensions["tieout_pages"]
        provide(like.app, replace(before, platform=platform, runner=runner, attempts=Attempts(clock)))
        rows = {"users": dict(like.users), "ids": dict(like.ids)}
        return World(platform, clock, runner, like.app, like.config, like.organisation_id, **rows)
    app = Flask("service", static_folder=None, template_folder=None)
    web.register(app, platform, runner)
    app.config["TESTING"] = True
    app.jinja_env.bytecode_cache = _COMPILED
    return World(platform, clock, runner, app, dict(app.config))


def settle(world: World, hashed: str = "!", *, host: str = "freeman.example") -> None:
    """Add the organisation, and one account per role; ``hashed`` is their password's hash."""
    with world.database.write() as session:
        organisation = Organisation(name="Freeman Job Management", timezone="America/New_York", locale="en_US")
        session.add(organisation)
        session.flush()
        world.organisation_id = organisation.id
        for role in Role:
            address = f"{role.value}@{host}"
            user = User(
                organisation_id=organisation.id,
                email=address,
                email_key=address,
                password_hash=hashed,
                role=role.value,
            )
            session.add(user)
            session.flush()
            world.users[role.value] = user.id


def person(first_name: str, email: str, **fields: Any) -> ContactInput:
    return ContactInput(first_name=first_name, email=email, **fields)


def company(session: Session, world: World, name: str, **fields: Any) -> CustomerRow:
    fields.setdefault("contacts", [person("Ann", "ann@example.com", last_name="Lee", role="Accounts")])
    return create_customer(session, world.author, CustomerInput(name=name, **fields))


def job(session: Session, world: World, parent: CustomerRow, name: str, **fields: Any) -> CustomerRow:
    return create_customer(session, world.author, CustomerInput(name=name, parent_id=parent.id, **fields))


def invoice(session: Session, world: World, customer: CustomerRow, **fields: Any) -> InvoiceRow:
    line = {"description": "Roof repair", "quantity": "2", "unit_price": "150.00"}
    given = {"customer_id": customer.id, "status": "approved", "lines": [line], "issue_date": "2026-11-02", **fields}
    return create_invoice(session, world.author, InvoiceInput.model_validate(given))


def connection(session: Session, world: World, state: str = "live", **fields: Any) -> ConnectionRow:
    credential = CredentialRow(
        organisation_id=world.organisation_id,
        provider="quickbooks",
        ciphertext="",
        access_expires_at=NOW + timedelta(hours=1),
    )
    session.add(credential)
    session.flush()
    fields = {
        "organisation_name": COMPANY.name,
        "remote_tenant_id": COMPANY.tenant_id,
        "reference": reference_to_json(REFERENCE),
        "mapping": mapping_settings.to_json(suggest(REFERENCE, used=())),
        "cursor": "2026-11-22",
        "last_sync_at": NOW - timedelta(minutes=2) if state == "live" else None,
        "due_at": NOW + timedelta(seconds=38) if state == "live" else None,
        **fields,
    }
    row = ConnectionRow(
        organisation_id=world.organisation_id,
        provider="quickbooks",
        state=state,
        credential_id=credential.id,
        settings={},
        **fields,
    )
    session.add(row)
    session.flush()
    return row


def link(
    session: Session, at: ConnectionRow, record: CustomerRow | InvoiceRow, dot: str = "green", **fields: Any
) -> LinkRow:
    """Tie a record, in the facts that make a dot: green, orange or red (with the problem yet to come)."""
    entity = "customer" if isinstance(record, CustomerRow) else "invoice"
    facts = {"wanted": 2 if dot == "orange" else 1, "confirmed": 1, "last_synced_at": NOW - timedelta(minutes=2)}
    name = record.name if isinstance(record, CustomerRow) else record.number
    row = LinkRow(
        organisation_id=at.organisation_id,
        connection_id=at.id,
        entity=entity,
        record_id=record.id,
        family=entity,
        **{
            "remote_id": str(record.number).rpartition("-")[2].lstrip("0") or "1",
            "remote_name": name,
            "baseline": snapshot_to_json(Snapshot(fields={"name": name})),
            **facts,
            **fields,
        },
    )
    session.add(row)
    session.flush()
    return row


def problem(session: Session, of: LinkRow, label: str, asked: Problem, **fields: Any) -> ProblemRow:
    row = ProblemRow(
        organisation_id=of.organisation_id,
        connection_id=of.connection_id,
        link_id=of.id,
        kind=asked.kind.value,
        label=label,
        document=problem_to_json(asked),
        opened_at=NOW - timedelta(minutes=22),
        **fields,
    )
    session.add(row)
    session.flush()
    of.open_problem_id = row.id
    session.flush()
    return row


def counterpart(session: Session, at: ConnectionRow, remote: RemoteRecord) -> CounterpartRow:
    row = CounterpartRow(
        organisation_id=at.organisation_id,
        connection_id=at.id,
        family=remote.family.value,
        remote_id=remote.remote_id,
        version=remote.version,
        active=remote.active,
        name=remote.name,
        name_key=name_key(remote.name or ""),
        email=remote.email,
        payload=dict(remote.payload),
        pending=False,
    )
    session.add(row)
    session.flush()
    return row


def duplicate(name: str) -> Problem:
    return Problem(
        kind=ProblemKind.DUPLICATE_NAME,
        params={"package": "QuickBooks", "name": name, "collides_with": "vendor", "suggestion": f"{name} (customer)"},
        provider_code="6240",
        candidates=(Candidate(remote_id="901", name=name, type="vendor"),),
    )


def both_changed(name: str) -> Problem:
    return Problem(
        kind=ProblemKind.BOTH_CHANGED,
        params={"package": "QuickBooks", "name": name},
        fields=(
            Dispute(field="phone", ours="555 1111", theirs="555 2222", agreed="555 0000"),
            Dispute(field="email", ours="a@cedar.example", theirs="b@cedar.example", agreed=None),
        ),
    )


def furnish(world: World) -> None:
    """Fill the books: a tree of three levels, every dot, two questions, a finished run."""
    address = AddressInput(line1="370 Easy St.", city="Middlefield", region="CA", postal_code="94482", country="US")
    with world.database.write() as session:
        level = create_tax_level(session, world.author, TaxLevelInput(name="California", rate_percent="8"))
        freeman = company(
            session, world, "Freeman Sporting Goods", phone="(650) 555-0987", email="billing@freeman.example",
            billing_address=address, payment_terms="net30",
        )  # fmt: skip
        store = job(session, world, freeman, "0969 Ocean View Road")
        roof = job(session, world, store, "Roof")
        harbour = company(session, world, "Harbour Roofing Ltd", phone="(650) 555-0001")
        cedar = company(session, world, "Cedar Vets", phone="555 1111", email="a@cedar.example")
        amy = create_customer(
            session, world.author, CustomerInput(kind="individual", first_name="Amy", last_name="O'Brien 山田")
        )
        kate = company(session, world, "Kate Whelan & Daughters", mobile="+1 650 555 0110")
        bill = invoice(session, world, freeman, tax_level_id=level.id)
        draft = invoice(session, world, cedar, status="draft", lines=[])
        at = connection(session, world)
        counterpart(session, at, remote_customer("58", "Freeman Sporting Goods", phone="(650) 555-0987"))
        tie = link(session, at, freeman, remote_id="58")
        link(session, at, store)
        link(session, at, kate, "orange", losses=[{"field": "people", "reason": "Holds one contact only."}])
        link(session, at, bill)
        harbour_link = link(session, at, harbour, "red", remote_id=None, baseline=None)
        taken = problem(
            session, harbour_link, "Harbour Roofing Ltd", duplicate("Harbour Roofing Ltd"), request_id="1-ab"
        )
        counterpart(session, at, remote_customer("77", "Cedar Vets", phone="555 2222", email="b@cedar.example"))
        agreed = Snapshot(fields={"name": "Cedar Vets", "phone": "555 0000", "email": None})
        cedar_link = link(session, at, cedar, "red", remote_id="77", baseline=snapshot_to_json(agreed))
        held = problem(session, cedar_link, "Cedar Vets", both_changed("Cedar Vets"))
        run = RunRow(
            organisation_id=world.organisation_id, connection_id=at.id, kind="sync", state="partial",
            counts={"created": 3, "updated": 1, "conflicts": 2, "unchanged": 9}, calls=4, least_calls=4, done=6,
            total=6, requested_at=NOW - timedelta(minutes=3), started_at=NOW - timedelta(minutes=3),
            finished_at=NOW - timedelta(minutes=2), requested_by="schedule",
        )  # fmt: skip
        session.add(run)
        session.flush()
        add_event(
            session, organisation_id=world.organisation_id, at=NOW - timedelta(minutes=2), actor="sync",
            verb="pushed", subject=Subject(kind="customer", id=freeman.id, label="Freeman Sporting Goods"),
            before={"phone": None}, after={"phone": "(650) 555-0987"}, connection_id=at.id, run_id=run.id,
            request_id="1-5f-11",
        )  # fmt: skip
        rows: dict[str, Any] = {
            "freeman": freeman, "store": store, "roof": roof, "harbour": harbour, "cedar": cedar, "amy": amy,
            "kate": kate, "invoice": bill, "draft": draft, "connection": at, "taken": taken, "held": held, "run": run,
            "link": tie,
        }  # fmt: skip
        world.ids |= {name: row.id for name, row in rows.items()}


def add_matching(world: World) -> str:
    """Add a second company that is being set up, with somebody who exists on both sides."""
    with world.database.write() as session:
        at = connection(session, world, "matching", organisation_name="Second Books", remote_tenant_id="9131")
        counterpart(session, at, remote_customer("5", "Kate Whelan & Daughters"))
        counterpart(session, at, remote_customer("6", "Freeman Sporting Goods", email="billing@freeman.example"))
        world.ids["matching"] = at.id
        return at.id


def add_credit(world: World) -> str:
    """Add a credit of which one part settles an invoice and the rest waits on the account."""
    with world.database.write() as session:
        given = {"customer_id": world.ids["freeman"], "kind": "credit", "amount": "50", "reference": "Goodwill"}
        row = record_payment(session, world.author, PaymentInput.model_validate(given))
        part = AllocationInput.model_validate({"invoice_id": world.ids["invoice"], "amount": "30"})
        allocate(session, world.author, row.id, part)
        world.ids["credit"] = row.id
        return row.id
