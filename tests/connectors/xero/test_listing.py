"""The organisation's lists, normalised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from service.connectors.exact_json import read
from service.connectors.xero.listing import read_reference
from service.core.model import TaxLevel
from service.mapping.settings import chosen
from service.mapping.suggestion import suggest
from tests.connectors.xero.answers import recorded

_FILES = {
    "Organisation": ("organisation", "Organisations"),
    "Accounts": ("accounts", "Accounts"),
    "TaxRates": ("tax_rates", "TaxRates"),
    "Items": ("items", "Items"),
    "Currencies": ("currencies", "Currencies"),
}


def _recorded(name: str) -> Sequence[Mapping[str, Any]]:
    if name == "TrackingCategories":
        option = {"TrackingOptionID": "o-1", "Name": "North", "Status": "ACTIVE"}
        gone = {"TrackingOptionID": "o-2", "Name": "East", "Status": "ARCHIVED"}
        return [{"TrackingCategoryID": "t-1", "Name": "Region", "Status": "ACTIVE", "Options": [option, gone]}]
    file, plural = _FILES[name]
    entries: Sequence[Mapping[str, Any]] = read(recorded(file))[plural]
    return entries


def test_the_company_is_described_and_the_later_lock_date_counts() -> None:
    company = read_reference(_recorded, "t-1").company
    assert (company.tenant_id, company.name, company.country, company.base_currency) == (
        "t-1", "Maple Test Books", "GB", "GBP",
    )  # fmt: skip
    assert company.currencies == {"GBP", "EUR"}
    assert company.short_code == "!mpl3"
    assert company.lock_date == date(2026, 8, 31)
    assert company.flags == {"demo": False, "pays_tax": True}


def test_accounts_say_what_they_are_fit_for() -> None:
    accounts = {account.name: account for account in read_reference(_recorded, "t").accounts}
    assert set(accounts) == {"Bank", "Till", "Sales", "Other Revenue", "Drawings"}
    assert {name for name, account in accounts.items() if account.sales} == {"Sales", "Other Revenue"}
    assert {name for name, account in accounts.items() if account.payments} == {"Bank", "Till", "Drawings"}
    assert {name for name, account in accounts.items() if account.default} == {"Bank", "Sales"}
    assert not accounts["Other Revenue"].active
    assert accounts["Till"].id == "ac-2"


def test_only_tax_rates_for_sales_are_offered_with_their_effective_rate() -> None:
    taxes = {tax.id: tax for tax in read_reference(_recorded, "t").taxes}
    assert set(taxes) == {"OUTPUT2", "CAPEXOUTPUT2", "NONE", "TAX009"}
    assert [taxes[code].rate_percent for code in ("OUTPUT2", "NONE", "TAX009")] == [Decimal(20), Decimal(0), None]
    assert not taxes["TAX009"].active


def test_items_are_named_by_their_code() -> None:
    items = read_reference(_recorded, "t").items
    assert [(item.id, item.name, item.sales) for item in items] == [("LAB", "Labour", True), ("COAL", "COAL", False)]


def test_tracking_and_what_rates_are_made_of_are_told() -> None:
    found = read_reference(_recorded, "t")
    region = found.dimensions[0]
    assert (region.id, region.name) == ("t-1", "Region")
    assert [(option.id, option.name, option.active) for option in region.options] == [
        ("o-1", "North", True), ("o-2", "East", False),
    ]  # fmt: skip
    standard = next(tax for tax in found.taxes if tax.id == "OUTPUT2")
    assert sum(part.rate_percent for part in standard.components) == standard.rate_percent


def test_everything_obvious_can_be_suggested() -> None:
    level = TaxLevel(id="std", name="Standard", rate_percent=Decimal("20.00"))
    found = suggest(read_reference(_recorded, "t"), used=("items:LAB",), tax_levels=[level])
    entries = ("accounts:sales", "accounts:payments", "taxes:std", "taxes:none", "items:LAB")
    assert [chosen(found, entry) for entry in entries] == ["200", "090", "OUTPUT2", "NONE", "LAB"]


def test_lists_that_tell_little_are_read_all_the_same() -> None:
    def bare(name: str) -> Sequence[Mapping[str, Any]]:
        return {"Accounts": [{"Code": "1"}], "TaxRates": [{"TaxType": "X", "EffectiveRate": "odd"}]}.get(name, [])

    found = read_reference(bare, "t")
    assert (found.company.name, found.company.currencies, found.company.lock_date) == ("", frozenset(), None)
    assert [(account.id, account.name) for account in found.accounts] == [("1", "1")]
    assert found.taxes[0].rate_percent is None
