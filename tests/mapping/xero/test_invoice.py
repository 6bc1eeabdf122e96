"""Invoices and their lines as Xero sales invoices."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from service.core.choice import MappingSettings
from service.core.errors import MappingError
from service.core.fields import OWNERS
from service.core.intent import Operation
from service.core.model import Address, Contact, Invoice, InvoiceLine, InvoiceStatus, Recipients
from service.core.ports import Company, EntityKind, Family, Ref, Reference, RemoteRecord
from service.core.reconcile import Flow
from service.core.snapshot import differences
from service.mapping.xero import MAPPERS
from tests.mapping.xero.builders import (
    BY_REFERENCE,
    CONTACT_ID,
    INVOICE_ID,
    REFERENCE,
    SETTINGS,
    context,
    customer,
    echo_invoice,
    invoice,
    job,
    line,
    on_the_wire,
    stored,
)

MAPPER = MAPPERS[EntityKind.INVOICE]


def _fields(record: Invoice, **extra: Any) -> Any:
    return MAPPER.project(record, context(**extra)).snapshot.fields


def _losses(record: Invoice, *known: Any, **extra: Any) -> dict[str, str]:
    return {loss.field: loss.reason for loss in MAPPER.project(record, context(*known, **extra)).losses}


def _body(operation: Operation, record: Invoice, *changed: str, theirs: RemoteRecord | None = None) -> Any:
    known = context()
    snapshot = MAPPER.project(record, known).snapshot
    fields = frozenset(changed or snapshot.fields)
    return MAPPER.body(operation, snapshot, changed=fields, theirs=theirs, context=known)


def _remote(**payload: Any) -> RemoteRecord:
    return RemoteRecord(family=Family.INVOICE, remote_id=INVOICE_ID, version="v", active=True, payload=payload)


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_an_approved_invoice_goes_out_whole() -> None:
    record = invoice(
        line("Roof\nworks", quantity=Decimal("2.5"), unit_price=Decimal("10.1234"), discount_percent=Decimal(10)),
        line("Pipe", item_code="LAB"),
        reference="PO 7",
        line_tax_levels=("vat", None),
    )
    assert _body(Operation.CREATE, record) == {
        "Type": "ACCREC",
        "InvoiceNumber": "INV-1007",
        "Contact": {"ContactID": CONTACT_ID},
        "Date": "2026-11-01",
        "DueDate": "2026-12-01",
        "CurrencyCode": "GBP",
        "Reference": "PO 7",
        "Status": "AUTHORISED",
        "LineAmountTypes": "Exclusive",
        "LineItems": [
            {
                "Description": "Roof\nworks",
                "Quantity": Decimal("2.5"),
                "UnitAmount": Decimal("10.1234"),
                "AccountCode": "200",
                "TaxType": "OUTPUT2",
                "DiscountRate": Decimal(10),
            },
            {
                "Description": "Pipe",
                "Quantity": Decimal(1),
                "UnitAmount": Decimal(100),
                "AccountCode": "200",
                "TaxType": "NONE",
                "ItemCode": "LAB",
            },
        ],
    }


@pytest.mark.parametrize(
    ("status", "ours", "there", "active"),
    [
        (InvoiceStatus.DRAFT, "draft", "DRAFT", True),
        (InvoiceStatus.APPROVED, "approved", "AUTHORISED", True),
        (InvoiceStatus.PAID, "approved", "AUTHORISED", True),
        (InvoiceStatus.VOIDED, "voided", "VOIDED", False),
    ],
)
def test_statuses_go_over(status: InvoiceStatus, ours: str, there: str, active: bool) -> None:
    record = invoice(status=status)
    snapshot = MAPPER.project(record, context()).snapshot
    assert (snapshot.get("status"), snapshot.active) == (ours, active)
    assert _body(Operation.UPDATE, record, "status") == {"Status": there}


@pytest.mark.parametrize(
    ("settings", "code", "there"),
    [
        (SETTINGS, None, None),
        (SETTINGS, "LAB", "LAB"),
        (SETTINGS, "X", None),
        (replace(SETTINGS, items={"X": "LAB"}), "X", "LAB"),
        (replace(SETTINGS, items={"default": "SALES"}), None, "SALES"),
        (replace(SETTINGS, items={"default": "SALES"}), "X", "SALES"),
    ],
)
def test_the_item_of_a_line_follows_the_mapping(settings: MappingSettings, code: str | None, there: str | None) -> None:
    record = invoice(line(item_code=code))
    assert _fields(record, settings=settings)["lines"][0][4] == there
    assert ("lines" in _losses(record, settings=settings)) is (code == "X" and there is None)


def test_jobs_own_contact_or_the_clients_by_the_rule_of_the_connection() -> None:
    acme = customer()
    roof = job("Roof", acme)
    tiles = job("Tiles", roof)
    record = invoice(customer_id=tiles.id, reference="PO 7")
    own = Ref(kind=EntityKind.CUSTOMER, id=tiles.id)
    assert MAPPER.needs(record, context(acme, roof, tiles)) == (own,)
    assert _fields(record)["reference"] == "PO 7"
    known = context(acme, roof, tiles, settings=BY_REFERENCE)
    assert MAPPER.needs(record, known) == (Ref(kind=EntityKind.CUSTOMER, id="c1"),)
    snapshot = MAPPER.project(record, known).snapshot
    assert (snapshot.get("customer"), snapshot.get("reference")) == (CONTACT_ID, "Roof:Tiles / PO 7")
    assert MAPPER.project(structs.replace(record, reference=None), known).snapshot.get("reference") == "Roof:Tiles"


def test_a_sub_contact_of_its_own_is_the_invoices_contact() -> None:
    sub = Ref(kind=EntityKind.CONTACT, id="s1")
    to = Recipients(to=("s@x.example",))
    record = invoice(sub_contact_id="s1", billing_address=Address(city="Hull"), recipients=to)
    assert MAPPER.needs(record, context()) == (sub,)
    assert _fields(record, remote_ids={sub: "there"})["customer"] == "there"
    assert _losses(record) == {}
    person = Contact(id="s1", customer_id="c1", billing_address=Address(city="York"))
    moved = structs.replace(customer(), contacts=(person,))
    assert set(_losses(record, moved)) == {"billing_address"}  # Xero prints that of the sub-contact


def test_an_invoice_whose_contact_is_not_there_yet_is_planned_but_not_sent() -> None:
    record = invoice(customer_id="new")
    assert _fields(record)["customer"] is None
    for operation in (Operation.CREATE, Operation.UPDATE):
        with pytest.raises(MappingError) as caught:
            _body(operation, record)
        assert caught.value.field == "customer"


@pytest.mark.parametrize(
    ("record", "settings", "field", "missing"),
    [
        (invoice(), MappingSettings(), "lines", "accounts:sales"),
        (invoice(line_tax_levels=("gone",)), SETTINGS, "lines.0.tax_level", "taxes:gone"),
        (invoice(line(tax_level_id="gone")), SETTINGS, "lines.0.tax_level", "taxes:gone"),
        (invoice(line(), line(" \n ")), SETTINGS, "lines.1.description", None),
        (invoice(number=" "), SETTINGS, "number", None),
        (invoice(number="9" * 256), SETTINGS, "number", None),
        (invoice(currency="JPY"), SETTINGS, "currency", None),
    ],
)
def test_what_cannot_be_sent_says_why(
    record: Invoice, settings: MappingSettings, field: str, missing: str | None
) -> None:
    with pytest.raises(MappingError) as caught:
        MAPPER.project(record, context(settings=settings))
    assert (caught.value.field, caught.value.missing) == (field, missing)


@pytest.mark.parametrize(
    ("record", "field"),
    [
        (invoice(recipients=Recipients(cc=("b@x.example",))), "cc"),
        (invoice(recipients=Recipients(to=("b@x.example",))), "to"),
        (invoice(billing_address=Address(city="Hull")), "billing_address"),
        (invoice(reference="r" * 256), "reference"),
        (invoice(line("d" * 4001)), "lines"),
    ],
)
def test_what_xero_cannot_hold_is_told(record: Invoice, field: str) -> None:
    assert field in _losses(record, customer(email="a@x.example"))


def test_recipients_and_address_that_are_the_contacts_own_lose_nothing() -> None:
    acme = customer(email="A@x.example", billing_address=Address(city="Hull"))
    roof = job("Roof", acme)
    record = invoice(recipients=Recipients(to=("a@x.example",)), billing_address=Address(city="Hull"))
    assert _losses(record, acme) == {}
    assert _losses(structs.replace(record, customer_id=roof.id), acme, roof) == {}
    assert _losses(structs.replace(record, customer_id=roof.id), acme, roof, settings=BY_REFERENCE) == {}


# --- updates ----------------------------------------------------------------------------------------------------------


def test_an_update_sends_only_what_changed_and_never_the_amounts() -> None:
    assert _body(Operation.UPDATE, invoice(reference="PO 8"), "reference", "total", "amount_due") == {
        "Reference": "PO 8"
    }
    assert _body(Operation.UPDATE, invoice(), "reference") == {"Reference": ""}


def test_lines_go_along_when_the_meaning_of_prices_changes() -> None:
    sent = _body(Operation.UPDATE, invoice(tax_inclusive=True), "tax_inclusive")
    assert sent["LineAmountTypes"] == "Inclusive"
    assert len(sent["LineItems"]) == 1


def _kept(number: str, description: str, **extra: Any) -> dict[str, Any]:
    return {
        "LineItemID": number, "Description": description, "Quantity": "1.0000", "UnitAmount": "100.00",
        "AccountCode": "200", "TaxType": "NONE", **extra,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ours", "ids"),
    [
        (("A", "B", "C"), ["1", "2", "3"]),
        (("C", "A", "B"), ["3", "1", "2"]),
        (("A", "B2", "C"), ["1", "2", "3"]),
        (("B", "C"), ["2", "3"]),
        (("A", "B", "C", "D"), ["1", "2", "3", None]),
        (("X", "A"), [None, "1"]),
    ],
)
def test_a_line_keeps_its_id_where_it_can(ours: tuple[str, ...], ids: list[str | None]) -> None:
    theirs = _remote(LineItems=[_kept("1", "A"), _kept("2", "B"), _kept("3", "C")])
    sent = _body(Operation.UPDATE, invoice(*map(line, ours)), "lines", theirs=theirs)
    assert [entry.get("LineItemID") for entry in sent["LineItems"]] == ids


def test_what_a_bookkeeper_added_to_a_line_stays_and_a_discount_is_taken_back() -> None:
    tracking = [{"TrackingCategoryID": "t", "Name": "Region", "Option": "North"}]
    theirs = _remote(LineItems=[_kept("1", "A", Tracking=tracking, DiscountRate="5.00")])
    (sent,) = _body(Operation.UPDATE, invoice(line("A")), "lines", theirs=theirs)["LineItems"]
    assert sent["Tracking"] == [{"Name": "Region", "Option": "North"}]
    assert sent["DiscountRate"] == 0


@pytest.mark.parametrize("operation", [Operation.VOID, Operation.ARCHIVE, Operation.DELETE])
@pytest.mark.parametrize(("there", "sent"), [("DRAFT", "DELETED"), ("SUBMITTED", "DELETED"), ("AUTHORISED", "VOIDED")])
def test_an_invoice_is_voided_and_a_draft_deleted(operation: Operation, there: str, sent: str) -> None:
    voided = invoice(status=InvoiceStatus.VOIDED)
    assert _body(operation, voided, theirs=_remote(Status=there)) == {"Status": sent}


def test_a_voided_invoice_does_not_come_back() -> None:
    with pytest.raises(MappingError):
        _body(Operation.RESTORE, invoice())


# --- what is read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "field", "value"),
    [
        ({"Date": "/Date(1793491200000+0000)/"}, "issue_date", "2026-11-01"),
        ({"Date": "/Date(1793491200000)/"}, "issue_date", "2026-11-01"),
        ({"Date": "x", "DateString": "2026-11-01T00:00:00"}, "issue_date", "2026-11-01"),
        ({"DueDate": "2026-11-01"}, "due_date", "2026-11-01"),
        ({"DueDate": None}, "due_date", None),
        ({"Status": "PAID"}, "status", "approved"),
        ({"Status": "SUBMITTED"}, "status", "draft"),
        ({"Status": "DELETED"}, "status", "deleted"),
        ({"LineAmountTypes": "Inclusive"}, "tax_inclusive", True),
        ({"LineAmountTypes": "NoTax"}, "tax_inclusive", False),
        ({"Total": "321.0000"}, "total", "321"),
        ({"Total": 321}, "total", "321"),
        ({"Total": None}, "total", "0"),
        ({"AmountPaid": "10.50", "AmountCredited": 4}, "amount_paid", "14.5"),
        ({"Contact": {"ContactID": "abc", "Name": "x"}}, "customer", "abc"),
        ({"Contact": None}, "customer", None),
        ({"Reference": ""}, "reference", None),
        ({"LineItems": [_kept("1", "A\r\n B ")]}, "lines", (("A\nB", "1", "100", "0", None, "200", "NONE"),)),
        ({"LineItems": [_kept("1", "A", TaxType="OUTPUT2")], "LineAmountTypes": "NoTax"}, "lines",
         (("A", "1", "100", "0", None, "200", "NONE"),)),
        ({"LineItems": [_kept("1", "A", DiscountAmount="5.00")]}, "lines",
         (("A", "1", "100", "amount 5", None, "200", "NONE"),)),
        ({"LineItems": [{"Description": "A"}]}, "lines", (("A", "0", "0", "0", None, None, None),)),
        ({"LineItems": None}, "lines", ()),
    ],
)  # fmt: skip
def test_what_xero_shows_is_read_whatever_its_form(payload: dict[str, Any], field: str, value: Any) -> None:
    assert MAPPER.read(_remote(**payload), context()).fields[field] == value


def test_lines_that_the_answer_does_not_tell_are_not_compared() -> None:
    assert not MAPPER.read(_remote(), context()).holds("lines")


def test_amounts_are_theirs_and_the_number_identifies() -> None:
    assert MAPPER.flows["amount_paid"] is Flow.THEIRS
    assert MAPPER.identity == ("number",)


def test_the_link_leads_to_the_sales_invoice() -> None:
    assert MAPPER.url(INVOICE_ID, REFERENCE.company) == (
        "https://go.xero.com/organisationlogin/default.aspx?shortcode=%21x9Yz"
        f"&redirecturl=/AccountsReceivable/View.aspx?InvoiceID={INVOICE_ID}"
    )


# --- laws -------------------------------------------------------------------------------------------------------------

_AMOUNTS = st.decimals(min_value=-99999, max_value=99999, places=4)
_LINES = st.builds(
    InvoiceLine,
    description=st.text(max_size=60) | st.just("d" * 4100),
    quantity=_AMOUNTS,
    unit_price=_AMOUNTS,
    amount=_AMOUNTS,
    item_code=st.sampled_from([None, "LAB", "X"]),
    discount_percent=st.decimals(min_value=0, max_value=100, places=2),
    tax_level_id=st.sampled_from([None, "vat", "zero", "gone"]),
)
_MONEY = st.decimals(min_value=0, max_value=10**9, places=2)
_INVOICES = st.builds(
    Invoice,
    id=st.just("i1"),
    number=st.text(max_size=40),
    customer_id=st.sampled_from(["c1", "c1", "new"]),
    status=st.sampled_from(InvoiceStatus),
    issue_date=st.dates(date(1990, 1, 1), date(2090, 1, 1)),
    due_date=st.dates(date(1990, 1, 1), date(2090, 1, 1)),
    currency=st.sampled_from(["GBP", "EUR", "JPY"]),
    reference=st.none() | st.text(max_size=300),
    tax_inclusive=st.booleans(),
    lines=st.lists(_LINES, max_size=4).map(tuple),
    subtotal=_MONEY,
    tax_total=_MONEY,
    total=_MONEY,
    amount_paid=_MONEY,
)


@given(_INVOICES)
def test_reading_back_an_echoed_create_gives_the_projection(record: Invoice) -> None:
    known = context()
    try:
        ours = MAPPER.project(record, known).snapshot
        body = MAPPER.body(Operation.CREATE, ours, changed=frozenset(ours.fields), theirs=None, context=known)
    except MappingError:
        return
    assert set(ours.fields) <= set(OWNERS[EntityKind.INVOICE])
    totals = {"SubTotal": "subtotal", "TotalTax": "tax_total", "Total": "total", "AmountDue": "amount_due"}
    there = {name: f"{Decimal(str(ours.get(field))):.2f}" for name, field in totals.items()}
    theirs = MAPPER.read(stored(echo_invoice(body, paid=str(record.amount_paid), totals=there)), known)
    assert set(ours.fields) == set(theirs.fields)
    assert differences(ours=ours, theirs=theirs) == ()
    assert ours.active is theirs.active


@given(st.lists(_LINES, max_size=4).map(tuple), st.lists(_LINES, max_size=4).map(tuple))
def test_an_update_of_the_lines_leaves_no_difference_and_uses_no_id_twice(
    before: tuple[InvoiceLine, ...], after: tuple[InvoiceLine, ...]
) -> None:
    known = context()
    try:
        first = MAPPER.project(invoice(*before), known).snapshot
        second = MAPPER.project(invoice(*after), known).snapshot
    except MappingError:
        return
    created = MAPPER.body(Operation.CREATE, first, changed=frozenset(first.fields), theirs=None, context=known)
    there = echo_invoice(created)
    body = on_the_wire(MAPPER.body(Operation.UPDATE, second, changed=frozenset({"lines"}), theirs=there, context=known))
    ids = [entry["LineItemID"] for entry in body["LineItems"] if "LineItemID" in entry]
    known_ids = {entry["LineItemID"] for entry in there.payload["LineItems"]}
    assert len(ids) == len(set(ids))
    assert set(ids) <= known_ids
    read = MAPPER.read(_remote(LineItems=body["LineItems"]), known)
    assert read.get("lines") == second.get("lines")


def test_a_package_that_tells_no_currencies_is_trusted_with_any() -> None:
    bare = Reference(company=Company(tenant_id="t", name="Books"))
    assert _fields(invoice(currency="JPY"), reference=bare)["currency"] == "JPY"
