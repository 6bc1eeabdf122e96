"""What holds whatever anybody does to the books, straight on the rules without HTTP."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sandbox.common.clock import Clock
from sandbox.common.sandbox import ActionError
from sandbox.xero import SandboxOptions, create_sandbox
from sandbox.xero.contacts import create
from sandbox.xero.documents import settled
from sandbox.xero.organisation import Organisation

NAMES = st.sampled_from(["Acme", "ACME", " acme ", "Bolt", "bolt  ", "Straße", "STRASSE", "Çelik"])
MONEY = st.decimals(min_value=Decimal("0.01"), max_value=Decimal(9999), places=2)
Step = tuple[str, dict[str, Any]]

CONTACT_STEPS = st.one_of(
    st.tuples(st.just("create_contact"), st.fixed_dictionaries({"fields": st.fixed_dictionaries({"Name": NAMES})})),
    st.tuples(st.just("rename_contact"), st.fixed_dictionaries({"contact": NAMES, "name": NAMES})),
    st.tuples(st.just("archive_contact"), st.fixed_dictionaries({"contact": NAMES})),
    st.tuples(st.just("restore_contact"), st.fixed_dictionaries({"contact": st.integers(0, 9)})),
    st.tuples(st.just("merge_contacts"), st.fixed_dictionaries({"contact": NAMES, "into": NAMES})),
)


def _books() -> tuple[Organisation, Callable[[str, dict[str, Any]], Any]]:
    clock = Clock(datetime(2026, 11, 22, 1, tzinfo=UTC))
    sandbox = create_sandbox(SandboxOptions(books=("empty",), clock=clock))
    return sandbox.organisation(), sandbox.act


@given(st.lists(CONTACT_STEPS, max_size=15))
def test_no_two_active_contacts_ever_share_a_name_and_the_index_knows_them_all(steps: list[Step]) -> None:
    org, act = _books()
    for action, arguments in steps:
        whom = arguments.get("contact")
        ids = [*org.contacts, "none"]
        chosen = {"contact": ids[whom % len(ids)]} if isinstance(whom, int) else {}  # archived ones go by their id
        with suppress(ActionError):
            act(action, {**arguments, **chosen})
    active = [one for one in org.contacts.values() if one["ContactStatus"] == "ACTIVE"]
    assert org.active_names == {one["Name"].casefold(): one["ContactID"] for one in active}
    assert len(org.active_names) == len(active)


@given(st.lists(st.tuples(MONEY, st.sampled_from(["1", "2", "0.5", "3.333"])), min_size=1, max_size=5), st.data())
def test_what_is_owed_is_the_total_less_what_was_paid_and_paid_means_nothing_is_owed(
    lines: list[tuple[Decimal, str]], data: st.DataObject
) -> None:
    org, act = _books()
    create(org, {"Name": "Acme"})
    items = [
        {"Description": "x", "UnitAmount": unit, "Quantity": Decimal(count), "AccountCode": "200"}
        for unit, count in lines
    ]
    fields = {"LineItems": items, "DueDate": "2026-12-01", "Status": "AUTHORISED"}
    number = act("create_invoice", {"contact": "Acme", "fields": fields})["InvoiceNumber"]
    invoice_id = org.invoice_numbers[number]
    for _ in range(data.draw(st.integers(0, 5))):
        with suppress(ActionError):
            act("pay_invoice", {"invoice": number, "amount": data.draw(MONEY)})
        live = org.invoices[invoice_id]["payments"]
        if live and data.draw(st.booleans()):
            act("delete_payment", {"payment": data.draw(st.sampled_from(live))})
    invoice = org.invoices[invoice_id]
    assert invoice["Total"] == sum((one["LineAmount"] + one["TaxAmount"] for one in invoice["LineItems"]), Decimal(0))
    paid = sum((one["Amount"] for one in org.payments.values() if one["Status"] == "AUTHORISED"), Decimal(0))
    assert invoice["AmountPaid"] == paid
    assert invoice["AmountDue"] == invoice["Total"] - paid >= 0
    assert (invoice["Status"] == "PAID") == (invoice["AmountDue"] == 0 and (settled(invoice) or invoice["Total"] == 0))


@given(st.lists(MONEY, min_size=1, max_size=6))
def test_an_inclusive_total_is_what_was_typed_whatever_the_tax(amounts: list[Decimal]) -> None:
    org, act = _books()
    create(org, {"Name": "Acme"})
    items = [{"Description": "x", "UnitAmount": one, "AccountCode": "200", "TaxType": "TAX003"} for one in amounts]
    act("create_invoice", {"contact": "Acme", "fields": {"LineItems": items, "LineAmountTypes": "Inclusive"}})
    (invoice,) = org.invoices.values()
    assert invoice["Total"] == sum(amounts, Decimal(0))
    assert invoice["SubTotal"] + invoice["TotalTax"] == invoice["Total"]
