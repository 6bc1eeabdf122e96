"""What holds for every route: tokens, roles, forms of bodies, problem documents, remembered answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Response

from service.api import register
from service.api.access import role_of
from service.api.openapi import Api
from service.api.routes import BASE
from service.api.services import Services
from service.records.author import Author
from service.records.tokens import revoke_token
from service.store.accounts import ApiToken, Role
from service.store.database import Database
from service.store.queries.tokens import token_by_text
from tests.api.builders import account, company, invoice, mailed, synced
from tests.api.conftest import NOW, Caller, Clock, join

PROBLEM = "application/problem+json"


def _together(*requests: Callable[[], Any]) -> list[Any]:
    """Send requests at the same moment and return their answers in order."""
    answers: list[Any] = [None] * len(requests)
    start = threading.Barrier(len(requests))

    def send(index: int) -> None:
        start.wait(timeout=10)
        answers[index] = requests[index]()

    threads = [threading.Thread(target=send, args=(index,)) for index in range(len(requests))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return answers


def _twin(somebody: Caller, app: Api) -> Caller:
    """Return the same caller with a client of its own, for another thread."""
    return Caller(http=app.test_client(), token=somebody.token, organisation_id=somebody.organisation_id)


def test_without_a_token_nothing_is_answered(app: Api) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Basic abc"},
        {"Authorization": "Bearer "},
    ):
        answer = app.test_client().get(f"{BASE}/customers", headers=headers)
        assert (answer.status_code, answer.mimetype) == (401, PROBLEM)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_token_is_no_token(ann: Caller, database: Database) -> None:
    with database.write() as session:
        row = token_by_text(session, ann.token)
        assert row is not None
        author = Author(organisation_id=ann.organisation_id, actor="test", now=NOW)
        revoke_token(session, author, row.id)
    assert ann.get("/customers").status_code == 401


def test_a_token_is_kept_as_its_hash_alone(ann: Caller, database: Database) -> None:
    with database.read() as session:
        row = token_by_text(session, ann.token)
        assert row is not None
        kept = [str(getattr(row, column.key)) for column in ApiToken.__table__.columns]
    assert not any(ann.token in text for text in kept)


def test_a_viewer_reads_and_changes_nothing(reader: Caller, ann: Caller) -> None:
    made = ann.created("/customers", company())
    assert reader.get(f"/customers/{made['id']}").status_code == 200
    for answer in (
        reader.post("/customers", company()),
        reader.patch(f"/customers/{made['id']}", {"phone": "1"}),
        reader.delete(f"/customers/{made['id']}"),
        reader.post(f"/customers/{made['id']}/archive"),
        reader.post("/tax-levels", {"name": "GST", "rate_percent": "10"}),
    ):
        assert (answer.status_code, answer.mimetype) == (403, PROBLEM)


def test_a_role_that_is_too_weak_is_told_so_on_every_route(
    app: Api, ann: Caller, reader: Caller, database: Database
) -> None:
    boss = join(database, app, role=Role.ADMIN, organisation_id=ann.organisation_id)
    backer = join(database, app, role=Role.SUPPORT, organisation_id=ann.organisation_id)
    tried = 0
    for rule in app.url_map.iter_rules():
        needed = role_of(app.view_functions[rule.endpoint])
        if needed is None:
            continue
        path = rule.rule.removeprefix(BASE).replace("<id>", "0" * 32)
        (method,) = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        for caller, role in ((reader, Role.VIEWER), (ann, Role.ACCOUNTANT), (backer, Role.SUPPORT), (boss, Role.ADMIN)):
            answer = caller.send(method, path, json=None if method in {"GET", "DELETE"} else {})
            assert (answer.status_code == 403) is not role.may(needed), f"{role} {method} {path}: {answer.text}"
            tried += 1
    assert tried >= 4 * 45


def test_every_route_declares_a_role(app: Api) -> None:
    open_to_all = {"docs.description", "docs.page", "docs.start", "docs.asset", "static"}
    open_to_all |= {"operations.health", "operations.readiness", "operations.metrics"}
    undeclared = [
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in open_to_all and role_of(app.view_functions[rule.endpoint]) is None
    ]
    assert undeclared == []


def test_another_organisations_records_do_not_exist_on_any_route(app: Api, ann: Caller, database: Database) -> None:
    stranger = join(database, app, role=Role.ADMIN)
    client = ann.created("/customers", company())
    bill = ann.created("/invoices", invoice(client["id"], status="approved"))
    ids = {
        "customers": client["id"],
        "contacts": client["contacts"][0]["id"],
        "tax-levels": ann.created("/tax-levels", {"name": "GST", "rate_percent": "10"})["id"],
        "invoices": bill["id"],
        "payments": ann.created("/payments", {"invoice_id": bill["id"], "amount": "1"})["id"],
        **synced(database, ann.organisation_id, client["id"]),
        **mailed(database, ann.organisation_id, bill["id"]),
        "users": account(database, ann.organisation_id),
    }
    bodies = {
        "contacts": {"first_name": "Eve"},
        "job-sites": {"name": "Dock"},
        ids["connections"]: {"settings": {"push": "by_hand"}},
        ids["drift"]: {"decision": "accept"},
        ids["users"]: {"active": False},
        "matches": {"accept": "exact"},
        "resolve": {"option": "retry"},
        "companies": {"tenant_id": "another"},
        "allocations": {"invoice_id": bill["id"], "amount": "1"},
        "decide": {"outcome": "sent"},
        "candidates": {"take_in": [{"remote_id": "1"}]},
    }
    tried = 0
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith(BASE) or "<id>" not in rule.rule:
            continue
        kind = rule.rule.removeprefix(f"{BASE}/").split("/")[0]
        path = rule.rule.removeprefix(BASE).replace("<id>", ids[kind]).replace("<version>", "1")
        path = path.replace("<allocation_id>", "0" * 32)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            body = None if method in {"GET", "DELETE"} else bodies.get(path.split("/")[-1], {})
            answer = stranger.send(method, path, json=body)
            assert (answer.status_code, answer.mimetype) == (404, PROBLEM), f"{method} {path}: {answer.text}"
            tried += 1
    assert tried >= 40
    lists = ids.keys() - {"contacts", "resets", "mailings"}  # listed with their customer, their link, their letters
    assert [stranger.get(f"/{kind}").get_json()["items"] for kind in lists] == [[]] * len(lists)
    assert stranger.get("/events", record_id=client["id"]).get_json()["items"] == []


def test_references_to_another_organisations_records_are_refused(ann: Caller, stranger: Caller) -> None:
    theirs = stranger.created("/customers", company())
    level = stranger.created("/tax-levels", {"name": "GST", "rate_percent": "10"})
    for path, body in (
        ("/customers", {"name": "Job", "parent_id": theirs["id"]}),
        ("/customers", company(tax_level_id=level["id"])),
        ("/invoices", invoice(theirs["id"])),
        ("/payments", {"customer_id": theirs["id"], "amount": "1"}),
    ):
        assert ann.post(path, body).status_code == 422


def test_an_identifier_of_another_form_is_not_found(ann: Caller) -> None:
    for text in ("7", "x" * 32, "%00", "0" * 31, "..%2f.."):
        assert ann.get(f"/customers/{text}").status_code == 404


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"data": b"{", "content_type": "application/json"}, 400),
        ({"data": b'{"name": "\xff"}', "content_type": "application/json"}, 400),
        ({"data": b"name=x", "content_type": "application/x-www-form-urlencoded"}, 415),
        ({"data": b"{}", "content_type": "text/plain"}, 415),
        ({"data": b"[]", "content_type": "application/json"}, 422),
        ({"data": b'"{}"', "content_type": "application/json"}, 422),
        ({"data": b"{}", "content_type": "application/json"}, 422),
        ({}, 422),
        ({"data": b'{"name": "' + b"x" * 1_000_000 + b'"}', "content_type": "application/json"}, 413),
        ({"data": b"[" * 200_000, "content_type": "application/json"}, 400),
    ],
)
def test_a_body_in_the_wrong_form_is_refused(ann: Caller, options: dict[str, Any], status: int) -> None:
    answer = ann.send("POST", "/customers", **options)
    assert (answer.status_code, answer.mimetype) == (status, PROBLEM), answer.text


def test_what_is_not_there_or_not_allowed_is_a_problem_document_too(ann: Caller) -> None:
    missing, wrong = ann.get("/nothing"), ann.send("PUT", "/customers")
    assert (missing.status_code, missing.mimetype) == (404, PROBLEM)
    assert (wrong.status_code, wrong.mimetype) == (405, PROBLEM)
    assert "POST" in wrong.headers["Allow"]


def test_a_refusal_repeats_nothing_of_the_input(ann: Caller) -> None:
    answer = ann.post("/customers", company(currency="hunter2", phone=["hunter2"]))
    assert answer.status_code == 422
    assert "hunter2" not in answer.text


def test_the_same_key_and_body_give_the_first_answer(ann: Caller) -> None:
    first = ann.post("/customers", company(), Idempotency_Key="k-1")
    again = ann.post("/customers", company(), Idempotency_Key="k-1")
    assert (again.status_code, again.text, again.headers["ETag"]) == (201, first.text, '"1"')
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(ann.get("/customers").get_json()["items"]) == 1


def test_a_refusal_is_remembered_as_well(ann: Caller) -> None:
    ann.created("/customers", company(number="A-1"))
    first = ann.post("/customers", company(number="A-1"), Idempotency_Key="k-1")
    ann.patch(ann_first(ann), {"number": "A-2"})
    again = ann.post("/customers", company(number="A-1"), Idempotency_Key="k-1")
    assert (first.status_code, again.status_code, again.text) == (409, 409, first.text)
    assert again.mimetype == PROBLEM


def ann_first(ann: Caller) -> str:
    return f"/customers/{ann.get('/customers').get_json()['items'][0]['id']}"


def test_a_key_of_another_request_is_refused(ann: Caller) -> None:
    ann.post("/customers", company(), Idempotency_Key="k-1")
    for answer in (
        ann.post("/customers", company("Other"), Idempotency_Key="k-1"),
        ann.post("/tax-levels", {"name": "GST", "rate_percent": "10"}, Idempotency_Key="k-1"),
    ):
        assert (answer.status_code, answer.mimetype) == (409, PROBLEM)
    assert ann.post("/customers", company(), Idempotency_Key="with blank").status_code == 400


def test_a_key_belongs_to_one_organisation(ann: Caller, stranger: Caller) -> None:
    ann.post("/customers", company(), Idempotency_Key="k-1")
    assert stranger.post("/customers", company(), Idempotency_Key="k-1").status_code == 201


def test_one_key_sent_many_times_at_once_makes_one_customer(ann: Caller, app: Api) -> None:
    senders = [_twin(ann, app) for _ in range(4)]
    answers = _together(
        *(lambda s=sender: s.post("/customers", company(), Idempotency_Key="k-1") for sender in senders)
    )
    assert {(answer.status_code, answer.text) for answer in answers} == {(201, answers[0].text)}
    assert len(ann.get("/customers").get_json()["items"]) == 1


def test_of_two_edits_of_one_revision_one_wins(ann: Caller, app: Api) -> None:
    made = ann.created("/customers", company())
    path = f"/customers/{made['id']}"
    senders = [_twin(ann, app) for _ in range(3)]
    answers = _together(
        *(lambda s=sender, n=str(n): s.patch(path, {"phone": n}, If_Match='"1"') for n, sender in enumerate(senders))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    (winner,) = [answer.get_json() for answer in answers if answer.status_code == 200]
    now = ann.get(path).get_json()
    assert (now["phone"], now["revision"]) == (winner["phone"], 2)


def test_numbers_asked_for_at_once_are_all_different(ann: Caller, app: Api) -> None:
    senders = [_twin(ann, app) for _ in range(4)]
    answers = _together(*(lambda s=sender: s.post("/customers", company()) for sender in senders))
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.get_json()["number"] for answer in answers}) == 4


def test_two_moves_at_once_make_no_loop(ann: Caller, app: Api) -> None:
    one, two = ann.created("/customers", company("One")), ann.created("/customers", company("Two"))
    first, second = _twin(ann, app), _twin(ann, app)
    answers = _together(
        lambda: first.patch(f"/customers/{one['id']}", {"parent_id": two["id"]}),
        lambda: second.patch(f"/customers/{two['id']}", {"parent_id": one["id"]}),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 422]


def test_payments_at_once_never_pay_more_than_is_due(ann: Caller, app: Api) -> None:
    client = ann.created("/customers", company())
    bill = ann.created("/invoices", invoice(client["id"], status="approved"))
    senders = [_twin(ann, app) for _ in range(3)]
    body = {"invoice_id": bill["id"], "amount": "200"}
    answers = _together(*(lambda s=sender: s.post("/payments", body) for sender in senders))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 422]  # the second pays the rest, and more
    assert ann.get(f"/invoices/{bill['id']}").get_json()["amount_due"] == "0.00"
    made = [answer.get_json() for answer in answers if answer.status_code == 201]
    assert sorted(one["unallocated"] for one in made) == ["0.00", "100.00"]


def test_a_token_says_when_it_was_last_used_once_an_hour(ann: Caller, database: Database, clock: Clock) -> None:
    ann.get("/customers")
    with database.read() as session:
        row = token_by_text(session, ann.token)
        assert row is not None
        assert row.last_used_at is not None


def test_a_defect_is_a_problem_document_that_tells_nothing(database: Database) -> None:
    def fail() -> Response:
        raise RuntimeError("secret inside")

    register(app := Api(__name__), Services(database=database))
    app.add_url_rule(f"{BASE}/broken", "broken", fail)
    answer = app.test_client().get(f"{BASE}/broken")
    assert (answer.status_code, answer.mimetype) == (500, PROBLEM)
    assert "secret" not in answer.text


def test_roles_only_grow(database: Database, app: Api, ann: Caller) -> None:
    for role in Role:
        somebody = join(database, app, role=role, organisation_id=ann.organisation_id)
        assert somebody.get("/customers").status_code == 200
        assert (somebody.post("/customers", company()).status_code == 201) is role.may(Role.ACCOUNTANT)
