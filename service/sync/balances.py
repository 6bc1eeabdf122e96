"""What is due of an invoice follows what is due of it there, where nothing that is known explains the difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from sqlalchemy.orm import Session

from service.core.model import PaymentKind
from service.core.ports import EntityKind, Family
from service.core.snapshot import Snapshot, Value, from_json
from service.records import payments
from service.records.author import Author
from service.records.inputs import PaymentInput
from service.store.credit_models import AllocationRow
from service.store.queries import allocations, counterparts, links
from service.store.records import PaymentRow
from service.store.sync_models import ConnectionRow, CounterpartRow, LinkRow
from service.sync.cases import Ground

#: How what the package counts as settled without naming a payment is called here.
_BALANCING = "Recorded in {package}"


class Balances:
    """The invoices of one connection in one transaction, once the money that is known there was taken in."""

    def __init__(self, session: Session, ground: Ground, connection: ConnectionRow, author: Author) -> None:
        """Begin with nothing looked at."""
        self._session, self._ground, self._connection, self._author = session, ground, connection, author

    def follow(self) -> int:
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
        shown = self._ground.mappers[EntityKind.INVOICE].read(counterparts.record_of(row), self._ground.reading)
        total, due = amount_of(shown.get("total")), amount_of(shown.get("amount_due"))
        if total is None or due is None or shown.get("status") == "voided":
            return Decimal(0)
        connection = self._connection
        known = links.payments_known_there(self._session, connection, link.record_id)
        parts = allocations.known_there(self._session, connection, link.record_id)
        there = self._as_there([tie for payment, tie in known if tie is not None])
        invoice = link.remote_id or ""
        settled = sum(
            (_settles(connection, one, there.get((tie and tie.remote_id) or ""), invoice) for one, tie in known),
            Decimal(0),
        )
        settled += sum((_part_settles(connection, part, tie) for part, tie in parts), Decimal(0))
        return total - due - settled

    def _as_there(self, ties: Sequence[LinkRow]) -> Mapping[str, Snapshot]:
        """Return payments as they are known to be there now, by their ids there."""
        mapper = self._ground.mappers[EntityKind.PAYMENT]
        family = self._ground.capabilities.family_of[EntityKind.PAYMENT]
        ids = [tie.remote_id for tie in ties if tie.remote_id is not None]
        rows = counterparts.by_remote_ids(self._session, self._connection.id, family, ids)
        return {one: mapper.read(counterparts.record_of(row), self._ground.reading) for one, row in rows.items()}


def _part_settles(connection: ConnectionRow, part: AllocationRow, link: LinkRow | None) -> Decimal:
    """Return what a part of a credit settles there, as far as both sides have agreed on it."""
    if part.origin_connection_id == connection.id:
        return Decimal(0) if part.removed else part.amount
    agreed = None if link is None or link.baseline is None else from_json(link.baseline)
    if agreed is None or not agreed.active:
        return Decimal(0)
    return amount_of(agreed.get("amount")) or part.amount


def _settles(connection: ConnectionRow, payment: PaymentRow, there: Snapshot | None, invoice: str) -> Decimal:
    """Return how much of an invoice a payment is known to settle there.

    One of ours counts as it stands there, whatever was done to it here since: the package is told that later.

    :param there: one of ours as it is known to be there.
    :param invoice: its id there.
    """
    if payment.origin_connection_id == connection.id:
        return Decimal(0) if payment.removed or payment.invoice_id is None else payment.amount
    return Decimal(0) if there is None or not there.active else shares_of(there).get(invoice, Decimal(0))


def shares_of(shown: Snapshot) -> Mapping[str, Decimal]:
    """Return what a payment there settles, by the id of the invoice there."""
    applied, invoice = shown.get("applied"), text_of(shown.get("invoice"))
    if isinstance(applied, tuple):
        shares: dict[str, Decimal] = {}
        for part in applied:
            if isinstance(part, tuple):
                shares[str(part[0])] = shares.get(str(part[0]), Decimal(0)) + (amount_of(part[1]) or Decimal(0))
        return shares
    return {} if invoice is None else {invoice: amount_of(shown.get("amount")) or Decimal(0)}


def text_of(value: Value) -> str | None:
    """Return a value of a snapshot as text."""
    return None if value is None else str(value)


def amount_of(value: Value) -> Decimal | None:
    """Return a value of a snapshot as an amount, if it is one."""
    return None if value is None or isinstance(value, tuple | bool) else Decimal(str(value))
