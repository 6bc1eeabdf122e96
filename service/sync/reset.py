"""Resets: giving up a counterpart and sending the record as a new one, taking that back, and unlinking.

What is asked for is written down and done by a run; a dry run takes the same steps and throws them away.
"""

from __future__ import annotations

from dataclasses import dataclass

from service.core.link import Reset
from service.core.reset import OldCounterpart
from service.store.facts import apply_to
from service.store.queries.events import Subject, add_event
from service.store.sync_models import LinkRow
from service.sync import run
from service.sync.platform import Platform
from service.sync.reset_plan import ResetPlan, rehearse
from service.sync.reset_request import WHY_LIMIT, ResetRefused, begin, in_force, refuse_open
from service.sync.reset_undo import begin_undo
from service.sync.surroundings import label_of_link

__all__ = [
    "WHY_LIMIT",
    "AskedReset",
    "ResetRefused",
    "plan_reset",
    "plan_undo",
    "reset_link",
    "undo_reset",
    "unlink",
]


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
        row = begin(platform, session, organisation_id, link_id, choice, with_jobs=with_jobs, actor=actor, why=why)
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
        lambda session: begin(
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
        row = begin_undo(platform, session, organisation_id, link_id, choice, actor=actor, why=why)
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
        lambda session: begin_undo(platform, session, organisation_id, link_id, choice, actor=actor, why=None),
    )


def unlink(platform: Platform, *, organisation_id: str, link_id: str, actor: str, why: str | None = None) -> LinkRow:
    """End a link: nothing of the record is sent or taken in any more until somebody sends or links it again.

    :raises NotFoundError: there is no such link in the organisation.
    :raises ResetRefused: it has ended already, or is being reset.
    """
    now = platform.clock()
    with platform.database.write() as session:
        link = in_force(session, organisation_id, link_id)
        label = label_of_link(session, organisation_id, link)
        refuse_open(session, [link.id])
        apply_to(session, link, Reset(at=now), now=now, by=actor)
        link.retired_why = "unlinked"
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
