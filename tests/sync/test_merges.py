"""What a merge there asks: which record goes on, and what becomes of the documents of the one that is gone."""

from __future__ import annotations

import pytest

from service.core.ports import EntityKind, Family
from service.core.problem import OptionId
from service.store.queries import neighbours
from service.store.records import CustomerRow
from service.sync.resolve import AlreadyAnswered
from tests.sync.answering import changes, is_xero, recommended, said
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

INVOICE = EntityKind.INVOICE


def two_of_ours_on_one(office: Office, bookkeeper: Bookkeeper) -> tuple[str, str, str, str]:
    """Send two customers, the first with an invoice, and merge it into the second there; return the ids of all."""
    lost, kept = office.add_customer(name="Cedar Vets"), office.add_customer(name="Cedar Holding")
    invoice = office.add_invoice(lost)
    office.sync()
    there = office.remote_id(kept)
    bookkeeper.merge(office.remote_id(lost), there)
    office.sync()
    return lost, kept, invoice, there


def test_two_of_ours_that_are_one_there_are_offered_as_such(live_office: Office, bookkeeper: Bookkeeper) -> None:
    lost, kept, invoice, there = two_of_ours_on_one(live_office, bookkeeper)
    row = live_office.problem()
    assert row.kind == ("merged_there" if is_xero(live_office) else "deleted_there")
    assert "'Cedar Holding' is tied to already" in said(live_office)
    assert changes(live_office, OptionId.ARCHIVE_OURS) == [("ours", "active", True, False)]
    assert recommended(live_office) == OptionId.ARCHIVE_OURS
    assert live_office.sync().state == "succeeded", [one.document for one in live_office.problems()]
    assert live_office.ours(CustomerRow, lost).archived
    assert {live_office.dot(lost), live_office.dot(kept), live_office.dot(invoice, INVOICE)} == {"green"}
    assert live_office.remote_id(kept) == there


def test_following_a_merge_archives_the_other_of_two(live_office: Office, bookkeeper: Bookkeeper) -> None:
    lost, kept, invoice, there = two_of_ours_on_one(live_office, bookkeeper)
    if not is_xero(live_office):
        hint(live_office, lost, there)
    assert live_office.problem().kind == "merged_there"
    assert changes(live_office, OptionId.FOLLOW_MERGE)[0] == ("ours", "active", True, False)
    live_office.answer(OptionId.FOLLOW_MERGE)
    assert live_office.sync().state == "succeeded", [one.document for one in live_office.problems()]
    assert live_office.ours(CustomerRow, kept).archived
    assert not live_office.ours(CustomerRow, lost).archived
    assert live_office.remote_id(lost) == there
    assert {live_office.dot(lost), live_office.dot(kept), live_office.dot(invoice, INVOICE)} == {"green"}
    assert bookkeeper.customer(there)["name"] == "Cedar Vets"


def merged_away(office: Office, bookkeeper: Bookkeeper, customer_id: str) -> str:
    """Merge a customer's counterpart into a new one of theirs, and sync; return the survivor."""
    winner = bookkeeper.add_customer("Cedar Holding")
    bookkeeper.merge(office.remote_id(customer_id), winner)
    office.sync()
    return winner


def hint(office: Office, customer_id: str, winner: str) -> None:
    """Let the package tell, late, what a customer's counterpart went up in."""
    with office.platform.database.write() as session:
        loser = office.remote_id(customer_id)
        assert neighbours.note_merge(session, office.connection_id, Family.CUSTOMER, loser=loser, winner=winner)
    office.sync()


