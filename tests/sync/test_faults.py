"""Whatever goes wrong on the wire: a few syncs later both books are as if nothing had been."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from sandbox.common.faults import FaultRule
from sandbox.common.sandbox import Sandbox
from sandbox.common.server import Running
from service.core.ports import EntityKind
from service.settings import Settings
from service.store.records import InvoiceRow
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.conftest import clean
from tests.sync.ledger import books_of
from tests.sync.office import Office, live, open_office

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

KINDS = ("Contact", "Customer", "Invoice", "Payment")
FAULTS: dict[str, dict[str, Any]] = {
    "dropped before the write": {"kind": "drop", "when": "before"},
    "dropped after the write": {"kind": "drop", "when": "after"},
    "hangs past the time-out, then writes": {"kind": "hang", "when": "before", "seconds": 0.9},
    "500 after the write": {"kind": "status", "status": 500, "when": "after"},
    "503 before the write": {"kind": "status", "status": 503, "when": "before"},
    "429 that names a short rest": {"kind": "throttle", "retry_after": 7},
    "429 that names a long rest": {"kind": "throttle", "retry_after": 600},
    "429 that names no rest": {"kind": "throttle"},
    "half an answer": {"kind": "half"},
    "one element of a batch refused": {"kind": "elements", "elements": [1]},
}


def first_day(office: Office, made: dict[str, str]) -> None:
    """New customers, invoices and payments: a batch of each."""
    for name in ("Cedar Vets", "Maple Dental", "Oak Bakery"):
        made[name] = office.add_customer(name=name, email=f"{name.split()[0].lower()}@office.example")
    for number, name in (("INV-1", "Cedar Vets"), ("INV-2", "Maple Dental"), ("INV-3", "Oak Bakery")):
        made[number] = office.add_invoice(made[name], number=number)
    for number in ("INV-1", "INV-2"):
        made[f"payment of {number}"] = office.pay(made[number], "100", reference=number)


def second_day(office: Office, made: dict[str, str]) -> None:
    """Changes: a batch of customers, a single invoice, and two equal payments of it."""
    office.edit_customer(made["Cedar Vets"], phone="+1 415 555 0101")
    office.edit_customer(made["Maple Dental"], phone="+1 415 555 0102")
    office.edit_invoice(made["INV-3"], reference="PO 77")
    office.pay(made["INV-3"], "50")
    office.pay(made["INV-3"], "50")


def third_day(office: Office, made: dict[str, str]) -> None:
    """A payment is taken back; a customer comes by and is alone in its batch."""
    office.take_back(made["payment of INV-1"])
    made["Elm Books"] = office.add_customer(name="Elm Books")


def fourth_day(office: Office, made: dict[str, str]) -> None:
    """The invoice that is open again is voided, the customer archived."""
    office.void(made["INV-1"])
    office.archive(made["Elm Books"])


def live_through(office: Office, morning: Callable[[], None]) -> dict[str, str]:
    """Live through the days, each until everything has settled; ``morning`` is called before each."""
    made: dict[str, str] = {}
    for day in (first_day, second_day, third_day, fourth_day):
        morning()
        day(office, made)
        office.settled()
    return made


def strike(sandbox: Sandbox, fault: Mapping[str, Any]) -> None:
    """Let the fault strike the first write of each kind from now on, alone or in a batch."""
    sandbox.faults.clear()
    for kind in KINDS:
        for match in ({"path": f"(?i)/{kind}s?([/?]|$)"}, {"path": "/batch", "body": f'"{kind}": ?{{'}):
            sandbox.faults.add(FaultRule.from_json({"method": "PUT|POST", **match, **fault}))


_UNDISTURBED: dict[str, Mapping[str, list[str]]] = {}


@pytest.fixture
def undisturbed(package: Running, migrated_sqlite: Path, tmp_path: Path) -> Mapping[str, list[str]]:
    """The package's books after the same days without a fault."""
    name = package.sandbox.name
    if name not in _UNDISTURBED:
        database = tmp_path / "undisturbed.db"
        shutil.copyfile(migrated_sqlite, database)
        office = live(open_office(package, f"sqlite:///{database}"))
        live_through(office, lambda: None)
        office.platform.database.close()
        _UNDISTURBED[name] = books_of(package.sandbox)
        clean(package)
    return _UNDISTURBED[name]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=[name.replace(" ", "_") for name in FAULTS])
def test_both_books_are_as_if_nothing_had_gone_wrong(
    undisturbed: Mapping[str, list[str]], office: Office, fault: Mapping[str, Any]
) -> None:
    patient = live(replace(office, platform=replace(office.platform, settings=impatient(office))))
    struck = patient.package.sandbox
    live_through(patient, lambda: strike(struck, fault))
    assert any(seen.fault for seen in struck.log.writes)
    assert books_of(struck) == undisturbed
    links = patient.links()
    assert len({(link.entity, link.record_id) for link in links}) == len(links)
    assert len({(link.family, link.remote_id) for link in links}) == len(links)
    assert {link.remote_id is not None for link in links} == {True}
    written = patient.writes()
    assert patient.sync().state == "succeeded"
    assert patient.writes() == written
    assert patient.counts()["red"] == patient.counts()["orange"] == 0


def test_a_write_that_lands_after_its_repeat_was_put_off_is_not_doubled(office: Office, bookkeeper: Bookkeeper) -> None:
    patient = live(replace(office, platform=replace(office.platform, settings=impatient(office))))
    invoice = patient.add_invoice(patient.add_customer(name="Cedar Vets"))
    patient.settled()
    there = patient.remote_id(invoice, EntityKind.INVOICE)
    payment = patient.pay(invoice, "100")
    faults = patient.package.sandbox.faults
    match = {"method": "PUT|POST", "path": "(?i)/payments?([/?]|$)"}
    faults.add(FaultRule.from_json({"kind": "hang", "seconds": 30, **match}))
    faults.add(FaultRule.from_json({"kind": "throttle", "retry_after": 600, "nth": 2, **match}))
    assert patient.sync().problem is not None
    assert bookkeeper.payments_of(there) == []
    faults.clear()  # lets the first request go on
    while not bookkeeper.payments_of(there):
        Event().wait(0.01)
    patient.platform.pause(700)
    patient.settled()
    assert bookkeeper.payments_of(there) == [100]
    assert patient.dot(payment, EntityKind.PAYMENT) == "green"
    assert patient.ours(InvoiceRow, invoice).amount_paid == 100


def impatient(office: Office) -> Settings:
    """Return settings that give up waiting for an answer soon."""
    return office.platform.settings.model_copy(update={"provider_timeout": 0.5})
