"""Payments in QuickBooks."""

from __future__ import annotations

from decimal import Decimal

import pytest

from service.core.errors import MappingError
from service.core.intent import Operation
from service.core.model import PaymentKind
from service.core.ports import EntityKind
from service.core.snapshot import differences
from tests.mapping.quickbooks.builders import context, create, losses, mapper, payment, read, ref, update
from tests.mapping.quickbooks.echo import echo

PAYMENT = EntityKind.PAYMENT


def test_a_payment_is_applied_to_its_invoice() -> None:
    assert create(payment("40.50", method="card", reference="CHK 12"), context()) == {
        "CustomerRef": {"value": "58"},
        "TotalAmt": Decimal("40.5"),
        "Line": [{"Amount": Decimal("40.5"), "LinkedTxn": [{"TxnId": "130", "TxnType": "Invoice"}]}],
        "TxnDate": "2026-11-23",
        "PaymentRefNum": "CHK 12",
        "PaymentMethodRef": {"value": "4"},
        "DepositToAccountRef": {"value": "35"},
    }


def test_a_payment_on_account_has_no_lines() -> None:
    body = create(payment(invoice_id=None), context(accounts={}))
    assert body["Line"] == []
    assert "DepositToAccountRef" not in body


def test_a_payment_needs_its_customer_and_its_invoice() -> None:
    needed = (ref(EntityKind.CUSTOMER, "c1"), ref(EntityKind.INVOICE, "i1"))
    assert mapper(PAYMENT).needs(payment(), context()) == needed
    with pytest.raises(MappingError, match="invoice of this payment is not in QuickBooks yet"):
        create(payment(invoice_id="i9"), context())


def test_a_changed_amount_sends_the_lines_whole() -> None:
    assert update(payment("60"), context(), "amount") == {
        "TotalAmt": Decimal(60),
        "Line": [{"Amount": Decimal(60), "LinkedTxn": [{"TxnId": "130", "TxnType": "Invoice"}]}],
    }


def test_one_payment_of_theirs_may_settle_several_invoices() -> None:
    lines = [
        {"Amount": amount, "LinkedTxn": [{"TxnId": to, "TxnType": "Invoice"}]} for to, amount in (("1", 4), ("2", 6))
    ]
    theirs = read(PAYMENT, {"TotalAmt": 10, "Line": lines, "PaymentMethodRef": {"value": "5"}}, context())
    assert theirs.get("applied") == (("1", "4"), ("2", "6"))
    assert theirs.get("invoice") is None
    assert theirs.get("method") == "Check"


def test_a_payment_taken_back_says_only_whose_it_was() -> None:
    within = context()
    snapshot = mapper(PAYMENT).project(payment(removed=True), within).snapshot
    assert (snapshot.fields, snapshot.active) == ({"customer": "58", "kind": "payment"}, False)
    assert mapper(PAYMENT).body(Operation.VOID, snapshot, changed=frozenset(), theirs=None, context=within) == {}
    stored = {**echo(PAYMENT, create(payment(), within)), "TotalAmt": 0, "Line": [], "PrivateNote": "Voided"}
    assert differences(ours=snapshot, theirs=read(PAYMENT, stored, within, active=False)) == ()


def test_a_reference_or_method_that_does_not_fit_is_declared() -> None:
    record = payment(reference="a reference that is far too long", method="barter")
    assert len(create(record, context())["PaymentRefNum"]) <= 21
    assert sorted(losses(record, context())) == ["method", "reference"]


@pytest.mark.parametrize("kind", [PaymentKind.REFUND, PaymentKind.CREDIT, PaymentKind.ADJUSTMENT])
def test_only_payments_are_carried(kind: PaymentKind) -> None:
    with pytest.raises(MappingError, match="no payment"):
        create(payment(kind=kind), context())


def test_another_currency_than_the_companys_stops_it() -> None:
    with pytest.raises(MappingError, match="USD only"):
        create(payment(currency="EUR"), context())
    assert create(payment(currency="EUR"), context(flags={"multicurrency": True}))["CurrencyRef"] == {"value": "EUR"}
