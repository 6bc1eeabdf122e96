"""Credits: what they settle, what of them is paid out, and money on account that is applied later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from service.core.kind import kind_of_payment
from service.core.model import ZERO, InvoiceStatus, PaymentKind
from service.core.money import money_text
from service.core.ports import EntityKind
from service.ids import new_id
from service.mapping.settings import from_json
from service.records.author import Author
from service.records.errors import NotFound, NotPossibleNow, invalid
from service.records.inputs import AllocationInput, PaymentInput
from service.records.invoices import subject_of as invoice_subject
from service.records.settlement import settle, subject_of
from service.records.trail import Alteration, alter, report, revise, want
from service.store.credit_models import AllocationRow
from service.store.queries import allocations
from service.store.queries.find import find, find_organisation
from service.store.queries.invoices import payments_of
from service.store.queries.load import lines_of
from service.store.queries.values import payment_value
from service.store.records import InvoiceRow, PaymentRow
from service.store.sync_models import ConnectionRow

KINDS = frozenset({PaymentKind.CREDIT, PaymentKind.ADJUSTMENT})
_ISSUED = frozenset({InvoiceStatus.APPROVED, InvoiceStatus.PAID})


def allocate(
    session: Session, author: Author, payment_id: str, given: AllocationInput, *, connection_id: str | None = None
) -> AllocationRow | None:
    """Let a credit, or money on a customer's account, settle an invoice, wholly or in part.

    A payment that settles one invoice with all of it now becomes that invoice's own; then there is no part.

    :param connection_id: where a bookkeeper did it; what happened there is taken as it is.
    :raises NotFound: there is no such payment.
    :raises Invalid: the invoice is another customer's or in another currency; more than either has left.
    :raises NotPossibleNow: it was taken back, is a refund, was received in a package, or the invoice is a draft or
        voided.
    """
    row = _payment(session, author, payment_id)
    require_ours(author, row)
    invoice = find(session, InvoiceRow, author.organisation_id, given.invoice_id, lock=True)
    if invoice is None:
        raise invalid("invoice_id", "There is no such invoice.")
    left = left_of(session, row)
    amount = given.amount or min(left, invoice.total - invoice.amount_paid)
    if connection_id is None:
        _require_applicable(row, invoice)
        _require_room(row, invoice, amount, left)
    organisation = find_organisation(session, author.organisation_id)
    day = given.date or author.now.astimezone(ZoneInfo(organisation.timezone)).date()
    if row.kind == PaymentKind.PAYMENT:
        settled = settled_by(session, row)
        together = {**settled, invoice.id: settled.get(invoice.id, ZERO) + amount}
        apportion(session, author, row, together, day=day, connection_id=connection_id)
        parts = allocations.of_payments(session, [row.id]).get(row.id, [])
        return next((one for one in parts if one.invoice_id == invoice.id), None)
    part = part_of(row, invoice, amount, day, connection_id=connection_id)
    session.add(part)
    _note(session, author, row, invoice, before=None, after=amount)
    return part


def deallocate(session: Session, author: Author, payment_id: str, allocation_id: str) -> None:
    """Take back what a credit or a payment settles of an invoice; it stays on the customer's account.

    :param allocation_id: of a payment that is its invoice's as a whole, its own id.
    :raises NotFound: there is no such payment or allocation.
    :raises NotPossibleNow: it is a payment that was received in a package.
    """
    row = _payment(session, author, payment_id)
    require_ours(author, row)
    if allocation_id == row.id and row.invoice_id is not None and row.kind == PaymentKind.PAYMENT:
        invoice = find(session, InvoiceRow, author.organisation_id, row.invoice_id, lock=True)
        row.invoice_id = None
        _note(session, author, row, invoice, before=row.amount, after=None)
        return
    part = find(session, AllocationRow, author.organisation_id, allocation_id, lock=True)
    if part is None or part.payment_id != row.id:
        raise NotFound("allocation")
    if part.removed:
        return
    part.removed = True
    revise(part, author)
    invoice = find(session, InvoiceRow, author.organisation_id, part.invoice_id, lock=True)
    _note(session, author, row, invoice, before=part.amount, after=None)
    want(session, author, EntityKind.ALLOCATION, [part.id])


def apportion(
    session: Session,
    author: Author,
    row: PaymentRow,
    amounts: Mapping[str, Decimal],
    *,
    day: date,
    was: Mapping[str, Decimal] | None = None,
    connection_id: str | None = None,
) -> bool:
    """Let a payment settle exactly these amounts of these invoices; what is left stays on the customer's account.

    One that settles a single invoice with its whole amount is that invoice's own, and has no parts.

    :param amounts: by invoice id; each above zero, together no more than the payment.
    :param was: what it settled before its amount was changed; else what it settles now.
    :param connection_id: where it was recorded, if not here.
    :return: whether it settles something else than before.
    """
    parts = allocations.of_payments(session, [row.id]).get(row.id, [])
    before = settled_by(session, row) if was is None else was
    whole = next((one for one, amount in amounts.items() if amount == row.amount), None)
    if row.invoice_id == whole and (whole is not None or before == amounts):
        return False
    row.invoice_id = whole
    for part in parts:
        if whole is not None or amounts.get(part.invoice_id) != part.amount:
            part.removed = True
            revise(part, author)
    standing = {part.invoice_id for part in parts if not part.removed}
    found = {one: find(session, InvoiceRow, author.organisation_id, one, lock=True) for one in {*before, *amounts}}
    invoices = {one: invoice for one, invoice in found.items() if invoice is not None}
    for one in () if whole is not None else amounts.keys() - standing:
        session.add(part_of(row, invoices[one], amounts[one], day, connection_id=connection_id))
    if was is None:
        revise(row, author)  # else the change of its amount has done so
    _tell_parts(session, author, row, invoices, before=before, after=amounts)
    return True


def adopt_amounts(session: Session, author: Author, invoice_id: str, amounts: Mapping[str, Decimal]) -> None:
    """Take over the amounts that a package works out itself: "subtotal", "tax_total", "total".

    Whether the invoice is paid is decided anew, and what was received beyond its new total is the customer's.
    """
    row = find(session, InvoiceRow, author.organisation_id, invoice_id, lock=True)
    if row is None or row.status == InvoiceStatus.VOIDED:
        return
    alteration = alter(row, amounts)
    if alteration:
        revise(row, author)
        report(
            session,
            author,
            "took over the tax",
            invoice_subject(row),
            alteration,
        )
        want(session, author, EntityKind.INVOICE, [row.id])
        settle(session, author, row)
        _apply_anew(session, author, row)


def _apply_anew(session: Session, author: Author, invoice: InvoiceRow) -> None:
    """Let our payments of an invoice with another total settle more of it, or less: the rest is the customer's."""
    for row in reversed(payments_of(session, author.organisation_id, invoice.id)):
        due = invoice.total - invoice.amount_paid
        if due and row.kind == PaymentKind.PAYMENT and row.origin_connection_id is None:
            settled = settled_by(session, row)
            share = settled[invoice.id] + max(-settled[invoice.id], min(due, left_of(session, row)))
            amounts = {one: amount for one, amount in {**settled, invoice.id: share}.items() if amount}
            apportion(session, author, row, amounts, day=row.date)


