"""After other choices: what both sides had agreed on is read anew, and each record goes the way that was chosen.

What is read of the other side depends on the choices (the terms with this id are our "net30"), so an agreement that was
kept in the words of the old ones would look as if somebody there had changed it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from service.core.drift import DriftDecision, DriftStatus
from service.core.link import Edited, Heard, Retry, Settled
from service.core.ports import EntityKind
from service.core.snapshot import Snapshot, to_json, value_to_json
from service.store.drift_models import DriftRow
from service.store.facts import apply_to
from service.store.queries import drift, find
from service.store.sync_models import ConnectionRow, LinkRow

if TYPE_CHECKING:
    from service.sync.what_if import Touched, WhatIf

#: Kinds that stand for something that happened: they stay as they were sent unless a person says otherwise.
DOCUMENTS = frozenset(EntityKind) - {EntityKind.CUSTOMER, EntityKind.CONTACT}


class Sent(StrEnum):
    """What becomes of documents that were sent under the choices before."""

    KEEP = "keep"  #: they stay as they are there; new ones follow the new choices
    REWRITE = "rewrite"  #: they are written again with the next sync, as far as the package lets them be changed


def rebased(baseline: Snapshot, old: Snapshot, new: Snapshot) -> Snapshot:
    """Return what both sides agree on, in the words of other choices.

    :param old: theirs as it was read under the choices before; where it differs from the baseline somebody there has
        changed it, and that stays to be seen.
    :param new: theirs as it is read now.
    """
    moved = {
        name: value
        for name, value in new.fields.items()
        if (baseline.holds(name) and old.get(name) == baseline.get(name))
        or not (old.holds(name) or baseline.holds(name))
    }
    return Snapshot(fields={**baseline.fields, **moved}, active=baseline.active)


def carry_out(session: Session, connection: ConnectionRow, found: WhatIf, *, actor: str, now: datetime) -> None:
    """Bring links in line with new choices; a link that has moved since it was looked at is compared by the next sync.

    :param found: what was found under those choices, and under what was chosen for documents that were sent before.
    """
    tied = [one for one in (*found.touched, *found.reread) if one.link_id is not None]
    rows = find.find_all(session, LinkRow, connection.organisation_id, [one.link_id or "" for one in tied])
    for one in tied:
        link = rows.get(one.link_id or "")
        if link is not None and link.retired_at is None and not link.intent_open:
            _carry_out(session, link, one, actor=actor, now=now)


def _carry_out(session: Session, link: LinkRow, one: Touched, *, actor: str, now: datetime) -> None:
    if one.baseline is None or one.counters != (link.wanted, link.heard):
        return
    agreed = to_json(one.baseline)
    if link.open_problem_id is not None:
        apply_to(session, link, Retry(baseline=agreed), now=now, by="mapping")
        return
    if link.baseline != agreed:
        apply_to(session, link, Settled(heard=link.settled, baseline=agreed), now=now)
    match one.effect.value:
        case "rewritten":
            apply_to(session, link, Edited(), now=now)
        case "taken_over":
            apply_to(session, link, Heard(), now=now)
        case "kept" | "closed":
            _leave(session, link, one, actor=actor, now=now)
        case _:
            pass


def _leave(session: Session, link: LinkRow, one: Touched, *, actor: str, now: datetime) -> None:
    """Remember that fields stay as they were sent: quiet until either side moves."""
    for row in drift.in_force(session, [link.id]).get(link.id, ()):
        if row.kept and row.field in {each.field for each in one.fields}:
            row.kept = False
    for each in one.fields:
        theirs, ours = value_to_json(each.before), value_to_json(each.after)
        session.add(
            DriftRow(
                organisation_id=link.organisation_id,
                connection_id=link.connection_id,
                link_id=link.id,
                entity=link.entity,
                record_id=link.record_id,
                label=one.label,
                field=each.field,
                agreed=theirs,
                ours=ours,
                theirs=theirs,
                found_at=now,
                seen_at=now,
                status=DriftStatus.ACCEPTED.value,
                decision=DriftDecision.ACCEPT.value,
                decided_by=actor,
                decided_at=now,
                kept=True,
                closed_at=now,
                closed_by=actor,
            )
        )
