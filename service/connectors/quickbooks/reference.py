"""The company's own lists and settings, normalised for the mapping.

QuickBooks facts: developer.intuit.com, CompanyInfo, Preferences, Account, Item, TaxCode, TaxRate, Term, PaymentMethod.
Each list is a query of its own. One batch of queries would take a single request, but it is a POST to the address that
also takes writes, and whoever watches a connection before it is live must see that nothing but reading happens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from service.connectors.quickbooks.capabilities import PAGE_SIZE
from service.connectors.quickbooks.feed import rows_of
from service.connectors.quickbooks.wire import Wire
from service.core.errors import ConnectionBroken, ConnectorError, Rejected, Transient
from service.core.ports import Company, Component, Dimension, Offer, Reference
from service.core.snapshot import clean_country, clean_text

Row: TypeAlias = Mapping[str, Any]

_LISTS = ("Account", "Item", "TaxCode", "TaxRate", "Term", "PaymentMethod")
_SETTINGS = ("CompanyInfo", "Preferences")
#: Our id, the name that people know it by, the entity; read only where the company has switched it on.
_DIMENSIONS = (("class", "Class", "Class"), ("location", "Location", "Department"))
_INCOME = frozenset({"Income", "Other Income"})
_SOLD = frozenset({"Service", "NonInventory", "Inventory", "Group"})
#: What QuickBooks itself names the item of lines that name none.
_DEFAULT_ITEMS = ("Services", "Sales")
_LAST_DAYS = frozenset({"30", "31"})
_ALWAYS_NEXT_MONTH = 28
_HUNDRED = Decimal(100)


def read_reference(wire: Wire, *, tenant_id: str, api_url: str) -> Reference:
    """Read the lists and the facts about the company.

    :raises ConnectorError: what is needed can't be read; lists that a company does not have are empty.
    """
    rows = {name: _read_by_itself(wire, name, tenant_id) for name in _SETTINGS}
    rows |= {name: _listed(wire, name) for name in _LISTS}
    preferences = rows["Preferences"][0] if rows["Preferences"] else {}
    company = _company(rows["CompanyInfo"][0] if rows["CompanyInfo"] else {}, preferences, tenant_id, api_url)
    if company.flags["multicurrency"]:
        company = replace(company, currencies=company.currencies | _currencies(_listed(wire, "CompanyCurrency")))
    return Reference(
        company=company,
        accounts=tuple(_account(row) for row in rows["Account"]),
        items=_items(rows["Item"]),
        taxes=_taxes(rows["TaxCode"], rows["TaxRate"], preferences, company),
        terms=tuple(_term(row, preferences) for row in rows["Term"]),
        methods=tuple(_offer(row) for row in rows["PaymentMethod"]),
        dimensions=tuple(
            Dimension(id=key, name=name, options=tuple(_offer(row) for row in _listed(wire, entity)))
            for key, name, entity in _DIMENSIONS
            if company.flags[key]
        ),
    )


# --- reading ---------------------------------------------------------------------------------------------------------


def _statement(name: str, start: int = 1) -> str:
    """Return a query in QuickBooks' language; items are asked for their Sku, which is left out otherwise."""
    columns = "*, Sku" if name == "Item" else "*"
    paging = f"where Active in (true, false) startposition {start} maxresults {PAGE_SIZE}"
    return f"select {columns} from {name} {paging}"  # noqa: S608 - no value of ours


def _listed(wire: Wire, name: str) -> list[Row]:
    """Return every row of a list by queries of its own; none where the company has no such list."""
    rows: list[Row] = []
    try:
        while len(page := rows_of(wire.get("/query", parameters=(("query", _statement(name, len(rows) + 1)),)), name)):
            rows += page
            if len(page) != PAGE_SIZE:
                break
    except Rejected:
        if name == "Item" and not rows:
            return _plain(wire, name)
    return rows


