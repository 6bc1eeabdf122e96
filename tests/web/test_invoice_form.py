"""Invoices written and edited on the pages: without scripts, by several people, as far as their state allows."""

from __future__ import annotations

from sqlalchemy import select

from service.records.inputs import InvoiceChanges, PaymentInput
from service.records.invoices import change_invoice
from service.records.payments import record_payment
from service.store.queries.load import lines_of
from service.store.records import InvoiceRow
from service.store.sync_models import LinkRow
from tests.web.conftest import client_of
from tests.web.forms import buttons_of, fields_of
from tests.web.world import World

FORM = "invoice-form"


def stored(world: World, invoice_id: str) -> InvoiceRow:
    with world.database.read() as session:
        return session.get_one(InvoiceRow, invoice_id)


def test_an_invoice_is_written_line_by_line_without_scripts(any_world: World) -> None:
    client, freeman = client_of(any_world, "accountant"), any_world.ids["freeman"]
    assert f"/customers/{freeman}/invoices/new" in client.get("/invoices/new?q=freeman").text
    path = f"/customers/{freeman}/invoices/new"
    page = client.get(path).text
    typed = fields_of(page, FORM)
    assert typed["issue_date"] == "2026-11-22"
    typed |= {"lines.0.description": "Gutters", "lines.0.unit_price": "120", "do": "add-line"}
    page = client.post(path, data=typed).text
    typed = fields_of(page, FORM) | {"lines.1.description": "Paint", "lines.1.quantity": "3", "do": "reckon"}
    assert typed["lines.0.description"] == "Gutters"
    assert "The totals appear once" in client.post(path, data=typed).text
    typed |= {"lines.1.unit_price": "9.5", "lines.1.category": "Materials"}
    page = client.post(path, data=typed).text
    assert "$148.50" in page
    assert "billing@freeman.example" in page
    assert "22 Dec 2026" in page  # by the customer's terms
    wrong = client.post(path, data=typed | {"do": "save", "lines.1.unit_price": "", "currency": "XYZ"})
    assert wrong.status_code == 422
    assert "A price is needed." in wrong.text
    assert 'value="Materials"' in wrong.text
    typed["do"] = "approve"
    made = client.post(path, data=typed)
    assert made.headers["Location"] == client.post(path, data=typed).headers["Location"]  # sent twice, written once
    row = stored(any_world, made.headers["Location"].rpartition("/")[2])
    assert (row.status, str(row.total), row.due_date.isoformat()) == ("approved", "148.5", "2026-12-22")
    with any_world.database.read() as session:
        assert len(session.scalars(select(InvoiceRow)).all()) == 3


def test_lines_are_taken_away_and_overrides_given(world: World) -> None:
    client, path = client_of(world, "accountant"), f"/invoices/{world.ids['draft']}/edit"
    typed = fields_of(client.get(path).text, FORM) | {
        "lines.0.description": "One", "lines.0.unit_price": "1",
        "lines.5.description": "Two", "lines.5.unit_price": "2",
    }  # fmt: skip
    page = client.post(path, data=typed | {"remove-line": "0"}).text
    assert fields_of(page, FORM)["lines.0.description"] == "Two"
    assert ("remove-line", "1") not in buttons_of(page, FORM)
    typed = fields_of(page, FORM) | {
        "do": "save", "recipients_override": "true", "to": "boss@cedar.example", "cc": "a@b.example, c@b.example",
        "billing_address_override": "true", "billing_address_override.city": "Hull", "terms": "net7", "due_date": "",
    }  # fmt: skip
    assert client.post(path, data=typed).status_code == 303
    row = stored(world, world.ids["draft"])
    assert row.recipients == {
        "to": ["boss@cedar.example"], "cc": ["a@b.example", "c@b.example"], "why": "override on the invoice",
    }  # fmt: skip
    assert (row.billing_address or {})["city"] == "Hull"
    assert row.due_date.isoformat() == "2026-11-09"
    again = fields_of(client.get(path).text, FORM)
    assert (again["to"], again["recipients_override"]) == ("boss@cedar.example", "true")
    del again["recipients_override"], again["billing_address_override"]
    assert client.post(path, data=again | {"do": "approve"}).status_code == 303
    row = stored(world, world.ids["draft"])
    assert (row.status, row.recipients["to"]) == ("approved", ["a@cedar.example"])
    assert (row.recipients_override, row.billing_address_override) == (None, None)


