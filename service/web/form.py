"""A form over a record: what was typed stays, and what somebody else changed meanwhile is shown and kept.

A form carries the revision and the values it was filled in from. Where the record has moved since, fields that only
the other one changed take the new value into the form; of fields that both changed both values are shown, and nothing
is saved before the person has seen them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import request
from sqlalchemy.orm import Session

from service.store.queries import history, web_users
from service.web.access import person
from service.web.typed import ADDRESS_PARTS
from service.web.words import actor

_LONGEST = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Meanwhile:
    """What somebody else changed while a form was being filled in."""

    who: str
    at: datetime | None
    taken: Sequence[str] = ()  #: fields that only they changed: their values stand in the form now
    both: Sequence[str] = ()  #: fields that both changed: what was typed stands in the form


def form_of(
    session: Session,
    row: Any,
    stored: Mapping[str, str],
    typed: Mapping[str, str],
    faults: Mapping[str, str] | None = None,
    *,
    stale: bool = False,
    flags: Collection[str] = (),
) -> dict[str, Any]:
    """Return what every form shows.

    :param row: the record that is edited; None for a new one.
    :param stored: its fields as texts, as they are now.
    :param typed: what was sent; empty where the form is shown for the first time.
    :param flags: fields that are boxes: they are not sent when they are not ticked.
    """
    shown = {**stored, **typed}
    if typed:
        shown |= {name: typed.get(name, "") for name in flags}
    meanwhile = _meanwhile(session, row, stored, shown, typed) if stale else None
    current = None if row is None else row.revision
    fresh = stale or not typed
    return {
        "row": row,
        "typed": shown,
        "stored": stored,
        "faults": faults or {},
        "meanwhile": meanwhile,
        "revision": current if fresh else typed.get("revision", current),
        "was": json.dumps(dict(stored)) if fresh else typed.get("was", ""),
        "ADDRESS_PARTS": ADDRESS_PARTS,
    }


def revision() -> int:
    """Return the revision that a form was filled in from.

    :raises ValueError: it does not say.
    """
    return int(request.form.get("revision", ""))


def was_of(typed: Mapping[str, str]) -> dict[str, str]:
    """Return the values that the form was filled in from, as far as it says so in a form that can be read."""
    try:
        found = json.loads(typed.get("was", "")[:_LONGEST])
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def _meanwhile(
    session: Session, row: Any, stored: Mapping[str, str], shown: dict[str, str], typed: Mapping[str, str]
) -> Meanwhile:
    """Put into the form what only somebody else changed, and tell of it."""
    was, taken, both = was_of(typed), [], []
    for name, now in stored.items():
        base = was.get(name)
        if shown.get(name, "") == now or base == now:
            continue
        if base is not None and shown.get(name, "") == base:
            shown[name] = now
            taken.append(name)
        else:
            both.append(name)
    last = history.last_change(session, row.organisation_id, row.id)
    if last is None:
        return Meanwhile(who="somebody", at=None, taken=taken, both=both)
    names = web_users.names_of_actors(session, person().company.id, {last.actor})
    return Meanwhile(who=actor(last.actor, names), at=last.at, taken=taken, both=both)
