"""The syncing process is killed again and again, at moments chosen by a seed: the books come out as if it never was."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import func, select

import sandbox
from sandbox.common.server import Running
from service.records import customers, invoices, payments
from service.records.inputs import CustomerInput, InvoiceInput, PaymentInput
from service.store.sync_models import CallRow, IntentRow
from tests.sync.conftest import clean
from tests.sync.ledger import books_of
from tests.sync.office import Office, live, open_office, settings_of, start_empty

KILLS = 20
COMPANIES, JOBS, INVOICES, PAYMENTS = 50, 50, 75, 40
SEED = 20261122
_ENDING = 60  #: seconds that the next request is waited for


@pytest.fixture(params=sandbox.names())
def package(request: pytest.FixtureRequest) -> Iterator[Running]:
    """Serve a stand-in package without limits, whose first company is empty."""
    limits = ("per_minute", "per_second", "per_day", "concurrent", "batches_per_minute")
    known = import_module(f"sandbox.{request.param}.options").SandboxOptions.__dataclass_fields__
    server = start_empty(request.param, **{name: None for name in limits if name in known})
    yield server
    server.stop()


@dataclass(slots=True)
class Trap:
    """Tells when the package has seen so many requests."""

    package: Any
    left: int = 0
    sprung: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        """Listen to what arrives."""
        arrived = self.package.log.arrived

        def noting(**facts: Any) -> int:
            self.left -= 1
            if self.left == 0:
                self.sprung.set()
            number: int = arrived(**facts)
            return number

        self.package.log.arrived = noting

    def set(self, requests: int) -> None:
        """Wait for so many requests more."""
        self.sprung.clear()
        self.left = requests


def fill(office: Office) -> None:
    """Record the customers, jobs, invoices and payments of a small company."""
    author = office.author()
    with office.platform.database.write() as session:
        owners = []
        for number in range(COMPANIES):
            people = [{"first_name": "Ann", "last_name": f"Lee {number}", "email": f"ann{number}@office.example"}]
            given = CustomerInput.model_validate({"name": f"Company {number}", "contacts": people})
            owners.append(customers.create_customer(session, author, given).id)
        for number in range(JOBS):
            job = CustomerInput.model_validate(
                {"name": "Roof" if number % 2 else "Garden", "parent_id": owners[number]}
            )
            owners.append(customers.create_customer(session, author, job).id)
        for number in range(INVOICES):
            lines = [{"description": "Labour", "quantity": "2", "unit_price": "150"}]
            body = {"customer_id": owners[number], "status": "approved", "lines": lines, "number": f"INV-{number:03}"}
            invoice = invoices.create_invoice(session, author, InvoiceInput.model_validate(body)).id
            if number < PAYMENTS:
                paid = PaymentInput.model_validate({"invoice_id": invoice, "amount": str(100 + number)})
                payments.record_payment(session, author, paid)


def kill_soon(worker: subprocess.Popen[str], connection_id: str, trap: Trap, chance: random.Random, reads: int) -> bool:
    """Begin a life and kill it at a moment that chance chooses; tell whether it was killed before its end.

    :param reads: requests of a life before its first write.
    """
    assert worker.stdin is not None
    assert worker.stdout is not None
    trap.set(chance.randint(1, reads + 3))
    worker.stdin.write(f"{connection_id}\n")
    worker.stdin.flush()
    life = int(worker.stdout.readline())
    trap.sprung.wait(_ENDING)
    Event().wait(chance.choice((0, 0, 0.002, 0.005, 0.01, 0.02, 0.04)))
    with contextlib.suppress(ProcessLookupError):
        os.kill(life, signal.SIGKILL)
    return worker.stdout.readline().strip() == "killed"


def test_a_first_sync_that_is_killed_at_any_moment_ends_as_an_undisturbed_one(
    package: Running, migrated_sqlite: Path, tmp_path: Path
) -> None:
    filled = tmp_path / "filled.db"
    shutil.copyfile(migrated_sqlite, filled)
    office = open_office(package, f"sqlite:///{filled}")
    fill(office)
    office.platform.database.close()

    quiet = live(at(office, package, shutil.copyfile(filled, tmp_path / "quiet.db")))
    quiet.settled()
    undisturbed = books_of(package.sandbox)
    quiet.platform.database.close()
    clean(package)

    mortal = live(at(office, package, shutil.copyfile(filled, tmp_path / "mortal.db")))
    mortal.platform.database.close()
    trap, chance = Trap(package.sandbox), random.Random(SEED)
    command = [
        sys.executable,
        "-m",
        "tests.sync.mortal",
        json.dumps(settings_of(package, mortal.platform.database.url)),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        reads = mortal.platform.provider(package.sandbox.name).capabilities.feed_calls
        killed = [kill_soon(worker, mortal.connection_id, trap, chance, reads) for _ in range(KILLS)]
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(f"{mortal.connection_id}\n")
        worker.stdin.flush()
        worker.stdout.readline()
        assert worker.stdout.readline().strip() == "0", [row.document for row in mortal.problems()]
        worker.stdin.close()
    assert all(killed)
    assert books_of(package.sandbox) == undisturbed
    links = mortal.links()
    assert len(links) == COMPANIES + JOBS + INVOICES + PAYMENTS
    assert len({(link.family, link.remote_id) for link in links}) == len(links)
    assert {(link.confirmed >= link.wanted, link.intent_open) for link in links} == {(True, False)}
    with mortal.platform.database.read() as session:
        for table in (CallRow, IntentRow):
            left_open = select(func.count()).select_from(table).where(table.closed_at.is_(None))
            assert session.scalar(left_open) == 0
    written = mortal.writes()
    assert mortal.sync().state == "succeeded"
    assert mortal.writes() == written
    mortal.platform.database.close()


def at(office: Office, package: Running, database: Path) -> Office:
    """Return the same organisation on another database."""
    return replace(open_office(package, f"sqlite:///{database}"), organisation_id=office.organisation_id)