def settled_by(session: Session, row: PaymentRow) -> dict[str, Decimal]:
    """Return what a payment settles, by invoice id."""
    if row.invoice_id is not None:
        return {row.invoice_id: row.amount}
    settled: dict[str, Decimal] = {}
    for part in allocations.of_payments(session, [row.id]).get(row.id, []):
        settled[part.invoice_id] = settled.get(part.invoice_id, ZERO) + part.amount
    return settled


def _tell_parts(
    session: Session,
    author: Author,
    row: PaymentRow,
    invoices: Mapping[str, InvoiceRow],
    *,
    before: Mapping[str, Decimal],
    after: Mapping[str, Decimal],
) -> None:
    """Say what a payment settles now and did before, and bring its invoices up to date."""

    def told(amounts: Mapping[str, Decimal]) -> dict[str, str | None]:
        return {
            invoice.number: money_text(amounts[one], row.currency) if one in amounts else None
            for one, invoice in invoices.items()
            if before.get(one) != after.get(one)
        }

    session.flush()
    if before != after:
        verb = "applied" if any(after[one] > before.get(one, ZERO) for one in after) else "unapplied"
        report(session, author, verb, subject_of(row), Alteration(told(before), told(after)))
    for invoice in invoices.values():
        settle(session, author, invoice)
    want(session, author, kind_of_payment(row.kind), [row.id])


def part_of(
    row: PaymentRow, invoice: InvoiceRow, amount: Decimal, day: date, *, connection_id: str | None = None
) -> AllocationRow:
    """Return a new part of a credit or a payment that settles an invoice."""
    return AllocationRow(
        id=new_id(),
        organisation_id=row.organisation_id,
        payment_id=row.id,
        invoice_id=invoice.id,
        amount=amount,
        date=day,
        origin_connection_id=connection_id,
        removed=False,
    )


def release(session: Session, author: Author, row: PaymentRow) -> Sequence[InvoiceRow]:
    """Take back everything that a credit settles, because it is taken back itself; return the invoices."""
    parts = allocations.of_payments(session, [row.id]).get(row.id, [])
    for part in parts:
        part.removed = True
        revise(part, author)
    want(session, author, EntityKind.ALLOCATION, [part.id for part in parts])
    found = (find(session, InvoiceRow, author.organisation_id, part.invoice_id, lock=True) for part in parts)
    return [invoice for invoice in found if invoice is not None]


def refunded(session: Session, author: Author, given: PaymentInput) -> PaymentRow | None:
    """Return the credit that a refund pays out.

    :raises Invalid: it is no refund, there is no such credit, or it was taken back.
    """
    if given.refund_of_id is None:
        return None
    if given.kind is not PaymentKind.REFUND:
        raise invalid("refund_of_id", "Only a refund pays a credit out.")
    if given.invoice_id is not None:
        raise invalid("invoice_id", "A refund is of an invoice or of a credit, not of both.")
    credit = find(session, PaymentRow, author.organisation_id, given.refund_of_id, lock=True)
    if credit is None or credit.kind not in KINDS or credit.removed:
        raise invalid("refund_of_id", "There is no such credit.")
    if given.customer_id not in {None, credit.customer_id}:
        raise invalid("customer_id", "The credit is another customer's.")
    return credit


