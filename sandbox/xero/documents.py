"""What invoices and credit notes have in common: status, contact, dates, currency, lines, totals (Xero facts 3)."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.xero import contacts
from sandbox.xero.errors import InvalidError
from sandbox.xero.lines import read_lines, totals
from sandbox.xero.organisation import NO_ID, Organisation, Record
from sandbox.xero.wire import read_date, read_decimal

NOT_MODIFIABLE = "Invoice not of valid status for modification"
HAS_PAYMENTS = "This document cannot be edited as it has a payment or credit note allocated to it."
ARCHIVED_CONTACT = (
    "The contact with the specified contact details has been archived."
    " The contact must be un-archived before creating new invoices or credit notes."
)
LINE_AMOUNT_TYPES = ("Exclusive", "Inclusive", "NoTax")
#: Next statuses a client may ask for; PAID comes by itself, VOIDED and DELETED are final.
TRANSITIONS = {
    None: ("DRAFT", "SUBMITTED", "AUTHORISED"),
    "DRAFT": ("DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"),
    "SUBMITTED": ("DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"),
    "AUTHORISED": ("AUTHORISED", "VOIDED"),
    "PAID": ("PAID",),
}
#: What may still change once a payment or credit stands against the document.
ALWAYS_EDITABLE = ("Reference", "DueDate", "InvoiceNumber", "BrandingThemeID", "Url", "SentToContact")
_RATES = {"AUD": Decimal("0.92"), "USD": Decimal("0.59"), "GBP": Decimal("0.45"), "EUR": Decimal("0.52")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Invoices or credit notes."""

    plural: str
    id_field: str
    number_field: str
    types: tuple[str, ...]
    prefix: str  #: of automatic numbers
    kind: str  #: for new ids
    needs_due_date: bool  #: from SUBMITTED on


def save(org: Organisation, family: Family, given: Record, before: Record | None, *, places: int) -> Record:
    """Return the document as it would stand after this write; nothing is stored yet.

    :raises InvalidError: with Xero's sentences.
    """
    given = {name: value for name, value in given.items() if value is not None}
    status = str(given.get("Status") or (before["Status"] if before else "DRAFT"))
    _check_transition(before, status, given)
    after = deepcopy(before) if before is not None else _blank(org, family, given)
    if before is not None:
        check_lock(org, before["Date"])  # nothing within a locked period can be changed any more
    if before is not None and status in ("VOIDED", "DELETED"):
        after["Status"] = status
        return after
    if before is None or not settled(before):
        after["Status"] = status
        after["Contact"] = _contact(org, given, before)
        _apply_amounts(org, after, given, before, places=places)
    _apply_facts(org, after, given)
    if family.needs_due_date and after["Status"] in ("SUBMITTED", "AUTHORISED") and not after.get("DueDate"):
        raise InvalidError("The Due Date cannot be empty for this status.")
    return after


def settled(document: Record) -> bool:
    """Whether payments or credits stand against the document."""
    return bool(document["payments"] or document["credits"])


def number_taken(index: dict[str, str], number: str, own_id: str) -> bool:
    """Whether the number belongs to another document that still holds it."""
    return index.get(number) not in (None, own_id)


def next_number(org: Organisation, prefix: str, taken: dict[str, str]) -> str:
    """Return the next automatic number that is free."""
    while True:
        org.counters[prefix] += 1
        number = f"{prefix}{org.counters[prefix]:04d}"
        if number not in taken:
            return number


def _check_transition(before: Record | None, status: str, given: Record) -> None:
    held = before["Status"] if before else None
    if status not in TRANSITIONS.get(held, ()):
        raise InvalidError(NOT_MODIFIABLE if before else "Invoice not of valid status for creation")
    if before is None or not settled(before):
        return
    if status == "VOIDED":
        raise InvalidError(HAS_PAYMENTS)
    changed = [name for name in given if name not in ALWAYS_EDITABLE and not _same(before, name, given[name])]
    if changed:
        raise InvalidError(HAS_PAYMENTS if before["Status"] == "AUTHORISED" else NOT_MODIFIABLE)


def _same(before: Record, name: str, value: Any) -> bool:
    match name:
        case "Contact":
            return bool(value == {"ContactID": before["Contact"]["ContactID"]})
        case "Date":
            return bool(day_of(value, name) == before["Date"])
        case "LineItems":
            return False
        case _:
            return bool(name not in before or before[name] == value)


def _blank(org: Organisation, family: Family, given: Record) -> Record:
    kind = given.get("Type")
    if kind not in family.types:
        raise InvalidError(f"The document type '{kind}' is not valid.")
    return {
        "Type": kind,
        family.id_field: NO_ID,
        family.number_field: "",
        "Reference": "",
        "LineAmountTypes": "Exclusive",
        "LineItems": [],
        "Date": org.today,
        "SentToContact": False,
        "payments": [],  # ids; lower case stays inside
        "credits": [],  # allocations against it
    }


