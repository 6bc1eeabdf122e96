"""What stays true in a company file whatever is done to it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from sandbox.common.sandbox import ActionError
from sandbox.quickbooks import EMPTY_REALM, SandboxOptions, create_sandbox
from sandbox.quickbooks.faults import Fault
from sandbox.quickbooks.fields import NAME_LISTS
from sandbox.quickbooks.operations import Write, run
from sandbox.quickbooks.render import rendered

NAMES = st.sampled_from(["Ann", "ann", "Bob", "Bob (deleted)", "Cid", "Dee", "Eve"])
CENTS = st.integers(1, 9999).map(lambda cents: Decimal(cents) / 100)


class Books(RuleBasedStateMachine):
    """Random work on an empty company; whatever breaks a rule is refused and changes nothing."""

    customers = Bundle("customers")
    invoices = Bundle("invoices")
    payments = Bundle("payments")

    def __init__(self) -> None:
        super().__init__()
        self.sandbox = create_sandbox(SandboxOptions.unlimited(books=("empty", "empty")))
        self.company = self.sandbox.companies[EMPTY_REALM]

    def _books(self) -> dict[str, list[dict[str, Any]]]:
        kinds = ("Customer", "Invoice", "Payment")
        return {kind: [rendered(self.company, row) for row in self.company.rows(kind)] for kind in kinds}

    def _try(self, kind: str, operation: str, body: dict[str, Any]) -> str | None:
        before = self._books()
        try:
            return str(run(self.company, Write(kind=kind, operation=operation, body=body), editor="x")["Id"])
        except Fault:
            assert self._books() == before
            return None

    def _current(self, kind: str, row_id: str) -> dict[str, Any]:
        row = self.company.find(kind, row_id)
        return {"Id": row_id, "SyncToken": str(row.token) if row else "0", "sparse": True}

    @rule(target=customers, name=NAMES)
    def a_customer(self, name: str) -> Any:
        made = self._try("Customer", "create", {"DisplayName": name})
        return multiple(*([made] if made else []))

    @rule(target=customers, name=NAMES, parent=customers, billed=st.booleans())
    def a_job(self, name: str, parent: str, billed: bool) -> Any:
        body = {"DisplayName": name, "Job": True, "ParentRef": {"value": parent}, "BillWithParent": billed}
        made = self._try("Customer", "create", body)
        return multiple(*([made] if made else []))

    @rule(customer=customers, name=NAMES, active=st.booleans())
    def an_edit(self, customer: str, name: str, active: bool) -> None:
        self._try("Customer", "update", self._current("Customer", customer) | {"DisplayName": name, "Active": active})

    @rule(customer=customers, parent=customers)
    def a_move(self, customer: str, parent: str) -> None:
        moved = {"Job": True, "ParentRef": {"value": parent}}
        self._try("Customer", "update", self._current("Customer", customer) | moved)

    @rule(winner=customers, loser=customers)
    def a_merge(self, winner: str, loser: str) -> None:
        before = self._books()
        try:
            self.sandbox.act("merge", {"realm": EMPTY_REALM, "winner": winner, "loser": loser})
        except ActionError:
            assert self._books() == before

    @rule(target=invoices, customer=customers, amount=CENTS)
    def an_invoice(self, customer: str, amount: Decimal) -> Any:
        line = {
            "DetailType": "SalesItemLineDetail",
            "Amount": amount,
            "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
        }
        made = self._try("Invoice", "create", {"CustomerRef": {"value": customer}, "Line": [line]})
        return multiple(*([made] if made else []))

    @rule(target=payments, customer=customers, invoice=invoices, amount=CENTS, share=CENTS)
    def a_payment(self, customer: str, invoice: str, amount: Decimal, share: Decimal) -> Any:
        lines = [{"Amount": min(amount, share), "LinkedTxn": [{"TxnId": invoice, "TxnType": "Invoice"}]}]
        made = self._try("Payment", "create", {"CustomerRef": {"value": customer}, "TotalAmt": amount, "Line": lines})
        return multiple(*([made] if made else []))

    @rule(invoice=invoices)
    def a_void(self, invoice: str) -> None:
        self._try("Invoice", "void", self._current("Invoice", invoice))

    @rule(payment=consumes(payments))
    def a_deletion(self, payment: str) -> None:
        self._try("Payment", "delete", self._current("Payment", payment))

    @invariant()
    def names_are_unique(self) -> None:
        names = [row.name.casefold() for kind in NAME_LISTS for row in self.company.rows(kind)]
        assert len(names) == len(set(names))

    @invariant()
    def the_tree_is_a_tree_of_five_levels(self) -> None:
        rows = self._books()["Customer"]
        assert all(row.get("Level", 0) <= 4 for row in rows)
        assert all(row["Job"] == ("ParentRef" in row) for row in rows)

    @invariant()
    def money_adds_up(self) -> None:
        books = self._books()
        open_amounts = [row["Balance"] for row in books["Invoice"]]
        unused = [row["UnappliedAmt"] for row in books["Payment"]]
        assert all(amount >= 0 for amount in open_amounts + unused)
        customers = sum(row["Balance"] for row in books["Customer"])
        assert customers == sum(open_amounts) - sum(unused)

    @invariant()
    def a_copy_with_indexes_of_its_own_tells_the_same(self) -> None:
        twin = self.company.copy()
        for row in self.company.rows("Customer"):
            assert [one.id for one in twin.holders_of(row.name)] == [
                one.id for one in self.company.holders_of(row.name)
            ]
            assert {one.id for one in twin.children_of(row.id)} == {one.id for one in self.company.children_of(row.id)}
            assert {one.id for one in twin.documents_of(row.id)} == {
                one.id for one in self.company.documents_of(row.id)
            }


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=30, stateful_step_count=25)
