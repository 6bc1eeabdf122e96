"""Names that are taken, counterparts that were archived, deleted or merged: what is asked, and what answers do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from service.core.ports import EntityKind
from service.core.problem import OptionId, from_json, options
from service.store.records import CustomerRow
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

INVOICE = EntityKind.INVOICE


def refused_name(office: Office, bookkeeper: Bookkeeper) -> tuple[str, str, str, str]:
    """Take a name there, then send a customer of that name with a job and an invoice; return their ids and theirs."""
    there = bookkeeper.add_vendor("Cedar Vets")
    client = office.add_customer(name="Cedar Vets")
    job = office.add_customer(name="Roof", parent_id=client)
    invoice = office.add_invoice(job)
    assert office.sync().state == "partial"
    return client, job, invoice, there


def offered(office: Office) -> set[str]:
    """Return the answers to the only question."""
    return {option.id.value for option in options(from_json(office.problem().document))}


def restores(office: Office) -> bool:
    """Tell whether an archived customer can be made active through the package's API."""
    return office.platform.provider(office.package.sandbox.name).capabilities.restores_customers


def is_tree(office: Office) -> bool:
    """Tell whether jobs hang below their clients at the package."""
    return office.platform.provider(office.package.sandbox.name).capabilities.native_depth > 1


def test_a_name_that_is_taken_is_asked_about_and_nothing_is_sent(live_office: Office, bookkeeper: Bookkeeper) -> None:
    size = bookkeeper.size()
    client, job, invoice, there = refused_name(live_office, bookkeeper)
    problem = from_json(live_office.problem().document)
    assert problem.kind == "duplicate_name"
    assert [one.remote_id for one in problem.candidates] == [there]
    assert live_office.dot(client) == "red"
    if is_tree(live_office):
        assert (live_office.dot(job), live_office.dot(invoice, INVOICE)) == ("red", "red")
        assert {row.kind for row in live_office.problems()} == {"duplicate_name", "parent_not_synced"}
        assert bookkeeper.size() == size + 1
    else:
        assert (live_office.dot(job), live_office.dot(invoice, INVOICE)) == ("green", "green")


def test_renaming_ours_sends_it_and_all_that_waited(live_office: Office, bookkeeper: Bookkeeper) -> None:
    client, job, invoice, _ = refused_name(live_office, bookkeeper)
    live_office.answer(OptionId.RENAME_OURS, name="Cedar Vets (customer)")
    run = live_office.sync()
    assert run.state == "succeeded", live_office.problems()
    assert live_office.ours(CustomerRow, client).name == "Cedar Vets (customer)"
    assert bookkeeper.customer(live_office.remote_id(client))["name"] == "Cedar Vets (customer)"
    assert {live_office.dot(client), live_office.dot(job), live_office.dot(invoice, INVOICE)} == {"green"}
    assert live_office.problems() == []


def test_an_edit_of_the_name_clears_the_question(live_office: Office, bookkeeper: Bookkeeper) -> None:
    client, job, invoice, _ = refused_name(live_office, bookkeeper)
    live_office.edit_customer(client, name="Cedar Veterinarians")
    assert live_office.dot(client) != "red"
    assert live_office.sync().state == "succeeded"
    assert {live_office.dot(client), live_office.dot(job), live_office.dot(invoice, INVOICE)} == {"green"}


