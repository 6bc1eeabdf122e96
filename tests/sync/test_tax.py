"""Tax from the level of a line to the cent in the package's books: who decides, whose figure counts, what differs."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from sandbox.common.server import Running
from service.core.ports import EntityKind
from service.records.company import choose_default_tax_level
from service.store.accounts import Organisation
from service.store.queries.load import lines_of
from service.store.records import InvoiceRow
from tests.sync.office import Office, live, open_office, start_empty
from tests.sync.test_choosing import choose, chosen

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

#: Provider, country, currency, rate of the level, amounts of the lines; then what ours and theirs come to.
CASES = {
    "Xero's own example: each line is rounded": ("xero", "NZ", "NZD", "15", ["25.06", "25.61", "25.63"], "11.44", "0"),
    "QuickBooks abroad rounds a rate once": (
        "quickbooks",
        "GB",
        "GBP",
        "20",
        ["0.03", "0.03", "0.03"],
        "0.03",
        "-0.01",
    ),
    "QuickBooks abroad, one line is one rounding": ("quickbooks", "GB", "GBP", "20", ["10.03"], "2.01", "0"),
    "QuickBooks in the States honours our total": ("quickbooks", "US", "USD", "8", ["0.06"] * 3, "0.00", "0"),
}


def serve(provider: str, country: str, **more: Any) -> Running:
    """Serve a stand-in package of a country."""
    return start_empty(provider, **({} if provider == "xero" else {"country": country}), **more)


def opened(server: Running, url: str, currency: str, rate: str) -> tuple[Office, str]:
    """Open an office with one tax level, live; return it with the level."""
    office = open_office(server, url)
    with office.platform.database.write() as session:
        session.get_one(Organisation, office.organisation_id).currency = currency
    level = office.add_tax_level("Usual", rate)
    return live(office), level


def amounts(office: Office, invoice: str) -> dict[str, dict[str, Any]]:
    """Return what was read back of an invoice's amounts, by name."""
    link = office.link(invoice, EntityKind.INVOICE)
    assert link is not None
    return {line["what"]: line for line in link.readback}


@pytest.mark.parametrize("case", CASES)
def test_published_cases_come_out_to_the_cent_and_the_variance_is_kept(case: str, prepared_database_url: str) -> None:
    provider, country, currency, rate, nets, ours, variance = CASES[case]
    server = serve(provider, country)
    office, level = opened(server, prepared_database_url, currency, rate)
    client = office.add_customer(name="Elm School", email="ap@elm.example", currency=currency, tax_level_id=level)
    lines = [{"description": "Work", "quantity": "1", "unit_price": net} for net in nets]
    invoice = office.add_invoice(client, lines=lines, currency=currency)
    run = office.sync()
    assert run.state == "succeeded", [problem.document for problem in office.problems()]
    tax = amounts(office, invoice)["tax_total"]
    assert Decimal(tax["meant"]) == Decimal(ours)
    assert Decimal(tax["stored"]) == Decimal(ours) + Decimal(variance)
    link = office.link(invoice, EntityKind.INVOICE)
    assert link is not None
    assert link.variance == Decimal(variance)
    office.platform.database.close()
    server.stop()


@pytest.fixture
def automated(prepared_database_url: str) -> Iterator[tuple[Office, str]]:
    """Give an office whose package works out sales tax itself, at 8.75 per cent."""
    server = start_empty("quickbooks")
    server.sandbox.act("set_company", {"settings": {"automated_sales_tax": True}})
    office, level = opened(server, prepared_database_url, "USD", "8")
    yield office, level
    office.platform.database.close()
    server.stop()


def test_where_a_package_works_out_sales_tax_itself_its_figure_counts(automated: tuple[Office, str]) -> None:
    office, level = automated
    client = office.add_customer(name="Elm School", email="ap@elm.example", tax_level_id=level)
    invoice = office.add_invoice(client)
    assert office.ours(InvoiceRow, invoice).tax_total == Decimal("24.00")
    assert office.sync().state == "succeeded"
    row = office.ours(InvoiceRow, invoice)
    assert (row.subtotal, row.tax_total, row.total) == (Decimal("300.00"), Decimal("26.25"), Decimal("326.25"))
    for _ in range(2):
        told = amounts(office, invoice)["total"]
        assert (told["meant"], told["stored"], told["difference"], told["reading"]) == (
            "324",
            "326.25",
            "2.25",
            "adopted",
        )
        assert told["cause"] == "QuickBooks works out the sales tax itself; its figure is taken over."
        assert office.dot(invoice, EntityKind.INVOICE) == "green"
        assert office.sync(full=True).counts.get("updated", 0) == 0
    office.edit_invoice(invoice, lines=[{"description": "Labour", "quantity": "1", "unit_price": "100"}])
    office.sync()
    assert office.ours(InvoiceRow, invoice).total == Decimal("108.75")
    assert office.sync().counts.get("updated", 0) == 0


@pytest.mark.parametrize("said", ["paid", "more", "less"])
def test_what_was_paid_is_reckoned_anew_by_the_figure_that_counts(automated: tuple[Office, str], said: str) -> None:
    office, level = automated
    rate = level
    if said == "less":
        rate = office.add_tax_level("Higher", "10")
        choose(office, taxes={rate: chosen(office)["taxes"][level]})
    client = office.add_customer(name="Elm School", email="ap@elm.example", tax_level_id=rate)
    invoice = office.add_invoice(client)
    total = {"paid": "326.25", "more": "324", "less": "330"}[said]
    payment = office.pay(invoice, total)
    assert office.sync().state == "succeeded", [problem.document for problem in office.problems()]
    row, paid = office.ours(InvoiceRow, invoice), {"more": "324"}.get(said, "326.25")
    assert (row.total, row.amount_paid) == (Decimal("326.25"), Decimal(paid))
    assert row.status == ("approved" if said == "more" else "paid")
    assert {office.dot(invoice, EntityKind.INVOICE), office.dot(payment, EntityKind.PAYMENT)} == {"green"}
    written = office.writes()
    assert (office.sync().state, office.writes()) == ("succeeded", written)


def test_each_line_says_which_level_applies_and_who_decided(office: Office) -> None:
    low, mid, high = (office.add_tax_level(name, rate) for name, rate in (("Low", "1"), ("Mid", "2"), ("High", "3")))
    client = office.add_customer(name="Elm School", email="ap@elm.example")
    draft = office.add_invoice(client, status="draft")
    issued = office.add_invoice(client)
    with office.platform.database.write() as session:
        choose_default_tax_level(session, office.author(), low)
    lines = [
        {"description": "Own", "quantity": "1", "unit_price": "100", "tax_level_id": high},
        {"description": "Plain", "quantity": "1", "unit_price": "100"},
    ]
    named = office.add_invoice(client, lines=lines, tax_level_id=mid)
    with office.platform.database.read() as session:
        found = lines_of(session, [draft, issued, named])
    assert [(line.applied_tax_level_id, line.applied_tax_why) for line in found[draft]] == [(low, "company default")]
    assert [(line.applied_tax_level_id, line.applied_tax_why) for line in found[issued]] == [
        (None, "no tax level is set")
    ]
    assert [(line.applied_tax_level_id, line.applied_tax_why) for line in found[named]] == [
        (high, "tax level of the line"),
        (mid, "tax level of the invoice"),
    ]
    assert office.ours(InvoiceRow, draft).tax_total == Decimal("3.00")
