"""The audit trail: who or what, when, before, after, why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.ids import new_id
from service.store.accounts import Event
from service.store.bulk import insert_rows

_RUN: ContextVar[str | None] = ContextVar("run", default=None)


@contextmanager
def during(run_id: str) -> Iterator[None]:
    """Name the run that everything inside is part of; events written meanwhile in this thread carry it.

    What a run does passes through use cases that know nothing of runs, such as those of our own records; handed from
    one to the next, the id would be forgotten somewhere.
    """
    token = _RUN.set(run_id)
    try:
        yield
    finally:
        _RUN.reset(token)


def run_now() -> str | None:
    """Return the run that is under way in this thread."""
    return _RUN.get()


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
    """Write one line of the audit trail; ``before`` and ``after`` hold the changed fields alone, JSON-ready.

    :param run_id: the run it is part of; by default the one that is under way in this thread.
    """
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
        run_id=run_id or _RUN.get(),
        call_id=call_id,
        request_id=request_id,
    )
    session.add(event)
    return event


def add_events(session: Session, lines: Sequence[Mapping[str, Any]]) -> None:
    """Write many lines at once, each given by its columns, all of them by the same ones."""
    insert_rows(session, Event, [{"id": new_id(), "run_id": _RUN.get(), **line} for line in lines])
