"""Customers that exist only there, taken in as customers here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from service.core.model import CustomerKind
from service.core.ports import EntityKind
from service.records.inputs import NewcomerInput
from service.store.queries import load
from service.store.records import CustomerRow
from service.sync import newcomer
from service.sync.match import BadDecision
from tests.sync.bookkeeper import Bookkeeper
from tests.sync.office import Office

_EVERYTHING: Mapping[str, Mapping[str, Any]] = {
    "xero": {
        "Name": "Harbour Roofing",
        "FirstName": "Mia",
        "LastName": "Berg",
        "EmailAddress": "mia@harbour.example",
        "Phones": [{"PhoneType": "MOBILE", "PhoneNumber": "020 7946 0101"}],
        "Addresses": [{"AddressType": "POBOX", "AddressLine1": "1 Quay", "City": "Hull", "PostalCode": "HU1 1AA"}],
        "TaxNumber": "GB123",
        "AccountNumber": "HARB-1",
    },
    "quickbooks": {
        "DisplayName": "Harbour Roofing",
        "CompanyName": "Harbour Roofing",
        "GivenName": "Mia",
        "FamilyName": "Berg",
        "PrimaryEmailAddr": {"Address": "mia@harbour.example"},
        "Mobile": {"FreeFormNumber": "020 7946 0101"},
        "BillAddr": {"Line1": "1 Quay", "City": "Hull", "PostalCode": "HU1 1AA"},
        "WebAddr": {"URI": "https://harbour.example"},
    },
}


def _add(office: Office, fields: Mapping[str, Any]) -> str:
    """Add an entity with any of the package's own members."""
    package: Any = office.package.sandbox
    with package.lock:
        if package.name == "xero":
            return str(package.act("create_contact", {"fields": dict(fields)})["ContactID"])
        return str(package.act("create_customer", {"fields": dict(fields)})["Id"])


def _shown(office: Office, remote_id: str) -> dict[str, Any]:
    """Return what the package shows of a customer; Xero is told our own reference once it is tied."""
    package: Any = office.package.sandbox
    with package.lock:
        if package.name == "xero":
            found = dict(next(iter(package.dump().values()))["contacts"][remote_id])
            return {name: value for name, value in found.items() if name not in {"ContactNumber", "UpdatedDateUTC"}}
        rows = next(iter(package.dump().values()))["Customer"]
        return next(dict(row) for row in rows if row["Id"] == remote_id)


def _take(office: Office, *newcomers: NewcomerInput) -> list[str]:
    return newcomer.take_in(
        office.platform,
        organisation_id=office.organisation_id,
        connection_id=office.connection_id,
        newcomers=newcomers,
        actor="user:ann",
    )


def test_a_customer_of_theirs_is_taken_in_with_all_that_is_shown_of_it_and_nothing_of_it_is_changed_there(
    live_office: Office,
) -> None:
    office = live_office
    remote_id = _add(office, _EVERYTHING[office.package.sandbox.name])
    office.sync()
    before = _shown(office, remote_id)
    (customer_id,) = _take(office, NewcomerInput(remote_id=remote_id))
    office.sync()
    assert _shown(office, remote_id) == before
    assert office.remote_id(customer_id) == remote_id
    assert office.dot(customer_id) == "green"
    with office.platform.database.read() as session:
        made = load.load_customers(session, office.organisation_id, [customer_id])[customer_id]
    assert (made.name, made.kind) == ("Harbour Roofing", CustomerKind.COMPANY)
    person = made.primary_contact
    assert person is not None
    assert (person.first_name, person.last_name, person.email) == ("Mia", "Berg", "mia@harbour.example")
    assert made.billing_address is not None
    assert (made.billing_address.line1, made.billing_address.city) == ("1 Quay", "Hull")
    assert "0101" in (made.mobile or "").replace(" ", "")
    if office.package.sandbox.name == "xero":
        assert (made.vat_number, made.number) == ("GB123", "HARB-1")
    else:
        assert made.website == "https://harbour.example"
    assert [(event.after or {}).get("remote_id") for event in office.events("matched", customer_id)] == [remote_id]


