from __future__ import annotations

from typing import Any

import pytest

from tests.api.builders import company, invoice
from tests.api.conftest import Caller


def _names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.get_json()["items"]]


def test_a_customer_has_every_field_of_the_contract(ann: Caller) -> None:
    address = {"line1": "1 High St", "city": "Leeds", "postal_code": "LS1 1AA", "country": "GB"}
    made = ann.created("/customers", company(currency="GBP", billing_address=address, payment_terms="net30"))
    assert (
        made.items()
        >= {
            "number": "C-1001",
            "kind": "company",
            "type": "client",
            "full_name": "Freeman Sporting Goods",
            "parent_id": None,
            "depth": 1,
            "is_customer": True,
            "archived": False,
            "status": "active",
            "discount_percent": "0",
            "product_visibility": "standard_and_exclusive",
            "billing_address": {**address, "line2": None, "region": None},
            "revision": 1,
            "sync": [],
            "created_at": made["created_at"],
        }.items()
    )
    assert made["created_at"].endswith("Z")
    assert made["contacts"][0]["primary"] is True
    assert ann.get(f"/customers/{made['id']}").get_json() == made


def test_input_at_fault_is_told_by_its_path(ann: Caller) -> None:
    body = company(contacts=[{"first_name": "James", "email": "nobody at all"}], discount_percent="101")
    answer = ann.post("/customers", body)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    document = answer.get_json()
    assert document["status"] == 422
    assert [fault["field"] for fault in document["errors"]] == ["discount_percent", "contacts.0.email"]


@pytest.mark.parametrize("name", ["A:B", "A\tB", "A\nB", "A\u2028B", " ", "\u0000", "\ud800", "x" * 256])
def test_a_name_that_cannot_be_is_refused(ann: Caller, name: str) -> None:
    assert ann.post("/customers", company(name)).status_code == 422


def test_names_in_every_script_come_back_as_they_were(ann: Caller) -> None:
    for name in ("Ζωή Παπαδοπούλου", "株式会社山田", "Müller & Söhne", "شركة النور", "Дмитрий", "O\u2019Neill 🛠"):
        assert ann.created("/customers", company(name))["name"] == name


def test_a_stale_revision_is_a_conflict_and_changes_nothing(ann: Caller) -> None:
    made = ann.created("/customers", company())
    first = ann.patch(f"/customers/{made['id']}", {"phone": "1"}, If_Match='"1"')
    assert (first.status_code, first.get_json()["revision"], first.headers["ETag"]) == (200, 2, '"2"')
    second = ann.patch(f"/customers/{made['id']}", {"phone": "2"}, If_Match='"1"')
    assert (second.status_code, second.mimetype) == (409, "application/problem+json")
    assert ann.get(f"/customers/{made['id']}").get_json()["phone"] == "1"


def test_a_malformed_revision_is_a_bad_request(ann: Caller) -> None:
    made = ann.created("/customers", company())
    assert ann.patch(f"/customers/{made['id']}", {"phone": "1"}, If_Match="newest").status_code == 400


def test_archiving_takes_a_customer_off_the_list(ann: Caller) -> None:
    made = ann.created("/customers", company())
    assert ann.post(f"/customers/{made['id']}/archive").get_json()["archived"] is True
    assert _names(ann.get("/customers")) == []
    assert _names(ann.get("/customers", archived="true")) == ["Freeman Sporting Goods"]
    assert ann.post(f"/customers/{made['id']}/unarchive").get_json()["archived"] is False


def test_deleting_says_what_hangs_on_a_customer(ann: Caller) -> None:
    made = ann.created("/customers", company())
    ann.created("/invoices", invoice(made["id"]))
    answer = ann.delete(f"/customers/{made['id']}")
    assert answer.status_code == 409
    assert "1 invoice" in answer.get_json()["detail"]
    other = ann.created("/customers", company())
    assert ann.delete(f"/customers/{other['id']}").status_code == 204
    assert ann.get(f"/customers/{other['id']}").status_code == 404


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("free", ["Freeman Sporting Goods"]),
        ("SPORT", ["Freeman Sporting Goods"]),
        ("sport free", ["Freeman Sporting Goods"]),
        ("oods", []),
        ("C-1001", ["Freeman Sporting Goods"]),
        ("billing@fr", ["Freeman Sporting Goods"]),
        ("strasse", ["Straße GmbH"]),
        ("smith", ["Freeman Sporting Goods", "Straße GmbH"]),
        ("100%", []),
    ],
)
def test_search_finds_the_beginning_of_any_word(ann: Caller, q: str, found: list[str]) -> None:
    ann.created("/customers", company(email="billing@freeman.example"))
    ann.created("/customers", company("Straße GmbH"))
    assert _names(ann.get("/customers", q=q)) == found


def test_a_rename_is_found_and_the_old_name_is_not(ann: Caller) -> None:
    made = ann.created("/customers", company("Before"))
    job = ann.created("/customers", {"name": "Roof", "parent_id": made["id"]})
    ann.patch(f"/customers/{made['id']}", {"name": "After"})
    assert _names(ann.get("/customers", q="before")) == []
    assert _names(ann.get("/customers", q="after")) == ["After", "Roof"]
    assert ann.get(f"/customers/{job['id']}").get_json()["full_name"] == "After:Roof"


