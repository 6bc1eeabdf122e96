"""Invoices and bills: numbers, amounts due, e-mail, and how they are shown (Xero facts 3)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from sandbox.xero import documents
from sandbox.xero.documents import Family
from sandbox.xero.errors import InvalidError
from sandbox.xero.organisation import Organisation, Record

FAMILY = Family(
    plural="Invoices",
    id_field="InvoiceID",
    number_field="InvoiceNumber",
    types=("ACCREC", "ACCPAY"),
    prefix="INV-",
    kind="invoice",
    needs_due_date=True,
)
LONGEST_NUMBER = 255
#: Changes that don't move the stamp of a document with payments (Xero facts 2), and what only names the document.
_QUIET = {"DueDate", "SentToContact", "InvoiceID", "InvoiceNumber", "Type", "Status"}


def match(org: Organisation, given: Record) -> Record | None:
    """Find which invoice an upsert means: by InvoiceID, for sales invoices also by InvoiceNumber."""
    if given.get("InvoiceID"):
        return org.invoices.get(str(given["InvoiceID"]))
    found = org.invoice_numbers.get(str(given.get("InvoiceNumber") or ""))
    return org.invoices[found] if found and given.get("Type", "ACCREC") == "ACCREC" else None


def create(org: Organisation, given: Record, *, places: int = 2) -> Record:
    """Create an invoice (``PUT``).

    :raises InvalidError: with Xero's sentences.
    """
    return _save(org, given, None, places)


def upsert(org: Organisation, given: Record, *, places: int = 2) -> Record:
    """Update the invoice ``match`` finds, else create one (``POST``).

    :raises InvalidError: with Xero's sentences.
    """
    found = match(org, given)
    if found is None and given.get("InvoiceID"):
        raise InvalidError("The invoice ID specified was not found")
    return _save(org, given, found, places)


def update(org: Organisation, invoice: Record, given: Record, *, places: int = 2) -> Record:
    """Update this invoice.

    :raises InvalidError: with Xero's sentences.
    """
    return _save(org, given, invoice, places)


def _save(org: Organisation, given: Record, before: Record | None, places: int) -> Record:
    after = documents.save(org, FAMILY, given, before, places=places)
    sales = after["Type"] == "ACCREC"
    number = str(given.get("InvoiceNumber") or after["InvoiceNumber"]).strip()
    if not number and sales:
        number = documents.next_number(org, FAMILY.prefix, org.invoice_numbers)
    if len(number) > LONGEST_NUMBER:
        raise InvalidError(f"The invoice number must not be longer than {LONGEST_NUMBER} characters.")
    if sales and documents.number_taken(org.invoice_numbers, number, after["InvoiceID"]):
        raise InvalidError("Invoice # must be unique.")
    if before is not None and org.invoice_numbers.get(before["InvoiceNumber"]) == before["InvoiceID"]:
        del org.invoice_numbers[before["InvoiceNumber"]]
        org.documents_of[before["Contact"]["ContactID"]].discard(before["InvoiceID"])
    after["InvoiceNumber"] = number
    if before is None:
        after["InvoiceID"] = org.new_id("invoice")
    if sales and after["Status"] != "DELETED":
        org.invoice_numbers[number] = after["InvoiceID"]
    contact_id = after["Contact"]["ContactID"]
    org.documents_of[contact_id].add(after["InvoiceID"])
    org.contacts[contact_id]["IsCustomer" if sales else "IsSupplier"] = True  # doesn't move the contact's stamp
    org.invoices[after["InvoiceID"]] = after
    after.update(org.misstored)
    org.misstored.clear()
    settle(org, after)
    if before is not None and documents.settled(before) and set(given) <= _QUIET:
        after["UpdatedDateUTC"] = before["UpdatedDateUTC"]
    org.tell("Invoices", after["InvoiceID"], created=before is None)
    return after


def settle(org: Organisation, invoice: Record) -> None:
    """Bring status and amounts in line with the payments and credits that stand against the invoice, and stamp it."""
    payments = [org.payments[one] for one in invoice["payments"]]
    paid = sum((one["Amount"] for one in payments), Decimal("0.00"))
    credited = sum((one["Amount"] for one in invoice["credits"]), Decimal("0.00"))
    live = invoice["Status"] not in ("VOIDED", "DELETED")
    due = invoice["Total"] - paid - credited if live else Decimal("0.00")
    invoice.update(AmountPaid=paid, AmountCredited=credited, AmountDue=due)
    invoice.pop("FullyPaidOnDate", None)
    if invoice["Status"] in ("AUTHORISED", "PAID"):
        fully = due == 0 and (documents.settled(invoice) or invoice["Total"] == 0)
        invoice["Status"] = "PAID" if fully else "AUTHORISED"
        if fully:
            days = [one["Date"] for one in (*payments, *invoice["credits"])]
            invoice["FullyPaidOnDate"] = max(days, default=invoice["Date"])
    org.stamp(invoice)


def email(org: Organisation, invoice: Record) -> None:
    """Send an approved invoice to its contact and the persons who are included in e-mails.

    :raises InvalidError: for a draft, a contact without address, or a spent daily number.
    """
    contact = org.contacts[invoice["Contact"]["ContactID"]]
    if invoice["Type"] != "ACCREC" or invoice["Status"] not in ("SUBMITTED", "AUTHORISED", "PAID"):
        raise InvalidError("The invoice is not of a valid status for emailing")
    if not contact["EmailAddress"]:
        raise InvalidError("The contact has no email address")
    since = org.now() - timedelta(days=1)
    if sum(1 for mail in org.mails if mail["At"] > since) >= org.emails_per_day:
        raise InvalidError("The daily limit of emails has been reached")
    people = [
        one["EmailAddress"] for one in contact["ContactPersons"] if one["IncludeInEmails"] and one["EmailAddress"]
    ]
    org.mails.append({"InvoiceID": invoice["InvoiceID"], "To": [contact["EmailAddress"], *people], "At": org.now()})
    if invoice["Status"] != "SUBMITTED":
        invoice["SentToContact"] = True
    if not documents.settled(invoice):
        org.stamp(invoice)


def view(org: Organisation, invoice: Record, *, full: bool = True, summary: bool = False, places: int = 2) -> Record:
    """Return an invoice as Xero shows it; lines come only when paged or read singly (``full``)."""
    shown = {name: value for name, value in invoice.items() if not name.islower() and value is not None}
    contact = org.contacts[invoice["Contact"]["ContactID"]]
    shown["Contact"] = {"ContactID": contact["ContactID"], "Name": contact["Name"]}
    if full and not summary:
        shown["Contact"].update(
            {name: contact[name] for name in ("ContactNumber", "ContactStatus", "EmailAddress") if contact[name]}
        )
        unit = Decimal(1).scaleb(-places)
        shown["LineItems"] = [
            {**line, "UnitAmount": line["UnitAmount"].quantize(unit, ROUND_HALF_UP)} for line in invoice["LineItems"]
        ]
    else:
        shown["LineItems"] = []
    shown["Payments"] = [_payment(org.payments[one]) for one in invoice["payments"]]
    shown["CreditNotes"] = [_credit(org, one) for one in invoice["credits"] if "CreditNoteID" in one]
    shown["Overpayments"] = [_overpayment(org, one) for one in invoice["credits"] if "OverpaymentID" in one]
    shown["Prepayments"] = []
    shown["IsDiscounted"] = "TotalDiscount" in invoice
    shown["HasAttachments"], shown["HasErrors"] = False, False
    shown["UpdatedDateUTCString"] = f"{invoice['UpdatedDateUTC']:%Y-%m-%dT%H:%M:%S}"
    if summary:
        for name in ("LineItems", "Payments", "CreditNotes", "Prepayments", "Overpayments"):
            shown.pop(name)
    return shown


def _payment(payment: Record) -> Record:
    shown = {name: payment[name] for name in ("PaymentID", "Date", "Amount", "Reference", "CurrencyRate")}
    return {**shown, "HasAccount": True, "HasValidationErrors": False}


def _overpayment(org: Organisation, allocation: Record) -> Record:
    found = org.overpayments[allocation["OverpaymentID"]]
    shown = {name: found[name] for name in ("OverpaymentID", "Date", "Total")}
    return {**shown, "ID": found["OverpaymentID"], "AppliedAmount": allocation["Amount"]}


def _credit(org: Organisation, allocation: Record) -> Record:
    note = org.credit_notes[allocation["CreditNoteID"]]
    day: date = note["Date"]
    return {
        "CreditNoteID": note["CreditNoteID"],
        "CreditNoteNumber": note["CreditNoteNumber"],
        "ID": note["CreditNoteID"],
        "AppliedAmount": allocation["Amount"],
        "Total": note["Total"],
        "Date": day,
        "HasErrors": False,
    }
