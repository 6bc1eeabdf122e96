"""What a person does on Xero's own pages, past the API's restrictions where Xero's pages are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.common.sandbox import ActionError
from sandbox.xero import contacts, credit_notes, invoices, overpayments, payments
from sandbox.xero.errors import InvalidError
from sandbox.xero.organisation import Organisation, Record

Action = Callable[[Organisation, dict[str, Any]], Any]


def act(org: Organisation, action: str, arguments: Mapping[str, Any]) -> Any:
    """Do one action in one organisation and return the record it left.

    :raises ActionError: for an unknown action, a missing argument, or something the books don't allow.
    """
    if action not in ACTIONS:
        raise ActionError(f"no action {action!r}; there are: {', '.join(sorted(ACTIONS))}")
    try:
        return ACTIONS[action](org, dict(arguments))
    except KeyError as missing:
        raise ActionError(f"{action} needs {missing.args[0]!r}, or there is no such record") from missing
    except InvalidError as invalid:
        raise ActionError(str(invalid)) from invalid


def _contact(org: Organisation, asked: dict[str, Any], name: str = "contact") -> Record:
    """Find a contact by ContactID, ContactNumber or active name."""
    key = str(asked[name])
    found = key if key in org.contacts else org.contact_numbers.get(key) or org.active_names.get(key.casefold())
    return org.contacts[str(found)]


def _invoice(org: Organisation, asked: dict[str, Any]) -> Record:
    """Find an invoice by InvoiceID or number."""
    key = str(asked["invoice"])
    return org.invoices[key if key in org.invoices else org.invoice_numbers[key]]


def _create_contact(org: Organisation, asked: dict[str, Any]) -> Record:
    return contacts.view(org, contacts.create(org, asked["fields"]))


def _edit_contact(org: Organisation, asked: dict[str, Any]) -> Record:
    return contacts.view(org, contacts.update(org, _contact(org, asked), asked["fields"]))


def _rename_contact(org: Organisation, asked: dict[str, Any]) -> Record:
    return contacts.view(org, contacts.update(org, _contact(org, asked), {"Name": asked["name"]}))


def _archive_contact(org: Organisation, asked: dict[str, Any]) -> Record:
    return contacts.view(org, contacts.update(org, _contact(org, asked), {"ContactStatus": "ARCHIVED"}))


def _restore_contact(org: Organisation, asked: dict[str, Any]) -> Record:
    contact = _contact(org, asked)
    holder = org.active_names.get(contact["Name"].casefold())
    if holder not in (None, contact["ContactID"]):
        raise ActionError(f"an active contact has the name {contact['Name']}")
    contacts.keep(org, {**contact, "ContactStatus": "ACTIVE"})
    org.tell("Contacts", contact["ContactID"], created=False)
    return contacts.view(org, org.contacts[contact["ContactID"]])


def _merge_contacts(org: Organisation, asked: dict[str, Any]) -> Record:
    """Merge ``contact`` into ``into``: documents move, the loser is archived and points to the winner."""
    loser, winner = _contact(org, asked), _contact(org, asked, "into")
    if loser is winner:
        raise ActionError("a contact cannot be merged into itself")
    if winner["ContactStatus"] != "ACTIVE":
        raise ActionError("only an active contact can be found to merge another one into")
    for document in (*org.invoices.values(), *org.credit_notes.values()):
        if document["Contact"]["ContactID"] == loser["ContactID"]:
            document["Contact"] = {"ContactID": winner["ContactID"]}
            org.stamp(document)
    org.documents_of[winner["ContactID"]] |= org.documents_of.pop(loser["ContactID"], set())
    for name in ("IsCustomer", "IsSupplier"):
        winner[name] = winner[name] or loser[name]
    contacts.keep(org, {**loser, "ContactStatus": "ARCHIVED", "MergedToContactID": winner["ContactID"]})
    org.tell("Contacts", loser["ContactID"], created=False)
    return contacts.view(org, org.contacts[loser["ContactID"]])


def _create_invoice(org: Organisation, asked: dict[str, Any]) -> Record:
    fields = {"Type": "ACCREC", **asked["fields"]}
    if "contact" in asked:
        fields["Contact"] = {"ContactID": _contact(org, asked)["ContactID"]}
    return invoices.view(org, invoices.create(org, fields))


def _set_status(status: str) -> Action:
    def change(org: Organisation, asked: dict[str, Any]) -> Record:
        return invoices.view(org, invoices.update(org, _invoice(org, asked), {"Status": status}))

    return change


def _edit_invoice(org: Organisation, asked: dict[str, Any]) -> Record:
    return invoices.view(org, invoices.update(org, _invoice(org, asked), asked["fields"]))


def _pay_invoice(org: Organisation, asked: dict[str, Any]) -> Record:
    invoice = _invoice(org, asked)
    wanted = {
        "Invoice": {"InvoiceID": invoice["InvoiceID"]},
        "Account": {"Code": asked.get("account", "090")},
        "Amount": str(asked.get("amount", invoice["AmountDue"])),
        "Date": asked.get("date"),
        "Reference": asked.get("reference"),
    }
    return payments.view(org, payments.create(org, wanted, reconciled=bool(asked.get("reconciled"))))


def _overpay_invoice(org: Organisation, asked: dict[str, Any]) -> Record:
    """Receive ``amount``, more than is due: the rest is an overpayment."""
    invoice = _invoice(org, asked)
    paid, rest = overpayments.overpay(org, invoice, Decimal(str(asked["amount"])), account=asked.get("account", "090"))
    return {"Payment": payments.view(org, paid), "Overpayment": overpayments.view(org, rest)}


def _receive_overpayment(org: Organisation, asked: dict[str, Any]) -> Record:
    """Receive ``amount`` from a contact for no invoice."""
    contact, amount = _contact(org, asked), Decimal(str(asked["amount"]))
    return overpayments.view(
        org,
        overpayments.receive(
            org, contact["ContactID"], amount, currency=str(asked.get("currency") or org.base_currency)
        ),
    )


def _allocate_overpayment(org: Organisation, asked: dict[str, Any]) -> Record:
    found = org.overpayments[asked["overpayment"]]
    overpayments.allocate(org, found, _invoice(org, asked), Decimal(str(asked["amount"])))
    return overpayments.view(org, found)


def _release_overpayment(org: Organisation, asked: dict[str, Any]) -> Record:
    """Take back everything that an overpayment was set against."""
    found = org.overpayments[asked["overpayment"]]
    overpayments.release(org, found)
    return overpayments.view(org, found)


def _void_overpayment(org: Organisation, asked: dict[str, Any]) -> Record:
    found = org.overpayments[asked["overpayment"]]
    overpayments.void(org, found)
    return overpayments.view(org, found)


def _delete_payment(org: Organisation, asked: dict[str, Any]) -> Record:
    return payments.view(org, payments.change(org, org.payments[asked["payment"]], {"Status": "DELETED"}))


def _edit_payment(org: Organisation, asked: dict[str, Any]) -> Record:
    return payments.view(org, payments.change(org, org.payments[asked["payment"]], asked["fields"]))


def _reconcile_payment(org: Organisation, asked: dict[str, Any]) -> Record:
    """Find a payment on the bank statement: from then on it can't be deleted."""
    payment = org.payments[asked["payment"]]
    payment["IsReconciled"] = True
    org.stamp(payment)
    return payments.view(org, payment)