def test_an_edit_made_meanwhile_is_merged_or_shown(any_world: World) -> None:
    client, bill = client_of(any_world, "accountant"), any_world.ids["invoice"]
    path = f"/invoices/{bill}/edit"
    typed = fields_of(client.get(path).text, FORM) | {"reference": "PO 1", "do": "save"}
    with any_world.database.write() as session:
        line = {"description": "Roof repair", "quantity": "3", "unit_price": "150"}
        theirs = InvoiceChanges.model_validate({"reference": "PO 2", "lines": [line]})
        change_invoice(session, any_world.author, bill, theirs)
    late = client.post(path, data=typed)
    assert late.status_code == 409
    assert "Edited meanwhile by admin@freeman.example" in late.text
    assert 'Reference is now: <span class="strong">PO 2</span>; you typed: PO 1' in late.text
    again = fields_of(late.text, FORM)
    assert (again["reference"], again["lines.0.quantity"]) == ("PO 1", "3")
    assert client.post(path, data=again | {"do": "save"}).status_code == 303
    assert (stored(any_world, bill).reference, str(stored(any_world, bill).subtotal)) == ("PO 1", "450")
    assert client.post(path, data={"do": "save"}).status_code == 422


def test_what_cannot_be_changed_is_said_before_anybody_types(world: World) -> None:
    client, bill = client_of(world, "accountant"), world.ids["invoice"]
    with world.database.write() as session:
        paid = PaymentInput.model_validate({"invoice_id": bill, "amount": "24"})
        record_payment(session, world.author, paid)
    page = client.get(f"/invoices/{bill}/edit").text
    assert "is partly paid: only due date, reference and recipients can still be changed." in page
    typed = fields_of(page, FORM)
    assert "lines.0.description" not in typed
    assert "currency" not in typed
    assert client.post(f"/invoices/{bill}/edit", data=typed | {"reference": "PO 7", "do": "save"}).status_code == 303
    assert stored(world, bill).reference == "PO 7"
    with world.database.read() as session:
        assert len(lines_of(session, [bill])[bill]) == 1


def test_voiding_is_looked_at_first_and_refused_with_the_reason(world: World) -> None:
    client, bill = client_of(world, "accountant"), world.ids["invoice"]
    look = client.get(f"/invoices/{bill}/void").text
    assert "$324.00 is owed no more" in look
    assert "the next sync voids it there" in look
    with world.database.write() as session:
        row = record_payment(session, world.author, PaymentInput.model_validate({"invoice_id": bill, "amount": "24"}))
    assert "Take its payments and credits back first." in client.get(f"/invoices/{bill}/void").text
    refused = client.post(f"/invoices/{bill}/void", data={"revision": "2"}, follow_redirects=True)
    assert "Take its payments and credits back first." in refused.text
    assert row.id
    draft = world.ids["draft"]
    assert "A draft is not sent: approve it first." in client.get(f"/invoices/{draft}").text
    assert "Delete it instead." in client.get(f"/invoices/{draft}/void").text
    assert "is deleted" in client.post(f"/invoices/{draft}/delete", data={"revision": "1"}, follow_redirects=True).text


def test_a_void_of_what_was_changed_meanwhile_does_nothing(world: World) -> None:
    client, bill = client_of(world, "accountant"), world.ids["invoice"]
    late = client.post(f"/invoices/{bill}/void", data={"revision": "9"}, follow_redirects=True)
    assert "changed meanwhile" in late.text
    assert "is voided" in client.post(f"/invoices/{bill}/void", data={"revision": "1"}, follow_redirects=True).text
    page = client.get(f"/invoices/{bill}/edit").text
    assert "Nothing of it can be changed any more" in page
    with world.database.read() as session:
        link = session.scalars(select(LinkRow).where(LinkRow.record_id == bill)).one()
        assert link.wanted > (link.confirmed or 0)
