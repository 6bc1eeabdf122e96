"""Taking in the money that a bookkeeper recorded there: payments, credits, what they settle, refunds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from service.core.kind import families_of
from service.core.link import Reset, Settled, Tied
from service.core.model import PaymentKind
from service.core.ports import EntityKind, Family, Ref
from service.core.snapshot import Snapshot, to_json
from service.records import credits as crediting
from service.records import payments
from service.records.author import Author
from service.records.inputs import AllocationInput, PaymentChanges, PaymentInput
from service.store.credit_models import AllocationRow
from service.store.facts import apply_to
from service.store.queries import counterparts, links
from service.store.queries.find import find
from service.store.records import InvoiceRow, PaymentRow
from service.store.sync_models import ConnectionRow, CounterpartRow, LinkRow
from service.sync import books
from service.sync.balances import Balances, amount_of, shares_of, text_of
from service.sync.cases import Ground
from service.sync.work import Work

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
        balances = intake.balances
        if not work.capabilities.lagging or not balances.unexplained():
            return changed + balances.follow()
    books.read_feed(work, only=work.capabilities.lagging)
    with work.platform.database.write() as session:
        intake = _intake(work, ground, session)
        changed += intake.money()
        session.flush()
        return changed + intake.balances.follow()


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


@dataclass(frozen=True, slots=True)
class Received:
    """What of a payment there concerns us."""

    customer_id: str
    amount: Decimal
    parts: Mapping[str, Decimal]  #: of our invoices, by id
    currency: str | None  #: of those invoices


class Intake:
    """One transaction in which the money of one connection is taken in."""

    def __init__(self, session: Session, ground: Ground, connection: ConnectionRow, author: Author) -> None:
        """Begin with nothing taken in."""
        self._session, self._ground, self._connection, self._author = session, ground, connection, author
        self.balances = Balances(session, ground, connection, author)

    def money(self) -> int:
        """Take in the money that the feed brought news of; return how much of it changed something here."""
        changed = 0
        done: set[Family] = set()
        for kind in _KINDS:
            for family in sorted(self._families(kind) - done):
                done.add(family)
                rows = counterparts.pending(self._session, self._connection.id, family)
                changed += sum(self._entity(row) for row in rows)
        return changed

    def _families(self, kind: EntityKind) -> frozenset[Family]:
        """Return the families in which the package keeps records of a kind; none of a kind that it has not."""
        return families_of(self._ground.capabilities, [kind]) if kind in self._ground.mappers else frozenset()

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
        if kind is EntityKind.PAYMENT:
            return not payment.removed and self._known_payment(payment, link, shown)
        changed = self._changed(payment, self._terms(kind, shown))
        self._settled(link, shown)
        return changed

    def _known_payment(self, payment: PaymentRow, link: LinkRow, shown: Snapshot) -> bool:
        """Let a payment of theirs follow what it is there now: its amount, and what it settles of which invoice."""
        found = self._received(shown)
        if found is None:  # all of it pays what is not ours now
            payments.remove_payment(self._session, self._author, payment.id)
            apply_to(self._session, link, Reset(at=self._author.now), now=self._author.now)
            link.retired_why = "it settles nothing of ours any more"
            return True
        was = crediting.settled_by(self._session, payment)
        changed = self._changed(payment, {**self._terms(EntityKind.PAYMENT, shown), "amount": found.amount})
        applied = self._apportion(payment, found, was if changed else None)
        self._settled(link, shown)
        return changed or applied

    def _changed(self, payment: PaymentRow, terms: Mapping[str, Any]) -> bool:
        changes = {name: value for name, value in terms.items() if getattr(payment, name) != value}
        if changes:
            given = PaymentChanges.model_construct(**changes)
            payments.change_payment(self._session, self._author, payment.id, given)
        return bool(changes)

    def _apportion(self, payment: PaymentRow, found: Received, was: Mapping[str, Decimal] | None = None) -> bool:
        day, where = payment.date, self._connection.id
        return crediting.apportion(
            self._session, self._author, payment, found.parts, day=day, was=was, connection_id=where
        )

    def _new(self, row: CounterpartRow) -> bool:
        """Record something new there, as far as it concerns an invoice or a credit of ours."""
        for kind, record in (
            (EntityKind.ALLOCATION, self._part),
            (EntityKind.PAYMENT, self._payment),
            (EntityKind.REFUND, self._refund),
        ):
            if row.family in self._families(kind) and record(row):
                return True
        return False

    def _payment(self, row: CounterpartRow) -> bool:
        """Money received there: for invoices of ours, or for none by a customer of ours since the connection."""
        shown = self._read(EntityKind.PAYMENT, row)
        found, terms = self._received(shown), self._terms(EntityKind.PAYMENT, shown)
        if found is None or (not found.parts and self._is_older(terms)):
            return False
        currency = text_of(shown.get("currency")) or found.currency or self._ground.reference.company.base_currency
        given = PaymentInput.model_construct(
            customer_id=found.customer_id,
            kind=PaymentKind.PAYMENT,
            currency=currency,
            **{**terms, "amount": found.amount},
        )
        self._apportion(self._recorded(EntityKind.PAYMENT, row, given, shown), found)
        return True

    def _received(self, shown: Snapshot) -> Received | None:
        """Return what of a payment there concerns us: what it settles of our invoices, and what it settles of none."""
        total = amount_of(shown.get("amount")) or Decimal(0)
        shares = shares_of(shown)
        tied = links.by_remote_ids(self._session, self._connection.id, Family.INVOICE, list(shares))
        parts = {tied[one].record_id: amount for one, amount in shares.items() if one in tied}
        amount = sum(parts.values(), max(total - sum(shares.values(), Decimal(0)), Decimal(0)))
        owner = self._link(Family.CUSTOMER, text_of(shown.get("customer")))
        customer_id = None if owner is None or owner.entity != EntityKind.CUSTOMER else owner.record_id
        invoice = find(self._session, InvoiceRow, self._connection.organisation_id, next(iter(parts), ""))
        if invoice is not None:
            customer_id = customer_id or invoice.customer_id
        if customer_id is None or amount <= 0:
            return None
        return Received(customer_id, amount, parts, None if invoice is None else invoice.currency)

    def _part(self, row: CounterpartRow) -> bool:
        """What a credit there settles of an invoice of ours; the credit is recorded with its first part."""
        shown = self._read(EntityKind.ALLOCATION, row)
        invoice = self._link(Family.INVOICE, text_of(shown.get("invoice")))
        amount = amount_of(shown.get("amount"))
        credit = None if invoice is None else self._credit(text_of(shown.get("credit")))
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
        customer = self._link(Family.CUSTOMER, text_of(shown.get("customer")))
        if customer is None or customer.entity != EntityKind.CUSTOMER:
            return None
        terms = self._terms(EntityKind.CREDIT, shown)
        currency = text_of(shown.get("currency")) or self._ground.reference.company.base_currency
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
            credit = self._link(Family.CREDIT_NOTE, text_of(shown.get("credit")))
            if credit is None:
                return False
            given = PaymentInput.model_construct(refund_of_id=credit.record_id, kind=PaymentKind.REFUND, **terms)
            return bool(self._recorded(EntityKind.REFUND, row, given, shown))
        customer = self._link(Family.CUSTOMER, text_of(shown.get("customer")))
        if customer is None or customer.entity != EntityKind.CUSTOMER or self._is_older(terms):
            return False
        currency = text_of(shown.get("currency")) or self._ground.reference.company.base_currency
        given = PaymentInput.model_construct(
            customer_id=customer.record_id, kind=PaymentKind.REFUND, currency=currency, **terms
        )
        return bool(self._recorded(EntityKind.REFUND, row, given, shown))

    def _is_older(self, terms: Mapping[str, Any]) -> bool:
        day = terms.get("date")
        return isinstance(day, date) and day < self._connection.created_at.date()

    def _known_part(self, row: CounterpartRow, link: LinkRow, *, gone: bool) -> bool:
        part = self._session.get(AllocationRow, link.record_id)
        if part is None or part.origin_connection_id != self._connection.id:
            return False  # one of ours: the planner reconciles it like any record
        shown = self._read(EntityKind.ALLOCATION, row)
        if not gone and amount_of(shown.get("amount")) == part.amount:
            self._settled(link, shown)
            return False
        self._settled(link)
        crediting.deallocate(self._session, self._author, part.payment_id, part.id)
        return True

    # --- what they have in common -----------------------------------------------------------------------------------

    def _recorded(self, kind: EntityKind, row: CounterpartRow, given: PaymentInput, shown: Snapshot) -> PaymentRow:
        recorded = payments.record_payment(self._session, self._author, given, origin=payments.PACKAGE)
        recorded.origin_connection_id = self._connection.id
        self._tie(kind, recorded.id, row, shown)
        return recorded

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
        day = text_of(shown.get("date"))
        terms: dict[str, Any] = {"amount": amount_of(shown.get("amount")), "reference": text_of(shown.get("reference"))}
        if day is not None:
            terms["date"] = date.fromisoformat(day)
        return terms
