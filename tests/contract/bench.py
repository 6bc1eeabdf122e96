"""The benches on which connectors are held to the contract: a company at each package, its trouble, its bookkeeper."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

from sandbox.common.clock import Clock
from sandbox.common.faults import FaultKind, FaultRule, When
from sandbox.common.server import Running
from service.core.intent import Operation
from service.core.model import Customer, CustomerKind, CustomerType
from service.core.ports import (
    Answer,
    Connector,
    Element,
    EntityKind,
    Family,
    MappingContext,
    Outcome,
    Ref,
    RemoteRecord,
    Written,
)
from service.core.snapshot import Snapshot
from service.providers import PROVIDERS, Provider
from service.settings import load_settings
from service.store import schema
from service.store.accounts import Organisation
from service.store.sync_models import ConnectionRow
from service.sync import connect, consenting
from service.sync.cases import ground_of
from service.sync.platform import Platform, build_platform
from service.sync.tokens import TokenSource
from tests.contract.ledger import book
from tests.support.keys import KEYS
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import MovedClock, Office, connected, settings_of

#: The registration of the third package: this line and its two folders are all there is to it.
THREE: Mapping[str, Provider] = {
    **PROVIDERS,
    "ledger": Provider("ledger", "tests.contract.ledger", "tests.contract.ledger_mapping"),
}
CUSTOMER = Ref(kind=EntityKind.CUSTOMER, id="c1")


class Somebody(Protocol):
    """Who works at the package's own pages."""

    def add_customer(self, name: str) -> str:
        """Add a customer; return its id."""
        ...

    def edit(self, remote_id: str, **values: str) -> None:
        """Change name, email or phone."""
        ...

    def customer(self, remote_id: str) -> Mapping[str, Any]:
        """Return name, email, phone, active."""
        ...

    def named(self, name: str) -> list[str]:
        """Return the ids of the active customers of a name."""
        ...


class Trouble(Protocol):
    """What can go wrong with the next write."""

    def lose_answer(self) -> None:
        """Let it be written, and its answer be lost."""
        ...

    def lose_request(self) -> None:
        """Let it be lost on its way."""
        ...

    def be_busy(self) -> None:
        """Let it be put off."""
        ...

    def lock_out(self) -> None:
        """Take the permission away for good."""
        ...


@dataclass(frozen=True)
class Bench:
    """One company at one package, connected, and what a test does to it."""

    name: str
    office: Office
    somebody: Somebody
    trouble: Trouble

    @property
    def provider(self) -> Provider:
        """The registered package."""
        return self.office.platform.provider(self.name)

    def connector(self) -> Connector:
        """Return a connector with the connection's own permission."""
        platform = self.office.platform
        with platform.database.read() as session:
            row = session.get_one(ConnectionRow, self.office.connection_id)
            assert row.credential_id
            assert row.remote_tenant_id
            tenant_id, tokens = row.remote_tenant_id, TokenSource(platform, row.credential_id)
        return self.provider.connect(
            platform.settings.provider(self.name), tenant_id=tenant_id, access_token=tokens, clock=platform.clock
        )

    def context(self, **more: Any) -> MappingContext:
        """Return what mappers are told, with our own reference for the customer."""
        with self.office.platform.database.read() as session:
            ground = ground_of(self.office.platform, session, session.get_one(ConnectionRow, self.office.connection_id))
        return replace(ground.reading, references={CUSTOMER: "C-1-0123456789ab"}, **more)

    def project(self, record: Customer) -> Snapshot:
        """Return a customer as the package can hold it."""
        return self.provider.mappers[EntityKind.CUSTOMER].project(record, self.context()).snapshot

    def element(
        self,
        record: Customer,
        operation: Operation = Operation.CREATE,
        *,
        theirs: RemoteRecord | None = None,
        changed: frozenset[str] = frozenset(),
    ) -> Element:
        """Return a write of a customer."""
        mapper = self.provider.mappers[EntityKind.CUSTOMER]
        body = mapper.body(operation, self.project(record), changed=changed, theirs=theirs, context=self.context())
        return Element(
            kind=EntityKind.CUSTOMER,
            operation=operation,
            body=body,
            remote_id=None if theirs is None else theirs.remote_id,
            version=None if theirs is None else theirs.version,
        )

    def read(self, remote: RemoteRecord) -> Snapshot:
        """Read a customer there into the fields of ours."""
        return self.provider.mappers[EntityKind.CUSTOMER].read(remote, self.context())


def customer(name: str, number: int = 1, **fields: Any) -> Customer:
    """Return a company with a name."""
    return Customer(
        id=f"c{number}",
        kind=CustomerKind.COMPANY,
        type=CustomerType.CLIENT,
        name=name,
        full_name=name,
        depth=1,
        **fields,
    )


