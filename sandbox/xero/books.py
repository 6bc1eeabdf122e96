"""Sample books: the contacts users of Xero's demo company know, and a year of invoices, bills and payments."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random

from sandbox.xero import contacts, credit_notes, invoices, overpayments, payments
from sandbox.xero.organisation import Organisation, Record

#: name, first name, last name, city, whether a customer
_CONTACTS = (
    ("24 Locks", "", "", "Wellington", False),
    ("7-Eleven", "", "", "Auckland", False),
    ("ABC Furniture", "Trish", "Rawlings", "Wellington", False),
    ("Abby & Wells", "Abby", "Wells", "Auckland", True),
    ("Bank West", "Dan", "Brennan", "Christchurch", True),
    ("Basket Case", "Rob", "Barker", "Wellington", True),
    ("Bayside Club", "Bob", "Partridge", "Auckland", True),
    ("Bayside Wholesale", "", "", "Auckland", False),
    ("Berry Brew", "", "", "Wellington", False),
    ("Boom FM", "Kim", "Marshall", "Wellington", True),
    ("Brunswick Petals", "", "", "Auckland", False),
    ("Capital Cab Co", "", "", "Wellington", False),
    ("Carlton Functions", "", "", "Auckland", False),
    ("Central Copiers", "", "", "Wellington", False),
    ("City Agency", "Sam", "Ellis", "Auckland", True),
    ("City Limousines", "Martin", "Dale", "Auckland", True),
    ("Coco Cafe", "", "", "Wellington", False),
    ("Cube Land", "Toni", "Grey", "Hamilton", True),
    ("DIISR - Small Business Services", "Tracy", "Green", "Wellington", True),
    ("Dimples Warehouse", "", "", "Auckland", False),
    ("Epicenter Cafe", "", "", "Wellington", False),
    ("Espresso 31", "", "", "Wellington", False),
    ("Fulton Airport Parking", "", "", "Auckland", False),
    ("Gable Print", "", "", "Wellington", False),
    ("Gateway Motors", "", "", "Auckland", False),
    ("Hamilton Smith Ltd", "Hamilton", "Smith", "Wellington", True),
    ("Hoyt Productions", "", "", "Auckland", False),
    ("Inland Revenue", "", "", "Wellington", False),
    ("Jakaranda Maple Systems", "Kelly", "Maple", "Tauranga", True),
    ("Marine Systems", "Jed", "Waters", "Auckland", True),
    ("MCO Cleaning Services", "", "", "Wellington", False),
    ("Melrose Parking", "", "", "Wellington", False),
    ("Net Connect", "", "", "Auckland", False),
    ("Orlena Greenville", "Orlena", "Greenville", "Dunedin", True),
    ("PC Complete", "", "", "Wellington", False),
    ("Petrie McLoud Watson & Associates", "Petra", "McLoud", "Wellington", True),
    ("Port & Philip Freight", "Chris", "Port", "Auckland", True),
    ("PowerDirect", "", "", "Wellington", False),
    ("Rex Media Group", "Rex", "Dwyer", "Wellington", True),
    ("Ridgeway Bank", "", "", "Wellington", False),
    ("Ridgeway University", "Katherine", "Ridge", "Wellington", True),
    ("SMART Agency", "", "", "Auckland", False),
    ("Swanston Security", "", "", "Wellington", False),
    ("Truxton Property Management", "", "", "Auckland", False),
    ("Woolworths Market", "", "", "Wellington", False),
    ("Xero", "", "", "Wellington", False),
    ("Young Bros Transport", "Ben", "Young", "Auckland", True),
)
_BILLED = (("445", "Electricity"), ("489", "Phone and internet"), ("408", "Office cleaning"), ("461", "Printing"))
_SOLD = ("DevD", "DevH", "PMD", "PMBr", "Support-M", "Train-MS", "GB1-White", "TSL - Black", "BOOK")
_SALES, _BILLS = 60, 30
_YEAR = 360  #: days the documents are spread over


def fill(org: Organisation) -> None:
    """Write the sample books into an empty organisation; the same day gives the same books."""
    rng = Random(20_261_122)
    today = org.today
    for number, row in enumerate(_CONTACTS, start=1):
        contacts.create(org, _contact(number, *row, rng=rng))
    everyone = list(org.contacts.values())
    customers = [one for one, row in zip(everyone, _CONTACTS, strict=True) if row[-1]]
    suppliers = [one for one, row in zip(everyone, _CONTACTS, strict=True) if not row[-1]]
    for number in range(_SALES):
        day = today - timedelta(days=_YEAR - number * _YEAR // _SALES)
        _sale(org, rng, rng.choice(customers), day, latest=number >= _SALES - 3)
    for number in range(_BILLS):
        day = today - timedelta(days=_YEAR - number * _YEAR // _BILLS)
        _bill(org, rng, rng.choice(suppliers), day)
    _credit(org, customers[0], today - timedelta(days=20))
    _overpayment(org, customers[1], today - timedelta(days=15))
    _date_back(org, today)


def _contact(number: int, name: str, first: str, last: str, city: str, customer: bool, *, rng: Random) -> Record:  # noqa: FBT001 - a row of the table above
    host = "".join(letter for letter in name.lower() if letter.isalnum())
    contact: Record = {
        "Name": name,
        "FirstName": first,
        "LastName": last,
        "EmailAddress": f"{(first or 'info').lower()}@{host}.example.com",
        "AccountNumber": f"{host[:3].upper()}{number:03d}",
        "Addresses": [
            {
                "AddressType": "POBOX",
                "AddressLine1": f"PO Box {rng.randint(100, 9999)}",
                "City": city,
                "PostalCode": f"{rng.randint(1000, 9999)}",
                "Country": "New Zealand",
            }
        ],
        "Phones": [{"PhoneType": "DEFAULT", "PhoneAreaCode": "04", "PhoneNumber": f"555 {rng.randint(1000, 9999)}"}],
    }
    if customer:
        contact["PaymentTerms"] = {"Sales": {"Day": rng.choice((7, 14, 20, 30)), "Type": "DAYSAFTERBILLDATE"}}
        contact["ContactPersons"] = [
            {
                "FirstName": "Accounts",
                "LastName": last,
                "EmailAddress": f"accounts@{host}.example.com",
                "IncludeInEmails": True,
            }
        ]
    return contact


def _sale(org: Organisation, rng: Random, customer: Record, day: date, *, latest: bool) -> None:
    due = day + timedelta(days=20)
    lines = [
        {
            "ItemCode": rng.choice(_SOLD),
            "Quantity": rng.randint(1, 6),
            "Tracking": [{"Name": "Region", "Option": "North"}],
        }
        for _ in range(rng.randint(1, 3))
    ]
    invoice = invoices.create(
        org,
        {
            "Type": "ACCREC",
            "Contact": {"ContactID": customer["ContactID"]},
            "Date": day.isoformat(),
            "DueDate": due.isoformat(),
            "Reference": f"P/O {rng.randint(1000, 9999)}",
            "Status": rng.choice(("DRAFT", "SUBMITTED")) if latest else "AUTHORISED",
            "LineItems": lines,
        },
    )
    if due < org.today and rng.random() < 0.9:  # noqa: PLR2004 - most pay, in whole or in part
        part = Decimal(1) if rng.random() < 0.85 else Decimal("0.5")  # noqa: PLR2004
        _pay(org, invoice, (invoice["Total"] * part).quantize(Decimal("0.01")), due)


def _bill(org: Organisation, rng: Random, supplier: Record, day: date) -> None:
    code, text = rng.choice(_BILLED)
    line = {"Description": text, "Quantity": 1, "UnitAmount": rng.randint(40, 900), "AccountCode": code}
    bill = invoices.create(
        org,
        {
            "Type": "ACCPAY",
            "Contact": {"ContactID": supplier["ContactID"]},
            "InvoiceNumber": f"AP-{rng.randint(10_000, 99_999)}",
            "Date": day.isoformat(),
            "DueDate": (day + timedelta(days=30)).isoformat(),
            "Status": "AUTHORISED",
            "LineItems": [line],
        },
    )
    if day + timedelta(days=30) < org.today:
        _pay(org, bill, bill["Total"], day + timedelta(days=30))


def _pay(org: Organisation, invoice: Record, amount: Decimal, day: date) -> None:
    payments.create(
        org,
        {
            "Invoice": {"InvoiceID": invoice["InvoiceID"]},
            "Account": {"Code": "090"},
            "Date": day.isoformat(),
            "Amount": amount,
        },
        reconciled=True,
    )


def _credit(org: Organisation, customer: Record, day: date) -> None:
    credit_notes.create(
        org,
        {
            "Type": "ACCRECCREDIT",
            "Contact": {"ContactID": customer["ContactID"]},
            "Date": day.isoformat(),
            "Status": "AUTHORISED",
            "LineItems": [{"Description": "Goods returned", "UnitAmount": 40, "AccountCode": "200"}],
        },
    )


def _overpayment(org: Organisation, customer: Record, day: date) -> None:
    made = overpayments.receive(org, customer["ContactID"], Decimal("25.00"), currency=org.base_currency)
    made["Date"] = day


def _date_back(org: Organisation, today: date) -> None:
    """Let the sample records look as old as they are, so that a change feed starts quiet."""
    year_ago = org.now() - timedelta(days=_YEAR)
    for place, contact in enumerate(org.contacts.values()):
        contact["UpdatedDateUTC"] = year_ago + timedelta(minutes=place)
    for records in (org.invoices, org.payments, org.credit_notes, org.overpayments):
        for place, record in enumerate(records.values()):
            age = timedelta(days=(today - record["Date"]).days)
            record["UpdatedDateUTC"] = org.now() - age - timedelta(hours=1) + timedelta(seconds=place)
