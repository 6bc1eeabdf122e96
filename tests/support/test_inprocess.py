"""A package that is served in process answers, fails and hangs as it does over a socket."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import requests

import sandbox
from sandbox.common.faults import FaultRule
from sandbox.common.server import Running
from service.core.errors import ConnectorError, Transient
from service.core.intent import Operation
from service.core.ports import Answer, Element, EntityKind, Written
from service.sync.work import Work
from tests.support.inprocess import InProcess, start_in_process, without_fsync
from tests.support.network import OutsideWorldError
from tests.sync.ledger import books_of
from tests.sync.office import live, open_office, start_empty

#: Seconds that the caller waits for an answer.
PATIENCE = 0.4
FAULTS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "dropped before the write": {"kind": "drop"},
    "dropped after the write": {"kind": "drop", "when": "after"},
    "hangs, then writes": {"kind": "hang", "seconds": 30},
    "writes, then hangs": {"kind": "hang", "seconds": 30, "when": "after"},
    "hangs for a moment": {"kind": "hang", "seconds": 0.01},
    "500 before the write": {"kind": "status", "status": 500},
    "500 after the write": {"kind": "status", "status": 500, "when": "after"},
    "503 after the write": {"kind": "status", "status": 503, "when": "after"},
    "429 that names a rest": {"kind": "throttle", "retry_after": 7},
    "429 that names none": {"kind": "throttle"},
    "half an answer": {"kind": "half"},
    "no JSON": {"kind": "malformed"},
    "one element refused": {"kind": "elements", "elements": [1]},
}


def told(outcome: object) -> tuple[object, ...]:
    """Return what the sync goes by."""
    if isinstance(outcome, Written):
        return ("written", outcome.record.name)
    assert isinstance(outcome, ConnectorError)
    rest = outcome.retry_after if isinstance(outcome, Transient) else None
    return (type(outcome).__name__, outcome.message, outcome.code, outcome.answered, outcome.provider_code, rest)


def seen_through(package: Running, database: Path, land: Callable[[], object]) -> Iterator[object]:
    """Yield, fault by fault, what a batch of two came to, what the log says of it, and the books before and after
    whatever hangs has landed.
    """
    office = live(open_office(package, f"sqlite:///{database}", provider_timeout=PATIENCE))
    without_fsync(office.platform.database)
    connector = Work(office.platform, office.connection_id, holder="a test").connector
    name = "Name" if package.sandbox.name == "xero" else "DisplayName"
    for number, (said, fault) in enumerate(FAULTS.items()):
        bodies = ({name: f"{one} {number}"} for one in ("Cedar", "Maple"))
        elements = [Element(kind=EntityKind.CUSTOMER, operation=Operation.CREATE, body=body) for body in bodies]
        request = connector.pack(elements, key=f"key-{number}")
        package.sandbox.log.clear()
        if fault:
            package.sandbox.faults.add(FaultRule.from_json({"method": "PUT|POST", **fault}))
        outcomes: list[object]
        try:
            answer: Answer = connector.send(request, count=2)
            outcomes = [told(outcome) for outcome in answer.outcomes]
        except ConnectorError as error:
            outcomes = [told(error)]
        before = books_of(package.sandbox)
        package.sandbox.faults.clear()
        land()
        log = [(seen.method, seen.endpoint, seen.key, seen.write, seen.sent, seen.digest, seen.status, seen.fault)
               for seen in package.sandbox.log.seen]  # fmt: skip
        yield said, outcomes, log, before, books_of(package.sandbox)


@pytest.mark.parametrize("name", sandbox.names())
def test_both_ways_a_caller_meets_the_same(name: str, migrated_sqlite: Path, tmp_path: Path) -> None:
    over_socket, in_process = start_empty(name), start_in_process(name)

    def wait_until_answered() -> None:
        while (last := over_socket.sandbox.log.seen[-1]).status is None and last.fault != "drop":  # never answered
            Event().wait(0.01)

    ways = (
        seen_through(over_socket, Path(shutil.copyfile(migrated_sqlite, tmp_path / "a.db")), wait_until_answered),
        seen_through(in_process, Path(shutil.copyfile(migrated_sqlite, tmp_path / "b.db")), in_process.land),
    )
    for real, quick in zip(*ways, strict=True):
        assert quick == real
    over_socket.stop()
    in_process.stop()


@pytest.fixture
def package() -> Iterator[InProcess]:
    server = start_in_process("xero")
    yield server
    server.stop()


def test_a_request_that_hangs_lands_when_the_test_says_so(package: InProcess) -> None:
    package.sandbox.faults.add(FaultRule.from_json({"kind": "hang", "seconds": 30}))
    began = package.sandbox.clock()
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{package.url}/anything", timeout=10)
    assert (package.sandbox.clock() - began).total_seconds() > 10
    assert [(seen.status, seen.fault) for seen in package.sandbox.log.seen] == [(None, "hang")]
    assert [late.target for late in package.late] == ["/anything"]
    assert (package.land(), package.land()) == (1, 0)
    assert [(seen.status, seen.fault) for seen in package.sandbox.log.seen] == [(404, "hang")]


def test_a_stopped_package_is_gone_and_others_are_as_before(package: InProcess) -> None:
    other = start_in_process("quickbooks")
    package.stop()
    with pytest.raises(OutsideWorldError):
        requests.get(f"{package.url}/anything", timeout=1)
    assert requests.get(f"{other.url}/_sandbox/state", timeout=1).json()["name"] == "quickbooks"
    other.stop()
