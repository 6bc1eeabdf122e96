"""Money received beyond any invoice: made on Xero's own pages, read and set against invoices (Xero facts 3).

The API makes none through ``/Overpayments``: a payment takes no more than is due, and a bank transaction of the type
RECEIVE-OVERPAYMENT needs a permission of its own.
"""

from __future__ import annotations

from decimal import Decimal

from sandbox.xero import credit_notes, invoices, payments
from sandbox.xero.errors import InvalidError
from sandbox.xero.organisation import Organisation, Record

_CENT = Decimal("0.01")


def receive(org: Organisation, contact_id: str, amount: Decimal, *, currency: str, of_invoice: bool = False) -> Record:
    """Record money that was received for no invoice.

    :param of_invoice: it is what an invoice's payment was too much, rather than a bank transaction of its own.
    """
    made: Record = {
        "OverpaymentID": org.new_id("overpayment"),
        "Type": "AROVERPAYMENT" if of_invoice else "RECEIVE-OVERPAYMENT",
        "Contact": {"ContactID": contact_id},
        "Date": org.today,
        "Status": "AUTHORISED",
        "LineAmountTypes": "NoTax",
        "SubTotal": amount.quantize(_CENT),
        "TotalTax": Decimal("0.00"),
        "Total": amount.quantize(_CENT),
        "CurrencyCode": currency,
        "CurrencyRate": Decimal(1),
        "credits": [],
        "payments": [],
    }
    org.overpayments[made["OverpaymentID"]] = made
    credit_notes.settle(org, made)
    return made


def overpay(org: Organisation, invoice: Record, amount: Decimal, *, account: str) -> tuple[Record, Record]:
    """Receive more than is due on an invoice: its payment, and the rest as an overpayment.

    :raises InvalidError: with Xero's sentences.
    """
    due = invoice["AmountDue"]
    if amount <= due:
        raise InvalidError("The amount is no more than is due.")
    wanted = {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Account": {"Code": account}, "Amount": str(due)}
    paid = payments.create(org, wanted)
    contact, currency = invoice["Contact"]["ContactID"], invoice["CurrencyCode"]
    return paid, receive(org, contact, amount - due, currency=currency, of_invoice=True)


def allocate(org: Organisation, found: Record, invoice: Record, amount: Decimal) -> Record:
    """Set part of an overpayment against an approved invoice.

    :raises InvalidError: when it is not approved or the amount is too large.
    """
    if invoice["Status"] != "AUTHORISED" or not 0 < amount <= min(found["RemainingCredit"], invoice["AmountDue"]):
        raise InvalidError("Overpayment cannot be allocated as amount is greater than amount outstanding")
    allocation: Record = {
        "AllocationID": org.new_id("allocation"),
        "OverpaymentID": found["OverpaymentID"],
        "InvoiceID": invoice["InvoiceID"],
        "Amount": amount.quantize(_CENT),
        "Date": org.today,
    }
    found["credits"].append(allocation)
    invoice["credits"].append(allocation)
    credit_notes.settle(org, found)
    invoices.settle(org, invoice)
    return allocation


def release(org: Organisation, found: Record) -> None:
    """Take back everything that an overpayment was set against."""
    for allocation in list(found["credits"]):
        invoice = org.invoices[allocation["InvoiceID"]]
        found["credits"].remove(allocation)
        invoice["credits"].remove(allocation)
        invoices.settle(org, invoice)
    credit_notes.settle(org, found)


def void(org: Organisation, found: Record) -> None:
    """Remove an overpayment; what it settled is open again."""
    release(org, found)
    found["Status"] = "VOIDED"
    credit_notes.settle(org, found)


def view(org: Organisation, found: Record) -> Record:
    """Return an overpayment as Xero shows it."""
    shown = {name: value for name, value in found.items() if not name.islower()}
    contact = org.contacts[found["Contact"]["ContactID"]]
    shown["Contact"] = {"ContactID": contact["ContactID"], "Name": contact["Name"]}
    shown["Allocations"] = [credit_notes.view_allocation(org, one) for one in found["credits"]]
    shown["Payments"], shown["LineItems"] = [], []
    shown["AppliedAmount"] = found["Total"] - found["RemainingCredit"]
    shown["HasAttachments"] = False
    shown["UpdatedDateUTCString"] = f"{found['UpdatedDateUTC']:%Y-%m-%dT%H:%M:%S}"
    return shown