def _credit_invoice(org: Organisation, asked: dict[str, Any]) -> Record:
    """Write a credit note over ``amount`` (tax included) and allocate it to the invoice."""
    invoice = _invoice(org, asked)
    line = {"Description": "Credit", "UnitAmount": str(asked["amount"]), "AccountCode": asked.get("account", "200")}
    note = credit_notes.create(
        org,
        {
            "Type": f"{invoice['Type']}CREDIT",
            "Contact": {"ContactID": invoice["Contact"]["ContactID"]},
            "Status": "AUTHORISED",
            "LineAmountTypes": "Inclusive",
            "CurrencyCode": invoice["CurrencyCode"],
            "LineItems": [line],
        },
    )
    given = {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": str(asked["amount"])}
    credit_notes.allocate(org, note, given)
    org.tell("Invoices", invoice["InvoiceID"], created=False)
    return credit_notes.view(org, note)


def _release_credit(org: Organisation, asked: dict[str, Any]) -> Record:
    """Take an allocation of a credit note back."""
    note = org.credit_notes[asked["note"]]
    (allocation,) = [one for one in note["credits"] if one["AllocationID"] == asked["allocation"]]
    credit_notes.release(org, note, allocation)
    return credit_notes.view(org, note)


def _lock(org: Organisation, asked: dict[str, Any]) -> Record:
    """Set ``period`` and ``year`` lock dates (ISO, or null to lift one)."""
    for name, argument in (("PeriodLockDate", "period"), ("EndOfYearLockDate", "year")):
        if argument in asked:
            org.profile.pop(name, None)
            if asked[argument]:
                org.profile[name] = date.fromisoformat(asked[argument])
    return org.profile


def _limit_emails(org: Organisation, asked: dict[str, Any]) -> Record:
    """Let Xero send so many e-mails ``per_day``: a trial has 20, Xero's own demo company none."""
    org.emails_per_day = int(asked["per_day"])
    return org.profile


def _rename_organisation(org: Organisation, asked: dict[str, Any]) -> Record:
    org.profile["Name"] = str(asked["name"])
    return org.profile


def _misstore(org: Organisation, asked: dict[str, Any]) -> Record:
    """Store the next invoice with these ``amounts`` (SubTotal, TotalTax, Total), as no Xero should."""
    org.misstored.update({name: Decimal(str(amount)) for name, amount in asked["amounts"].items()})
    return {}


def _archive_account(org: Organisation, asked: dict[str, Any]) -> Record:
    account = org.account(code=str(asked["code"]))
    if account is None:
        raise ActionError(f"no account {asked['code']}")
    account["Status"] = "ARCHIVED"
    return account


def _add_currency(org: Organisation, asked: dict[str, Any]) -> Record:
    org.currencies.append({"Code": str(asked["code"]), "Description": str(asked["code"])})
    return org.currencies[-1]


ACTIONS: dict[str, Action] = {
    "add_currency": _add_currency,
    "allocate_overpayment": _allocate_overpayment,
    "approve_invoice": _set_status("AUTHORISED"),
    "archive_account": _archive_account,
    "archive_contact": _archive_contact,
    "create_contact": _create_contact,
    "create_invoice": _create_invoice,
    "credit_invoice": _credit_invoice,
    "delete_invoice": _set_status("DELETED"),
    "delete_payment": _delete_payment,
    "edit_contact": _edit_contact,
    "edit_invoice": _edit_invoice,
    "edit_payment": _edit_payment,
    "limit_emails": _limit_emails,
    "lock": _lock,
    "merge_contacts": _merge_contacts,
    "misstore": _misstore,
    "overpay_invoice": _overpay_invoice,
    "pay_invoice": _pay_invoice,
    "receive_overpayment": _receive_overpayment,
    "reconcile_payment": _reconcile_payment,
    "release_credit": _release_credit,
    "release_overpayment": _release_overpayment,
    "rename_contact": _rename_contact,
    "rename_organisation": _rename_organisation,
    "restore_contact": _restore_contact,
    "void_invoice": _set_status("VOIDED"),
    "void_overpayment": _void_overpayment,
}
