"""A person at a package's own pages, in words that are the same for both packages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sandbox.common.sandbox import Sandbox

_XERO_FIELDS = {"name": "Name", "email": "EmailAddress", "first_name": "FirstName", "company_name": "Name"}
_QUICKBOOKS_FIELDS = {"name": "DisplayName", "first_name": "GivenName", "company_name": "CompanyName"}


class Bookkeeper:
    """Works in the first company of a stand-in package; customers, invoices and payments are named by remote id."""

    def __init__(self, package: Sandbox) -> None:
        """Sit down at a package."""
        self._package = package
        self._xero = package.name == "xero"

    def add_customer(self, name: str, **fields: str) -> str:
        """Add a customer; return its id."""
        if self._xero:
            return str(self._act("create_contact", fields={"Name": name, **self._fields(fields)})["ContactID"])
        return str(self._act("create_customer", fields={"DisplayName": name, **self._fields(fields)})["Id"])

    def add_vendor(self, name: str) -> str:
        """Add somebody who is no customer but stands in the way of the name; return the id."""
        if self._xero:
            return self.add_customer(name)
        return str(self._act("create_vendor", name=name)["Id"])

    def edit(self, remote_id: str, **fields: str) -> None:
        """Change name, email, phone or first_name of a customer; an empty text clears."""
        if self._xero:
            self._act("edit_contact", contact=remote_id, fields=self._fields(fields))
        else:
            self._act("edit", id=remote_id, fields=self._fields(fields))

    def archive(self, remote_id: str) -> None:
        """Archive a customer."""
        if self._xero:
            self._act("archive_contact", contact=remote_id)
        else:
            self._act("deactivate", id=remote_id)

    def restore(self, remote_id: str) -> None:
        """Make a customer active again."""
        if self._xero:
            self._act("restore_contact", contact=remote_id)
        else:
            self._act("reactivate", id=remote_id)

    def merge(self, loser: str, winner: str) -> None:
        """Merge one customer into another."""
        if self._xero:
            self._act("merge_contacts", contact=loser, into=winner)
        else:
            self._act("merge", loser=loser, winner=winner)

    def pay(self, invoice: str, amount: str) -> str:
        """Record a payment of an invoice; return its id."""
        if self._xero:
            return str(self._act("pay_invoice", invoice=invoice, amount=amount)["PaymentID"])
        return str(self._act("pay", invoice=invoice, amount=amount)["Id"])

    def overpay(self, invoice: str, amount: str) -> str:
        """Receive more than is due on an invoice; return the id of what holds the rest."""
        if self._xero:
            made = self._act("overpay_invoice", invoice=invoice, amount=amount)
            return str(made["Overpayment"]["OverpaymentID"])
        due = self.invoice(invoice)["due"]
        return self.pay_several(self.customer_of(invoice), amount, {invoice: str(due)})

    def pay_several(self, customer: str, amount: str, applied: Mapping[str, str], *, payment: str | None = None) -> str:
        """Record, or change, a payment of several invoices, which QuickBooks has; return its id."""
        lines = [
            {"Amount": part, "LinkedTxn": [{"TxnId": invoice, "TxnType": "Invoice"}]}
            for invoice, part in applied.items()
        ]
        fields = {"CustomerRef": {"value": customer}, "TotalAmt": amount, "Line": lines}
        if payment is None:
            return str(self._act("create", kind="Payment", fields=fields)["Id"])
        return str(self._act("edit", kind="Payment", id=payment, fields=fields)["Id"])

    def apply(self, rest: str, invoice: str, amount: str) -> None:
        """Set something of what was received beyond an invoice against another one."""
        if self._xero:
            self._act("allocate_overpayment", overpayment=rest, invoice=invoice, amount=amount)
            return
        found = next(row for row in self._books()["Payment"] if row["Id"] == rest)
        applied = {line["LinkedTxn"][0]["TxnId"]: str(line["Amount"]) for line in found["Line"]}
        self.pay_several(found["CustomerRef"]["value"], found["TotalAmt"], {**applied, invoice: amount}, payment=rest)

    def unapply(self, rest: str, *kept: str) -> None:
        """Let money that was received settle nothing any more, or only these invoices as it did."""
        if self._xero:
            self._act("release_overpayment", overpayment=rest)
            return
        found = next(row for row in self._books()["Payment"] if row["Id"] == rest)
        applied = {line["LinkedTxn"][0]["TxnId"]: str(line["Amount"]) for line in found["Line"]}
        left = {invoice: amount for invoice, amount in applied.items() if invoice in kept}
        self.pay_several(found["CustomerRef"]["value"], found["TotalAmt"], left, payment=rest)

    def take_back_rest(self, rest: str) -> None:
        """Delete what holds the rest of money that was received beyond an invoice."""
        if self._xero:
            self._act("void_overpayment", overpayment=rest)
        else:
            self.take_back(rest)

    def take_back(self, payment: str) -> None:
        """Delete a payment."""
        if self._xero:
            self._act("delete_payment", payment=payment)
        else:
            self._act("delete_payment", id=payment)

    def void(self, invoice: str) -> None:
        """Void an invoice."""
        if self._xero:
            self._act("void_invoice", invoice=invoice)
        else:
            self._act("void_invoice", id=invoice)

    def move(self, invoice: str, customer: str) -> None:
        """Make out an invoice to another customer."""
        if self._xero:
            self._act("edit_invoice", invoice=invoice, fields={"Contact": {"ContactID": customer}})
        else:
            self._act("edit", kind="Invoice", id=invoice, fields={"CustomerRef": {"value": customer}})

    def vanish(self, remote_id: str) -> None:
        """Let a customer be gone as if it had never been, untold by any feed."""
        package: Any = self._package
        with package.lock:
            if self._xero:
                books = next(iter(package.organisations.values()))
                gone = books.contacts.pop(remote_id)
                books.active_names.pop(gone["Name"].casefold(), None)
                books.contact_numbers.pop(gone.get("ContactNumber"), None)
                books.account_numbers.pop(gone.get("AccountNumber"), None)
            else:
                books = next(iter(package.companies.values()))
                books.remove(books.require("Customer", remote_id), silent=True)
                books.tombstones.pop()

    def drift(self, remote_id: str, **fields: str) -> None:
        """Change a customer without moving anything that the change feed goes by."""
        package: Any = self._package
        with package.lock:
            if self._xero:
                next(iter(package.organisations.values())).contacts[remote_id].update(self._fields(fields))
            else:
                books = next(iter(package.companies.values()))
                books.require("Customer", remote_id).body.update(self._fields(fields))

    def disconnect(self) -> None:
        """Take the app's permission away."""
        self._act("disconnect")

    def prefer_the_other_company(self) -> None:
        """Choose the second company on the consent page from now on."""
        package: Any = self._package
        with package.lock:
            if self._xero:
                first = next(iter(package.organisations))
                package.organisations[first] = package.organisations.pop(first)
            else:
                package.consent_realm = list(package.companies)[1]

    def customer(self, remote_id: str) -> Mapping[str, Any]:
        """Return a customer: name, email, phone, first_name, active."""
        if self._xero:
            found = self._books()["contacts"][remote_id]
            phones = found.get("Phones") or {}
            phone = phones.get("DEFAULT") or {}
            parts = [phone.get(f"Phone{part}") for part in ("CountryCode", "AreaCode", "Number")]
            return {
                "name": found["Name"],
                "email": found.get("EmailAddress") or None,
                "phone": digits(" ".join(part for part in parts if part)),
                "first_name": found.get("FirstName") or None,
                "active": found["ContactStatus"] == "ACTIVE",
            }
        found = next(row for row in self._books()["Customer"] if row["Id"] == remote_id)
        return {
            "name": found["DisplayName"],
            "email": (found.get("PrimaryEmailAddr") or {}).get("Address"),
            "phone": digits((found.get("PrimaryPhone") or {}).get("FreeFormNumber")),
            "first_name": found.get("GivenName"),
            "active": found["Active"],
        }

    def named(self, name: str) -> list[str]:
        """Return the ids of the active customers of a name."""
        if self._xero:
            rows = [(row["ContactID"], row["Name"], row["ContactStatus"] == "ACTIVE") for row in self._contacts()]
        else:
            rows = [(row["Id"], row["DisplayName"], row["Active"]) for row in self._books()["Customer"]]
        return [remote_id for remote_id, called, active in rows if active and called == name]

    def invoice(self, remote_id: str) -> Mapping[str, Any]:
        """Return an invoice: number, due, voided."""
        if self._xero:
            found = self._books()["invoices"][remote_id]
            due = found["AmountDue"]
            return {"number": found["InvoiceNumber"], "due": float(due), "voided": found["Status"] == "VOIDED"}
        found = next(row for row in self._books()["Invoice"] if row["Id"] == remote_id)
        voided = "Voided" in (found.get("PrivateNote") or "")
        return {"number": found["DocNumber"], "due": float(found["Balance"]), "voided": voided}

    def customer_of(self, invoice: str) -> str:
        """Return the id of the customer that an invoice names."""
        if self._xero:
            return str(self._books()["invoices"][invoice]["Contact"]["ContactID"])
        return str(next(row for row in self._books()["Invoice"] if row["Id"] == invoice)["CustomerRef"]["value"])

    def currency_of(self, invoice: str) -> str:
        """Return the currency of an invoice."""
        if self._xero:
            return str(self._books()["invoices"][invoice]["CurrencyCode"])
        return str(next(row for row in self._books()["Invoice"] if row["Id"] == invoice)["CurrencyRef"]["value"])

    def payments_of(self, invoice: str) -> list[float]:
        """Return the amounts of the payments of an invoice that stand, sorted."""
        if self._xero:
            rows = self._books()["payments"].values()
            stand = [row for row in rows if row["document"] == invoice and row["Status"] != "DELETED"]
            return sorted(float(row["Amount"]) for row in stand)
        lines = [line for row in self._books()["Payment"] for line in row.get("Line", [])]
        paid = [line for line in lines for linked in line.get("LinkedTxn", []) if linked["TxnId"] == invoice]
        return sorted(float(line["Amount"]) for line in paid)

    def credit(self, invoice: str, amount: str) -> tuple[str, str]:
        """Write a credit note and set it against an invoice; return its id and that of the part."""
        if self._xero:
            note = self._act("credit_invoice", invoice=invoice, amount=amount)
            return str(note["CreditNoteID"]), str(note["Allocations"][0]["AllocationID"])
        made = self._act("credit", invoice=invoice, amount=amount)
        return str(made["CreditMemo"]), str(made["Payment"])

    def uncredit(self, note: str, part: str) -> None:
        """Take what a credit note settles off its invoice."""
        if self._xero:
            self._act("release_credit", note=note, allocation=part)
        else:
            self._act("delete_payment", id=part)

    def credits(self) -> list[float]:
        """Return what is left of each credit note that stands, sorted."""
        if self._xero:
            rows = [row for row in self._books()["credit_notes"].values() if row["Status"] not in ("VOIDED", "DELETED")]
            return sorted(float(row["RemainingCredit"]) for row in rows)
        return sorted(float(row["RemainingCredit"]) for row in self._books()["CreditMemo"])

    def size(self) -> int:
        """Return how many records the books hold."""
        return sum(len(rows) for rows in self._books().values())

    def _contacts(self) -> list[Mapping[str, Any]]:
        return list(self._books()["contacts"].values())

    def _books(self) -> dict[str, Any]:
        books: dict[str, Any] = json.loads(json.dumps(next(iter(self._package.dump().values()))))
        return books

    def _fields(self, fields: Mapping[str, str]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, value in fields.items():
            if name == "phone" and self._xero:
                made["Phones"] = [{"PhoneType": "DEFAULT", "PhoneNumber": value}]
            elif name == "phone":
                made["PrimaryPhone"] = {"FreeFormNumber": value}
            elif name == "email" and not self._xero:
                made["PrimaryEmailAddr"] = {"Address": value}
            else:
                made[(_XERO_FIELDS if self._xero else _QUICKBOOKS_FIELDS)[name]] = value
        return made

    def _act(self, action: str, **arguments: Any) -> Any:
        return self._package.act(action, arguments)


def digits(text: str | None) -> str | None:
    """Return the last ten digits of a telephone number, which both ways to write it share; None if there are none."""
    return "".join(sign for sign in text or "" if sign.isdigit())[-10:] or None
