"""What the bookkeeper does on the package's own pages, while nobody here looks."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from service.core.ports import Family
from tests.machine.story import NAMES, WHICH, Story, act

CUSTOMER, INVOICE, PAYMENT = Family.CUSTOMER, Family.INVOICE, Family.PAYMENT


class There(Story):
    """The chapter that happens in the package's books."""

    @rule(name=st.sampled_from(NAMES), vendor=st.booleans())
    @act
    def a_name_comes_there(self, name: str, vendor: bool) -> None:
        clerk = self.world.clerk
        kind = "vendor" if vendor else "customer"
        add = clerk.add_vendor if vendor else clerk.add_customer
        self.try_there(f"The bookkeeper enters the {kind} '{name}'.", lambda: add(name))

    @precondition(lambda self: self.entities(CUSTOMER))
    @rule(which=WHICH, field=st.sampled_from(("phone", "email", "first_name", "name")), name=st.sampled_from(NAMES))
    @act
    def the_bookkeeper_edits_a_customer(self, which: int, field: str, name: str) -> None:
        self.edit_there(self.pick(self.entities(CUSTOMER), which), field, name)

    def edit_there(self, remote_id: str, field: str, name: str) -> None:
        """Let the bookkeeper type a value of the story's own."""
        number = self.world.number()
        typed, read = {
            "phone": (f"+1 415 666 {number:04}", f"+1415666{number:04}"),
            "email": (f"t{number}@books.example",) * 2,
            "first_name": (f"Theirs {number}",) * 2,
            "name": (name,) * 2,
        }[field]
        where = (CUSTOMER, remote_id)
        told = f"The bookkeeper sets the {field} of {self.called(where)} to {typed}."
        if self.try_there(told, lambda: self.world.clerk.edit(remote_id, **{field: typed})):
            self.memory.typed_there(where, field, read)

    @precondition(lambda self: self.entities(CUSTOMER))
    @rule(which=WHICH)
    @act
    def the_bookkeeper_archives_a_customer(self, which: int) -> None:
        remote_id = self.pick(self.entities(CUSTOMER), which)
        told = f"The bookkeeper archives {self.called((CUSTOMER, remote_id))}."
        self.try_there(told, lambda: self.world.clerk.archive(remote_id))

    @precondition(lambda self: self.entities(CUSTOMER))
    @rule(which=WHICH)
    @act
    def the_bookkeeper_restores_a_customer(self, which: int) -> None:
        remote_id = self.pick(self.entities(CUSTOMER), which)
        told = f"The bookkeeper makes {self.called((CUSTOMER, remote_id))} active again."
        self.try_there(told, lambda: self.world.clerk.restore(remote_id))

    @precondition(lambda self: len(self.entities(CUSTOMER)) > 1)
    @rule(which=WHICH, into=WHICH)
    @act
    def the_bookkeeper_merges_two_customers(self, which: int, into: int) -> None:
        among = self.entities(CUSTOMER)
        loser, winner = self.pick(among, which), self.pick(among, into)
        told = f"The bookkeeper merges {self.called((CUSTOMER, loser))} into {self.called((CUSTOMER, winner))}."
        if self.try_there(told, lambda: self.world.clerk.merge(loser, winner)):
            self.memory.forget_there((CUSTOMER, loser))

    @precondition(lambda self: self.entities(INVOICE))
    @rule(which=WHICH, what=st.sampled_from(("pay", "pay a part", "void", "reference", "delete")))
    @act
    def the_bookkeeper_works_on_an_invoice(self, which: int, what: str) -> None:
        invoice, clerk = self.pick(self.entities(INVOICE), which), self.world.clerk
        named = self.called((INVOICE, invoice))
        number = self.world.number()
        match what:
            case "pay" | "pay a part":
                amount = str(clerk.invoice(invoice)["due"]) if what == "pay" else "25"
                self.try_there(
                    f"The bookkeeper enters a payment of {amount} for {named}.", lambda: clerk.pay(invoice, amount)
                )
            case "void":
                self.try_there(f"The bookkeeper voids {named}.", lambda: clerk.void(invoice))
            case "delete":
                self.try_there(f"The bookkeeper deletes {named}.", lambda: self._delete(invoice))
            case _:
                self.try_there(
                    f"The bookkeeper sets the reference of {named} to B{number}.",
                    lambda: self._refer(invoice, f"B{number}"),
                )

    @precondition(lambda self: self.entities(PAYMENT))
    @rule(which=WHICH)
    @act
    def the_bookkeeper_deletes_a_payment(self, which: int) -> None:
        payment = self.pick(self.entities(PAYMENT), which)
        self.try_there(f"The bookkeeper deletes payment {payment[-6:]}.", lambda: self.world.clerk.take_back(payment))

    def _delete(self, invoice: str) -> Any:
        if self.provider == "xero":
            return self.world.office.act("delete_invoice", invoice=invoice)
        return self.world.office.act("delete", kind="Invoice", id=invoice)

    def _refer(self, invoice: str, reference: str) -> Any:
        if self.provider == "xero":
            return self.world.office.act("edit_invoice", invoice=invoice, fields={"Reference": reference})
        return self.world.office.act("edit", kind="Invoice", id=invoice, fields={"PrivateNote": reference})
