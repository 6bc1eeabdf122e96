"""What answers do: what they were to change is what changed, and once is enough. Voids and doubles among them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from service.core.ports import EntityKind
from service.core.problem import OptionId, from_json, options
from service.store.records import CustomerRow, InvoiceRow
from service.store.sync_models import ConnectionRow
from service.sync.resolve import AlreadyAnswered
from tests.sync.answering import changes, is_xero, recommended, said, told
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

INVOICE = EntityKind.INVOICE


def voided(office: Office, bookkeeper: Bookkeeper) -> str:
    """Issue an invoice that the bookkeeper voids; return its id."""
    invoice = office.add_invoice(office.add_customer(name="Cedar Vets"), number="INV-1")
    office.sync()
    office.platform.pause(5)
    bookkeeper.void(office.remote_id(invoice, INVOICE))
    office.sync()
    return invoice


@pytest.mark.parametrize("option", [OptionId.ARCHIVE_OURS, OptionId.CREATE_NEW, OptionId.UNLINK])
def test_an_invoice_voided_there_is_voided_here_or_sent_anew(
    live_office: Office, bookkeeper: Bookkeeper, option: OptionId
) -> None:
    invoice = voided(live_office, bookkeeper)
    former = live_office.remote_id(invoice, INVOICE)
    package = "Xero" if is_xero(live_office) else "QuickBooks"
    assert said(live_office) == f"'INV-1' was voided in {package}, but it still stands here."
    live_office.answer(option)
    assert live_office.sync().state == "succeeded", [one.document for one in live_office.problems()]
    match option:
        case OptionId.ARCHIVE_OURS:
            assert live_office.ours(InvoiceRow, invoice).status == "voided"
            assert live_office.dot(invoice, INVOICE) == "green"
        case OptionId.CREATE_NEW:
            assert live_office.dot(invoice, INVOICE) == "green"
            there = live_office.remote_id(invoice, INVOICE)
            assert there != former
            assert bookkeeper.invoice(there)["number"] == "INV-1-2"  # the voided one keeps its number
        case _:
            assert live_office.dot(invoice, INVOICE) == "none"


def test_voiding_here_as_well_clears_the_question(live_office: Office, bookkeeper: Bookkeeper) -> None:
    invoice = voided(live_office, bookkeeper)
    live_office.void(invoice)
    assert live_office.sync().state == "succeeded"
    assert (live_office.dot(invoice, INVOICE), live_office.problems()) == ("green", [])


def test_two_of_ours_of_one_name_are_told_from_somebody_elses(live_office: Office) -> None:
    first = live_office.add_customer(name="Cedar Vets")
    second = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    assert {live_office.dot(first), live_office.dot(second)} == {"green", "red"}
    package = "Xero" if is_xero(live_office) else "QuickBooks"
    assert said(live_office) == f"Two records here are named 'Cedar Vets', and names in {package} must differ."
    assert "link_existing" not in {option.id for option in options(from_json(live_office.problem().document))}
    assert recommended(live_office, name="Cedar Vets (2)") == OptionId.RENAME_OURS
    assert live_office.sync().state == "succeeded"
    assert {live_office.dot(first), live_office.dot(second)} == {"green"}


def test_an_invoice_that_is_there_already_is_not_sent_twice(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    other = live_office.add_invoice(customer, number="INV-7")
    live_office.sync()
    there = live_office.remote_id(other, INVOICE)
    with live_office.platform.database.write() as session:  # as if somebody had entered it by hand
        link = live_office.link(other, INVOICE)
        assert link is not None
        session.delete(session.merge(link))
    size = bookkeeper.size()
    live_office.sync()
    assert live_office.problem().kind == "ambiguous_match"
    assert said(live_office).endswith("has an invoice with the number 'INV-7' already, which may be this one.")
    assert bookkeeper.size() == size
    assert recommended(live_office, remote_id=there) == OptionId.LINK_EXISTING
    assert live_office.sync().state == "succeeded", [one.document for one in live_office.problems()]
    assert live_office.dot(other, INVOICE) == "green"
    assert (bookkeeper.size(), live_office.remote_id(other, INVOICE)) == (size, there)


def test_an_invoice_waits_for_a_customer_that_is_archived_there(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    there = live_office.remote_id(customer)
    bookkeeper.archive(there)
    live_office.sync()
    invoice = live_office.add_invoice(customer)
    written = live_office.writes()
    live_office.sync()
    waiting = next(row for row in live_office.problems() if row.kind == "parent_not_synced")
    assert "waits for 'Cedar Vets', which is archived in" in said(live_office, waiting)
    assert live_office.writes() == written
    bookkeeper.restore(there)
    assert live_office.sync().state == "succeeded"
    assert {live_office.dot(customer), live_office.dot(invoice, INVOICE)} == {"green"}


def test_an_invoice_is_not_moved_back_to_a_customer_that_is_archived_there(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    cedar, maple = (live_office.add_customer(name=name) for name in ("Cedar Vets", "Maple Dental"))
    invoice = live_office.add_invoice(cedar)
    live_office.sync()
    there, moved = live_office.remote_id(cedar), live_office.remote_id(invoice, INVOICE)
    bookkeeper.move(moved, live_office.remote_id(maple))
    bookkeeper.archive(there)
    written = live_office.writes()
    for _ in range(2):
        assert live_office.sync().counts.get("failed", 0) == 0
    waiting = next(row for row in live_office.problems() if row.kind == "parent_not_synced")
    assert "waits for 'Cedar Vets', which is archived in" in said(live_office, waiting)
    assert (live_office.writes(), live_office.dot(invoice, INVOICE)) == (written, "red")
    bookkeeper.restore(there)
    assert live_office.sync().state == "succeeded", live_office.problems()
    assert {live_office.dot(cedar), live_office.dot(invoice, INVOICE)} == {"green"}
    assert bookkeeper.customer_of(moved) == there


def test_archived_there_can_be_created_anew_beside_the_old_one(live_office: Office, bookkeeper: Bookkeeper) -> None:
    if not is_xero(live_office):
        pytest.skip("this package makes customers active again itself")
    customer = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    former = live_office.remote_id(customer)
    bookkeeper.archive(former)
    live_office.sync()
    live_office.answer(OptionId.CREATE_NEW)
    assert live_office.sync().state == "succeeded", [one.document for one in live_office.problems()]
    assert (live_office.dot(customer), live_office.remote_id(customer) == former) == ("green", False)


def test_active_here_again_but_archived_there_is_a_question_of_its_own(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    if not is_xero(live_office):
        pytest.skip("this package makes customers active again itself")
    customer = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    live_office.archive(customer)
    live_office.sync()
    live_office.unarchive(customer)
    live_office.sync()
    assert said(live_office) == (
        "'Cedar Vets' is active here again, but it is archived in Xero, where only a person can make it active."
    )
    assert recommended(live_office) == OptionId.CREATE_NEW
    assert live_office.sync().state == "succeeded"
    assert live_office.dot(customer) == "green"


def held(office: Office, bookkeeper: Bookkeeper) -> str:
    """Change a phone on both sides; return the customer's id."""
    customer = office.add_customer(name="Cedar Vets", phone="+1 415 555 0100")
    office.sync()
    bookkeeper.edit(office.remote_id(customer), phone="+1 415 555 0200")
    office.edit_customer(customer, phone="+1 415 555 0300")
    office.sync()
    return customer


