"""Addresses on the web: a customer's own site, and where people see an entity in QuickBooks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from service.core.ports import Company, EntityKind
from service.core.snapshot import clean_text

SITE_LIMIT = 1000
_SITE = re.compile(r"https?://[^\s<>\"{}|\\^`/?#]*\.[^\s<>\"{}|\\^`/?#]+([/?#][^\s<>\"{}|\\^`]*)?")

#: Pages by kind. They open whichever company the person is signed in to, so they are reached through a sign-in address
#: that names the company. None of it is documented: it is data, to be changed here.
_PAGES: Mapping[EntityKind, str] = {
    EntityKind.CUSTOMER: "customerdetail?nameId={id}",
    EntityKind.INVOICE: "invoice?txnId={id}",
    EntityKind.PAYMENT: "recvpayment?txnId={id}",
    EntityKind.CREDIT: "creditmemo?txnId={id}",
    EntityKind.REFUND: "refundreceipt?txnId={id}",
}
_SIGN_IN = "https://qbo.intuit.com/app/login?pagereq={page}&deeplinkcompanyid={company}"
_SIGN_IN_SANDBOX = "https://sandbox.qbo.intuit.com/login?pagereq={page}&deeplinkcompanyid={company}"


def site(text: str | None) -> str | None:
    """Return a web address in one spelling: with a scheme, the host in lower case, no slash after a bare host."""
    cleaned = clean_text(text)
    if cleaned is None:
        return None
    if "://" not in cleaned:
        cleaned = f"http://{cleaned}"
    scheme, _, rest = cleaned.partition("://")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    rest = host.lower() + rest[len(host) :]
    return f"{scheme.lower()}://{rest}".removesuffix("/" if rest == f"{host.lower()}/" else "")


def is_site(text: str) -> bool:
    """Tell whether QuickBooks takes the text as a web address."""
    return len(text) <= SITE_LIMIT and _SITE.fullmatch(text) is not None


def entity_url(kind: EntityKind, remote_id: str, company: Company) -> str:
    """Return the address of an entity's page, with the company pinned."""
    page = quote(_PAGES[kind].format(id=quote(remote_id, safe="")), safe="")
    template = _SIGN_IN_SANDBOX if company.flags.get("sandbox") else _SIGN_IN
    return template.format(page=page, company=quote(company.tenant_id, safe=""))