def test_a_late_word_of_a_merge_turns_gone_into_merged(live_office: Office, bookkeeper: Bookkeeper) -> None:
    if is_xero(live_office):
        pytest.skip("this package names the survivor at once")
    customer = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    winner = merged_away(live_office, bookkeeper, customer)
    before = live_office.problem()
    assert before.kind == "deleted_there"
    assert "Customers vanish there by being merged into another one." in said(live_office)
    hint(live_office, customer, winner)
    assert said(live_office) == "'Cedar Vets' was merged into 'Cedar Holding' in QuickBooks."
    with pytest.raises(AlreadyAnswered, match="The question has changed since") as late:
        live_office.answer(OptionId.CREATE_NEW, before)
    assert late.value.next_id == live_office.problem().id
    assert recommended(live_office) == OptionId.FOLLOW_MERGE
    assert live_office.sync().state == "succeeded"
    assert (live_office.dot(customer), live_office.remote_id(customer)) == ("green", winner)


def test_who_has_the_invoices_of_one_that_is_gone_is_proposed(live_office: Office, bookkeeper: Bookkeeper) -> None:
    if is_xero(live_office):
        pytest.skip("this package names the survivor at once")
    customer = live_office.add_customer(name="Cedar Vets")
    invoice = live_office.add_invoice(customer)
    live_office.sync()
    winner = merged_away(live_office, bookkeeper, customer)
    assert said(live_office).endswith(
        "Its documents there are with 'Cedar Holding' now, so it was probably merged into that one."
    )
    assert recommended(live_office, remote_id=winner) == OptionId.LINK_EXISTING
    assert live_office.sync().state == "succeeded", [one.document for one in live_office.problems()]
    assert {live_office.dot(customer), live_office.dot(invoice, INVOICE)} == {"green"}
    assert live_office.remote_id(customer) == winner


@pytest.mark.parametrize("option", [OptionId.CREATE_NEW, OptionId.FOLLOW_MERGE])
def test_after_a_merge_every_way_on_ends_green(live_office: Office, bookkeeper: Bookkeeper, option: OptionId) -> None:
    customer = live_office.add_customer(name="Cedar Vets")
    invoice = live_office.add_invoice(customer)
    live_office.sync()
    winner = merged_away(live_office, bookkeeper, customer)
    if not is_xero(live_office):
        hint(live_office, customer, winner)
    live_office.answer(option)
    live_office.settled()
    assert {live_office.dot(customer), live_office.dot(invoice, INVOICE)} == {"green"}
    assert (live_office.remote_id(customer) == winner) is (option is OptionId.FOLLOW_MERGE)


@pytest.mark.parametrize("told", [True, False], ids=["told of the merge", "only that it is gone"])
def test_what_is_paid_stays_with_the_survivor_when_its_customer_is_sent_anew(
    live_office: Office, bookkeeper: Bookkeeper, *, told: bool
) -> None:
    customer = live_office.add_customer(name="Cedar Vets")
    paid, due = live_office.add_invoice(customer, number="INV-1"), live_office.add_invoice(customer, number="INV-2")
    live_office.sync()
    bookkeeper.pay(live_office.remote_id(paid, INVOICE), "40.00")
    live_office.platform.pause(5)
    live_office.sync()
    winner = merged_away(live_office, bookkeeper, customer)
    if told and not is_xero(live_office):
        hint(live_office, customer, winner)
    live_office.answer(OptionId.CREATE_NEW)
    live_office.settled()
    (payment,) = (link.record_id for link in live_office.links() if link.entity == EntityKind.PAYMENT)
    dots = (live_office.dot(customer), live_office.dot(paid, INVOICE), live_office.dot(due, INVOICE))
    assert dots == ("green", "green", "green"), [one.document for one in live_office.problems()]
    assert live_office.dot(payment, EntityKind.PAYMENT) == "green"
    assert bookkeeper.customer_of(live_office.remote_id(paid, INVOICE)) == winner
    assert bookkeeper.customer_of(live_office.remote_id(due, INVOICE)) == live_office.remote_id(customer)
    tie = live_office.link(paid, INVOICE)
    assert tie is not None
    stays = [loss["reason"] for loss in tie.losses if loss["field"] == "customer"]
    package = "Xero" if is_xero(live_office) else "QuickBooks"
    assert stays == [f"It stays with whom it names in {package}, because it is partly paid."]