def test_a_person_there_becomes_an_individual_here(live_office: Office) -> None:
    office = live_office
    fields = {
        "xero": {"Name": "Ida Holm", "FirstName": "Ida", "LastName": "Holm"},
        "quickbooks": {"DisplayName": "Ida Holm", "GivenName": "Ida", "FamilyName": "Holm"},
    }
    remote_id = _add(office, fields[office.package.sandbox.name])
    office.sync()
    (customer_id,) = _take(office, NewcomerInput(remote_id=remote_id))
    office.sync()
    assert office.ours(CustomerRow, customer_id).kind == CustomerKind.INDIVIDUAL
    assert office.dot(customer_id) == "green"


def test_a_company_without_a_person_is_taken_in_once_somebody_says_whom_to_write_to(
    live_office: Office, bookkeeper: Bookkeeper
) -> None:
    office = live_office
    remote_id = bookkeeper.add_customer("Silent Ltd")
    office.sync()
    with pytest.raises(BadDecision, match="'Silent Ltd' can't be taken in as it is there"):
        _take(office, NewcomerInput(remote_id=remote_id))
    assert office.links() == []
    (customer_id,) = _take(office, NewcomerInput(remote_id=remote_id, first_name="Bo", email="bo@silent.example"))
    office.sync()
    assert office.dot(customer_id) == "green"
    assert bookkeeper.customer(remote_id)["email"] == "bo@silent.example"


def test_a_job_comes_with_its_parent_or_after_it_where_the_package_has_a_tree(live_office: Office) -> None:
    office = live_office
    parent = _add(office, _EVERYTHING[office.package.sandbox.name])
    if office.package.sandbox.name == "xero":
        job = _add(office, {"Name": "Harbour Roofing:Loft", "FirstName": "Bo", "EmailAddress": "bo@harbour.example"})
        office.sync()
        with pytest.raises(BadDecision, match="there is no customer 'Harbour Roofing'"):
            _take(office, NewcomerInput(remote_id=job))
        parent_id, job_id = _take(office, NewcomerInput(remote_id=parent), NewcomerInput(remote_id=job))
        assert office.ours(CustomerRow, job_id).parent_id == parent_id
        office.sync()
        assert [office.dot(one) for one in (job_id, parent_id)] == ["green", "green"]
        return
    job = _add(office, {"DisplayName": "Loft", "Job": True, "ParentRef": {"value": parent}})
    office.sync()
    with pytest.raises(BadDecision, match="'Loft' stands below 'Harbour Roofing' there"):
        _take(office, NewcomerInput(remote_id=job))
    job_id, parent_id = _take(office, NewcomerInput(remote_id=job), NewcomerInput(remote_id=parent))
    before = office.writes()
    office.sync()
    assert office.ours(CustomerRow, job_id).parent_id == parent_id
    assert office.ours(CustomerRow, job_id).full_name == "Harbour Roofing:Loft"
    assert [office.dot(one) for one in (job_id, parent_id)] == ["green", "green"]
    assert office.writes() == before


def test_what_is_tied_or_gone_is_refused_and_nothing_is_made(live_office: Office, bookkeeper: Bookkeeper) -> None:
    office = live_office
    ours = office.add_customer(name="Acme")
    office.sync()
    other = _add(office, _EVERYTHING[office.package.sandbox.name])
    office.sync()
    count = len(office.links())
    for bad in (office.remote_id(ours), "nothing-of-the-kind"):
        with pytest.raises(BadDecision):
            _take(office, NewcomerInput(remote_id=other), NewcomerInput(remote_id=bad))
    assert len(office.links()) == count
    assert office.link(ours, EntityKind.CUSTOMER) is not None
