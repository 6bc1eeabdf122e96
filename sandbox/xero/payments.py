"""Payments on invoices and refunds of credit notes (Xero facts 3): created and deleted, never edited."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.xero import credit_notes, documents, invoices
from sandbox.xero.errors import InvalidError
from sandbox.xero.organisation import Organisation, Record
from sandbox.xero.wire import read_decimal

_TYPES = {
    "ACCREC": "ACCRECPAYMENT",
    "ACCPAY": "ACCPAYPAYMENT",
    "ACCRECCREDIT": "ARCREDITPAYMENT",
    "ACCPAYCREDIT": "APCREDITPAYMENT",
}


def create(org: Organisation, given: Record, *, reconciled: bool = False) -> Record:
    """Record a payment.

    :raises InvalidError: with Xero's sentences.
    """
    document = _document(org, given)
    if document["Status"] != "AUTHORISED":
        raise InvalidError("Payment can only be made against Authorised documents")
    account = _account(org, given)
    amount = read_decimal(given.get("Amount"), lambda: InvalidError("The payment amount must be a number."))
    if amount <= 0:
        raise InvalidError("The payment amount must be greater than zero.")
    owed = document["AmountDue"] if "InvoiceID" in document else document["RemainingCredit"]
    if amount > owed:
        raise InvalidError("Payment amount exceeds the amount outstanding on this document")
    day = documents.day_of(given["Date"], "Date") if given.get("Date") else org.today
    documents.check_lock(org, day)
    payment: Record = {
        "PaymentID": org.new_id("payment"),
        "Date": day,
        "Amount": amount.quantize(Decimal("0.01")),
        "BankAmount": amount.quantize(Decimal("0.01")),
        "Reference": str(given.get("Reference") or ""),
        "CurrencyRate": document["CurrencyRate"],
        "PaymentType": _TYPES[document["Type"]],
        "Status": "AUTHORISED",
        "IsReconciled": reconciled or bool(given.get("IsReconciled", False)),
        "AccountID": account["AccountID"],
        "document": document.get("InvoiceID") or document["CreditNoteID"],
    }
    org.stamp(payment)
    org.payments[payment["PaymentID"]] = payment
    document["payments"].append(payment["PaymentID"])
    _settle(org, document)
    return payment


def change(org: Organisation, payment: Record, given: Record) -> Record:
    """Do what a POST on a payment can do: delete it.

    :raises InvalidError: for anything else, and for a payment that is gone or reconciled.
    """
    if given.get("Status") != "DELETED":
        raise InvalidError("Payments can only be deleted: send the status DELETED.")
    if payment["Status"] == "DELETED":
        raise InvalidError("The payment has already been deleted.")
    if payment["IsReconciled"]:
        raise InvalidError("A reconciled payment cannot be deleted.")
    documents.check_lock(org, payment["Date"])
    document = _by_id(org, payment["document"])
    document["payments"].remove(payment["PaymentID"])
    payment["Status"] = "DELETED"
    org.stamp(payment)
    _settle(org, document)
    return payment


def view(org: Organisation, payment: Record) -> Record:
    """Return a payment as Xero shows it, with short forms of its document and account."""
    shown = {name: value for name, value in payment.items() if not name.islower() and name != "AccountID"}
    account = org.account(account_id=payment["AccountID"])
    if account is not None:
        shown["Account"] = {"AccountID": account["AccountID"], "Code": account["Code"]}
    document = _by_id(org, payment["document"])
    contact = org.contacts[document["Contact"]["ContactID"]]
    short = {
        "Type": document["Type"],
        "CurrencyCode": document["CurrencyCode"],
        "Contact": {"ContactID": contact["ContactID"], "Name": contact["Name"]},
        "HasErrors": False,
    }
    if "InvoiceID" in document:
        names, field = ("InvoiceID", "InvoiceNumber"), "Invoice"
    else:
        names, field = ("CreditNoteID", "CreditNoteNumber"), "CreditNote"
    shown[field] = {**{name: document[name] for name in names}, **short}
    shown["HasAccount"], shown["HasValidationErrors"] = account is not None, False
    shown["UpdatedDateUTCString"] = f"{payment['UpdatedDateUTC']:%Y-%m-%dT%H:%M:%S}"
    return shown


def _document(org: Organisation, given: Record) -> Record:
    asked = given.get("Invoice") or ({"InvoiceNumber": given["InvoiceNumber"]} if given.get("InvoiceNumber") else None)
    found: Record | None = None
    if asked:
        number = org.invoice_numbers.get(str(asked.get("InvoiceNumber") or ""))
        found = org.invoices.get(str(asked.get("InvoiceID") or number))
    elif given.get("CreditNote"):
        found = org.credit_notes.get(str(given["CreditNote"].get("CreditNoteID")))
    if found is None:
        raise InvalidError("The document of this payment could not be found")
    return found


def _account(org: Organisation, given: Record) -> Record:
    asked: dict[str, Any] = given.get("Account") or {"Code": given.get("Code")}
    account = org.account(code=asked.get("Code"), account_id=asked.get("AccountID"))
    if account is None or not (account["Type"] == "BANK" or account.get("EnablePaymentsToAccount")):
        raise InvalidError("The account is not valid for payments: it must be a bank account or enabled for payments.")
    return account


def _by_id(org: Organisation, document_id: str) -> Record:
    return org.invoices.get(document_id) or org.credit_notes[document_id]


def _settle(org: Organisation, document: Record) -> None:
    if "InvoiceID" in document:
        invoices.settle(org, document)
        org.tell("Invoices", document["InvoiceID"], created=False)
    else:
        credit_notes.settle(org, document)
