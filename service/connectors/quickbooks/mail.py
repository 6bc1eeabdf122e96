"""Having QuickBooks mail an invoice, its PDF, and the address at which the customer sees it.

QuickBooks facts: developer.intuit.com, Invoice: "Send an invoice", "Get an invoice as PDF", ``include=invoiceLink``.
"""

from __future__ import annotations

from collections.abc import Mapping

from service.connectors.quickbooks.entity import NAMES, to_record
from service.connectors.quickbooks.wire import MINOR_VERSION, Wire
from service.core.errors import OutcomeUnknown
from service.core.letter import Mailed
from service.core.ports import Family
from service.core.snapshot import clean_text

_LONGEST_KEY = 50


def mail(wire: Wire, remote_id: str, *, key: str) -> Mailed:
    """Have QuickBooks mail an invoice to the addresses that stand on it.

    No ``sendTo``: it would put one address into BillEmail, in place of those that stand there.

    :raises Transient: nothing was sent; also RateLimited.
    :raises OutcomeUnknown: it may have been sent.
    :raises ConnectorError: any refusal.
    """
    reply = wire.write(
        "POST",
        f"{wire.root}/invoice/{remote_id}/send",
        query=(("requestid", key[:_LONGEST_KEY]), ("minorversion", str(MINOR_VERSION))),
        content=b"",
        content_type="application/octet-stream",
    )
    if reply.refused:
        raise reply.error(writing=True)
    shown = (reply.document or {}).get(NAMES[Family.INVOICE])
    if not isinstance(shown, Mapping) or shown.get("Id") in {None, ""}:
        message = "QuickBooks' answer does not show the invoice."
        raise OutcomeUnknown(message, request_id=reply.request_id, detail=reply.text, answered=True)
    return Mailed(
        record=to_record(Family.INVOICE, shown), status=reply.status, request_id=reply.request_id, answer=reply.text
    )


def document(wire: Wire, remote_id: str) -> bytes:
    """Return an invoice as PDF.

    :raises ConnectorError: any refusal, or no answer.
    """
    return wire.download(f"/invoice/{remote_id}/pdf", media_type="application/pdf")


def online_address(wire: Wire, remote_id: str) -> str | None:
    """Return the address at which the customer sees and pays an invoice; None where the company offers none.

    :raises ConnectorError: any refusal, or no answer.
    """
    reply = wire.get(f"/invoice/{remote_id}", parameters=(("include", "invoiceLink"),))
    shown = (reply.document or {}).get(NAMES[Family.INVOICE])
    found = shown.get("InvoiceLink") if isinstance(shown, Mapping) else None
    return clean_text(found) if isinstance(found, str) else None
