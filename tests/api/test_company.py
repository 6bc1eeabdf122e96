"""The company's settings and its people over HTTP."""

from __future__ import annotations

from service.api.openapi import Api
from service.store.accounts import Role
from service.store.database import Database
from tests.api.conftest import Caller, join


def test_the_company_is_read_by_all_and_changed_by_administrators(database: Database, app: Api) -> None:
    ann = join(database, app)
    admin = join(database, app, role=Role.ADMIN, organisation_id=ann.organisation_id)
    assert ann.patch("/company", {"name": "Mine"}).status_code == 403
    changed = admin.patch("/company", {"timezone": "Europe/Oslo", "currency": "NOK", "country": "NO"})
    assert changed.status_code == 200, changed.text
    read = ann.get("/company").get_json()
    assert (read["timezone"], read["currency"], read["country"]) == ("Europe/Oslo", "NOK", "NO")
    wrong = admin.patch("/company", {"timezone": "Mars/Base", "locale": "xx", "name": None})
    assert wrong.status_code == 422
    assert {fault["field"] for fault in wrong.get_json()["errors"]} == {"timezone", "locale"}
    assert admin.patch("/company", {"name": ""}).status_code == 422


def test_people_are_managed_and_one_administrator_stays(database: Database, app: Api, stranger: Caller) -> None:
    admin = join(database, app, role=Role.ADMIN)
    given = {"email": "boss@freeman.example", "password": "a long enough one", "role": "admin"}
    boss = admin.created("/users", given)
    assert "password" not in boss
    assert admin.post("/users", given).status_code == 409
    assert admin.post("/users", given | {"password": "short", "email": "b@freeman.example"}).status_code == 422
    last = admin.patch(f"/users/{boss['id']}", {"role": "viewer"})
    assert (last.status_code, "only administrator" in last.get_json()["detail"]) == (409, True)
    assert admin.patch(f"/users/{boss['id']}", {"active": False}).status_code == 409
    second = admin.created("/users", given | {"email": "second@freeman.example"})
    closed = admin.patch(f"/users/{boss['id']}", {"active": False, "password": "yet another one"}).get_json()
    assert (closed["active"], closed["role"]) == (False, "admin")
    assert [one["email"] for one in admin.get("/users").get_json()["items"]] == [boss["email"], second["email"]]
    assert stranger.get("/users").status_code == 403
    elsewhere = join(database, app, role=Role.ADMIN)
    assert elsewhere.patch(f"/users/{boss['id']}", {"active": True}).status_code == 404
