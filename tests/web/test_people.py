"""A customer's people and sites in forms, its balance, its timeline, and what it was at a moment."""

from __future__ import annotations

import re
from datetime import timedelta

from service.records.contacts import change_contact
from service.records.customers import change_customer
from service.records.inputs import ContactChanges, CustomerChanges, PaymentInput
from service.records.payments import record_payment
from service.store.queries.load import contacts_of
from service.store.queries.tree import job_sites_of
from service.store.records import ContactRow, JobSiteRow
from tests.web.conftest import client_of
from tests.web.world import NOW, World


def ann(world: World, name: str = "freeman") -> ContactRow:
    with world.database.read() as session:
        return contacts_of(session, world.organisation_id, [world.ids[name]])[world.ids[name]][0]


def sites(world: World, name: str) -> list[JobSiteRow]:
    with world.database.read() as session:
        return list(job_sites_of(session, world.organisation_id, [world.ids[name]]))


def test_a_contact_is_added_with_its_own_settings_and_keeps_what_was_typed(any_world: World) -> None:
    client, path = client_of(any_world, "accountant"), f"/customers/{any_world.ids['freeman']}/contacts/new"
    wrong = client.post(path, data={"role": "Foreman", "phone": "555 1"})
    assert wrong.status_code == 422
    assert "A contact needs a name or an email." in wrong.text
    assert 'value="Foreman"' in wrong.text
    given = {
        "first_name": "Bo", "email": "bo@freeman.example", "other_emails": "a@freeman.example, b@freeman.example",
        "invoice_email": "cc", "other_emails_invoice": "to", "primary": "true", "billing_address.city": "Bayshore",
    }  # fmt: skip
    page = client.post(path, data=given, follow_redirects=True).text
    assert "Bo is added." in page
    with any_world.database.read() as session:
        people = contacts_of(session, any_world.organisation_id, [any_world.ids["freeman"]])[any_world.ids["freeman"]]
    bo = next(one for one in people if one.first_name == "Bo")
    assert (bo.primary, bo.invoice_email, bo.other_emails_invoice) == (True, "cc", "to")
    assert bo.other_emails == ["a@freeman.example", "b@freeman.example"]
    assert [one.primary for one in people if one.first_name == "Ann"] == [False]


def test_a_contact_changed_meanwhile_is_shown_and_not_overwritten(world: World) -> None:
    client, row = client_of(world, "accountant"), ann(world)
    path = f"/contacts/{row.id}/edit"
    assert 'name="revision" value="1"' in client.get(path).text
    mine = {"revision": "1", "first_name": "Ann", "last_name": "Leigh", "email": row.email or "", "phone": ""}
    with world.database.write() as session:
        change_contact(session, world.author, row.id, ContactChanges(phone="555 7"))
    late = client.post(path, data=mine)
    assert late.status_code == 409
    assert 'Phone is now: <span class="strong">555 7</span>' in late.text
    assert 'value="Leigh"' in late.text
    saved = client.post(path, data=mine | {"revision": "2", "phone": "555 7"}, follow_redirects=True)
    assert "Ann Leigh is saved" in saved.text
    assert (ann(world).last_name, ann(world).phone, ann(world).primary) == ("Leigh", "555 7", True)
    assert client.post(path, data={"first_name": "No revision"}).status_code == 422


def test_the_only_contact_of_a_company_stays_and_says_why(world: World) -> None:
    path = f"/contacts/{ann(world).id}/delete"
    told = client_of(world, "accountant").post(path, data={"revision": "1"}, follow_redirects=True)
    assert "is the only contact of Freeman Sporting Goods" in told.text


