"""Permission that ends in the middle of a run, is taken away, comes back, or comes for another company."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.core.errors import Transient
from service.store.queries import connections as queries
from service.sync import connect, consenting
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office, connection_of, reconnected

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


def refreshes(office: Office) -> int:
    """Return how often a token was asked for."""
    return sum("token" in seen.path and "revo" not in seen.path for seen in office.package.sandbox.log.seen)


def test_a_token_that_ends_in_the_middle_of_a_run_is_renewed_once(live_office: Office) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    invoice = live_office.add_invoice(client)
    live_office.pay(invoice, "100")
    before = refreshes(live_office)
    with live_office.during_the_next_write(lambda: live_office.platform.clock.advance(3700)):  # type: ignore[attr-defined]
        run = live_office.sync()
    assert (run.state, run.counts["created"]) == ("succeeded", 3)
    assert refreshes(live_office) == before + 1


def test_a_token_that_ended_between_two_runs_is_renewed_before_the_first_call(live_office: Office) -> None:
    live_office.platform.pause(3700)
    before = refreshes(live_office)
    assert live_office.sync().state == "succeeded"
    assert refreshes(live_office) == before + 1
    assert all(seen.status != 401 for seen in live_office.package.sandbox.log.seen)


def test_a_permission_that_is_taken_away_stops_everything_and_keeps_every_link(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    there = live_office.remote_id(client)
    bookkeeper.disconnect()
    live_office.edit_customer(client, phone="+1 415 555 0199")
    run = live_office.sync()
    row = connection_of(live_office)
    assert (run.state, row.state, row.due_at) == ("failed", "needs_reauth", None)
    assert run.problem is not None
    assert row.problem is not None
    assert live_office.remote_id(client) == there
    with live_office.platform.database.read() as session:
        assert queries.due(session, live_office.platform.clock()) == []
    with pytest.raises(connect.WrongState):
        live_office.ask()


def test_reconnecting_restores_every_link_and_goes_on(live_office: Office, bookkeeper: Bookkeeper) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    there = live_office.remote_id(client)
    bookkeeper.disconnect()
    live_office.edit_customer(client, phone="+1 415 555 0199")
    live_office.sync()
    reconnected(live_office)
    row = connection_of(live_office)
    assert (row.state, row.problem) == ("live", None)
    assert live_office.sync().state == "succeeded"
    assert (live_office.dot(client), live_office.remote_id(client)) == ("green", there)
    assert bookkeeper.customer(there)["phone"] == "4155550199"
    assert bookkeeper.named("Cedar Vets") == [there]


def test_a_permission_that_ends_between_two_writes_leaves_the_rest_to_be_sent(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    invoice = live_office.add_invoice(client)
    live_office.add_invoice(client)
    with live_office.during_the_next_write(bookkeeper.disconnect):
        live_office.sync()
    assert connection_of(live_office).state == "needs_reauth"
    reconnected(live_office)
    live_office.settled()
    assert len(bookkeeper.named("Cedar Vets")) == 1
    assert invoice in {link.record_id for link in live_office.links()}
    assert live_office.counts()["green"] == 3


def test_access_to_another_company_is_refused_and_everything_kept(live_office: Office, bookkeeper: Bookkeeper) -> None:
    client = live_office.add_customer(name="Cedar Vets")
    live_office.sync()
    before = connection_of(live_office)
    there, written = live_office.remote_id(client), live_office.writes()
    bookkeeper.disconnect()
    live_office.sync()
    bookkeeper.prefer_the_other_company()
    with pytest.raises(consenting.ConsentRefused, match="another company"):
        reconnected(live_office)
    row = connection_of(live_office)
    assert (row.state, row.remote_tenant_id) == ("needs_reauth", before.remote_tenant_id)
    assert row.problem is not None
    assert row.problem["kind"] == "wrong_company"
    assert (live_office.remote_id(client), live_office.writes()) == (there, written)


def test_a_consent_that_could_not_begin_leaves_no_connection_behind(office: Office) -> None:
    provider = office.package.sandbox.name

    class Unreachable:
        def authorize_url(self, **_: object) -> str:
            raise Transient("The package could not be reached.")

    lost = replace(office.platform.provider(provider))
    object.__setattr__(lost, "oauth", lambda *_, **__: Unreachable())
    platform = replace(office.platform, providers={**office.platform.providers, provider: lost})
    with pytest.raises(Transient):
        connect.start(platform, organisation_id=office.organisation_id, provider=provider, actor="user:ann")
    with office.platform.database.read() as session:
        assert queries.all_of(session, office.organisation_id) == []
