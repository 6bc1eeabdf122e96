"""How runs and open questions went over the last days, in one statement each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import case, func, literal, select
from sqlalchemy.orm import Session

from service.store.sync_models import ProblemRow, RunRow


def runs_by_day(
    session: Session, organisation_id: str, bounds: Sequence[datetime], *, connection_id: str | None = None
) -> list[dict[str, int]]:
    """Return, for each span between two bounds, how many runs ended in which state.

    :param bounds: moments in their order, one more than there are spans.
    """
    spans = [(RunRow.requested_at < end, literal(place)) for place, end in enumerate(bounds[1:])]
    span = case(*spans).label("span")
    query = select(span, RunRow.state, func.count()).where(
        RunRow.organisation_id == organisation_id,
        RunRow.requested_at >= bounds[0],
        RunRow.requested_at < bounds[-1],
    )
    if connection_id is not None:
        query = query.where(RunRow.connection_id == connection_id)
    found: list[dict[str, int]] = [{} for _ in bounds[1:]]
    for place, state, count in session.execute(query.group_by(span, RunRow.state)):
        found[place][state] = count
    return found


def open_problems(
    session: Session, organisation_id: str, moments: Sequence[datetime], *, connection_id: str | None = None
) -> list[int]:
    """Return how many questions were open at each moment."""
    still = [
        func.sum(
            case(
                (
                    (ProblemRow.opened_at < moment)
                    & (ProblemRow.closed_at.is_(None) | (ProblemRow.closed_at >= moment)),
                    1,
                ),
                else_=0,
            )
        )
        for moment in moments
    ]
    query = select(*still).where(
        ProblemRow.organisation_id == organisation_id,
        ProblemRow.closed_at.is_(None) | (ProblemRow.closed_at >= moments[0]),
    )
    if connection_id is not None:
        query = query.where(ProblemRow.connection_id == connection_id)
    return [int(count or 0) for count in session.execute(query).one()]
