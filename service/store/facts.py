"""The bridge between a link's row and the facts that the core decides about.

Outside of it no code writes these columns, but for two statements that do in bulk what an event does to one link, and
say so: ``counterparts.hear`` (``Heard``) and ``touch`` (``Edited``). A test holds them equal to ``core.link.apply``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from service.core.link import Event, LinkFacts, apply
from service.core.problem import Problem
from service.core.problem import from_json as problem_from_json
from service.core.problem import to_json as problem_to_json
from service.ids import new_id
from service.store.bulk import update_rows
from service.store.plain_link import AnyLink
from service.store.sync_models import LinkRow, ProblemRow

#: Fact -> column. The problem is a row of its own; the link names it.
_COLUMNS: Mapping[str, str] = {
    "external_id": "remote_id",
    "generation": "generation",
    "wanted": "wanted",
    "confirmed": "confirmed",
    "heard": "heard",
    "settled": "settled",
    "baseline": "baseline",
    "intent_open": "intent_open",
    "intent_unknown": "intent_unknown",
    "retired_at": "retired_at",
}


_FACTS = attrgetter(*_COLUMNS)


def facts_of(row: AnyLink, problem: Problem | None) -> LinkFacts:
    """Return the facts of a link's row, given the problem that it names."""
    return LinkFacts(
        external_id=row.remote_id,
        generation=row.generation,
        wanted=row.wanted,
        confirmed=row.confirmed,
        heard=row.heard,
        settled=row.settled,
        baseline=row.baseline,
        intent_open=row.intent_open,
        intent_unknown=row.intent_unknown,
        problem=problem,
        retired_at=row.retired_at,
    )


def columns_of(facts: LinkFacts) -> dict[str, Any]:
    """Return the facts of a link without a problem as the columns of its row."""
    return {column: getattr(facts, fact) for fact, column in _COLUMNS.items()}


def apply_to(
    session: Session,
    row: LinkRow,
    event: Event,
    *,
    now: datetime,
    by: str = "sync",
    label: str | None = None,
    request_id: str | None = None,
) -> LinkFacts:
    """Let an event happen to a link: its row gets the facts that follow; return them.

    A problem that is over is closed, a new one opened; the same problem once more stays the row it is.

    :param by: who answered a problem that this closes.
    :param label: what the record is called now, and ``request_id`` the package's id of the call, for a new problem.
    :raises IllegalTransition: the event makes no sense for this link.
    """
    problem = problem_of(session, row)
    before = facts_of(row, problem)
    after = apply(before, event)
    for fact, column in _COLUMNS.items():
        value = getattr(after, fact)
        if value is not getattr(before, fact):
            setattr(row, column, value)
    if after.problem != problem:
        _close(session, row, now=now, by=by)
        if after.problem is not None:
            _open(session, row, after.problem, now=now, label=label or row.record_id, request_id=request_id)
    return after


def changes_by(row: AnyLink, event: Event) -> tuple[LinkFacts, dict[str, Any]]:
    """Return the facts that follow when an event happens to a link without a problem, and the columns that change.

    Nothing is written: :func:`write_changes` does that, for many links at once.

    :raises IllegalTransition: the event makes no sense for this link.
    :raises ValueError: a problem is open, or the event opens one: :func:`apply_to` knows what to do with it.
    """
    before = facts_of(row, None)
    after = apply(before, event)
    if row.open_problem_id is not None or after.problem is not None:
        raise ValueError("problems are rows of their own")
    changed = zip(_COLUMNS.values(), _FACTS(after), _FACTS(before), strict=True)
    return after, {column: new for column, new, old in changed if new is not old}


def write_changes(session: Session, changes: Iterable[Mapping[str, Any]]) -> None:
    """Write the changed columns of links, each with the link's ``id``: one statement for those that change alike."""
    alike: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for change in changes:
        if change.keys() != {"id"}:
            alike.setdefault(tuple(change), []).append(change)
    for rows in alike.values():
        update_rows(session, LinkRow, rows)


def problem_of(session: Session, row: LinkRow) -> Problem | None:
    """Return the open problem of a link."""
    if row.open_problem_id is None:
        return None
    return problem_from_json(session.get_one(ProblemRow, row.open_problem_id).document)


def _close(session: Session, row: LinkRow, *, now: datetime, by: str) -> None:
    if row.open_problem_id is not None:
        session.execute(
            update(ProblemRow)
            .where(ProblemRow.id == row.open_problem_id, ProblemRow.closed_at.is_(None))
            .values(closed_at=now, closed_by=by)
        )
        row.open_problem_id = None


def _open(
    session: Session, row: LinkRow, problem: Problem, *, now: datetime, label: str, request_id: str | None
) -> None:
    opened = ProblemRow(
        id=new_id(),
        organisation_id=row.organisation_id,
        connection_id=row.connection_id,
        link_id=row.id,
        kind=problem.kind.value,
        label=label,
        document=problem_to_json(problem),
        request_id=request_id,
        opened_at=now,
    )
    session.add(opened)
    row.open_problem_id = opened.id
