"""One organisation's books: records by kind, the indexes that keep names and numbers unique, and what changed."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

#: A record with Xero's field names; values are str, bool, int, Decimal, date, datetime, lists and further records.
Record = dict[str, Any]

_NAMESPACE = uuid.UUID("6f1d8e0a-3f2b-4f55-9b3e-0d6a5d1c7e42")
NO_ID = "00000000-0000-0000-0000-000000000000"


def stable_id(*parts: object) -> str:
    """Return a UUID that is the same for the same parts."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(str(part) for part in parts)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something a webhook would tell."""

    tenant_id: str
    category: str  #: CONTACT, INVOICE or CREDITNOTE
    created: bool
    resource: str  #: "Contacts", "Invoices", "CreditNotes"
    resource_id: str
    at: datetime
    extra: Record | None = None


@dataclass(slots=True)
class Organisation:
    """The books behind one tenant id. Whoever touches them holds the sandbox's lock."""

    tenant_id: str
    profile: Record  #: fields of Xero's Organisation
    now: Callable[[], datetime]
    on_change: Callable[[Change], None]
    zone: str = "Pacific/Auckland"
    emails_per_day: int = 1000
    contacts: dict[str, Record] = field(default_factory=dict)
    invoices: dict[str, Record] = field(default_factory=dict)
    credit_notes: dict[str, Record] = field(default_factory=dict)
    payments: dict[str, Record] = field(default_factory=dict)
    overpayments: dict[str, Record] = field(default_factory=dict)
    prepayments: dict[str, Record] = field(default_factory=dict)
    contact_groups: dict[str, Record] = field(default_factory=dict)
    accounts: list[Record] = field(default_factory=list)
    tax_rates: list[Record] = field(default_factory=list)
    items: list[Record] = field(default_factory=list)
    tracking_categories: list[Record] = field(default_factory=list)
    currencies: list[Record] = field(default_factory=list)
    branding_themes: list[Record] = field(default_factory=list)
    history: defaultdict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    mails: list[Record] = field(default_factory=list)  #: invoices e-mailed: InvoiceID, To, At
    active_names: dict[str, str] = field(default_factory=dict)  #: name without case -> ContactID
    contact_numbers: dict[str, str] = field(default_factory=dict)
    account_numbers: dict[str, str] = field(default_factory=dict)
    invoice_numbers: dict[str, str] = field(default_factory=dict)  #: sales invoices only
    documents_of: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    by_app: set[str] = field(default_factory=set)  #: ids of what came through the API
    counters: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    misstored: Record = field(default_factory=dict)  #: amounts that the next invoice is stored with, whatever it says

    @property
    def name(self) -> str:
        """The organisation's name."""
        return str(self.profile["Name"])

    @property
    def base_currency(self) -> str:
        """Code of the currency the books are kept in."""
        return str(self.profile["BaseCurrency"])

    @property
    def today(self) -> date:
        """The date where the organisation is (Xero facts 3: dates are in its timezone)."""
        return self.now().astimezone(ZoneInfo(self.zone)).date()

    def new_id(self, kind: str) -> str:
        """Return the next id for a new record; the same acts in the same order give the same ids."""
        self.counters[kind] += 1
        return stable_id(self.tenant_id, kind, self.counters[kind])

    def account(self, *, code: str | None = None, account_id: str | None = None) -> Record | None:
        """Return the active account of this code or id."""
        for account in self.accounts:
            if account["Status"] == "ACTIVE" and (
                (code is not None and account.get("Code") == code) or account["AccountID"] == account_id
            ):
                return account
        return None

    def tax_rate(self, tax_type: str) -> Record | None:
        """Return the active tax rate of this type."""
        return next((r for r in self.tax_rates if r["TaxType"] == tax_type and r["Status"] == "ACTIVE"), None)

    def item(self, code: str) -> Record | None:
        """Return the item of this code."""
        return next((item for item in self.items if item["Code"] == code), None)

    def subscribes(self, currency: str) -> bool:
        """Whether documents may be in this currency."""
        return any(one["Code"] == currency for one in self.currencies)

    def stamp(self, record: Record) -> None:
        """Move a record's change stamp to now."""
        record["UpdatedDateUTC"] = self.now()

    def tell(self, resource: str, record_id: str, *, created: bool, extra: Record | None = None) -> None:
        """Note a change for the webhooks."""
        category = {"Contacts": "CONTACT", "Invoices": "INVOICE", "CreditNotes": "CREDITNOTE"}[resource]
        self.on_change(
            Change(
                tenant_id=self.tenant_id,
                category=category,
                created=created,
                resource=resource,
                resource_id=record_id,
                at=self.now(),
                extra=extra,
            )
        )
