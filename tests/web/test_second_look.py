"""Drift, what was stored, and what a run did, as pages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from service.core.ports import EntityKind, Ref
from service.core.readback import Line, Reading, line_to_json
from service.store.drift_models import DriftRow
from service.store.queries.links import of_record
from service.store.records import CustomerRow
from service.store.sync_models import CallRow, ConnectionRow, IntentRow, LinkRow
from tests.web.conftest import client_of
from tests.web.world import NOW, World, link


@pytest.fixture
def drifted(world: World) -> str:
    """A field of ours that was changed there; return its id."""
    with world.database.write() as session:
        link = of_record(session, world.ids["connection"], Ref(kind=EntityKind.CUSTOMER, id=world.ids["freeman"]))
        assert link is not None
        row = DriftRow(
            organisation_id=world.organisation_id,
            connection_id=world.ids["connection"],
            link_id=link.id,
            entity="customer",
            record_id=world.ids["freeman"],
            label="Freeman Sporting Goods",
            field="payment_terms",
            agreed="net30",
            ours="net30",
            theirs="net60",
            changed_at=NOW - timedelta(hours=3),
            found_at=NOW - timedelta(minutes=2),
        )
        session.add(row)
        session.flush()
        return row.id


def test_drift_is_listed_with_its_sentence_and_its_two_answers(world: World, drifted: str) -> None:
    page = client_of(world, "accountant").get("/drift").text
    assert "Payment terms was changed in QuickBooks from net30 to net60." in page
    assert "Ours leads, so the next sync puts it back." in page
    assert "3 hours ago" in page
    assert 'data-testid="put-back"' in page
    assert "Put ours back" not in client_of(world, "viewer").get("/drift").text
    assert "Nothing to show" in client_of(world).get("/drift?status=accepted").text
    assert (
        "1 field of ours was changed in QuickBooks" in client_of(world).get(f"/customers/{world.ids['freeman']}").text
    )


def test_a_decision_is_taken_and_told(world: World, drifted: str) -> None:
    accountant = client_of(world, "accountant")
    answer = accountant.post(f"/drift/{drifted}", data={"decision": "accept"}, follow_redirects=True)
    assert "Noted. The next sync acts on it." in answer.text
    assert "The next sync takes it over." in answer.text
    assert "Accepted by accountant@freeman.example" in answer.text
    assert accountant.post(f"/drift/{drifted}", data={"decision": "shrug"}).status_code == 400


def test_an_administrator_chooses_the_rule(world: World, drifted: str) -> None:
    path = f"/connections/{world.ids['connection']}/drift"
    page = client_of(world).post(path, data={"rule": "ask"}, follow_redirects=True).text
    assert "It stays as it is until somebody decides." in page
    with world.database.read() as session:
        assert session.get_one(ConnectionRow, world.ids["connection"]).settings["drift"] == "ask"
    assert client_of(world).post(path, data={"rule": "shrug"}).status_code == 400
    assert 'name="rule"' not in client_of(world, "accountant").get("/drift").text


def test_an_invoice_shows_what_was_stored_beside_what_was_meant(world: World) -> None:
    line = Line(
        what="tax_total",
        meant="24",
        stored="31",
        difference="7",
        cause="QuickBooks stored a tax that rounding does not explain.",
        reading=Reading.DIFFERS,
    )
    with world.database.write() as session:
        link = of_record(session, world.ids["connection"], Ref(kind=EntityKind.INVOICE, id=world.ids["invoice"]))
        assert link is not None
        link.readback, link.readback_state = [line_to_json(line)], "differs"
    page = client_of(world).get(f"/invoices/{world.ids['invoice']}").text
    assert 'data-testid="readback" data-state="differs" open' in page
    assert "QuickBooks stored something else than was meant" in page
    assert "QuickBooks stored a tax that rounding does not explain." in page


def test_a_run_shows_what_was_sent_and_what_came_back(world: World) -> None:
    request = {
        "method": "POST",
        "path": "/customer",
        "content": '{"DisplayName": "Freeman"}',
        "query": [],
        "key": "k-1",
    }
    with world.database.write() as session:
        link = of_record(session, world.ids["connection"], Ref(kind=EntityKind.CUSTOMER, id=world.ids["freeman"]))
        assert link is not None
        of = {"organisation_id": world.organisation_id, "connection_id": world.ids["connection"]}
        call = CallRow(
            **of,
            run_id=world.ids["run"],
            key="k-1",
            elements=1,
            request=request,
            status=200,
            request_id="1-abc",
            answer='{"Customer": {"Id": "58", "access_token": "hidden-away"}}',
            sends=1,
            last_sent_at=NOW,
            closed_at=NOW,
        )
        session.add(call)
        session.flush()
        session.add(
            IntentRow(
                **of,
                link_id=link.id,
                call_id=call.id,
                position=0,
                sequence=1,
                generation=1,
                operation="update",
                wanted=1,
                heard=0,
                expected={"active": True, "fields": {"phone": "+16505550987"}},
                before={"active": True, "fields": {"phone": None}},
                baseline={"active": True, "fields": {}},
                rules={"phone": "ours changed"},
                state="confirmed",
                closed_at=NOW,
            )
        )
    page = client_of(world).get(f"/runs/{world.ids['run']}").text
    for told in ("Update", "Freeman Sporting Goods", "ours changed", "POST /customer, 1 time", "1-abc", "DisplayName"):
        assert told in page, told
    assert "hidden-away" not in page
    page = client_of(world).get(f"/links/{world.ids['link']}").text
    for told in ("One record there so far", "Update", "ours changed", "POST /customer, 1 time", "1-abc", "DisplayName"):
        assert told in page, told
    assert "hidden-away" not in page


def test_the_history_of_a_link_shows_the_lives_it_had_and_is_nobody_elses(world: World) -> None:
    with world.database.write() as session:
        tie = session.get_one(LinkRow, world.ids["link"])
        tie.retired_at, tie.retired_why = NOW, "reset"
        at = session.get_one(ConnectionRow, world.ids["connection"])
        fresh = link(session, at, session.get_one(CustomerRow, world.ids["freeman"]), remote_id="412", generation=2)
        session.flush()
        fresh_id = fresh.id
    page = client_of(world).get(f"/links/{fresh_id}").text
    assert "2 records there, one after another." in page
    assert page.index("412") < page.index(">58<")
    assert "reset" in page
    assert client_of(world).get("/links/" + "0" * 32).status_code == 404
