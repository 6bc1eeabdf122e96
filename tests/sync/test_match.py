"""The first match over both packages: kept proposals, decisions, long lists, and what exists only there."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from threading import Event
from typing import Any

import pytest
from sqlalchemy import func, select

from service.core.matching import Party, Proposal, propose
from service.store.queries import connections as queries
from service.store.queries.pages import Page
from service.store.records import CustomerRow
from service.sync import golive, match, proposing
from service.sync.connect import WrongState
from service.sync.match import Match
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office, connected, live


def _where(office: Office) -> dict[str, str]:
    return {"organisation_id": office.organisation_id, "connection_id": office.connection_id}


def _listed(office: Office) -> list[Match]:
    return match.list_matches(office.platform, **_where(office))


def _open(office: Office) -> list[tuple[str, str, bool]]:
    return [(one.customer_name, one.remote_name, one.ambiguous) for one in _listed(office) if one.decision is None]


def _decide(office: Office, *decisions: tuple[str, str, str]) -> int:
    return match.decide(office.platform, decisions=decisions, actor="user:ann", **_where(office))


def _accept(office: Office, above: str) -> int:
    return match.accept(office.platform, above=Decimal(above), actor="user:ann", **_where(office))


def _only_there(office: Office) -> list[str]:
    proposing.look(office.platform, office.organisation_id, office.connection_id)
    with office.platform.database.read() as session:
        row = queries.get(session, office.organisation_id, office.connection_id)
        found: Page[match.Candidate] = match.candidates(office.platform, session, row, limit=100)
        return [one.name for one in found.items]


def _customers(office: Office) -> int:
    with office.platform.database.read() as session:
        return session.scalar(select(func.count()).select_from(CustomerRow)) or 0


def _never(*_: Any, **__: Any) -> Sequence[Proposal]:
    message = "nothing has changed, so nothing needs to be compared"
    raise AssertionError(message)


def _again(office: Office) -> None:
    """Have the other side looked at once more."""
    office.sync("reconcile", full=True)


def test_a_second_look_compares_nothing_and_shows_the_same(
    office: Office, bookkeeper: Bookkeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.add_customer(name="Acme Limited")
    bookkeeper.add_customer("ACME Ltd.")
    office = connected(office)
    first = _listed(office)
    assert [(one.customer_name, one.remote_name, one.confidence) for one in first] == [
        ("Acme Limited", "ACME Ltd.", Decimal("0.95"))
    ]
    monkeypatch.setattr(proposing, "propose", _never)
    assert _listed(office) == first


def test_a_change_on_either_side_is_looked_at(office: Office, bookkeeper: Bookkeeper) -> None:
    customer_id = office.add_customer(name="Acme Limited")
    office = connected(office)
    assert _open(office) == []
    bookkeeper.add_customer("ACME Ltd.")
    _again(office)
    assert _open(office) == [("Acme Limited", "ACME Ltd.", False)]
    office.edit_customer(customer_id, name="Apex Limited")
    assert _open(office) == []


def test_inactive_entities_take_part(office: Office, bookkeeper: Bookkeeper) -> None:
    office.add_customer(name="Acme Limited")
    bookkeeper.archive(bookkeeper.add_customer("ACME Ltd."))
    (found,) = _listed(connected(office))
    assert "archived there" in found.evidence


def test_a_pair_kept_separate_is_never_proposed_again(office: Office, bookkeeper: Bookkeeper) -> None:
    customer_id = office.add_customer(name="Acme Limited")
    remote_id = bookkeeper.add_customer("ACME Ltd.")
    office = connected(office)
    assert _decide(office, (customer_id, remote_id, "separate")) == 1
    assert _decide(office, (customer_id, remote_id, "separate")) == 0
    office.edit_customer(customer_id, phone="+1 212 555 0100")
    bookkeeper.edit(remote_id, email="office@acme.example")
    _again(office)
    assert [one.decision for one in _listed(office)] == ["separate"]
    assert golive.go_live(office.platform, actor="user:ann", **_where(office)) == []


def test_linking_one_of_several_leaves_no_question_about_the_others(office: Office, bookkeeper: Bookkeeper) -> None:
    customer_id = office.add_customer(name="Acme Limited")
    office.add_customer(name="Freeman Tools")
    here, _ = bookkeeper.add_customer("ACME LTD"), bookkeeper.add_customer("Acme Ltd.")
    bookkeeper.add_customer("Freeman Tools")
    office = connected(office)
    assert sorted(_open(office)) == [
        ("Acme Limited", "ACME LTD", True),
        ("Acme Limited", "Acme Ltd.", True),
        ("Freeman Tools", "Freeman Tools", False),
    ]
    assert _accept(office, "0") == 1
    assert _decide(office, (customer_id, here, "link")) == 1
    assert _open(office) == []
    assert _only_there(office) == ["Acme Ltd."]


def test_keeping_one_of_two_separate_leaves_the_other_clear(office: Office, bookkeeper: Bookkeeper) -> None:
    customer_id = office.add_customer(name="Acme Limited")
    first, _ = bookkeeper.add_customer("ACME LTD"), bookkeeper.add_customer("Acme Ltd.")
    office = connected(office)
    _decide(office, (customer_id, first, "separate"))
    assert _open(office) == [("Acme Limited", "Acme Ltd.", False)]


def test_a_link_that_is_taken_back_brings_its_rivals_back(office: Office, bookkeeper: Bookkeeper) -> None:
    customer_id = office.add_customer(name="Acme Limited")
    first, _ = bookkeeper.add_customer("ACME LTD"), bookkeeper.add_customer("Acme Ltd.")
    office = connected(office)
    _decide(office, (customer_id, first, "link"))
    _decide(office, (customer_id, first, "separate"))
    assert _open(office) == [("Acme Limited", "Acme Ltd.", False)]


def test_what_is_accepted_in_bulk_is_clear_and_sure_enough(office: Office, bookkeeper: Bookkeeper) -> None:
    for ours, theirs in (("Acme Limited", "ACME Ltd."), ("Hampton Motors", "Hamton Motors")):
        office.add_customer(name=ours)
        bookkeeper.add_customer(theirs)
    office.add_customer(name="Freeman Tools", email="office@freeman.example")
    bookkeeper.add_customer("Freeman Tools", email="office@freeman.example")
    office = connected(office)
    assert _accept(office, "1") == 1
    assert _accept(office, "0.95") == 1
    assert _open(office) == [("Hampton Motors", "Hamton Motors", False)]
    assert _accept(office, "0.5") == 1


def test_a_decision_that_cannot_be_taken_changes_nothing(office: Office, bookkeeper: Bookkeeper) -> None:
    acme, apex = office.add_customer(name="Acme Limited"), office.add_customer(name="Apex")
    there, other = bookkeeper.add_customer("ACME Ltd."), bookkeeper.add_customer("Apex Roofs")
    office = connected(office)
    _decide(office, (acme, there, "link"))
    for unknown_or_taken in (("0" * 32, other), (apex, "nobody"), (apex, there), (acme, other)):
        with pytest.raises(match.BadDecision):
            _decide(office, (*unknown_or_taken, "link"))
    assert [(one.customer_id, one.remote_id) for one in _listed(office) if one.decision] == [(acme, there)]


def test_long_lists_are_compared_in_the_background(
    office: Office, bookkeeper: Bookkeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.add_customer(name="Acme Limited")
    bookkeeper.add_customer("ACME Ltd.")
    go_on = Event()

    def slow(ours: Sequence[Party], theirs: Sequence[Party], **given: Any) -> Sequence[Proposal]:
        go_on.wait(30)
        return propose(ours, theirs, **given)

    monkeypatch.setattr(proposing, "AT_ONCE", 0)
    monkeypatch.setattr(proposing, "propose", slow)
    monkeypatch.setattr(proposing, "PATIENCE", 0)
    office = connected(office)
    where = (office.platform, office.organisation_id, office.connection_id)
    assert not proposing.look(*where, patience=0)
    with pytest.raises(WrongState, match="still being compared"):
        _accept(office, "0.95")
    assert [one.key for one in golive.go_live(office.platform, actor="user:ann", **_where(office))] == ["comparing"]
    go_on.set()
    assert proposing.look(*where, patience=30)
    assert _open(office) == [("Acme Limited", "ACME Ltd.", False)]


def test_what_the_bookkeeper_adds_after_going_live_is_a_candidate_and_is_not_created_here(
    office: Office, bookkeeper: Bookkeeper
) -> None:
    office = live(office)
    bookkeeper.add_customer("Walk-in Customer", email="walk@in.example")
    office.sync()
    assert _only_there(office) == ["Walk-in Customer"]
    assert _open(office) == []
    assert _customers(office) == 0
