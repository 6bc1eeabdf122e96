"""What the service accepts in each entity: types, lengths, words and references, as data.

Lengths are those of developer.intuit.com's entity pages (Customer: DisplayName 500, the person's names and CompanyName
100, Title and Suffix 16, phones 30, e-mail 100; Invoice: BillEmail 100, BillEmailCc and BillEmailBcc 200, DocNumber
21, CustomerMemo 1000, PrivateNote 4000). An element that a length or a format is about is named by its dotted path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Type(StrEnum):
    """What a field holds."""

    TEXT = "text"  #: a string; the empty string clears it
    FLAG = "flag"  #: true or false
    NUMBER = "number"  #: a decimal, as JSON number or numeric string
    DAY = "day"  #: a date
    REF = "ref"  #: an object with ``value``
    PART = "part"  #: a nested object, always replaced as a whole
    LIST = "list"  #: a list of nested objects, always replaced as a whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """The rules of one field."""

    type: Type
    limit: int | None = None  #: most characters of a TEXT
    name: bool = False  #: a TEXT that may hold no colon, tab or line break
    email: bool = False  #: a TEXT whose comma-separated parts need ``@`` and ``.``
    uri: bool = False  #: a TEXT that must be a well-formed web address
    words: tuple[str, ...] = ()  #: the only words a TEXT may hold
    target: str | None = None  #: the entity a REF must point to, where one check fits all
    parts: Mapping[str, Field] = field(default_factory=dict)


def text(limit: int | None = None, *, name: bool = False, email: bool = False, uri: bool = False) -> Field:
    """Return a text of at most ``limit`` characters."""
    return Field(type=Type.TEXT, limit=limit, name=name, email=email, uri=uri)


def words(*allowed: str) -> Field:
    """Return a text that is one of the words."""
    return Field(type=Type.TEXT, words=allowed)


def ref(target: str | None = None) -> Field:
    """Return a reference; with ``target`` the row must exist and be active."""
    return Field(type=Type.REF, target=target)


def part(**parts: Field) -> Field:
    """Return a nested object."""
    return Field(type=Type.PART, parts=parts)


def many(**parts: Field) -> Field:
    """Return a list of nested objects."""
    return Field(type=Type.LIST, parts=parts)


FLAG = Field(type=Type.FLAG)
NUMBER = Field(type=Type.NUMBER)
DAY = Field(type=Type.DAY)
PHONE = part(FreeFormNumber=text(30))
ADDRESS = part(
    **{f"Line{n}": text(500) for n in range(1, 6)},
    City=text(255),
    CountrySubDivisionCode=text(255),
    PostalCode=text(30),
    Country=text(255),
)
MEMO = part(value=text(1000))
LINKED = many(TxnId=text(), TxnType=text(), TxnLineId=text())

#: Names that answers carry or old clients send, and that a write passes over without a word.
IGNORED = frozenset({
    "ARAccountRef", "AcctNum", "AllowIPNPayment", "AllowOnlinePayPalPayment", "AllowOnlinePayment",
    "AttachableRef", "AutoDocNumber", "BalanceWithJobs", "BusinessNumber", "CheckPayment", "ClientCompanyId",
    "ClientEntityId", "CostAmount", "CountryCode", "County", "CreditCardPayment",
    "CreditLimit", "CustomField", "CustomerTypeRef", "Default", "DeferredRevenue", "DeliveryInfo",
    "DiscountAccountRef", "DiscountAmt", "DiscountRate", "ECloudStatusTimeStamp",
    "EInvoiceStatus", "FreeFormAddress", "FullyQualifiedName", "GSTIN", "GSTRegistrationType", "GroupLineDetail",
    "HomeBalance", "HomeCostAmount", "HomeCurrency", "HomeTotalAmt", "Id", "IntuitId", "InvoiceLink", "IsProject",
    "ItemAccountRef", "JobInfo", "Lat", "Level", "LineEx", "LineNum", "Long", "MarkupInfo", "MasterRef",
    "MetaData", "Note", "OpenBalanceDate", "Organization", "OtherAddr", "OtherContactInfo", "OverDueBalance",
    "PaymentLineDetail", "PostalCodeSuffix", "PriceLevelRef", "PrintStatus", "ProcessPayment", "ProjectRef",
    "RatePercent", "RecurDataRef", "RemainingCredit", "RootCustomerRef", "SecondaryTaxIdentifier", "ShipFromAddr",
    "Source", "SubTotalLineDetail", "SyncToken", "TDSEnabled", "TDSLineDetail", "Tag", "TaxClassificationRef",
    "TaxExemptionRef", "TaxFormNum", "TaxFormType", "TaxReviewStatus", "TemplateRef", "TotalExpense",
    "TotalRevenue", "TransactionLocationType", "TxnSource", "TxnStatus", "UOMRef", "UnappliedAmt",
    "UseAutomatedSalesTax", "UserId", "V4IDPseudonym", "domain", "name", "sparse", "status", "type",
})  # fmt: skip

PERSON: Mapping[str, Field] = {
    "DisplayName": text(500, name=True),
    "Title": text(16, name=True),
    "GivenName": text(100, name=True),
    "MiddleName": text(100, name=True),
    "FamilyName": text(100, name=True),
    "Suffix": text(16, name=True),
    "CompanyName": text(100),
    "PrintOnCheckName": text(110, name=True),
    "Active": FLAG,
    "PrimaryPhone": PHONE,
    "AlternatePhone": PHONE,
    "Mobile": PHONE,
    "Fax": PHONE,
    "PrimaryEmailAddr": part(Address=text(100, email=True)),
    "WebAddr": part(URI=text(1000, uri=True)),
    "BillAddr": ADDRESS,
    "CurrencyRef": ref(),
}

CUSTOMER: Mapping[str, Field] = {
    **PERSON,
    "ShipAddr": ADDRESS,
    "Notes": text(2000),
    "Taxable": FLAG,
    "DefaultTaxCodeRef": ref("TaxCode"),
    "TaxExemptionReasonId": text(16),
    "Job": FLAG,
    "ParentRef": ref(),
    "BillWithParent": FLAG,
    "SalesTermRef": ref("Term"),
    "PaymentMethodRef": ref("PaymentMethod"),
    "PreferredDeliveryMethod": words("Print", "Email", "None"),
    "ResaleNum": text(16),
    "PrimaryTaxIdentifier": text(20),
    "Balance": NUMBER,
}

VENDOR: Mapping[str, Field] = {
    **PERSON,
    "Vendor1099": FLAG,
    "TermRef": ref("Term"),
    "AcctNum": text(100),
    "TaxIdentifier": text(20),
    "Notes": text(4000),
    "Balance": NUMBER,
}

SALES_ITEM_DETAIL = part(
    ItemRef=ref("Item"),
    Qty=NUMBER,
    UnitPrice=NUMBER,
    TaxCodeRef=ref(),
    TaxInclusiveAmt=NUMBER,
    ServiceDate=DAY,
    ClassRef=ref("Class"),
)
LINE_TYPES = (
    "SalesItemLineDetail",
    "DiscountLineDetail",
    "SubTotalLineDetail",
    "DescriptionOnly",
    "GroupLineDetail",
    "TaxLineDetail",
)
SALES_LINE = many(
    Id=text(),
    DetailType=words(*LINE_TYPES),
    Amount=NUMBER,
    Description=text(4000),
    LinkedTxn=LINKED,
    SalesItemLineDetail=SALES_ITEM_DETAIL,
    DiscountLineDetail=part(PercentBased=FLAG, DiscountPercent=NUMBER, TaxCodeRef=ref()),
    DescriptionLineDetail=part(ServiceDate=DAY, TaxCodeRef=ref()),
)
TAX_LINE = many(
    Amount=NUMBER,
    DetailType=text(),
    TaxLineDetail=part(
        TaxRateRef=ref(), PercentBased=FLAG, TaxPercent=NUMBER, NetAmountTaxable=NUMBER, TaxInclusiveAmount=NUMBER
    ),
)
TRANSACTION: Mapping[str, Field] = {
    "CustomerRef": ref(),
    "CurrencyRef": ref(),
    "ExchangeRate": NUMBER,
    "TxnDate": DAY,
    "PrivateNote": text(4000),
    "TotalAmt": NUMBER,
    "ClassRef": ref("Class"),
    "DepartmentRef": ref("Department"),
}
SALES: Mapping[str, Field] = {
    **TRANSACTION,
    "DocNumber": text(21),
    "Line": SALES_LINE,
    "TxnTaxDetail": part(TxnTaxCodeRef=ref(), TotalTax=NUMBER, TaxLine=TAX_LINE),
    "GlobalTaxCalculation": words("TaxExcluded", "TaxInclusive", "NotApplicable"),
    "ApplyTaxAfterDiscount": FLAG,
    "CustomerMemo": MEMO,
    "BillAddr": ADDRESS,
    "ShipAddr": ADDRESS,
    "BillEmail": part(Address=text(100)),
    "EmailStatus": words("NotSet", "NeedToSend", "EmailSent"),
    "PaymentMethodRef": ref("PaymentMethod"),
    "DepositToAccountRef": ref("Account"),
    "ShipDate": DAY,
    "TrackingNum": text(31),
    "ShipMethodRef": ref(),
    "LinkedTxn": LINKED,
    "Balance": NUMBER,
    "PaymentRefNum": text(21),
}
INVOICE: Mapping[str, Field] = {
    **SALES,
    "DueDate": DAY,
    "SalesTermRef": ref("Term"),
    "BillEmailCc": part(Address=text(200)),
    "BillEmailBcc": part(Address=text(200)),
    "Deposit": NUMBER,
    "AllowOnlineACHPayment": FLAG,
    "AllowOnlineCreditCardPayment": FLAG,
    "CustomField": many(DefinitionId=text(), Name=text(), Type=text(), StringValue=text(31)),
}
PAYMENT: Mapping[str, Field] = {
    **TRANSACTION,
    "Line": many(Id=text(), Amount=NUMBER, LinkedTxn=LINKED, Description=text(4000)),
    "PaymentRefNum": text(21),
    "PaymentMethodRef": ref("PaymentMethod"),
    "DepositToAccountRef": ref("Account"),
    "LinkedTxn": LINKED,
}
ITEM: Mapping[str, Field] = {
    "Name": text(100, name=True),
    "Sku": text(100),
    "Description": text(4000),
    "Active": FLAG,
    "Taxable": FLAG,
    "UnitPrice": NUMBER,
    "Type": words("Service", "NonInventory", "Inventory", "Category", "Group"),
    "IncomeAccountRef": ref("Account"),
    "ExpenseAccountRef": ref("Account"),
    "AssetAccountRef": ref("Account"),
    "SubItem": FLAG,
    "ParentRef": ref("Item"),
    "TrackQtyOnHand": FLAG,
    "QtyOnHand": NUMBER,
    "InvStartDate": DAY,
    "PurchaseCost": NUMBER,
    "PurchaseDesc": text(1000),
    "SalesTaxCodeRef": ref("TaxCode"),
}
TERM: Mapping[str, Field] = {
    "Name": text(31, name=True),
    "Active": FLAG,
    "Type": words("STANDARD", "DATE_DRIVEN"),
    "DueDays": NUMBER,
    "DiscountPercent": NUMBER,
    "DiscountDays": NUMBER,
    "DayOfMonthDue": NUMBER,
    "DueNextMonthDays": NUMBER,
    "DiscountDayOfMonth": NUMBER,
}
PAYMENT_METHOD: Mapping[str, Field] = {
    "Name": text(31, name=True),
    "Active": FLAG,
    "Type": words("CREDIT_CARD", "NON_CREDIT_CARD"),
}
#: Classes and locations ("Department" in the API).
TRACKED: Mapping[str, Field] = {"Name": text(100, name=True), "Active": FLAG}
TAX_AGENCY: Mapping[str, Field] = {
    "DisplayName": text(100),
    "TaxTrackedOnPurchases": FLAG,
    "TaxTrackedOnSales": FLAG,
    "TaxRegistrationNumber": text(20),
}

#: The writable fields of each entity that can be written at all.
WRITABLE: Mapping[str, Mapping[str, Field]] = {
    "Customer": CUSTOMER,
    "Vendor": VENDOR,
    "Item": ITEM,
    "Term": TERM,
    "PaymentMethod": PAYMENT_METHOD,
    "Class": TRACKED,
    "Department": TRACKED,
    "TaxAgency": TAX_AGENCY,
    "Invoice": INVOICE,
    "CreditMemo": SALES,
    "RefundReceipt": SALES,
    "Payment": PAYMENT,
}

READ_ONLY = ("Employee", "Account", "TaxCode", "TaxRate", "CompanyCurrency", "CompanyInfo", "Preferences")
NAME_LISTS = ("Customer", "Vendor", "Employee")
SALES_FORMS = ("Invoice", "CreditMemo", "RefundReceipt")
TRANSACTIONS = (*SALES_FORMS, "Payment")
#: Every entity by the lower-case name that paths use.
ENTITIES: Mapping[str, str] = {name.lower(): name for name in (*WRITABLE, *READ_ONLY)}
#: Entities whose rows can be made inactive.
WITH_ACTIVE = (
    "Customer",
    "Vendor",
    "Employee",
    "Item",
    "Account",
    "TaxCode",
    "TaxRate",
    "Term",
    "PaymentMethod",
    "Class",
    "Department",
    "CompanyCurrency",
)
#: Entities the change feed does not serve (developer.intuit.com, Change data capture).
NOT_IN_FEED = ("TaxAgency", "TaxCode", "TaxRate")

_ANSWERED = frozenset({
    "Id", "SyncToken", "Active", "FullyQualifiedName", "Level", "Balance", "BalanceWithJobs", "IsProject",
    "UnappliedAmt", "RemainingCredit", "Name", "DisplayName", "AccountType", "AccountSubType", "Classification",
    "CurrentBalance", "RateValue", "Taxable", "TaxGroup", "Description", "GivenName", "FamilyName", "CompanyName",
    "LegalName", "Country", "Code", "AcctNum", "TotalAmt", "DocNumber", "TxnDate", "DueDate", "Type", "Sku",
})  # fmt: skip


def is_property(entity: str, name: str) -> bool:
    """Whether a query on ``entity`` may name the property; of dotted names the first part counts."""
    first = name.partition(".")[0]
    return first == "MetaData" or first in _ANSWERED or first in WRITABLE.get(entity, {})
