"""Whom Xero mails an invoice to.

Xero facts (developer.xero.com, Invoices, "Emailing an invoice"; Contacts, "ContactPersons"): an approved invoice goes
to its contact's EmailAddress and to each person with IncludeInEmails, all of them in To; no invoice has recipients of
its own.
"""

from __future__ import annotations

from service.core.letter import Reach
from service.core.ports import RemoteRecord
from service.core.snapshot import clean_email
from service.mapping.xero.value import as_list, as_object, as_text

_MAILED = frozenset({"SUBMITTED", "AUTHORISED", "PAID"})


def addressee(invoice: RemoteRecord) -> str | None:
    """Return the id of the invoice's contact."""
    return as_text(as_object(invoice.payload.get("Contact")).get("ContactID"))


def reach(invoice: RemoteRecord, customer: RemoteRecord | None) -> Reach:
    """Return whom Xero would mail the invoice to."""
    if (as_text(invoice.payload.get("Status")) or "").upper() not in _MAILED:
        return Reach(fault="Xero mails approved invoices only, and this one is not approved there.")
    first = clean_email(as_text(customer.payload.get("EmailAddress"))) if customer is not None else None
    if customer is None or first is None:
        return Reach(fault="The invoice's contact has no address in Xero.")
    persons = [
        clean_email(as_text(person.get("EmailAddress")))
        for person in as_list(customer.payload.get("ContactPersons"))
        if person.get("IncludeInEmails") is True
    ]
    return Reach(to=tuple(dict.fromkeys([first, *(one for one in persons if one)])))


def mark(invoice: RemoteRecord) -> str | None:
    """Return whether Xero has marked the invoice as sent: it tells no time."""
    return "sent" if invoice.payload.get("SentToContact") is True else None
