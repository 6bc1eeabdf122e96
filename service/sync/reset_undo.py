"""Asking for a reset to be undone: which lives are taken up again, and why that may not be possible any more."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.core.ports import Family
from service.core.reset import OldCounterpart
from service.store.queries import counterparts, links, resets
from service.store.reset_models import ResetItemRow, ResetRow
from service.store.sync_models import ConnectionRow, LinkRow
from service.sync.cases import ground_of
from service.sync.platform import Platform
from service.sync.reset_request import ResetRefused, item_of, live, note, refuse_open, tell_asked
from service.sync.surroundings import label_of_link


def begin_undo(
    platform: Platform,
    session: Session,
    organisation_id: str,
    link_id: str,
    choice: OldCounterpart | None,
    *,
    actor: str,
    why: str | None,
) -> ResetRow:
    """Write down that a reset is to be undone.

    :raises NotFoundError: there is no such link in the organisation.
    :raises WrongState: the connection is not live.
    :raises ResetRefused: there is nothing to undo, or it can't be undone any more.
    """
    given = links.get(session, organisation_id, link_id)
    present = links.generations(session, given)[0]
    refuse_open(session, [present.id])
    made = resets.made_by(session, present.id)
    undone = None if made is None else resets.get(session, organisation_id, made.reset_id)
    if present.retired_at is not None or undone is None:
        message = "The record's present link was not made by a reset, so there is nothing to undo."
        raise ResetRefused(message)
    if undone.kind == "undo":
        message = "The reset was undone already. To send the record as a new one again, reset it again."
        raise ResetRefused(message)
    connection = live(session, present)
    if choice is OldCounterpart.LEAVE and undone.old_counterpart != OldCounterpart.LEAVE:
        choice = OldCounterpart.RENAME  # it has the name that the former counterpart takes back
    former = _former_lives(platform, session, connection, undone)
    reset = note(platform, session, connection, "undo", choice or OldCounterpart.ARCHIVE, actor=actor, why=why)
    reset.if_bare, reset.undoes_id, reset.with_jobs = choice is None, undone.id, undone.with_jobs
    if undone.finished_at is None:  # what it still wanted to archive is what is tied again now
        undone.state, undone.finished_at = "done", platform.clock()
    for old, now_there, back_to in former:
        item = item_of(session, reset, now_there, position=old.position, depth=old.depth)
        item.back_to_link_id = back_to.id
        session.add(item)
    session.flush()
    tell_asked(session, reset, present)
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
