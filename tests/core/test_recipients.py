"""The truth table and the laws of who receives an invoice, and of its billing address."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from service.core.model import Address, Contact, Customer, CustomerKind, CustomerType, JobSite, Recipients, SendTo
from service.core.recipients import (
    NOBODY,
    BillingAddress,
    invoice_contacts,
    resolve_billing_address,
    resolve_recipients,
    sub_contact_of,
)

TO, CC, NONE = SendTo.TO, SendTo.CC, SendTo.NONE
SITES = {
    "harbour": JobSite(id="harbour", customer_id="acme", name="Harbour Road 5", address=Address(line1="Harbour Road 5"))
}
ELM, OAK, ASH = Address(line1="Elm Road 1"), Address(city="Oakham"), Address(country="NZ")


def _contact(name: str, own: SendTo = NONE, others: SendTo = NONE, **changes: object) -> Contact:
    contact = Contact(
        id=name.lower(),
        customer_id="acme",
        first_name=name,
        last_name="Smith",
        email=f"{name.lower()}@acme.example",
        other_emails=(f"{name.lower()}.a@acme.example", f"{name.lower()}.b@acme.example"),
        invoice_email=own,
        other_emails_invoice=others,
    )
    return replace(contact, **changes)


def _customer(name: str = "Acme", *contacts: Contact, **changes: object) -> Customer:
    customer = Customer(
        id=name.lower(),
        kind=CustomerKind.COMPANY,
        type=CustomerType.CLIENT,
        name=name,
        full_name=name,
        depth=1,
        contacts=contacts,
    )
    return replace(customer, **changes)


def _to(*to: str, cc: Sequence[str] = (), why: str) -> Recipients:
    return Recipients(to=tuple(f"{a}@acme.example" for a in to), cc=tuple(f"{a}@acme.example" for a in cc), why=why)


# --- the truth table: own address x other addresses x to, cc, none ----------------------------------------------------

#: (own address, other addresses) -> (To, Cc), "x" standing for whose addresses they are; None: the rule yields nobody
TRUTH: dict[tuple[SendTo, SendTo], tuple[list[str], list[str]] | None] = {
    (TO, TO): (["x", "x.a", "x.b"], []),
    (TO, CC): (["x"], ["x.a", "x.b"]),
    (TO, NONE): (["x"], []),
    (CC, TO): (["x.a", "x.b"], ["x"]),
    (CC, CC): (["x"], ["x.a", "x.b"]),  # somebody must be addressed: the first Cc is promoted
    (CC, NONE): (["x"], []),
    (NONE, TO): (["x.a", "x.b"], []),
    (NONE, CC): (["x.a"], ["x.b"]),
    (NONE, NONE): None,
}


def _row(choices: tuple[SendTo, SendTo], whose: str, why: str) -> Recipients | None:
    row = TRUTH[choices]
    if row is None:
        return None
    to, cc = ([address.replace("x", whose, 1) for address in addresses] for addresses in row)
    return _to(*to, cc=cc, why=why)


@pytest.mark.parametrize("override", [None, Recipients(to=("boss@acme.example",), cc=("copy@acme.example",))])
@pytest.mark.parametrize("chosen", TRUTH)
def test_every_combination_of_choices_follows_the_order_of_the_rules(
    chosen: tuple[SendTo, SendTo], override: Recipients | None
) -> None:
    for on_site, company in product(TRUTH, TRUTH):
        customer = _customer(
            "Acme",
            _contact("Prim", primary=True),
            _contact("Site", *on_site, job_site_id="harbour"),
            _contact("James", *chosen),
            job_site_id="harbour",
            email="acme@acme.example",
            other_emails=("acme.a@acme.example", "acme.b@acme.example"),
            invoice_email=company[0],
            other_emails_invoice=company[1],
        )
        expected = (
            (_to("boss", cc=["copy"], why="override on the invoice") if override else None)
            or _row(chosen, "james", "contact James Smith")
            or _row(on_site, "site", "contact of the job site Harbour Road 5 (Site Smith)")
            or _row(company, "acme", "company email")
            or _to("prim", why="primary contact Prim Smith")
        )
        found = resolve_recipients(chain=[customer], contact_id="james", override=override, job_sites=SITES)
        assert found == expected, (chosen, on_site, company)


# --- each rule by itself ----------------------------------------------------------------------------------------------

JOB = _customer("Roof", id="roof", type=CustomerType.JOB, parent_id="acme", depth=2)


@pytest.mark.parametrize(
    ("chain", "contact_id", "expected"),
    [
        ([_customer("Acme", email="acme@acme.example")], None, _to("acme", why="company email")),
        # an individual's or job's own address comes before its client's, a missing one falls back to it
        ([JOB, _customer("Acme", email="acme@acme.example")], None, _to("acme", why="company email of Acme")),
        (
            [replace(JOB, email="roof@acme.example"), _customer("Acme", email="acme@acme.example")],
            None,
            _to("roof", why="company email"),
        ),
        (
            [replace(JOB, email="roof@acme.example", invoice_email=NONE), _customer("Acme", email="acme@acme.example")],
            None,
            _to("acme", why="company email of Acme"),
        ),
        # a contact of the client may be chosen for an invoice of the job
        ([JOB, _customer("Acme", _contact("Ann", TO))], "ann", _to("ann", why="contact Ann Smith")),
        # a chosen contact that is gone, or asked for nothing, decides nothing
        ([_customer("Acme", _contact("Ann"), email="acme@acme.example")], "gone", _to("acme", why="company email")),
        ([_customer("Acme", _contact("Ann"), email="acme@acme.example")], "ann", _to("acme", why="company email")),
        # the primary contact: its choice, else its own address, else any of its addresses
        (
            [_customer("Acme", _contact("Ann"), _contact("Prim", CC, TO, primary=True))],
            None,
            _to("prim.a", "prim.b", cc=["prim"], why="primary contact Prim Smith"),
        ),
        ([_customer("Acme", _contact("Ann"), _contact("Bo"))], None, _to("ann", why="primary contact Ann Smith")),
        ([_customer("Acme", _contact("Ann", email=None))], None, _to("ann.a", why="primary contact Ann Smith")),
        ([JOB, _customer("Acme", _contact("Ann"))], None, _to("ann", why="primary contact Ann Smith")),
        (
            [replace(JOB, contacts=(_contact("Jo"),)), _customer("Acme", _contact("Ann"))],
            None,
            _to("jo", why="primary contact Jo Smith"),
        ),
        (
            [_customer("Acme", _contact("Ann", first_name=None, last_name=None))],
            None,
            _to("ann", why="primary contact ann@acme.example"),
        ),
        ([_customer("Acme")], None, Recipients(why=NOBODY)),
        ([_customer("Acme", _contact("Ann", email=None, other_emails=()))], None, Recipients(why=NOBODY)),
    ],
)
def test_each_rule_yields_to_the_next(chain: list[Customer], contact_id: str | None, expected: Recipients) -> None:
    assert resolve_recipients(chain=chain, contact_id=contact_id) == expected


def test_a_job_below_takes_the_job_site_and_its_contact_from_above() -> None:
    client = _customer("Acme", _contact("Ann", TO), _contact("Site", TO, job_site_id="harbour"), email="a@acme.example")
    at_site = replace(JOB, job_site_id="harbour")
    expected = _to("site", why="contact of the job site Harbour Road 5 (Site Smith)")
    assert resolve_recipients(chain=[at_site, client], job_sites=SITES) == expected
    phase = replace(JOB, id="phase", name="Phase", parent_id="roof", depth=3)
    assert resolve_recipients(chain=[phase, at_site, client], job_sites=SITES) == expected
    elsewhere = replace(phase, job_site_id="hill")
    assert resolve_recipients(chain=[elsewhere, at_site, client], job_sites=SITES).why == "company email of Acme"
    assert resolve_recipients(chain=[at_site, client]).why == "contact of the job site (Site Smith)"


def test_of_several_contacts_of_a_job_site_the_first_with_a_choice_decides() -> None:
    people = [
        _contact("Ann", job_site_id="harbour"),
        _contact("Bo", CC, job_site_id="harbour"),
        _contact("Cy", TO, job_site_id="harbour"),
    ]
    customer = _customer("Acme", *people, job_site_id="harbour")
    assert resolve_recipients(chain=[customer], job_sites=SITES).to == ("bo@acme.example",)
    chosen = resolve_recipients(chain=[customer], contact_id="cy", job_sites=SITES)
    assert (chosen.to, chosen.why) == (("cy@acme.example",), "contact Cy Smith")


def test_a_contact_of_a_job_site_is_not_asked_when_the_job_has_none() -> None:
    customer = _customer("Acme", _contact("Site", TO, job_site_id="harbour"), email="acme@acme.example")
    assert resolve_recipients(chain=[customer], job_sites=SITES).why == "company email"


@pytest.mark.parametrize(
    ("override", "to", "cc"),
    [
        (
            Recipients(to=("a@x.example", "A@X.example ", ""), cc=("B@x.example", "a@x.EXAMPLE", "b@x.example")),
            ["a@x.example"],
            ["B@x.example"],
        ),
        (Recipients(to=(), cc=("b@x.example", "c@x.example")), ["b@x.example"], ["c@x.example"]),
        (Recipients(), [], []),
    ],
)
def test_an_override_decides_alone_and_is_tidied(override: Recipients, to: list[str], cc: list[str]) -> None:
    customer = _customer("Acme", _contact("Ann", TO), email="acme@acme.example")
    found = resolve_recipients(chain=[customer], contact_id="ann", override=override)
    assert found == Recipients(to=tuple(to), cc=tuple(cc), why="override on the invoice")


# --- laws -------------------------------------------------------------------------------------------------------------

ADDRESSES = st.sampled_from(["a@x.example", "A@X.EXAMPLE", " b@x.example", "b@x.example", "c@x.example", "", " "])
CHOICES = st.sampled_from(list(SendTo))
CONTACTS = st.builds(
    Contact,
    id=st.sampled_from(["ann", "bo", "cy"]),
    customer_id=st.just("acme"),
    first_name=st.none() | st.just("Ann"),
    email=st.none() | ADDRESSES,
    other_emails=st.lists(ADDRESSES, max_size=3).map(tuple),
    primary=st.booleans(),
    job_site_id=st.none() | st.just("harbour"),
    invoice_email=CHOICES,
    other_emails_invoice=CHOICES,
    tax_level_id=st.none() | st.just("vat"),
    billing_address=st.sampled_from([None, Address(), ELM]),
    use_as_billing_address=st.booleans(),
)
CUSTOMERS = st.builds(
    Customer,
    id=st.just("acme"),
    kind=st.sampled_from(list(CustomerKind)),
    type=st.sampled_from(list(CustomerType)),
    name=st.just("Acme"),
    full_name=st.just("Acme"),
    depth=st.just(1),
    email=st.none() | ADDRESSES,
    other_emails=st.lists(ADDRESSES, max_size=3).map(tuple),
    invoice_email=CHOICES,
    other_emails_invoice=CHOICES,
    job_site_id=st.none() | st.just("harbour"),
    billing_address=st.sampled_from([None, Address(), OAK]),
    contacts=st.lists(CONTACTS, max_size=3).map(tuple),
)
CHAINS = st.lists(CUSTOMERS, min_size=1, max_size=4)
OVERRIDES = st.none() | st.builds(
    Recipients, to=st.lists(ADDRESSES, max_size=4).map(tuple), cc=st.lists(ADDRESSES, max_size=4).map(tuple)
)


@given(CHAINS, st.none() | st.sampled_from(["ann", "gone"]), OVERRIDES)
def test_nobody_is_addressed_twice_and_cc_never_stands_alone(
    chain: list[Customer], contact_id: str | None, override: Recipients | None
) -> None:
    found = resolve_recipients(chain=chain, contact_id=contact_id, override=override, job_sites=SITES)
    folded = [address.casefold() for address in (*found.to, *found.cc)]
    assert len(folded) == len(set(folded))
    assert all(folded)
    assert found.to or not found.cc
    assert found.why
    assert (found.why == NOBODY) <= (not found.to)
    if override is not None:
        assert {a.strip().casefold() for a in (*override.to, *override.cc)} - {""} == set(folded)


@given(CHAINS, st.none() | st.sampled_from(["ann", "gone"]))
def test_an_invoice_reaches_somebody_whenever_a_customer_wants_it_or_a_primary_contact_has_an_address(
    chain: list[Customer], contact_id: str | None
) -> None:
    found = resolve_recipients(chain=chain, contact_id=contact_id, job_sites=SITES)
    reachable = any(
        ((customer.email or "").strip() and customer.invoice_email is not NONE)
        or (customer.primary_contact is not None and (customer.primary_contact.email or "").strip())
        for customer in chain
    )
    assert found.to or not reachable


@given(CHAINS, st.none() | st.sampled_from(["ann", "gone"]))
def test_a_billing_address_is_found_if_any_source_has_one_and_is_never_blank(
    chain: list[Customer], contact_id: str | None
) -> None:
    found = resolve_billing_address(chain=chain, contact_id=contact_id, job_sites=SITES)
    assert found.address in (None, ELM, OAK, SITES["harbour"].address)
    assert (found.contact_id is not None) == (found.address in (ELM, SITES["harbour"].address))
    if any(customer.billing_address == OAK for customer in chain):
        assert found.address is not None
    contact = sub_contact_of(chain, contact_id, job_sites=SITES)
    if found.contact_id is not None:
        assert contact is not None
    if contact is not None:
        assert contact in [named.contact for named in invoice_contacts(chain, contact_id)]
        assert contact.tax_level_id or found.contact_id is not None


# --- billing address --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chain", "contact_id", "address", "why"),
    [
        ([_customer("Acme", billing_address=ELM)], None, ELM, "billing address of the customer"),
        ([JOB, _customer("Acme", billing_address=ELM)], None, ELM, "billing address of Acme"),
        (
            [replace(JOB, billing_address=Address()), _customer("Acme", billing_address=ELM)],
            None,
            ELM,
            "billing address of Acme",
        ),
        (
            [replace(JOB, billing_address=OAK), _customer("Acme", billing_address=ELM)],
            None,
            OAK,
            "billing address of the customer",
        ),
        (
            [_customer("Acme", _contact("Ann", billing_address=ASH), billing_address=ELM)],
            "ann",
            ASH,
            "billing address of contact Ann Smith",
        ),
        (
            [_customer("Acme", _contact("Ann", billing_address=ASH), billing_address=ELM)],
            None,
            ELM,
            "billing address of the customer",
        ),
        ([_customer("Acme", _contact("Ann"), billing_address=ELM)], "ann", ELM, "billing address of the customer"),
        (
            [
                _customer(
                    "Acme",
                    _contact("Site", billing_address=ASH, job_site_id="harbour"),
                    job_site_id="harbour",
                    billing_address=ELM,
                )
            ],
            None,
            ASH,
            "billing address of contact of the job site Harbour Road 5 (Site Smith)",
        ),
        (
            [
                _customer(
                    "Acme", _contact("Site", use_as_billing_address=True, job_site_id="harbour"), billing_address=ELM
                )
            ],
            "site",
            SITES["harbour"].address,
            "billing address of contact Site Smith",
        ),
        (
            [_customer("Acme", _contact("Site", job_site_id="harbour"), billing_address=ELM)],
            "site",
            ELM,
            "billing address of the customer",
        ),
        (
            [_customer("Acme", _contact("Site", use_as_billing_address=True, job_site_id="gone"), billing_address=ELM)],
            "site",
            ELM,
            "billing address of the customer",
        ),
        ([_customer("Acme")], None, None, "no billing address is known"),
    ],
)
def test_a_billing_address_comes_from_the_sub_contact_else_the_nearest_customer(
    chain: list[Customer], contact_id: str | None, address: Address | None, why: str
) -> None:
    found = resolve_billing_address(chain=chain, contact_id=contact_id, job_sites=SITES)
    assert (found.address, found.why) == (address, why)


def test_a_billing_address_says_whose_it_is() -> None:
    customer = _customer("Acme", _contact("Ann", billing_address=ASH))
    found = resolve_billing_address(chain=[customer], contact_id="ann")
    assert found == BillingAddress(address=ASH, why="billing address of contact Ann Smith", contact_id="ann")


@pytest.mark.parametrize(
    ("contact", "is_sub_contact"),
    [
        (_contact("Ann", TO), False),
        (_contact("Ann", tax_level_id="vat"), True),
        (_contact("Ann", billing_address=ASH), True),
        (_contact("Ann", billing_address=Address()), False),
        (_contact("Ann", job_site_id="harbour"), False),
        (_contact("Ann", job_site_id="harbour", use_as_billing_address=True), True),
    ],
)
def test_a_sub_contact_of_an_invoice_brings_a_tax_level_or_an_address(contact: Contact, is_sub_contact: bool) -> None:
    customer = _customer("Acme", contact)
    assert sub_contact_of([customer], "ann", job_sites=SITES) == (contact if is_sub_contact else None)
    assert sub_contact_of([customer], None, job_sites=SITES) is None
