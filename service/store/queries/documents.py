"""The documents that name an entity at a package as their customer."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from service.store.queries.find import chunks
from service.store.queries.tree import below_of
from service.store.records import ContactRow, CustomerRow, InvoiceRow, PaymentRow
from service.store.sync_models import LinkRow


def documents_of(
    session: Session, connection_id: str, family: str, remote_ids: Collection[str]
) -> dict[str, list[str]]:
    """Return the counterparts of documents whose customer is tied to one of the entities, by their family.

    Documents of jobs are among them: where jobs have no counterpart of their own, they name their client's.
    """
    found: dict[str, list[str]] = {}
    for part in chunks(list(remote_ids)):
        tied = select(LinkRow.record_id).where(
            LinkRow.connection_id == connection_id,
            LinkRow.family == family,
            LinkRow.remote_id.in_(part),
            LinkRow.retired_at.is_(None),
        )
        people = select(ContactRow.customer_id).where(ContactRow.id.in_(tied))
        for customer in session.scalars(
            select(CustomerRow).where(or_(CustomerRow.id.in_(tied), CustomerRow.id.in_(people)))
        ):
            below = select(CustomerRow.id).where(or_(CustomerRow.id == customer.id, below_of(customer)))
            documents = select(InvoiceRow.id).where(InvoiceRow.customer_id.in_(below))
            money = select(PaymentRow.id).where(PaymentRow.customer_id.in_(below))
            links = session.execute(
                select(LinkRow.family, LinkRow.remote_id).where(
                    LinkRow.connection_id == connection_id,
                    LinkRow.retired_at.is_(None),
                    LinkRow.remote_id.is_not(None),
                    or_(LinkRow.record_id.in_(documents), LinkRow.record_id.in_(money)),
                )
            )
            for of_family, remote_id in links:
                found.setdefault(of_family, []).append(remote_id or "")
    return found
