"""What every company file starts with: accounts, items, terms, payment methods, tax codes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.quickbooks.company import Company

SYSTEM = "QuickBooks"
#: Id, name, type, sub-type, id of the parent: the accounts of the public sample company, with their ids.
ACCOUNTS: tuple[tuple[str, str, str, str, str | None], ...] = (
    ("1", "Services", "Income", "ServiceFeeIncome", None),
    ("2", "Retained Earnings", "Equity", "RetainedEarnings", None),
    ("4", "Undeposited Funds", "Other Current Asset", "UndepositedFunds", None),
    ("5", "Fees Billed", "Income", "ServiceFeeIncome", None),
    ("7", "Advertising", "Expense", "AdvertisingPromotional", None),
    ("8", "Bank Charges", "Expense", "BankCharges", None),
    ("13", "Meals and Entertainment", "Expense", "EntertainmentMeals", None),
    ("15", "Office Expenses", "Expense", "OfficeGeneralAdministrativeExpenses", None),
    ("17", "Rent or Lease", "Expense", "RentOrLeaseOfBuildings", None),
    ("33", "Accounts Payable (A/P)", "Accounts Payable", "AccountsPayable", None),
    ("34", "Opening Balance Equity", "Equity", "OpeningBalanceEquity", None),
    ("35", "Checking", "Bank", "Checking", None),
    ("36", "Savings", "Bank", "Savings", None),
    ("37", "Truck", "Fixed Asset", "Vehicles", None),
    ("41", "Mastercard", "Credit Card", "CreditCard", None),
    ("42", "Visa", "Credit Card", "CreditCard", None),
    ("43", "Loan Payable", "Other Current Liability", "OtherCurrentLiabilities", None),
    ("44", "Notes Payable", "Long Term Liability", "OtherLongTermLiabilities", None),
    ("45", "Landscaping Services", "Income", "OtherPrimaryIncome", None),
    ("46", "Job Materials", "Income", "OtherPrimaryIncome", "45"),
    ("47", "Decks and Patios", "Income", "OtherPrimaryIncome", "46"),
    ("48", "Fountains and Garden Lighting", "Income", "OtherPrimaryIncome", "46"),
    ("49", "Plants and Soil", "Income", "OtherPrimaryIncome", "46"),
    ("50", "Sprinklers and Drip Systems", "Income", "OtherPrimaryIncome", "46"),
    ("51", "Labor", "Income", "OtherPrimaryIncome", "45"),
    ("52", "Installation", "Income", "OtherPrimaryIncome", "51"),
    ("53", "Maintenance and Repair", "Income", "OtherPrimaryIncome", "51"),
    ("54", "Pest Control Services", "Income", "OtherPrimaryIncome", None),
    ("55", "Automobile", "Expense", "Auto", None),
    ("56", "Fuel", "Expense", "Auto", "55"),
    ("58", "Job Expenses", "Expense", "SuppliesMaterials", None),
    ("76", "Utilities", "Expense", "Utilities", None),
    ("79", "Sales of Product Income", "Income", "SalesOfProductIncome", None),
    ("80", "Cost of Goods Sold", "Cost of Goods Sold", "SuppliesMaterialsCogs", None),
    ("81", "Inventory Asset", "Other Current Asset", "Inventory", None),
    ("82", "Design income", "Income", "SalesOfProductIncome", None),
    ("84", "Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable", None),
    ("86", "Discounts given", "Income", "DiscountsRefundsGiven", None),
    ("89", "Arizona Dept. of Revenue Payable", "Other Current Liability", "SalesTaxPayable", None),
    ("90", "Board of Equalization Payable", "Other Current Liability", "SalesTaxPayable", None),
)
#: Classes and locations; companies show them once they are switched on.
TRACKED: dict[str, tuple[str, ...]] = {"Class": ("North", "South"), "Department": ("Workshop", "Shop")}
_CLASSES = {
    "Income": "Revenue",
    "Expense": "Expense",
    "Cost of Goods Sold": "Expense",
    "Equity": "Equity",
    "Accounts Payable": "Liability",
    "Credit Card": "Liability",
    "Other Current Liability": "Liability",
    "Long Term Liability": "Liability",
}
#: Id, name, type, price, id of the income account, taxable: the items of the public sample company.
ITEMS: tuple[tuple[str, str, str, str | None, str, bool], ...] = (
    ("1", "Services", "Service", None, "1", False),
    ("2", "Hours", "Service", None, "1", False),
    ("3", "Concrete", "Service", "0", "48", True),
    ("4", "Design", "Service", "75", "82", False),
    ("5", "Rock Fountain", "Inventory", "275", "79", True),
    ("6", "Gardening", "Service", "0", "45", False),
    ("7", "Installation", "Service", "0", "52", False),
    ("8", "Lighting", "Service", "0", "48", True),
    ("9", "Maintenance & Repair", "Service", "0", "53", False),
    ("10", "Pest Control", "Service", "35", "54", False),
    ("11", "Pump", "Inventory", "15", "79", True),
    ("12", "Refunds & Allowances", "Service", "0", "83", False),
    ("13", "Rocks", "Service", "0", "48", True),
    ("14", "Sod", "Service", "0", "49", True),
    ("15", "Soil", "Service", "10", "49", True),
    ("16", "Sprinkler Heads", "Inventory", "2", "79", True),
    ("17", "Sprinkler Pipes", "Inventory", "4", "79", True),
    ("18", "Trimming", "Service", "35", "45", False),
)
TERMS = (("1", "Due on receipt", 0), ("2", "Net 15", 15), ("3", "Net 30", 30), ("4", "Net 60", 60), ("5", "Net 10", 10))
METHODS = ("Cash", "Check", "Visa", "MasterCard", "Discover", "American Express", "Diners Club")
#: Tax codes: name, rates by id; and rates: name, percent, agency. As in the public sample company.
US_RATES = (("AZ State tax", "7.1", "1"), ("Tucson City", "2", "1"), ("California", "8", "2"))
US_CODES = (("2", "California", ("3",)), ("3", "Tucson", ("1", "2")))
US_AGENCIES = ("Arizona Dept. of Revenue", "Board of Equalization")
ABROAD_RATES = (("Standard", "20", "1"), ("Reduced", "5", "1"), ("Zero", "0", "1"))
ABROAD_CODES = (("2", "20.0% S", ("1",)), ("3", "5.0% R", ("2",)), ("4", "0.0% Z", ("3",)), ("5", "Exempt", ()))
ABROAD_AGENCIES = ("HM Revenue & Customs (VAT)",)


def _put(company: Company, kind: str, row_id: str, body: dict[str, Any]) -> None:
    company.insert(kind, body, editor=SYSTEM, row_id=row_id)


def add_lists(company: Company) -> None:
    """Fill the lists of a new company file."""
    _put(company, "CompanyInfo", "1", {})
    _put(company, "Preferences", "1", {})
    for row_id, name, kind, sub_type, parent in ACCOUNTS:
        _put(company, "Account", row_id, _account(company, name, kind, sub_type, parent))
    company.insert(
        "Account",
        _account(company, "Refunds-Allowances", "Income", "DiscountsRefundsGiven", None),
        editor=SYSTEM,
        row_id="83",
    )
    for row_id, name, days in TERMS:
        _put(company, "Term", row_id, {"Name": name, "Active": True, "Type": "STANDARD", "DueDays": Decimal(days)})
    for position, name in enumerate(METHODS, 1):
        kind = "NON_CREDIT_CARD" if name in ("Cash", "Check") else "CREDIT_CARD"
        _put(company, "PaymentMethod", str(position), {"Name": name, "Active": True, "Type": kind})
    for kind, names in TRACKED.items():
        for position, name in enumerate(names, 1):
            _put(company, kind, str(position), {"Name": name, "FullyQualifiedName": name, "Active": True})
    _add_taxes(company)


def _account(company: Company, name: str, kind: str, sub_type: str, parent: str | None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "Name": name,
        "SubAccount": parent is not None,
        "Active": True,
        "Classification": _CLASSES.get(kind, "Asset"),
        "AccountType": kind,
        "AccountSubType": sub_type,
        "CurrentBalance": Decimal(0),
        "CurrentBalanceWithSubAccounts": Decimal(0),
        "CurrencyRef": {"value": company.settings.currency},
    }
    return {**body, "ParentRef": {"value": parent}} if parent else body


def add_items(company: Company, most: int = len(ITEMS)) -> None:
    """Add the first ``most`` items of the sample company."""
    for row_id, name, kind, price, account, taxable in ITEMS[:most]:
        body: dict[str, Any] = {
            "Name": name,
            "Active": True,
            "Taxable": taxable,
            "Type": kind,
            "IncomeAccountRef": {"value": account},
        }
        if price is not None:
            body["UnitPrice"] = Decimal(price)
        if kind == "Inventory":
            body |= {
                "TrackQtyOnHand": True,
                "QtyOnHand": Decimal(25),
                "InvStartDate": "2014-09-19",
                "AssetAccountRef": {"value": "81"},
                "ExpenseAccountRef": {"value": "80"},
            }
        _put(company, "Item", row_id, body)


def _add_taxes(company: Company) -> None:
    us = company.settings.country == "US"
    for position, name in enumerate(US_AGENCIES if us else ABROAD_AGENCIES, 1):
        body = {"DisplayName": name, "TaxTrackedOnSales": True, "TaxTrackedOnPurchases": not us}
        _put(company, "TaxAgency", str(position), body)
    for position, (name, percent, agency) in enumerate(US_RATES if us else ABROAD_RATES, 1):
        _put(
            company,
            "TaxRate",
            str(position),
            {
                "Name": name,
                "Description": f"Sales Tax {name}",
                "Active": True,
                "RateValue": Decimal(percent),
                "AgencyRef": {"value": agency},
                "SpecialTaxType": "NONE",
                "DisplayType": "ReadOnly",
            },
        )
    for row_id, name, rates in US_CODES if us else ABROAD_CODES:
        _put(company, "TaxCode", row_id, _tax_code(name, rates))


def _tax_code(name: str, rates: tuple[str, ...]) -> dict[str, Any]:
    details = [{"TaxRateRef": {"value": rate}, "TaxTypeApplicable": "TaxOnAmount", "TaxOrder": 0} for rate in rates]
    return {
        "Name": name,
        "Description": name,
        "Active": True,
        "Hidden": False,
        "Taxable": bool(rates),
        "TaxGroup": True,
        "SalesTaxRateList": {"TaxRateDetail": details},
        "PurchaseTaxRateList": {"TaxRateDetail": []},
    }
