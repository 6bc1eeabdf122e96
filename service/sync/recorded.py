"""Taking in the money that a bookkeeper recorded there: payments, credits, what they settle, refunds, balances."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from service.core.link import Settled, Tied
from service.core.model import PaymentKind
from service.core.ports import EntityKind, Family, Ref
from service.core.snapshot import Snapshot, Value, from_json, to_json
from service.records import credits as crediting
from service.records import payments
from service.records.author import Author
from service.records.inputs import AllocationInput, PaymentChanges, PaymentInput
from service.store.credit_models import AllocationRow
from service.store.facts import apply_to
from service.store.queries import allocations, counterparts, links
from service.store.records import PaymentRow
from service.store.sync_models import ConnectionRow, CounterpartRow, LinkRow
from service.sync import books
from service.sync.cases import Ground
from service.sync.work import Work

#: How what the package counts as settled without naming a payment is called here.
_BALANCING = "Recorded in {package}"
#: Kinds in the order of taking in: what settles an invoice needs the credit that it is a part of.
_KINDS = (EntityKind.CREDIT, EntityKind.PAYMENT, EntityKind.ALLOCATION, EntityKind.REFUND)


def take_in(work: Work, ground: Ground) -> int:
    """Take in the money that a bookkeeper recorded there; return how much of it changed something here.

    What the feed tells of at times only is asked for where an invoice is settled by something that is not known.
    """
    if not ground.settings.receives(EntityKind.PAYMENT):
        return 0  # what is paid there stays news, in case that it will be taken over one day
    with work.platform.database.write() as session:
        intake = _intake(work, ground, session)
        changed = intake.money()
        session.flush()
        complete = not work.capabilities.lagging or not intake.unexplained()
        if complete:
            return changed + intake.balances()
    books.read_feed(work, only=work.capabilities.lagging)
    with work.platform.database.write() as session:
        intake = _intake(work, ground, session)
        changed += intake.money()
        session.flush()
        return changed + intake.balances()


def _intake(work: Work, ground: Ground, session: Session) -> Intake:
    connection = session.get_one(ConnectionRow, work.connection_id)
    author = Author(
        organisation_id=connection.organisation_id,
        actor=f"package:{connection.id}",
        now=work.platform.clock(),
        why=f"recorded in {work.capabilities.package}",
        except_connection_id=connection.id,
    )
    return Intake(session, ground, connection, author)


class Intake:
    """One transaction in which the money of one connection is taken in."""

    def __init__(self, session: Session, ground: Ground, connection: ConnectionRow, author: Author) -> None:
        """Begin with nothing taken in."""
        self._session, self._ground, self._connection, self._author = session, ground, connection, author

    def money(self) -> int:
        """Take in the money that the feed brought news of; return how much of it changed something here."""
        changed = 0
        done: set[Family] = set()
        for kind in _KINDS:
            family = self._ground.capabilities.family_of.get(kind)
            if kind in self._ground.mappers and family is not None and family not in done:
                done.add(family)
                rows = counterparts.pending(self._session, self._connection.id, family)
                changed += sum(self._entity(row) for row in rows)
        return changed

    def balances(self) -> int:
        """Let what is due here follow what is due there; return how many invoices changed here."""
        return sum(self._balance(row, link) for row, link in self._news(seen=True))

    def unexplained(self) -> bool:
        """Tell whether something is settled there of an invoice that has news which nothing known here explains."""
        return any(self._difference(row, link) for row, link in self._news(seen=False))

    def _news(self, *, seen: bool) -> list[tuple[CounterpartRow, LinkRow]]:
        """Return the invoices of ours that the feed brought news of.

        :param seen: they are no news from now on.
        """
        rows = counterparts.pending(self._session, self._connection.id, Family.INVOICE)
        ids = [row.remote_id for row in rows]
        tied = links.by_remote_ids(self._session, self._connection.id, Family.INVOICE, ids)
        for row in rows if seen else ():
            row.pending = False
        return [(row, tied[row.remote_id]) for row in rows if row.remote_id in tied and not row.deleted]

    # --- one entity -------------------------------------------------------------------------------------------------

    def _entity(self, row: CounterpartRow) -> bool:
        """Take in an entity that a bookkeeper recorded, changed or took back there."""
        row.pending = False
        link = self._link(Family(row.family), row.remote_id)
        gone = row.deleted or not row.active
        if link is None:
            return not gone and self._new(row)
        kind = EntityKind(link.entity)
        if kind is EntityKind.ALLOCATION:
            return self._known_part(row, link, gone=gone)
        payment = self._session.get(PaymentRow, link.record_id)
        if payment is None or payment.origin_connection_id != self._connection.id:
            return False  # one of ours: the planner reconciles it like any record
        if gone:
            self._settled(link)
            if not payment.removed:
                payments.remove_payment(self._session, self._author, payment.id)
            return True
        shown = self._read(kind, row)
        released = self._released(payment, shown)
        changes = {name: value for name, value in self._terms(kind, shown).items() if getattr(payment, name) != value}
        if changes:
            given = PaymentChanges.model_construct(**changes)
            payments.change_payment(self._session, self._author, payment.id, given)
        self._settled(link, shown)
        return released or bool(changes)

    def _released(self, payment: PaymentRow, shown: Snapshot) -> bool:
        """Let a payment that settles nothing there any more, as when its invoice is deleted, be money on account."""
        if payment.invoice_id is None or shown.get("applied") != ():
            return False
        crediting.deallocate(self._session, self._author, payment.id, payment.id)
        return True

    def _new(self, row: CounterpartRow) -> bool:
        """Record something new there, as far as it concerns an invoice or a credit of ours."""
        for kind, record in (
            (EntityKind.ALLOCATION, self._part),
            (EntityKind.PAYMENT, self._payment),
            (EntityKind.REFUND, self._refund),
        ):
            fits = kind in self._ground.mappers and self._ground.capabilities.family_of[kind] == row.family
            if fits and record(row):
                return True
        return False

    def _payment(self, row: CounterpartRow) -> bool:
        shown = self._read(EntityKind.PAYMENT, row)
        invoice = self._link(Family.INVOICE, _text(shown.get("invoice")))
        terms = self._terms(EntityKind.PAYMENT, shown)
        amount = terms.get("amount")
        if invoice is None or not amount or amount <= 0 or not _amount(shown.get("amount")):
            return False  # it pays something that is not ours, or several invoices
        given = PaymentInput.model_construct(invoice_id=invoice.record_id, kind=PaymentKind.PAYMENT, **terms)
        return self._recorded(EntityKind.PAYMENT, row, given, shown)

    def _part(self, row: CounterpartRow) -> bool:
        """What a credit there settles of an invoice of ours; the credit is recorded with its first part."""
        shown = self._read(EntityKind.ALLOCATION, row)
        invoice = self._link(Family.INVOICE, _text(shown.get("invoice")))
        amount = _amount(shown.get("amount"))
        credit = None if invoice is None else self._credit(_text(shown.get("credit")))
        if invoice is None or credit is None or not amount:
            return False
        given = AllocationInput.model_construct(invoice_id=invoice.record_id, amount=amount, date=None)
        part = crediting.allocate(self._session, self._author, credit, given, connection_id=self._connection.id)
        if part is None:
            return False
        self._session.flush()
        self._tie(EntityKind.ALLOCATION, part.id, row, shown)
        return True

    def _credit(self, remote_id: str | None) -> str | None:
        """Return our record of a credit there; one that is not here yet is recorded, if its customer is ours."""
        link = self._link(Family.CREDIT_NOTE, remote_id)
        if link is not None:
            return link.record_id
        ids = [remote_id or ""]
        found = counterparts.by_remote_ids(self._session, self._connection.id, Family.CREDIT_NOTE, ids)
        row = found.get(remote_id or "")
        if row is None or row.deleted or not row.active:
            return None
        shown = self._read(EntityKind.CREDIT, row)
        customer = self._link(Family.CUSTOMER, _text(shown.get("customer")))
        if customer is None or customer.entity != EntityKind.CUSTOMER:
            return None
        terms = self._terms(EntityKind.CREDIT, shown)
        currency = _text(shown.get("currency")) or self._ground.reference.company.base_currency
        given = PaymentInput.model_construct(
            customer_id=customer.record_id, kind=PaymentKind.CREDIT, currency=currency, **terms
        )
        self._recorded(EntityKind.CREDIT, row, given, shown)
        link = self._link(Family.CREDIT_NOTE, remote_id)
        return None if link is None else link.record_id

    def _refund(self, row: CounterpartRow) -> bool:
        """Money paid out there: of a credit of ours, or to a customer of ours since the connection was made."""
        shown = self._read(EntityKind.REFUND, row)
        terms = self._terms(EntityKind.REFUND, shown)
        if not terms.get("amount"):
            return False
        if "credit" in shown.fields:
            credit = self._link(Family.CREDIT_NOTE, _text(shown.get("credit")))
            if credit is None:
                return False
            given = PaymentInput.model_construct(refund_of_id=credit.record_id, kind=PaymentKind.REFUND, **terms)
            return self._recorded(EntityKind.REFUND, row, given, shown)
        customer = self._link(Family.CUSTOMER, _text(shown.get("customer")))
        if customer is None or customer.entity != EntityKind.CUSTOMER or self._is_older(terms):
            return False
        currency = _text(shown.get("currency")) or self._ground.reference.company.base_currency
        given = PaymentInput.model_construct(
            customer_id=customer.record_id, kind=PaymentKind.REFUND, currency=currency, **terms
        )
        return self._recorded(EntityKind.REFUND, row, given, shown)

    def _is_older(self, terms: Mapping[str, Any]) -> bool:
        day = terms.get("date")
        return isinstance(day, date) and day < self._connection.created_at.date()

    def _known_part(self, row: CounterpartRow, link: LinkRow, *, gone: bool) -> bool:
        part = self._session.get(AllocationRow, link.record_id)
        if part is None or part.origin_connection_id != self._connection.id:
            return False  # one of ours: the planner reconciles it like any record
        shown = self._read(EntityKind.ALLOCATION, row)
        if not gone and _amount(shown.get("amount")) == part.amount:
            self._settled(link, shown)
            return False
        self._settled(link)
        crediting.deallocate(self._session, self._author, part.payment_id, part.id)
        return True

    # --- what they have in common -----------------------------------------------------------------------------------

    def _recorded(self, kind: EntityKind, row: CounterpartRow, given: PaymentInput, shown: Snapshot) -> bool:
        recorded = payments.record_payment(self._session, self._author, given, origin=payments.PACKAGE)
        recorded.origin_connection_id = self._connection.id
        self._tie(kind, recorded.id, row, shown)
        return True

    def _tie(self, kind: EntityKind, record_id: str, row: CounterpartRow, shown: Snapshot) -> None:
        now = self._author.now
        link = links.add(self._session, self._connection, Ref(kind=kind, id=record_id), Family(row.family))
        apply_to(self._session, link, Tied(external_id=row.remote_id), now=now)
        settled = Settled(heard=0, baseline=to_json(shown), wanted=link.wanted)
        apply_to(self._session, link, settled, now=now)
        link.last_synced_at = now
        self._session.flush()

    def _settled(self, link: LinkRow, shown: Snapshot | None = None) -> None:
        baseline = None if shown is None else to_json(shown)
        apply_to(self._session, link, Settled(heard=link.heard, baseline=baseline), now=self._author.now)

    def _link(self, family: Family, remote_id: str | None) -> LinkRow | None:
        found = links.by_remote_ids(self._session, self._connection.id, family, [remote_id or ""])
        return found.get(remote_id or "")

    def _read(self, kind: EntityKind, row: CounterpartRow) -> Snapshot:
        return self._ground.mappers[kind].read(counterparts.record_of(row), self._ground.reading)

    def _terms(self, kind: EntityKind, shown: Snapshot) -> Mapping[str, Any]:
        """Return what a payment, credit or refund says of itself, as our record's fields."""
        day = _text(shown.get("date"))
        paid = _paid(shown) if kind is EntityKind.PAYMENT else _amount(shown.get("amount"))
        terms: dict[str, Any] = {"amount": paid, "reference": _text(shown.get("reference"))}
        if day is not None:
            terms["date"] = date.fromisoformat(day)
        return terms

    # --- what is due ------------------------------------------------------------------------------------------------

    def _balance(self, row: CounterpartRow, link: LinkRow) -> bool:
        """Let what is due here follow what is due there, where nothing that is known explains the difference."""
        session, connection, author = self._session, self._connection, self._author
        difference = self._difference(row, link)
        if difference == 0:
            return False
        known = links.payments_known_there(session, connection, link.record_id)
        balancing = [payment for payment, tie in known if tie is None]
        for payment in balancing:
            difference += payment.amount
            payments.remove_payment(session, author, payment.id)
        if difference > 0:
            given = PaymentInput.model_construct(
                invoice_id=link.record_id,
                kind=PaymentKind.PAYMENT,
                amount=difference,
                method=_BALANCING.format(package=self._ground.capabilities.package),
            )
            recorded = payments.record_payment(session, author, given, origin=payments.PACKAGE)
            recorded.origin_connection_id = connection.id
        return difference > 0 or bool(balancing)

    def _difference(self, row: CounterpartRow, link: LinkRow) -> Decimal:
        """Return what of an invoice is settled there beyond everything that is known of it."""
        shown = self._read(EntityKind.INVOICE, row)
        total, due = _amount(shown.get("total")), _amount(shown.get("amount_due"))
        if total is None or due is None or shown.get("status") == "voided":
            return Decimal(0)
        connection = self._connection
        known = links.payments_known_there(self._session, connection, link.record_id)
        parts = allocations.known_there(self._session, connection, link.record_id)
        settled = sum((_settles(connection, payment, tie, link.remote_id) for payment, tie in known), Decimal(0))
        settled += sum((_part_settles(connection, part, tie) for part, tie in parts), Decimal(0))
        return total - due - settled


