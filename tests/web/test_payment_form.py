"""Money on the pages: recorded, applied, paid out, taken back, and refused with the reason."""

from __future__ import annotations

import re

from sqlalchemy import select

from service.core.ports import EntityKind, Ref
from service.records.inputs import PaymentChanges
from service.records.payments import change_payment
from service.store.credit_models import AllocationRow
from service.store.queries.history import labels_of
from service.store.records import InvoiceRow, PaymentRow
from tests.web.conftest import client_of
from tests.web.forms import fields_of
from tests.web.world import World

FORM = "payment-form"


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def paid(world: World) -> tuple[str, str]:
    with world.database.read() as session:
        row = session.get_one(InvoiceRow, world.ids["invoice"])
        return str(row.amount_paid), row.status


def all_payments(world: World) -> list[PaymentRow]:
    with world.database.read() as session:
        return list(session.scalars(select(PaymentRow).order_by(PaymentRow.id)))


def test_a_payment_of_an_invoice_is_recorded_once_edited_and_taken_back(any_world: World) -> None:
    client, bill = client_of(any_world, "accountant"), any_world.ids["invoice"]
    path = f"/invoices/{bill}/payments/new"
    given = fields_of(client.get(path).text, FORM)
    assert (given["amount"], given["date"]) == ("324.00", "2026-11-22")
    wrong = client.post(path, data=given | {"amount": "a lot", "reference": "CHQ 9"})
    assert wrong.status_code == 422
    assert fields_of(wrong.text, FORM)["reference"] == "CHQ 9"
    for _ in range(2):
        assert client.post(path, data=given | {"amount": "100", "method": "cash"}).status_code == 303
    assert paid(any_world) == ("100", "approved")
    (row,) = all_payments(any_world)
    page = client.get(f"/invoices/{bill}").text
    assert f"/payments/{row.id}" in page
    edit = fields_of(client.get(f"/payments/{row.id}/edit").text, FORM)
    with any_world.database.write() as session:
        change_payment(session, any_world.author, row.id, PaymentChanges(reference="R 2"))
    late = client.post(f"/payments/{row.id}/edit", data=edit | {"amount": "324"})
    assert late.status_code == 409
    assert 'Reference: <span class="strong">R 2</span>' in late.text
    assert client.post(f"/payments/{row.id}/edit", data=fields_of(late.text, FORM)).status_code == 303
    assert paid(any_world) == ("324", "paid")
    assert "Nothing is due on INV-1001 any more." in client.get(path).text
    look = text_of(client.get(f"/payments/{row.id}/remove").text)
    assert "$324.00 is open on INV-1001 then." in look
    assert paid(any_world) == ("324", "paid")
    late = client.post(f"/payments/{row.id}/remove", data={"revision": "1"}, follow_redirects=True)
    assert "changed meanwhile" in late.text
    client.post(f"/payments/{row.id}/remove", data={"revision": "3"})
    assert paid(any_world) == ("0", "approved")
    assert "counts no more" in client.get(f"/payments/{row.id}").text
    assert "counts no more" in client.get(f"/payments/{row.id}/edit").text


def test_a_credit_settles_what_is_chosen_and_the_rest_is_paid_out(any_world: World) -> None:
    client, freeman, bill = client_of(any_world, "accountant"), any_world.ids["freeman"], any_world.ids["invoice"]
    path = f"/customers/{freeman}/payments/new?kind=credit"
    given = fields_of(client.get(path).text, FORM) | {"amount": "50"}
    page = client.get(client.post(path, data=given).headers["Location"]).text
    (credit,) = all_payments(any_world)
    assert "$50.00 of it waits on the customer" in text_of(page)
    asked = fields_of(page, "apply-form")
    assert asked["invoice_id"] == bill
    too_much = client.post(f"/payments/{credit.id}/apply", data=asked | {"amount": "51"})
    assert too_much.status_code == 422
    assert "Only 50.00 USD of it is left." in too_much.text
    client.post(f"/payments/{credit.id}/apply", data=asked | {"amount": "30"})
    assert paid(any_world) == ("30", "approved")
    assert "before changing its amount" in client.get(f"/payments/{credit.id}/edit").text
    out = f"/customers/{freeman}/payments/new?kind=refund&of={credit.id}"
    refund = fields_of(client.get(out).text, FORM)
    assert refund["amount"] == "20.00"
    client.post(out, data=refund)
    assert "Nothing of this credit is left" in client.get(out).text
    refused = client.get(f"/payments/{credit.id}/remove").text
    assert "A refund of this credit was paid out. Take that back first." in refused
    assert paid(any_world) == ("30", "approved")
    with any_world.database.read() as session:
        part = session.scalars(select(AllocationRow)).one()
        refs = [Ref(kind=EntityKind.ALLOCATION, id=part.id), Ref(kind=EntityKind.CREDIT, id=credit.id)]
        told_of = labels_of(session, refs)
    assert list(told_of.values()) == ["30.00 USD of a credit on INV-1001", "credit of 50.00 USD"]
    told = client.post(f"/payments/{credit.id}/parts/{part.id}/remove", follow_redirects=True)
    assert "stays on the customer" in told.text
    assert paid(any_world) == ("0", "approved")


def test_why_nothing_can_be_recorded_is_said_instead_of_a_form(world: World) -> None:
    client = client_of(world, "accountant")
    draft = client.get(f"/invoices/{world.ids['draft']}/payments/new").text
    assert "is draft: nothing can be paid on it." in draft
    assert FORM not in draft
    refund = client.get(f"/invoices/{world.ids['invoice']}/payments/new?kind=refund").text
    assert "Nothing of INV-1001 is paid, so nothing can be given back." in refund


def test_who_only_reads_sees_a_payment_and_no_button(world: World) -> None:
    client = client_of(world, "accountant")
    path = f"/customers/{world.ids['freeman']}/payments/new"
    where = client.post(path, data={"amount": "20", "currency": "usd"}).headers["Location"]
    page = client_of(world, "viewer").get(where).text
    assert "Payment of $20.00" in page
    for hook in ("edit", "remove", "apply", "unapply"):
        assert f'data-testid="{hook}"' not in page
