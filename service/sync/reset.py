"""Resets: giving up a counterpart and sending the record as a new one, taking that back, and unlinking.

What is asked for is written down and done by a run; a dry run takes the same steps and throws them away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.core.errors import SyncError
from service.core.ports import EntityKind, Family
from service.core.reset import OldCounterpart
from service.store.queries import connections as queries
from service.store.queries import counterparts, find, links, resets, tree
from service.store.queries.events import Subject, add_event
from service.store.records import CustomerRow
from service.store.reset_models import ResetItemRow, ResetRow
from service.store.sync_models import ConnectionRow, LinkRow
from service.sync import run
from service.sync.connect import WrongState
from service.sync.platform import Platform
from service.sync.reset_plan import ResetPlan, rehearse
from service.sync.surroundings import label_of_link
from service.sync.work import ground_of

#: Longest reason that a person may give, in characters.
WHY_LIMIT = 500


class ResetRefused(SyncError):
    """A reset, its undoing or an unlinking is not possible as things stand; the message says why, nothing changed."""

    code = "reset_refused"


@dataclass(frozen=True, slots=True)
class AskedReset:
    """What was written down, and the run that will do it."""

    reset_id: str
    run_id: str
    connection_id: str


def reset_link(
    platform: Platform,
    *,
    organisation_id: str,
    link_id: str,
    old_counterpart: OldCounterpart | str = OldCounterpart.RENAME,
    with_jobs: bool = False,
    actor: str,
    why: str | None = None,
) -> AskedReset:
    """Ask for a reset of a record's link, or of a client's with those of its jobs and their sub-contacts.

    :raises NotFoundError: there is no such link in the organisation.
    :raises WrongState: the connection is not live.
    :raises ResetRefused: it can't be reset, or is being reset.
    """
    choice = OldCounterpart(old_counterpart)
    with platform.database.write() as session:
        row = _begin(platform, session, organisation_id, link_id, choice, with_jobs=with_jobs, actor=actor, why=why)
        asked = row.id, row.connection_id
    return _ask(platform, organisation_id, *asked, actor=actor)


def plan_reset(
    platform: Platform,
    *,
    organisation_id: str,
    link_id: str,
    old_counterpart: OldCounterpart | str = OldCounterpart.RENAME,
    with_jobs: bool = False,
    actor: str = "",
) -> ResetPlan:
    """Return what ``reset_link`` would do; writes nothing anywhere and makes no call. Raises what that raises."""
    choice = OldCounterpart(old_counterpart)
    return rehearse(
        platform,
        lambda session: _begin(
            platform, session, organisation_id, link_id, choice, with_jobs=with_jobs, actor=actor, why=None
        ),
    )


def undo_reset(
    platform: Platform,
    *,
    organisation_id: str,
    link_id: str,
    new_counterpart: OldCounterpart | str | None = None,
    actor: str,
    why: str | None = None,
) -> AskedReset:
    """Ask for a record, and all that was reset with it, to be tied to the former counterparts again.

    :param new_counterpart: what becomes of those that the reset made; archived if nothing hangs on them unless given.
    :raises NotFoundError: there is no such link in the organisation.
    :raises WrongState: the connection is not live.
    :raises ResetRefused: there is nothing to undo, or it can't be undone any more.
    """
    choice = None if new_counterpart is None else OldCounterpart(new_counterpart)
    with platform.database.write() as session:
        row = _begin_undo(platform, session, organisation_id, link_id, choice, actor=actor, why=why)
        asked = row.id, row.connection_id
    return _ask(platform, organisation_id, *asked, actor=actor)


def plan_undo(
    platform: Platform,
    *,
    organisation_id: str,
    link_id: str,
    new_counterpart: OldCounterpart | str | None = None,
    actor: str = "",
) -> ResetPlan:
    """Return what ``undo_reset`` would do; writes nothing anywhere and makes no call. Raises what that raises."""
    choice = None if new_counterpart is None else OldCounterpart(new_counterpart)
    return rehearse(
        platform,
        lambda session: _begin_undo(platform, session, organisation_id, link_id, choice, actor=actor, why=None),
    )


def unlink(platform: Platform, *, organisation_id: str, link_id: str, actor: str, why: str | None = None) -> LinkRow:
    """End a link: nothing of the record is sent or taken in any more until somebody sends or links it again.

    :raises NotFoundError: there is no such link in the organisation.
    :raises ResetRefused: it has ended already, or is being reset.
    """
    now = platform.clock()
    with platform.database.write() as session:
        link = _in_force(session, organisation_id, link_id)
        label = label_of_link(session, organisation_id, link)
        _refuse_open(session, [link.id])
        links.close_problem(session, link, now=now, by=actor)
        link.retired_at, link.retired_why = now, "unlinked"
        add_event(
            session,
            organisation_id=organisation_id,
            at=now,
            actor=actor,
            verb="unlinked",
            subject=Subject(kind=link.entity, id=link.record_id, label=label),
            link_id=link.id,
            connection_id=link.connection_id,
            before={"generation": link.generation, "remote_id": link.remote_id},
            after={"remote_id": None},
            why=why,
        )
        return link


def _ask(platform: Platform, organisation_id: str, reset_id: str, connection_id: str, *, actor: str) -> AskedReset:
    asked = run.ask(
        platform,
        organisation_id=organisation_id,
        connection_id=connection_id,
        kind="reset",
        actor=actor,
        options={"reset_id": reset_id},
    )
    return AskedReset(reset_id, asked.run_id, connection_id)


def _begin(
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
    link = _in_force(session, organisation_id, link_id)
    connection = _live(session, link)
    chosen = _chosen(session, link, with_jobs=with_jobs)
    _refuse_open(session, [one.id for one, _ in chosen])
    reset = _note(platform, session, connection, "reset", choice, actor=actor, why=why)
    reset.with_jobs = with_jobs
    for position, (one, depth) in enumerate(chosen):
        session.add(_item(session, reset, one, position=position, depth=depth))
    session.flush()
    _tell_asked(session, reset, link)
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


#: Sub-contacts stand alone, but they go before the customers they belong to.
_CONTACT_DEPTH = 9


def _was_sent(link: LinkRow) -> bool:
    return link.remote_id is not None or link.intent_open


def _require_sent(link: LinkRow, what: str) -> None:
    if not _was_sent(link):
        message = f"{what} is not sent yet, so there is nothing to reset: the next sync sends it as new."
        raise ResetRefused(message)


def _in_force(session: Session, organisation_id: str, link_id: str) -> LinkRow:
    link = links.get(session, organisation_id, link_id)
    if link.retired_at is not None:
        message = "This link has ended already; look for the record's present one."
        raise ResetRefused(message)
    return link


def _live(session: Session, link: LinkRow) -> ConnectionRow:
    connection = queries.get(session, link.organisation_id, link.connection_id)
    if connection.state != "live" or connection.reference is None:
        state = connection.state.replace("_", " ")
        message = f"The connection is {state}, so nothing can be sent now. Bring it back to live first."
        raise WrongState(message)
    return connection


def _refuse_open(session: Session, link_ids: Sequence[str]) -> None:
    item = resets.open_item(session, link_ids)
    if item is not None:
        message = f"A reset of '{item.label}' is under way. Wait until it is done."
        raise ResetRefused(message)


def _note(
    platform: Platform,
    session: Session,
    connection: ConnectionRow,
    kind: str,
    choice: OldCounterpart,
    *,
    actor: str,
    why: str | None,
) -> ResetRow:
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


def _item(session: Session, reset: ResetRow, link: LinkRow, *, position: int, depth: int) -> ResetItemRow:
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


def _tell_asked(session: Session, reset: ResetRow, link: LinkRow) -> None:
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


def _begin_undo(
    platform: Platform,
    session: Session,
    organisation_id: str,
    link_id: str,
    choice: OldCounterpart | None,
    *,
    actor: str,
    why: str | None,
) -> ResetRow:
    given = links.get(session, organisation_id, link_id)
    present = links.generations(session, given)[0]
    _refuse_open(session, [present.id])
    made = resets.made_by(session, present.id)
    undone = None if made is None else resets.get(session, organisation_id, made.reset_id)
    if present.retired_at is not None or undone is None:
        message = "The record's present link was not made by a reset, so there is nothing to undo."
        raise ResetRefused(message)
    if undone.kind == "undo":
        message = "The reset was undone already. To send the record as a new one again, reset it again."
        raise ResetRefused(message)
    connection = _live(session, present)
    former = _former_lives(platform, session, connection, undone)
    reset = _note(platform, session, connection, "undo", choice or OldCounterpart.ARCHIVE, actor=actor, why=why)
    reset.if_bare, reset.undoes_id, reset.with_jobs = choice is None, undone.id, undone.with_jobs
    if undone.finished_at is None:  # what it still wanted to archive is what is tied again now
        undone.state, undone.finished_at = "done", platform.clock()
    for old, now_there, back_to in former:
        item = _item(session, reset, now_there, position=old.position, depth=old.depth)
        item.back_to_link_id = back_to.id
        session.add(item)
    session.flush()
    _tell_asked(session, reset, present)
    return reset


def _former_lives(
    platform: Platform, session: Session, connection: ConnectionRow, undone: ResetRow
) -> list[tuple[ResetItemRow, LinkRow, LinkRow]]:
    """Return for each item of a reset the link in force and the one whose counterpart is tied again.

    :raises ResetRefused: one of them can't be tied again; the sentence says which and why.
    """
    found = []
    for item in resets.items(session, undone.id):
        present = session.get_one(LinkRow, item.new_link_id)
        former = session.get_one(LinkRow, item.link_id)
        if present.retired_at is not None:
            message = f"'{item.label}' was reset, tied anew or unlinked since, so the reset can't be undone as a whole."
            raise ResetRefused(message)
        why = _why_not_again(platform, session, connection, item, former)
        if why is not None:
            raise ResetRefused(why)
        found.append((item, present, former))
    return found


def _why_not_again(
    platform: Platform, session: Session, connection: ConnectionRow, item: ResetItemRow, former: LinkRow
) -> str | None:
    """Return why a record can't be tied to its former counterpart again, as a sentence that says what is possible."""
    ground = ground_of(platform, session, connection)
    package, family = ground.capabilities.package, Family(former.family)
    name = item.released_name or item.remote_name or item.label
    remote_id = former.remote_id
    if remote_id is None:
        return f"'{item.label}' had no record in {package} before the reset, so there is none to go back to."
    there = counterparts.by_remote_ids(session, connection.id, family, [remote_id]).get(remote_id)
    if there is None or there.deleted or there.merged_into is not None:
        return _gone(name, package, merged=there is not None and there.merged_into is not None)
    holder = links.by_remote_ids(session, connection.id, family, [remote_id]).get(remote_id)
    if holder is not None:
        whose = label_of_link(session, connection.organisation_id, holder)
        return f"'{name}' is tied to '{whose}' now. Unlink that first, then undo the reset."
    if not there.active and not ground.capabilities.restores_customers:
        return (
            f"'{name}' is archived in {package}, where only a person can restore it. "
            "Restore it there, wait for a sync, then undo the reset."
        )
    return None


def _gone(name: str, package: str, *, merged: bool) -> str:
    if not merged:
        return f"'{name}' is gone in {package}, so it can't be tied again. The record stays with the new one."
    return (
        f"'{name}' was merged into another record in {package} since, so it can't be tied again. "
        "Unlink the record and link it to that one, if it is the right one."
    )
