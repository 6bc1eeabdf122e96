"""How routes run: what a page costs, and routes that open transactions of their own."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import BaseModel

from service.api import register
from service.api.openapi import Api
from service.api.problems import ApiError
from service.api.routes import BASE, routes
from service.api.services import Services
from service.api.sync_groups import SYNC_GROUPS
from service.api.units import _request_hash, acts
from service.store.accounts import Role
from service.store.database import Database
from service.store.queries.answers import claim, forget_answers
from service.sync.platform import Elsewhere
from tests.api.builders import company, invoice
from tests.api.conftest import Caller, Clock, join, offline_platform
from tests.support.statements import counted


class Done(BaseModel):
    """What the route of these tests answers."""

    times: int


@pytest.fixture
def app(database: Database, clock: Clock) -> Api:
    """An application of its own: it gets a further route and other keys."""
    made = Api(__name__)
    platform = offline_platform(database, clock)
    register(made, Services(database=database, clock=clock, platform=platform, runner=Elsewhere()), more=SYNC_GROUPS)
    made.testing = True
    return made


@pytest.fixture
def outcomes(app: Api) -> list[str]:
    """What a route that calls out meets, one a call; empty means it succeeds."""
    left: list[str] = []
    group = routes("Calls out", about="A route of a test.")
    made = {"times": 0}

    @group.post("/call-out")
    @acts(Role.ACCOUNTANT)
    def call_out() -> Done:
        """Call out."""
        made["times"] += 1
        match left.pop(0) if left else "":
            case "refused":
                raise ApiError(409, "Not now.")
            case "broken":
                raise RuntimeError
            case _:
                return Done(times=made["times"])

    app.register_api(group)
    return left


def test_a_page_of_fifty_costs_as_much_as_one_of_five(ann: Caller, database: Database) -> None:
    for number in range(12):
        client = ann.created("/customers", company(f"Client {number}"))
        ann.created("/invoices", invoice(client["id"]))
    costs = {}
    for path in ("/customers", "/invoices"):
        for limit in (2, 50):
            with counted(database.engine) as statements:
                assert len(ann.get(path, limit=limit).get_json()["items"]) == min(limit, 12)
            costs[path, limit] = len(statements)
    # the token; the page; what belongs to its rows; the connections
    assert set(costs.values()) == {4}, costs


def test_an_answer_of_a_route_that_calls_out_is_remembered(ann: Caller, outcomes: list[str]) -> None:
    assert outcomes == []
    first = ann.post("/call-out", Idempotency_Key="k-1")
    again = ann.post("/call-out", Idempotency_Key="k-1")
    assert (first.get_json(), again.get_json()) == ({"times": 1}, {"times": 1})
    assert ann.post("/call-out").get_json() == {"times": 2}


def test_a_refusal_of_a_route_that_calls_out_is_remembered(ann: Caller, outcomes: list[str]) -> None:
    outcomes.append("refused")
    assert ann.post("/call-out", Idempotency_Key="k-1").status_code == 409
    assert ann.post("/call-out", Idempotency_Key="k-1").status_code == 409
    assert ann.post("/call-out", Idempotency_Key="k-2").get_json() == {"times": 2}


def test_a_route_that_broke_can_be_asked_again(ann: Caller, outcomes: list[str]) -> None:
    outcomes.append("broken")
    with pytest.raises(RuntimeError):
        ann.post("/call-out", Idempotency_Key="k-1")
    assert ann.post("/call-out", Idempotency_Key="k-1").get_json() == {"times": 2}


def test_a_key_whose_first_request_is_not_answered_yet_waits_and_is_free_again_after_a_crash(
    ann: Caller, app: Api, outcomes: list[str], database: Database, clock: Clock
) -> None:
    assert outcomes == []
    with app.test_request_context(f"{BASE}/call-out", method="POST", headers={"Authorization": f"Bearer {ann.token}"}):
        request_hash = _request_hash()
    with database.write() as session:
        claim(session, ann.organisation_id, key="k-1", request_hash=request_hash, now=clock())
    waiting = ann.post("/call-out", Idempotency_Key="k-1")
    assert (waiting.status_code, waiting.headers["Retry-After"]) == (409, "1")
    clock.now += timedelta(minutes=6)
    assert ann.post("/call-out", Idempotency_Key="k-1").get_json() == {"times": 1}


def test_what_is_kept_of_a_request_tells_nothing_without_the_services_key(app: Api) -> None:
    kept = set()
    for key in ("one key", "another key"):
        app.secret_key = key
        with app.test_request_context(f"{BASE}/users", method="POST", json={"password": "correct horse battery"}):
            kept |= {_request_hash(), _request_hash()}
    assert len(kept) == 2


def test_answers_are_kept_until_they_are_forgotten(ann: Caller, database: Database, clock: Clock) -> None:
    first = ann.post("/customers", company(), Idempotency_Key="k-1").get_json()
    with database.write() as session:
        forget_answers(session, before=clock.now - timedelta(hours=24))
    assert ann.post("/customers", company(), Idempotency_Key="k-1").get_json() == first
    with database.write() as session:
        forget_answers(session, before=clock.now + timedelta(seconds=1))
    assert ann.post("/customers", company(), Idempotency_Key="k-1").get_json()["id"] != first["id"]


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_package_that_does_not_answer_is_no_fault_of_the_request(app: Api, database: Database) -> None:
    boss = join(database, app, role=Role.ADMIN)
    answer = boss.post("/connections", {"provider": "quickbooks"})
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json"), answer.text
