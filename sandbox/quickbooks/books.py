"""Company files to start with: the public sample company as its users know it, and an empty one.

"Craig's Design and Landscaping Services" is the sample company that QuickBooks shows to everybody. Names,
sub-customers, vendors, employees, items and their prices are its own; a year of invoices and payments is made up here,
always the same relative to the day the sandbox starts. One vendor is ours: Harbour Roofing, so that a customer of that
name collides.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.quickbooks import documents, ledger, names, payments
from sandbox.quickbooks.chart import SYSTEM, add_items, add_lists
from sandbox.quickbooks.company import Company, CompanySettings
from sandbox.quickbooks.options import SandboxOptions

SAMPLE_NAME = "Craig's Design and Landscaping Services"
VENDORS = (
    "Bob's Burger Joint", "Books by Bessie", "Brosnahan Insurance Agency", "Cal Telephone", "Chin's Gas and Oil",
    "Cigna Health Care", "Computers by Jenni", "Diego's Road Warrior Bodyshop", "EDD", "Ellis Equipment Rental",
    "Fidelity", "Hall Properties", "Harbour Roofing", "Hicks Hardware", "Lee Advertising", "Mahoney Mugs",
    "Met Life Dental", "National Eye Care", "Norton Lumber and Building Materials", "Pam Seitz", "PG&E",
    "Robertson & Associates", "Squeaky Kleen Car Wash", "Tania's Nursery", "Tim Philip Masonry", "Tony Rondonuwu",
    "United States Treasury",
)  # fmt: skip
EMPLOYEES = (("Emily", "Platt"), ("John", "Johnson"))
ZONES = {"US": "America/Los_Angeles", "GB": "Europe/London", "AU": "Australia/Sydney", "CA": "America/Toronto"}
CURRENCIES = {"US": "USD", "GB": "GBP", "AU": "AUD", "CA": "CAD"}
INVOICES = 132  #: eleven a month


def company_file(kind: str, realm: str, options: SandboxOptions, now: Callable[[], datetime]) -> Company:
    """Build a company file: "sample" or "empty".

    :raises ValueError: for another kind.
    """
    if kind not in ("sample", "empty"):
        raise ValueError(f"no books {kind!r}; there are: sample, empty")
    country = "US" if kind == "sample" else options.country
    settings = CompanySettings(
        name=SAMPLE_NAME if kind == "sample" else "Blank Page Trading",
        country=country,
        currency=CURRENCIES.get(country, "EUR"),
        zone=ZoneInfo(ZONES.get(country, "Europe/Berlin")),
        multicurrency=options.multicurrency,
        default_item="1",
    )
    company = Company(realm, settings, now)
    with _on_day(company, now() - timedelta(days=400)):
        add_lists(company)
        add_items(company, most=18 if kind == "sample" else 2)
        for code in ("CAD", "EUR", "GBP") if options.multicurrency else ():
            company.insert("CompanyCurrency", {"Code": code, "Name": code, "Active": True}, editor=SYSTEM)
        if kind == "sample":
            _add_people(company)
    if kind == "sample":
        _add_year(company, now())
    settings.automated_sales_tax = options.automated_sales_tax
    company.events.clear()
    return company


@contextmanager
def _on_day(company: Company, when: datetime) -> Iterator[None]:
    """Let the company believe that it is another time."""
    clock, company.clock = company.clock, lambda: when
    try:
        yield
    finally:
        company.clock = clock


def _add_people(company: Company) -> None:
    ids: dict[str, str] = {}
    text = files(__package__).joinpath("customers.csv").read_text(encoding="utf-8")
    for one in csv.DictReader(text.splitlines()):
        body: dict[str, Any] = {
            "DisplayName": one["display_name"],
            "GivenName": one["given_name"],
            "FamilyName": one["family_name"],
            "CompanyName": one["company_name"],
            "PrimaryPhone": {"FreeFormNumber": one["phone"]},
            "PrimaryEmailAddr": {"Address": _email(one["display_name"])},
            "BillAddr": {
                "Line1": one["line1"],
                "City": one["city"],
                "CountrySubDivisionCode": one["region"],
                "PostalCode": one["postal_code"],
            },
            "PreferredDeliveryMethod": "Print",
            "Taxable": bool(one["company_name"]),
        }
        if one["parent"]:
            body |= {"Job": True, "ParentRef": {"value": ids[one["parent"]]}}
        ids[one["display_name"]] = names.write(company, "Customer", body, editor=SYSTEM).id
    for vendor in VENDORS:
        names.write(company, "Vendor", {"DisplayName": vendor, "CompanyName": vendor}, editor=SYSTEM)
    for given, family in EMPLOYEES:
        name = f"{given} {family}"
        body = {"DisplayName": name, "GivenName": given, "FamilyName": family, "PrintOnCheckName": name, "Active": True}
        company.insert("Employee", body, editor=SYSTEM)


def _email(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum()) + "@example.com"


def _add_year(company: Company, now: datetime) -> None:
    """Make the year's documents: who buys what and when follows from each invoice's number alone."""
    customers = company.rows("Customer")
    items = [row for row in company.rows("Item") if row.id not in ("1", "2", "12")]
    for number in range(INVOICES):
        age = timedelta(days=(INVOICES - number) * 365 // INVOICES)
        customer = customers[(number * 7 + number // 29) % len(customers)]
        lines = []
        for position in range(1 + number % 3):
            item = items[(number * 5 + position * 3) % len(items)]
            price = item.body.get("UnitPrice") or Decimal(40 + (number * 13 + position * 17) % 160)
            quantity = Decimal(1 + (number + position) % 6)
            lines.append(_line(item.id, quantity, price, item.name))
        body: dict[str, Any] = {
            "CustomerRef": {"value": customer.id},
            "DocNumber": str(1001 + number),
            "TxnDate": (now - age).astimezone(company.settings.zone).date().isoformat(),
            "SalesTermRef": {"value": "3"},
            "BillEmail": customer.body["PrimaryEmailAddr"],
            "Line": lines,
        }
        if customer.body["Taxable"]:
            tucson = customer.body["BillAddr"]["City"] == "Tucson"
            body["TxnTaxDetail"] = {"TxnTaxCodeRef": {"value": "3" if tucson else "2"}}
        with _on_day(company, now - age):
            invoice = documents.write(company, "Invoice", body, editor=SYSTEM)
        paid_after = timedelta(days=10 + number * 11 % 40)
        if number % 5 and age > paid_after:
            with _on_day(company, now - age + paid_after):
                _pay(company, invoice.id, half=number % 17 == 3)  # noqa: PLR2004 - any seventeenth will do


def _line(item_id: str, quantity: Decimal, price: Decimal, text: str) -> dict[str, Any]:
    detail = {"ItemRef": {"value": item_id}, "Qty": quantity, "UnitPrice": price}
    return {
        "DetailType": "SalesItemLineDetail",
        "Amount": quantity * price,
        "Description": text,
        "SalesItemLineDetail": detail,
    }


def _pay(company: Company, invoice_id: str, *, half: bool) -> None:
    invoice = company.require("Invoice", invoice_id)
    left = ledger.open_amount(company, invoice)
    amount = (left / 2).quantize(ledger.CENT) if half else left
    body = {
        "CustomerRef": invoice.body["CustomerRef"],
        "TotalAmt": amount,
        "PaymentMethodRef": {"value": "2"},
        "Line": [{"Amount": amount, "LinkedTxn": [{"TxnId": invoice.id, "TxnType": "Invoice"}]}],
    }
    payments.write(company, body, editor=SYSTEM)
