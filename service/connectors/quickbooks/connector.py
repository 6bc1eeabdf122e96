"""One connected QuickBooks company: the port that the sync works with, made of the modules beside this one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from service.connectors.position import Position
from service.connectors.quickbooks import feed, mail, packing
from service.connectors.quickbooks.capabilities import CAPABILITIES
from service.connectors.quickbooks.entity import NAMES
from service.connectors.quickbooks.reference import read_reference
from service.connectors.quickbooks.wire import Wire
from service.core.letter import Mailed
from service.core.ports import (
    Answer,
    Capabilities,
    ChangePage,
    Cursor,
    Element,
    Family,
    Lane,
    Reference,
    RemoteRecord,
    Request,
)


def connect(
    *,
    urls: Mapping[str, str],
    tenant_id: str,
    access_token: Callable[[], str],
    timeout: float,
    clock: Callable[[], datetime],
) -> QuickBooksConnector:
    """Return a connector for one company; makes no call.

    :param urls: ``api`` is the base address of QuickBooks' API, such as ``https://quickbooks.api.intuit.com``.
    :param tenant_id: the realm id.
    :param access_token: asked at each call, so that a renewed token is used at once.
    :param timeout: seconds for one call.
    """
    wire = Wire(base_url=urls["api"], company_id=tenant_id, access_token=access_token, timeout=timeout)
    return QuickBooksConnector(wire, tenant_id=tenant_id, api_url=urls["api"], clock=clock)


class QuickBooksConnector:
    """One authorised connection to one company."""

    def __init__(self, wire: Wire, *, tenant_id: str, api_url: str, clock: Callable[[], datetime]) -> None:
        self.wire = wire
        self._tenant_id = tenant_id
        self._api_url = api_url
        self._clock = clock

    @property
    def capabilities(self) -> Capabilities:
        """What QuickBooks can do."""
        return CAPABILITIES

    @property
    def calls_made(self) -> int:
        """HTTP calls made so far, failed and repeated ones included."""
        return self.wire.calls

    @property
    def calls_left_today(self) -> int | None:
        """None: the package has no limit of the day."""
        return None

    def lane(self, element: Element) -> Lane:
        """Tell which elements may share a request: all but voids and deletes, up to 30."""
        return packing.lane(element)

    def pack(self, elements: Sequence[Element], *, key: str) -> Request:
        """Build the one request that carries the elements.

        :raises ValueError: for elements that can't ride together, or a key of more than 36 characters.
        """
        return packing.pack(elements, key=key, root=self.wire.root)

    def send(self, request: Request, *, count: int) -> Answer:
        """Send a packed request once, byte for byte, and read the outcome of each element.

        Through the client's own session rather than the SDK's ``batch_operation``, ``update_object``, ``void`` or
        ``delete``: those write the body anew, and a batch or a void there has no requestid.

        :raises Transient: nothing was written; also RateLimited.
        :raises OutcomeUnknown: the request may have been taken.
        :raises ConnectionBroken: the connection needs a person.
        """
        reply = self.wire.write(
            request.method,
            request.path,
            query=request.query,
            content=request.content.encode("utf-8"),
            content_type=request.content_type,
        )
        return packing.read_answer(request, reply, count=count)

    def changes(self, since: Cursor, only: frozenset[Family] | None = None) -> Iterator[ChangePage]:
        """Yield, as one page, everything that changed since the cursor.

        :raises CursorExpired: the feed does not reach that far back, or more changed than it can tell.
        """
        yield feed.read_changes(self.wire, since, self._clock, only)

    def reach(self, since: Cursor) -> Mapping[Family, datetime]:
        """Return up to when each family is known.

        :raises CursorExpired: the cursor is not one that this connector made.
        """
        position = Position.read(since)
        return {family: position.start_of(family) for family in NAMES}

    def everything(self, families: frozenset[Family]) -> Iterator[ChangePage]:
        """Yield every entity of the families, inactive ones too, in pages of 1000."""
        yield from feed.read_everything(self.wire, families, self._clock)

    def fetch(self, family: Family, remote_id: str) -> RemoteRecord | None:
        """Return one entity as it is now, or None where QuickBooks does not know it."""
        return feed.read_one(self.wire, family, remote_id)

    def reference(self) -> Reference:
        """Read the company's lists and settings in one call."""
        return read_reference(self.wire, tenant_id=self._tenant_id, api_url=self._api_url)

    def mail(self, remote_id: str, *, key: str) -> Mailed:
        """Have QuickBooks mail an invoice, once for a key."""
        return mail.mail(self.wire, remote_id, key=key)

    def document(self, remote_id: str) -> bytes:
        """Return an invoice as PDF."""
        return mail.document(self.wire, remote_id)

    def online_address(self, remote_id: str) -> str | None:
        """Return the address at which the customer sees an invoice, if it has one."""
        return mail.online_address(self.wire, remote_id)