@pytest.mark.parametrize(
    ("option", "side", "before", "after"),
    [
        (OptionId.KEEP_OURS, "theirs", "+14155550200", "+14155550300"),
        (OptionId.KEEP_THEIRS, "ours", "+14155550300", "+14155550200"),
    ],
)
def test_what_an_answer_was_to_change_is_what_changed_and_is_told_afterwards(
    live_office: Office, bookkeeper: Bookkeeper, option: OptionId, side: str, before: str, after: str
) -> None:
    customer = held(live_office, bookkeeper)
    foreseen = changes(live_office, option)
    assert [(where, name) for where, name, _, _ in foreseen] == [(side, "phone")]
    assert [str(value).replace(" ", "") for _, _, *values in foreseen for value in values] == [before, after]
    asked = live_office.problem()
    live_office.answer(option)
    live_office.platform.pause(1)
    live_office.sync()
    assert live_office.dot(customer) == "green"
    assert bookkeeper.customer(live_office.remote_id(customer))["phone"] == after[-10:]
    story = told(live_office, asked.id)
    assert story.changes[0]["side"] == side
    verbs = [step.verb for step in story.steps]
    assert ("sent" in verbs) is (side == "theirs")
    assert ("edited" in verbs) is (side == "ours")


def test_the_second_answer_is_told_the_first(live_office: Office, bookkeeper: Bookkeeper) -> None:
    held(live_office, bookkeeper)
    asked = live_office.problem()
    live_office.answer(OptionId.KEEP_OURS, asked)
    with pytest.raises(AlreadyAnswered, match="answered already: 'Keep ours'"):
        live_office.answer(OptionId.KEEP_THEIRS, asked)
    live_office.sync()
    with pytest.raises(AlreadyAnswered, match="answered already: 'Keep ours'"):
        live_office.answer(OptionId.KEEP_OURS, asked)


def test_an_edit_that_makes_both_alike_clears_the_question(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer = held(live_office, bookkeeper)
    asked = live_office.problem()
    live_office.edit_customer(customer, phone="+1 415 555 0200")
    assert live_office.sync().state == "succeeded"
    assert (live_office.dot(customer), live_office.problems()) == ("green", [])
    with pytest.raises(AlreadyAnswered, match="The record was changed since"):
        live_office.answer(OptionId.KEEP_OURS, asked)
    assert told(live_office, asked.id).told == "Somebody changed the record, so it is looked at again."


def test_archived_here_but_worked_on_there_can_be_made_active_here(live_office: Office, bookkeeper: Bookkeeper) -> None:
    if is_xero(live_office):
        pytest.skip("nobody can work on an archived contact there without restoring it")
    customer = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    live_office.archive(customer)
    live_office.sync()
    bookkeeper.restore(live_office.remote_id(customer))
    live_office.sync()
    assert live_office.problem().kind == "both_changed"
    assert changes(live_office, OptionId.KEEP_THEIRS) == [("ours", "active", False, True)]
    live_office.answer(OptionId.KEEP_THEIRS)
    assert live_office.sync().state == "succeeded"
    assert not live_office.ours(CustomerRow, customer).archived
    assert live_office.dot(customer) == "green"


def test_lists_that_are_out_of_date_are_read_again_before_another_try(live_office: Office) -> None:
    with live_office.platform.database.write() as session:
        row = session.get_one(ConnectionRow, live_office.connection_id)
        before, row.reference_at = row.reference_at, None
    live_office.platform.pause(timedelta(hours=1).total_seconds())
    live_office.sync()
    with live_office.platform.database.read() as session:
        after = session.get_one(ConnectionRow, live_office.connection_id).reference_at
    assert before is not None
    assert after is not None
    assert after > before
