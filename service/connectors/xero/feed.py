"""Reading: what changed, everything, one entity. One call per collection and page.

Xero facts: developer.xero.com, "Requests": ``If-Modified-Since`` is in UTC, to the second; lists without paging leave
details out; ``includeArchived`` is needed for archived contacts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from service.connectors.position import Position, plain_cursor
from service.connectors.xero.capability import CAPABILITIES
from service.connectors.xero.client import Reply
from service.connectors.xero.fault import failure, parse
from service.connectors.xero.record import (
    CONTACTS,
    CREDIT_NOTES,
    INVOICES,
    OVERPAYMENTS,
    PAYMENTS,
    Shape,
    is_ours,
    kept_of,
    moment_of,
    record_of,
    records_of,
)
from service.core.errors import Transient
from service.core.ports import ChangePage, Cursor, Family, Payload, RemoteRecord

#: A cursor that stands before any time: nothing was read yet.
BEGINNING = Cursor("")

#: Xero's own clocks may differ, and a change shows a moment after its stamp; what is read twice is told apart later.
OVERLAP = timedelta(seconds=2)

#: Without a word about pages, a list of a multiple of this many may go on.
_FULL_PAGE = 100

#: Newest first: what changes while pages are read moves to the front, so that no page skips what it should hold, and
#: the change itself is found from the cursor, which is older.
_ORDER = ("order", "UpdatedDateUTC DESC")

_QUERIES: Mapping[Shape, Sequence[tuple[str, str]]] = {
    CONTACTS: (("includeArchived", "true"), _ORDER),
    INVOICES: (("unitdp", "4"), _ORDER),
    PAYMENTS: (_ORDER,),
    CREDIT_NOTES: (("unitdp", "4"), _ORDER),
    OVERPAYMENTS: (_ORDER,),
}
#: Read with every change feed.
_ALWAYS = (CONTACTS, INVOICES, PAYMENTS)
#: Credit notes and overpayments are few and cost a call each: so often, and when they are asked for.
_AT_TIMES = (CREDIT_NOTES, OVERPAYMENTS)
NOTES_AGE = timedelta(minutes=10)
#: Answered records that are kept for their echoes.
_REMEMBERED = 2 * CAPABILITIES.page_size

Get = Callable[[str, Sequence[tuple[str, str]], Mapping[str, str]], Reply]


class Feed:
    """Reads collections through ``get``, which repeats a read that failed in passing."""

    def __init__(self, get: Get, clock: Callable[[], datetime]) -> None:
        self._get = get
        self._clock = clock
        self._answered: dict[str, RemoteRecord] = {}

    def remember(self, records: Iterable[RemoteRecord]) -> None:
        """Keep records as answers showed them, some pages of them: shown just so again, they are not read anew."""
        for record in records:
            self._answered[record.remote_id] = record
        while len(self._answered) > _REMEMBERED:
            del self._answered[next(iter(self._answered))]

    def changes(self, since: Cursor, only: frozenset[Family] | None = None) -> Iterator[ChangePage]:
        """Yield what changed since the cursor, of all collections or only of some; the rest is then told later.

        :raises CursorExpired: the cursor is none of ours, or stands before the beginning.
        """
        position = Position.read(since)
        if only is None and not self._tells_of_notes(position):
            only = frozenset(shape.family for shape in _ALWAYS)
        chosen = [shape for shape in (*_ALWAYS, *_AT_TIMES) if only is None or shape.family in only]

        def headers(shape: Shape) -> Mapping[str, str]:
            start = position.start_of(shape.family).astimezone(UTC) - OVERLAP
            return {"If-Modified-Since": start.strftime("%Y-%m-%dT%H:%M:%S")}

        for page in self._read(chosen, since, headers):
            moment = datetime.fromisoformat(page.cursor) if page.cursor != since else None
            yield page if moment is None else replace(page, cursor=position.after(moment, only))

    def reach(self, since: Cursor) -> Mapping[Family, datetime]:
        """Return up to when each family is known that reading on from a cursor tells of now.

        :raises CursorExpired: the cursor is none of ours.
        """
        position = Position.read(since)
        shapes = (*_ALWAYS, *_AT_TIMES) if self._tells_of_notes(position) else _ALWAYS
        return {shape.family: position.start_of(shape.family) for shape in shapes}

    def _tells_of_notes(self, position: Position) -> bool:
        return self._clock() - position.start_of(Family.CREDIT_NOTE) >= NOTES_AGE

    def everything(self, shapes: Iterable[Shape]) -> Iterator[ChangePage]:
        """Yield every entity of the collections; only the last page's cursor is of use."""
        yield from self._read(shapes, BEGINNING, lambda _: {})

    def fetch(self, shape: Shape, remote_id: str) -> RemoteRecord | None:
        """Return one entity, or None where Xero does not know it."""
        query = [pair for pair in _QUERIES[shape] if pair[0] == "unitdp"]
        reply = self._get(f"{shape.path}/{quote(remote_id, safe='')}", query, {})
        if reply.status == 404:  # noqa: PLR2004 - HTTP statuses read best as numbers
            return None
        records = [record_of(shape, _complete(shape, element)) for element in self._elements(shape, reply)[1]]
        return records[0] if records else None

    def _read(
        self, shapes: Iterable[Shape], since: Cursor, headers: Callable[[Shape], Mapping[str, str]]
    ) -> Iterator[ChangePage]:
        """Yield a page per answer; all but the last carry the old cursor, for the new one covers all of them."""
        cursor: Cursor | None = None
        held: ChangePage | None = None
        for shape in shapes:
            for reply, document, elements in self._pages(shape, headers(shape)):
                cursor = cursor or _cursor(reply, document, self._clock)
                if held is not None:
                    yield held
                ours = [_complete(shape, element) for element in elements if is_ours(shape, element)]
                held = ChangePage(
                    records=[record for one in ours for record in self._records(shape, one)], cursor=since
                )
        if held is not None:
            yield replace(held, cursor=cursor or since)

    def _records(self, shape: Shape, element: Payload) -> list[RemoteRecord]:
        answered = self._answered.get(str(element.get(shape.id_member)))
        if answered is None or shape is CREDIT_NOTES or answered.payload != kept_of(element):
            return records_of(shape, element)
        return [answered]

    def _pages(
        self, shape: Shape, headers: Mapping[str, str]
    ) -> Iterator[tuple[Reply, Mapping[str, Any], Sequence[Payload]]]:
        number, seen = 1, set[str]()
        while True:
            paging = (("page", str(number)), ("pageSize", str(CAPABILITIES.page_size)))
            reply = self._get(shape.path, (*_QUERIES[shape], *paging), headers)
            document, elements = self._elements(shape, reply)
            yield reply, document, elements
            ids = {str(element.get(shape.id_member)) for element in elements}
            if ids <= seen or not _goes_on(document, number, len(elements)):
                return
            seen |= ids
            number += 1

    def _elements(self, shape: Shape, reply: Reply) -> tuple[Mapping[str, Any], Sequence[Payload]]:
        """Return the document and its elements; nothing changed may be told by a 304 as well as by an empty list.

        :raises ConnectorError: the answer is a refusal, or can't be read.
        """
        if reply.status == 304:  # noqa: PLR2004
            return {}, []
        if not 200 <= reply.status < 300:  # noqa: PLR2004
            raise failure(reply, write=False)
        document = parse(reply)
        elements = (document.get(shape.plural) or []) if isinstance(document, Mapping) else None
        if not isinstance(elements, list):
            raise Transient("Xero's answer can't be read.", request_id=reply.request_id, detail=reply.text)
        return document, [element for element in elements if isinstance(element, Mapping)]


def _complete(shape: Shape, element: Payload) -> Payload:
    """Say that there are no people where a paged or single answer tells of none."""
    return {"ContactPersons": [], **element} if shape is CONTACTS and "ContactPersons" not in element else element


def _goes_on(document: Mapping[str, Any], number: int, count: int) -> bool:
    pagination = document.get("pagination")
    pages = pagination.get("pageCount") if isinstance(pagination, Mapping) else None
    if isinstance(pages, int):
        return number < pages
    return count > 0 and count % _FULL_PAGE == 0


def _cursor(reply: Reply, document: Mapping[str, Any], clock: Callable[[], datetime]) -> Cursor:
    """Return the server's time of the answer, to the second: of its body, else of its head, else ours."""
    moment = moment_of(document, "DateTimeUTC")
    if moment is None:
        try:
            moment = parsedate_to_datetime(reply.headers.get("Date") or "")
        except ValueError:
            moment = clock()
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return plain_cursor(moment)
