"""What customers owe: issued invoices that are not paid, and money received for none of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, case, func, literal, or_, select, type_coerce
from sqlalchemy.orm import Session

from service.core.model import ZERO, PaymentKind
from service.store.credit_models import AllocationRow
from service.store.queries.tree import below_of
from service.store.records import CustomerRow, InvoiceRow, PaymentRow
from service.store.types import Exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What is owed in one currency."""

    currency: str
    owed: Decimal  #: of issued invoices, less what was paid for them
    overdue: Decimal  #: the part of it that was due before today
    unapplied: Decimal  #: received and credited beyond what settles invoices, less what was given back


def balances(session: Session, row: CustomerRow, *, today: date, with_jobs: bool) -> Sequence[Balance]:
    """Return what a customer owes by currency, alone or with every job below it; nothing owed, nothing returned."""
    whose: ColumnElement[bool] = CustomerRow.id == row.id
    if with_jobs:
        whose = or_(whose, below_of(row))
    mine = (CustomerRow.organisation_id == row.organisation_id, whose)
    left = type_coerce(InvoiceRow.total - InvoiceRow.amount_paid, Exact)
    owed = {
        currency: (amount, overdue)
        for currency, amount, overdue in session.execute(
            select(
                InvoiceRow.currency,
                func.sum(left),
                func.sum(type_coerce(case((InvoiceRow.due_date < today, left), else_=literal(ZERO, Exact)), Exact)),
            )
            .join(CustomerRow, CustomerRow.id == InvoiceRow.customer_id)
            .where(*mine, InvoiceRow.status == "approved")
            .group_by(InvoiceRow.currency)
        )
    }
    back = type_coerce(-PaymentRow.amount, Exact)
    settled = (
        select(func.coalesce(func.sum(AllocationRow.amount), literal(ZERO, Exact)))
        .where(AllocationRow.payment_id == PaymentRow.id, AllocationRow.removed.is_(False))
        .scalar_subquery()
    )
    rest = type_coerce(PaymentRow.amount - settled, Exact)
    signed = type_coerce(case((PaymentRow.kind == PaymentKind.REFUND.value, back), else_=rest), Exact)
    received = (
        select(PaymentRow.currency, func.sum(signed))
        .join(CustomerRow, CustomerRow.id == PaymentRow.customer_id)
        .where(*mine, PaymentRow.invoice_id.is_(None), PaymentRow.removed.is_(False))
        .group_by(PaymentRow.currency)
    )
    unapplied: dict[str, Decimal] = {row[0]: row[1] for row in session.execute(received)}
    found = []
    for currency in sorted(owed.keys() | unapplied.keys()):
        amount, overdue = owed.get(currency, (ZERO, ZERO))
        found.append(Balance(currency=currency, owed=amount, overdue=overdue, unapplied=unapplied.get(currency, ZERO)))
    return [one for one in found if one.owed or one.unapplied]
