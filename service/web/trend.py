"""The last days in two small charts: the runs of each day and how they ended, and what was open at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy.orm import Session

from service.store.queries import trend
from service.web.parts import now
from service.web.words import zone

DAYS = 14
#: Runs that did not bring everything to agree.
_FELL_SHORT = ("partial", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of the organisation."""

    date: date
    runs: int
    short: int  #: of them, those after which not everything agreed, or that stopped early
    open: int  #: questions that were open at its end; of today, now


def last_days(session: Session, organisation_id: str, *, connection_id: str | None = None) -> Sequence[Day]:
    """Return the last days, the oldest first, today last; none where nothing has run and nothing was open."""
    here, moment = zone(), now()
    today = moment.astimezone(here).date()
    dates = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    starts = [datetime.combine(day, time(), tzinfo=here) for day in (*dates, today + timedelta(days=1))]
    runs = trend.runs_by_day(session, organisation_id, starts, connection_id=connection_id)
    ends = [*starts[1:-1], moment + timedelta(microseconds=1)]
    left = trend.open_problems(session, organisation_id, ends, connection_id=connection_id)
    if not any(runs) and not any(left):
        return ()
    return [
        Day(
            date=day,
            runs=sum(states.values()),
            short=sum(states.get(state, 0) for state in _FELL_SHORT),
            open=count,
        )
        for day, states, count in zip(dates, runs, left, strict=True)
    ]
