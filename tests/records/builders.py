"""Short builders in the words of the domain, local to these tests."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.records.author import Author
from service.records.customers import create_customer
from service.records.inputs import ContactInput, CustomerInput, InvoiceInput
from service.records.invoices import create_invoice
from service.store.accounts import Event
from service.store.records import CustomerRow, InvoiceRow
from service.store.sync_models import ConnectionRow, LinkRow, ProblemRow


def person(first_name: str = "James", email: str | None = "james@freeman.example", **fields: Any) -> ContactInput:
    return ContactInput(first_name=first_name, email=email, **fields)


def company(session: Session, author: Author, name: str = "Freeman Sporting Goods", **fields: Any) -> CustomerRow:
    fields.setdefault("contacts", [person()])
    return create_customer(session, author, CustomerInput(name=name, **fields))


def job(session: Session, author: Author, parent: CustomerRow, name: str, **fields: Any) -> CustomerRow:
    return create_customer(session, author, CustomerInput(name=name, parent_id=parent.id, **fields))


def line(unit_price: str = "150.00", quantity: str = "2", **fields: Any) -> dict[str, Any]:
    return {"description": "Work", "quantity": quantity, "unit_price": unit_price, **fields}


def invoice(session: Session, author: Author, customer: CustomerRow, **fields: Any) -> InvoiceRow:
    fields.setdefault("lines", [line()])
    return create_invoice(session, author, InvoiceInput.model_validate({"customer_id": customer.id, **fields}))


def connection(session: Session, author: Author, state: str = "live") -> ConnectionRow:
    row = ConnectionRow(organisation_id=author.organisation_id, provider="package", state=state)
    session.add(row)
    session.flush()
    return row


def link(session: Session, tied_to: ConnectionRow, record_id: str, entity: str = "customer", **facts: Any) -> LinkRow:
    row = LinkRow(
        organisation_id=tied_to.organisation_id,
        connection_id=tied_to.id,
        entity=entity,
        record_id=record_id,
        family=entity,
        **{"remote_id": record_id, "wanted": 1, "confirmed": 1, **facts},
    )
    session.add(row)
    session.flush()
    return row


def problem(session: Session, of: LinkRow) -> ProblemRow:
    row = ProblemRow(
        organisation_id=of.organisation_id,
        connection_id=of.connection_id,
        link_id=of.id,
        kind="rejected",
        label="Freeman",
        document={},
    )
    session.add(row)
    session.flush()
    of.open_problem_id = row.id
    session.flush()
    return row


def events(session: Session, record_id: str) -> list[Event]:
    session.flush()
    query = select(Event).where(Event.record_id == record_id).order_by(Event.at, Event.id)
    return list(session.scalars(query))
