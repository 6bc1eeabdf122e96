"""What is there, and what changed: the change feed in one call, and every entity page by page.

QuickBooks facts: developer.intuit.com, Change data capture (a look-back of 30 days, at most 1000 objects in an answer,
deleted ones as stubs) and Query operations (1000 rows a page, inactive rows only on request). The SDK's feed drops the
offset of a time and its queries return 100 rows in silence, so both are asked for here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from service.connectors.position import Position, plain_cursor
from service.connectors.quickbooks.capabilities import PAGE_SIZE
from service.connectors.quickbooks.entity import FAMILIES, NAME_LISTS, NAMES, parse_time, to_record, to_records
from service.connectors.quickbooks.fault import error_of, fault_of
from service.connectors.quickbooks.wire import Reply, Wire
from service.core.errors import CursorExpired, NotFound
from service.core.ports import ChangePage, Cursor, Family, RemoteRecord

#: How far back the next reading overlaps this one: times have whole seconds and a write may show a little late. Not
#: longer, because our own batches come back in it, and an answer holds FEED_LIMIT entities only.
OVERLAP = timedelta(seconds=2)
#: The feed reaches 30 days back; an hour is left for clocks that differ.
LOOK_BACK = timedelta(days=30) - timedelta(hours=1)
FEED_LIMIT = 1000

Clock = Callable[[], datetime]
Rows = Mapping[Family, Sequence[RemoteRecord]]


def read_changes(wire: Wire, since: Cursor, clock: Clock, only: frozenset[Family] | None = None) -> ChangePage:
    """Return what changed since the cursor: in one call, unless more changed than one answer holds.

    A full answer leaves something out, so it is asked again in two parts, the entity with most changes by itself. If
    that one alone is full, nothing tells what is missing, a deletion perhaps. Families that stand further than the
    others are asked for by themselves.

    :raises CursorExpired: the cursor is too old or can't be read, or more changed than the feed can tell.
    """
    position = Position.read(since)
    if clock() - position.base > LOOK_BACK:
        raise CursorExpired("QuickBooks tells of changes for 30 days only.")
    calls = wire.calls
    groups: dict[datetime, list[Family]] = {}
    for family in NAMES if only is None else sorted(only):
        groups.setdefault(position.start_of(family), []).append(family)
    rows: dict[Family, Sequence[RemoteRecord]] = {}
    times = []
    for start, families in groups.items():
        found, moment = _changed(wire, families, start, clock)
        rows |= found
        times.append(moment)
    cursor = position.after(max(position.base, min(times) - OVERLAP), only)
    records = [record for family in NAMES for record in rows.get(family, ())]
    return ChangePage(records=records, cursor=cursor, calls=wire.calls - calls)


def read_everything(wire: Wire, families: frozenset[Family], clock: Clock) -> Iterator[ChangePage]:
    """Yield the entities of each family by pages in order of their ids, inactive ones too.

    Every page's cursor is the server's time at the first page, so that what changes meanwhile is told by the feed.
    """
    cursor: Cursor | None = None
    for family in (one for one in NAMES if one in families):
        for reply, records in _pages(wire, family):
            cursor = cursor or plain_cursor(server_time(reply, clock) - OVERLAP)
            yield ChangePage(records=records, cursor=cursor)


def read_one(wire: Wire, family: Family, remote_id: str) -> RemoteRecord | None:
    """Return an entity as it is now, or None where QuickBooks does not know it (any more)."""
    name = NAMES[family]
    try:
        reply = wire.get(f"/{name.lower()}/{remote_id}")
    except NotFound:
        return None
    found = (reply.document or {}).get(name)
    return to_record(family, found) if isinstance(found, Mapping) and found.get("Id") not in {None, ""} else None


def server_time(reply: Reply, clock: Clock) -> datetime:
    """Return the time that an answer was given by the server's own clock, or ours where it does not say."""
    return parse_time((reply.document or {}).get("time")) or clock()


def rows_of(reply: Reply, name: str) -> list[Mapping[str, Any]]:
    """Return the rows of an entity in the answer of a query."""
    found = (reply.document or {}).get("QueryResponse")
    listed = found.get(name) if isinstance(found, Mapping) else None
    return [row for row in listed if isinstance(row, Mapping)] if isinstance(listed, list) else []


def _changed(wire: Wire, families: Sequence[Family], start: datetime, clock: Clock) -> tuple[Rows, datetime]:
    reply = wire.get(
        "/cdc",
        parameters=(
            ("entities", ",".join(NAMES[family] for family in families)),
            ("changedSince", start.isoformat()),
        ),
    )
    rows, moment = _read_feed(reply), server_time(reply, clock)
    counts = {family: len(rows.get(family, ())) for family in families}
    if FEED_LIMIT not in {sum(counts.values()), *counts.values()}:
        return rows, moment
    if len(families) == 1:
        raise CursorExpired(
            f"More than {FEED_LIMIT} {NAMES[families[0]]} entities changed.", request_id=reply.request_id
        )
    largest = max(families, key=lambda family: counts[family])
    first, _ = _changed(wire, (largest,), start, clock)
    rest, _ = _changed(wire, tuple(one for one in families if one is not largest), start, clock)
    # The earliest of the three times: what changed between the calls is told again next time.
    return {**first, **rest}, moment


def _read_feed(reply: Reply) -> dict[Family, list[RemoteRecord]]:
    found: dict[Family, list[RemoteRecord]] = {}
    for answer in _objects((reply.document or {}).get("CDCResponse")):
        for part in (answer, *_objects(answer.get("QueryResponse"))):
            faults = fault_of(part.get("Fault") or part.get("fault"))
            if faults:
                raise error_of(faults, status=reply.status, writing=False, request_id=reply.request_id, text=reply.text)
            for name, rows in part.items():
                if name in FAMILIES:
                    found.setdefault(FAMILIES[name], []).extend(to_records(FAMILIES[name], rows))
    return found


def _objects(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list, or the one that stands where a list is expected."""
    listed = value if isinstance(value, list) else [value]
    return [one for one in listed if isinstance(one, Mapping)]


def _pages(wire: Wire, family: Family) -> Iterator[tuple[Reply, list[RemoteRecord]]]:
    name = NAMES[family]
    where = " where Active in (true, false)" if family in NAME_LISTS else ""
    start, seen = 1, set[str]()
    while True:
        paging = f"orderby Id startposition {start} maxresults {PAGE_SIZE}"
        statement = f"select * from {name}{where} {paging}"  # noqa: S608 - QuickBooks' language; no value in it is ours
        reply = wire.get("/query", parameters=(("query", statement),))
        records = to_records(family, rows_of(reply, name))
        fresh = [record for record in records if record.remote_id not in seen]
        seen.update(record.remote_id for record in fresh)
        yield reply, fresh
        if len(records) != PAGE_SIZE or not fresh:
            return
        start += PAGE_SIZE
