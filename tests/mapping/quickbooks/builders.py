"""Records, companies and mappings in a few words, for the tests of QuickBooks' mappers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from service.core.choice import MappingSettings
from service.core.intent import Operation
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
    Recipients,
)
from service.core.ports import (
    Company,
    EntityKind,
    Family,
    Mapper,
    MappingContext,
    Offer,
    Payload,
    Record,
    Ref,
    Reference,
    RemoteRecord,
)
from service.core.snapshot import Snapshot
from service.mapping.quickbooks import MAPPERS

STANDARD, REDUCED, NOTHING = "level-standard", "level-reduced", "level-zero"

FAMILIES = {
    EntityKind.CUSTOMER: Family.CUSTOMER,
    EntityKind.INVOICE: Family.INVOICE,
    EntityKind.PAYMENT: Family.PAYMENT,
}


def ref(kind: EntityKind, record_id: str) -> Ref:
    return Ref(kind=kind, id=record_id)


def context(
    *,
    country: str = "US",
    currency: str = "USD",
    flags: dict[str, bool] | None = None,
    customers: tuple[Customer, ...] = (),
    **changes: Any,
) -> MappingContext:
    """A company with everything chosen: two rates and "no tax", three terms, two items, one payment method."""
    us = country == "US"
    taxes = (
        Offer(id="2", name="California", rate_percent=Decimal("8.25")),
        Offer(id="3", name="Tucson", rate_percent=Decimal("5.6")),
        Offer(id="NON" if us else "9", name="No tax", rate_percent=Decimal(0), default=True),
    )
    settings: dict[str, Any] = {
        "items": {"default": "1", "HOURS": "2"},
        "taxes": {STANDARD: "2", REDUCED: "3", NOTHING: taxes[2].id, "none": taxes[2].id},
        "terms": {"net30": "3", "net15": "2", "due_on_receipt": "1"},
        "methods": {"card": "4"},
        "accounts": {"payments": "35"},
    }
    settings |= {name: changes.pop(name) for name in list(changes) if name in settings}
    company = Company(
        tenant_id="9130350000000001",
        name="Books",
        country=country,
        base_currency=currency,
        flags={"us_tax": us, **(flags or {})},
    )
    reference = Reference(
        company=company,
        taxes=taxes,
        terms=(Offer(id="3", name="Net 30", days=30), Offer(id="8", name="2% 10 Net 60", days=60)),
        methods=(Offer(id="4", name="Credit card"), Offer(id="5", name="Check")),
    )
    remote_ids = {ref(EntityKind.CUSTOMER, "c1"): "58", ref(EntityKind.CUSTOMER, "c2"): "59"}
    remote_ids |= {ref(EntityKind.INVOICE, "i1"): "130"}
    return MappingContext(
        settings=MappingSettings(**settings),
        reference=reference,
        customers={one.id: one for one in customers},
        **{"remote_ids": remote_ids, **changes},
    )


def company(**changes: Any) -> Customer:
    fields: dict[str, Any] = {
        "id": "c1",
        "kind": CustomerKind.COMPANY,
        "type": CustomerType.CLIENT,
        "name": "Elm Street School",
        "full_name": "Elm Street School",
        "depth": 1,
    }
    return Customer(**{**fields, **changes})


def individual(**changes: Any) -> Customer:
    return company(**{"kind": CustomerKind.INDIVIDUAL, "name": "Ann Orr", "first_name": "Ann", **changes})


def job(**changes: Any) -> Customer:
    fields = {"id": "c2", "type": CustomerType.JOB, "name": "Roof", "parent_id": "c1", "depth": 2}
    return company(**{**fields, "full_name": "Elm Street School:Roof", **changes})


def contact(contact_id: str = "p1", **changes: Any) -> Contact:
    return Contact(**{"id": contact_id, "customer_id": "c1", "first_name": "Ann", **changes})


def line(amount: str | Decimal = "100", **changes: Any) -> InvoiceLine:
    price = Decimal(amount)
    fields: dict[str, Any] = {"description": "Labour", "quantity": Decimal(1), "unit_price": price, "amount": price}
    return InvoiceLine(**{**fields, **changes})


def invoice(*lines: InvoiceLine, levels: tuple[str | None, ...] | None = None, **changes: Any) -> Invoice:
    lines = lines or (line(),)
    net = sum((one.amount for one in lines), start=Decimal(0))
    fields: dict[str, Any] = {
        "id": "i1",
        "number": "INV-1007",
        "customer_id": "c1",
        "status": InvoiceStatus.APPROVED,
        "issue_date": date(2026, 11, 22),
        "due_date": date(2026, 12, 22),
        "currency": "USD",
        "lines": lines,
        "line_tax_levels": levels if levels is not None else tuple(None for _ in lines),
        "subtotal": net,
        "total": net + changes.get("tax_total", Decimal(0)),
    }
    return Invoice(**{**fields, **changes})


def recipients(*to: str, cc: tuple[str, ...] = ()) -> Recipients:
    return Recipients(to=to, cc=cc)


def payment(amount: str = "100", **changes: Any) -> Payment:
    fields: dict[str, Any] = {
        "id": "y1",
        "kind": PaymentKind.PAYMENT,
        "amount": Decimal(amount),
        "date": date(2026, 11, 23),
        "customer_id": "c1",
        "currency": "USD",
        "invoice_id": "i1",
    }
    return Payment(**{**fields, **changes})


def mapper(kind: EntityKind) -> Mapper:
    return MAPPERS[kind]


def kind_of(record: Record) -> EntityKind:
    return {Customer: EntityKind.CUSTOMER, Invoice: EntityKind.INVOICE, Payment: EntityKind.PAYMENT}[type(record)]


def create(record: Record, within: MappingContext) -> Payload:
    """The body of a create."""
    one = mapper(kind_of(record))
    snapshot = one.project(record, within).snapshot
    return one.body(Operation.CREATE, snapshot, changed=frozenset(snapshot.fields), theirs=None, context=within)


def update(record: Record, within: MappingContext, *changed: str, theirs: RemoteRecord | None = None) -> Payload:
    """The body of an update of the named fields."""
    one = mapper(kind_of(record))
    snapshot = one.project(record, within).snapshot
    return one.body(Operation.UPDATE, snapshot, changed=frozenset(changed), theirs=theirs, context=within)


def remote(kind: EntityKind, payload: Payload, *, active: bool = True) -> RemoteRecord:
    return RemoteRecord(family=FAMILIES[kind], remote_id="58", version="0", active=active, payload=payload)


def read(kind: EntityKind, payload: Payload, within: MappingContext, *, active: bool = True) -> Snapshot:
    return mapper(kind).read(remote(kind, payload, active=active), within)


def losses(record: Record, within: MappingContext) -> dict[str, str]:
    """The declared losses, by field."""
    return {loss.field: loss.reason for loss in mapper(kind_of(record)).project(record, within).losses}
