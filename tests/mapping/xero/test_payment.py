"""Payments of invoices."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.choice import MappingSettings
from service.core.errors import MappingError
from service.core.intent import Operation
from service.core.model import Payment, PaymentKind
from service.core.ports import EntityKind, Family, Ref, RemoteRecord
from service.core.snapshot import differences
from service.mapping.xero import MAPPERS
from tests.mapping.xero.builders import INVOICE_ID, REFERENCE, SETTINGS, context, echo_payment, payment, stored

MAPPER = MAPPERS[EntityKind.PAYMENT]


def _create(record: Payment, settings: MappingSettings = SETTINGS) -> Any:
    known = context(settings=settings)
    ours = MAPPER.project(record, known).snapshot
    return MAPPER.body(Operation.CREATE, ours, changed=frozenset(ours.fields), theirs=None, context=known)


def test_a_payment_names_its_invoice_and_the_account_it_goes_to() -> None:
    assert _create(payment(reference="cheque 7")) == {
        "Invoice": {"InvoiceID": INVOICE_ID},
        "Account": {"Code": "090"},
        "Date": "2026-11-02",
        "Amount": Decimal("20.5"),
        "Reference": "cheque 7",
    }


def test_a_bank_account_without_a_code_is_named_by_its_id() -> None:
    account = "13918178-849a-4823-9a31-57b7eac713d7"
    sent = _create(payment(), replace(SETTINGS, accounts={"payments": account}))
    assert sent["Account"] == {"AccountID": account}


def test_a_payment_needs_its_invoice() -> None:
    assert MAPPER.needs(payment(invoice_id=None), context()) == ()
    assert MAPPER.needs(payment(), context()) == (Ref(kind=EntityKind.INVOICE, id="i1"),)
    with pytest.raises(MappingError) as caught:
        _create(payment(invoice_id="new"))
    assert caught.value.field == "invoice"


@pytest.mark.parametrize(
    ("record", "settings", "field", "missing"),
    [
        (payment(), MappingSettings(), "account", "accounts:payments"),
        (payment(kind=PaymentKind.REFUND), SETTINGS, "kind", None),
        (payment(kind=PaymentKind.CREDIT), SETTINGS, "kind", None),
        (payment(invoice_id=None), SETTINGS, "invoice", None),
    ],
)
def test_what_cannot_be_sent_says_why(
    record: Payment, settings: MappingSettings, field: str, missing: str | None
) -> None:
    with pytest.raises(MappingError) as caught:
        MAPPER.project(record, context(settings=settings))
    assert (caught.value.field, caught.value.missing) == (field, missing)


def test_a_method_is_told_to_be_lost() -> None:
    assert [loss.field for loss in MAPPER.project(payment(method="card"), context()).losses] == ["method"]


def test_a_payment_is_taken_back_but_never_changed() -> None:
    snapshot = MAPPER.project(payment(removed=True), context()).snapshot
    assert snapshot.active is False

    def body(operation: Operation) -> Any:
        return MAPPER.body(operation, snapshot, changed=frozenset({"amount"}), theirs=None, context=context())

    for operation in (Operation.DELETE, Operation.ARCHIVE, Operation.VOID):
        assert body(operation) == {"Status": "DELETED"}
    for operation in (Operation.UPDATE, Operation.RESTORE):
        with pytest.raises(MappingError):
            body(operation)


def test_a_bookkeepers_payment_is_read() -> None:
    payload = {
        "Invoice": {"InvoiceID": INVOICE_ID}, "Amount": "100.00", "Date": "/Date(1793577600000+0000)/",
        "PaymentType": "ACCRECPAYMENT", "Status": "AUTHORISED", "Reference": "",
    }  # fmt: skip
    remote = RemoteRecord(family=Family.PAYMENT, remote_id="p", version=None, active=True, payload=payload)
    assert dict(MAPPER.read(remote, context()).fields) == {
        "invoice": INVOICE_ID, "amount": "100", "date": "2026-11-02", "reference": None, "kind": "payment"
    }  # fmt: skip
    assert MAPPER.url("p", REFERENCE.company) == (
        "https://go.xero.com/organisationlogin/default.aspx?shortcode=%21x9Yz"
        "&redirecturl=/Bank/ViewTransaction.aspx?bankTransactionID=p"
    )


@given(
    st.builds(
        Payment,
        id=st.just("m1"),
        kind=st.sampled_from(PaymentKind),
        amount=st.decimals(min_value=Decimal("0.01"), max_value=10**9, places=2),
        date=st.dates(date(1990, 1, 1), date(2090, 1, 1)),
        customer_id=st.just("c1"),
        currency=st.just("GBP"),
        invoice_id=st.sampled_from(["i1", "new", None]),
        reference=st.none() | st.text(max_size=300),
    )
)
def test_reading_back_an_echoed_create_gives_the_projection(record: Payment) -> None:
    known = context()
    try:
        ours = MAPPER.project(record, known).snapshot
        body = MAPPER.body(Operation.CREATE, ours, changed=frozenset(ours.fields), theirs=None, context=known)
    except MappingError:
        return
    theirs = MAPPER.read(stored(echo_payment(body)), known)
    assert set(ours.fields) - {"account"} == set(theirs.fields)  # chosen once, with a new payment
    assert differences(ours=ours, theirs=theirs) == ()
