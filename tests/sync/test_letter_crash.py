"""A worker may die at any moment: no invoice is ever mailed twice, and no letter says what is not so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from sqlalchemy.orm import Session

from service.core.letter import LetterState
from service.store import leases
from service.store.database import Database
from tests.support.smtp import MailBox
from tests.sync.letters import ask, deliver, killed, letter, mailed_there
from tests.sync.office import Office

pytestmark = [
    pytest.mark.parametrize("database_kind", ["sqlite"]),
    pytest.mark.parametrize("package_server", ["quickbooks"], indirect=True),
]
#: More units of writing than carrying a letter takes.
MOST = 20
#: How a letter may end, with how many mails: nobody ever gets two, and "sent" is never said of none.
ENDS = {(LetterState.SENT, 1), (LetterState.UNKNOWN, 0), (LetterState.UNKNOWN, 1)}


@contextmanager
def dying(monkeypatch: pytest.MonkeyPatch, at: int, *, after: bool) -> Iterator[list[str]]:
    """End the worker at the n-th unit of writing: before it is committed, or right after; give a list for who lived."""
    count = 0
    write = Database.write

    @contextmanager
    def counting(self: Database, **how: Any) -> Iterator[Session]:
        nonlocal count
        count += 1
        mine = count == at
        with write(self, **how) as session:
            yield session
            if mine and not after:
                killed()
        if mine:
            killed()

    lived: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(Database, "write", counting)
        with suppress(KeyboardInterrupt):
            yield lived


def survive(office: Office, box: MailBox, monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, int]]:
    """Let a worker die at each of its moments, another one follow; return how the letters ended and what arrived."""
    client = office.add_customer(name="Elm School", email="ap@elm.example")
    override = {"to": ["ap@elm.example"], "cc": []}
    invoices = [office.add_invoice(client, recipients_override=override) for _ in range(2 * MOST)]
    while office.connection_id and office.sync().state != "succeeded":
        office.platform.pause(60)
    monkeypatch.setattr(leases, "_is_dead", lambda _: True)
    ends, died = set(), True
    for number, invoice in enumerate(invoices):
        before = len(box.mails) + len(mailed_there(office))
        ask(office, invoice)
        with dying(monkeypatch, number // 2 + 1, after=bool(number % 2)) as lived:
            deliver(office)
            lived.append(invoice)
        while letter(office, invoice).state in {LetterState.WAITING, LetterState.IN_FLIGHT}:
            office.platform.pause(60)
            deliver(office)
        ends.add((letter(office, invoice).state, len(box.mails) + len(mailed_there(office)) - before))
        died = not lived
        if not died:
            break
    assert not died, "there are more moments than were tried"
    return ends


def test_mail_of_our_own_never_goes_twice(desk: Office, box: MailBox, monkeypatch: pytest.MonkeyPatch) -> None:
    assert survive(desk, box, monkeypatch) == ENDS


def test_a_package_is_never_asked_twice(connected: Office, box: MailBox, monkeypatch: pytest.MonkeyPatch) -> None:
    assert survive(connected, box, monkeypatch) <= ENDS
    assert box.mails == []