def _plain(wire: Wire, name: str) -> list[Row]:
    """Ask in the plainest way, for servers that take no column beside the star."""
    statement = f"select * from {name} maxresults {PAGE_SIZE}"  # noqa: S608 - no value of ours
    return rows_of(wire.get("/query", parameters=(("query", statement),)), name)


def _read_by_itself(wire: Wire, name: str, tenant_id: str) -> list[Row]:
    path = f"/companyinfo/{tenant_id}" if name == "CompanyInfo" else "/preferences"
    try:
        found = (wire.get(path).document or {}).get(name)
    except (ConnectionBroken, Transient):
        raise
    except ConnectorError:
        return []
    return [found] if isinstance(found, Mapping) else []


# --- the company -----------------------------------------------------------------------------------------------------


def _company(row: Row, preferences: Row, tenant_id: str, api_url: str) -> Company:
    country = clean_country(_text(row, "Country"))
    us = country in {None, "US"}
    tax = _member(preferences, "TaxPrefs") or {}
    currency = _text(preferences, "CurrencyPrefs", "HomeCurrency", "value") or ("USD" if us else None)
    accounting = _member(preferences, "AccountingInfoPrefs") or {}
    per_line = _true(_member(accounting, "ClassTrackingPerTxnLine"))
    host = urlsplit(api_url).hostname or ""
    return Company(
        tenant_id=tenant_id,
        name=_text(row, "CompanyName") or _text(row, "LegalName") or tenant_id,
        country=country or "US",
        base_currency=currency,
        currencies=frozenset({currency} if currency else ()),
        timezone=_text(row, "DefaultTimeZone"),
        lock_date=_day(_text(preferences, "AccountingInfoPrefs", "BookCloseDate")),
        flags={
            "us_tax": us,
            # Present, true or false, means automated sales tax (developer.intuit.com, Automated sales tax).
            "ast": us and "PartnerTaxEnabled" in tax,
            "sales_tax": _true(_member(tax, "UsingSalesTax"), otherwise=True),
            "multicurrency": _true(_member(preferences, "CurrencyPrefs", "MultiCurrencyEnabled")),
            "custom_numbers": _true(_member(preferences, "SalesFormsPrefs", "CustomTxnNumbers")),
            "class": per_line or _true(_member(accounting, "ClassTrackingPerTxn")),
            "class_per_line": per_line,
            "location": _true(_member(accounting, "TrackDepartments")),
            "sandbox": host.startswith("sandbox"),
        },
    )


def _currencies(rows: Sequence[Row]) -> frozenset[str]:
    """Return the foreign currencies that the company has switched on."""
    active = [row for row in rows if _true(row.get("Active"), otherwise=True)]
    return frozenset(code for row in active if (code := _text(row, "Code")))


# --- lists -----------------------------------------------------------------------------------------------------------


def _offer(row: Row, **more: Any) -> Offer:
    name = _text(row, "FullyQualifiedName") or _text(row, "Name") or _text(row, "Id") or ""
    return Offer(
        **{"id": _text(row, "Id") or "", "name": name, "active": _true(row.get("Active"), otherwise=True), **more}
    )


def _account(row: Row) -> Offer:
    kind, undeposited = _text(row, "AccountType"), _text(row, "AccountSubType") == "UndepositedFunds"
    return _offer(
        row,
        code=_text(row, "AcctNum"),
        type=kind,
        sales=kind in _INCOME,
        payments=kind == "Bank" or undeposited,
        default=undeposited,
        currency=_text(row, "CurrencyRef", "value") if kind == "Bank" else None,
    )


def _items(rows: Sequence[Row]) -> tuple[Offer, ...]:
    names = {_text(row, "Name") for row in rows if _true(row.get("Active"), otherwise=True)}
    default = next((name for name in _DEFAULT_ITEMS if name in names), None)
    return tuple(
        _offer(
            row,
            code=_text(row, "Sku"),
            type=_text(row, "Type"),
            sales=_text(row, "Type") in _SOLD,
            default=default is not None and _text(row, "Name") == default,
            account=_text(row, "IncomeAccountRef", "value"),
        )
        for row in rows
    )


