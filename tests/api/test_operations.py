"""What an operator asks of the running service: health, readiness, figures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families as families_of

from service.api import register
from service.api.openapi import Api
from service.api.services import Services
from service.records.author import Author
from service.store import schema
from service.store.accounts import Organisation
from service.store.database import Database
from service.store.queries import upkeep
from service.store.sync_models import CallRow, ConnectionRow, RunRow
from tests.api.builders import company
from tests.api.conftest import NOW, Clock, join
from tests.records import builders as rows
from tests.support.statements import counted


@pytest.fixture
def own_database(prepared_database_url: str) -> Iterator[Database]:
    """A database of this test alone: the figures are over all organisations."""
    database = Database(prepared_database_url)
    yield database
    database.close()


@pytest.fixture
def watched(own_database: Database, clock: Clock) -> Api:
    return serving(own_database, clock)


def serving(database: Database, clock: Clock) -> Api:
    app = Api(__name__)
    register(app, Services(database=database, clock=clock))
    return app


def figures(http: FlaskClient) -> dict[tuple[str, str], float]:
    """Read the figures: (name, values of its labels) -> value."""
    answer = http.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, " ".join(sample.labels.values())): sample.value
        for family in families_of(answer.get_data(as_text=True))
        for sample in family.samples
    }


def test_the_process_says_that_it_is_alive_without_asking_the_database(clock: Clock) -> None:
    nowhere = serving(Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing"), clock)
    assert nowhere.test_client().get("/healthz").get_json() == {"status": "ok"}


def test_it_is_ready_with_a_database_of_the_newest_schema(watched: Api) -> None:
    answer = watched.test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


def test_it_is_not_ready_without_a_database_and_tells_nothing_of_where_it_is(clock: Clock) -> None:
    nowhere = serving(Database("postgresql+psycopg://nobody:secret@127.0.0.1:1/nothing"), clock)
    answer = nowhere.test_client().get("/readyz")
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert answer.get_json()["detail"] == "The database does not answer."
    assert "secret" not in answer.text


def test_it_is_not_ready_with_an_older_schema(own_database: Database, clock: Clock) -> None:
    schema.downgrade(own_database, "base")
    answer = serving(own_database, clock).test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()["status"]) == (503, 503)
    assert "schema" in answer.get_json()["detail"]


def test_the_figures_come_even_without_a_database(clock: Clock) -> None:
    http = serving(Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing"), clock).test_client()
    http.get("/healthz")
    found = figures(http)
    assert found["tieout_database_up", ""] == 0
    assert found["tieout_http_requests_total", "GET /healthz 200"] == 1
    assert ("tieout_links", "green") not in found


def test_the_figures_count_runs_calls_problems_and_links(watched: Api, own_database: Database, clock: Clock) -> None:
    with own_database.write() as session:
        organisation = Organisation(name="Brightwater")
        session.add(organisation)
        session.flush()
        author = Author(organisation_id=organisation.id, actor="test", now=NOW)
        connection = rows.connection(session, author)
        clients = [rows.company(session, author, f"Client {number}") for number in range(4)]
        green, orange, red, _ = [rows.link(session, connection, client.id) for client in clients]
        green.baseline = orange.baseline = red.baseline = {"fields": {}, "active": True}
        orange.wanted = 2
        rows.problem(session, red)
        session.add_all([_run(connection, "failed", finished=True), _run(connection, "queued", finished=False)])
        session.add_all([_call(connection, key, status) for key, status in (("a", 200), ("b", 200), ("c", None))])
        upkeep.beat(session, "scheduler", clock.now - timedelta(seconds=40))
    found = figures(watched.test_client())
    assert found["tieout_database_up", ""] == 1
    assert [found["tieout_links", dot] for dot in ("green", "orange", "red", "none")] == [1, 2, 1, 0]
    assert (found["tieout_runs", "failed"], found["tieout_runs", "queued"]) == (1, 1)
    assert (found["tieout_calls", "200"], found["tieout_calls", "none"]) == (2, 1)
    assert (found["tieout_open_problems", "rejected"], found["tieout_connections", "live"]) == (1, 1)
    assert 40 <= found["tieout_heartbeat_age_seconds", "scheduler"] < 41


def _run(connection: ConnectionRow, state: str, *, finished: bool) -> RunRow:
    return RunRow(
        organisation_id=connection.organisation_id,
        connection_id=connection.id,
        kind="sync",
        state=state,
        finished_at=NOW if finished else None,
    )


def _call(connection: ConnectionRow, key: str, status: int | None) -> CallRow:
    return CallRow(
        organisation_id=connection.organisation_id,
        connection_id=connection.id,
        key=key,
        elements=1,
        request={},
        status=status,
    )


def test_a_request_is_counted_by_the_pattern_of_its_address(watched: Api, own_database: Database) -> None:
    ann = join(own_database, watched)
    client = ann.created("/customers", company("Secret Client"))
    for _ in range(2):
        ann.get(f"/customers/{client['id']}")
    ann.send("POST", "/customers", json={})
    ann.http.get("/no/such/page")
    ann.http.open("/no/such/page", method="BREW")
    found = figures(ann.http)
    assert found["tieout_http_requests_total", "GET /api/v1/customers/<id> 200"] == 2
    assert found["tieout_http_requests_total", "POST /api/v1/customers 201"] == 1
    assert found["tieout_http_requests_total", "POST /api/v1/customers 422"] == 1
    assert found["tieout_http_requests_total", " (none) 404"] == 2
    assert found["tieout_http_request_seconds_count", "GET /api/v1/customers/<id>"] == 2
    text = ann.http.get("/metrics").text
    assert client["id"] not in text
    assert ann.organisation_id not in text
    assert "Secret" not in text


def test_a_scrape_asks_one_statement_for_each_figure(watched: Api, own_database: Database) -> None:
    with counted(own_database.engine) as statements:
        figures(watched.test_client())
    assert len([one for one in statements if one.lstrip().lower().startswith("select")]) <= 6


def test_two_applications_keep_figures_of_their_own(watched: Api, own_database: Database, clock: Clock) -> None:
    watched.test_client().get("/healthz")
    other = serving(own_database, clock).test_client()
    assert ("tieout_http_requests_total", "GET /healthz 200") not in figures(other)
