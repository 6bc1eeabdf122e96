"""A connection's choices: suggestions, what is missing, and their JSON."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.choice import JobRule, MappingSettings
from service.core.model import (
    Contact,
    Customer,
    CustomerKind,
    CustomerType,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
    Payment,
    PaymentKind,
    TaxLevel,
)
from service.core.ports import Company, EntityKind, Offer, Ref, Reference
from service.core.reconcile import Flow
from service.mapping.settings import (
    Demands,
    Terms,
    choose,
    chosen,
    find_missing,
    from_json,
    parse_terms,
    terms_code,
    to_json,
    uses,
)
from service.mapping.suggestion import suggest


def _account(code: str, *, sales: bool = False, payments: bool = False, default: bool = False) -> Offer:
    return Offer(id=code, name=code, sales=sales, payments=payments, default=default)


def _tax(code: str, rate: str, name: str | None = None, *, default: bool = False, active: bool = True) -> Offer:
    return Offer(id=code, name=name or code, rate_percent=Decimal(rate), default=default, active=active)


def _reference(**lists: Any) -> Reference:
    return Reference(company=Company(tenant_id="t", name="Books"), **lists)


def _level(level_id: str, rate: str, name: str = "Standard") -> TaxLevel:
    return TaxLevel(id=level_id, name=name, rate_percent=Decimal(rate))


def _invoice(*levels: str | None, item: str | None = None) -> Invoice:
    line = InvoiceLine(
        description="Work", quantity=Decimal(1), unit_price=Decimal(1), amount=Decimal(1), item_code=item
    )
    day = date(2026, 11, 1)
    return Invoice(
        id="i1", number="INV-1", customer_id="c1", status=InvoiceStatus.APPROVED, issue_date=day, due_date=day,
        currency="USD", lines=(line,) * len(levels), line_tax_levels=levels,
    )  # fmt: skip


# --- terms ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "terms"),
    [
        ("due_on_receipt", Terms(days=0)),
        ("Due on receipt", Terms(days=0)),
        ("net30", Terms(days=30)),
        ("Net 30", Terms(days=30)),
        ("net0", Terms(days=0)),
        ("eom", Terms(days=0, end_of_month=True)),
        ("eom20", Terms(days=20, end_of_month=True)),
        ("EOM 20", Terms(days=20, end_of_month=True)),
        ("cash on delivery", None),
        ("net", None),
        ("net030", None),
        ("net1000", None),
        ("", None),
        (None, None),
    ],
)
def test_terms_codes_are_understood(code: str | None, terms: Terms | None) -> None:
    assert parse_terms(code) == terms


@given(st.integers(0, 999), st.booleans())
def test_terms_and_their_codes_are_one_to_one(days: int, end_of_month: bool) -> None:
    terms = Terms(days=days, end_of_month=end_of_month)
    assert parse_terms(terms.code) == terms
    assert terms_code(terms.code) == terms.code


def test_words_of_no_vocabulary_stay_as_they_are() -> None:
    assert terms_code("Cash on delivery") == "Cash on delivery"


# --- suggestions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accounts", "choice"),
    [
        ((), None),
        ((_account("200", sales=True),), "200"),
        ((_account("090", payments=True), _account("200", sales=True)), "200"),
        ((_account("200", sales=True), _account("260", sales=True)), None),
        ((_account("200", sales=True, default=True), _account("260", sales=True)), "200"),
        ((_account("200", sales=True, default=True), _account("260", sales=True, default=True)), None),
    ],
)
def test_the_one_sales_account_is_obvious(accounts: tuple[Offer, ...], choice: str | None) -> None:
    assert suggest(_reference(accounts=accounts), used=()).accounts.get("sales") == choice


@pytest.mark.parametrize(
    ("taxes", "choice"),
    [
        ((_tax("OUT", "20"),), "OUT"),
        ((_tax("OUT", "20.00"),), "OUT"),
        ((_tax("OUT", "15"),), None),
        ((_tax("OUT", "20", active=False),), None),
        ((_tax("OUT", "20"), _tax("CAP", "20")), None),
        ((_tax("OUT", "20"), _tax("CAP", "20", "STANDARD")), "CAP"),
        ((_tax("OUT", "20", default=True), _tax("CAP", "20")), "OUT"),
    ],
)
def test_the_tax_code_of_the_same_rate_is_obvious(taxes: tuple[Offer, ...], choice: str | None) -> None:
    found = suggest(_reference(taxes=taxes), used=(), tax_levels=[_level("L", "20")])
    assert chosen(found, "taxes:L") == choice


def test_lines_without_tax_take_the_code_without_a_rate() -> None:
    reference = _reference(taxes=(_tax("OUT", "20"), _tax("EXEMPT", "0"), _tax("NONE", "0", default=True)))
    assert suggest(reference, used=()).taxes == {"none": "NONE"}


def test_terms_of_the_same_days_items_of_the_same_code_and_methods_of_the_same_name_are_obvious() -> None:
    reference = _reference(
        terms=(Offer(id="1", name="Net 30", days=30), Offer(id="2", name="Odd"), Offer(id="3", name="At once", days=0)),
        items=(Offer(id="7", name="Labour", code="LAB", sales=True), Offer(id="8", name="Pipe", sales=True)),
        methods=(Offer(id="5", name="Cheque"),),
    )
    used = ("terms:net30", "terms:due_on_receipt", "terms:eom", "items:lab", "items:Pipe", "methods:cheque", "taxes:x")
    found = suggest(reference, used=used)
    assert found.terms == {"net30": "1", "due_on_receipt": "3"}
    assert found.items == {"lab": "7", "Pipe": "8"}
    assert found.methods == {"cheque": "5"}


def test_what_a_person_chose_stays() -> None:
    given_settings = MappingSettings(accounts={"sales": "260"}, job_rule=JobRule.REFERENCE)
    found = suggest(_reference(accounts=(_account("200", sales=True),)), used=(), given=given_settings)
    assert found == given_settings


# --- what is missing --------------------------------------------------------------------------------------------------


def test_the_entries_that_records_use_are_found() -> None:
    customer = Customer(
        id="c1", kind=CustomerKind.COMPANY, type=CustomerType.CLIENT, name="A", full_name="A", depth=1,
        tax_level_id="L", payment_terms="net30",
    )  # fmt: skip
    contact = Contact(id="p1", customer_id="c1", tax_level_id="L")
    payment = Payment(
        id="m1", kind=PaymentKind.PAYMENT, amount=Decimal(1), date=date(2026, 11, 1), customer_id="c1",
        currency="USD", method="cheque",
    )  # fmt: skip
    a, b, i, m = (
        Ref(kind=EntityKind.CUSTOMER, id="c1"),
        Ref(kind=EntityKind.CONTACT, id="p1"),
        Ref(kind=EntityKind.INVOICE, id="i1"),
        Ref(kind=EntityKind.PAYMENT, id="m1"),
    )
    assert uses([customer, contact, _invoice("L", "L", None, item="LAB"), payment]) == {
        "taxes:L": (a, b, i),
        "terms:net30": (a,),
        "accounts:sales": (i,),
        "items:default": (i,),
        "items:LAB": (i,),
        "taxes:none": (i,),
        "accounts:payments": (m,),
        "methods:cheque": (m,),
        "method_accounts:cheque": (m,),
        "currency_accounts:USD": (m,),
    }


def test_only_what_is_demanded_and_used_can_be_missing() -> None:
    used = uses([_invoice("L", None, item="LAB")])
    reference = _reference(accounts=(_account("200", sales=True),))
    found = find_missing(MappingSettings(), reference, demands=Demands(), used=used, labels={"L": "Standard"})
    assert [(missing.entry, missing.message) for missing in found] == [
        ("accounts:sales", "Nothing is chosen yet for the account of sales."),
        ("taxes:L", "Nothing is chosen yet for the tax level Standard."),
        ("taxes:none", "Nothing is chosen yet for lines without tax."),
    ]
    assert found[0].records == (Ref(kind=EntityKind.INVOICE, id="i1"),)


def test_a_choice_that_is_no_longer_offered_is_missing() -> None:
    settings = choose(MappingSettings(), "accounts:sales", "999")
    reference = _reference(accounts=(_account("200", sales=True),))
    demands = Demands(sections=frozenset())
    used = uses([_invoice(None)])
    (missing,) = find_missing(settings, reference, demands=demands, used=used)
    assert missing.message == "What was chosen for the account of sales is no longer offered: 999."
    assert find_missing(settings, _reference(), demands=demands, used=used) == ()


@pytest.mark.parametrize("entry", ["items:default", "items:X", "terms:eom", "methods:card", "accounts:payments"])
def test_every_entry_has_words(entry: str) -> None:
    demands = Demands(entries=frozenset({entry}), sections=frozenset())
    ref = Ref(kind=EntityKind.INVOICE, id="i1")
    (missing,) = find_missing(MappingSettings(), _reference(), demands=demands, used={entry: (ref,)})
    assert ":" not in missing.message


_OFFERS = st.builds(
    Offer,
    id=st.sampled_from(["1", "2", "3"]),
    name=st.sampled_from(["Standard", "None", "x"]),
    active=st.booleans(),
    sales=st.booleans(),
    payments=st.booleans(),
    default=st.booleans(),
    rate_percent=st.sampled_from([None, Decimal(0), Decimal(20)]),
    days=st.sampled_from([None, 0, 30]),
)
_LISTS = st.lists(_OFFERS, max_size=4, unique_by=lambda offer: offer.id).map(tuple)


@given(accounts=_LISTS, items=_LISTS, taxes=_LISTS, terms=_LISTS)
def test_a_suggestion_is_offered_and_suggesting_again_changes_nothing(
    accounts: tuple[Offer, ...], items: tuple[Offer, ...], taxes: tuple[Offer, ...], terms: tuple[Offer, ...]
) -> None:
    reference = _reference(accounts=accounts, items=items, taxes=taxes, terms=terms)
    used = uses([_invoice("L", None, item="1")])
    once = suggest(reference, used=used, tax_levels=[_level("L", "20")])
    assert suggest(reference, used=used, tax_levels=[_level("L", "20")], given=once) == once
    demands = Demands(sections=frozenset({"accounts", "items", "taxes"}))
    missing = {entry.entry for entry in find_missing(once, reference, demands=demands, used=used)}
    assert missing == {entry for entry in used if chosen(once, entry) is None}


# --- JSON -------------------------------------------------------------------------------------------------------------

_TEXTS = st.dictionaries(st.text(), st.text(min_size=1), max_size=3)


@given(
    st.builds(
        MappingSettings,
        accounts=_TEXTS,
        items=_TEXTS,
        taxes=_TEXTS,
        terms=_TEXTS,
        methods=_TEXTS,
        job_rule=st.sampled_from(JobRule),
        owners=st.dictionaries(st.text(), st.sampled_from(Flow), max_size=3),
    )
)
def test_settings_survive_storage(settings: MappingSettings) -> None:
    assert from_json(json.loads(json.dumps(to_json(settings)))) == settings


def test_what_is_missing_in_the_document_is_empty() -> None:
    assert from_json({}) == MappingSettings()
    assert from_json({"accounts": {"sales": ""}, "taxes": None, "later": 1}) == MappingSettings()


@pytest.mark.parametrize(
    "document",
    [
        {"job_rule": "both"},
        {"owners": {"email": "nobody"}},
        {"accounts": ["sales"]},
        {"taxes": {"a": 1}},
        {"version": "x"},
    ],
)
def test_a_wrong_document_is_told_in_a_sentence(document: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="mapping"):
        from_json(document)
