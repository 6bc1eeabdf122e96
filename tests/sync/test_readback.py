"""Read-back: recipients, tax and totals as the package stored them, compared with what was meant."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from service.core.ports import EntityKind
from service.store.accounts import Organisation
from service.store.records import TaxLevelRow
from tests.sync.office import Office, live, open_office, start_empty

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

PEOPLE = [
    {"first_name": "Ann", "last_name": "Lee", "email": "ann@elm.example", "invoice_email": "cc"},
    {"first_name": "Bob", "last_name": "Ray", "email": "bob@elm.example", "invoice_email": "cc"},
]
CC = ["ann@elm.example", "bob@elm.example"]


def issue(office: Office, **body: Any) -> str:
    """Issue an invoice with a To and two Cc, and send it; return its id."""
    client = office.add_customer(name="Elm School", email="ap@elm.example", contacts=PEOPLE)
    override = {"to": ["ap@elm.example"], "cc": CC}
    invoice = office.add_invoice(client, recipients_override=override, **body)
    assert office.sync().state == "succeeded"
    return invoice


def misstore(office: Office, **amounts: str) -> None:
    """Have the package store the next invoice with other amounts: tax and total."""
    if office.package.sandbox.name == "xero":
        names = {"tax": "TotalTax", "total": "Total"}
        office.act("misstore", amounts={names[name]: amount for name, amount in amounts.items()})
    else:
        fields: dict[str, Any] = {"TotalAmt": Decimal(amounts["total"])}
        fields["TxnTaxDetail"] = {"TotalTax": Decimal(amounts["tax"])}
        office.act("misstore", fields=fields)


def read(office: Office, invoice: str) -> tuple[str | None, dict[str, dict[str, Any]]]:
    """Return the state of what was read back, and its lines by what they are about."""
    link = office.link(invoice, EntityKind.INVOICE)
    assert link is not None
    return link.readback_state, {line["what"]: line for line in link.readback}


def test_to_and_cc_that_reached_the_package_are_those_that_were_resolved(live_office: Office) -> None:
    state, lines = read(live_office, issue(live_office))
    assert state == "as_meant"
    assert (lines["to"]["meant"], lines["cc"]["meant"]) == (["ap@elm.example"], CC)
    if live_office.package.sandbox.name == "xero":
        assert {lines[name]["reading"] for name in ("to", "cc")} == {"declared"}
        assert lines["cc"]["cause"] == "Xero invoices have no Cc; Tieout can send the invoice itself."
    else:
        (stored,) = next(iter(live_office.package.sandbox.dump().values()))["Invoice"]
        assert stored["BillEmail"]["Address"] == "ap@elm.example"
        assert sorted(stored["BillEmailCc"]["Address"].replace(" ", "").split(",")) == CC
        assert {lines[name]["reading"] for name in ("to", "cc")} == {"as_meant"}


def test_totals_that_are_as_meant_are_shown_as_proof(live_office: Office) -> None:
    _, lines = read(live_office, issue(live_office))
    assert [(lines[name]["meant"], lines[name]["stored"]) for name in ("subtotal", "tax_total", "total")] == [
        ("300", "300"),
        ("0", "0"),
        ("300", "300"),
    ]


@pytest.mark.parametrize(("tax", "total", "state"), [("0.01", "300.01", "rounding"), ("7.00", "307.00", "differs")])
def test_another_tax_is_a_state_with_its_cause_and_moves_no_dot(
    live_office: Office, tax: str, total: str, state: str
) -> None:
    misstore(live_office, tax=tax, total=total)
    invoice = issue(live_office)
    found, lines = read(live_office, invoice)
    assert (found, lines["tax_total"]["reading"], lines["subtotal"]["reading"]) == (state, state, "as_meant")
    assert Decimal(lines["tax_total"]["difference"]) == Decimal(tax)
    assert live_office.package.sandbox.name in lines["tax_total"]["cause"].lower()
    assert live_office.dot(invoice, EntityKind.INVOICE) == "green"


@pytest.mark.parametrize("package_server", ["quickbooks"], indirect=True)  # the other has no recipients of its own
def test_a_recipient_that_was_not_stored_is_a_difference(live_office: Office) -> None:
    live_office.act("misstore", fields={"BillEmailCc": {"Address": "ann@elm.example"}})
    invoice = issue(live_office)
    state, lines = read(live_office, invoice)
    assert (state, lines["cc"]["stored"]) == ("differs", ["ann@elm.example"])
    assert lines["cc"]["cause"] == "QuickBooks stored other addresses than the ones that were sent."


def test_the_next_write_that_is_stored_as_meant_ends_the_difference(live_office: Office) -> None:
    misstore(live_office, tax="7.00", total="307.00")
    invoice = issue(live_office)
    assert read(live_office, invoice)[0] == "differs"
    live_office.edit_invoice(invoice, lines=[{"description": "Labour", "quantity": "3", "unit_price": "150"}])
    live_office.sync()
    state, lines = read(live_office, invoice)
    assert (state, lines["total"]["stored"]) == ("as_meant", "450")


def test_a_tax_that_is_changed_there_later_is_seen_by_the_next_comparison(live_office: Office) -> None:
    invoice = issue(live_office)
    misstore(live_office, tax="7.00", total="307.00")
    remote_id = live_office.remote_id(invoice, EntityKind.INVOICE)
    live_office.platform.pause(60)
    if live_office.package.sandbox.name == "xero":
        live_office.act("edit_invoice", invoice=remote_id, fields={"Url": "https://elm.example"})
    else:
        live_office.act("edit", kind="Invoice", id=remote_id, fields={"CustomerMemo": {"value": "Thanks"}})
    live_office.sync()
    state, lines = read(live_office, invoice)
    assert (state, lines["total"]["difference"]) == ("differs", "7")
    assert live_office.dot(invoice, EntityKind.INVOICE) == "green"


@pytest.fixture
def british_office(prepared_database_url: str) -> Iterator[Office]:
    """Give an organisation at a company whose package reckons tax by code, as it does outside the United States."""
    server = start_empty("quickbooks", country="GB")
    office = open_office(server, prepared_database_url)
    with office.platform.database.write() as session:
        session.get_one(Organisation, office.organisation_id).currency = "GBP"
    office.add_tax_level("VAT", "20")
    yield live(office)
    office.platform.database.close()
    server.stop()


def test_a_cent_that_comes_from_rounding_once_a_rate_is_told_as_that(british_office: Office) -> None:
    with british_office.platform.database.read() as session:
        (level,) = session.scalars(select(TaxLevelRow.id))
    client = british_office.add_customer(name="Elm School", email="ap@elm.example", currency="GBP", tax_level_id=level)
    lines = [{"description": "Screw", "quantity": "1", "unit_price": "0.03"} for _ in range(3)]
    invoice = british_office.add_invoice(client, lines=lines, currency="GBP")
    run = british_office.sync()
    assert run.state == "succeeded", british_office.problems()
    state, found = read(british_office, invoice)
    assert (state, found["tax_total"]["meant"], found["tax_total"]["stored"]) == ("rounding", "0.03", "0.02")
    assert found["tax_total"]["difference"] == found["total"]["difference"] == "-0.01"
    assert found["total"]["cause"] == (
        "QuickBooks rounds the tax of each rate once, where ours is rounded line by line; "
        "up to 0.01 for each line is rounding."
    )
    assert british_office.dot(invoice, EntityKind.INVOICE) == "green"
