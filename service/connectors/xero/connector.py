"""One Xero organisation as the sync sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random

from service.connectors.xero import mail
from service.connectors.xero.batch import lane_of, pack, read_answer
from service.connectors.xero.capability import CAPABILITIES
from service.connectors.xero.client import Remaining, Reply, XeroClient
from service.connectors.xero.fault import failure, parse
from service.connectors.xero.feed import Feed
from service.connectors.xero.listing import read_reference
from service.connectors.xero.record import SHAPES
from service.core.errors import RateLimited, Transient
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
    Written,
)

#: How often a read is made before its failure is told.
READ_ATTEMPTS = 3


class XeroConnector:
    """Implements ``Connector``: writes go out once, reads are repeated after a passing failure, never past a limit."""

    def __init__(
        self,
        client: XeroClient,
        *,
        tenant_id: str,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self._client = client
        self._tenant_id = tenant_id
        self._sleep = sleep
        self._feed = Feed(self._get, clock)

    @property
    def capabilities(self) -> Capabilities:
        """What Xero can do."""
        return CAPABILITIES

    @property
    def calls_made(self) -> int:
        """HTTP calls made so far, failed ones included."""
        return self._client.calls_made

    @property
    def remaining(self) -> Remaining:
        """Calls left in the minute and the day, as the last answer told."""
        return self._client.remaining

    @property
    def calls_left_today(self) -> int | None:
        """Calls left of the day, as the last answer told; on the smallest tier a day has fewer."""
        return self._client.remaining.day

    def lane(self, element: Element) -> Lane:
        """Tell which elements may share a request with this one."""
        return lane_of(element)

    def pack(self, elements: Sequence[Element], *, key: str) -> Request:
        """Build the one request that carries the elements.

        :raises ValueError: they don't belong into one request, or an update lacks an id.
        """
        return pack(elements, key=key)

    def send(self, request: Request, *, count: int) -> Answer:
        """Send a packed request of ``count`` elements once, byte for byte, and read the outcome of each.

        :raises Transient: nothing was written; also RateLimited.
        :raises OutcomeUnknown: the request may have been taken.
        :raises AuthorizationLost: with reason ``expired`` a refresh may help, else a person.
        :raises Rejected: Xero refused the call as a whole and says nothing of its elements.
        """
        headers = {"Content-Type": request.content_type, "Idempotency-Key": request.key}
        reply = self._client.call(
            request.method, request.path, query=request.query, content=request.content, headers=headers
        )
        answer = read_answer(request, reply, count=count)
        self._feed.remember(outcome.record for outcome in answer.outcomes if isinstance(outcome, Written))
        return answer

    def changes(self, since: Cursor, only: frozenset[Family] | None = None) -> Iterator[ChangePage]:
        """Yield everything that changed since the cursor: a call each for contacts, invoices and payments if it fits.

        :raises CursorExpired: the cursor is not one that this connector made.
        """
        return self._feed.changes(since, only)

    def reach(self, since: Cursor) -> Mapping[Family, datetime]:
        """Return up to when each family is known.

        :raises CursorExpired: the cursor is not one that this connector made.
        """
        return self._feed.reach(since)

    def everything(self, families: frozenset[Family]) -> Iterator[ChangePage]:
        """Yield every entity of the families, inactive ones too; the last page's cursor starts the change feed."""
        return self._feed.everything(shape for family, shape in SHAPES.items() if family in families)

    def fetch(self, family: Family, remote_id: str) -> RemoteRecord | None:
        """Return one entity as it is now, or None where Xero does not know it."""
        shape = SHAPES.get(family)
        return None if shape is None else self._feed.fetch(shape, remote_id)

    def reference(self) -> Reference:
        """Read the organisation's lists and the facts about it: six calls."""
        return read_reference(self._listing, self._tenant_id)

    def mail(self, remote_id: str, *, key: str) -> Mailed:
        """Have Xero mail an invoice, once for a key."""
        return mail.mail(self._client, remote_id, key=key)

    def document(self, remote_id: str) -> bytes:
        """Return an invoice as PDF."""
        return mail.document(self._get, remote_id)

    def online_address(self, remote_id: str) -> str | None:
        """Return the address at which the customer sees an invoice, if it has one."""
        return mail.online_address(self._get, remote_id)

    def close(self) -> None:
        """Give the sockets back."""
        self._client.close()

    def _listing(self, name: str) -> Sequence[Mapping[str, Any]]:
        reply = self._get(f"/api.xro/2.0/{name}", (), {})
        if not 200 <= reply.status < 300:  # noqa: PLR2004 - HTTP statuses read best as numbers
            raise failure(reply, write=False)
        document = parse(reply)
        entries = document.get("Organisations" if name == "Organisation" else name) if document else None
        if not isinstance(entries, list):
            raise Transient("Xero's answer can't be read.", request_id=reply.request_id, detail=reply.text)
        return [entry for entry in entries if isinstance(entry, Mapping)]

    def _get(self, path: str, query: Sequence[tuple[str, str]], headers: Mapping[str, str]) -> Reply:
        """Read, up to three times where the failure may pass by itself."""
        attempts = Retrying(
            stop=stop_after_attempt(READ_ATTEMPTS),
            wait=wait_exponential(multiplier=0.5, max=5) + wait_random(0, 0.5),
            retry=retry_if_exception(_passes),
            sleep=self._sleep,
            reraise=True,
        )
        return attempts(self._get_once, path, query, headers)

    def _get_once(self, path: str, query: Sequence[tuple[str, str]], headers: Mapping[str, str]) -> Reply:
        reply = self._client.call("GET", path, query=query, headers=headers)
        if reply.status >= 500:  # noqa: PLR2004
            raise failure(reply, write=False)
        return reply


def _passes(error: BaseException) -> bool:
    return isinstance(error, Transient) and not isinstance(error, RateLimited)
