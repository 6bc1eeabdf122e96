"""Calls are the scarce thing: how many were made lately to one company, how long to wait, what is left today.

Windows slide: within any minute no more calls leave than the package allows in one. A day is the last 24 hours, kept
by the quarter of an hour. Where the package says itself how many calls are left today, the smaller of the two counts,
so that a smaller allowance than the usual one is found out with the first answer. Bulk work leaves a small part of
each minute and of each day to what people ask for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from service.core.ports import Limits
from service.core.spent import AppSpent, Spent

_NOTHING = timedelta(0)
_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
#: What the calls of a day are counted by: a part counts until its last call is a day old.
_PART = timedelta(minutes=15)
#: The package counts when a call arrives, we when it leaves.
_SLACK = timedelta(milliseconds=150)
#: Batches that may go out as fast as they can be made; more keep a distance, so that the change feed is not flooded.
BURST = 20
#: Share of a minute's and of a day's calls that bulk work leaves for what people ask for.
RESERVE_PERCENT = 3
#: What one call takes with the work around it, for forecasts that know no better.
USUAL_CALL = timedelta(milliseconds=300)
#: Bulk work that has used up its day goes on once this share of the day is free again.
_AGAIN_PERCENT = 2
#: Share of a day's calls from which on the schedule looks less often.
_LOW_PERCENT = 50
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Weight of the newest call in what a call is known to take.
_NEWEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a piece of work will take."""

    calls: int
    left_today: int | None  #: calls that the package allows today, before the work; None: no such limit
    ends_at: datetime  #: when it will have come to its end, rests included
    rests_at: datetime | None = None  #: when the day's limit interrupts it for the first time

    @property
    def fits(self) -> bool:
        """True if the day's calls suffice."""
        return self.rests_at is None


def note(
    spent: Spent,
    now: datetime,
    *,
    calls: int = 1,
    batches: int = 0,
    told_left: int | None = None,
    caller: str | None = None,
) -> Spent:
    """Remember calls that were just made, and what the package said of the day.

    :param caller: who made them, and has the last of them under way.
    """
    parts = {begins: count for begins, count in spent.parts.items() if not _over(begins, now)}
    part = _part_of(now)
    parts[part] = parts.get(part, 0) + calls
    left = told_left if told_left is not None else _told(spent, now)
    if told_left is None and left is not None:
        left = max(0, left - calls)
    return replace(
        spent,
        recent=_lately(spent.recent, now) + (now,) * calls,
        batches=_lately(spent.batches, now) + (now,) * batches,
        parts=parts,
        told_left=left,
        told_at=None if left is None else now if told_left is not None else spent.told_at,
        callers=_callers(spent, now, caller),
    )


def took(spent: Spent, span: timedelta) -> Spent:
    """Remember what a call took with the work around it, waits left out."""
    known = span if spent.takes is None else spent.takes + (span - spent.takes) / _NEWEST
    return replace(spent, takes=known)


def rest(spent: Spent, until: datetime) -> Spent:
    """Remember that the package refused a call and asked to be left alone: nobody calls this company before."""
    known = spent.rests_until
    return replace(spent, rests_until=until if known is None else max(known, until))


def leave(spent: Spent, caller: str) -> Spent:
    """Remember that a caller has no call under way."""
    return replace(spent, callers={name: since for name, since in spent.callers.items() if name != caller})


def others(spent: Spent, now: datetime, *, caller: str, longest: timedelta) -> int:
    """Count who else may have a call under way now.

    :param longest: after which a call has surely come to its end.
    """
    return sum(name != caller and since > now - longest for name, since in spent.callers.items())


def delay(
    limits: Limits,
    spent: Spent,
    now: datetime,
    *,
    batch: bool = False,
    urgent: bool = True,
    app: AppSpent | None = None,
) -> timedelta:
    """Return how long to wait before another call keeps within the limits of the second and the minute.

    :param urgent: a person asked for it; other work leaves a part of each minute free for that.
    """
    waits = [_NOTHING]
    if limits.per_second is not None:
        waits.append(_wait(spent.recent, _SECOND + _SLACK, limits.per_second, now))
    if limits.per_minute is not None:
        allowed = limits.per_minute if urgent else _for_bulk(limits.per_minute)
        waits.append(_wait(spent.recent, _MINUTE + _SLACK, allowed, now))
    if batch and limits.batches_per_minute is not None:
        waits.append(_wait_for_batch(spent.batches, limits.batches_per_minute, now))
    if spent.rests_until is not None:
        waits.append(spent.rests_until - now)
    if app is not None and limits.app_per_minute is not None:
        waits.append(_wait_for_app(app, limits.app_per_minute, now))
    return max(waits)


