"""Variances over HTTP: where a package's total of an invoice is not ours, by how much, and why."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel
from sqlalchemy.orm import Session

from service.api.access import caller
from service.api.outputs import DecimalText
from service.api.paging import PageQuery
from service.api.routes import routes
from service.api.units import reads
from service.core.money import money_text
from service.records.fields import RecordId
from service.store.accounts import Role
from service.store.queries import variances as queries
from service.store.queries.find import find_all
from service.store.queries.variances import VarianceKind
from service.store.records import InvoiceRow
from service.sync.readback import variance_in

api = routes("Variances", about="Invoices whose total at a package is not the one that was meant.")


class VarianceOut(BaseModel):
    """One invoice at one connection."""

    invoice_id: str
    number: str
    connection_id: str
    link_id: str
    currency: str
    total_ours: DecimalText
    total_theirs: DecimalText
    tax_ours: DecimalText
    tax_theirs: DecimalText
    #: theirs less ours
    difference: DecimalText
    kind: VarianceKind
    cause: str


class VarianceSum(BaseModel):
    """What the differences of one connection come to in one currency."""

    connection_id: str
    currency: str
    invoices: int
    difference: DecimalText


class VarianceList(BaseModel):
    """A page of variances, and what all of them come to."""

    items: list[VarianceOut]
    sums: list[VarianceSum]
    next: str | None


class VarianceQuery(PageQuery):
    """Filters of the list."""

    connection_id: RecordId | None = None
    invoice_id: RecordId | None = None
    kind: VarianceKind | None = None


@api.get("/variances", responses={200: VarianceList})
@reads(Role.VIEWER)
def list_variances(session: Session, query: VarianceQuery) -> VarianceList:
    """List the invoices whose total differs, newest first."""
    organisation_id = caller().organisation_id
    found = queries.variance_page(session, organisation_id, **query.model_dump())
    invoices = find_all(session, InvoiceRow, organisation_id, {link.record_id for link in found.items})
    items = []
    for link in found.items:
        row, told = invoices[link.record_id], variance_in(link)

        def amount(value: str, currency: str = row.currency) -> str:
            return money_text(Decimal(value), currency)

        items.append(
            VarianceOut(
                invoice_id=row.id,
                number=row.number,
                connection_id=link.connection_id,
                link_id=link.id,
                currency=row.currency,
                total_ours=amount(told.total_meant),
                total_theirs=amount(told.total_stored),
                tax_ours=amount(told.tax_meant),
                tax_theirs=amount(told.tax_stored),
                difference=amount(told.difference),
                kind=VarianceKind(told.reading.value),
                cause=told.cause,
            )
        )
    sums = queries.sums_of(session, organisation_id, connection_id=query.connection_id, kind=query.kind)
    return VarianceList(
        items=items,
        sums=[
            VarianceSum(connection_id=at, currency=currency, invoices=many, difference=money_text(total, currency))
            for at, currency, many, total in sums
        ],
        next=found.next,
    )
