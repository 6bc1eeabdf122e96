"""Taking answers back: before a sync acts on them everything is as it was, afterwards as far as values can go back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from service.core.problem import OptionId
from service.store.records import CustomerRow
from service.store.sync_models import ProblemRow
from service.sync import retract
from service.sync.retract import CannotTakeBack
from tests.sync.bookkeeper import Bookkeeper, digits
from tests.sync.office import Office

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

OURS, THEIRS = "+1 415 555 0199", "+1 415 555 0111"


def take_back(office: Office, asked: ProblemRow) -> str | None:
    return retract.take_back(
        office.platform, organisation_id=office.organisation_id, problem_id=asked.id, actor="user:ben"
    )


def prospect(office: Office, asked: ProblemRow) -> retract.Prospect:
    with office.platform.database.read() as session:
        found = retract.prospect(office.platform, session, session.get_one(ProblemRow, asked.id))
        assert found is not None
        return found


def disputed(office: Office, bookkeeper: Bookkeeper) -> tuple[str, str, ProblemRow]:
    """Let both sides change the phone of a customer that agreed before; return its ids and the question."""
    customer = office.add_customer(name="Cedar Vets", phone="+1 415 555 0100")
    office.sync()
    return customer, office.remote_id(customer), dispute(office, bookkeeper, customer)


def dispute(office: Office, bookkeeper: Bookkeeper, customer: str) -> ProblemRow:
    """Let both sides change the phone of a customer; return the question."""
    for phone in ("+1 415 555 0133", OURS):
        office.edit_customer(customer, phone=phone)
        if phone == OURS:
            bookkeeper.edit(office.remote_id(customer), phone=THEIRS)
        office.sync()
    return office.problem()


def facts(office: Office, customer: str) -> tuple[Any, ...]:
    """Return what a question stands on: what was agreed, the tie, the record's own values."""
    link = office.link(customer)
    assert link is not None
    row = office.ours(CustomerRow, customer)
    return link.baseline, link.remote_id, link.remote_name, row.name, row.parent_id, row.archived, row.phone


def test_nothing_is_sent_for_an_answer_that_is_taken_back_in_time(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer, there, asked = disputed(live_office, bookkeeper)
    before, written = facts(live_office, customer), live_office.writes()
    for option in (OptionId.KEEP_OURS, OptionId.KEEP_THEIRS, OptionId.CHOOSE_FIELDS):
        live_office.answer(option, fields={"phone": "ours"})
        assert live_office.dot(customer) == "orange"
        assert prospect(live_office, asked).possible
        again = take_back(live_office, asked)
        assert (live_office.problem().id, live_office.problem().document) == (again, asked.document)
        assert (facts(live_office, customer), live_office.dot(customer)) == (before, "red")
        with pytest.raises(CannotTakeBack, match="taken back already"):
            take_back(live_office, asked)
        asked = live_office.problem()
    live_office.sync()
    assert live_office.writes() == written
    assert digits(bookkeeper.customer(there)["phone"]) == digits(THEIRS)
    live_office.edit_customer(customer, phone=THEIRS)
    live_office.sync()
    with pytest.raises(CannotTakeBack, match="Nobody answered"):
        take_back(live_office, asked)


def test_a_value_that_won_gives_way_to_the_one_that_lost(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer, there, asked = disputed(live_office, bookkeeper)
    for option, then, again in ((OptionId.KEEP_OURS, OURS, THEIRS), (OptionId.KEEP_THEIRS, THEIRS, OURS)):
        live_office.answer(option)
        assert live_office.sync().state == "succeeded"
        assert digits(bookkeeper.customer(there)["phone"]) == digits(then)
        assert prospect(live_office, asked).says.startswith("Sets Phone to ")
        assert take_back(live_office, asked) is None
        assert live_office.sync().state == "succeeded"
        ours = live_office.ours(CustomerRow, customer)
        assert {digits(ours.phone), digits(bookkeeper.customer(there)["phone"])} == {digits(again)}
        assert live_office.dot(customer) == "green"
        asked = dispute(live_office, bookkeeper, customer)
    live_office.answer(OptionId.KEEP_OURS)
    live_office.edit_customer(customer, phone="+1 415 555 0144")
    with pytest.raises(CannotTakeBack, match="changed since"):
        take_back(live_office, asked)
    live_office.sync()
    with pytest.raises(CannotTakeBack, match="carried it out"):
        take_back(live_office, asked)
    live_office.platform.pause(timedelta(days=2).total_seconds())
    with pytest.raises(CannotTakeBack, match="for a day"):
        take_back(live_office, asked)


def test_a_name_and_a_tie_go_back(live_office: Office, bookkeeper: Bookkeeper) -> None:
    there = bookkeeper.add_customer("Cedar Vets")
    customer = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    asked = live_office.problem()
    before = facts(live_office, customer)
    live_office.answer(OptionId.RENAME_OURS, name="Cedar Clinic")
    assert prospect(live_office, asked).says == (
        "Name becomes Cedar Vets again. Nothing was sent yet, and the question is asked again."
    )
    take_back(live_office, asked)
    assert facts(live_office, customer) == before
    for option in (OptionId.LINK_EXISTING, OptionId.UNLINK, OptionId.RETRY):
        asked = live_office.problem()
        live_office.answer(option, remote_id=there)
        take_back(live_office, asked)
        assert (facts(live_office, customer), live_office.dot(customer)) == (before, "red")
    renamed = live_office.problem()
    live_office.answer(OptionId.RENAME_OURS, name="Cedar Clinic")
    live_office.sync()
    assert live_office.dot(customer) == "green"
    take_back(live_office, renamed)
    assert live_office.ours(CustomerRow, customer).name == "Cedar Vets"
    live_office.sync()
    assert live_office.problem().kind == "duplicate_name"


def test_what_is_gone_there_is_asked_about_again_with_its_former_tie(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    customer = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    bookkeeper.vanish(live_office.remote_id(customer))
    live_office.sync("reconcile", full=True)
    before = facts(live_office, customer)
    for option in (OptionId.ARCHIVE_OURS, OptionId.CREATE_NEW, OptionId.UNLINK):
        asked = live_office.problem()
        live_office.answer(option)
        take_back(live_office, asked)
        assert facts(live_office, customer) == before, option
    written = live_office.writes()
    live_office.sync()
    assert live_office.writes() == written
    assert live_office.problem().kind == "deleted_there"
    asked = live_office.problem()
    live_office.answer(OptionId.CREATE_NEW)
    live_office.sync()
    assert not prospect(live_office, asked).possible
    assert "carried it out" in prospect(live_office, asked).says
