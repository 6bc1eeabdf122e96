"""Laws of the contact mappers: what is sent comes back, fits, and never fails but with a reason."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service.core.errors import MappingError
from service.core.fields import OWNERS
from service.core.intent import Operation
from service.core.model import Address, Contact, Customer, CustomerKind, CustomerType, SendTo
from service.core.ports import EntityKind, Family, Ref, RemoteRecord
from service.core.snapshot import Snapshot, differences
from service.mapping.xero import MAPPERS
from service.mapping.xero.value import length
from tests.mapping.xero.builders import CONTACT_ID, context, echo_contact, on_the_wire, stored

MAPPER = MAPPERS[EntityKind.CUSTOMER]
REF = Ref(kind=EntityKind.CUSTOMER, id="c1")

_WORDS = st.one_of(
    st.none(), st.text(max_size=300), st.sampled_from(["", " ", "Smith  Ltd", "Ünï\u0301", "<b>", "\u200b"])
)
_EMAILS = st.sampled_from([None, "A@x.example", "b@x.example", "jörg@x.example", "x" * 260 + "@x.example"])
_PHONES = st.one_of(
    st.sampled_from([None, "020 7946 0000", "+1 212 555 0100 ext 7", "call me", "99"]), st.text(max_size=80)
)
_COUNTRIES = st.one_of(
    st.sampled_from([None, "GB", "CI", "KR", "DE", "Neverland", "Land 7", "TR"]), st.text(max_size=60)
)
_ADDRESSES = st.none() | st.builds(
    Address, line1=_WORDS, line2=_WORDS, city=_WORDS, region=_WORDS, postal_code=_WORDS, country=_COUNTRIES
)
_PEOPLE = st.lists(
    st.builds(
        Contact,
        id=st.uuids().map(str),
        customer_id=st.just("c1"),
        first_name=_WORDS,
        last_name=_WORDS,
        email=_EMAILS,
        other_emails=st.lists(_EMAILS.filter(bool), max_size=2).map(tuple),
        phone=_PHONES,
        primary=st.booleans(),
        invoice_email=st.sampled_from(SendTo),
        other_emails_invoice=st.sampled_from(SendTo),
    ),
    max_size=8,
).map(tuple)
CUSTOMERS = st.builds(
    Customer,
    id=st.just("c1"),
    kind=st.sampled_from(CustomerKind),
    type=st.just(CustomerType.CLIENT),
    name=st.text(max_size=300),
    full_name=st.text(max_size=300),
    depth=st.just(1),
    number=_WORDS,
    first_name=_WORDS,
    last_name=_WORDS,
    archived=st.booleans(),
    email=_EMAILS,
    other_emails=st.just(()),
    phone=_PHONES,
    mobile=_PHONES,
    fax=_PHONES,
    vat_number=_WORDS,
    currency=st.sampled_from([None, "GBP", "EUR", "JPY"]),
    tax_level_id=st.sampled_from([None, "vat", "zero", "gone"]),
    payment_terms=st.sampled_from(
        [None, "net30", "Net 7", "due_on_receipt", "eom", "eom20", "eom31", "net45", "never"]
    ),
    billing_address=_ADDRESSES,
    shipping_address=_ADDRESSES,
    contacts=_PEOPLE,
)


def _projected(record: Customer) -> Snapshot | None:
    try:
        return MAPPER.project(record, context(record, references={REF: "tieout-c1"})).snapshot
    except MappingError:
        return None


@given(CUSTOMERS)
def test_reading_back_an_echoed_create_gives_the_projection(record: Customer) -> None:
    ours = _projected(record)
    if ours is None:
        return
    known = context(record)
    body = MAPPER.body(Operation.CREATE, ours, changed=frozenset(ours.fields), theirs=None, context=known)
    theirs = MAPPER.read(stored(echo_contact(body)), known)
    assert set(ours.fields) <= set(theirs.fields)
    assert differences(ours=ours, theirs=theirs) == ()


@given(CUSTOMERS, CUSTOMERS)
def test_an_update_of_what_differs_leaves_no_difference(before: Customer, after: Customer) -> None:
    first, second = _projected(before), _projected(after)
    if first is None or second is None:
        return
    known = context(after)
    created = MAPPER.body(Operation.CREATE, first, changed=frozenset(first.fields), theirs=None, context=known)
    there = echo_contact(created)
    changed = frozenset(differences(ours=second, theirs=MAPPER.read(there, known)))
    body = MAPPER.body(Operation.UPDATE, second, changed=changed, theirs=there, context=known)
    assert differences(ours=second, theirs=MAPPER.read(echo_contact(body, there), known)) == ()
    assert bool(body) is bool(changed)


@given(CUSTOMERS)
def test_nothing_is_longer_than_xero_allows(record: Customer) -> None:
    ours = _projected(record)
    if ours is None:
        return
    body = on_the_wire(
        MAPPER.body(Operation.CREATE, ours, changed=frozenset(ours.fields), theirs=None, context=context(record))
    )
    limits = {
        "Name": 255, "FirstName": 255, "LastName": 255, "EmailAddress": 255, "AccountNumber": 50, "ContactNumber": 50,
        "TaxNumber": 50, "AddressLine1": 500, "AddressLine2": 500, "City": 255, "Region": 255, "PostalCode": 50,
        "Country": 50, "PhoneNumber": 50,
    }  # fmt: skip

    def check(value: Any) -> None:
        if isinstance(value, list):
            for entry in value:
                check(entry)
        elif isinstance(value, dict):
            for name, member in value.items():
                assert not isinstance(member, str) or length(member) <= limits.get(name, 255), name
                check(member)

    check(body)
    assert len(body.get("ContactPersons", [])) <= 5
    assert not set("<>") & set(body["Name"])
    for address in body.get("Addresses", []):
        assert all(char == " " or (char.isascii() and char.isalpha()) for char in address["Country"])


@given(CUSTOMERS)
def test_projecting_is_total_and_every_field_has_an_owner(record: Customer) -> None:
    ours = _projected(record)
    assert ours is None or set(ours.fields) <= set(OWNERS[EntityKind.CUSTOMER])
    assert MAPPER.flows == OWNERS[EntityKind.CUSTOMER]
    assert MAPPER.needs(record, context()) == ()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 40) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_MEMBERS = st.sampled_from(
    ["Name", "EmailAddress", "Addresses", "Phones", "ContactPersons", "PaymentTerms", "DefaultCurrency", "TaxNumber"]
)


@given(st.dictionaries(_MEMBERS, _JSON))
def test_reading_never_fails_whatever_a_server_sends(payload: dict[str, Any]) -> None:
    snapshot = MAPPER.read(
        RemoteRecord(family=Family.CUSTOMER, remote_id=CONTACT_ID, version=None, active=True, payload=payload),
        context(),
    )
    json.dumps({name: str(value) for name, value in snapshot.fields.items()})
