"""What comes in from there: a bookkeeper's edits of what they own, and nothing of what is only our own echo."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service.core.ports import EntityKind
from service.core.problem import OptionId
from service.core.reconcile import Flow
from service.mapping import settings as mapping_settings
from service.records import contacts, job_sites
from service.records.inputs import ContactInput, JobSiteInput
from service.store.records import ContactRow, CustomerRow
from service.sync import choosing
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office, connection_of

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

only_quickbooks = pytest.mark.parametrize("package_server", ["quickbooks"], indirect=True)
only_xero = pytest.mark.parametrize("package_server", ["xero"], indirect=True)


def owned(office: Office, **owners: Flow) -> None:
    """Let fields have other owners than usual."""
    chosen = mapping_settings.to_json(mapping_settings.from_json(connection_of(office).mapping))
    choosing.save(
        office.platform,
        organisation_id=office.organisation_id,
        connection_id=office.connection_id,
        document={**chosen, "owners": {name: flow.value for name, flow in owners.items()}},
        actor="user:ann",
    )


def under(office: Office, parent: str) -> dict[str, Any]:
    """The members that put a customer there below another."""
    return {"Job": True, "ParentRef": {"value": office.remote_id(parent)}}


@only_quickbooks
def test_a_job_moved_there_goes_back_where_the_tree_is_ours(live_office: Office) -> None:
    cedar, maple = (live_office.add_customer(name=name) for name in ("Cedar Vets", "Maple Dental"))
    roof = live_office.add_customer(name="Roof", parent_id=cedar)
    live_office.sync()
    live_office.act("edit", id=live_office.remote_id(roof), fields=under(live_office, maple))
    live_office.sync()
    assert live_office.ours(CustomerRow, roof).parent_id == cedar
    assert live_office.baseline(roof).get("parent") == live_office.remote_id(cedar)
    assert live_office.dot(roof) == "green"


@only_quickbooks
def test_a_job_moved_there_moves_here_where_the_tree_is_theirs(live_office: Office) -> None:
    cedar, maple = (live_office.add_customer(name=name) for name in ("Cedar Vets", "Maple Dental"))
    roof = live_office.add_customer(name="Roof", parent_id=cedar)
    tiles = live_office.add_customer(name="Tiles", parent_id=roof)
    live_office.sync()
    owned(live_office, parent=Flow.BOTH)
    live_office.act("edit", id=live_office.remote_id(roof), fields=under(live_office, maple))
    written = live_office.writes()
    assert live_office.sync().state == "succeeded", live_office.problems()
    assert live_office.ours(CustomerRow, tiles).full_name == "Maple Dental:Roof:Tiles"
    assert live_office.writes() == written
    assert [live_office.dot(customer) for customer in (roof, tiles)] == ["green", "green"]


@only_quickbooks
def test_a_place_there_that_is_nobody_of_ours_is_a_question(live_office: Office, bookkeeper: Bookkeeper) -> None:
    cedar = live_office.add_customer(name="Cedar Vets")
    roof = live_office.add_customer(name="Roof", parent_id=cedar)
    live_office.sync()
    owned(live_office, parent=Flow.BOTH)
    stranger = bookkeeper.add_customer("A stranger")
    moved = {"Job": True, "ParentRef": {"value": stranger}}
    live_office.act("edit", id=live_office.remote_id(roof), fields=moved)
    assert live_office.sync().state == "partial"
    assert (live_office.dot(roof), live_office.problem().kind) == ("red", "both_changed")
    assert live_office.ours(CustomerRow, roof).parent_id == cedar
    live_office.answer(OptionId.KEEP_OURS)
    assert live_office.sync().state == "succeeded"
    assert live_office.dot(roof) == "green"


def test_a_client_renamed_there_is_renamed_here_where_names_are_theirs(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    cedar = live_office.add_customer(name="Cedar Vets")
    roof = live_office.add_customer(name="Roof", parent_id=cedar)
    live_office.sync()
    owned(live_office, name=Flow.BOTH)
    live_office.sync()
    bookkeeper.edit(live_office.remote_id(cedar), name="Cedar Animal Care")
    assert live_office.sync().state == "succeeded", live_office.problems()
    assert live_office.ours(CustomerRow, roof).full_name == "Cedar Animal Care:Roof"
    called = bookkeeper.customer(live_office.remote_id(roof))["name"]
    assert called == ("Roof" if live_office.package.sandbox.name == "quickbooks" else "Cedar Animal Care:Roof")
    assert [live_office.dot(customer) for customer in (cedar, roof)] == ["green", "green"]
    written = live_office.writes()
    live_office.sync()
    assert live_office.writes() == written


@only_quickbooks
def test_a_new_full_name_of_a_job_is_no_difference(live_office: Office) -> None:
    cedar = live_office.add_customer(name="Cedar Vets")
    roof = live_office.add_customer(name="Roof", parent_id=cedar)
    live_office.sync()
    live_office.act("rename", id=live_office.remote_id(cedar), to="Cedar Animal Care")
    live_office.sync()
    assert live_office.baseline(cedar).get("name") == "Cedar Vets"
    live_office.act("edit", id=live_office.remote_id(roof), fields={"Notes": "Gate code 4711"})
    written = live_office.writes()
    run = live_office.sync("reconcile", full=True)
    assert (run.state, live_office.writes()) == ("succeeded", written)
    assert [live_office.dot(customer) for customer in (cedar, roof)] == ["green", "green"]


@only_quickbooks
def test_a_second_address_of_mail_there_becomes_another_one_here(live_office: Office, bookkeeper: Bookkeeper) -> None:
    cedar = live_office.add_customer(name="Cedar Vets", email="billing@cedar.example")
    live_office.sync()
    bookkeeper.edit(live_office.remote_id(cedar), email="billing@cedar.example,second@cedar.example")
    assert live_office.sync().state == "succeeded"
    ours = live_office.ours(CustomerRow, cedar)
    assert (ours.email, ours.other_emails) == ("billing@cedar.example", ["second@cedar.example"])
    live_office.edit_customer(cedar, phone="+1 415 555 0100")
    live_office.sync()
    assert bookkeeper.customer(live_office.remote_id(cedar))["email"] == "billing@cedar.example,second@cedar.example"


def on_site(office: Office, **person: Any) -> tuple[str, str]:
    """An invoice to somebody who works at a job site and takes its address; return the customer and the contact."""
    cedar = office.add_customer(name="Cedar Vets", billing_address={"line1": "9 Head Office", "country": "US"})
    given = {"name": "Elm Road", "address": {"line1": "1 Elm Road", "city": "Leeds", "country": "US"}}
    with office.platform.database.write() as session:
        site = job_sites.create_job_site(session, office.author(), cedar, JobSiteInput.model_validate(given)).id
        given = {"first_name": "Sue", "email": "sue@cedar.example", "job_site_id": site, **person}
        made = ContactInput.model_validate({**given, "use_as_billing_address": True})
        sue = contacts.create_contact(session, office.author(), cedar, made).id
    office.add_invoice(cedar, contact_id=sue)
    assert office.sync().state == "succeeded", office.problems()
    return cedar, sue


def addresses(office: Office, remote_id: str) -> Any:
    """The addresses of a contact in Xero."""
    books: dict[str, Any] = json.loads(json.dumps(next(iter(office.package.sandbox.dump().values())), default=str))
    return books["contacts"][remote_id]["Addresses"]


@only_xero
def test_the_address_of_a_job_site_reaches_the_contact_of_its_own(live_office: Office) -> None:
    _, sue = on_site(live_office)
    there = addresses(live_office, live_office.remote_id(sue, EntityKind.CONTACT))
    assert (there["POBOX"]["AddressLine1"], there["POBOX"]["City"]) == ("1 Elm Road", "Leeds")


@only_xero
def test_details_of_a_sub_contact_that_are_changed_there_come_in(live_office: Office, bookkeeper: Bookkeeper) -> None:
    _, sue = on_site(live_office)
    there = live_office.remote_id(sue, EntityKind.CONTACT)
    bookkeeper.edit(there, email="new@cedar.example", phone="+1 415 555 0199")
    moved = [{"AddressType": "POBOX", "AddressLine1": "2 Oak Road", "City": "York", "Country": "United States"}]
    live_office.act("edit_contact", contact=there, fields={"Addresses": moved})
    written = live_office.writes()
    assert live_office.sync().state == "succeeded", live_office.problems()
    ours = live_office.ours(ContactRow, sue)
    assert (ours.email, ours.phone) == ("new@cedar.example", "+1 415-555-0199")
    assert (ours.billing_address or {})["line1"] == "2 Oak Road"
    assert live_office.dot(sue, EntityKind.CONTACT) == "green"
    live_office.sync()
    assert addresses(live_office, there)["POBOX"]["AddressLine1"] == "2 Oak Road"
    assert live_office.writes() <= written + 1  # the customer's own contact lists the new address of mail


def test_echoes_of_a_batch_are_no_news_even_where_feeds_overlap_and_payments_moved_versions(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    clients = [live_office.add_customer(name=f"Client {number}") for number in range(4)]
    invoices = [live_office.add_invoice(client) for client in clients]
    live_office.sync()
    paid = live_office.pay(invoices[0], "100")
    bookkeeper.pay(live_office.remote_id(invoices[1], EntityKind.INVOICE), "50")
    for client in clients:
        live_office.edit_customer(client, phone="+1 415 555 0100")
    live_office.sync()
    live_office.sync()
    written, kinds = live_office.writes(), (EntityKind.CUSTOMER, EntityKind.INVOICE, EntityKind.PAYMENT)
    for _ in range(2):  # the feed is read from a little before the last cursor each time
        run = live_office.sync()
        assert (run.state, run.counts.get("pulled", 0), run.counts.get("updated", 0)) == ("succeeded", 0, 0)
    assert live_office.writes() == written
    assert {row.heard - row.settled for row in live_office.links()} == {0}
    assert {live_office.dot(client) for client in clients} == {"green"}
    assert live_office.dot(invoices[1], kinds[1]) == live_office.dot(paid, kinds[2]) == "green"


def test_lines_of_an_address_that_flow_differently_are_no_edit(live_office: Office) -> None:
    street = {"line1": "Unit 5, Elm Court", "line2": "1 Elm Road", "city": "Leeds", "country": "US"}
    cedar = live_office.add_customer(name="Cedar Vets", billing_address=street)
    live_office.sync()
    there, xero = live_office.remote_id(cedar), live_office.package.sandbox.name == "xero"
    lines = ["Unit 5", "Elm Court, 1 Elm", "Road"]
    if xero:
        flown = {"AddressType": "POBOX", **{f"AddressLine{n}": line for n, line in enumerate(lines, start=1)}}
        live_office.act("edit_contact", contact=there, fields={"Addresses": [flown]})
    else:
        flown = {f"Line{n}": line for n, line in enumerate(lines, start=1)}
        live_office.act("edit", id=there, fields={"BillAddr": {**flown, "City": "Leeds", "Country": "USA"}})
    written = live_office.writes()
    run = live_office.sync()
    assert (run.state, run.counts.get("pulled", 0), live_office.writes()) == ("succeeded", 0, written)
    assert (live_office.ours(CustomerRow, cedar).billing_address or {})["line1"] == "Unit 5, Elm Court"
    live_office.edit_customer(cedar, billing_address={**street, "line1": "Unit 6, Elm Court"})
    assert live_office.sync().counts["updated"] == 1
    assert live_office.dot(cedar) == "green"
