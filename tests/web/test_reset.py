"""Resets on pages: first what would happen, then the choice, then what came of it."""

from __future__ import annotations

from service.core.ports import EntityKind, Ref
from service.store.queries import links
from service.store.queries import resets as queries
from service.store.reset_models import ResetRow
from service.store.sync_models import LinkRow
from tests.support.resets import last_of
from tests.web.conftest import client_of
from tests.web.world import World


def link_of(world: World, record: str, kind: EntityKind = EntityKind.CUSTOMER) -> str:
    with world.database.read() as session:
        found = links.of_record(session, world.ids["connection"], Ref(kind=kind, id=world.ids[record]))
        assert found is not None
        return found.id


def asked(world: World, link_id: str) -> ResetRow:
    with world.database.read() as session:
        reset, _ = last_of(session, link_id)
        session.expunge(reset)
        return reset


def test_the_customer_leads_to_its_reset(world: World) -> None:
    page = client_of(world).get(f"/customers/{world.ids['freeman']}").text
    assert f"/links/{link_of(world, 'freeman')}/reset" in page
    assert "Reset or unlink" not in client_of(world, "viewer").get(f"/customers/{world.ids['freeman']}").text


def test_the_page_shows_what_would_happen_before_anything_does(world: World) -> None:
    path = f"/links/{link_of(world, 'freeman')}/reset"
    page = client_of(world).get(path).text
    assert "Reset Freeman Sporting Goods in QuickBooks" in page
    assert "&#39;Freeman Sporting Goods&#39; becomes &#39;Freeman Sporting Goods (former)&#39; in QuickBooks" in page
    assert 'value="rename" checked' in page
    left = client_of(world).get(path, query_string={"old": "leave"}).text
    assert "stays in QuickBooks as it is" in left
    assert "Freeman Sporting Goods (2)" in left
    assert "Better rename the former record" in left
    with world.database.read() as session:
        assert session.query(ResetRow).count() == 0
    assert not world.runner.woken


def test_support_resets_and_follows_it(world: World) -> None:
    link_id = link_of(world, "freeman")
    given = {"old": "archive", "with_jobs": "true", "why": "wrong company"}
    answer = client_of(world, "support").post(f"/links/{link_id}/reset", data=given, follow_redirects=True)
    assert "The reset is about to begin" in answer.text
    assert "wrong company" in answer.text
    row = asked(world, link_id)
    assert (row.old_counterpart, row.with_jobs, row.state) == ("archive", True, "asked")
    assert world.runner.woken == [world.ids["connection"]]
    again = client_of(world, "support").post(f"/links/{link_id}/reset", data=given, follow_redirects=True)
    assert "is under way. Wait until it is done." in again.text


def test_an_accountant_may_look_but_not_reset(world: World) -> None:
    link_id = link_of(world, "freeman")
    page = client_of(world, "accountant").get(f"/links/{link_id}/reset").text
    assert "Support or an administrator can do this." in page
    assert client_of(world, "accountant").post(f"/links/{link_id}/reset").status_code == 403


def test_an_invoice_leads_to_its_customer(world: World) -> None:
    page = client_of(world).get(f"/links/{link_of(world, 'invoice', EntityKind.INVOICE)}/reset").text
    assert "Only customers, jobs and sub-contacts are sent anew by a reset." in page
    assert "Reset its customer instead" in page
    assert f"/links/{link_of(world, 'freeman')}/reset" in page


def test_what_came_of_a_reset_is_told_and_can_be_undone(world: World) -> None:
    link_id = link_of(world, "freeman")
    client_of(world).post(f"/links/{link_id}/reset", data={"old": "rename"})
    reset_id = asked(world, link_id).id
    with world.database.write() as session:
        row, (item,) = session.get_one(ResetRow, reset_id), queries.items(session, reset_id)
        old = session.get_one(LinkRow, link_id)
        old.retired_at = world.clock()
        session.flush()
        ref = Ref(kind=EntityKind.CUSTOMER, id=old.record_id)
        fresh = LinkRow(
            organisation_id=old.organisation_id,
            connection_id=old.connection_id,
            entity=ref.kind.value,
            record_id=ref.id,
            family=old.family,
            generation=2,
            remote_id="977",
        )
        session.add(fresh)
        session.flush()
        item.new_link_id, item.outcome, item.closed_at = (
            fresh.id,
            "'Freeman' becomes 'Freeman (former)'.",
            world.clock(),
        )
        row.state, row.swapped_at, row.finished_at = "done", world.clock(), world.clock()
        fresh_id = fresh.id
    page = client_of(world).get(f"/resets/{reset_id}").text
    assert "The reset is done" in page
    assert "becomes &#39;Freeman (former)&#39;" in page
    assert f"/links/{fresh_id}/undo-reset" in page
    undo = client_of(world).get(f"/links/{fresh_id}/undo-reset").text
    assert "Undo the reset of Freeman Sporting Goods" in undo
    client_of(world).post(f"/links/{fresh_id}/undo-reset", data={"old": ""})
    row = asked(world, fresh_id)
    assert (row.kind, row.if_bare, row.state) == ("undo", True, "asked")


def test_unlinking_keeps_the_history(world: World) -> None:
    link_id = link_of(world, "freeman")
    answer = client_of(world, "support").post(
        f"/links/{link_id}/unlink", data={"why": "billed elsewhere"}, follow_redirects=True
    )
    assert "It is unlinked." in answer.text
    with world.database.read() as session:
        row = session.get_one(LinkRow, link_id)
        assert (row.retired_why, row.retired_at is not None) == ("unlinked", True)
    assert "has ended already" in client_of(world).get(f"/links/{link_id}/reset").text
