"""Invoices whose total at a package is not the one that was meant: how much, where, and what they come to."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from service.core.ports import EntityKind
from service.store.queries.pages import Key, Page, page, text
from service.store.records import InvoiceRow
from service.store.sync_models import LinkRow


class VarianceKind(StrEnum):
    """Why two totals differ: the readings of ``core.readback`` that are not as meant."""

    ROUNDING = "rounding"  #: within what the package's way of rounding explains
    ADOPTED = "adopted"  #: the package works the tax out itself, and ours follows it
    DIFFERS = "differs"  #: nothing explains it


def variance_page(
    session: Session,
    organisation_id: str,
    *,
    connection_id: str | None = None,
    invoice_id: str | None = None,
    kind: VarianceKind | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page[LinkRow]:
    """Return the links of invoices with a variance, newest first."""
    wanted = _conditions(organisation_id, connection_id, kind)
    if invoice_id is not None:
        wanted.append(LinkRow.record_id == invoice_id)
    query = select(LinkRow).where(*wanted)
    return page(session, query, [Key(LinkRow.id, text, descending=True)], order="variance", limit=limit, cursor=cursor)


def sums_of(
    session: Session, organisation_id: str, *, connection_id: str | None = None, kind: VarianceKind | None = None
) -> list[tuple[str, str, int, Decimal]]:
    """Return, by connection and currency, how many invoices differ and what their differences come to."""
    query = (
        select(LinkRow.connection_id, InvoiceRow.currency, func.count(), func.sum(LinkRow.variance))
        .join(InvoiceRow, InvoiceRow.id == LinkRow.record_id)
        .where(*_conditions(organisation_id, connection_id, kind))
        .group_by(LinkRow.connection_id, InvoiceRow.currency)
        .order_by(LinkRow.connection_id, InvoiceRow.currency)
    )
    return [(at, currency, many, total or Decimal(0)) for at, currency, many, total in session.execute(query)]


def _conditions(
    organisation_id: str, connection_id: str | None, kind: VarianceKind | None
) -> list[ColumnElement[bool]]:
    wanted = [
        LinkRow.organisation_id == organisation_id,
        LinkRow.entity == EntityKind.INVOICE.value,
        LinkRow.retired_at.is_(None),
        LinkRow.variance != Decimal(0),
    ]
    if connection_id is not None:
        wanted.append(LinkRow.connection_id == connection_id)
    if kind is not None:
        wanted.append(LinkRow.variance_kind == kind.value)
    return wanted