def _taxes(codes: Sequence[Row], rates: Sequence[Row], preferences: Row, company: Company) -> tuple[Offer, ...]:
    percent = {_text(rate, "Id"): _number(rate.get("RateValue")) for rate in rates}
    names = {_text(rate, "Id"): _text(rate, "Name") for rate in rates}
    default = _text(preferences, "TaxPrefs", "TaxGroupCodeRef", "value")
    automated = company.flags["ast"]
    offers = [
        _offer(
            code,
            rate_percent=_effective(code, percent),
            default=_text(code, "Id") == default,
            components=_components(code, percent, names),
        )
        for code in codes
        if _text(code, "Id") not in {"TAX", "NON"}
        and (_details(code) or not _true(code.get("Taxable"), otherwise=True))
    ]
    if company.flags["us_tax"]:
        # Lines know these two only; which of them is active is nobody's choice.
        offers.append(Offer(id="NON", name="Not taxable", rate_percent=Decimal(0), default=True))
        if automated:
            offers.append(Offer(id="TAX", name="Taxable: worked out by QuickBooks"))
    return tuple(offers)


def _details(code: Row) -> list[Row]:
    found = _member(code, "SalesTaxRateList", "TaxRateDetail")
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _components(
    code: Row, percent: Mapping[str | None, Decimal | None], names: Mapping[str | None, str | None]
) -> tuple[Component, ...]:
    found = [_text(detail, "TaxRateRef", "value") for detail in _details(code)]
    return tuple(
        Component(name=names.get(rate) or rate or "", rate_percent=number.normalize() if number else Decimal(0))
        for rate in found
        if (number := percent.get(rate)) is not None
    )


def _effective(code: Row, percent: Mapping[str | None, Decimal | None]) -> Decimal | None:
    """Return what the rates of a code come to together; a rate may be charged on tax that stands before it."""
    total = Decimal(0)
    for detail in sorted(_details(code), key=lambda one: _number(one.get("TaxOrder")) or Decimal(0)):
        rate = percent.get(_text(detail, "TaxRateRef", "value"))
        if rate is None:
            return None
        match _text(detail, "TaxTypeApplicable"):
            case "TaxOnAmountPlusTax":
                total += rate * (_HUNDRED + total) / _HUNDRED
            case "TaxOnTax":
                total += rate * total / _HUNDRED
            case _:
                total += rate
    return total.normalize() if total else Decimal(0)


def _term(row: Row, preferences: Row) -> Offer:
    default = _text(preferences, "SalesFormsPrefs", "DefaultTerms", "value")
    days, day_of_month = _number(row.get("DueDays")), _text(row, "DayOfMonthDue")
    more: dict[str, Any] = {"type": _text(row, "Type"), "default": default is not None and default == _text(row, "Id")}
    if days is not None and day_of_month is None:
        return _offer(row, days=int(days), **more)
    following = _number(row.get("DueNextMonthDays")) or Decimal(0)
    if day_of_month in _LAST_DAYS and following <= 1:
        return _offer(row, days=0, end_of_month=True, **more)
    if day_of_month is not None and following >= _ALWAYS_NEXT_MONTH:
        # Every invoice is due on that day of the next month: so many days after the end of its own.
        return _offer(row, days=int(Decimal(day_of_month)), end_of_month=True, **more)
    return _offer(row, **more)


# --- members ---------------------------------------------------------------------------------------------------------


def _member(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _text(row: Any, *path: str) -> str | None:
    found = _member(row, *path)
    return clean_text(str(found)) if isinstance(found, (str, int)) and not isinstance(found, bool) else None


def _true(value: Any, *, otherwise: bool = False) -> bool:
    return otherwise if value is None else str(value).lower() == "true"


def _number(value: Any) -> Decimal | None:
    try:
        read = None if value is None or isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        return None
    return read if read is not None and read.is_finite() else None


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text[:10])
    except ValueError:
        return None
