"""An organisation's settings: accounts, tax rates, items, tracking, currencies, themes, much as in Xero's NZ demo."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

from sandbox.xero.organisation import Change, Organisation, Record, stable_id

#: code, name, type, class, tax type, further fields
_ACCOUNTS: tuple[tuple[str, str, str, str, str, Record], ...] = (
    ("090", "Business Bank Account", "BANK", "ASSET", "NONE", {"BankAccountNumber": "0209087654321050"}),
    ("091", "Business Savings Account", "BANK", "ASSET", "NONE", {"BankAccountNumber": "0209087654321051"}),
    ("200", "Sales", "REVENUE", "REVENUE", "OUTPUT2", {}),
    ("260", "Other Revenue", "REVENUE", "REVENUE", "OUTPUT2", {}),
    ("270", "Interest Income", "REVENUE", "REVENUE", "NONE", {}),
    ("310", "Cost of Goods Sold", "DIRECTCOSTS", "EXPENSE", "INPUT2", {}),
    ("400", "Advertising", "EXPENSE", "EXPENSE", "INPUT2", {}),
    ("404", "Bank Fees", "EXPENSE", "EXPENSE", "NONE", {}),
    ("408", "Cleaning", "EXPENSE", "EXPENSE", "INPUT2", {}),
    ("412", "Consulting & Accounting", "EXPENSE", "EXPENSE", "INPUT2", {}),
    ("429", "General Expenses", "EXPENSE", "EXPENSE", "INPUT2", {}),
    ("433", "Insurance", "EXPENSE", "EXPENSE", "INPUT2", {}),
    ("445", "Light, Power, Heating", "EXPENSE", "EXPENSE", "INPUT2", {}),
    ("449", "Motor Vehicle Expenses", "EXPENSE", "EXPENSE", "INPUT2", {}),
    ("453", "Office Expenses", "EXPENSE", "EXPENSE", "INPUT2", {}),
    ("461", "Printing & Stationery", "EXPENSE", "EXPENSE", "INPUT2", {}),
    ("469", "Rent", "EXPENSE", "EXPENSE", "INPUT2", {}),
    ("489", "Telephone & Internet", "EXPENSE", "EXPENSE", "INPUT2", {}),
    ("493", "Travel - National", "EXPENSE", "EXPENSE", "INPUT2", {}),
    ("610", "Accounts Receivable", "CURRENT", "ASSET", "NONE", {"SystemAccount": "DEBTORS"}),
    ("630", "Inventory", "INVENTORY", "ASSET", "NONE", {}),
    ("710", "Office Equipment", "FIXED", "ASSET", "INPUT2", {}),
    ("800", "Accounts Payable", "CURRLIAB", "LIABILITY", "NONE", {"SystemAccount": "CREDITORS"}),
    ("820", "GST", "CURRLIAB", "LIABILITY", "NONE", {"SystemAccount": "GST"}),
    ("860", "Rounding", "CURRLIAB", "LIABILITY", "NONE", {"SystemAccount": "ROUNDING"}),
    ("880", "Owner A Drawings", "EQUITY", "EQUITY", "NONE", {"EnablePaymentsToAccount": True}),
    ("960", "Retained Earnings", "EQUITY", "EQUITY", "NONE", {"SystemAccount": "RETAINEDEARNINGS"}),
)
#: type, name, report type, S(ales) and P(urchases) it may be used for, components
_TAX_RATES: tuple[tuple[str, str, str, str, tuple[tuple[str, str], ...]], ...] = (
    ("OUTPUT2", "15% GST on Income", "OUTPUT", "S", (("GST", "15"),)),
    ("INPUT2", "15% GST on Expenses", "INPUT", "P", (("GST", "15"),)),
    ("ZERORATEDOUTPUT", "Zero Rated", "ZERORATEDOUTPUT", "S", (("GST", "0"),)),
    ("GSTONIMPORTS", "GST on Imports", "GSTONIMPORTS", "P", (("GST", "0"),)),
    ("NONE", "No GST", "NONE", "SP", (("No GST", "0"),)),
    ("TAX001", "State Sales Tax 7%", "OUTPUT", "S", (("State", "7"),)),
    ("TAX002", "California 8%", "OUTPUT", "S", (("California", "8"),)),
    ("TAX003", "Tucson 9.1%", "OUTPUT", "S", (("AZ State Tax", "7.1"), ("Tucson City", "2"))),
    ("TAX004", "Standard VAT 20%", "OUTPUT", "S", (("VAT", "20"),)),
    ("TAX005", "Reduced VAT 5%", "OUTPUT", "S", (("VAT", "5"),)),
    ("TAX006", "Denmark VAT 25%", "OUTPUT", "S", (("VAT", "25"),)),
)
#: code, name, sales description, sales price, purchase price
_ITEMS = (
    ("BOOK", "Fish out of Water", "'Fish out of Water: Finding Your Brand'", "19.95", "12.00"),
    ("DevD", "Development work", "Development work - developer onsite per day", "650.00", None),
    ("DevH", "Development work", "Development work - developer onsite per hour", "110.00", None),
    ("GB1-White", "Golf balls - white single", "Golf balls - white single. Buy 6 and get 1 free", "5.60", "3.10"),
    (
        "PMBr",
        "Project management & implementation",
        "Project management & implementation - branding workshop",
        "500.00",
        None,
    ),
    ("PMD", "Project management", "Project management & implementation - per day", "800.00", None),
    ("Support-M", "Desktop/network support", "Desktop/network support via email & phone, per month", "500.00", None),
    ("Train-MS", "MS Office training", "Half day training - Microsoft Office", "500.00", None),
    ("TSL - Black", "T-Shirt Large Black", "T-Shirt Large Black", "35.00", "18.00"),
)
_REGIONS = ("Eastside", "North", "South", "West Coast")
_CURRENCIES = (
    ("NZD", "New Zealand Dollar"),
    ("AUD", "Australian Dollar"),
    ("EUR", "Euro"),
    ("GBP", "British Pound"),
    ("USD", "United States Dollar"),
)
_MADE_AT = datetime(2024, 4, 1, tzinfo=UTC)


def new_organisation(
    name: str,
    *,
    now: Callable[[], datetime],
    on_change: Callable[[Change], None],
    demo: bool,
    emails_per_day: int,
) -> Organisation:
    """Return an organisation with settings and no contacts or documents. The same name gives the same ids."""
    tenant_id = stable_id("tenant", name)
    return Organisation(
        tenant_id=tenant_id,
        profile=_profile(name, tenant_id, demo=demo),
        now=now,
        on_change=on_change,
        emails_per_day=emails_per_day,
        accounts=[_account(tenant_id, *one) for one in _ACCOUNTS],
        tax_rates=[_tax_rate(*one) for one in _TAX_RATES],
        items=[_item(tenant_id, *one) for one in _ITEMS],
        tracking_categories=[_tracking(tenant_id)],
        currencies=[{"Code": code, "Description": text} for code, text in _CURRENCIES],
        branding_themes=[
            {
                "BrandingThemeID": stable_id(tenant_id, "theme", theme),
                "Name": theme,
                "Type": "INVOICE",
                "SortOrder": place,
                "CreatedDateUTC": _MADE_AT,
            }
            for place, theme in enumerate(("Standard", "Special Projects"))
        ],
    )


def _profile(name: str, tenant_id: str, *, demo: bool) -> Record:
    return {
        "OrganisationID": tenant_id,
        "Name": name,
        "LegalName": name,
        "PaysTax": True,
        "Version": "NZ",
        "OrganisationType": "COMPANY",
        "OrganisationEntityType": "COMPANY",
        "BaseCurrency": "NZD",
        "CountryCode": "NZ",
        "IsDemoCompany": demo,
        "OrganisationStatus": "ACTIVE",
        "TaxNumber": "101-2-303",
        "FinancialYearEndDay": 31,
        "FinancialYearEndMonth": 3,
        "SalesTaxBasis": "INVOICE",
        "SalesTaxPeriod": "TWOMONTHS",
        "DefaultSalesTax": "Tax Exclusive",
        "DefaultPurchasesTax": "Tax Exclusive",
        "CreatedDateUTC": _MADE_AT,
        "Timezone": "NEWZEALANDSTANDARDTIME",
        "ShortCode": f"!{tenant_id[:5].upper()}",
        "Class": "DEMO" if demo else "PREMIUM",
        "Edition": "BUSINESS",
        "LineOfBusiness": "",
        "Addresses": [],
        "Phones": [],
        "ExternalLinks": [],
        "PaymentTerms": {},
    }


def _account(tenant_id: str, code: str, name: str, kind: str, group: str, tax_type: str, more: Record) -> Record:
    bank = {"BankAccountType": "BANK", "CurrencyCode": "NZD"} if kind == "BANK" else {"BankAccountType": ""}
    return {
        "AccountID": stable_id(tenant_id, "account", code),
        "Code": code,
        "Name": name,
        "Type": kind,
        "Class": group,
        "TaxType": tax_type,
        "Status": "ACTIVE",
        "EnablePaymentsToAccount": False,
        "ShowInExpenseClaims": False,
        "HasAttachments": False,
        "AddToWatchlist": False,
        "UpdatedDateUTC": _MADE_AT,
        **bank,
        **more,
    }


def _tax_rate(tax_type: str, name: str, report: str, sides: str, parts: tuple[tuple[str, str], ...]) -> Record:
    rate = sum((Decimal(part) for _, part in parts), Decimal(0))
    return {
        "Name": name,
        "TaxType": tax_type,
        "ReportTaxType": report,
        "CanApplyToAssets": True,
        "CanApplyToEquity": True,
        "CanApplyToExpenses": "P" in sides,
        "CanApplyToLiabilities": True,
        "CanApplyToRevenue": "S" in sides,
        "DisplayTaxRate": rate,
        "EffectiveRate": rate,
        "Status": "ACTIVE",
        "TaxComponents": [
            {"Name": part, "Rate": Decimal(percent), "IsCompound": False, "IsNonRecoverable": False}
            for part, percent in parts
        ],
    }


def _item(tenant_id: str, code: str, name: str, text: str, price: str, cost: str | None) -> Record:
    item: Record = {
        "ItemID": stable_id(tenant_id, "item", code),
        "Code": code,
        "Name": name,
        "Description": text,
        "IsSold": True,
        "IsPurchased": cost is not None,
        "IsTrackedAsInventory": False,
        "SalesDetails": {"UnitPrice": Decimal(price), "AccountCode": "200", "TaxType": "OUTPUT2"},
        "UpdatedDateUTC": _MADE_AT,
    }
    if cost is not None:
        item["PurchaseDescription"] = text
        item["PurchaseDetails"] = {"UnitPrice": Decimal(cost), "AccountCode": "310", "TaxType": "INPUT2"}
    return item


def _tracking(tenant_id: str) -> Record:
    category_id = stable_id(tenant_id, "tracking", "Region")
    return {
        "TrackingCategoryID": category_id,
        "Name": "Region",
        "Status": "ACTIVE",
        "Options": [
            {
                "TrackingOptionID": stable_id(category_id, option),
                "Name": option,
                "Status": "ACTIVE",
                "TrackingCategoryID": category_id,
            }
            for option in _REGIONS
        ],
    }