def left_today(limits: Limits, spent: Spent, now: datetime) -> int | None:
    """Return how many calls the package allows within the day that ends now; None if it has no such limit."""
    left = _left(limits, spent, now)
    return None if left is None else max(0, left)


def allowance(limits: Limits, spent: Spent, now: datetime) -> int | None:
    """Return how many calls a day has, as far as that is known; None if the package has no such limit."""
    left = left_today(limits, spent, now)
    return None if left is None or limits.per_day is None else min(limits.per_day, left + made_today(spent, now))


def may_spend(limits: Limits, spent: Spent, now: datetime, *, urgent: bool) -> bool:
    """Tell whether a call may be made today: bulk work leaves a part of the day for what people ask for."""
    left, whole = left_today(limits, spent, now), allowance(limits, spent, now)
    return left is None or whole is None or left > (0 if urgent else _reserve(whole))


def goes_on(limits: Limits, spent: Spent, now: datetime) -> datetime:
    """Return when enough of the day's calls are free again for bulk work to go on."""
    left, whole = _left(limits, spent, now), allowance(limits, spent, now)
    if left is None or whole is None:
        return now
    enough = _enough(whole)
    at = now
    for begins in sorted(spent.parts):
        if left >= enough:
            break
        if not _over(begins, now):
            left, at = left + spent.parts[begins], begins + _PART + _DAY
    return at


def stretched(usual: timedelta, limits: Limits, spent: Spent, now: datetime) -> timedelta:
    """Return the time between two looks of the schedule: longer than usual as the day's calls run low."""
    left, whole = left_today(limits, spent, now), allowance(limits, spent, now)
    if left is None or not whole:
        return usual
    return max(usual, usual * (whole * _LOW_PERCENT) / (100 * max(left, 1)))


def note_app(app: AppSpent, now: datetime, *, reads: int = 0) -> AppSpent:
    """Remember a call of our app to whichever company.

    :param reads: metered reads that it counts as.
    """
    second, month = now.replace(microsecond=0), f"{now:%Y-%m}"
    seconds = {begins: count for begins, count in app.seconds.items() if begins > now - _MINUTE - 2 * _SECOND}
    seconds[second] = seconds.get(second, 0) + 1
    return AppSpent(seconds=seconds, month=month, reads=(app.reads if app.month == month else 0) + reads)


def reads_of(app: AppSpent, now: datetime) -> int:
    """Return how many metered reads our app has made this month."""
    return app.reads if app.month == f"{now:%Y-%m}" else 0


def forecast(
    calls: int, limits: Limits, spent: Spent, now: datetime, *, batches: int = 0, takes: timedelta | None = None
) -> Forecast:
    """Say when some calls of bulk work will have been made, one after the other, with the waits that limits demand.

    :param batches: how many of the calls are batches; they come last.
    :param takes: what one call takes by itself; otherwise what the last ones took.
    """
    known = USUAL_CALL if spent.takes is None else spent.takes
    each = known if takes is None else takes
    at = now if spent.rests_until is None else max(now, spent.rests_until)
    sent, sent_batches = list(spent.recent), list(spent.batches)
    day = _Day.of(limits, spent, now)
    for number in range(calls):
        at = day.spend(_next(limits, sent, sent_batches, at, batch=number >= calls - batches))
        sent.append(at)
        if number >= calls - batches:
            sent_batches.append(at)
        at += each
    return Forecast(calls=calls, left_today=left_today(limits, spent, now), ends_at=at, rests_at=day.rests_at)


def _next(
    limits: Limits, sent: Sequence[datetime], batches: Sequence[datetime], at: datetime, *, batch: bool
) -> datetime:
    """Return when the next call of bulk work may leave, from ``at`` on."""
    waits = [_NOTHING]
    if limits.per_second is not None:
        waits.append(_wait(sent, _SECOND + _SLACK, limits.per_second, at))
    if limits.per_minute is not None:
        waits.append(_wait(sent, _MINUTE + _SLACK, _for_bulk(limits.per_minute), at))
    if batch and limits.batches_per_minute is not None:
        waits.append(_wait_for_batch(batches, limits.batches_per_minute, at))
    return at + max(waits)


