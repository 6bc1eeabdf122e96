"""Sending one record now, because a person asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from service.core.link import Edited
from service.core.ports import EntityKind, Ref
from service.store.facts import apply_to
from service.store.queries import connections as queries
from service.store.queries import links, urgents
from service.store.queries.find import find
from service.store.records import CustomerRow, InvoiceRow
from service.sync import run
from service.sync.connect import WrongState
from service.sync.platform import Platform
from service.sync.run import Asked


def send_now(
    platform: Platform, *, organisation_id: str, ref: Ref, connection_id: str | None, actor: str
) -> Sequence[Asked]:
    """Ask every live connection (or one) to send this record now, tied to it or not yet, ahead of all other work.

    A customer below a parent that was never sent takes its ancestors along.

    :raises NotFoundError: there is no such record or connection in the organisation.
    :raises WrongState: the named connection is not live, or none is.
    """
    now = platform.clock()
    with platform.database.write() as session:
        records = _with_ancestors(session, organisation_id, ref)
        if connection_id is not None:
            chosen = [queries.get(session, organisation_id, connection_id)]
        else:
            chosen = [row for row in queries.all_of(session, organisation_id) if row.state == "live"]
        if not chosen or any(row.state != "live" for row in chosen):
            message = "There is no live connection to send this to."
            raise WrongState(message)
        for connection in chosen:
            capabilities = platform.provider(connection.provider).capabilities
            for record, number in records:
                link = links.of_record(session, connection.id, record)
                if link is None:
                    links.add(
                        session,
                        connection,
                        record,
                        capabilities.family_of[record.kind],
                        generation=links.next_generation(session, connection.id, record),
                        hint=number,
                    )
                elif record == ref:
                    link.due_at = None
                    apply_to(session, link, Edited(), now=now, by=actor)
        refs = [record for record, _ in records]
        urgent = {row.id: tuple(urgents.add(session, row, refs, actor=actor, now=now)) for row in chosen}
    asked = [run.ask(platform, organisation_id=organisation_id, connection_id=one, actor=actor) for one in urgent]
    return [replace(one, urgent=urgent[one.connection_id]) for one in asked]


def _with_ancestors(session: Session, organisation_id: str, ref: Ref) -> list[tuple[Ref, str]]:
    """Return the record after the customers that have to be there first, each with a hint for its reference."""
    if ref.kind is EntityKind.INVOICE:
        invoice = find(session, InvoiceRow, organisation_id, ref.id)
        if invoice is None:
            raise queries.NotFoundError(ref.id)
        return [*_chain(session, organisation_id, invoice.customer_id), (ref, "")]
    found = _chain(session, organisation_id, ref.id)
    if not found:
        raise queries.NotFoundError(ref.id)
    return found


def _chain(session: Session, organisation_id: str, customer_id: str | None) -> list[tuple[Ref, str]]:
    chain: list[tuple[Ref, str]] = []
    while customer_id is not None:
        row = find(session, CustomerRow, organisation_id, customer_id)
        if row is None:
            break
        chain.append((Ref(kind=EntityKind.CUSTOMER, id=row.id), row.number))
        customer_id = row.parent_id
    return chain[::-1]
