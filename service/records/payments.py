"""Payments, refunds, credits and adjustments, and what they do to their invoice."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from service.core.kind import kind_of_payment
from service.core.model import ZERO, InvoiceStatus, PaymentKind
from service.core.money import currency_digits, money_text, quantise
from service.ids import new_id
from service.records import credits as crediting
from service.records.author import Author
from service.records.errors import NotFound, NotPossibleNow, invalid
from service.records.inputs import PaymentChanges, PaymentInput
from service.records.places import require_tax_levels
from service.records.settlement import settle, subject_of
from service.records.trail import alter, check_revision, report, revise, want
from service.store.queries import allocations
from service.store.queries.find import find, find_organisation
from service.store.records import CustomerRow, InvoiceRow, PaymentRow

OURS = "ours"
PACKAGE = "package"  #: a bookkeeper recorded it there: it happened, so no rule of ours refuses it


def record_payment(
    session: Session, author: Author, given: PaymentInput, *, origin: str = OURS, record_id: str | None = None
) -> PaymentRow:
    """Record money for an invoice, or on a customer's account. An invoice with nothing due any more is paid.

    Of a payment that is more than is due, the rest stays on the customer's account.

    :param origin: ``PACKAGE`` for what a bookkeeper recorded there; no rule of ours refuses it.
    :param record_id: a new identifier, so that who asks twice can be told what came of it the first time.
    :raises Invalid: neither or both not matching of invoice and customer; an amount that is not positive, finer than
        the currency, a credit of more than is due, a payment of an invoice on which nothing is, or a refund of more
        than was paid.
    :raises NotPossibleNow: the invoice is a draft or voided.
    """
    invoice = _invoice(session, author, given.invoice_id)
    customer = _customer(session, author, given, invoice)
    organisation = find_organisation(session, author.organisation_id)
    credit = crediting.refunded(session, author, given)
    currency = given.currency or (invoice.currency if invoice else credit.currency if credit else customer.currency)
    currency = currency or organisation.currency
    if invoice is not None and currency != invoice.currency:
        raise invalid("currency", f"{invoice.number} is in {invoice.currency}.")
    if given.tax_level_id is not None:
        require_tax_levels(session, author, {"tax_level_id": given.tax_level_id})
    day = given.date or author.now.astimezone(ZoneInfo(organisation.timezone)).date()
    is_credit = given.kind in crediting.KINDS
    row = PaymentRow(
        id=record_id or new_id(),
        organisation_id=author.organisation_id,
        kind=str(given.kind),
        invoice_id=None if is_credit else given.invoice_id,
        customer_id=customer.id,
        amount=given.amount,
        currency=currency,
        date=day,
        method=given.method,
        reference=given.reference,
        origin=origin,
        removed=False,
        refund_of_id=given.refund_of_id,
        tax_level_id=given.tax_level_id or crediting.tax_level_of(session, given, invoice),
        created_at=author.now,
        updated_at=author.now,
    )
    room = None if invoice is None else _room(row, invoice)
    _require_amount(row, invoice, room=room)
    if credit is not None:
        crediting.require_left(session, credit, row)
    exceeds = room is not None and row.amount > room and _keeps_a_rest(row)
    if exceeds:
        row.invoice_id = None
    session.add(row)
    session.flush()
    if is_credit and invoice is not None:
        session.add(crediting.part_of(row, invoice, row.amount, day))
        session.flush()
    report(session, author, "created", subject_of(row))
    settle(session, author, invoice)
    if exceeds and invoice is not None and room is not None:
        crediting.apportion(session, author, row, {invoice.id: room}, day=day)
    return row


def change_payment(
    session: Session, author: Author, payment_id: str, changes: PaymentChanges, *, expected: int | None = None
) -> PaymentRow:
    """Change the fields that were given. No real change, no new revision.

    Of a payment that settles one invoice, that takes as much of another amount as is due.

    :raises NotFound, StaleRevision: as their names say.
    :raises NotPossibleNow: it was taken back, or recorded in a package.
    :raises Invalid: an amount as :func:`record_payment` refuses it, or less than it settles of several invoices.
    """
    row, invoice = _rows(session, author, payment_id)
    check_revision(row, expected)
    if row.removed:
        raise NotPossibleNow("This payment was taken back.")
    crediting.require_ours(author, row)
    values = {field: getattr(changes, field) for field in changes.model_fields_set}
    for field in ("amount", "date"):
        if field in values and values[field] is None:
            raise invalid(field, "A payment needs this.")
    before, was = row.amount, crediting.settled_by(session, row)
    if values.get("amount", before) != before:
        crediting.require_free(session, row)
    alteration = alter(row, values)
    if not alteration:
        return row
    # What is due still counts the old amount, in the direction of its kind.
    room = None if invoice is None else _room(row, invoice) + before
    if "amount" in alteration:
        _require_amount(row, invoice, room=room)
    revise(row, author)
    report(session, author, "edited", subject_of(row), alteration)
    if "amount" in alteration and row.origin == OURS and row.kind == PaymentKind.PAYMENT:
        _apply_anew(session, author, row, was)
    settle(session, author, invoice)
    want(session, author, kind_of_payment(row.kind), [row.id])
    return row


def _apply_anew(session: Session, author: Author, row: PaymentRow, was: Mapping[str, Decimal]) -> None:
    """Let a payment of another amount settle as much as it can of the one invoice that it is for.

    :raises Invalid: it settles more than that of several invoices.
    """
    if len(was) == 1:
        ((invoice_id, part),) = was.items()
        invoice = find(session, InvoiceRow, author.organisation_id, invoice_id, lock=True)
        most = ZERO if invoice is None else min(row.amount, invoice.total - invoice.amount_paid + part)
        crediting.apportion(session, author, row, {invoice_id: most} if most > 0 else {}, day=row.date, was=was)
    elif (settled := sum(was.values(), ZERO)) > row.amount:
        raise invalid("amount", f"It settles {money_text(settled, row.currency)} {row.currency}; take some back first.")


def remove_payment(session: Session, author: Author, payment_id: str, *, expected: int | None = None) -> PaymentRow:
    """Take a payment back: it stays for the history and counts no more. Taken back already: nothing changes.

    :raises NotFound, StaleRevision: as their names say.
    :raises NotPossibleNow: refunds of the invoice rest on it, or it was recorded in a package that payments are taken
        over from.
    """
    row, invoice = _rows(session, author, payment_id)
    check_revision(row, expected)
    if not row.removed:
        crediting.require_removable(session, author, row)
    alteration = alter(row, {"removed": True})
    if not alteration:
        return row
    if allocations.refunded_of(session, row.id) and row.origin == OURS:
        raise NotPossibleNow("A refund of this credit was paid out. Take that back first.")
    if row.origin == OURS and row.kind != PaymentKind.REFUND:
        _require_no_refunds(session, author, crediting.settled_by(session, row))
    invoices = crediting.release(session, author, row)
    revise(row, author)
    report(session, author, "removed", subject_of(row), alteration)
    for one in (invoice, *invoices):
        settle(session, author, one)
    want(session, author, kind_of_payment(row.kind), [row.id])
    return row


def _require_no_refunds(session: Session, author: Author, settled: Mapping[str, Decimal]) -> None:
    """Check that what is taken back of invoices was not given back already.

    :raises NotPossibleNow: it was, of one of them.
    """
    for invoice_id, amount in settled.items():
        invoice = find(session, InvoiceRow, author.organisation_id, invoice_id, lock=True)
        if invoice is not None and amount > invoice.amount_paid:
            raise NotPossibleNow(f"Refunds of {invoice.number} rest on this payment. Take them back first.")


def _rows(session: Session, author: Author, payment_id: str) -> tuple[PaymentRow, InvoiceRow | None]:
    """Return a payment and its invoice, both locked: the invoice first, as when a payment is recorded."""
    seen = find(session, PaymentRow, author.organisation_id, payment_id)
    if seen is None:
        raise NotFound("payment")
    invoice = None
    if seen.invoice_id is not None:
        invoice = find(session, InvoiceRow, author.organisation_id, seen.invoice_id, lock=True)
    row = find(session, PaymentRow, author.organisation_id, payment_id, lock=True)
    if row is None:
        raise NotFound("payment")
    return row, invoice


def _invoice(session: Session, author: Author, invoice_id: str | None) -> InvoiceRow | None:
    if invoice_id is None:
        return None
    invoice = find(session, InvoiceRow, author.organisation_id, invoice_id, lock=True)
    if invoice is None:
        raise invalid("invoice_id", "There is no such invoice.")
    return invoice


def _customer(session: Session, author: Author, given: PaymentInput, invoice: InvoiceRow | None) -> CustomerRow:
    customer_id = given.customer_id or (invoice.customer_id if invoice else None)
    if customer_id is None and given.refund_of_id is not None:
        credit = find(session, PaymentRow, author.organisation_id, given.refund_of_id)
        customer_id = None if credit is None else credit.customer_id
    if customer_id is None:
        raise invalid("invoice_id", "A payment needs an invoice or a customer.")
    if invoice is not None and customer_id != invoice.customer_id:
        raise invalid("customer_id", f"{invoice.number} is another customer's.")
    customer = find(session, CustomerRow, author.organisation_id, customer_id)
    if customer is None:
        raise invalid("customer_id", "There is no such customer.")
    return customer


def _room(row: PaymentRow, invoice: InvoiceRow) -> Decimal:
    """Return how much this kind may amount to: a refund what was paid, all else what is due."""
    return invoice.amount_paid if row.kind == PaymentKind.REFUND else invoice.total - invoice.amount_paid


def _keeps_a_rest(row: PaymentRow) -> bool:
    """Tell whether what exceeds an invoice stays on the customer's account: of money that was received."""
    return row.kind == PaymentKind.PAYMENT and row.origin == OURS


def _require_amount(row: PaymentRow, invoice: InvoiceRow | None, *, room: Decimal | None) -> None:
    if row.amount <= 0:
        raise invalid("amount", "An amount is above zero; its kind says in which direction.")
    if quantise(row.amount, row.currency) != row.amount:
        raise invalid("amount", f"{row.currency} has {currency_digits(row.currency)} decimal places.")
    if invoice is None or room is None or row.origin == PACKAGE:
        return
    if invoice.status in {InvoiceStatus.DRAFT, InvoiceStatus.VOIDED}:
        raise NotPossibleNow(f"{invoice.number} is {invoice.status}: nothing can be paid on it.")
    if _keeps_a_rest(row):
        if room <= 0:
            message = f"Nothing is due on {invoice.number} any more: record it on the customer's account instead."
            raise invalid("amount", message)
    elif row.amount > room:
        told = "was paid" if row.kind == PaymentKind.REFUND else "is due"
        raise invalid("amount", f"Only {money_text(room, row.currency)} {row.currency} {told} on {invoice.number}.")
