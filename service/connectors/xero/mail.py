"""Having Xero mail an invoice, its PDF, and the address at which the customer sees it.

Xero facts: developer.xero.com, Invoices, "Emailing an invoice" (204 and no content; 1,000 mails a day, 20 while on
trial, none for the demo company), "Retrieving an invoice as a PDF", "Retrieving the online invoice url".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from service.connectors.xero.client import Reply, XeroClient
from service.connectors.xero.fault import failure, messages_of, parse, rejection
from service.core.errors import ConnectorError, Transient
from service.core.letter import Mailed

_BASE = "/api.xro/2.0/Invoices"
_PDF = "application/pdf"

Get = Callable[[str, Sequence[tuple[str, str]], Mapping[str, str]], Reply]


def mail(client: XeroClient, remote_id: str, *, key: str) -> Mailed:
    """Have Xero mail an invoice to its contact and the persons who are included.

    :raises Transient: nothing was sent; also RateLimited.
    :raises OutcomeUnknown: it may have been sent.
    :raises ConnectorError: any refusal.
    """
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    reply = client.call("POST", f"{_BASE}/{remote_id}/Email", content="{}", headers=headers)
    if not _is_good(reply):
        raise _refusal(reply)
    return Mailed(record=None, status=reply.status, request_id=reply.request_id, answer=reply.text)


def document(get: Get, remote_id: str) -> bytes:
    """Return an invoice as PDF.

    :raises ConnectorError: any refusal, or no answer.
    """
    reply = get(f"{_BASE}/{remote_id}", (), {"Accept": _PDF})
    if not _is_good(reply):
        raise failure(reply, write=False)
    if _PDF not in (reply.headers.get("Content-Type") or ""):
        message = "Xero's answer is no PDF."
        raise Transient(message, request_id=reply.request_id)
    return reply.content


def online_address(get: Get, remote_id: str) -> str | None:
    """Return the address at which the customer sees an invoice, or None.

    :raises ConnectorError: any refusal, or no answer.
    """
    reply = get(f"{_BASE}/{remote_id}/OnlineInvoice", (), {})
    if not _is_good(reply):
        raise failure(reply, write=False)
    found: Any = parse(reply)
    listed = found.get("OnlineInvoices") if isinstance(found, Mapping) else None
    first = listed[0] if isinstance(listed, list) and listed else None
    address = first.get("OnlineInvoiceUrl") if isinstance(first, Mapping) else None
    return address if isinstance(address, str) and address else None


def _is_good(reply: Reply) -> bool:
    return 200 <= reply.status < 300  # noqa: PLR2004 - HTTP statuses read best as numbers


def _refusal(reply: Reply) -> ConnectorError:
    """Return what a refusal means; of a 400 the validation errors of its only element say it best."""
    found = parse(reply) if reply.status == 400 else None  # noqa: PLR2004
    elements = found.get("Elements") if isinstance(found, Mapping) else None
    if isinstance(elements, list):
        told = [text for one in elements if isinstance(one, Mapping) for text in messages_of(one)]
        if told:
            return rejection(told, request_id=reply.request_id)
    return failure(reply, write=True)
