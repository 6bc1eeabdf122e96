"""CompanyInfo and Preferences: how a company shows its own settings."""

from __future__ import annotations

from typing import Any

from sandbox.quickbooks.company import CompanySettings

_ADDRESS = {
    "Id": "1",
    "Line1": "123 Sierra Way",
    "City": "San Pablo",
    "CountrySubDivisionCode": "CA",
    "PostalCode": "87999",
}


def company_profile(settings: CompanySettings) -> dict[str, Any]:
    """Return the body of CompanyInfo."""
    named = {
        "NeoEnabled": "true",
        "IndustryType": "Landscaping Services",
        "IndustryCode": "561730",
        "SubscriptionStatus": "PAID" if settings.subscribed else "EXPIRED",
        "OfferingSku": "QuickBooks Online Plus",
        "PayrollFeature": "false",
        "AccountantFeature": "false",
    }
    return {
        "CompanyName": settings.name,
        "LegalName": settings.name,
        "CompanyAddr": _ADDRESS,
        "CustomerCommunicationAddr": _ADDRESS,
        "LegalAddr": _ADDRESS,
        "PrimaryPhone": {},
        "CompanyStartDate": "2014-09-12",
        "FiscalYearStartMonth": "January",
        "Country": settings.country,
        "Email": {"Address": "office@craigs-landscaping.example"},
        "WebAddr": {},
        "SupportedLanguages": "en",
        "NameValue": [{"Name": name, "Value": value} for name, value in named.items()],
    }


def preferences(settings: CompanySettings) -> dict[str, Any]:
    """Return the body of Preferences."""
    return {
        "AccountingInfoPrefs": _accounting(settings),
        "ProductAndServicesPrefs": {
            "ForSales": True,
            "ForPurchase": True,
            "QuantityWithPriceAndRate": True,
            "QuantityOnHand": True,
        },
        "SalesFormsPrefs": {
            "CustomTxnNumbers": settings.custom_numbers,
            "AllowDeposit": True,
            "AllowDiscount": True,
            "AllowEstimates": True,
            "AllowServiceDate": False,
            "AllowShipping": False,
            "ETransactionEnabledStatus": "NotApplicable",
            "EmailCopyToCompany": False,
            "IPNSupportEnabled": False,
            "DefaultTerms": {"value": "3"},
        },
        "EmailMessagesPrefs": {"InvoiceMessage": {"Subject": f"Invoice from {settings.name}", "Message": "Thank you."}},
        "VendorAndPurchasesPrefs": {"TrackingByCustomer": True, "BillableExpenseTracking": True},
        "TimeTrackingPrefs": {"UseServices": True, "BillCustomers": True, "WorkWeekStartDate": "Monday"},
        "TaxPrefs": _tax(settings),
        "CurrencyPrefs": {
            "MultiCurrencyEnabled": settings.multicurrency,
            "HomeCurrency": {"value": settings.currency},
        },
        "ReportPrefs": {"ReportBasis": "Accrual", "CalcAgingReportFromTxnDate": False},
        "OtherPrefs": {
            "NameValue": [
                {"Name": "SalesFormsPrefs.DefaultItem", "Value": settings.default_item or ""},
                {"Name": "DTXCopyMemo", "Value": "false"},
            ]
        },
    }


def _tax(settings: CompanySettings) -> dict[str, Any]:
    """Return TaxPrefs.

    ``PartnerTaxEnabled`` is there only in companies with automated sales tax (developer.intuit.com, Sales tax for US
    locales).
    """
    tax: dict[str, Any] = {"UsingSalesTax": settings.using_sales_tax}
    if settings.country == "US" and settings.using_sales_tax:
        tax["TaxGroupCodeRef"] = {"value": "2"}
    if settings.automated_sales_tax:
        tax["PartnerTaxEnabled"] = True
    return tax


def _accounting(settings: CompanySettings) -> dict[str, Any]:
    accounting: dict[str, Any] = {
        "FirstMonthOfFiscalYear": "January",
        "UseAccountNumbers": False,
        "TaxYearMonth": "January",
        "ClassTrackingPerTxn": settings.class_tracking == "transaction",
        "TrackDepartments": settings.departments,
        "ClassTrackingPerTxnLine": settings.class_tracking == "line",
        "CustomerTerminology": "Customers",
    }
    if settings.books_closed is not None:
        accounting["BookCloseDate"] = settings.books_closed.isoformat()
    return accounting
