"""Xero's hand: what it makes of a body, and every way in which it may show the same thing again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

from msgspec import structs

from service.core.model import Contact, Customer, Invoice, Payment
from service.core.ports import Company, EntityKind, MappingContext, Payload, Record, Ref, RemoteRecord
from service.mapping.xero import MAPPERS
from tests.mapping.laws import spelling
from tests.mapping.laws.records import Palette, a_customer, a_payment, a_person, an_invoice
from tests.mapping.xero import builders

MAKERS: Mapping[EntityKind, Any] = {
    EntityKind.CUSTOMER: a_customer,
    EntityKind.CONTACT: a_person,
    EntityKind.INVOICE: an_invoice,
    EntityKind.PAYMENT: a_payment,
}
#: Xero lets nobody change a payment.
UPDATED = (EntityKind.CUSTOMER, EntityKind.CONTACT, EntityKind.INVOICE)

_TEXTS = ("Name", "FirstName", "LastName", "TaxNumber", "AccountNumber", "Reference", "InvoiceNumber")
_NUMBERS = ("SubTotal", "TotalTax", "Total", "AmountDue", "AmountPaid", "AmountCredited", "Amount")
_REGION = "GB"


def mapper(kind: EntityKind) -> Any:
    """Return the mapper of a kind."""
    return MAPPERS[kind]


def context(record: Record, palette: Palette) -> MappingContext:
    """Return an organisation in which every choice was made."""
    del palette  # one organisation is as good as another
    company = Company(
        tenant_id="t1", name="Demo", country=_REGION, base_currency="USD", currencies=frozenset({"USD", "GBP"})
    )
    settings = replace(
        builders.SETTINGS,
        taxes={"standard": "OUTPUT2", "reduced": "RRINPUT", "zero": "ZERORATEDOUTPUT", "none": "NONE"},
        items={"HOURS": "LAB"},
    )
    known = (builders.customer(),) if not isinstance(record, Customer) else (record,)
    named = isinstance(record, Customer | Contact)
    kind = EntityKind.CUSTOMER if isinstance(record, Customer) else EntityKind.CONTACT
    references = {Ref(kind=kind, id=record.id): "C-1042-abc"} if named else {}
    reference = replace(builders.REFERENCE, company=company)
    return builders.context(*known, settings=settings, reference=reference, references=references)


def stored(kind: EntityKind, body: Payload, before: RemoteRecord | None, record: Record) -> RemoteRecord:
    """Return what Xero holds after the body was saved over what it had."""
    if kind in {EntityKind.CUSTOMER, EntityKind.CONTACT}:
        return builders.echo_contact(body, before)
    merged = {**(before.payload["sent"] if before else {}), **body}
    if isinstance(record, Payment):
        return builders.echo_payment(merged)
    assert isinstance(record, Invoice)
    totals = {"SubTotal": record.subtotal, "TotalTax": record.tax_total, "Total": record.total}
    shown = {name: str(value) for name, value in {**totals, "AmountDue": record.total}.items()}
    answer = builders.echo_invoice(merged, totals=shown)
    return structs.replace(answer, payload={**answer.payload, "sent": merged})


def formatted(kind: EntityKind, record: RemoteRecord, chance: Random, region: str) -> RemoteRecord:
    """Return the entity as Xero may show it another time."""
    shown = {name: _member(name, value, chance) for name, value in record.payload.items()}
    if kind in {EntityKind.CUSTOMER, EntityKind.CONTACT}:
        shown = _contact(shown, chance, region)
    elif kind is EntityKind.INVOICE:
        shown = _invoice(shown, chance)
    shown |= _extras(chance)
    names = list(shown)
    chance.shuffle(names)
    return structs.replace(record, payload={name: shown[name] for name in names})


def _member(name: str, value: Any, chance: Random) -> Any:
    if value in ("", None):
        return chance.choice(("", None))
    if name in _TEXTS and isinstance(value, str):
        return spelling.spaced(value, chance)
    if name == "EmailAddress":
        return spelling.cased(value, chance)
    return spelling.as_number(value, chance) if name in _NUMBERS else value


def _contact(shown: dict[str, Any], chance: Random, region: str) -> dict[str, Any]:
    for name in [name for name, value in shown.items() if value in ("", None) and chance.random() < 0.5]:
        del shown[name]
    if shown.get("DefaultCurrency") == "USD" and chance.random() < 0.5:
        del shown["DefaultCurrency"]
    shown["Addresses"] = _shuffled(
        [_address(entry, chance) for entry in shown.get("Addresses", [])]
        + ([{"AddressType": "DELIVERY", "City": "Elsewhere"}] if chance.random() < 0.3 else []),
        chance,
    )
    if not shown["Addresses"] and chance.random() < 0.5:
        del shown["Addresses"]
    shown["Phones"] = _shuffled([_phone(entry, chance, region) for entry in shown.get("Phones", [])], chance)
    people = [
        {name: _member(name, value, chance) for name, value in person.items()} for person in shown["ContactPersons"]
    ]
    shown["ContactPersons"] = _shuffled(people + ([{}] if chance.random() < 0.2 else []), chance)
    if "Sales" in shown.get("PaymentTerms", {}):
        terms = shown["PaymentTerms"]
        day = terms["Sales"]["Day"]
        sales = {**terms["Sales"], "Day": chance.choice((day, str(day)))}
        shown["PaymentTerms"] = {"Sales": sales, "Bills": {"Day": 7, "Type": "DAYSAFTERBILLDATE"}}
    return shown


def _address(entry: dict[str, Any], chance: Random) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in entry.items():
        if value in ("", None):
            made |= chance.choice(({}, {name: ""}, {name: None}))
        elif name == "Country":
            made[name] = spelling.country(value, chance)
        else:
            made[name] = value if name == "AddressType" else spelling.spaced(value, chance)
    return made


def _phone(entry: dict[str, Any], chance: Random, region: str) -> dict[str, Any]:
    number = entry.get("PhoneNumber") or ""
    if entry.get("PhoneCountryCode") or entry.get("PhoneAreaCode"):
        return entry
    if number and chance.random() < 0.5:
        code, area, rest = spelling.phone_parts(number, chance, region=region)
        return {**entry, "PhoneCountryCode": code, "PhoneAreaCode": area, "PhoneNumber": rest}
    return {**entry, "PhoneNumber": spelling.phone(number, chance, region=region) if number else number}


def _invoice(shown: dict[str, Any], chance: Random) -> dict[str, Any]:
    for name in ("Date", "DueDate"):
        if chance.random() < 0.3:
            del shown[chance.choice((name, f"{name}String"))]
    shown["LineItems"] = [_line(line, chance) for line in shown["LineItems"]]
    shown["Contact"] = {**shown["Contact"], "Name": "Acme", "ContactPersons": []}
    if chance.random() < 0.3:
        shown["AmountCredited"] = None
    return shown


def _line(line: dict[str, Any], chance: Random) -> dict[str, Any]:
    made = {
        name: spelling.as_number(value, chance) if name in {"Quantity", "UnitAmount", "DiscountRate"} else value
        for name, value in line.items()
    }
    made["Description"] = spelling.in_lines(made["Description"], chance)
    for name in ("ItemCode", "DiscountRate"):
        if not made.get(name):
            made |= chance.choice(({}, {name: None}))
    return {**made, "AccountID": "a-1", "LineAmount": "1.00", "ValidationErrors": []}


def _extras(chance: Random) -> dict[str, Any]:
    extras: dict[str, Any] = {
        "UpdatedDateUTC": "/Date(1795312800000+0000)/",
        "HasAttachments": False,
        "ContactGroups": [],
        "Balances": {"AccountsReceivable": {"Outstanding": "12.50", "Overdue": "0.00"}},
        "IsCustomer": True,
        "ValidationErrors": [],
    }
    return {name: value for name, value in extras.items() if chance.random() < 0.5}


def _shuffled(entries: list[dict[str, Any]], chance: Random) -> list[dict[str, Any]]:
    return chance.sample(entries, len(entries))
