"""A package for tests of the pages: it consents at once and holds a small company, all in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from service.core.consent import Grant, Tenant, Tokens
from service.core.errors import AuthorizationLost
from service.core.ports import (
    Answer,
    Capabilities,
    ChangePage,
    Company,
    Cursor,
    Element,
    EntityKind,
    Family,
    Lane,
    Limits,
    Offer,
    Reference,
    RemoteRecord,
    Request,
)

CAPABILITIES = Capabilities(
    package="QuickBooks",
    kinds=frozenset({EntityKind.CUSTOMER, EntityKind.INVOICE, EntityKind.PAYMENT}),
    family_of={
        EntityKind.CUSTOMER: Family.CUSTOMER,
        EntityKind.INVOICE: Family.INVOICE,
        EntityKind.PAYMENT: Family.PAYMENT,
        EntityKind.CREDIT: Family.CREDIT_NOTE,
        EntityKind.ALLOCATION: Family.PAYMENT,
        EntityKind.REFUND: Family.REFUND,
    },
    native_depth=5,
    names_unique_over=frozenset({Family.CUSTOMER, Family.VENDOR, Family.EMPLOYEE}),
    name_limit=500,
    name_forbidden=frozenset(":"),
    key_window=None,
    errors_replayed=False,
    page_size=1000,
    limits=Limits(per_minute=500),
)
COMPANY = Company(tenant_id="9130", name="Craig's Design", country="US", base_currency="USD")
REFERENCE = Reference(
    company=COMPANY,
    accounts=(Offer(id="79", name="Sales", sales=True), Offer(id="4", name="Undeposited Funds", payments=True)),
    items=(Offer(id="1", name="Services", sales=True), Offer(id="2", name="Hours", sales=True)),
    taxes=(Offer(id="TAX", name="California", rate_percent=Decimal(8)), Offer(id="NON", name="None")),
    terms=(Offer(id="3", name="Net 30", days=30),),
    methods=(Offer(id="1", name="Cash"), Offer(id="2", name="Check")),
)


def remote_customer(
    remote_id: str, name: str, *, phone: str | None = None, email: str | None = None, family: Family = Family.CUSTOMER
) -> RemoteRecord:
    """Return an entity in the package's own form."""
    payload: dict[str, Any] = {"Id": remote_id, "SyncToken": "0", "DisplayName": name, "Active": True}
    if phone is not None:
        payload["PrimaryPhone"] = {"FreeFormNumber": phone}
    if email is not None:
        payload["PrimaryEmailAddr"] = {"Address": email}
    return RemoteRecord(
        family=family, remote_id=remote_id, version="0", active=True, payload=payload, name=name, email=email
    )


#: What the company has when it is read; tests put records in.
BOOKS: list[RemoteRecord] = []


class Connection:
    """A connector that reads the company of this module and takes no write."""

    capabilities = CAPABILITIES
    calls_made = 2

    def lane(self, element: Element) -> Lane:
        return Lane("batch", 30)

    def pack(self, elements: Sequence[Element], *, key: str) -> Request:
        raise NotImplementedError

    def send(self, request: Request, *, count: int) -> Answer:
        raise NotImplementedError

    def reach(self, since: Cursor) -> Mapping[Family, datetime]:
        return dict.fromkeys(Family, datetime.fromisoformat(since).replace(tzinfo=UTC))

    def changes(self, since: Cursor) -> Iterator[ChangePage]:
        yield ChangePage(records=(), cursor=since)

    def everything(self, families: frozenset[Family]) -> Iterator[ChangePage]:
        yield ChangePage(records=[one for one in BOOKS if one.family in families], cursor=Cursor("2026-11-22"))

    def fetch(self, family: Family, remote_id: str) -> RemoteRecord | None:
        return None

    def reference(self) -> Reference:
        return REFERENCE


class Consent:
    """Sign-in pages and tokens of the package."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    def authorize_url(self, *, state: str, redirect_uri: str, code_challenge: str | None) -> str:
        return f"https://package.example/authorize?state={state}"

    def exchange(
        self, *, code: str, redirect_uri: str, code_verifier: str | None, callback: Mapping[str, str]
    ) -> Grant:
        if code != "good":
            raise AuthorizationLost("the code is not known")
        expires = self._clock() + timedelta(hours=1)
        tokens = Tokens(access_token="a", refresh_token="r", access_expires_at=expires, refresh_expires_at=None)
        return Grant(tokens=tokens, tenants=(Tenant(tenant_id=COMPANY.tenant_id, name=COMPANY.name),))

    def refresh(self, refresh_token: str) -> Tokens:
        raise NotImplementedError

    def revoke(self, tokens: Tokens, *, connection_ref: str | None) -> None:
        return None


def connect(**options: Any) -> Connection:
    return Connection()


def oauth(*, clock: Callable[[], datetime], **options: Any) -> Consent:
    return Consent(clock)
