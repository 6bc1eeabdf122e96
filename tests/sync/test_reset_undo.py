"""Undoing a reset: the former counterpart is tied again, or a sentence says why it can't be."""

from __future__ import annotations

import pytest

from service.core.ports import EntityKind
from service.store.sync_models import LinkRow
from service.sync import reset
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office
from tests.sync.resetting import done, last_reset, link_id, lives, undone

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.mark.parametrize("choice", ["leave", "archive"])
def test_an_undo_ties_the_former_counterpart_again_and_archives_the_one_that_the_reset_made(
    live_office: Office, bookkeeper: Bookkeeper, choice: str
) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    former = live_office.remote_id(client)
    done(live_office, client, choice)
    made = live_office.remote_id(client)
    if (
        choice == "archive"
        and not live_office.platform.provider(live_office.package.sandbox.name).capabilities.restores_customers
    ):
        with pytest.raises(reset.ResetRefused, match="only a person can restore it"):
            undone(live_office, client)
        bookkeeper.restore(former)
        live_office.sync()
    run = undone(live_office, client)
    assert (run.state, run.counts.get("created", 0)) == ("succeeded", 0), run.counts
    assert live_office.remote_id(client) == former
    assert live_office.dot(client) == "green"
    assert bookkeeper.customer(former)["name"] == "Cedar Vets"
    assert bookkeeper.customer(former)["active"]
    assert not bookkeeper.customer(made)["active"]
    assert [life.generation for life in lives(live_office, client)] == [3, 2, 1]
    with pytest.raises(reset.ResetRefused, match="undone already"):
        undone(live_office, client)
    written = live_office.writes()
    live_office.sync()
    assert live_office.writes() == written


def test_documents_sent_to_the_new_record_go_back_with_an_undo_unless_they_are_paid(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    former = live_office.remote_id(client)
    done(live_office, client)
    made = live_office.remote_id(client)
    moves, stays = live_office.add_invoice(client, number="INV-1"), live_office.add_invoice(client, number="INV-2")
    live_office.pay(stays, "300")
    live_office.settled()
    assert undone(live_office, client).state == "succeeded"
    assert live_office.remote_id(client) == former
    assert bookkeeper.customer_of(live_office.remote_id(moves, EntityKind.INVOICE)) == former
    assert bookkeeper.customer_of(live_office.remote_id(stays, EntityKind.INVOICE)) == made
    assert bookkeeper.customer(made)["active"]
    _, item = last_reset(live_office, client)
    assert item.outcome == "'Cedar Vets (former)' stays active, because INV-2 and others still belong to it." or (
        "INV-2" in str(item.outcome)
    )


def test_an_undo_says_why_it_is_not_possible_any_more(live_office: Office, bookkeeper: Bookkeeper) -> None:
    def reset_client(name: str) -> tuple[str, str]:
        client = live_office.add_customer(name=name)
        live_office.sync()
        former = live_office.remote_id(client)
        done(live_office, client)
        return client, former

    gone, former = reset_client("Gone Ltd")
    bookkeeper.vanish(former)
    live_office.sync("reconcile", full=True)
    with pytest.raises(reset.ResetRefused, match=r"is gone in .*can't be tied again"):
        undone(live_office, gone)
    merged, former = reset_client("Merged Ltd")
    bookkeeper.merge(former, live_office.remote_id(merged))
    live_office.sync()
    with pytest.raises(reset.ResetRefused, match="can't be tied again"):
        undone(live_office, merged)
    again, _ = reset_client("Again Ltd")
    done(live_office, again)
    undone(live_office, again)
    with pytest.raises(reset.ResetRefused, match="undone already"):
        undone(live_office, again)
    never = live_office.add_customer(name="Never Ltd")
    live_office.sync()
    with pytest.raises(reset.ResetRefused, match="nothing to undo"):
        undone(live_office, never)


def test_a_former_counterpart_that_is_tied_to_another_record_is_named(live_office: Office) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    former = live_office.remote_id(client)
    done(live_office, client)
    other = live_office.add_customer(name="Cedar Vets North")
    live_office.sync()
    taker = link_id(live_office, other)
    with live_office.platform.database.write() as session:
        session.get_one(LinkRow, taker).remote_id = former
    with pytest.raises(reset.ResetRefused, match="is tied to 'Cedar Vets North' now"):
        undone(live_office, client)