def _part_settles(connection: ConnectionRow, part: AllocationRow, link: LinkRow | None) -> Decimal:
    """Return what a part of a credit settles there, as far as both sides have agreed on it."""
    if part.origin_connection_id == connection.id:
        return Decimal(0) if part.removed else part.amount
    agreed = None if link is None or link.baseline is None else from_json(link.baseline)
    if agreed is None or not agreed.active:
        return Decimal(0)
    return _amount(agreed.get("amount")) or part.amount


def _settles(connection: ConnectionRow, payment: PaymentRow, link: LinkRow | None, invoice: str | None) -> Decimal:
    """Return how much of an invoice a payment settles there, as far as both sides have agreed on it.

    One of ours counts as it was sent, whatever was done to it here since: the package is told that later.

    :param invoice: its id there.
    """
    if payment.origin_connection_id == connection.id:
        return Decimal(0) if payment.removed or payment.invoice_id is None else payment.amount
    agreed = None if link is None or link.baseline is None else from_json(link.baseline)
    if agreed is None or not agreed.active:
        return Decimal(0)
    applied = agreed.get("applied")
    if isinstance(applied, tuple):
        ours = (part for part in applied if isinstance(part, tuple) and part[0] == invoice)
        return sum((_amount(part[1]) or Decimal(0) for part in ours), Decimal(0))
    return (_amount(agreed.get("amount")) or payment.amount) if agreed.get("invoice") == invoice else Decimal(0)


def _text(value: Value) -> str | None:
    return None if value is None else str(value)


def _paid(shown: Snapshot) -> Decimal | None:
    """Return what a payment settles of its one invoice, which may be less than what was received."""
    applied = shown.get("applied")
    if isinstance(applied, tuple) and len(applied) == 1 and isinstance(applied[0], tuple):
        return _amount(applied[0][1])
    return _amount(shown.get("amount"))


def _amount(value: Value) -> Decimal | None:
    return None if value is None or isinstance(value, tuple | bool) else Decimal(str(value))
