"""What can be done with customers from their list: menu, flag, archive, deleting, adding; sorting, columns, export."""

from __future__ import annotations

import csv
import io
import re

import pytest

from service.records.customers import archive_customer, change_customer
from service.records.inputs import CustomerChanges
from service.store.records import CustomerRow
from service.web.export import safe_cell
from tests.web.conftest import client_of
from tests.web.test_listing import names_on
from tests.web.world import World, company, job


def table_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def row_of(world: World, name: str) -> CustomerRow:
    with world.database.read() as session:
        return session.get_one(CustomerRow, world.ids[name])


def test_a_list_is_sorted_by_up_to_three_fields_and_a_heading_puts_its_own_first(any_world: World) -> None:
    with any_world.database.write() as session:
        for name, phone in (("B", "2"), ("A", "2"), ("C", "1")):
            company(session, any_world, f"Same {name}", phone=phone, vat_number="DE1")
    client = client_of(any_world)
    path = "/customers?view=flat&q=same&sort=vat_number&sort=-phone&sort=name"
    assert names_on(client.get(path).text) == ["Same A", "Same B", "Same C"]
    assert names_on(client.get(path.replace("sort=-phone", "sort=phone")).text) == ["Same C", "Same A", "Same B"]
    assert names_on(client.get("/customers?view=flat&q=same&sort=phone,-name").text) == ["Same C", "Same B", "Same A"]
    page = client.get("/customers?sort=-phone&sort=name&sort=number&sort=email").text
    assert 'aria-sort="descending"' in page
    heading = re.search(r'href="([^"]+)">Number</a>', page)
    assert heading
    assert heading[1].endswith("sort=number&amp;sort=-phone&amp;sort=name")


def test_columns_are_chosen_once_and_kept(world: World) -> None:
    client = client_of(world, "viewer")
    assert "VAT number</a></th>" not in client.get("/customers").text
    client.post("/customers/columns", data={"column": ["vat_number", "created", "evil"], "next": "/customers"})
    page = client.get("/customers").text
    assert "VAT number</a></th>" in page
    assert "Created</a></th>" in page
    assert "Phone</a></th>" not in page


@pytest.mark.parametrize("query", ["(650) 555-0987", "6505550987", "555-0987", "5550987", "650 555"])
def test_a_phone_number_is_found_however_it_is_written(any_world: World, query: str) -> None:
    page = client_of(any_world).get("/customers", query_string={"q": query}).text
    assert "Freeman Sporting Goods" in names_on(page)
    assert "Cedar Vets" not in names_on(page)