def require_left(session: Session, credit: PaymentRow, refund: PaymentRow) -> None:
    """Check that a credit has as much left as a refund of it pays out.

    :raises Invalid: it has not, or the refund is in another currency.
    """
    if refund.currency != credit.currency:
        raise invalid("currency", f"The credit is in {credit.currency}.")
    left = left_of(session, credit)
    if refund.origin == "ours" and refund.amount > left:
        raise invalid("amount", f"Only {money_text(left, credit.currency)} {credit.currency} of the credit is left.")


def require_free(session: Session, row: PaymentRow) -> None:
    """Check that nothing rests on the amount of a credit.

    :raises NotPossibleNow: some of it settles an invoice or was paid out.
    """
    if row.origin == "ours" and row.kind in KINDS and left_of(session, row) != row.amount:
        message = "Some of this credit settles an invoice or was paid out: take that back before changing its amount."
        raise NotPossibleNow(message)


def require_ours(author: Author, row: PaymentRow) -> None:
    """Check that a payment may be changed here: one that a bookkeeper recorded is changed where that was done.

    :raises NotPossibleNow: it was recorded in a package, and the change does not come from there.
    """
    there = row.origin_connection_id if row.kind == PaymentKind.PAYMENT else None
    if there not in {None, author.except_connection_id}:
        raise NotPossibleNow("This payment was recorded in the accounting package: change it there.")


def require_removable(session: Session, author: Author, row: PaymentRow) -> None:
    """Check that a payment may be taken back here: one that a bookkeeper recorded, only where payments are ours to say.

    :raises NotPossibleNow: as :func:`require_ours` says.
    """
    where = None if row.origin_connection_id is None else session.get(ConnectionRow, row.origin_connection_id)
    if where is None or from_json(where.mapping).receives(EntityKind.PAYMENT):
        require_ours(author, row)


def left_of(session: Session, row: PaymentRow) -> Decimal:
    """Return what of a payment or a credit settles nothing and was not paid out."""
    parts = allocations.of_payments(session, [row.id]).get(row.id, [])
    paid_out = sum((one.amount for one in allocations.refunded_of(session, row.id)), ZERO)
    return payment_value(row, parts).unallocated - paid_out


def tax_level_of(session: Session, given: PaymentInput, invoice: InvoiceRow | None) -> str | None:
    """Return the tax level inside a credit that names none: that of its invoice, if all its lines have the same."""
    if given.kind is PaymentKind.PAYMENT or invoice is None:
        return None
    levels = {line.applied_tax_level_id for line in lines_of(session, [invoice.id]).get(invoice.id, ())}
    return levels.pop() if len(levels) == 1 else None


def _payment(session: Session, author: Author, payment_id: str) -> PaymentRow:
    row = find(session, PaymentRow, author.organisation_id, payment_id, lock=True)
    if row is None:
        raise NotFound("payment")
    return row


def _require_applicable(row: PaymentRow, invoice: InvoiceRow) -> None:
    if row.removed:
        raise NotPossibleNow("This was taken back.")
    if row.kind == PaymentKind.REFUND:
        raise NotPossibleNow("A refund settles no invoice.")
    if invoice.customer_id != row.customer_id:
        raise invalid("invoice_id", f"{invoice.number} is another customer's.")
    if invoice.currency != row.currency:
        raise invalid("invoice_id", f"{invoice.number} is in {invoice.currency}.")
    if invoice.status not in _ISSUED:
        raise NotPossibleNow(f"{invoice.number} is {invoice.status}: nothing can be paid on it.")


def _require_room(row: PaymentRow, invoice: InvoiceRow, amount: Decimal, left: Decimal) -> None:
    due = invoice.total - invoice.amount_paid
    if not ZERO < amount <= left:
        raise invalid("amount", f"Only {money_text(left, row.currency)} {row.currency} of it is left.")
    if amount > due:
        raise invalid("amount", f"Only {money_text(due, row.currency)} {row.currency} is due on {invoice.number}.")


def _note(
    session: Session,
    author: Author,
    row: PaymentRow,
    invoice: InvoiceRow | None,
    *,
    before: Decimal | None,
    after: Decimal | None,
) -> None:
    """Say what became of a payment, and bring its invoice up to date."""
    number = "" if invoice is None else invoice.number
    told = Alteration(
        {number: None if before is None else money_text(before, row.currency)},
        {number: None if after is None else money_text(after, row.currency)},
    )
    session.flush()
    revise(row, author)
    report(session, author, "applied" if before is None else "unapplied", subject_of(row), told)
    settle(session, author, invoice)
    if row.kind == PaymentKind.PAYMENT:
        want(session, author, kind_of_payment(row.kind), [row.id])