def test_the_bookkeeper_renaming_theirs_and_trying_again_clears_the_question(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    there = bookkeeper.add_customer("Cedar Vets")
    client = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    bookkeeper.edit(there, name="Cedar Vets Supplies")
    live_office.answer(OptionId.RETRY)
    assert live_office.sync().state == "succeeded"
    assert live_office.dot(client) == "green"
    assert live_office.remote_id(client) != there


def test_linking_to_the_existing_customer_creates_nothing(live_office: Office, bookkeeper: Bookkeeper) -> None:
    there = bookkeeper.add_customer("Cedar Vets")
    client = live_office.add_customer(name="Cedar Vets", phone="+1 415 555 0100")
    invoice = live_office.add_invoice(client)
    live_office.sync()
    assert offered(live_office) >= {"link_existing", "rename_ours"}
    live_office.answer(OptionId.LINK_EXISTING, remote_id=there)
    assert live_office.sync().state == "succeeded", [row.document for row in live_office.problems()]
    assert live_office.remote_id(client) == there
    assert bookkeeper.named("Cedar Vets") == [there]
    assert bookkeeper.customer(there)["phone"] == "4155550100"
    assert {live_office.dot(client), live_office.dot(invoice, INVOICE)} == {"green"}


def test_a_customer_there_that_came_after_the_last_feed_is_found_by_the_refusal(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    made: list[str] = []
    client = live_office.add_customer(name="Cedar Vets")
    with live_office.during_the_next_write(lambda: made.append(bookkeeper.add_vendor("Cedar Vets"))):
        live_office.sync()
    assert live_office.dot(client) == "red"
    assert live_office.problem().kind == "duplicate_name"
    live_office.sync()
    live_office.answer(OptionId.RENAME_OURS, name="Cedar Veterinarians")
    live_office.sync()
    assert live_office.dot(client) == "green"


def sent(office: Office) -> tuple[str, str]:
    """Send a customer; return its id here and there."""
    customer = office.add_customer(name="Cedar Vets", email="billing@cedar.example")
    assert office.sync().state == "succeeded"
    return customer, office.remote_id(customer)


def test_archived_there_is_asked_about_and_not_undone(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer, there = sent(live_office)
    bookkeeper.archive(there)
    written = live_office.writes()
    live_office.sync()
    assert live_office.problem().kind == "archived_there"
    answers = {"archive_ours", "unlink"}
    assert offered(live_office) == answers | ({"keep_ours"} if restores(live_office) else {"create_new", "retry"})
    assert (live_office.dot(customer), live_office.writes()) == ("red", written)
    live_office.sync()
    assert not bookkeeper.customer(there)["active"]


def test_archived_there_answered_by_archiving_ours(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer, there = sent(live_office)
    bookkeeper.archive(there)
    live_office.sync()
    written = live_office.writes()
    live_office.answer(OptionId.ARCHIVE_OURS)
    assert live_office.sync().state == "succeeded"
    assert live_office.ours(CustomerRow, customer).archived
    assert (live_office.dot(customer), live_office.writes()) == ("green", written)


def test_archived_there_answered_by_keeping_ours(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer, there = sent(live_office)
    bookkeeper.archive(there)
    live_office.sync()
    if not restores(live_office):  # only a person can: then it is asked for, and seen by the next sync
        bookkeeper.restore(there)
        live_office.answer(OptionId.RETRY)
    else:
        live_office.answer(OptionId.KEEP_OURS)
    run = live_office.sync()
    assert run.state == "succeeded", [row.document for row in live_office.problems()]
    assert bookkeeper.customer(there)["active"]
    assert bookkeeper.customer(there)["name"] == "Cedar Vets"
    assert live_office.dot(customer) == "green"


def test_archived_there_answered_by_unlinking(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer, there = sent(live_office)
    bookkeeper.archive(there)
    live_office.sync()
    written = live_office.writes()
    live_office.answer(OptionId.UNLINK)
    assert live_office.sync().state == "succeeded"
    assert (live_office.dot(customer), live_office.writes()) == ("none", written)


def test_restored_there_settles_the_question_by_itself(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer, there = sent(live_office)
    bookkeeper.archive(there)
    live_office.sync()
    bookkeeper.restore(there)
    assert live_office.sync().state == "succeeded"
    assert (live_office.dot(customer), live_office.problems()) == ("green", [])


def test_archiving_here_archives_there_and_restoring_restores(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer, there = sent(live_office)
    live_office.archive(customer)
    assert live_office.sync().state == "succeeded"
    assert not bookkeeper.customer(there)["active"]
    assert live_office.dot(customer) == "green"
    if live_office.package.sandbox.name == "xero":  # which lets nobody restore a contact through its API
        return
    live_office.unarchive(customer)
    assert live_office.sync().state == "succeeded", [row.document for row in live_office.problems()]
    theirs = bookkeeper.customer(there)
    assert (theirs["active"], theirs["name"]) == (True, "Cedar Vets")
    assert live_office.dot(customer) == "green"


def gone(office: Office, bookkeeper: Bookkeeper) -> tuple[str, str]:
    """Let a customer that was sent be gone there, and a full reconciliation notice it."""
    customer, there = sent(office)
    bookkeeper.vanish(there)
    office.platform.pause(60)
    office.sync("reconcile", full=True)
    return customer, there


def test_gone_there_is_asked_about_and_never_created_again_by_itself(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    customer, _ = gone(live_office, bookkeeper)
    size = bookkeeper.size()
    assert live_office.problem().kind == "deleted_there"
    assert offered(live_office) == {"create_new", "link_existing", "archive_ours", "unlink"}
    live_office.edit_customer(customer, phone="+1 415 555 0100")
    live_office.sync()
    live_office.sync("reconcile", full=True)
    assert (live_office.dot(customer), bookkeeper.size()) == ("red", size)


def create_new(office: Office, bookkeeper: Bookkeeper, customer: str) -> None:
    """Create it anew: exactly one, in a new generation."""
    office.answer(OptionId.CREATE_NEW)
    assert office.sync().state == "succeeded", [row.document for row in office.problems()]
    assert bookkeeper.named("Cedar Vets") == [office.remote_id(customer)]
    link = office.link(customer)
    assert link is not None
    assert (link.generation, office.dot(customer)) == (2, "green")


def link_another(office: Office, bookkeeper: Bookkeeper, customer: str) -> None:
    """Tie it to another entity there."""
    other = bookkeeper.add_customer("Cedar Veterinarians")
    office.sync()
    office.answer(OptionId.LINK_EXISTING, remote_id=other)
    assert office.sync().state == "succeeded", [row.document for row in office.problems()]
    assert (office.remote_id(customer), office.dot(customer)) == (other, "green")
    assert bookkeeper.customer(other)["name"] == "Cedar Vets"


def archive_ours(office: Office, bookkeeper: Bookkeeper, customer: str) -> None:
    """Archive it here, too."""
    written = office.writes()
    office.answer(OptionId.ARCHIVE_OURS)
    assert office.sync().state == "succeeded"
    assert office.ours(CustomerRow, customer).archived
    assert (office.problems(), office.writes()) == ([], written)


def unlink(office: Office, bookkeeper: Bookkeeper, customer: str) -> None:
    """Let it be here alone."""
    written = office.writes()
    office.answer(OptionId.UNLINK)
    assert office.sync().state == "succeeded"
    assert (office.dot(customer), office.writes()) == ("none", written)


@pytest.mark.parametrize("answer", [create_new, link_another, archive_ours, unlink])
def test_each_answer_to_gone_there(
    live_office: Office, bookkeeper: Bookkeeper, answer: Callable[[Office, Bookkeeper, str], None]
) -> None:
    customer, _ = gone(live_office, bookkeeper)
    answer(live_office, bookkeeper, customer)


def merged(office: Office, bookkeeper: Bookkeeper) -> tuple[str, str]:
    """Merge the counterpart of a customer into another customer there; return the customer and the winner."""
    winner = bookkeeper.add_customer("Cedar Holding")
    customer, there = sent(office)
    bookkeeper.merge(there, winner)
    office.sync()
    return customer, winner


def test_merged_there_is_asked_about(live_office: Office, bookkeeper: Bookkeeper) -> None:
    customer, winner = merged(live_office, bookkeeper)
    size = bookkeeper.size()
    row = live_office.problem()
    assert live_office.dot(customer) == "red"
    if live_office.package.sandbox.name == "xero":
        assert row.kind == "merged_there"
        assert from_json(row.document).params["into"] == "Cedar Holding"
        live_office.answer(OptionId.FOLLOW_MERGE)
    else:  # QuickBooks' feed tells of a deletion; what it went up in, a person says
        assert row.kind == "deleted_there"
        live_office.answer(OptionId.LINK_EXISTING, remote_id=winner)
    assert live_office.sync().state == "succeeded", [row.document for row in live_office.problems()]
    assert (live_office.remote_id(customer), live_office.dot(customer)) == (winner, "green")
    assert bookkeeper.customer(winner)["name"] == "Cedar Vets"
    assert bookkeeper.size() == size
