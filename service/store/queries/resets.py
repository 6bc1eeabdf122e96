"""Resets: which are under way, what they began, and the former counterparts of records."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from service.core.ports import EntityKind, Family, Ref
from service.store.queries.connections import NotFoundError
from service.store.queries.find import chunks
from service.store.records import ContactRow, CustomerRow, InvoiceRow, PaymentRow
from service.store.reset_models import ResetItemRow, ResetRow
from service.store.sync_models import CallRow, CounterpartRow, IntentRow, LinkRow

_IN_FORCE = LinkRow.retired_at.is_(None)


@dataclass(slots=True)
class FormerLives:
    """The counterparts that a record had in earlier generations."""

    remote_ids: set[str] = field(default_factory=set)
    gone: bool = False  #: one of them is no more there: whatever named it was given to another one


def get(session: Session, organisation_id: str, reset_id: str) -> ResetRow:
    """Return a reset of the organisation.

    :raises NotFoundError: unknown, or another organisation's.
    """
    row = session.scalar(select(ResetRow).where(ResetRow.id == reset_id, ResetRow.organisation_id == organisation_id))
    if row is None:
        raise NotFoundError(reset_id)
    return row


def items(session: Session, reset_id: str) -> Sequence[ResetItemRow]:
    """Return the items of a reset, parents before their jobs."""
    return session.scalars(
        select(ResetItemRow).where(ResetItemRow.reset_id == reset_id).order_by(ResetItemRow.position)
    ).all()


def under_way(session: Session, connection_id: str, *states: str) -> Sequence[ResetRow]:
    """Return the resets of a connection that are not finished and in one of the states, oldest first."""
    return session.scalars(
        select(ResetRow)
        .where(ResetRow.connection_id == connection_id, ResetRow.finished_at.is_(None), ResetRow.state.in_(states))
        .order_by(ResetRow.requested_at, ResetRow.id)
    ).all()


def open_item(session: Session, link_ids: Collection[str]) -> ResetItemRow | None:
    """Return an item by which one of the links is about to be reset."""
    for part in chunks(link_ids):
        row = session.scalar(
            select(ResetItemRow).where(ResetItemRow.link_id.in_(part), ResetItemRow.closed_at.is_(None)).limit(1)
        )
        if row is not None:
            return row
    return None


def made_by(session: Session, link_id: str) -> ResetItemRow | None:
    """Return the item of the reset that began a link."""
    return session.scalar(select(ResetItemRow).where(ResetItemRow.new_link_id == link_id))


def of_record(session: Session, link: LinkRow) -> Sequence[ResetRow]:
    """Return the resets of the record that a link belongs to, newest first."""
    mine = select(ResetItemRow.reset_id).where(
        ResetItemRow.entity == link.entity, ResetItemRow.record_id == link.record_id
    )
    return session.scalars(
        select(ResetRow)
        .where(ResetRow.connection_id == link.connection_id, ResetRow.id.in_(mine))
        .order_by(ResetRow.requested_at.desc(), ResetRow.id.desc())
    ).all()


def former_lives(session: Session, connection_id: str, refs: Collection[Ref]) -> dict[Ref, FormerLives]:
    """Return the counterparts of earlier generations, of those records that had any."""
    found: dict[Ref, FormerLives] = {}
    for kind in {ref.kind for ref in refs}:
        for part in chunks([ref.id for ref in refs if ref.kind is kind]):
            rows = session.execute(
                select(LinkRow.record_id, LinkRow.remote_id, CounterpartRow.deleted, CounterpartRow.merged_into)
                .outerjoin(
                    CounterpartRow,
                    and_(
                        CounterpartRow.connection_id == LinkRow.connection_id,
                        CounterpartRow.family == LinkRow.family,
                        CounterpartRow.remote_id == LinkRow.remote_id,
                    ),
                )
                .where(
                    LinkRow.connection_id == connection_id,
                    LinkRow.entity == kind.value,
                    LinkRow.record_id.in_(part),
                    LinkRow.retired_at.is_not(None),
                    LinkRow.remote_id.is_not(None),
                )
            )
            for record_id, remote_id, deleted, merged_into in rows:
                lives = found.setdefault(Ref(kind=kind, id=record_id), FormerLives())
                lives.remote_ids.add(str(remote_id))
                lives.gone |= bool(deleted) or merged_into is not None
    return found


def linked_contacts(session: Session, connection_id: str, customer_ids: Collection[str]) -> Sequence[LinkRow]:
    """Return the links in force of the people of customers that have counterparts of their own."""
    found: list[LinkRow] = []
    for part in chunks(customer_ids):
        found += session.scalars(
            select(LinkRow)
            .join(ContactRow, ContactRow.id == LinkRow.record_id)
            .where(
                LinkRow.connection_id == connection_id,
                LinkRow.entity == EntityKind.CONTACT.value,
                ContactRow.customer_id.in_(part),
                _IN_FORCE,
            )
            .order_by(LinkRow.id)
        )
    return found


def linked_customers(session: Session, connection_id: str, customer_ids: Collection[str]) -> dict[str, LinkRow]:
    """Return the links in force of customers, by customer id."""
    found: dict[str, LinkRow] = {}
    for part in chunks(customer_ids):
        rows = session.scalars(
            select(LinkRow).where(
                LinkRow.connection_id == connection_id,
                LinkRow.entity == EntityKind.CUSTOMER.value,
                LinkRow.record_id.in_(part),
                _IN_FORCE,
            )
        )
        found.update({row.record_id: row for row in rows})
    return found


def customers_of_contacts(session: Session, organisation_id: str, contact_ids: Collection[str]) -> set[str]:
    """Return the customers that people belong to."""
    return {
        customer_id
        for part in chunks(contact_ids)
        for customer_id in session.scalars(
            select(ContactRow.customer_id).where(ContactRow.organisation_id == organisation_id, ContactRow.id.in_(part))
        )
    }


def children(session: Session, parent_ids: Collection[str]) -> Sequence[str]:
    """Return the ids of the customers right below any of these."""
    return [
        record_id
        for part in chunks(parent_ids)
        for record_id in session.scalars(select(CustomerRow.id).where(CustomerRow.parent_id.in_(part)))
    ]


def roots(session: Session, organisation_id: str, customer_ids: Collection[str]) -> set[str]:
    """Return the clients at the top of the trees that customers belong to."""
    return {
        root_id
        for part in chunks(customer_ids)
        for root_id in session.scalars(
            select(CustomerRow.root_id).where(CustomerRow.organisation_id == organisation_id, CustomerRow.id.in_(part))
        )
    }


def invoices_in_trees(
    session: Session, connection_id: str, root_ids: Collection[str]
) -> Sequence[tuple[LinkRow, InvoiceRow]]:
    """Return the invoices of whole trees of customers that have counterparts, oldest first."""
    found: list[tuple[LinkRow, InvoiceRow]] = []
    for part in chunks(root_ids):
        rows = session.execute(
            select(LinkRow, InvoiceRow)
            .join(InvoiceRow, InvoiceRow.id == LinkRow.record_id)
            .join(CustomerRow, CustomerRow.id == InvoiceRow.customer_id)
            .where(
                LinkRow.connection_id == connection_id,
                LinkRow.entity == EntityKind.INVOICE.value,
                LinkRow.remote_id.is_not(None),
                _IN_FORCE,
                CustomerRow.root_id.in_(part),
            )
            .order_by(InvoiceRow.issue_date, InvoiceRow.id)
        )
        found += [(link, invoice) for link, invoice in rows]
    return found


def payments_in_trees(
    session: Session, connection_id: str, root_ids: Collection[str]
) -> Sequence[tuple[LinkRow, PaymentRow]]:
    """Return the payments of whole trees of customers that have counterparts, oldest first."""
    found: list[tuple[LinkRow, PaymentRow]] = []
    for part in chunks(root_ids):
        rows = session.execute(
            select(LinkRow, PaymentRow)
            .join(PaymentRow, PaymentRow.id == LinkRow.record_id)
            .join(CustomerRow, CustomerRow.id == PaymentRow.customer_id)
            .where(
                LinkRow.connection_id == connection_id,
                LinkRow.entity == EntityKind.PAYMENT.value,
                LinkRow.remote_id.is_not(None),
                _IN_FORCE,
                CustomerRow.root_id.in_(part),
            )
            .order_by(PaymentRow.date, PaymentRow.id)
        )
        found += [(link, payment) for link, payment in rows]
    return found


def hanging_on(session: Session, link: LinkRow) -> list[LinkRow]:
    """Return the links in force of what may name a link's counterpart: jobs below it, invoices, payments."""
    match EntityKind(link.entity):
        case EntityKind.CUSTOMER:
            owners = {link.record_id}
        case EntityKind.CONTACT:
            owners = customers_of_contacts(session, link.organisation_id, [link.record_id])
        case EntityKind.INVOICE:
            owners = {session.get_one(InvoiceRow, link.record_id).customer_id}
        case _:
            return []  # nothing hangs on a payment
    top = roots(session, link.organisation_id, owners)
    payments = [payment for payment, _ in payments_in_trees(session, link.connection_id, top)]
    if link.entity == EntityKind.INVOICE:
        return payments
    invoices = [invoice for invoice, _ in invoices_in_trees(session, link.connection_id, top)]
    jobs = linked_customers(session, link.connection_id, children(session, owners)).values()
    return [*jobs, *invoices, *payments]


def active_below(session: Session, connection_id: str, family: Family, remote_id: str) -> Sequence[str]:
    """Return the ids of the entities there that hang right below one and are not archived."""
    return session.scalars(
        select(CounterpartRow.remote_id).where(
            CounterpartRow.connection_id == connection_id,
            CounterpartRow.family == family.value,
            CounterpartRow.parent_id == remote_id,
            CounterpartRow.active.is_(True),
            CounterpartRow.deleted.is_(False),
        )
    ).all()


def last_intent(session: Session, link_id: str) -> IntentRow | None:
    """Return what was last sent for a link."""
    return session.scalar(
        select(IntentRow).where(IntentRow.link_id == link_id).order_by(IntentRow.sequence.desc()).limit(1)
    )


def count_tries(session: Session, link_id: str, *, since: datetime) -> int:
    """Count the runs that have sent something for a link since a moment: in one, trouble repeats itself."""
    query = (
        select(func.count(CallRow.run_id.distinct()))
        .join(IntentRow, IntentRow.call_id == CallRow.id)
        .where(IntentRow.link_id == link_id, IntentRow.created_at >= since)
    )
    return session.scalar(query) or 0