def _contact(org: Organisation, given: Record, before: Record | None) -> Record:
    asked = given.get("Contact")
    if asked is None and before is not None:
        return dict(before["Contact"])
    asked = {name: value for name, value in dict(asked or {}).items() if value not in (None, "")}
    if not asked:
        raise InvalidError("A Contact must be specified for this type of transaction")
    found = contacts.match(org, asked)
    if found is None and "ContactID" in asked:
        raise InvalidError("The contact could not be found")
    if found is None:
        found = contacts.create(org, asked)
    elif found["ContactStatus"] != "ACTIVE":
        raise InvalidError(ARCHIVED_CONTACT)
    elif len(asked) > 1:
        # Further fields update the contact; persons that aren't listed are gone.
        found = contacts.update(org, found, {**asked, "ContactPersons": asked.get("ContactPersons") or [{}]})
    return {"ContactID": found["ContactID"]}


def _apply_amounts(org: Organisation, after: Record, given: Record, before: Record | None, *, places: int) -> None:
    types = given.get("LineAmountTypes", after["LineAmountTypes"])
    if types not in LINE_AMOUNT_TYPES:
        raise InvalidError(f"The LineAmountTypes '{types}' is not valid.")
    kept = after["LineItems"]
    if types != after["LineAmountTypes"]:
        kept = [{name: value for name, value in line.items() if name != "TaxAmount"} for line in kept]
    after["LineAmountTypes"] = types
    given_lines = given.get("LineItems", kept)
    if not given_lines:
        raise InvalidError("One or more line items must be specified")
    _apply_currency(org, after, given, before)
    if "Date" in given:
        after["Date"] = day_of(given["Date"], "Date")
    check_lock(org, after["Date"])
    if "LineItems" not in given:
        places = 4  # what was kept to four places stays so
    after["LineItems"] = read_lines(org, given_lines, after, places=places, before=after["LineItems"])
    after.pop("TotalDiscount", None)
    after.update(totals(after["LineItems"], types))
    if after["Total"] < 0 and after["Status"] != "DRAFT":
        raise InvalidError("The document total must not be negative.")


def _apply_currency(org: Organisation, after: Record, given: Record, before: Record | None) -> None:
    default = org.contacts[after["Contact"]["ContactID"]].get("DefaultCurrency") or org.base_currency
    currency = str(given.get("CurrencyCode") or (before["CurrencyCode"] if before else default))
    if not org.subscribes(currency):
        raise InvalidError(f"Organisation is not subscribed to currency {currency}")
    after["CurrencyCode"] = currency
    if currency == org.base_currency:
        after["CurrencyRate"] = Decimal(1)
    elif "CurrencyRate" in given:
        after["CurrencyRate"] = read_decimal(given["CurrencyRate"], lambda: InvalidError("The rate must be a number."))
    else:
        after.setdefault("CurrencyRate", _RATES.get(currency, Decimal(1)))


def _apply_facts(org: Organisation, after: Record, given: Record) -> None:
    """Apply what may change at any time short of VOIDED and DELETED."""
    for name in ("Reference", "Url"):
        if name in given:
            after[name] = str(given[name]).strip()
    for name in ("DueDate", "ExpectedPaymentDate", "PlannedPaymentDate"):
        if given.get(name):
            after[name] = day_of(given[name], name)
    if given.get("BrandingThemeID"):
        if all(theme["BrandingThemeID"] != given["BrandingThemeID"] for theme in org.branding_themes):
            raise InvalidError("The branding theme does not exist.")
        after["BrandingThemeID"] = given["BrandingThemeID"]
    if "SentToContact" in given:
        if given["SentToContact"] and after["Status"] not in ("AUTHORISED", "PAID"):
            raise InvalidError("SentToContact can only be set on approved documents.")
        after["SentToContact"] = bool(given["SentToContact"])


def check_lock(org: Organisation, day: date) -> None:
    """Refuse a day within a locked period.

    :raises InvalidError: naming the lock date.
    """
    for name, words in (("EndOfYearLockDate", "end of year lock date"), ("PeriodLockDate", "period lock date")):
        locked = org.profile.get(name)
        if locked is not None and day <= locked:
            raise InvalidError(f"The document date cannot be before the {words}, currently set at {locked:%d %B %Y}")


def day_of(value: Any, name: str) -> date:
    """Read a date of a document.

    :raises InvalidError: naming the field.
    """
    try:
        return read_date(value)
    except ValueError:
        raise InvalidError(f"The {name} '{value}' is not a valid date.") from None
