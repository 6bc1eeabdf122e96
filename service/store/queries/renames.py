"""Names that are about to change at a package: what each customer there is called, and what ours is called by now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from service.core.ports import EntityKind
from service.store.records import ContactRow, CustomerRow
from service.store.sync_models import ConnectionRow, CounterpartRow, LinkRow


@dataclass(frozen=True, slots=True, kw_only=True)
class NameThere:
    """A tied customer or contact that waits for a sync."""

    remote_id: str
    there: str  #: its name there
    key: str  #: the same, folded
    path: tuple[str, ...]  #: our names, from the client down to it
    archived: bool


def names_waiting(session: Session, connection: ConnectionRow) -> Iterator[NameThere]:
    """Yield the names of everybody who is due, has an active counterpart and waits for nobody's answer."""
    customers = _tied(
        select(
            LinkRow.remote_id, CounterpartRow.name, CounterpartRow.name_key, CustomerRow.full_name, CustomerRow.archived
        ).join(CustomerRow, CustomerRow.id == LinkRow.record_id),
        connection,
        EntityKind.CUSTOMER,
    )
    for remote_id, name, key, full_name, archived in session.execute(customers):
        yield NameThere(remote_id=remote_id, there=name, key=key, path=tuple(full_name.split(":")), archived=archived)
    people = _tied(
        select(LinkRow.remote_id, CounterpartRow.name, CounterpartRow.name_key, ContactRow, CustomerRow)
        .join(ContactRow, ContactRow.id == LinkRow.record_id)
        .join(CustomerRow, CustomerRow.id == ContactRow.customer_id),
        connection,
        EntityKind.CONTACT,
    )
    for remote_id, name, key, contact, customer in session.execute(people):
        person = (
            " ".join(part for part in (contact.first_name, contact.last_name) if part) or contact.email or "Contact"
        )
        path = (*customer.full_name.split(":"), person.replace(":", " "))
        yield NameThere(remote_id=remote_id, there=name, key=key, path=path, archived=customer.archived)


def _tied(query: Any, connection: ConnectionRow, kind: EntityKind) -> Select[Any]:
    tied: Select[Any] = query.join(
        CounterpartRow,
        and_(
            CounterpartRow.connection_id == LinkRow.connection_id,
            CounterpartRow.family == LinkRow.family,
            CounterpartRow.remote_id == LinkRow.remote_id,
        ),
    ).where(
        LinkRow.connection_id == connection.id,
        LinkRow.entity == kind.value,
        LinkRow.retired_at.is_(None),
        LinkRow.open_problem_id.is_(None),
        or_(LinkRow.wanted > LinkRow.confirmed, LinkRow.heard > LinkRow.settled),
        CounterpartRow.active.is_(True),
        CounterpartRow.name.is_not(None),
    )
    return tied