def send(connector: Connector, elements: list[Element], key: str = "key-1") -> Answer:
    """Send elements as one request."""
    return connector.send(connector.pack(elements, key=key), count=len(elements))


def written(outcome: Outcome) -> RemoteRecord:
    """Return what was stored."""
    assert isinstance(outcome, Written), outcome
    return outcome.record


def customers_of(connector: Connector) -> list[RemoteRecord]:
    """Return every customer there."""
    pages = connector.everything(frozenset({Family.CUSTOMER}))
    return [record for page in pages for record in page.records if not record.deleted]


class _Faults:
    """Trouble at a stand-in package."""

    def __init__(self, package: Running) -> None:
        self._package = package

    def lose_answer(self) -> None:
        self._add(kind=FaultKind.DROP, when=When.AFTER)

    def lose_request(self) -> None:
        self._add(kind=FaultKind.DROP, when=When.BEFORE)

    def be_busy(self) -> None:
        self._add(kind=FaultKind.THROTTLE, retry_after=30)

    def lock_out(self) -> None:
        Bookkeeper(self._package.sandbox).disconnect()

    def _add(self, **rule: Any) -> None:
        self._package.sandbox.faults.add(FaultRule(method="POST|PUT", path="^/(v3|api)", **rule))


class _Marks:
    """Trouble with a file: marks beside it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def lose_answer(self) -> None:
        self._path.with_suffix(".lost").touch()

    def lose_request(self) -> None:
        self._path.with_suffix(".deaf").touch()

    def be_busy(self) -> None:
        self._path.with_suffix(".busy").touch()

    def lock_out(self) -> None:
        self._path.with_suffix(".closed").touch()


class _Clerk:
    """Somebody with an editor."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock = path, clock

    def add_customer(self, name: str) -> str:
        with book.opened(self._path) as rows:
            remote_id = f"by-hand-{len(rows)}"
            blank = dict.fromkeys(book.COLUMNS, "")
            told = {"family": "customer", "id": remote_id, "version": "1", "active": "yes", "name": name}
            rows.append({**blank, **told, "modified": self._clock().isoformat()})
        return remote_id

    def edit(self, remote_id: str, **values: str) -> None:
        with book.opened(self._path) as rows:
            row = next(row for row in rows if row["id"] == remote_id)
            row.update(values, version=str(int(row["version"]) + 1), modified=self._clock().isoformat(), key="")

    def customer(self, remote_id: str) -> Mapping[str, Any]:
        row = next(row for row in book.read(self._path) if row["id"] == remote_id)
        digits = re.sub(r"\D", "", row["phone"]) or None
        return {**row, "email": row["email"] or None, "phone": digits, "active": row["active"] == "yes"}

    def named(self, name: str) -> list[str]:
        rows = book.read(self._path)
        return [row["id"] for row in rows if row["name"] == name and row["active"] == "yes"]


def ledger_bench(folder: Path, database_url: str) -> Bench:
    """Connect a new CSV file."""
    clock, path = Clock(), folder / "ledger.csv"
    given = {"database_url": database_url, **KEYS}
    office = _open(SimpleNamespace(sandbox=SimpleNamespace(name="ledger", clock=clock)), given, clock)
    started = connect.start(
        office.platform, organisation_id=office.organisation_id, provider="ledger", actor="user:ann"
    )
    state = re.search(r"state=([^&]+)", started.authorize_url)
    assert state
    arguments = {"state": state[1], "code": "chosen", "file": str(path)}
    connection_id = consenting.complete(office.platform, provider="ledger", arguments=arguments)
    return Bench("ledger", replace(office, connection_id=connection_id), _Clerk(path, clock), _Marks(path))


def package_bench(package: Running, database_url: str) -> Bench:
    """Connect a company at a stand-in package."""
    office = connected(_open(package, settings_of(package, database_url), package.sandbox.clock))
    return Bench(package.sandbox.name, office, Bookkeeper(package.sandbox), _Faults(package))


def _open(package: Any, given: dict[str, Any], clock: Clock) -> Office:
    built = build_platform(load_settings(env_file=None, **given), clock=clock, providers=THREE)
    platform: Platform = MovedClock(**{part.name: getattr(built, part.name) for part in fields(built)})
    if not schema.is_current(platform.database):
        schema.upgrade(platform.database)
    with platform.database.write() as session:
        organisation = Organisation(name="Office", currency="USD")
        session.add(organisation)
        session.flush()
        return Office(platform, package, organisation.id)


def later(bench: Bench, minutes: int = 1) -> None:
    """Let time pass at both ends."""
    bench.office.platform.pause(timedelta(minutes=minutes).total_seconds())
