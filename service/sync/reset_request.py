"""Asking for a reset: which links it ends, and why it may not be. One transaction of the caller; nothing is sent."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from service.core.errors import SyncError
from service.core.ports import EntityKind
from service.core.reset import OldCounterpart
from service.store.queries import connections as queries
from service.store.queries import find, links, resets, tree
from service.store.queries.events import Subject, add_event
from service.store.records import CustomerRow
from service.store.reset_models import ResetItemRow, ResetRow
from service.store.sync_models import ConnectionRow, LinkRow
from service.sync.connect import WrongState
from service.sync.platform import Platform
from service.sync.surroundings import label_of_link

#: Longest reason that a person may give, in characters.
WHY_LIMIT = 500
#: Sub-contacts stand alone, but they go before the customers they belong to.
_CONTACT_DEPTH = 9


class ResetRefused(SyncError):
    """A reset, its undoing or an unlinking is not possible as things stand; the message says why, nothing changed."""

    code = "reset_refused"


def begin(
    platform: Platform,
    session: Session,
    organisation_id: str,
    link_id: str,
    choice: OldCounterpart,
    *,
    with_jobs: bool,
    actor: str,
    why: str | None,
) -> ResetRow:
    """Write down that a link is to be reset.

    :raises NotFoundError: there is no such link in the organisation.
    :raises WrongState: the connection is not live.
    :raises ResetRefused: it can't be reset, or is being reset.
    """
    link = in_force(session, organisation_id, link_id)
    connection = live(session, link)
    chosen = _chosen(session, link, with_jobs=with_jobs)
    refuse_open(session, [one.id for one, _ in chosen])
    reset = note(platform, session, connection, "reset", choice, actor=actor, why=why)
    reset.with_jobs = with_jobs
    for position, (one, depth) in enumerate(chosen):
        session.add(item_of(session, reset, one, position=position, depth=depth))
    session.flush()
    tell_asked(session, reset, link)
    return reset


def _chosen(session: Session, link: LinkRow, *, with_jobs: bool) -> list[tuple[LinkRow, int]]:
    """Return the links to be reset, parents before their jobs, each with the level of its record.

    :raises ResetRefused: the link itself can't be reset.
    """
    if link.entity not in (EntityKind.CUSTOMER, EntityKind.CONTACT):
        message = (
            "Only customers, jobs and sub-contacts are sent anew by a reset. Void an invoice, or take a payment back, "
            "and enter it again."
        )
        raise ResetRefused(message)
    if link.entity == EntityKind.CONTACT:
        _require_sent(link, "It")
        return [(link, _CONTACT_DEPTH)]
    row = find.find(session, CustomerRow, link.organisation_id, link.record_id)
    if row is None or row.archived:
        message = "The record is archived or deleted here, so there would be nothing to send."
        raise ResetRefused(message)
    _require_sent(link, f"'{row.full_name}'")
    if not with_jobs:
        return [(link, row.depth)]
    below = [one for one in tree.subtree(session, row) if not one.archived]
    linked = resets.linked_customers(session, link.connection_id, [one.id for one in below])
    customers = [(linked[one.id], one.depth) for one in below if one.id in linked and _was_sent(linked[one.id])]
    people = resets.linked_contacts(session, link.connection_id, [one.id for one in below])
    return [*customers, *((one, _CONTACT_DEPTH) for one in people if _was_sent(one))]


def _was_sent(link: LinkRow) -> bool:
    return link.remote_id is not None or link.intent_open


def _require_sent(link: LinkRow, what: str) -> None:
    if not _was_sent(link):
        message = f"{what} is not sent yet, so there is nothing to reset: the next sync sends it as new."
        raise ResetRefused(message)


def in_force(session: Session, organisation_id: str, link_id: str) -> LinkRow:
    """Return a link that has not ended.

    :raises NotFoundError: there is no such link in the organisation.
    :raises ResetRefused: it has ended.
    """
    link = links.get(session, organisation_id, link_id)
    if link.retired_at is not None:
        message = "This link has ended already; look for the record's present one."
        raise ResetRefused(message)
    return link


def live(session: Session, link: LinkRow) -> ConnectionRow:
    """Return the connection of a link, which has to be live.

    :raises WrongState: it is not.
    """
    connection = queries.get(session, link.organisation_id, link.connection_id)
    if connection.state != "live" or connection.reference is None:
        state = connection.state.replace("_", " ")
        message = f"The connection is {state}, so nothing can be sent now. Bring it back to live first."
        raise WrongState(message)
    return connection


def refuse_open(session: Session, link_ids: Sequence[str]) -> None:
    """Refuse what would meddle with a reset that is under way.

    :raises ResetRefused: one of the links is about to be reset.
    """
    item = resets.open_item(session, link_ids)
    if item is not None:
        message = f"A reset of '{item.label}' is under way. Wait until it is done."
        raise ResetRefused(message)


def note(
    platform: Platform,
    session: Session,
    connection: ConnectionRow,
    kind: str,
    choice: OldCounterpart,
    *,
    actor: str,
    why: str | None,
) -> ResetRow:
    """Add a reset without its items."""
    reset = ResetRow(
        organisation_id=connection.organisation_id,
        connection_id=connection.id,
        kind=kind,
        old_counterpart=choice.value,
        if_bare=False,
        with_jobs=False,
        state="asked",
        documents=[],
        requested_by=actor,
        requested_at=platform.clock(),
        why=(why or "").strip()[:WHY_LIMIT] or None,
    )
    session.add(reset)
    session.flush()
    return reset


def item_of(session: Session, reset: ResetRow, link: LinkRow, *, position: int, depth: int) -> ResetItemRow:
    """Return the item by which a reset ends a link; it is not saved yet."""
    return ResetItemRow(
        organisation_id=reset.organisation_id,
        reset_id=reset.id,
        position=position,
        link_id=link.id,
        entity=link.entity,
        record_id=link.record_id,
        label=label_of_link(session, reset.organisation_id, link),
        depth=depth,
        remote_id=link.remote_id,
        remote_name=link.remote_name,
    )


def tell_asked(session: Session, reset: ResetRow, link: LinkRow) -> None:
    """Write into the audit trail who asked for a reset, and with which choice."""
    add_event(
        session,
        organisation_id=reset.organisation_id,
        at=reset.requested_at,
        actor=reset.requested_by,
        verb="reset asked for" if reset.kind == "reset" else "undoing of the reset asked for",
        subject=Subject(kind=link.entity, id=link.record_id, label=label_of_link(session, link.organisation_id, link)),
        link_id=link.id,
        connection_id=link.connection_id,
        before={"generation": link.generation, "remote_id": link.remote_id},
        after={"old_counterpart": reset.old_counterpart, "with_jobs": reset.with_jobs},
        why=reset.why,
    )
