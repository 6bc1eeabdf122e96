"""What stories made up by the machine in ``tests/machine`` came to, told by hand, so that it stays cured."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox.common.faults import FaultKind, FaultRule, When
from service.core.ports import EntityKind, Family
from service.core.problem import OptionId
from service.store.records import InvoiceRow
from service.store.sync_models import LinkRow
from service.sync import books, reset, settle
from service.sync.cases import Ground
from service.sync.work import Work
from tests.machine import truth
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office, live

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

INVOICE = EntityKind.INVOICE


def test_what_is_refused_is_not_sent_again_with_every_sync(live_office: Office, bookkeeper: Bookkeeper) -> None:
    clients = [live_office.add_customer(name=name) for name in ("Cedar Vets", "Maple Dental")]
    live_office.sync()
    for number, client in enumerate(clients):
        bookkeeper.edit(live_office.remote_id(client), email=f"theirs{number}@books.example")
        live_office.edit_customer(client, phone=f"+1 415 555 010{number}")
    refusal = {"kind": "elements", "elements": [0, 1], "count": None}
    live_office.package.sandbox.faults.add(FaultRule.from_json(refusal))
    live_office.sync()
    assert live_office.counts()["red"] == 2
    written = live_office.writes()
    live_office.sync()
    assert (live_office.writes(), live_office.counts()["red"]) == (written, 2)


def test_a_name_made_of_a_first_name_that_was_changed_there_goes_there(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    client = live_office.add_customer(kind="individual", first_name="Bo", last_name="Lee", contacts=[])
    live_office.sync()
    there = live_office.remote_id(client)
    bookkeeper.edit(there, first_name="Bob")
    assert live_office.sync().state == "succeeded"
    assert bookkeeper.customer(there)["name"] == "Bob Lee"
    assert live_office.dot(client) == "green"


def test_an_address_of_mail_changed_there_reaches_the_open_invoices_that_follow_from_it(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    client = live_office.add_customer(name="Cedar Vets", email="billing@cedar.example")
    invoice = live_office.add_invoice(client)
    live_office.sync()
    bookkeeper.edit(live_office.remote_id(client), email="new@cedar.example")
    assert live_office.sync().state == "succeeded"
    assert live_office.dot(invoice, INVOICE) == "green"
    there = truth.entity_of(live_office.package.sandbox, (Family.INVOICE, live_office.remote_id(invoice, INVOICE)))
    assert there is not None
    assert there.payload.get("BillEmail", {"Address": "new@cedar.example"}) == {"Address": "new@cedar.example"}


def test_a_persons_name_typed_there_at_a_job_without_people_is_kept_on_both_sides(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    job = live_office.add_customer(name="Roof", parent_id=client)
    live_office.sync()
    there = live_office.remote_id(job)
    bookkeeper.edit(there, first_name="Theirs")
    live_office.sync()
    live_office.edit_customer(job, website="https://roof.example")
    assert live_office.sync().state == "succeeded"
    assert (bookkeeper.customer(there)["first_name"], live_office.dot(job)) == ("Theirs", "green")


def test_a_number_given_because_a_former_counterpart_held_ours_stays_when_that_gives_it_free(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    former, other = live_office.remote_id(client), bookkeeper.add_customer("Maple Dental")
    live_office.edit_customer(client, name="Maple Dental")
    live_office.sync()
    live_office.answer(OptionId.LINK_EXISTING, remote_id=other)
    live_office.sync()
    live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    live_office.answer(OptionId.LINK_EXISTING, remote_id=former)
    live_office.sync()
    given = number_there(live_office, other)
    live_office.edit_customer(client, phone="+1 415 555 0100")
    assert live_office.sync().state == "succeeded"
    assert (number_there(live_office, other), live_office.dot(client)) == (given, "green")


def number_there(office: Office, remote_id: str) -> object:
    """Return the number that a customer bears there; None where customers bear none."""
    there = truth.entity_of(office.package.sandbox, (Family.CUSTOMER, remote_id))
    assert there is not None
    return there.payload.get("AccountNumber")


def test_jobs_and_open_invoices_follow_a_customer_that_is_tied_to_another_record_there(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    job = live_office.add_customer(name="Roof", parent_id=client)
    invoice = live_office.add_invoice(client)
    live_office.sync()
    other = bookkeeper.add_customer("Maple Dental")
    live_office.edit_customer(client, name="Maple Dental")
    live_office.sync()
    live_office.answer(OptionId.LINK_EXISTING, remote_id=other)
    assert live_office.sync().state == "succeeded"
    assert {live_office.dot(client), live_office.dot(job), live_office.dot(invoice, INVOICE)} == {"green"}
    assert live_office.baseline(invoice, INVOICE).get("customer") == other
    assert live_office.baseline(job).get("parent") in {None, other}
    there = truth.entity_of(live_office.package.sandbox, (Family.INVOICE, live_office.remote_id(invoice, INVOICE)))
    assert there is not None
    assert other in str(there.payload.get("CustomerRef") or there.payload.get("Contact"))


def test_what_was_tied_by_a_match_and_is_gone_before_anything_was_agreed_is_asked_about(
    office: Office, bookkeeper: Bookkeeper
) -> None:
    client = office.add_customer(name="Cedar Vets")
    there, other = bookkeeper.add_customer("Cedar Vets"), bookkeeper.add_customer("Maple Dental")
    at_work = live(office, decision="link")
    bookkeeper.merge(there, other)
    at_work.sync()
    assert at_work.writes() == 0
    assert at_work.problem().kind in {"deleted_there", "merged_there"}
    assert at_work.dot(client) == "red"


@pytest.mark.parametrize("package_server", ["quickbooks"], indirect=True)
def test_a_payment_there_whose_invoice_is_deleted_there_is_money_on_account_here_too(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    invoice = live_office.add_invoice(live_office.add_customer(name="Cedar Vets"))
    live_office.sync()
    there = live_office.remote_id(invoice, INVOICE)
    bookkeeper.pay(there, "300")
    live_office.sync()
    assert live_office.ours(InvoiceRow, invoice).amount_paid == 300
    live_office.act("delete", kind="Invoice", id=there)
    live_office.sync()
    assert live_office.problem().kind == "deleted_there"
    assert live_office.ours(InvoiceRow, invoice).amount_paid == 0
    assert sum(link.entity == EntityKind.PAYMENT for link in live_office.links()) == 1


def test_what_is_made_of_a_value_taken_over_in_the_same_moment_is_sent_as_it_is_then(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    there = live_office.remote_id(client)
    bookkeeper.edit(there, first_name="Theirs")
    live_office.edit_customer(client, email="billing@cedar.example")
    assert live_office.sync().state == "succeeded"
    found = truth.entity_of(live_office.package.sandbox, (Family.CUSTOMER, there))
    assert found is not None
    people = found.payload.get("ContactPersons") or ({"FirstName": "Theirs"},)
    assert [one["FirstName"] for one in people] == ["Theirs"]
    assert live_office.dot(client) == "green"


def once_in_doubt(office: Office, monkeypatch: pytest.MonkeyPatch, when: When, do: Callable[[Work], object]) -> None:
    """Lose the next write, or its answer, and do something once before anybody looks what became of it."""
    lost = FaultRule(kind=FaultKind.DROP, when=when, method="POST|PUT", path="^/(v3|api)")
    office.package.sandbox.faults.add(lost)
    waiting, settling = [do], settle.settle

    def after_it(work: Work, ground: Ground) -> None:
        if work.doubt and waiting:
            waiting.pop()(work)
        settling(work, ground)

    monkeypatch.setattr(settle, "settle", after_it)


def unlinked(office: Office, customer_id: str) -> str:
    """Unlink a customer whose write is in doubt; return the id of the link."""
    link = office.link(customer_id)
    assert link is not None
    assert link.intent_open
    reset.unlink(office.platform, actor="user:ann", organisation_id=office.organisation_id, link_id=link.id)
    return link.id


def test_what_is_unlinked_while_its_batch_is_in_doubt_is_known_by_the_life_that_ended(
    live_office: Office, bookkeeper: Bookkeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, let_go = live_office.add_customer(name="Cedar Vets"), live_office.add_customer(name="Maple Dental")
    ended: list[str] = []
    once_in_doubt(live_office, monkeypatch, When.BEFORE, lambda _: ended.append(unlinked(live_office, let_go)))
    live_office.settled()
    assert bookkeeper.named("Cedar Vets") == [live_office.remote_id(kept)]
    assert live_office.dot(kept) == "green"
    there = bookkeeper.named("Maple Dental")
    with live_office.platform.database.read() as session:
        row = session.get_one(LinkRow, ended[0])
        assert (row.retired_why, [row.remote_id] if row.remote_id else []) == ("unlinked", there)


def test_what_is_unlinked_in_doubt_and_archived_there_is_known_by_the_life_that_ended(
    live_office: Office, bookkeeper: Bookkeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = live_office.add_customer(name="Maple Dental")
    ended: list[str] = []

    def both(work: Work) -> None:
        ended.append(unlinked(live_office, let_go))
        live_office.platform.pause(900)  # no key is good for as long
        bookkeeper.archive(bookkeeper.named("Maple Dental")[0])
        books.read_feed(work)

    once_in_doubt(live_office, monkeypatch, When.AFTER, both)
    before = truth.ids(live_office.package.sandbox)
    live_office.settled()
    made = truth.ids(live_office.package.sandbox) - before
    with live_office.platform.database.read() as session:
        row = session.get_one(LinkRow, ended[0])
        assert {(Family(row.family), row.remote_id)} == made


def test_what_was_archived_there_before_its_lost_create_is_repeated_does_not_count_as_the_answer_tells_it(
    live_office: Office, bookkeeper: Bookkeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    archived: list[str] = []

    def archive(work: Work) -> None:
        archived.extend(bookkeeper.named("Cedar Vets"))
        live_office.platform.pause(5)
        bookkeeper.archive(archived[0])
        books.read_feed(work)

    once_in_doubt(live_office, monkeypatch, When.AFTER, archive)
    live_office.settled()
    assert live_office.remote_id(client) == archived[0]
    assert (live_office.dot(client), live_office.problem().kind) == ("red", "archived_there")


@pytest.mark.parametrize("package_server", ["xero"], indirect=True)  # elsewhere nobody can be restored after a merge
def test_who_is_made_active_again_after_a_merge_can_be_tied_and_stands_for_itself(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    merged, survivor = bookkeeper.add_customer("Cedar Vets"), bookkeeper.add_customer("Maple Dental")
    bookkeeper.merge(merged, survivor)
    live_office.sync()
    bookkeeper.restore(merged)
    client = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    assert live_office.problem().kind == "duplicate_name"
    live_office.answer(OptionId.LINK_EXISTING, remote_id=merged)
    live_office.settled()
    assert (live_office.dot(client), live_office.remote_id(client)) == ("green", merged)


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("package_server", ["xero"], indirect=True)  # elsewhere nobody can be restored after a merge
def test_invoices_that_a_merge_has_moved_follow_when_it_is_taken_back_or_another_comes(
    live_office: Office, bookkeeper: Bookkeeper, *, again: bool
) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    invoice = live_office.add_invoice(client)
    live_office.sync()
    first, other = bookkeeper.add_customer("Maple Dental"), bookkeeper.add_customer("Oak Joinery")
    here = live_office.remote_id(client)
    bookkeeper.merge(here, first)
    live_office.sync()
    assert (live_office.problem().kind, live_office.dot(invoice, EntityKind.INVOICE)) == ("merged_there", "green")
    bookkeeper.restore(here)
    if again:
        bookkeeper.merge(here, other)
    live_office.settled()
    assert live_office.dot(invoice, EntityKind.INVOICE) == "green"
    found = truth.entity_of(
        live_office.package.sandbox, (Family.INVOICE, live_office.remote_id(invoice, EntityKind.INVOICE))
    )
    assert found is not None
    assert found.payload["Contact"]["ContactID"] == (other if again else here)


@pytest.mark.parametrize("package_server", ["xero"], indirect=True)  # elsewhere people are not kept one by one
def test_a_first_name_changed_there_goes_back_to_the_list_of_people_that_the_same_person_is_in(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    client = live_office.add_customer(name="Birch Ltd", email="office@birch.example")
    live_office.sync()
    live_office.edit_customer(client, email="billing@birch.example")
    live_office.sync()
    there = live_office.remote_id(client)
    bookkeeper.edit(there, first_name="Theirs")
    live_office.settled()
    found = truth.entity_of(live_office.package.sandbox, (Family.CUSTOMER, there))
    assert found is not None
    assert [one["FirstName"] for one in found.payload["ContactPersons"]] == ["Theirs"]
    assert live_office.dot(client) == "green"
