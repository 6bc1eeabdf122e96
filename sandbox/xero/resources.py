"""The kinds of records the API offers, bound to their rules."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.xero import contacts, credit_notes, invoices, overpayments, payments
from sandbox.xero.errors import InvalidError
from sandbox.xero.listing import Asked, searched
from sandbox.xero.organisation import Organisation, Record
from sandbox.xero.resource import Resource

_CONTACT_SEARCH = ("Name", "FirstName", "LastName", "ContactNumber", "CompanyNumber", "EmailAddress")


def _contacts(org: Organisation, asked: Asked) -> Iterable[Record]:
    term = asked.args.get("searchTerm", "")
    for contact in org.contacts.values():
        if contact["ContactStatus"] != "ACTIVE" and not asked.flag("includeArchived"):
            continue
        if searched(contact, term, _CONTACT_SEARCH):
            yield contact


def _invoices(org: Organisation, asked: Asked) -> Iterable[Record]:
    numbers, statuses, owners = asked.csv("InvoiceNumbers"), asked.csv("Statuses"), asked.csv("ContactIDs")
    term = asked.args.get("searchTerm", "")
    for invoice in org.invoices.values():
        if asked.flag("createdByMyApp") and invoice["InvoiceID"] not in org.by_app:
            continue
        if numbers and invoice["InvoiceNumber"] not in numbers:
            continue
        if statuses and invoice["Status"] not in statuses:
            continue
        if owners and invoice["Contact"]["ContactID"] not in owners:
            continue
        if searched(invoice, term, ("InvoiceNumber", "Reference")):
            yield _with_contact_name(org, invoice)


def _with_contact_name(org: Organisation, document: Record) -> Record:
    """Let ``where`` and ``order`` see the contact's name; the stored document keeps only its id."""
    contact_id = document["Contact"]["ContactID"]
    return {**document, "Contact": {"ContactID": contact_id, "Name": org.contacts[contact_id]["Name"]}}


def _payments(org: Organisation, _: Asked) -> Iterable[Record]:
    for payment in org.payments.values():
        document = org.invoices.get(payment["document"])
        invoice = {name: document[name] for name in ("InvoiceID", "InvoiceNumber")} if document else None
        yield {**payment, "Invoice": invoice}


def _invoice_by_number(org: Organisation, key: str) -> Record | None:
    return org.invoices.get(org.invoice_numbers.get(key, ""))


def _contact_by_number(org: Organisation, key: str) -> Record | None:
    return org.contacts.get(org.contact_numbers.get(key, ""))


def _upsert_payment(org: Organisation, given: Record, _: int) -> Record:
    known = org.payments.get(str(given.get("PaymentID")))
    if known is None and given.get("PaymentID"):
        raise InvalidError("The payment ID specified was not found")
    return payments.change(org, known, given) if known else payments.create(org, given)


CONTACTS = Resource(
    plural="Contacts",
    id_field="ContactID",
    records=lambda org: org.contacts,
    chosen=_contacts,
    find=_contact_by_number,
    view=lambda org, record, form: contacts.view(org, record, full=form.full, summary=form.summary),
    create=lambda org, given, _: contacts.create(org, given),
    upsert=lambda org, given, _: contacts.upsert(org, given),
    update=lambda org, record, given, _: contacts.update(org, record, given),
)
INVOICES = Resource(
    plural="Invoices",
    id_field="InvoiceID",
    error_flag="HasErrors",
    records=lambda org: org.invoices,
    chosen=_invoices,
    find=_invoice_by_number,
    view=lambda org, record, form: invoices.view(org, record, full=form.full, summary=form.summary, places=form.places),
    create=lambda org, given, places: invoices.create(org, given, places=places),
    upsert=lambda org, given, places: invoices.upsert(org, given, places=places),
    update=lambda org, record, given, places: invoices.update(org, record, given, places=places),
)
CREDIT_NOTES = Resource(
    plural="CreditNotes",
    id_field="CreditNoteID",
    error_flag="HasErrors",
    records=lambda org: org.credit_notes,
    chosen=lambda org, _: (_with_contact_name(org, note) for note in org.credit_notes.values()),
    view=lambda org, record, form: credit_notes.view(org, record, full=form.full),
    create=lambda org, given, places: credit_notes.create(org, given, places=places),
    upsert=lambda org, given, places: credit_notes.upsert(org, given, places=places),
    update=lambda org, record, given, places: credit_notes.update(org, record, given, places=places),
)
PAYMENTS = Resource(
    plural="Payments",
    id_field="PaymentID",
    records=lambda org: org.payments,
    chosen=_payments,
    view=lambda org, record, _: payments.view(org, record),
    create=lambda org, given, _: payments.create(org, given),
    upsert=_upsert_payment,
    update=lambda org, record, given, _: payments.change(org, record, given),
)
OVERPAYMENTS = Resource(
    plural="Overpayments",
    id_field="OverpaymentID",
    records=lambda org: org.overpayments,
    view=lambda org, record, _form: overpayments.view(org, record),
)
PREPAYMENTS = Resource(
    plural="Prepayments",
    id_field="PrepaymentID",
    records=lambda org: org.prepayments,
    view=lambda _org, record, _form: record,
)
ALL = (CONTACTS, INVOICES, CREDIT_NOTES, PAYMENTS, OVERPAYMENTS, PREPAYMENTS)
