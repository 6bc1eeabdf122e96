"""QuickBooks' hand: what it makes of a body, and every way in which it may show the same thing again."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from msgspec import structs

from service.core.model import Customer, Invoice
from service.core.ports import EntityKind, MappingContext, Payload, Record, RemoteRecord
from service.mapping.quickbooks import MAPPERS
from tests.mapping.laws import spelling
from tests.mapping.laws.records import Palette, a_customer, a_payment, an_invoice
from tests.mapping.quickbooks import builders
from tests.mapping.quickbooks.echo import echo, reflow

_TEXTS = ("DisplayName", "CompanyName", "GivenName", "FamilyName", "DocNumber", "PaymentRefNum")
_NUMBERS = ("TotalAmt", "Balance", "Amount", "Qty", "UnitPrice", "TaxInclusiveAmt", "TotalTax")


def a_job_or_client(palette: Palette) -> Customer:
    """Return a customer of either kind."""
    return a_customer(palette, parent_id=palette.one(None, "c1"))


MAKERS: Mapping[EntityKind, Any] = {
    EntityKind.CUSTOMER: a_job_or_client,
    EntityKind.INVOICE: an_invoice,
    EntityKind.PAYMENT: a_payment,
}
UPDATED = tuple(MAKERS)
_COMPANIES: tuple[dict[str, Any], ...] = (
    {},
    {"flags": {"ast": True}},
    {"flags": {"multicurrency": True}},
    {"country": "GB"},
)


def mapper(kind: EntityKind) -> Any:
    """Return the mapper of a kind."""
    return MAPPERS[kind]


def context(record: Record, palette: Palette) -> MappingContext:
    """Return a company in which every choice was made; which kind of company follows from the record."""
    known = (builders.company(),) if not isinstance(record, Customer) or record.parent_id else (record,)
    company = palette.one(*_COMPANIES)
    untaxed = "9" if "country" in company else "NON"
    taxes = {"standard": "2", "reduced": "3", "zero": untaxed, "none": untaxed}
    return builders.context(**company, customers=known, taxes=taxes, methods={"card": "4"})


def stored(kind: EntityKind, body: Payload, before: RemoteRecord | None, record: Record) -> RemoteRecord:
    """Return what QuickBooks holds after the body was saved over what it had."""
    amounts = {"tax": record.tax_total} if isinstance(record, Invoice) else {}
    payload = echo(kind, body, before=before.payload if before else None, **amounts)
    if before is not None and isinstance(record, Invoice) and "BillAddr" in body:
        # The address of a document that is changed flows into free lines below the customer's name.
        plain = {name: text for name, text in payload.get("BillAddr", {}).items() if name not in {"Lat", "Long"}}
        payload["BillAddr"] = reflow(plain, "Elm Street School")
    return builders.remote(kind, payload)


def formatted(kind: EntityKind, record: RemoteRecord, chance: Random, region: str) -> RemoteRecord:
    """Return the entity as QuickBooks may show it another time."""
    shown = {name: _member(name, value, chance, region) for name, value in record.payload.items()}
    for name in ("BillAddr", "ShipAddr"):
        if name in shown:
            shown[name] = _address(shown[name], chance, flows=kind is EntityKind.CUSTOMER)
        elif chance.random() < 0.3:
            shown[name] = chance.choice((None, {}, {"Id": "5"}))
    if kind is EntityKind.CUSTOMER:
        shown = _customer(shown, chance)
    elif kind is EntityKind.INVOICE:
        shown["Line"] = [_line(line, chance, region) for line in shown["Line"]]
    shown |= _extras(chance)
    names = list(shown)
    chance.shuffle(names)
    return structs.replace(record, payload={name: shown[name] for name in names})


def _member(name: str, value: Any, chance: Random, region: str) -> Any:  # noqa: PLR0911 - one line per shape
    if name in _TEXTS and isinstance(value, str):
        return spelling.spaced(value, chance)
    if name in _NUMBERS:
        return spelling.as_number(value, chance)
    if name in {"BillEmail", "BillEmailCc", "PrimaryEmailAddr"} and isinstance(value, dict):
        parts = [spelling.cased(one, chance) for one in value.get("Address", "").split(",")]
        return {"Address": chance.choice((",", ", ", "; ", " , ")).join(parts)}
    if name in {"PrimaryPhone", "Mobile", "Fax"} and isinstance(value, dict):
        return {"FreeFormNumber": spelling.phone(value["FreeFormNumber"], chance, region=region)}
    if name == "PrivateNote":
        return spelling.in_lines(value, chance)
    if name.endswith("Ref") and isinstance(value, dict):
        return chance.choice((value, {**value, "name": "Some name"}))
    if name in {"TxnDate", "DueDate"}:
        return chance.choice((value, f"{value}-08:00", f"{value}T00:00:00"))
    return value


def _customer(shown: dict[str, Any], chance: Random) -> dict[str, Any]:
    for name in ("CompanyName", "GivenName", "FamilyName", "PrimaryPhone", "Mobile", "Fax", "WebAddr", "SalesTermRef"):
        if name not in shown:
            shown |= chance.choice(({}, {name: None}, {name: {} if name[0] in "PWS" else ""}))
    if "WebAddr" in shown and isinstance(shown["WebAddr"], dict) and shown["WebAddr"].get("URI"):
        scheme, _, rest = shown["WebAddr"]["URI"].partition("://")
        host, slash, path = rest.partition("/")
        shown["WebAddr"] = {"URI": f"{scheme}://{chance.choice((host, host.upper()))}{slash or '/'}{path}"}
    shown["Taxable"] = chance.choice((shown["Taxable"], str(shown["Taxable"]).lower()))
    shown["PrintOnCheckName"] = chance.choice((shown.get("DisplayName"), "Another name"))
    shown["FullyQualifiedName"] = f"Renamed:{shown.get('DisplayName')}"
    if chance.random() < 0.3:
        shown["PrimaryTaxIdentifier"] = "XXXXXX789"
    return shown


def _address(address: dict[str, Any], chance: Random, *, flows: bool) -> dict[str, Any]:
    made: dict[str, Any] = {**address, "Id": str(chance.randint(1, 999))}
    if made.get("Country"):
        made["Country"] = spelling.country(made["Country"], chance)
    for name in ("City", "CountrySubDivisionCode", "PostalCode"):
        if name in made:
            made[name] = spelling.spaced(made[name], chance)
        else:
            made |= chance.choice(({}, {name: ""}, {name: None}))
    lines = [made.pop(f"Line{number}") for number in range(1, 6) if made.get(f"Line{number}")]
    if flows and chance.random() < 0.5:
        lines = _flowed(lines, chance)
    places = sorted(chance.sample(range(1, 6), len(lines)))
    made |= {f"Line{place}": line for place, line in zip(places, lines, strict=True)}
    return chance.choice((made, {**made, "Lat": "51.5", "Long": "-0.1"}))


def _flowed(lines: list[str], chance: Random) -> list[str]:
    """Return lines broken at other words than before, five at most."""
    words = " ".join(lines).split()
    cuts = sorted(chance.sample(range(1, len(words)), min(len(words) - 1, chance.randint(0, 4)))) if words else []
    broken = [" ".join(words[a:b]) for a, b in zip([0, *cuts], [*cuts, len(words)], strict=True)]
    return [line for line in broken if line]


def _line(line: dict[str, Any], chance: Random, region: str) -> dict[str, Any]:
    made = {name: _member(name, value, chance, region) for name, value in line.items()}
    for name, value in line.items():
        if isinstance(value, dict) and name.endswith("LineDetail"):
            made[name] = {inner: _member(inner, one, chance, region) for inner, one in value.items()}
    if "Description" in made:
        made["Description"] = spelling.in_lines(made["Description"], chance)
    elif line["DetailType"] == "SalesItemLineDetail":
        made |= chance.choice(({}, {"Description": None}, {"Description": ""}))
    return made


def _extras(chance: Random) -> dict[str, Any]:
    extras: dict[str, Any] = {
        "domain": "QBO",
        "sparse": False,
        "V4IDPseudonym": "00212089",
        "ClientEntityId": "0",
        "CustomField": [],
        "AllowOnlineACHPayment": False,
        "EmailStatus": "EmailSent",
        "TaxExemptionRef": {},
        "time": "2026-11-22T01:40:00.123-08:00",
    }
    return {name: value for name, value in extras.items() if chance.random() < 0.5}
