"""A question that is settled, told from stored facts alone: who answered what and when, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.core.problem import from_json, options
from service.store.queries import problems, web_users
from service.store.sync_models import LinkRow, ProblemRow
from service.sync import retract
from service.sync.platform import Platform
from service.sync.retract import Prospect

_SETTLED = {
    "edit": "Somebody changed the record, so it is looked at again.",
    "mapping": "The mapping was changed, so it is looked at again.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that came of an answer."""

    at: datetime
    verb: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    why: str | None
    request_id: str | None  #: the package's own id of the call


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """How a question was settled."""

    at: datetime
    told: str  #: a sentence
    by: str | None  #: who answered, as people know them; None if nobody did
    changes: Sequence[Mapping[str, Any]] = field(default_factory=tuple)  #: what the answer was to change
    steps: Sequence[Step] = field(default_factory=tuple)  #: what came of it, oldest first
    next_id: str | None = None  #: the question that stands in its place now
    taken_back_by: str | None = None
    take_back: Prospect | None = None  #: whether the answer can be taken back; None where nobody answered


def story_of(platform: Platform, session: Session, row: ProblemRow, link: LinkRow) -> Story | None:
    """Return how a question was settled; None while it is open."""
    if row.closed_at is None:
        return None
    answer, actor = row.answer or {}, row.closed_by or ""
    undone = answer.get("taken_back", {})
    names = web_users.names_of_actors(session, row.organisation_id, [actor, undone.get("by", "")])
    labels = {option.id.value: option.label.rstrip("…") for option in options(from_json(row.document))}
    chosen = answer.get("option")
    by = names.get(actor, "somebody") if chosen else None
    told = f"{labels.get(chosen, chosen)}, chosen by {by}." if chosen else _SETTLED.get(actor)
    if told and undone:
        told = f"{told} Taken back by {names.get(undone['by'], 'somebody')}: {undone['says']}"
    later = problems.later_of(session, row, link)
    return Story(
        at=row.closed_at,
        told=told or "The sync found that it is settled.",
        by=by,
        changes=answer.get("changes") or (),
        steps=[
            Step(
                at=event.at,
                verb=event.verb,
                before=event.before or {},
                after=event.after or {},
                why=event.why,
                request_id=event.request_id,
            )
            for event in problems.events_since(session, row, link)
        ],
        next_id=None if later is None else later.id,
        taken_back_by=names.get(undone["by"], "somebody") if undone else None,
        take_back=retract.prospect(platform, session, row),
    )