@dataclass(slots=True)
class _Day:
    """The calls left of a day while a forecast spends them."""

    left: int | None
    whole: int
    ends: list[tuple[datetime, int]]  #: when calls stop counting, and how many
    freed: int = 0  #: how many of ``ends`` have passed
    rests_at: datetime | None = None

    @classmethod
    def of(cls, limits: Limits, spent: Spent, now: datetime) -> _Day:
        ends = [
            (begins + _PART + _DAY, spent.parts[begins]) for begins in sorted(spent.parts) if not _over(begins, now)
        ]
        return cls(_left(limits, spent, now), allowance(limits, spent, now) or 0, ends)

    def spend(self, at: datetime) -> datetime:
        """Spend a call at a time, or when the day allows it; return when."""
        if self.left is None:
            return at
        self._free(at)
        if self.left <= _reserve(self.whole):
            self.rests_at = self.rests_at or at
            while self.left < _enough(self.whole) and self.freed < len(self.ends):
                at = max(at, self.ends[self.freed][0])
                self._free(at)
        self.left -= 1
        end = _part_of(at) + _PART + _DAY
        if self.ends and self.ends[-1][0] == end:
            self.ends[-1] = (end, self.ends[-1][1] + 1)
        else:
            self.ends.append((end, 1))
        return at

    def _free(self, at: datetime) -> None:
        while self.left is not None and self.freed < len(self.ends) and self.ends[self.freed][0] <= at:
            self.left += self.ends[self.freed][1]
            self.freed += 1


def _callers(spent: Spent, now: datetime, caller: str | None) -> Mapping[str, datetime]:
    known = {name: since for name, since in spent.callers.items() if since > now - _PART}
    return known if caller is None else {**known, caller: now}


def _part_of(at: datetime) -> datetime:
    return at - (at - _EPOCH) % _PART


def _over(begins: datetime, now: datetime) -> bool:
    """Tell whether the calls of a part no longer count: its last one may have been made at its very end."""
    return begins + _PART + _DAY <= now


def made_today(spent: Spent, now: datetime) -> int:
    """Return how many calls were made within the last day."""
    return sum(count for begins, count in spent.parts.items() if not _over(begins, now))


def _told(spent: Spent, now: datetime) -> int | None:
    """Return what the package said is left, with what has become free since; None if it said nothing within a day."""
    if spent.told_left is None or spent.told_at is None or spent.told_at <= now - _DAY:
        return None
    return spent.told_left + sum(count for begins, count in spent.parts.items() if _over(begins, now))


def _left(limits: Limits, spent: Spent, now: datetime) -> int | None:
    """Return the calls left today; below zero if more were made than is allowed now."""
    if limits.per_day is None:
        return None
    left, told = limits.per_day - made_today(spent, now), _told(spent, now)
    return left if told is None else min(left, told)


def _reserve(whole: int) -> int:
    return whole * RESERVE_PERCENT // 100


def _enough(whole: int) -> int:
    return _reserve(whole) + max(1, whole * _AGAIN_PERCENT // 100)


def _for_bulk(allowed: int) -> int:
    """Return how many of a minute's calls are for bulk work."""
    return max(1, allowed - allowed * RESERVE_PERCENT // 100)


def _lately(made: tuple[datetime, ...], now: datetime) -> tuple[datetime, ...]:
    return tuple(at for at in made if now - at <= _MINUTE + _SLACK)


def _wait(made: Sequence[datetime], span: timedelta, allowed: int, now: datetime) -> timedelta:
    if len(made) < allowed:
        return _NOTHING
    return made[-allowed] + span - now


def _wait_for_batch(batches: Sequence[datetime], allowed: int, now: datetime) -> timedelta:
    waits = _wait(batches, _MINUTE + _SLACK, allowed, now)
    if len(batches) >= BURST and batches[-BURST] > now - _MINUTE:
        return max(waits, batches[-1] + _MINUTE / allowed / 2 - now)
    return waits


def _wait_for_app(app: AppSpent, allowed: int, now: datetime) -> timedelta:
    """Return how long to wait until enough seconds have left the minute; a second counts until its end is past."""
    counting = {begins: count for begins, count in app.seconds.items() if begins + _SECOND + _MINUTE > now}
    over = sum(counting.values()) - allowed + 1
    at = now
    for begins in sorted(counting):
        if over <= 0:
            break
        over, at = over - counting[begins], begins + _SECOND + _MINUTE
    return at - now
