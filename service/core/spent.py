"""The calls that were made lately, to one company and by our app to all of them, as they are stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """The calls made to one company: those of the last minute one by one, those of the last day by their number."""

    recent: tuple[datetime, ...] = ()
    batches: tuple[datetime, ...] = ()
    parts: Mapping[datetime, int] = field(default_factory=dict)  #: beginning of a quarter of an hour -> calls
    told_left: int | None = None  #: calls left today as the package said last, brought up to date with each call since
    told_at: datetime | None = None
    takes: timedelta | None = None  #: what a call takes with the work around it, the last ones counting most
    rests_until: datetime | None = None  #: the package asked to be left alone until then
    lists: int | None = None  #: calls that reading the package's lists took last
    callers: Mapping[str, datetime] = field(default_factory=dict)  #: who may have a call under way -> since when


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSpent:
    """The calls that our app made to all companies of a package: those of the last minute by the second."""

    seconds: Mapping[datetime, int] = field(default_factory=dict)  #: beginning of a second -> calls
    month: str = ""  #: such as 2026-11
    reads: int = 0  #: metered reads in that month


def to_json(spent: Spent) -> dict[str, Any]:
    """Return the calls as a JSON-ready document; times are microseconds since 1970."""
    return {
        "recent": [_count(at) for at in spent.recent],
        "batches": [_count(at) for at in spent.batches],
        "parts": [[_count(at), count] for at, count in spent.parts.items()],
        "told_left": spent.told_left,
        "told_at": None if spent.told_at is None else _count(spent.told_at),
        "takes": None if spent.takes is None else spent.takes // timedelta(microseconds=1),
        "rests_until": None if spent.rests_until is None else _count(spent.rests_until),
        "lists": spent.lists,
        "callers": {name: _count(since) for name, since in spent.callers.items()},
    }


def from_json(document: Mapping[str, Any] | None) -> Spent:
    """Return the calls that :func:`to_json` wrote; none for None, or for what an older version wrote."""
    if not document or "parts" not in document:
        return Spent()
    told_at, takes, rests_until = document["told_at"], document["takes"], document["rests_until"]
    return Spent(
        recent=_times(document["recent"]),
        batches=_times(document["batches"]),
        parts={_time(at): int(count) for at, count in document["parts"]},
        told_left=document["told_left"],
        told_at=None if told_at is None else _time(told_at),
        takes=None if takes is None else timedelta(microseconds=takes),
        rests_until=None if rests_until is None else _time(rests_until),
        lists=document["lists"],
        callers={name: _time(since) for name, since in document["callers"].items()},
    )


def app_to_json(app: AppSpent) -> dict[str, Any]:
    """Return the app's calls as a JSON-ready document."""
    seconds = [[_count(at), count] for at, count in app.seconds.items()]
    return {"seconds": seconds, "month": app.month, "reads": app.reads}


def app_from_json(document: Mapping[str, Any] | None) -> AppSpent:
    """Return the calls that :func:`app_to_json` wrote; none for None."""
    if not document:
        return AppSpent()
    seconds = {_time(at): int(count) for at, count in document["seconds"]}
    return AppSpent(seconds=seconds, month=document["month"], reads=document["reads"])


def _count(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _time(count: int) -> datetime:
    return _EPOCH + timedelta(microseconds=count)


def _times(counts: Iterable[int]) -> tuple[datetime, ...]:
    return tuple(_time(count) for count in counts)