def test_a_job_site_is_added_changed_and_deleted_unless_a_contact_names_it(world: World) -> None:
    client, freeman = client_of(world, "accountant"), world.ids["freeman"]
    assert client.post(f"/customers/{freeman}/job-sites/new", data={"name": " "}).status_code == 422
    added = {"name": "Warehouse", "address.line1": "1 Dock Rd", "address.country": "us"}
    assert (
        "Warehouse is added."
        in client.post(f"/customers/{freeman}/job-sites/new", data=added, follow_redirects=True).text
    )
    (site,) = sites(world, "freeman")
    assert site.address
    assert site.address["country"] == "US"
    path = f"/job-sites/{site.id}"
    moved = {"name": "Warehouse", "address.line1": "2 Dock Rd", "revision": "1"}
    assert "Warehouse is saved." in client.post(f"{path}/edit", data=moved, follow_redirects=True).text
    assert client.post(f"{path}/edit", data=moved).status_code == 409
    with world.database.write() as session:
        change_contact(session, world.author, ann(world).id, ContactChanges(job_site_id=site.id))
    held = client.post(f"{path}/delete", data={"revision": "2"}, follow_redirects=True)
    assert "Warehouse is the job site of 1 contact." in held.text
    with world.database.write() as session:
        change_contact(session, world.author, ann(world).id, ContactChanges(job_site_id=None))
    assert "is deleted" in client.post(f"{path}/delete", data={"revision": "2"}, follow_redirects=True).text
    assert not sites(world, "freeman")


def test_the_page_says_what_is_owed_overdue_and_received(any_world: World) -> None:
    client, freeman = client_of(any_world), any_world.ids["freeman"]
    with any_world.database.write() as session:
        given = {"customer_id": freeman, "amount": "20", "reference": "R-1"}
        record_payment(session, any_world.author, PaymentInput.model_validate(given))
    page = client.get(f"/customers/{freeman}").text
    section = re.sub(r"<[^>]+>", "", page[page.index('data-testid="balance"') :].partition("</section>")[0])
    assert "$324.00 open" in section
    assert "$20.00 received or credited, set against no invoice yet" in section
    assert "on account" in section
    assert "overdue" not in section
    any_world.clock.now = NOW + timedelta(days=60)
    assert "$324.00 overdue" in re.sub(r"<[^>]+>", "", client.get(f"/customers/{freeman}").text)


def test_the_timeline_tells_of_people_and_names_who_did_it(any_world: World) -> None:
    client, freeman = client_of(any_world), any_world.ids["freeman"]
    with any_world.database.write() as session:
        change_contact(session, any_world.author, ann(any_world).id, ContactChanges(role="Treasurer"))
    page = client.get(f"/customers/{freeman}").text
    told = page[page.index('data-testid="timeline"') :]
    assert "Treasurer" in told
    assert "by admin@freeman.example" in told
    assert "pushed" in told


def test_a_look_back_shows_the_record_as_it_was_and_says_how_it_knows(any_world: World) -> None:
    client, freeman = client_of(any_world, "viewer"), any_world.ids["freeman"]
    before = any_world.clock()
    for minutes, phone in ((10, "1"), (20, "2")):
        any_world.clock.now = before + timedelta(minutes=minutes)
        with any_world.database.write() as session:
            change_customer(session, any_world.author, freeman, CustomerChanges(phone=phone))
    path = f"/customers/{freeman}/as-of"

    def phone_at(minutes: int) -> tuple[str, ...]:
        page = client.get(path, query_string={"at": (before + timedelta(minutes=minutes)).isoformat()}).text
        assert "Reconstructed from the events" in page
        row = page[page.index(">Phone<") :].partition("</tr>")[0]
        return tuple(re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<td>(.*?)</td>", row))

    assert phone_at(5) == ("(650) 555-0987", "2")
    assert phone_at(15) == ("1", "2")
    assert phone_at(25) == ("2", "the same")
    words = client.get(path, query_string={"at": before.isoformat()}).text
    assert "30 days after the invoice" in words
    assert "standard and exclusive" in words
    assert "<td>gets none</td>" in words
    assert "It was not there yet." in client.get(path, query_string={"at": "2020-01-01T00:00"}).text
    assert "That is no day and time." in client.get(f"{path}?at=yesterday").text
    assert client.get(path).status_code == 200