def test_the_tree_lists_each_client_with_its_jobs(ann: Caller) -> None:
    zed, abe = ann.created("/customers", company("Zed")), ann.created("/customers", company("abe"))
    ann.created("/customers", {"name": "Attic", "parent_id": zed["id"]})
    ann.created("/customers", {"name": "Yard", "parent_id": abe["id"]})
    assert _names(ann.get("/customers", view="tree")) == ["abe", "Yard", "Zed", "Attic"]
    assert _names(ann.get("/customers", view="tree", sort="-name")) == ["Zed", "Attic", "abe", "Yard"]
    assert _names(ann.get("/customers", view="flat")) == ["abe", "Attic", "Yard", "Zed"]
    assert _names(ann.get("/customers", parent_id=zed["id"])) == ["Attic"]


def test_the_lists_of_customers_and_contacts(ann: Caller) -> None:
    ann.created("/customers", company("Buyer"))
    ann.created("/customers", company("Acquaintance", is_customer=False))
    assert _names(ann.get("/customers", list="customers")) == ["Buyer"]
    assert _names(ann.get("/customers", list="contacts")) == ["Acquaintance"]
    assert _names(ann.get("/customers", list="all")) == ["Acquaintance", "Buyer"]


@pytest.mark.parametrize("sort", ["name", "-name", "status,-number", "-updated_at,name", "email,kind,number"])
@pytest.mark.parametrize("view", ["tree", "flat"])
def test_pages_show_every_customer_once(ann: Caller, sort: str, view: str) -> None:
    for name in ("Twin", "Twin", "Other", "Ünder"):
        client = ann.created("/customers", company(name))
        ann.created("/customers", {"name": "Job", "parent_id": client["id"], "email": f"{client['id']}@x.example"})
    whole = [item["id"] for item in ann.get("/customers", sort=sort, view=view).get_json()["items"]]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = ann.get("/customers", sort=sort, view=view, limit=3, **cursor).get_json()
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert (len(set(seen)), seen) == (8, whole)


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "501"},
        {"limit": "0"},
        {"cursor": "bm9uc2Vuc2U"},
        {"cursor": "%%%"},
        {"sort": "favourite"},
        {"sort": "name,-name"},
        {"sort": "name,number,email,kind"},
        {"dot": "green"},
        {"dot": "blue", "connection_id": "0" * 32},
        {"parent_id": "7"},
        {"colour": "red"},
        {"q": "\x00"},
    ],
)
def test_a_list_asked_for_wrongly_is_refused(ann: Caller, query: dict[str, str]) -> None:
    answer = ann.get("/customers", **query)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")


def test_a_cursor_of_another_order_is_refused(ann: Caller) -> None:
    for name in ("A", "B"):
        ann.created("/customers", company(name))
    cursor = ann.get("/customers", limit=1, sort="name").get_json()["next"]
    assert ann.get("/customers", limit=1, sort="number", cursor=cursor).status_code == 422
    assert ann.get("/customers", limit=1, sort="name", cursor=cursor).status_code == 200


def test_contacts_and_job_sites_of_a_customer(ann: Caller) -> None:
    made = ann.created("/customers", company())
    site = ann.created(f"/customers/{made['id']}/job-sites", {"name": "Dock", "address": {"city": "Hull"}})
    contact = ann.created(
        f"/customers/{made['id']}/contacts", {"first_name": "Ada", "job_site_id": site["id"], "invoice_email": "to"}
    )
    assert contact.items() >= {"primary": False, "invoice_email": "to", "job_site_id": site["id"]}.items()
    assert len(ann.get(f"/customers/{made['id']}/contacts").get_json()["items"]) == 2
    assert ann.get(f"/customers/{made['id']}/job-sites").get_json()["items"] == [site]
    changed = ann.patch(f"/contacts/{contact['id']}", {"role": "Foreman"}, If_Match='"1"').get_json()
    assert (changed["role"], changed["revision"]) == ("Foreman", 2)
    assert ann.delete(f"/contacts/{contact['id']}").status_code == 204
    assert ann.get(f"/contacts/{contact['id']}").status_code == 404


def test_tax_levels_add_up(ann: Caller) -> None:
    parts = [{"name": "State", "rate_percent": "4"}, {"name": "City", "rate_percent": "4.875"}]
    made = ann.created("/tax-levels", {"name": "New York", "rate_percent": "8.875", "components": parts})
    assert made["components"] == parts
    assert ann.get("/tax-levels").get_json()["items"] == [made]
    wrong = ann.post("/tax-levels", {"name": "Wrong", "rate_percent": "8", "components": parts})
    assert [fault["field"] for fault in wrong.get_json()["errors"]] == ["components"]
    assert ann.post("/tax-levels", {"name": "NEW YORK", "rate_percent": "1"}).status_code == 409


def test_the_trail_tells_who_changed_what(ann: Caller) -> None:
    made = ann.created("/customers", company())
    ann.patch(f"/customers/{made['id']}", {"phone": "555"})
    items = ann.get("/events", record_id=made["id"]).get_json()["items"]
    assert [item["verb"] for item in items] == ["edited", "created"]
    assert (items[0]["before"], items[0]["after"]) == ({"phone": None}, {"phone": "555"})
    assert items[0]["actor"].startswith("token:")
    later = ann.get("/events", record_id=made["id"], since=items[0]["at"]).get_json()["items"]
    assert [item["verb"] for item in later] == ["edited"]
