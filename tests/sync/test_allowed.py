"""What a package would refuse is asked about before any call; the stand-ins refuse the same when they are asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.common.sandbox import ActionError
from service.core.ports import EntityKind
from service.core.problem import OptionId, from_json, options, sentence
from service.records import payments
from service.records.inputs import PaymentChanges
from tests.sync.fault_desk import INVOICE, PAYMENT, Desk, lock

OTHER_LINE = {"description": "Other work", "quantity": "1", "unit_price": "80"}
DATED = {"issue_date": "2026-10-15", "due_date": "2026-10-30"}
CLOSED = "the books there are closed up to and with 2026-10-31."


@dataclass(frozen=True)
class Case:
    """Something that a package refuses: how it comes about, what is said, and the refusal itself."""

    package: str
    cause: str
    prepare: Callable[[Desk], tuple[str, EntityKind]]  #: leaves a change of ours that is still to be sent
    says: str
    directly: Callable[[Desk, str], Any]  #: the same change, made at the package

    @property
    def id(self) -> str:
        """Return what the case is called."""
        return f"{self.package} {self.cause}".replace(" ", "_")


def invoice_paid_there(amount: str) -> Callable[[Desk], tuple[str, EntityKind]]:
    """An invoice whose lines are changed here while something of it is paid there."""

    def prepare(desk: Desk) -> tuple[str, EntityKind]:
        invoice = desk.invoice()
        desk.office.edit_invoice(invoice, lines=[OTHER_LINE])
        desk.bookkeeper.pay(desk.office.remote_id(invoice, INVOICE), amount)
        return invoice, INVOICE

    return prepare


def our_payment(desk: Desk, **fields: Any) -> str:
    invoice = desk.invoice(**fields)
    made = desk.office.pay(invoice, "10", **({"date": fields["issue_date"]} if fields else {}))
    desk.sync()
    return made


def payment_changed(desk: Desk) -> tuple[str, EntityKind]:
    made = our_payment(desk)
    with desk.office.platform.database.write() as session:
        changes = PaymentChanges.model_validate({"amount": "12"})
        payments.change_payment(session, desk.office.author(), made, changes)
    return made, PAYMENT


def taken_back_after(action: str, name: str) -> Callable[[Desk], tuple[str, EntityKind]]:
    """A payment of ours that is taken back here after the bookkeeper did something with it."""

    def prepare(desk: Desk) -> tuple[str, EntityKind]:
        made = our_payment(desk)
        desk.office.act(action, **{name: desk.office.remote_id(made, PAYMENT)})
        desk.office.take_back(made)
        return made, PAYMENT

    return prepare


def taken_back_in_a_closed_period(desk: Desk) -> tuple[str, EntityKind]:
    made = our_payment(desk, **DATED)
    lock(desk, "2026-10-31")
    desk.office.take_back(made)
    return made, PAYMENT


def voided_in_a_closed_period(desk: Desk) -> tuple[str, EntityKind]:
    invoice = desk.invoice(**DATED)
    lock(desk, "2026-10-31")
    desk.office.void(invoice)
    return invoice, INVOICE


def invoice_in_xero(desk: Desk, there: str) -> Any:
    line = {"Description": "Other work", "Quantity": 1, "UnitAmount": 80, "AccountCode": "200"}
    return desk.office.act("edit_invoice", invoice=there, fields={"LineItems": [line]})


def invoice_in_quickbooks(desk: Desk, there: str) -> Any:
    line = {"DetailType": "SalesItemLineDetail", "Amount": 80, "SalesItemLineDetail": {"ItemRef": {"value": "1"}}}
    return desk.office.act("edit", kind="Invoice", id=there, fields={"Line": [line]})


CASES = [
    Case("xero", "an invoice is paid in part", invoice_paid_there("10"),
         "Xero does not allow this change to '{name}' now: a payment or a credit stands against it there, so that only "
         "its number, its reference and its due date can change until that is taken back.", invoice_in_xero),
    Case("xero", "an invoice is paid", invoice_paid_there("300"),
         "Xero does not allow this change to '{name}' now: it is paid there, so that only its number, its reference "
         "and its due date can change.", invoice_in_xero),
    Case("xero", "a payment is changed", payment_changed,
         "Xero does not allow this change to '{name}' now: Xero lets nobody change a payment; take it back and record "
         "it anew.", lambda desk, there: desk.office.act("edit_payment", payment=there, fields={"Amount": "12"})),
    Case("xero", "a payment is reconciled", taken_back_after("reconcile_payment", "payment"),
         "Xero does not allow this change to '{name}' now: it is reconciled with a bank statement there.",
         lambda desk, there: desk.office.act("delete_payment", payment=there)),
    Case("xero", "a payment lies in a closed period", taken_back_in_a_closed_period,
         "Xero does not allow this change to '{name}' now: " + CLOSED,
         lambda desk, there: desk.office.act("delete_payment", payment=there)),
    Case("xero", "an invoice to be voided lies in a closed period", voided_in_a_closed_period,
         "Xero does not allow this change to '{name}' now: " + CLOSED,
         lambda desk, there: desk.office.act("void_invoice", invoice=there)),
    Case("quickbooks", "more is paid than an invoice's new total", invoice_paid_there("100"),
         "QuickBooks does not allow this change to '{name}' now: more than its new total is paid there already.",
         invoice_in_quickbooks),
    Case("quickbooks", "a payment was deposited", taken_back_after("deposit_payment", "id"),
         "QuickBooks does not allow this change to '{name}' now: it is on a bank deposit there and has to be taken off "
         "that first.", lambda desk, there: desk.office.act("delete_payment", id=there)),
    Case("quickbooks", "a payment lies in a closed period", taken_back_in_a_closed_period,
         "QuickBooks does not allow this change to '{name}' now: " + CLOSED,
         lambda desk, there: desk.office.act("void", kind="Payment", id=there)),
    Case("quickbooks", "an invoice to be voided lies in a closed period", voided_in_a_closed_period,
         "QuickBooks does not allow this change to '{name}' now: " + CLOSED,
         lambda desk, there: desk.office.act("void", kind="Invoice", id=there)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_a_package_refuses_is_asked_about_before_any_call(desks: Callable[[str], Desk], case: Case) -> None:
    desk = desks(case.package)
    record_id, kind = case.prepare(desk)
    written = desk.office.writes()
    desk.sync()
    link = desk.office.link(record_id, kind)
    assert link is not None
    assert link.remote_id is not None
    [found] = [row for row in desk.office.problems() if row.link_id == link.id]
    problem = from_json(found.document)
    assert (found.kind, sentence(problem)) == ("not_allowed_now", case.says.replace("{name}", problem.text("name")))
    assert [option.id.value for option in options(problem)] == ["keep_theirs", "retry", "unlink"]
    with pytest.raises(ActionError):
        case.directly(desk, link.remote_id)
    desk.office.answer(OptionId.RETRY, found)
    desk.sync()
    [again] = [row for row in desk.office.problems() if row.link_id == link.id]
    desk.office.answer(OptionId.KEEP_THEIRS, again)
    desk.sync()
    assert desk.office.dot(record_id, kind) == "green", desk.office.problem().document
    assert desk.office.writes() == written
    lock(desk, None)
