"""Addresses at which a person sees an entity in Xero, with the organisation pinned by its short code.

Xero facts: "Deep linking", developer.xero.com; the short code begins with "!" and is percent-encoded.
"""

from __future__ import annotations

from urllib.parse import quote

from service.core.ports import Company

_BASE = "https://go.xero.com"


def contact_url(contact_id: str, company: Company) -> str:
    """Return the address of a contact's page."""
    return _pinned(f"/Contacts/View/{quote(contact_id, safe='')}", company)


def invoice_url(invoice_id: str, company: Company) -> str:
    """Return the address of a sales invoice's page."""
    return _pinned(f"/AccountsReceivable/View.aspx?InvoiceID={quote(invoice_id, safe='')}", company)


def credit_url(note_id: str, company: Company) -> str:
    """Return the address of a sales credit note's page."""
    return _pinned(f"/AccountsReceivable/ViewCreditNote.aspx?creditNoteID={quote(note_id, safe='')}", company)


def payment_url(payment_id: str, company: Company) -> str:
    """Return the address of a payment's page."""
    return _pinned(f"/Bank/ViewTransaction.aspx?bankTransactionID={quote(payment_id, safe='')}", company)


def _pinned(path: str, company: Company) -> str:
    """Open the right organisation first; without a short code whichever is open."""
    if not company.short_code:
        return f"{_BASE}{path}"
    shortcode = quote(company.short_code, safe="")
    return f"{_BASE}/organisationlogin/default.aspx?shortcode={shortcode}&redirecturl={path}"