def test_the_export_holds_exactly_the_list_and_no_formula(any_world: World) -> None:
    with any_world.database.write() as session:
        company(session, any_world, "=cmd|' /C calc'!A0", phone="+1 650 555 0199", number="-1")
        archive_customer(session, any_world.author, any_world.ids["amy"])
    client = client_of(any_world, "viewer")
    answer = client.get("/customers.csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = table_of(answer.text)
    assert [row["Full name"] for row in rows] == [
        "'=cmd|' /C calc'!A0",
        "Cedar Vets",
        "Freeman Sporting Goods",
        "Freeman Sporting Goods:0969 Ocean View Road",
        "Freeman Sporting Goods:0969 Ocean View Road:Roof",
        "Harbour Roofing Ltd",
        "Kate Whelan & Daughters",
    ]
    assert (rows[0]["Main phone"], rows[0]["Number"]) == ("'+1 650 555 0199", "'-1")
    assert rows[2]["Billing address"] == "370 Easy St., Middlefield, CA, 94482, US"
    assert rows[2]["QuickBooks · Craig's Design"] == "in sync"
    red = table_of(client.get("/customers.csv?dot=red&view=flat&sort=-name").text)
    assert [row["Name"] for row in red] == ["Harbour Roofing Ltd", "Cedar Vets"]
    assert len(table_of(client.get("/customers.csv?archived=true").text)) == 8


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "\r=1"])
def test_no_cell_begins_like_a_formula(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


def test_the_menu_offers_what_can_be_done_and_says_why_the_rest_can_not(world: World) -> None:
    client, ids = client_of(world, "accountant"), world.ids
    freeman = client.get(f"/parts/customers/{ids['freeman']}/menu").text
    for words in ("View in QuickBooks", "Reset and resync", "New job", "Archive with its 2 active jobs", "Sync now"):
        assert words in freeman
    assert "has 1 job and 1 invoice. Archive it instead." in freeman
    assert "A question about it waits" in client.get(f"/customers/{ids['cedar']}/menu").text
    amy = client.get(f"/customers/{ids['amy']}/menu").text
    assert f'href="/customers/{ids["amy"]}/delete"' in amy
    reader = client_of(world, "viewer").get(f"/customers/{ids['freeman']}/menu").text
    assert "View in QuickBooks" in reader
    assert 'method="post"' not in reader.partition("<main")[2].partition("</main>")[0]


def test_the_flag_moves_somebody_between_the_lists(world: World) -> None:
    client, path = client_of(world, "accountant"), f"/customers/{world.ids['amy']}/flag"
    told = client.post(path, data={"is_customer": "false", "revision": "1", "next": "/customers?list=contacts"})
    assert told.headers["Location"] == "/customers?list=contacts"
    assert names_on(client.get("/customers?list=contacts").text) == ["Amy O&#39;Brien 山田"]
    assert len(names_on(client.get("/customers?list=customers").text)) == 4
    late = client.post(path, data={"is_customer": "true", "revision": "1"}, follow_redirects=True)
    assert "changed meanwhile" in late.text
    assert not row_of(world, "amy").is_customer


def test_jobs_are_archived_with_their_client_on_request(world: World) -> None:
    client = client_of(world, "accountant")
    path = f"/customers/{world.ids['freeman']}/archive"
    given = {"archived": "true", "with_jobs": "true", "revision": "1"}
    assert "is archived" in client.post(path, data=given, follow_redirects=True).text
    assert row_of(world, "roof").archived


def test_deleting_shows_what_goes_and_needs_nothing_to_hang_on_it(world: World) -> None:
    client, ids = client_of(world, "accountant"), world.ids
    assert "Archive it instead" in client.get(f"/customers/{ids['freeman']}/delete").text
    kept = client.post(f"/customers/{ids['freeman']}/delete", data={"revision": "1"}, follow_redirects=True)
    assert "Archive it instead" in kept.text
    assert "0 contacts and 0 job sites" in client.get(f"/customers/{ids['amy']}/delete").text
    with world.database.write() as session:
        change_customer(session, world.author, ids["amy"], CustomerChanges(phone="1"))
    stale = client.post(f"/customers/{ids['amy']}/delete", data={"revision": "1"}, follow_redirects=True)
    assert "changed meanwhile" in stale.text
    gone = client.post(f"/customers/{ids['amy']}/delete", data={"revision": "2"}, follow_redirects=True)
    assert "is deleted" in gone.text
    assert client.get(f"/customers/{ids['amy']}").status_code == 404


def test_a_customer_and_a_job_are_added_and_what_is_missing_is_said(world: World) -> None:
    client = client_of(world, "accountant")
    bare = client.post("/customers/new", data={"name": "Ridge & Co", "kind": "company", "phone": "555"})
    assert bare.status_code == 422
    assert "A company needs a contact with a first name and an email." in bare.text
    assert 'value="Ridge &amp; Co"' in bare.text
    whole = {"name": "Ridge & Co", "contact.first_name": "Bo", "contact.email": "bo@ridge.example"}
    assert "is added" in client.post("/customers/new", data=whole, follow_redirects=True).text
    path = f"/customers/{world.ids['store']}/jobs/new"
    assert client.post(path, data={"name": ""}).status_code == 422
    added = client.post(path, data={"name": "Gutter"}, follow_redirects=True).text
    assert "Freeman Sporting Goods:0969 Ocean View Road:Gutter" in added


def test_the_sixth_level_is_refused_before_anything_is_typed(world: World) -> None:
    with world.database.write() as session:
        row = session.get_one(CustomerRow, world.ids["roof"])
        for name in ("Four", "Five"):
            row = job(session, world, row, name)
        deepest = row.id
    page = client_of(world, "accountant").get(f"/customers/{deepest}/jobs/new").text
    assert "five are the most there can be" in page
    assert 'data-testid="new-customer-form"' not in page
