"""Contacts: who may be saved under which name, and how a partial update merges (Xero facts 2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal
from typing import Any

from sandbox.xero.errors import InvalidError
from sandbox.xero.organisation import NO_ID, Organisation, Record

TEXT_LENGTHS = {
    "Name": 255,
    "FirstName": 255,
    "LastName": 255,
    "EmailAddress": 255,
    "ContactNumber": 50,
    "AccountNumber": 50,
    "CompanyNumber": 50,
    "TaxNumber": 50,
    "BankAccountDetails": 255,
}
ADDRESS_LENGTHS = {
    **{f"AddressLine{n}": 500 for n in (1, 2, 3, 4)},
    "City": 255,
    "Region": 255,
    "PostalCode": 50,
    "Country": 50,
    "AttentionTo": 255,
}
PHONE_LENGTHS = {"PhoneNumber": 50, "PhoneAreaCode": 10, "PhoneCountryCode": 20}
ADDRESS_TYPES = ("STREET", "POBOX")
PHONE_TYPES = ("DDI", "DEFAULT", "FAX", "MOBILE", "OFFICE")
ALWAYS_SHOWN_PHONES = ("DDI", "DEFAULT", "FAX", "MOBILE")
TERM_TYPES = ("DAYSAFTERBILLDATE", "DAYSAFTERBILLMONTH", "OFCURRENTMONTH", "OFFOLLOWINGMONTH")
MOST_PERSONS = 5
LAST_DAY = 31  #: of payment terms

ARCHIVED = (
    "The specified contact details matched an archived contact."
    " Archived contacts cannot currently be edited via the API."
)
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def match(org: Organisation, given: Mapping[str, Any]) -> Record | None:
    """Find whom an upsert means: by ContactID, then ContactNumber, then Name among active contacts."""
    if given.get("ContactID") not in (None, NO_ID):
        return org.contacts.get(str(given["ContactID"]))
    by_number = org.contact_numbers.get(str(given.get("ContactNumber") or ""))
    by_name = org.active_names.get(tidy(given.get("Name")).casefold())
    found = by_number or by_name
    return org.contacts[found] if found else None


def create(org: Organisation, given: Record) -> Record:
    """Create a contact; a name or number that is taken is an error (``PUT``).

    :raises InvalidError: with Xero's sentences.
    """
    return _save(org, given, None)


def upsert(org: Organisation, given: Record) -> Record:
    """Update whom ``match`` finds, else create (``POST``). A stranger of the same name is overwritten, as in life.

    :raises InvalidError: with Xero's sentences.
    """
    found = match(org, given)
    if found is None and given.get("ContactID") not in (None, NO_ID):
        raise InvalidError("The contact ID specified was not found")
    return _save(org, given, found)


def update(org: Organisation, contact: Record, given: Record) -> Record:
    """Update this contact.

    :raises InvalidError: with Xero's sentences.
    """
    return _save(org, given, contact)


def tidy(name: Any) -> str:
    """Return a name as Xero keeps it: no blanks around, none repeated."""
    return " ".join(str(name or "").split())


def _save(org: Organisation, given: Record, before: Record | None) -> Record:
    if before is not None and before["ContactStatus"] != "ACTIVE":
        raise InvalidError(ARCHIVED)
    given = {name: value for name, value in given.items() if value is not None}
    after = deepcopy(before) if before is not None else _blank()
    wrong = [
        *_apply_text(after, given),
        *_apply_settings(org, after, given),
        *_apply_addresses(after, given.get("Addresses", [])),
        *_apply_phones(after, given.get("Phones", [])),
        *_apply_persons(after, given.get("ContactPersons", [])),
        *_apply_terms(after, given.get("PaymentTerms", {})),
    ]
    wrong += _taken(org, after)
    if after["ContactPersons"] and not after["EmailAddress"] and "EmailAddress" in given:
        wrong.append("The primary email address cannot be blank while the contact has contact persons.")
    if wrong:
        raise InvalidError(*wrong)
    if before is None:
        after["ContactID"] = org.new_id("contact")
    keep(org, after)
    org.tell("Contacts", after["ContactID"], created=before is None)
    return after


def keep(org: Organisation, contact: Record) -> None:
    """Store a contact as it is, stamp it and bring the indexes up to date."""
    contact_id = contact["ContactID"]
    before = org.contacts.get(contact_id)
    if before is not None:
        for index, key in _index_keys(org, before):
            if index.get(key) == contact_id:
                del index[key]
    for index, key in _index_keys(org, contact):
        index[key] = contact_id
    org.stamp(contact)
    org.contacts[contact_id] = contact


def _index_keys(org: Organisation, contact: Record) -> list[tuple[dict[str, str], str]]:
    keys = []
    if contact["ContactStatus"] == "ACTIVE":
        keys.append((org.active_names, contact["Name"].casefold()))
    if contact["ContactNumber"]:
        keys.append((org.contact_numbers, contact["ContactNumber"]))
    if contact["AccountNumber"]:
        keys.append((org.account_numbers, contact["AccountNumber"]))
    return keys


def _blank() -> Record:
    return {
        **dict.fromkeys(TEXT_LENGTHS, ""),
        "ContactID": NO_ID,
        "ContactStatus": "ACTIVE",
        "Addresses": {},
        "Phones": {},
        "ContactPersons": [],
        "PaymentTerms": {},
        "IsSupplier": False,
        "IsCustomer": False,
    }


def _apply_text(after: Record, given: Record) -> list[str]:
    wrong = []
    for name, longest in TEXT_LENGTHS.items():
        if name in given:
            after[name] = tidy(given[name]) if name == "Name" else str(given[name]).strip()
        wrong += _too_long(name, after[name], longest)
    if not after["Name"]:
        wrong.append("The contact name cannot be empty.")
    if re.search("[<>]", after["Name"]):
        wrong.append("The contact name cannot contain the characters < or >.")
    if after["EmailAddress"] and not _EMAIL.fullmatch(after["EmailAddress"]):
        wrong.append("Email address must be valid.")
    return wrong


def _apply_settings(org: Organisation, after: Record, given: Record) -> list[str]:
    wrong = []
    status = given.get("ContactStatus", "ACTIVE")
    if status in ("ACTIVE", "ARCHIVED"):
        after["ContactStatus"] = status
    else:
        wrong.append(f"The contact status '{status}' is not valid.")
    if given.get("TaxNumberType", "SSN") not in ("SSN", "EIN", "ITIN", "ATIN", ""):
        wrong.append("The tax number type is not valid.")
    wrong += [
        f"The TaxType code '{given[name]}' does not exist."
        for name in ("AccountsReceivableTaxType", "AccountsPayableTaxType")
        if given.get(name) and org.tax_rate(str(given[name])) is None
    ]
    wrong += [
        f"Account code '{given[name]}' is not a valid code."
        for name in ("SalesDefaultAccountCode", "PurchasesDefaultAccountCode")
        if given.get(name) and org.account(code=str(given[name])) is None
    ]
    if given.get("DefaultCurrency") and not org.subscribes(str(given["DefaultCurrency"])):
        wrong.append(f"Organisation is not subscribed to currency {given['DefaultCurrency']}")
    for name in (
        *("AccountsReceivableTaxType", "AccountsPayableTaxType", "SalesDefaultAccountCode"),
        *("PurchasesDefaultAccountCode", "DefaultCurrency", "TaxNumberType", "XeroNetworkKey"),
        *("SalesDefaultLineAmountType", "PurchasesDefaultLineAmountType"),
    ):
        if name in given:
            after[name] = str(given[name]) or None
    return wrong


def _apply_addresses(after: Record, given: list[Any]) -> list[str]:
    wrong = []
    for address in given:
        kind = address.get("AddressType")
        if kind not in ADDRESS_TYPES:
            wrong.append(f"The address type '{kind}' is not valid.")
            continue
        kept = after["Addresses"].setdefault(kind, {})
        for name, longest in ADDRESS_LENGTHS.items():
            if address.get(name) is not None:
                kept[name] = str(address[name]).strip()
                wrong += _too_long(name, kept[name], longest)
        if not all(letter.isalpha() or letter in " .,'()-" for letter in kept.get("Country", "")):
            wrong.append("The address country can only contain letters.")
    return wrong


def _apply_phones(after: Record, given: list[Any]) -> list[str]:
    wrong = []
    for phone in given:
        kind = phone.get("PhoneType")
        if kind not in PHONE_TYPES:
            wrong.append(f"The phone type '{kind}' is not valid.")
            continue
        kept = after["Phones"].setdefault(kind, {})
        for name, longest in PHONE_LENGTHS.items():
            if phone.get(name) is not None:
                kept[name] = str(phone[name]).strip()
                wrong += _too_long(name, kept[name], longest)
    return wrong


def _apply_persons(after: Record, given: list[Any]) -> list[str]:
    """Replace the list; an empty one changes nothing, empty persons in it count for nothing."""
    if not given:
        return []
    wrong = []
    persons = [person for person in given if person]
    if len(persons) > MOST_PERSONS:
        wrong.append(f"A contact can have at most {MOST_PERSONS} contact persons.")
    after["ContactPersons"] = [
        {
            "FirstName": str(person.get("FirstName") or "").strip(),
            "LastName": str(person.get("LastName") or "").strip(),
            "EmailAddress": str(person.get("EmailAddress") or "").strip(),
            "IncludeInEmails": bool(person.get("IncludeInEmails", False)),
        }
        for person in persons
    ]
    for person in after["ContactPersons"]:
        if person["EmailAddress"] and not _EMAIL.fullmatch(person["EmailAddress"]):
            wrong.append("Email address must be valid.")
        for name in ("FirstName", "LastName", "EmailAddress"):
            wrong += _too_long(name, person[name], 255)
    return wrong


def _apply_terms(after: Record, given: Record) -> list[str]:
    wrong = []
    for side in ("Sales", "Bills"):
        term = given.get(side)
        if not term:
            continue
        day, kind = term.get("Day"), term.get("Type")
        if kind not in TERM_TYPES or not isinstance(day, int) or not 0 <= day <= LAST_DAY:
            wrong.append(f"The payment terms for {side} are not valid.")
        after["PaymentTerms"][side] = {"Day": day, "Type": kind}
    return wrong


def _taken(org: Organisation, after: Record) -> list[str]:
    wrong = []
    by_name = org.active_names.get(after["Name"].casefold())
    if after["ContactStatus"] == "ACTIVE" and by_name not in (None, after["ContactID"]):
        wrong.append(
            f"The contact name {after['Name']} is already assigned to another contact."
            " The contact name must be unique across all active contacts."
        )
    by_number = org.contact_numbers.get(after["ContactNumber"])
    if by_number not in (None, after["ContactID"]):
        archived = org.contacts[str(by_number)]["ContactStatus"] != "ACTIVE"
        wrong.append(ARCHIVED if archived else "The Contact Number already exists. Please enter a different one.")
    if org.account_numbers.get(after["AccountNumber"]) not in (None, after["ContactID"]):
        wrong.append("The Account Number already exists. Please enter a different Account Number.")
    return wrong


def _too_long(name: str, text: str, longest: int) -> list[str]:
    return [f"The field {name} must not be longer than {longest} characters."] if len(text) > longest else []


_DETAILS = ("ContactPersons", "PaymentTerms", "MergedToContactID")
_LINE_TYPES = ("SalesDefaultLineAmountType", "PurchasesDefaultLineAmountType")
_HEAVY = ("Addresses", "Phones", "ContactPersons", "PaymentTerms", "Balances", "ContactGroups")


def view(org: Organisation, contact: Record, *, full: bool = True, summary: bool = False) -> Record:
    """Return a contact as Xero shows it; un-paged lists (not ``full``) leave details out (Xero facts 2)."""
    shown = {name: value for name, value in contact.items() if value not in (None, {}) and value != ""}
    shown.update({name: contact[name] for name in ("EmailAddress", "BankAccountDetails")})
    shown["Addresses"] = [{"AddressType": kind, **_address(contact, kind)} for kind in ADDRESS_TYPES]
    shown["Phones"] = [
        {"PhoneType": kind, **dict.fromkeys(PHONE_LENGTHS, ""), **contact["Phones"].get(kind, {})}
        for kind in PHONE_TYPES
        if kind in ALWAYS_SHOWN_PHONES or kind in contact["Phones"]
    ]
    shown["ContactGroups"] = [
        {"ContactGroupID": group["ContactGroupID"], "Name": group["Name"], "Status": group["Status"]}
        for group in org.contact_groups.values()
        if contact["ContactID"] in group["Contacts"]
    ]
    balances = _balances(org, contact["ContactID"])
    if balances:
        shown["Balances"] = balances
    shown["HasAttachments"] = False
    shown["HasValidationErrors"] = False
    if not full:
        for name in (*_DETAILS, *_LINE_TYPES):
            shown.pop(name, None)
        shown["ContactPersons"] = []
    if summary:
        for name in _HEAVY:
            shown.pop(name, None)
    return shown


def _address(contact: Record, kind: str) -> Record:
    shown = dict.fromkeys(("City", "Region", "PostalCode", "Country"), "")
    return {**shown, **contact["Addresses"].get(kind, {})}


def _balances(org: Organisation, contact_id: str) -> Record | None:
    sums = {kind: {"Outstanding": Decimal(0), "Overdue": Decimal(0)} for kind in ("ACCREC", "ACCPAY")}
    for invoice_id in org.documents_of[contact_id]:
        invoice = org.invoices[invoice_id]
        if invoice["Status"] != "AUTHORISED":
            continue
        sums[invoice["Type"]]["Outstanding"] += invoice["AmountDue"]
        if invoice["DueDate"] < org.today:
            sums[invoice["Type"]]["Overdue"] += invoice["AmountDue"]
    if not any(side["Outstanding"] for side in sums.values()):
        return None
    return {"AccountsReceivable": sums["ACCREC"], "AccountsPayable": sums["ACCPAY"]}
