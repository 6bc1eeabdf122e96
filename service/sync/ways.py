"""What the connected packages could do for invoices that are to be mailed, as far as is known here: no call is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy.orm import Session

from service.core.letter import MailRules, Offer, Reach
from service.core.link import Dot
from service.core.model import Invoice
from service.core.ports import EntityKind, Family, RemoteRecord
from service.store.queries import counterparts
from service.store.queries.states import SyncState, sync_states
from service.sync.platform import Platform

_PEOPLE = frozenset({"to", "cc"})


def offers_of(
    platform: Platform, session: Session, organisation_id: str, invoices: Iterable[Invoice]
) -> dict[str, list[Offer]]:
    """Return what each live connection could do for each invoice, by invoice id, oldest connection first."""
    wanted = {invoice.id: invoice for invoice in invoices}
    states = sync_states(session, organisation_id, EntityKind.INVOICE, list(wanted))
    live = {
        state.connection.id: state.connection
        for found in states.values()
        for state in found
        if state.connection.state == "live"
    }
    offers: dict[str, list[Offer]] = {invoice_id: [] for invoice_id in wanted}
    for connection in sorted(live.values(), key=lambda row: row.id):
        provider = platform.provider(connection.provider)
        if provider.mail is None:
            continue
        here = {
            invoice_id: next((one for one in found if one.connection.id == connection.id), None)
            for invoice_id, found in states.items()
        }
        documents, people = _there(session, connection.id, provider.mail, here.values())
        for invoice_id, state in here.items():
            if state is not None:
                number = wanted[invoice_id].number
                offers[invoice_id].append(
                    _offer(state, number, provider.package, provider.mail, documents=documents, people=people)
                )
    return offers


def _there(
    session: Session, connection_id: str, rules: MailRules, states: Iterable[SyncState | None]
) -> tuple[Mapping[str, RemoteRecord], Mapping[str, RemoteRecord]]:
    """Return the invoices there, and the customers whose addresses count for them, by id."""
    ids = [state.link.remote_id for state in states if state is not None and state.link and state.link.remote_id]
    documents = _records(session, connection_id, Family.INVOICE, ids)
    named = [found for one in documents.values() if (found := rules.addressee(one)) is not None]
    return documents, _records(session, connection_id, Family.CUSTOMER, named)


def _records(session: Session, connection_id: str, family: Family, ids: Sequence[str]) -> dict[str, RemoteRecord]:
    found = counterparts.by_remote_ids(session, connection_id, family, ids)
    return {remote_id: counterparts.record_of(row) for remote_id, row in found.items()}


def _offer(
    state: SyncState,
    number: str,
    package: str,
    rules: MailRules,
    *,
    documents: Mapping[str, RemoteRecord],
    people: Mapping[str, RemoteRecord],
) -> Offer:
    link = state.link
    there = documents.get(link.remote_id or "") if link is not None else None
    losses = tuple(loss["reason"] for loss in link.losses if loss["field"] in _PEOPLE) if link is not None else ()
    behind = None
    if there is None or there.deleted:
        behind = f"{number} is not in {package} yet."
    elif state.dot is not Dot.GREEN:
        behind = f"{number} is not in step with {package} at the moment; sync it first."
    reach = Reach(fault=behind) if there is None else rules.reach(there, people.get(rules.addressee(there) or ""))
    return Offer(connection_id=state.connection.id, package=package, reach=reach, behind=behind, losses=losses)
