"""Laws of QuickBooks' mappers: what is sent and echoed reads back as it was meant, or a sentence says why not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.errors import MappingError
from service.core.intent import Operation
from service.core.model import Address, Customer, CustomerKind, CustomerType, Invoice, Recipients, SendTo
from service.core.money import quantise
from service.core.phone import clean_phone
from service.core.ports import EntityKind, MappingContext, Payload, Record
from service.core.snapshot import Snapshot, clean_text, differences
from service.core.totals import TaxableLine, compute_totals, line_amount
from tests.mapping.quickbooks import builders
from tests.mapping.quickbooks.builders import NOTHING, REDUCED, STANDARD, context, kind_of, mapper, read
from tests.mapping.quickbooks.echo import echo

RATES = {STANDARD: Decimal("8.25"), REDUCED: Decimal("5.6"), NOTHING: Decimal(0), None: Decimal(0)}
_SCRIPTS = st.characters(blacklist_categories=("Cs", "Cc"), whitelist_characters=":\t\n ")


def _texts(most: int = 40) -> st.SearchStrategy[str | None]:
    return st.none() | st.text(_SCRIPTS, max_size=most)


_LONG = st.none() | st.text(_SCRIPTS, max_size=30).map(lambda word: word * 40)
_EMAILS = st.from_regex(r"[a-z]{1,30}@[a-z]{1,40}\.example", fullmatch=True)
_COUNTRIES = st.none() | st.sampled_from(["US", "GB", "DK", "CI", "KR", "BO", "Nowhere", "USA", "Denmark", "TW"])
_ADDRESSES = st.none() | st.builds(
    Address,
    line1=_texts() | _LONG,
    line2=_texts(),
    city=_texts(),
    region=_texts(),
    postal_code=_texts(),
    country=_COUNTRIES,
)
_PHONES = st.none() | st.sampled_from(["(650) 253-0000", "+44 20 7946 0000 x12", "call the office and ask for Ann Orr"])
_NAMES = st.text(_SCRIPTS, min_size=1, max_size=40).filter(lambda name: clean_text(name.replace(":", " ")) is not None)


@st.composite
def customers(draw: st.DrawFn) -> Customer:
    is_job = draw(st.booleans())
    contacts = tuple(
        builders.contact(
            f"p{n}", first_name=draw(_texts()), last_name=draw(_texts() | _LONG), email=draw(st.none() | _EMAILS)
        )
        for n in range(draw(st.integers(0, 2)))
    )
    return builders.company(
        id="c2" if is_job else "c1",
        type=CustomerType.JOB if is_job else CustomerType.CLIENT,
        parent_id="c1" if is_job else None,
        kind=draw(st.sampled_from(CustomerKind)),
        name=draw(_NAMES | _NAMES.map(lambda name: name * 20)),
        first_name=draw(_texts()),
        last_name=draw(_LONG),
        email=draw(st.none() | _EMAILS),
        other_emails=tuple(draw(st.lists(_EMAILS, max_size=3))),
        other_emails_invoice=draw(st.sampled_from(SendTo)),
        phone=draw(_PHONES | _texts()),
        mobile=draw(_PHONES | _LONG),
        website=draw(
            st.sampled_from([None, "elm.example", "HTTPS://Elm.example/", "x y", "http://elm.example/A?b"]) | _texts()
        ),
        vat_number=draw(_texts()),
        currency=draw(st.sampled_from([None, "USD"])),
        payment_terms=draw(st.sampled_from([None, "net30", "due_on_receipt", "net45"])),
        tax_level_id=draw(st.sampled_from([None, STANDARD, NOTHING])),
        billing_address=draw(_ADDRESSES),
        shipping_address=draw(_ADDRESSES),
        contacts=contacts,
    )


@st.composite
def invoices(draw: st.DrawFn) -> Invoice:
    level = draw(st.sampled_from([STANDARD, REDUCED]))
    lines, levels = [], []
    for _ in range(draw(st.integers(1, 4))):
        quantity = Decimal(draw(st.integers(-50_000, 900_000))).scaleb(-draw(st.integers(0, 4)))
        price = Decimal(draw(st.integers(0, 5_000_000))).scaleb(-draw(st.integers(0, 4)))
        percent = draw(st.sampled_from([Decimal(0), Decimal(0), Decimal(10), Decimal("33.3333")]))
        amount = line_amount(quantity=quantity, unit_price=price, discount_percent=percent, currency="USD")
        item = draw(st.sampled_from([None, "HOURS", "PAINT"]))
        said = draw(st.text(_SCRIPTS, max_size=30) | st.just("long " * 1000))
        lines.append(
            builders.line(
                description=said,
                quantity=quantity,
                unit_price=price,
                amount=amount,
                discount_percent=percent,
                item_code=item,
            )
        )
        levels.append(draw(st.sampled_from([level, NOTHING, None])))
    taxable = [TaxableLine(amount=one.amount, rate_percent=RATES[at]) for one, at in zip(lines, levels, strict=True)]
    inclusive = draw(st.booleans())
    totals = compute_totals(taxable, inclusive=inclusive, currency="USD")
    return builders.invoice(
        *lines,
        levels=tuple(levels),
        tax_inclusive=inclusive,
        subtotal=totals.subtotal,
        tax_total=totals.tax_total,
        total=totals.total,
        reference=draw(_texts() | _LONG),
        due_date=draw(st.dates(date(2026, 1, 1), date(2027, 1, 1))),
        recipients=Recipients(
            to=tuple(draw(st.lists(_EMAILS, max_size=4))), cc=tuple(draw(st.lists(_EMAILS, max_size=6)))
        ),
        billing_address=draw(_ADDRESSES),
    )


_RECORDS = (
    customers()
    | invoices()
    | st.builds(
        builders.payment,
        amount=st.integers(1, 10_000_000).map(lambda cents: str(Decimal(cents).scaleb(-2))),
        invoice_id=st.sampled_from([None, "i1"]),
        method=st.sampled_from([None, "card", "barter"]),
        reference=_texts(60),
        removed=st.booleans(),
    )
)
_COMPANIES = st.sampled_from(
    [
        {},
        {"flags": {"ast": True}},
        {"flags": {"multicurrency": True}},
        {"country": "GB"},
        {"country": "GB", "taxes": {STANDARD: "2", REDUCED: "3", NOTHING: "9"}},
    ]
)


def _within(changes: dict[str, Any], record: Record) -> MappingContext:
    customers_known = (builders.company(),) if not isinstance(record, Customer) else ()
    return context(**changes, customers=customers_known)


def _projected(record: Record, within: MappingContext) -> Snapshot | None:
    """Return the projection, or None if the mapper says in a sentence why there is none; nothing else may be raised."""
    try:
        return mapper(kind_of(record)).project(record, within).snapshot
    except MappingError as stopped:
        said = stopped.reason
    assert said.endswith(".")
    return None


def _body(
    operation: Operation, ours: Snapshot, changed: frozenset[str], kind: EntityKind, within: MappingContext
) -> Payload:
    return mapper(kind).body(operation, ours, changed=changed, theirs=None, context=within)


def _answered(kind: EntityKind, body: Payload, record: Record) -> dict[str, Any]:
    return echo(kind, body, tax=record.tax_total) if isinstance(record, Invoice) else echo(kind, body)


@given(_RECORDS, _COMPANIES)
@settings(max_examples=120)
def test_what_is_sent_and_echoed_reads_back_as_it_was_meant(record: Record, changes: dict[str, Any]) -> None:
    within, kind = _within(changes, record), kind_of(record)
    ours = _projected(record, within)
    if ours is None:
        return
    body = _body(Operation.CREATE, ours, frozenset(ours.fields), kind, within)
    theirs = read(kind, _answered(kind, body, record), within, active=ours.active)
    assert differences(ours=ours, theirs=theirs) == ()
    assert theirs.active is ours.active


@given(_RECORDS, _COMPANIES, st.data())
@settings(max_examples=70)
def test_an_update_carries_what_changed_and_nothing_else(
    record: Record, changes: dict[str, Any], data: st.DataObject
) -> None:
    within, kind = _within(changes, record), kind_of(record)
    ours = _projected(record, within)
    if ours is None or not ours.active:
        return
    movable = sorted(ours.fields.keys() - {"status", "currency", "parent", "vat_number"})
    changed = frozenset(data.draw(st.sets(st.sampled_from(movable))))
    whole = _body(Operation.CREATE, ours, frozenset(ours.fields), kind, within)
    body = _body(Operation.UPDATE, ours, changed, kind, within)
    assert "Id" not in body
    if not changed:
        assert set(body) <= {"TxnTaxDetail"}
    for name, value in body.items():
        assert name in whole or not any(_leaves(value)), name
        assert name not in whole or whole[name] == value


@given(_RECORDS, _COMPANIES)
@settings(max_examples=70)
def test_no_text_is_longer_than_its_field(record: Record, changes: dict[str, Any]) -> None:
    within, kind = _within(changes, record), kind_of(record)
    ours = _projected(record, within)
    if ours is None:
        return
    body = _body(Operation.CREATE, ours, frozenset(ours.fields), kind, within)
    for path, limit in _LIMITS.items():
        value: Any = body
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        assert len(value or "") <= limit, path
    for name in ("DisplayName", "GivenName", "FamilyName"):
        assert not set(body.get(name, "")) & set(":\t\n")


_LIMITS = {
    "DisplayName": 500,
    "CompanyName": 100,
    "GivenName": 100,
    "FamilyName": 100,
    "PrimaryEmailAddr.Address": 100,
    "PrimaryPhone.FreeFormNumber": 30,
    "Mobile.FreeFormNumber": 30,
    "WebAddr.URI": 1000,
    "PrimaryTaxIdentifier": 20,
    "BillAddr.Line1": 500,
    "BillAddr.City": 255,
    "BillAddr.PostalCode": 30,
    "BillEmail.Address": 100,
    "BillEmailCc.Address": 200,
    "DocNumber": 21,
    "PrivateNote": 4000,
    "PaymentRefNum": 21,
}


@given(invoices(), st.sampled_from([{}, {"country": "GB"}]))
@settings(max_examples=70)
def test_lines_add_up_to_ours_and_each_amount_is_quantity_times_price(record: Invoice, changes: dict[str, Any]) -> None:
    within = _within(changes, record)
    ours = _projected(record, within)
    if ours is None:
        return
    body = _body(Operation.CREATE, ours, frozenset(ours.fields), EntityKind.INVOICE, within)
    for line in body["Line"]:
        detail = line["SalesItemLineDetail"]
        assert quantise(detail["Qty"] * detail["UnitPrice"], "USD") == line["Amount"]
    sent = sum(
        (line["SalesItemLineDetail"].get("TaxInclusiveAmt", line["Amount"]) for line in body["Line"]), Decimal(0)
    )
    # In the United States prices that include tax stand there without it.
    assert sent == (sum((line.amount for line in record.lines), Decimal(0)) if changes else record.subtotal)


_MEMBERS = ["Line", "Amount", "value", "BillAddr", "Line1", "DetailType", "CustomerRef", "PrivateNote", "TotalAmt"]
_MEMBERS += ["LinkedTxn", "SalesItemLineDetail", "PrimaryPhone", "FreeFormNumber", "TxnTaxDetail", "TxnDate"]
_ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(_MEMBERS), inner, max_size=4),
)


@given(st.dictionaries(st.sampled_from(_MEMBERS), _ANYTHING), st.sampled_from(sorted(builders.FAMILIES)))
def test_reading_never_raises(payload: dict[str, Any], kind: EntityKind) -> None:
    read(kind, payload, context())


@pytest.mark.parametrize("phone", ["+16502530000", "+442079460000x12", "ask Ann"])
def test_a_phone_written_for_people_is_the_same_phone(phone: str) -> None:
    body = builders.create(builders.company(phone=phone), context())
    assert clean_phone(body["PrimaryPhone"]["FreeFormNumber"], region="US") == phone


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for one in value.values() for leaf in _leaves(one)]
    if isinstance(value, list):
        return [leaf for one in value for leaf in _leaves(one)]
    return [value]
