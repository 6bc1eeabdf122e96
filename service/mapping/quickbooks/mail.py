"""Whom QuickBooks mails an invoice to.

QuickBooks facts (developer.intuit.com, Invoice, "Send an invoice"): it goes to BillEmail, with copies to BillEmailCc
and BillEmailBcc of the invoice; an address that is none is silently left out; DeliveryInfo then tells when. A
``sendTo`` would replace BillEmail by one address, so none is ever given.
"""

from __future__ import annotations

from service.core.letter import Reach
from service.core.ports import RemoteRecord
from service.mapping.quickbooks import email
from service.mapping.quickbooks.body import text

TO_LIMIT = 100
COPY_LIMIT = 200


def addressee(invoice: RemoteRecord) -> str | None:
    """Return None: an invoice has its own addresses."""
    del invoice
    return None


def reach(invoice: RemoteRecord, customer: RemoteRecord | None) -> Reach:
    """Return whom QuickBooks would mail the invoice to."""
    del customer
    to, cc, hidden = (
        email.fit(email.split(text(invoice.payload, member, "Address")), limit).kept
        for member, limit in (("BillEmail", TO_LIMIT), ("BillEmailCc", COPY_LIMIT), ("BillEmailBcc", COPY_LIMIT))
    )
    if not to:
        return Reach(fault="The invoice has no address in QuickBooks.")
    return Reach(to=to, cc=cc, hidden=hidden)


def mark(invoice: RemoteRecord) -> str | None:
    """Return when QuickBooks last mailed the invoice."""
    return text(invoice.payload, "DeliveryInfo", "DeliveryTime")
