"""Calls are the scarce thing: how many were made lately to one company, how long to wait, what is left today.

Windows slide: within any minute no more calls leave than the package allows in one. A day is the last 24 hours, kept
by the hour. Where the package says itself how many calls are left today, the smaller of the two counts, so that a
smaller allowance than the usual one is found out with the first answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from service.core.ports import Limits

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
#: The package counts when a call arrives, we when it leaves.
_SLACK = timedelta(milliseconds=150)
#: Batches that may go out as fast as they can be made; more are spaced evenly, so that the change feed is not flooded.
BURST = 20
#: Share of a day's calls that bulk work leaves for what people ask for.
RESERVE_PERCENT = 5
#: What one call takes, for forecasts that know no better.
USUAL_CALL = timedelta(milliseconds=300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """The calls made to one company: those of the last minute one by one, those of the last day by the hour."""

    recent: tuple[datetime, ...] = ()
    batches: tuple[datetime, ...] = ()
    hours: Mapping[datetime, int] = field(default_factory=dict)  #: beginning of the hour -> calls
    told_left: int | None = None  #: calls left today as the package said last, less those made since
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a piece of work will take."""

    calls: int
    left_today: int | None  #: calls that the package allows today, before the work; None: no such limit
    ends_at: datetime  #: when it will have come to its end, or to the day's limit
    fits: bool  #: False: the day's limit ends it before


def note(spent: Spent, now: datetime, *, calls: int = 1, batches: int = 0, told_left: int | None = None) -> Spent:
    """Remember calls that were just made, and what the package said of the day."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    hours = {begins: count for begins, count in spent.hours.items() if begins > now - _DAY - _HOUR}
    hours[hour] = hours.get(hour, 0) + calls
    left = told_left if told_left is not None else spent.told_left
    if told_left is None and left is not None:
        left = max(0, left - calls)
    return Spent(
        recent=_lately(spent.recent, now) + (now,) * calls,
        batches=_lately(spent.batches, now) + (now,) * batches,
        hours=hours,
        told_left=left,
        told_at=now if told_left is not None else spent.told_at,
    )


def delay(limits: Limits, spent: Spent, now: datetime, *, batch: bool = False) -> timedelta:
    """Return how long to wait before another call keeps within the limits of the second and the minute."""
    waits = [
        _wait(spent.recent, span + _SLACK, allowed, now)
        for span, allowed in ((_SECOND, limits.per_second), (_MINUTE, limits.per_minute))
        if allowed is not None
    ]
    if batch and limits.batches_per_minute is not None:
        lately = [at for at in spent.batches if at > now - _MINUTE]
        if len(lately) >= BURST:
            waits.append(lately[-1] + _MINUTE / limits.batches_per_minute - now)
    return max([timedelta(0), *waits])


def left_today(limits: Limits, spent: Spent, now: datetime) -> int | None:
    """Return how many calls the package allows within the day that ends now; None if it has no such limit."""
    if limits.per_day is None:
        return None
    made = sum(count for begins, count in spent.hours.items() if begins > now - _DAY)
    left = max(0, limits.per_day - made)
    told = spent.told_left if spent.told_at is not None and spent.told_at > now - _DAY else None
    return left if told is None else min(left, told)


def may_spend(limits: Limits, spent: Spent, now: datetime, *, urgent: bool) -> bool:
    """Tell whether a call may be made today: bulk work leaves a part of the day for what people ask for."""
    left = left_today(limits, spent, now)
    if left is None or limits.per_day is None:
        return True
    return left > (0 if urgent else limits.per_day * RESERVE_PERCENT // 100)


def next_day(spent: Spent, now: datetime) -> datetime:
    """Return when the first of the calls of the last day no longer counts."""
    oldest = min((begins for begins in spent.hours if begins > now - _DAY), default=now)
    return oldest + _DAY + _HOUR


def forecast(
    calls: int, limits: Limits, spent: Spent, now: datetime, *, batches: int = 0, takes: timedelta = USUAL_CALL
) -> Forecast:
    """Say how long some calls will take, one after the other, with the waits that the limits demand.

    :param batches: how many of the calls are batches; they come last.
    :param takes: what one call takes by itself.
    """
    left = left_today(limits, spent, now)
    reserve = 0 if limits.per_day is None else limits.per_day * RESERVE_PERCENT // 100
    allowed = calls if left is None else min(calls, max(0, left - reserve))
    at, state = now, replace(spent, told_left=None, told_at=None)
    for number in range(allowed):
        is_batch = number >= calls - batches
        at += delay(limits, state, at, batch=is_batch)
        state = note(state, at, batches=1 if is_batch else 0)
        at += takes
    return Forecast(calls=calls, left_today=left, ends_at=at, fits=allowed == calls)


def to_json(spent: Spent) -> dict[str, Any]:
    """Return the calls as a JSON-ready document."""
    return {
        "recent": [at.isoformat() for at in spent.recent],
        "batches": [at.isoformat() for at in spent.batches],
        "hours": {at.isoformat(): count for at, count in spent.hours.items()},
        "told_left": spent.told_left,
        "told_at": None if spent.told_at is None else spent.told_at.isoformat(),
    }


def from_json(document: Mapping[str, Any] | None) -> Spent:
    """Return the calls that :func:`to_json` wrote; none for None."""
    if not document:
        return Spent()
    told_at = document["told_at"]
    return Spent(
        recent=_times(document["recent"]),
        batches=_times(document["batches"]),
        hours={datetime.fromisoformat(at): int(count) for at, count in document["hours"].items()},
        told_left=document["told_left"],
        told_at=None if told_at is None else datetime.fromisoformat(told_at),
    )


def _times(texts: Sequence[str]) -> tuple[datetime, ...]:
    return tuple(datetime.fromisoformat(text) for text in texts)


def _lately(made: tuple[datetime, ...], now: datetime) -> tuple[datetime, ...]:
    return tuple(at for at in made if now - at <= _MINUTE + _SLACK)


def _wait(made: Sequence[datetime], span: timedelta, allowed: int, now: datetime) -> timedelta:
    if len(made) < allowed:
        return timedelta(0)
    return made[-allowed] + span - now
