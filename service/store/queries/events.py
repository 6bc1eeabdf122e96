"""The audit trail: who or what, when, before, after, why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.store.accounts import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The record that an event is about, as it was called then."""

    kind: str
    id: str
    label: str | None = None


def add_event(
    session: Session,
    *,
    organisation_id: str,
    at: datetime,
    actor: str,
    verb: str,
    subject: Subject | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    why: str | None = None,
    link_id: str | None = None,
    connection_id: str | None = None,
    run_id: str | None = None,
    call_id: str | None = None,
    request_id: str | None = None,
) -> Event:
    """Write one line of the audit trail; ``before`` and ``after`` hold the changed fields alone, JSON-ready."""
    event = Event(
        organisation_id=organisation_id,
        at=at,
        actor=actor,
        verb=verb,
        record_kind=subject.kind if subject else None,
        record_id=subject.id if subject else None,
        label=subject.label if subject else None,
        before=None if before is None else dict(before),
        after=None if after is None else dict(after),
        why=why,
        link_id=link_id,
        connection_id=connection_id,
        run_id=run_id,
        call_id=call_id,
        request_id=request_id,
    )
    session.add(event)
    return event
