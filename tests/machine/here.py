"""What people do here: customers, jobs and their people; invoices and payments."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from service.records import contacts, invoices
from service.records.inputs import ContactChanges, ContactInput
from service.store.records import ContactRow, CustomerRow, InvoiceRow, PaymentRow
from tests.machine.story import JOBS, NAMES, WHICH, Story, act


class Here(Story):
    """The chapter that happens in our own books."""

    # --- customers and jobs ---

    @rule(name=st.sampled_from(NAMES), phone=st.booleans())
    @act
    def a_client_comes(self, name: str, phone: bool) -> None:
        body: dict[str, Any] = {"name": name}
        number = self.world.number()
        if phone:
            body["phone"] = f"+1 415 555 {number:04}"
        self.try_here(f"We enter the client '{name}'{' with a phone' if phone else ''}.", lambda: self._add(body))
        if phone:
            self.memory.typed_here(CustomerRow, self.customers[-1], "phone", body["phone"])

    @rule(first=st.sampled_from(("Ann", "Bo")), last=st.sampled_from(("Lee", "Cedar")))
    @act
    def an_individual_comes(self, first: str, last: str) -> None:
        body = {"kind": "individual", "first_name": first, "last_name": last, "contacts": []}
        self.try_here(f"We enter {first} {last}, a private customer.", lambda: self._add(body))

    @precondition(lambda self: self.customers)
    @rule(which=WHICH, name=st.sampled_from(JOBS))
    @act
    def a_job_comes(self, which: int, name: str) -> None:
        parent = self.pick(self.customers, which)
        self.try_here(
            f"We enter the job '{name}' below {self.label(parent)}.",
            lambda: self._add({"name": name, "parent_id": parent}),
        )

    @precondition(lambda self: self.customers)
    @rule(which=WHICH, field=st.sampled_from(("phone", "email", "website")), blank=st.booleans())
    @act
    def we_edit_a_customer(self, which: int, field: str, blank: bool) -> None:
        customer, value = self.pick(self.customers, which), None if blank else self.value(field)
        told = f"We set the {field} of {self.label(customer)} to {value or 'nothing'}."
        if self.try_here(told, lambda: self.world.office.edit_customer(customer, **{field: value})):
            self.memory.typed_here(CustomerRow, customer, field, value)

    @precondition(lambda self: self.customers)
    @rule(which=WHICH, name=st.sampled_from(NAMES))
    @act
    def we_rename_a_customer(self, which: int, name: str) -> None:
        customer = self.pick(self.customers, which)
        told = f"We rename {self.label(customer)} to '{name}'."
        if self.try_here(told, lambda: self.world.office.edit_customer(customer, name=name)):
            self.memory.typed_here(CustomerRow, customer, "name", name)

    @precondition(lambda self: len(self.customers) > 1)
    @rule(which=WHICH, below=st.none() | WHICH)
    @act
    def we_move_a_customer(self, which: int, below: int | None) -> None:
        customer = self.pick(self.customers, which)
        parent = None if below is None else self.pick(self.customers, below)
        to = "to the top" if parent is None else f"below {self.label(parent)}"
        told = f"We move {self.label(customer)} {to}."
        if self.try_here(told, lambda: self.world.office.edit_customer(customer, parent_id=parent)):
            self.memory.typed_here(CustomerRow, customer, "parent_id", parent)

    @precondition(lambda self: self.customers)
    @rule(which=WHICH)
    @act
    def we_archive_a_customer_or_take_it_back(self, which: int) -> None:
        customer, office = self.pick(self.customers, which), self.world.office
        if office.ours(CustomerRow, customer).archived:
            self.try_here(f"We take {self.label(customer)} out of the archive.", lambda: office.unarchive(customer))
        else:
            self.try_here(f"We archive {self.label(customer)}.", lambda: office.archive(customer))

    # --- people ---

    @precondition(lambda self: self.customers)
    @rule(which=WHICH, choice=st.sampled_from(("to", "cc", "none")))
    @act
    def a_person_comes(self, which: int, choice: str) -> None:
        customer, number = self.pick(self.customers, which), self.world.number()
        given = ContactInput.model_validate(
            {"first_name": f"Person {number}", "email": f"p{number}@office.example", "invoice_email": choice}
        )

        def add() -> None:
            with self.world.office.platform.database.write() as session:
                row = contacts.create_contact(session, self.world.office.author(), customer, given)
                self.people.append(row.id)

        self.try_here(f"We enter person {number} at {self.label(customer)}, invoices: {choice}.", add)

    @precondition(lambda self: self.people)
    @rule(which=WHICH, field=st.sampled_from(("first_name", "email", "primary")))
    @act
    def we_edit_a_person(self, which: int, field: str) -> None:
        person, number = self.pick(self.people, which), self.world.number()
        value = {"first_name": f"Name {number}", "email": f"q{number}@office.example", "primary": True}[field]

        def edit() -> None:
            with self.world.office.platform.database.write() as session:
                changes = ContactChanges.model_validate({field: value})
                contacts.change_contact(session, self.world.office.author(), person, changes)

        if self.try_here(f"We set {field} of a person to {value}.", edit) and field != "primary":
            self.memory.typed_here(ContactRow, person, field, value)

    # --- invoices and payments ---

    @precondition(lambda self: self.customers)
    @rule(which=WHICH, draft=st.booleans(), price=st.sampled_from(("150", "0.335", "99.99")))
    @act
    def an_invoice_is_issued(self, which: int, draft: bool, price: str) -> None:
        customer, status = self.pick(self.customers, which), "draft" if draft else "approved"
        line = {"description": "Labour", "quantity": "3", "unit_price": price}

        def issue() -> None:
            self.world.stirred = True  # a document moves its customer, there too
            self.invoices.append(self.world.office.add_invoice(customer, status=status, lines=[line]))

        self.try_here(f"We write an invoice of 3 x {price} to {self.label(customer)} ({status}).", issue)

    @precondition(lambda self: self.invoices)
    @rule(which=WHICH, what=st.sampled_from(("reference", "price", "approve", "void")))
    @act
    def we_change_an_invoice(self, which: int, what: str) -> None:
        invoice, office, number = self.pick(self.invoices, which), self.world.office, self.world.number()
        label = office.ours(InvoiceRow, invoice).number
        if what == "void":
            self.try_here(f"We void {label}.", lambda: office.void(invoice))
        elif what == "approve":
            self.try_here(f"We approve {label}.", lambda: self._approve(invoice))
        elif what == "price":
            lines = [{"description": "Labour", "quantity": "1", "unit_price": f"{100 + number}"}]
            self.try_here(f"We change the price of {label}.", lambda: office.edit_invoice(invoice, lines=lines))
        elif self.try_here(
            f"We set the reference of {label} to PO {number}.",
            lambda: office.edit_invoice(invoice, reference=f"PO {number}"),
        ):
            self.memory.typed_here(InvoiceRow, invoice, "reference", f"PO {number}")

    @precondition(lambda self: self.invoices)
    @rule(which=WHICH, share=st.sampled_from(("1", "0.5")))
    @act
    def somebody_pays_us(self, which: int, share: str) -> None:
        invoice = self.pick(self.invoices, which)
        row = self.world.office.ours(InvoiceRow, invoice)
        amount = ((row.total - row.amount_paid) * Decimal(share)).quantize(Decimal("0.01"))

        def pay() -> None:
            self.payments.append(self.world.office.pay(invoice, str(amount)))

        self.try_here(f"We enter a payment of {amount} for {row.number}.", pay)

    @precondition(lambda self: self.payments)
    @rule(which=WHICH)
    @act
    def we_take_a_payment_back(self, which: int) -> None:
        payment = self.pick(self.payments, which)
        amount = self.world.office.ours(PaymentRow, payment).amount
        self.try_here(f"We take the payment of {amount} back.", lambda: self.world.office.take_back(payment))

    # --- words ---

    def label(self, customer: str) -> str:
        """Return what people call a customer of ours."""
        return f"'{self.world.office.ours(CustomerRow, customer).full_name}'"

    def value(self, field: str) -> str:
        """Return a new value for a field."""
        number = self.world.number()
        made = {"phone": f"+1 415 555 {number:04}", "email": f"o{number}@office.example"}
        return made.get(field, f"https://www{number}.example")

    def _approve(self, invoice: str) -> None:
        with self.world.office.platform.database.write() as session:
            invoices.approve_invoice(session, self.world.office.author(), invoice)

    def _add(self, body: dict[str, Any]) -> None:
        self.customers.append(self.world.office.add_customer(**body))
