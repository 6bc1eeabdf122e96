"""Records, a context, and Xero's way of writing down what it was sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from service.connectors.exact_json import read, write
from service.core.choice import JobRule, MappingSettings
from service.core.model import (
    Contact,
    Customer,
    CustomerKind,
    CustomerType,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
    Payment,
    PaymentKind,
)
from service.core.ports import Company, EntityKind, Family, MappingContext, Offer, Payload, Ref, Reference, RemoteRecord

COMPANY = Company(
    tenant_id="t1", name="Demo Company", country="GB", base_currency="GBP", currencies=frozenset({"GBP", "EUR"}),
    short_code="!x9Yz",
)  # fmt: skip
REFERENCE = Reference(company=COMPANY, items=(Offer(id="LAB", name="Labour", code="LAB", sales=True),))
SETTINGS = MappingSettings(
    accounts={"sales": "200", "payments": "090"},
    taxes={"vat": "OUTPUT2", "zero": "ZERORATEDOUTPUT", "none": "NONE"},
)
CONTACT_ID = "0aa00000-0000-4000-8000-00000000000a"
INVOICE_ID = "0bb00000-0000-4000-8000-00000000000b"


def customer(**fields: Any) -> Customer:
    base = {"id": "c1", "kind": CustomerKind.COMPANY, "type": CustomerType.CLIENT, "name": "Acme", "depth": 1}
    return Customer(**{**base, "full_name": fields.get("name", "Acme"), **fields})


def job(name: str, parent: Customer, **fields: Any) -> Customer:
    return customer(
        **{
            "id": f"job-{name}",
            "type": CustomerType.JOB,
            "name": name,
            "full_name": f"{parent.full_name}:{name}",
            "parent_id": parent.id,
            "depth": parent.depth + 1,
            **fields,
        }
    )


def person(contact_id: str = "p1", **fields: Any) -> Contact:
    return Contact(**{"id": contact_id, "customer_id": "c1", **fields})


def line(description: str = "Work", **fields: Any) -> InvoiceLine:
    base = {"quantity": Decimal(1), "unit_price": Decimal(100), "amount": Decimal(100)}
    return InvoiceLine(description=description, **{**base, **fields})


def invoice(*lines: InvoiceLine, **fields: Any) -> Invoice:
    base = {
        "id": "i1",
        "number": "INV-1007",
        "customer_id": "c1",
        "status": InvoiceStatus.APPROVED,
        "issue_date": date(2026, 11, 1),
        "due_date": date(2026, 12, 1),
        "currency": "GBP",
        "lines": lines or (line(),),
    }
    return Invoice(**{**base, **fields})


def payment(**fields: Any) -> Payment:
    base = {
        "id": "m1",
        "kind": PaymentKind.PAYMENT,
        "amount": Decimal("20.50"),
        "date": date(2026, 11, 2),
        "customer_id": "c1",
        "currency": "GBP",
        "invoice_id": "i1",
    }
    return Payment(**{**base, **fields})


def context(*customers: Customer, settings: MappingSettings = SETTINGS, **fields: Any) -> MappingContext:
    known = {
        Ref(kind=EntityKind.CUSTOMER, id="c1"): CONTACT_ID,
        Ref(kind=EntityKind.INVOICE, id="i1"): INVOICE_ID,
    }
    base: dict[str, Any] = {
        "settings": settings,
        "reference": REFERENCE,
        "remote_ids": known,
        "customers": {one.id: one for one in customers},
        "tax_levels": {"gone": "Reverse charge"},
    }
    return MappingContext(**{**base, **fields})


BY_REFERENCE = MappingSettings(accounts=SETTINGS.accounts, taxes=SETTINGS.taxes, job_rule=JobRule.REFERENCE)


# --- Xero's hand ------------------------------------------------------------------------------------------------------


def on_the_wire(body: Payload) -> Any:
    """The body as it leaves and is parsed at the other end."""
    return read(write(body))


def stored(record: RemoteRecord) -> RemoteRecord:
    """The record as it comes back from our own database."""
    return RemoteRecord(
        family=record.family, remote_id=record.remote_id, version=record.version, active=record.active,
        payload=json.loads(json.dumps(record.payload)),
    )  # fmt: skip


def echo_contact(body: Payload, before: RemoteRecord | None = None) -> RemoteRecord:
    """What Xero shows of a contact after the body was saved over what it had."""
    sent = on_the_wire(body)
    shown: dict[str, Any] = deepcopy(dict(before.payload)) if before else {"ContactID": CONTACT_ID}
    for name, value in sent.items():
        match name:
            case "Addresses":
                shown[name] = _merge(shown.get(name, []), value, "AddressType")
            case "Phones":
                shown[name] = _merge(shown.get(name, []), value, "PhoneType")
            case "ContactPersons":
                if value:
                    shown[name] = [entry for entry in value if entry]
            case "PaymentTerms":
                shown[name] = {**shown.get(name, {}), **value}
            case _:
                shown[name] = value.strip()
    status = shown.setdefault("ContactStatus", "ACTIVE")
    # Blank members are mostly left out, a few are shown as empty texts, and null is possible anywhere.
    for name in [name for name, value in shown.items() if value == ""]:
        del shown[name]
    shown.setdefault("EmailAddress", "")
    shown.setdefault("BankAccountDetails", "")
    shown.setdefault("SkypeUserName", None)
    shown.setdefault("ContactPersons", [])
    for kind in ("DEFAULT", "DDI", "FAX", "MOBILE"):
        shown["Phones"] = _merge(
            [{"PhoneType": kind, "PhoneNumber": "", "PhoneAreaCode": "", "PhoneCountryCode": ""}],
            shown.get("Phones", []),
            "PhoneType",
        )
    return RemoteRecord(
        family=Family.CUSTOMER, remote_id=CONTACT_ID, version="v", active=status == "ACTIVE", payload=shown
    )


def _merge(before: list[dict[str, Any]], given: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    kept = {entry[key]: dict(entry) for entry in before}
    for entry in given:
        kept.setdefault(entry[key], {}).update(entry)
    return [{**entry, **{name: text for name, text in entry.items() if text != ""}} for entry in kept.values()]


def echo_invoice(body: Payload, *, paid: str = "0", totals: Mapping[str, str] | None = None) -> RemoteRecord:
    """What Xero shows of an invoice after the body was saved: four decimals, both forms of dates, ids on lines."""
    shown = dict(on_the_wire(body))
    for name in ("Date", "DueDate"):
        day = datetime.fromisoformat(shown[name]).replace(tzinfo=UTC)
        shown[name] = f"/Date({int(day.timestamp()) * 1000}+0000)/"
        shown[f"{name}String"] = f"{day:%Y-%m-%dT00:00:00}"
    shown["LineItems"] = [
        {
            "LineItemID": f"line-{number}",
            "Tracking": [],
            "TaxAmount": "0.00",
            **{
                name: f"{Decimal(str(value)):.4f}" if name in {"Quantity", "UnitAmount", "DiscountRate"} else value
                for name, value in entry.items()
            },
        }
        for number, entry in enumerate(shown["LineItems"])
    ]
    shown.setdefault("Reference", "")
    shown |= {"InvoiceID": INVOICE_ID, "AmountCredited": "0.00", "AmountPaid": paid, **(totals or {})}
    active = shown["Status"] != "VOIDED"
    return RemoteRecord(family=Family.INVOICE, remote_id=INVOICE_ID, version="v", active=active, payload=shown)


def echo_payment(body: Payload) -> RemoteRecord:
    """What Xero shows of a payment."""
    shown = dict(on_the_wire(body))
    day = datetime.fromisoformat(shown["Date"]).replace(tzinfo=UTC)
    shown |= {
        "PaymentID": "pay-1",
        "Date": f"/Date({int(day.timestamp()) * 1000}+0000)/",
        "Amount": f"{Decimal(str(shown['Amount'])):.2f}",
        "PaymentType": "ACCRECPAYMENT",
        "Status": "AUTHORISED",
        "Invoice": {**shown["Invoice"], "InvoiceNumber": "INV-1007", "Type": "ACCREC"},
    }
    shown.setdefault("Reference", "")
    return RemoteRecord(family=Family.PAYMENT, remote_id="pay-1", version="v", active=True, payload=shown)
