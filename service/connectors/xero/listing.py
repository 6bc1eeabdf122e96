"""The organisation's own lists: accounts, tax rates, items, currencies, tracking, and the facts about the company.

Xero facts: developer.xero.com, "Organisation", "Accounts", "Tax Rates", "Items", "Tracking categories".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from service.connectors.xero.record import moment_of, text_of
from service.core.ports import Company, Component, Dimension, Offer, Reference

#: Reads one list by its name.
Listing = Callable[[str], Sequence[Mapping[str, Any]]]

#: Codes in the chart of accounts that Xero gives to a new organisation.
_SALES_CODE = "200"
_BANK_CODE = "090"

_SALES_TYPES = frozenset({"REVENUE", "SALES"})
_UNTAXED = "NONE"


def read_reference(listing: Listing, tenant_id: str) -> Reference:
    """Read the six lists, a call each."""
    organisation = next(iter(listing("Organisation")), {})
    accounts = listing("Accounts")
    rates = listing("TaxRates")
    items = listing("Items")
    currencies = listing("Currencies")
    return Reference(
        company=_company(organisation, currencies, tenant_id),
        accounts=_accounts(accounts),
        items=_items(items),
        taxes=_taxes(rates, _usual_tax(accounts)),
        dimensions=tuple(
            _dimension(one) for one in listing("TrackingCategories") if text_of(one, "TrackingCategoryID")
        ),
    )


def _company(organisation: Mapping[str, Any], currencies: Sequence[Mapping[str, Any]], tenant_id: str) -> Company:
    base = text_of(organisation, "BaseCurrency")
    codes = {text_of(currency, "Code") for currency in currencies} | {base}
    locks = [_day(organisation, name) for name in ("PeriodLockDate", "EndOfYearLockDate")]
    return Company(
        tenant_id=tenant_id,
        name=text_of(organisation, "Name") or "",
        country=text_of(organisation, "CountryCode"),
        base_currency=base,
        currencies=frozenset(code for code in codes if code),
        short_code=text_of(organisation, "ShortCode"),
        lock_date=max((lock for lock in locks if lock), default=None),
        flags={"demo": organisation.get("IsDemoCompany") is True, "pays_tax": organisation.get("PaysTax") is not False},
    )


def _accounts(accounts: Sequence[Mapping[str, Any]]) -> tuple[Offer, ...]:
    banks = [account for account in accounts if text_of(account, "Type") == "BANK" and _active(account)]
    return tuple(_account(account, only_bank=len(banks) == 1) for account in accounts if _account_id(account))


def _account(account: Mapping[str, Any], *, only_bank: bool) -> Offer:
    code, kind = text_of(account, "Code"), text_of(account, "Type")
    # A line names its account by code, so one without a code is no sales account to us.
    sales = kind in _SALES_TYPES and code is not None
    return Offer(
        id=_account_id(account) or "",
        name=text_of(account, "Name") or code or "",
        active=_active(account),
        code=code,
        type=kind,
        sales=sales,
        payments=kind == "BANK" or account.get("EnablePaymentsToAccount") is True,
        currency=text_of(account, "CurrencyCode") if kind == "BANK" else None,
        default=(sales and code == _SALES_CODE) or (kind == "BANK" and (only_bank or code == _BANK_CODE)),
    )


def _account_id(account: Mapping[str, Any]) -> str | None:
    """Return what documents name an account by: its code, which only bank accounts may lack."""
    return text_of(account, "Code") or text_of(account, "AccountID")


def _usual_tax(accounts: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the tax type of the usual sales account: of several rates alike, the one its sales carry."""
    usual = (account for account in accounts if text_of(account, "Code") == _SALES_CODE)
    return next((text_of(account, "TaxType") for account in usual), None)


def _taxes(rates: Sequence[Mapping[str, Any]], usual: str | None) -> tuple[Offer, ...]:
    return tuple(
        Offer(
            id=kind,
            name=text_of(rate, "Name") or kind,
            active=_active(rate),
            code=kind,
            rate_percent=_rate(rate),
            default=kind in {usual, _UNTAXED},
            components=_components(rate),
        )
        for rate in rates
        if (kind := text_of(rate, "TaxType")) and rate.get("CanApplyToRevenue") is not False
    )


def _rate(rate: Mapping[str, Any]) -> Decimal | None:
    found = (_decimal(rate.get(member)) for member in ("EffectiveRate", "DisplayTaxRate"))
    return next((percent for percent in found if percent is not None), None)


def _decimal(value: Any) -> Decimal | None:
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation:
        return None


def _dimension(category: Mapping[str, Any]) -> Dimension:
    options = category.get("Options")
    return Dimension(
        id=text_of(category, "TrackingCategoryID") or "",
        name=text_of(category, "Name") or "",
        options=tuple(
            Offer(id=option_id, name=text_of(option, "Name") or option_id, active=_active(option))
            for option in (options if isinstance(options, list) else ())
            if (option_id := text_of(option, "TrackingOptionID"))
        ),
    )


def _components(rate: Mapping[str, Any]) -> tuple[Component, ...]:
    parts = rate.get("TaxComponents")
    return tuple(
        Component(name=text_of(part, "Name") or "", rate_percent=percent)
        for part in (parts if isinstance(parts, list) else ())
        if (percent := _decimal(part.get("Rate"))) is not None
    )


def _items(items: Sequence[Mapping[str, Any]]) -> tuple[Offer, ...]:
    return tuple(
        Offer(
            id=code,
            name=text_of(item, "Name") or code,
            code=code,
            sales=item.get("IsSold") is not False,
            account=text_of(item.get("SalesDetails") or {}, "AccountCode"),
        )
        for item in items
        if (code := text_of(item, "Code"))
    )


def _active(entry: Mapping[str, Any]) -> bool:
    return (text_of(entry, "Status") or "ACTIVE").upper() == "ACTIVE"


def _day(organisation: Mapping[str, Any], member: str) -> date | None:
    moment = moment_of(organisation, member)
    return None if moment is None else moment.date()
