"""Credit notes and their allocations to invoices (Xero facts 3)."""

from __future__ import annotations

from decimal import Decimal

from sandbox.xero import documents, invoices
from sandbox.xero.documents import Family
from sandbox.xero.errors import InvalidError
from sandbox.xero.organisation import Organisation, Record
from sandbox.xero.wire import read_decimal

FAMILY = Family(
    plural="CreditNotes",
    id_field="CreditNoteID",
    number_field="CreditNoteNumber",
    types=("ACCRECCREDIT", "ACCPAYCREDIT"),
    prefix="CN-",
    kind="credit-note",
    needs_due_date=False,
)


def create(org: Organisation, given: Record, *, places: int = 2) -> Record:
    """Create a credit note (``PUT``).

    :raises InvalidError: with Xero's sentences.
    """
    return _save(org, given, None, places)


def upsert(org: Organisation, given: Record, *, places: int = 2) -> Record:
    """Update the note of this CreditNoteID, or of this number, else create one (``POST``).

    :raises InvalidError: with Xero's sentences.
    """
    found = org.credit_notes.get(str(given.get("CreditNoteID")))
    number = given.get("CreditNoteNumber")
    if found is None and number:
        found = next((n for n in org.credit_notes.values() if n["CreditNoteNumber"] == number), None)
    return _save(org, given, found, places)


def update(org: Organisation, note: Record, given: Record, *, places: int = 2) -> Record:
    """Update this credit note.

    :raises InvalidError: with Xero's sentences.
    """
    return _save(org, given, note, places)


def _save(org: Organisation, given: Record, before: Record | None, places: int) -> Record:
    after = documents.save(org, FAMILY, given, before, places=places)
    taken = {n["CreditNoteNumber"]: n["CreditNoteID"] for n in org.credit_notes.values() if n["Status"] != "DELETED"}
    number = str(given.get("CreditNoteNumber") or after["CreditNoteNumber"]).strip()
    number = number or documents.next_number(org, FAMILY.prefix, taken)
    if documents.number_taken(taken, number, after["CreditNoteID"]):
        raise InvalidError("Credit note number must be unique.")
    after["CreditNoteNumber"] = number
    if before is None:
        after["CreditNoteID"] = org.new_id("credit-note")
    org.credit_notes[after["CreditNoteID"]] = after
    settle(org, after)
    extra = {"Type": after["Type"], "Status": after["Status"]}
    org.tell("CreditNotes", after["CreditNoteID"], created=before is None, extra=extra)
    return after


def settle(org: Organisation, note: Record) -> None:
    """Bring status and remaining credit in line with allocations and refunds, and stamp the note."""
    used = sum((one["Amount"] for one in note["credits"]), Decimal("0.00"))
    used += sum((org.payments[one]["Amount"] for one in note["payments"]), Decimal("0.00"))
    live = note["Status"] not in ("VOIDED", "DELETED")
    note["RemainingCredit"] = note["Total"] - used if live else Decimal("0.00")
    if note["Status"] in ("AUTHORISED", "PAID"):
        note["Status"] = "PAID" if note["RemainingCredit"] == 0 and documents.settled(note) else "AUTHORISED"
    org.stamp(note)


def allocate(org: Organisation, note: Record, given: Record) -> Record:
    """Set part of an approved note against an approved invoice.

    :raises InvalidError: when either isn't approved or the amount is too large.
    """
    invoice = org.invoices.get(str((given.get("Invoice") or {}).get("InvoiceID")))
    amount = read_decimal(given.get("Amount"), lambda: InvalidError("The allocation amount must be a number."))
    if invoice is None:
        raise InvalidError("The invoice of this allocation could not be found")
    if note["Status"] != "AUTHORISED" or invoice["Status"] != "AUTHORISED":
        raise InvalidError("Credit can only be allocated between Authorised documents")
    if not 0 < amount <= min(note["RemainingCredit"], invoice["AmountDue"]):
        raise InvalidError("The allocation amount exceeds the amount outstanding or the remaining credit")
    allocation: Record = {
        "AllocationID": org.new_id("allocation"),
        "CreditNoteID": note["CreditNoteID"],
        "InvoiceID": invoice["InvoiceID"],
        "Amount": amount.quantize(Decimal("0.01")),
        "Date": documents.day_of(given["Date"], "Date") if given.get("Date") else org.today,
    }
    note["credits"].append(allocation)
    invoice["credits"].append(allocation)
    settle(org, note)
    invoices.settle(org, invoice)
    return allocation


def release(org: Organisation, note: Record, allocation: Record) -> None:
    """Take an allocation back."""
    invoice = org.invoices[allocation["InvoiceID"]]
    note["credits"].remove(allocation)
    invoice["credits"].remove(allocation)
    settle(org, note)
    invoices.settle(org, invoice)


def view_allocation(org: Organisation, allocation: Record) -> Record:
    """Return an allocation as Xero shows it."""
    invoice = org.invoices[allocation["InvoiceID"]]
    return {
        **{name: allocation[name] for name in ("AllocationID", "Amount", "Date")},
        "Invoice": {"InvoiceID": invoice["InvoiceID"], "InvoiceNumber": invoice["InvoiceNumber"]},
        "IsDeleted": False,
    }


def view(org: Organisation, note: Record, *, full: bool = True) -> Record:
    """Return a credit note as Xero shows it; lines come only when paged or read singly (``full``)."""
    shown = {name: value for name, value in note.items() if not name.islower() and value is not None}
    contact = org.contacts[note["Contact"]["ContactID"]]
    shown["Contact"] = {"ContactID": contact["ContactID"], "Name": contact["Name"]}
    shown["LineItems"] = note["LineItems"] if full else []
    shown["Allocations"] = [view_allocation(org, one) for one in note["credits"]]
    shown["Payments"] = [
        {name: org.payments[one][name] for name in ("PaymentID", "Date", "Amount", "Reference")}
        for one in note["payments"]
    ]
    shown["AppliedAmount"] = note["Total"] - note["RemainingCredit"]
    shown["HasAttachments"], shown["HasErrors"] = False, False
    shown["UpdatedDateUTCString"] = f"{note['UpdatedDateUTC']:%Y-%m-%dT%H:%M:%S}"
    return shown
