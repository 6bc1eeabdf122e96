"""What a bookkeeper changes there, what we change here, and what happens when it is the same field."""

from __future__ import annotations

import pytest

from service.core.problem import OptionId, from_json, options
from service.store.records import CustomerRow
from service.store.sync_models import ProblemRow
from service.sync import run as running
from tests.sync.bookkeeper import Bookkeeper, digits
from tests.sync.office import Office, live

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

PHONE, OTHER_PHONE = "+1 415 555 0100", "+1 415 555 0199"


def cedar(office: Office, **fields: str) -> tuple[str, str]:
    """Send a customer; return its id here and there."""
    customer = office.add_customer(name="Cedar Vets", email="billing@cedar.example", phone=PHONE, **fields)
    assert office.sync().state == "succeeded"
    return customer, office.remote_id(customer)


def disputed(office: Office, bookkeeper: Bookkeeper) -> tuple[str, str]:
    """Let both sides change the phone and the email of a customer that agreed before."""
    customer, there = cedar(office)
    bookkeeper.edit(there, email="theirs@cedar.example", phone="+1 415 555 0111")
    office.edit_customer(customer, email="ours@cedar.example", phone=OTHER_PHONE)
    return customer, there


def test_an_edit_there_of_a_field_that_both_own_travels_here(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer, there = cedar(live_office)
    written = live_office.writes()
    bookkeeper.edit(there, email="new@cedar.example", phone=OTHER_PHONE)
    run = live_office.sync()
    ours = live_office.ours(CustomerRow, customer)
    assert (ours.email, digits(ours.phone)) == ("new@cedar.example", digits(OTHER_PHONE))
    assert (run.counts["pulled"], live_office.writes()) == (1, written)
    assert live_office.dot(customer) == "green"
    changed = live_office.events("edited", customer)[-1]
    assert changed.actor == f"package:{live_office.connection_id}"
    assert "theirs changed" in str(changed.why)


def test_what_came_from_there_is_not_sent_back(live_office: Office, bookkeeper: Bookkeeper) -> None:
    _, there = cedar(live_office)
    bookkeeper.edit(there, email="new@cedar.example")
    live_office.sync()
    written = live_office.writes()
    assert live_office.sync().state == "succeeded"
    assert live_office.writes() == written


def test_an_edit_there_of_a_field_that_we_own_is_put_back(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer, there = cedar(live_office)
    bookkeeper.edit(there, name="Cedar Veterinarians")
    live_office.sync()
    assert bookkeeper.customer(there)["name"] == "Cedar Vets"
    assert live_office.dot(customer) == "green"
    sent = live_office.events("sent", customer)[-1]
    assert "owner is ours: put back" in str(sent.why)
    assert "Cedar Veterinarians" in str(sent.before)


def test_edits_of_different_fields_on_both_sides_both_arrive(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer, there = cedar(live_office)
    bookkeeper.edit(there, email="new@cedar.example")
    live_office.edit_customer(customer, phone=OTHER_PHONE)
    live_office.sync()
    ours, theirs = live_office.ours(CustomerRow, customer), bookkeeper.customer(there)
    assert (ours.email, digits(ours.phone)) == ("new@cedar.example", digits(OTHER_PHONE))
    assert (theirs["email"], theirs["phone"]) == ("new@cedar.example", digits(OTHER_PHONE))
    assert live_office.dot(customer) == "green"


def test_the_same_field_changed_on_both_sides_waits_for_a_person(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer, there = disputed(live_office, bookkeeper)
    written = live_office.writes()
    run = live_office.sync()
    assert (run.state, run.counts["conflicts"], live_office.writes()) == ("partial", 1, written)
    assert live_office.dot(customer) == "red"
    row: ProblemRow = live_office.problem()
    problem = from_json(row.document)
    assert problem.kind == "both_changed"
    fields = {one.field: (one.ours, one.theirs, one.agreed) for one in problem.fields}
    assert fields["email"] == ("ours@cedar.example", "theirs@cedar.example", "billing@cedar.example")
    assert {digits(str(value)) for value in fields["phone"]} == {"4155550199", "4155550111", "4155550100"}
    assert {option.id for option in options(problem)} == {"choose_fields", "keep_ours", "keep_theirs"}
    assert live_office.ours(CustomerRow, customer).email == "ours@cedar.example"
    assert bookkeeper.customer(there)["email"] == "theirs@cedar.example"


def test_a_dispute_is_not_asked_twice(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer, _ = disputed(live_office, bookkeeper)
    live_office.sync()
    asked = live_office.problem().id
    live_office.sync()
    assert live_office.problem().id == asked
    assert len(live_office.events("needs a person", customer)) == 1


@pytest.mark.parametrize(
    ("option", "chosen", "email", "phone"),
    [
        (OptionId.KEEP_OURS, {}, "ours@cedar.example", "4155550199"),
        (OptionId.KEEP_THEIRS, {}, "theirs@cedar.example", "4155550111"),
        (OptionId.CHOOSE_FIELDS, {"email": "ours", "phone": "theirs"}, "ours@cedar.example", "4155550111"),
        (OptionId.CHOOSE_FIELDS, {"email": "theirs", "phone": "ours"}, "theirs@cedar.example", "4155550199"),
    ],
)
def test_each_answer_to_a_dispute_ends_with_both_sides_alike(
    live_office: Office,
    bookkeeper: Bookkeeper,
    option: OptionId,
    chosen: dict[str, str],
    email: str,
    phone: str,
) -> None:
    customer, there = disputed(live_office, bookkeeper)
    live_office.sync()
    live_office.answer(option, fields=chosen)
    assert live_office.dot(customer) == "orange"
    assert live_office.sync().state == "succeeded"
    ours, theirs = live_office.ours(CustomerRow, customer), bookkeeper.customer(there)
    assert (ours.email, digits(ours.phone)) == (email, phone)
    assert (theirs["email"], theirs["phone"]) == (email, phone)
    assert live_office.dot(customer) == "green"
    written = live_office.writes()
    live_office.sync()
    assert (live_office.writes(), live_office.dot(customer)) == (written, "green")


def test_an_edit_there_after_the_answer_is_seen_and_asked_about(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer, there = disputed(live_office, bookkeeper)
    live_office.sync()
    live_office.answer(OptionId.KEEP_OURS)
    bookkeeper.edit(there, email="third@cedar.example")
    live_office.sync()
    assert live_office.dot(customer) == "red"
    assert bookkeeper.customer(there)["email"] == "third@cedar.example"


def test_the_bookkeeper_giving_in_settles_a_dispute(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer, there = disputed(live_office, bookkeeper)
    live_office.sync()
    bookkeeper.edit(there, email="ours@cedar.example", phone=OTHER_PHONE)
    live_office.sync()
    assert live_office.dot(customer) == "green"
    assert live_office.problems() == []


def test_giving_in_here_settles_a_dispute(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer, _ = disputed(live_office, bookkeeper)
    live_office.sync()
    live_office.edit_customer(customer, email="theirs@cedar.example", phone="+1 415 555 0111")
    live_office.sync()
    assert live_office.dot(customer) == "green"
    assert live_office.problems() == []


def test_the_same_change_on_both_sides_is_no_conflict(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer, there = cedar(live_office)
    bookkeeper.edit(there, email="new@cedar.example")
    live_office.edit_customer(customer, email="new@cedar.example")
    written = live_office.writes()
    assert live_office.sync().state == "succeeded"
    assert (live_office.dot(customer), live_office.writes()) == ("green", written)


def test_at_the_first_meeting_a_blank_takes_the_other_sides_value(office: Office, bookkeeper: Bookkeeper) -> None:
    there = bookkeeper.add_customer("Cedar Vets", phone=PHONE)
    customer = office.add_customer(name="Cedar Vets", email="billing@cedar.example")
    met = live(office, decision="link")
    assert met.sync().state == "succeeded", [row.document for row in met.problems()]
    assert met.remote_id(customer) == there
    assert digits(met.ours(CustomerRow, customer).phone) == digits(PHONE)
    assert bookkeeper.customer(there)["email"] == "billing@cedar.example"
    assert met.dot(customer) == "green"


def test_at_the_first_meeting_two_values_are_a_question(office: Office, bookkeeper: Bookkeeper) -> None:
    there = bookkeeper.add_customer("Cedar Vets", phone=OTHER_PHONE)
    customer = office.add_customer(name="Cedar Vets", phone=PHONE)
    met = live(office, decision="link")
    met.sync()
    problem = from_json(met.problem().document)
    assert [(one.field, one.agreed) for one in problem.fields] == [("phone", None)]
    met.answer(OptionId.KEEP_THEIRS)
    met.sync()
    assert digits(met.ours(CustomerRow, customer).phone) == bookkeeper.customer(there)["phone"] == digits(OTHER_PHONE)
    assert met.dot(customer) == "green"


def test_an_edit_made_while_a_push_is_under_way_is_sent_after_it(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer, there = cedar(live_office)
    live_office.edit_customer(customer, phone=OTHER_PHONE)
    written = live_office.writes()

    def meanwhile() -> None:
        live_office.edit_customer(customer, email="during@cedar.example")

    with live_office.during_the_next_write(meanwhile):
        assert live_office.sync().state == "succeeded"
    assert (live_office.writes(), live_office.dot(customer)) == (written + 2, "green")
    theirs = bookkeeper.customer(there)
    assert (theirs["email"], theirs["phone"]) == ("during@cedar.example", digits(OTHER_PHONE))


def test_what_the_bookkeeper_changes_while_a_push_is_under_way_comes_in_after_it(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    customer, there = cedar(live_office)
    live_office.edit_customer(customer, email="new@cedar.example")
    with live_office.during_the_next_write(lambda: bookkeeper.edit(there, phone=OTHER_PHONE)):
        live_office.sync()
    live_office.settled()
    theirs, ours = bookkeeper.customer(there), live_office.ours(CustomerRow, customer)
    assert (theirs["email"], theirs["phone"]) == ("new@cedar.example", digits(OTHER_PHONE))
    assert (ours.email, digits(ours.phone)) == ("new@cedar.example", digits(OTHER_PHONE))
    assert live_office.dot(customer) == "green"


def test_until_it_is_sent_an_edit_made_during_a_push_is_orange(
    live_office: Office, bookkeeper: Bookkeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer, there = cedar(live_office)
    live_office.edit_customer(customer, phone=OTHER_PHONE)
    monkeypatch.setattr(running, "_PASSES", 1)
    with live_office.during_the_next_write(lambda: live_office.edit_customer(customer, phone="+1 415 555 0155")):
        live_office.sync()
    assert (live_office.dot(customer), bookkeeper.customer(there)["phone"]) == ("orange", digits(OTHER_PHONE))
    live_office.sync()
    assert (live_office.dot(customer), bookkeeper.customer(there)["phone"]) == ("green", "4155550155")
