"""Figures that follow from the books: what is open, applied, left over."""

from __future__ import annotations

from decimal import Decimal

from sandbox.quickbooks.company import Company, Row, applications

ZERO = Decimal(0)
CENT = Decimal("0.01")


def applied(company: Company, row: Row) -> Decimal:
    """Return what payments apply to an invoice, or have taken from a credit memo."""
    return sum(company.applied_to(row.kind, row.id).values(), ZERO)


def open_amount(company: Company, row: Row) -> Decimal:
    """Return what is still open: an invoice's balance, a credit memo's or a payment's unused rest."""
    total: Decimal = row.body.get("TotalAmt", ZERO)
    if row.kind == "Payment":
        return total - net_applied(row)
    if row.kind == "RefundReceipt":
        return ZERO
    deposit: Decimal = row.body.get("Deposit", ZERO)
    return total - deposit - applied(company, row)


def net_applied(payment: Row) -> Decimal:
    """Return what a payment's own money covers: invoices less the credit memos it uses up."""
    return sum(
        (amount if kind == "Invoice" else -amount for (kind, _), amount in applications(payment)),
        ZERO,
    )


def balance(company: Company, customer: Row) -> Decimal:
    """Return a customer's own open balance, without its sub-customers'."""
    total: Decimal = customer.body.get("OpeningBalance", ZERO)
    for row in company.documents_of(customer.id):
        amount = open_amount(company, row)
        total += amount if row.kind == "Invoice" else -amount
    return total


def balance_with_jobs(company: Company, customer: Row) -> Decimal:
    """Return a customer's open balance and that of everything below it."""
    return balance(company, customer) + sum(
        (balance_with_jobs(company, child) for child in company.children_of(customer.id)), ZERO
    )
