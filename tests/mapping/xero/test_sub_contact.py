"""Sub-contacts that need a Xero contact of their own."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from service.core.errors import MappingError
from service.core.intent import Operation
from service.core.model import Address, Contact, JobSite, SendTo
from service.core.ports import EntityKind, Ref
from service.core.snapshot import differences
from service.mapping.xero import MAPPERS
from tests.mapping.xero.builders import context, customer, echo_contact, person, stored

MAPPER = MAPPERS[EntityKind.CONTACT]
ACME = customer(email="billing@acme.example", tax_level_id="zero", currency="EUR", payment_terms="net7")
SITE = person("s1", first_name="Sue", last_name="Site", email="sue@acme.example", billing_address=Address(city="Hull"))


def _fields(record: Contact, **extra: Any) -> Any:
    return MAPPER.project(record, context(ACME, **extra)).snapshot.fields


def test_a_sub_contact_is_named_after_its_client_and_itself() -> None:
    assert _fields(SITE)["name"] == "Acme:Sue Site"
    assert _fields(replace(SITE, first_name=None, last_name=None))["name"] == "Acme:sue@acme.example"
    assert _fields(replace(SITE, first_name="Sue: Site"))["name"] == "Acme:Sue Site Site"
    chosen = {Ref(kind=EntityKind.CONTACT, id="s1"): "Acme:Sue Site (2)"}
    assert _fields(SITE, names=chosen)["name"] == "Acme:Sue Site (2)"


def test_a_sub_contact_called_as_expected_loses_nothing() -> None:
    assert MAPPER.project(SITE, context(ACME)).losses == ()


def test_a_sub_contact_without_its_customer_at_hand_goes_under_its_own_name() -> None:
    assert MAPPER.project(SITE, context()).snapshot.get("name") == "Sue Site"


def test_its_own_details_come_first_and_the_customers_fill_the_gaps() -> None:
    fields = _fields(SITE)
    assert fields["email"] == "sue@acme.example"
    assert fields["billing_address"] == (None, None, "Hull", None, None, None)
    assert (fields["tax_level"], fields["currency"], fields["payment_terms"]) == ("ZERORATEDOUTPUT", "EUR", "net7")
    assert _fields(replace(SITE, tax_level_id="vat"))["tax_level"] == "OUTPUT2"
    assert _fields(replace(SITE, email=None))["email"] == "billing@acme.example"


def test_it_takes_the_address_of_its_job_site_where_it_says_so() -> None:
    hull = JobSite(id="site", customer_id="c1", name="Elm Road", address=Address(line1="1 Elm Road", city="York"))
    on_site = replace(SITE, billing_address=None, job_site_id="site", use_as_billing_address=True)
    known: dict[str, Any] = {"job_sites": {"site": hull}}
    assert _fields(on_site, **known)["billing_address"] == ("1 Elm Road", None, "York", None, None, None)
    assert _fields(replace(on_site, use_as_billing_address=False), **known)["billing_address"] is None
    assert _fields(replace(on_site, billing_address=SITE.billing_address), **known)["billing_address"][2] == "Hull"


def test_what_belongs_to_customers_alone_is_not_compared() -> None:
    assert {"shipping_address", "vat_number", "number"}.isdisjoint(_fields(SITE))


def test_it_is_archived_with_its_customer() -> None:
    assert MAPPER.project(SITE, context(replace(ACME, archived=True))).snapshot.active is False


def test_it_needs_nobody_and_says_what_identifies_it() -> None:
    assert MAPPER.needs(SITE, context(ACME)) == ()
    assert MAPPER.identity == ("reference",)
    reference = {Ref(kind=EntityKind.CONTACT, id="s1"): "tieout-s1"}
    assert _fields(SITE, references=reference)["reference"] == "tieout-s1"


def test_a_tax_level_without_a_choice_is_told() -> None:
    with pytest.raises(MappingError) as caught:
        _fields(replace(SITE, tax_level_id="gone"))
    assert caught.value.missing == "taxes:gone"


@given(
    st.builds(
        Contact,
        id=st.just("s1"),
        customer_id=st.just("c1"),
        first_name=st.none() | st.text(max_size=300),
        last_name=st.none() | st.text(max_size=300),
        email=st.sampled_from([None, "a@x.example", "Ü@x.example"]),
        other_emails=st.sampled_from([(), ("b@x.example",)]),
        other_emails_invoice=st.sampled_from(SendTo),
        phone=st.none() | st.text(max_size=60),
        tax_level_id=st.sampled_from([None, "vat"]),
        billing_address=st.none()
        | st.builds(Address, line1=st.text(max_size=20), country=st.sampled_from(["GB", "x1"])),
    )
)
def test_reading_back_an_echoed_create_gives_the_projection(record: Contact) -> None:
    known = context(ACME)
    ours = MAPPER.project(record, known).snapshot
    body = MAPPER.body(Operation.CREATE, ours, changed=frozenset(ours.fields), theirs=None, context=known)
    theirs = MAPPER.read(stored(echo_contact(body)), known)
    assert set(ours.fields) <= set(theirs.fields)
    assert differences(ours=ours, theirs=theirs) == ()
