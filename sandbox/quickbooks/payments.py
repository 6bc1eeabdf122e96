"""Writing payments: what they apply to invoices and take from credit memos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sandbox.quickbooks import faults, ledger
from sandbox.quickbooks.clean import cleaned, merged
from sandbox.quickbooks.company import Body, Company, Row, applications, ref_id
from sandbox.quickbooks.documents import check_open, customer_of, deposited
from sandbox.quickbooks.references import check_references, claimed
from sandbox.quickbooks.tax import cents

KEPT = frozenset({"CurrencyRef", "ExchangeRate"})
PAYABLE = ("Invoice", "CreditMemo")


def write(company: Company, request: Mapping[str, Any], *, editor: str) -> Row:
    """Create (no Id) or update a payment. Its lines are all or nothing: sent, they replace the former ones.

    :raises Fault: with the code of the rule that the request breaks; nothing is stored then.
    """
    new = cleaned("Payment", request)
    new.pop("LinkedTxn", None)
    before = claimed(company, "Payment", request)
    if before is not None:
        _check_changeable(company, before)
    old = before.body if before else {}
    sparse = request.get("sparse") is True
    body = (
        merged(old, new, entity="Payment", sparse=sparse, kept=KEPT)
        if before
        else {key: value for key, value in new.items() if value is not None}
    )
    body.setdefault("TxnDate", company.today())
    check_open(company, body["TxnDate"])
    check_references(company, "Payment", new)
    customer = customer_of(company, body, old)
    if "TotalAmt" not in body:
        raise faults.business("You must set a transaction amount.", "TotalAmt")
    body["TotalAmt"] = cents(body["TotalAmt"])
    if body["TotalAmt"] < 0:
        raise faults.Fault("2140", "Invalid Amount", f"Supplied value:{body['TotalAmt']}", "TotalAmt")
    wanted = ref_id(body, "CurrencyRef") or ref_id(customer.body, "CurrencyRef")
    if wanted != ref_id(customer.body, "CurrencyRef"):
        raise faults.business(
            "The currency of the transaction is invalid for customer / vendor / account.", "CurrencyRef"
        )
    body["CurrencyRef"] = {"value": wanted}
    body.setdefault("DepositToAccountRef", {"value": "4"}) if company.find("Account", "4") else None
    body["Line"] = _lines(company, body.get("Line", ()), customer, before)
    _check_sum(body)
    touched = _touched(before)
    row = (
        company.insert("Payment", body, editor=editor) if before is None else company.save(before, body, editor=editor)
    )
    _move_dependents(company, touched | _touched(row), customer)
    return row


def _check_changeable(company: Company, row: Row) -> None:
    check_open(company, row.body["TxnDate"])
    if row.body.get("Deposited"):
        raise deposited()


def _lines(
    company: Company, lines: Sequence[Mapping[str, Any]], customer: Row, before: Row | None
) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = []
    seen = set()
    mine = dict(applications(before)) if before is not None else {}
    for line in lines:
        if "Amount" not in line:
            raise faults.missing("Line.Amount")
        linked = line.get("LinkedTxn") or []
        if len(linked) != 1:
            raise faults.missing("Line.LinkedTxn")
        kind, row_id = linked[0].get("TxnType", ""), linked[0].get("TxnId", "")
        if kind not in PAYABLE:
            raise faults.invalid_enumeration("Line.LinkedTxn.TxnType", kind)
        document = company.find(kind, row_id)
        if document is None:
            raise faults.not_found()
        _check_payer(company, document, customer)
        amount = cents(line["Amount"])
        left = ledger.open_amount(company, document) + mine.get((kind, row_id), ledger.ZERO)
        if not ledger.ZERO <= amount <= left:
            raise faults.business(f"The amount applied to {kind} {row_id} is more than its open balance.", "Line")
        seen.add((kind, row_id))
        result.append({"Amount": amount, "LinkedTxn": [{"TxnId": row_id, "TxnType": kind}]})
    if len(seen) < len(result):
        raise faults.business("A transaction can be linked only once.", "Line")
    return result


def _check_payer(company: Company, document: Row, customer: Row) -> None:
    """A customer pays its own documents, and those of sub-customers that are billed with it."""
    owner = company.find("Customer", ref_id(document.body, "CustomerRef"))
    while owner is not None and owner.id != customer.id:
        if not owner.body.get("BillWithParent"):
            raise faults.business(f"{document.kind} {document.id} belongs to another customer.", "Line.LinkedTxn")
        owner = company.find("Customer", ref_id(owner.body, "ParentRef"))
    if owner is None:
        raise faults.business(f"{document.kind} {document.id} belongs to another customer.", "Line.LinkedTxn")


def _check_sum(body: Body) -> None:
    used = Decimal(0)
    for line in body["Line"]:
        used += line["Amount"] if line["LinkedTxn"][0]["TxnType"] == "Invoice" else -line["Amount"]
    if not ledger.ZERO <= used <= body["TotalAmt"]:
        raise faults.business("The amounts of the lines are more than the amount of the payment.", "TotalAmt")


def _touched(row: Row | None) -> set[tuple[str, str]]:
    return {key for key, _ in applications(row)} if row is not None else set()


def _move_dependents(company: Company, keys: set[tuple[str, str]], customer: Row) -> None:
    """Show the change on what it touches: the documents get a new version, their customers a new time."""
    company.touch(customer)
    for kind, row_id in sorted(keys):
        document = company.find(kind, row_id)
        if document is None:
            continue
        company.touch(document, bump=True)
        company.tell(document, "Update")
        owner = company.find("Customer", ref_id(document.body, "CustomerRef"))
        if owner is not None:
            company.touch(owner)


def void(company: Company, request: Mapping[str, Any], *, editor: str) -> Row:
    """Void a payment: it stays with no amount and pays nothing."""
    row = _claimed(company, request)
    touched = _touched(row)
    note = row.body.get("PrivateNote")
    body = {
        **row.body,
        "Line": [],
        "TotalAmt": ledger.ZERO,
        "PrivateNote": f"Voided - {note}" if note else "Voided",
    }
    company.save(row, body, editor=editor, operation="Void")
    _move_dependents(company, touched, company.require("Customer", ref_id(row.body, "CustomerRef")))
    return row


def delete(company: Company, request: Mapping[str, Any]) -> Row:
    """Delete a payment for good; what it paid is open again."""
    row = _claimed(company, request)
    touched = _touched(row)
    company.remove(row)
    _move_dependents(company, touched, company.require("Customer", ref_id(row.body, "CustomerRef")))
    return row


def _claimed(company: Company, request: Mapping[str, Any]) -> Row:
    if request.get("Id") in (None, ""):
        raise faults.missing("Id")
    row = claimed(company, "Payment", request)
    assert row is not None  # noqa: S101 - an Id was given, so claimed() found the row or raised
    _check_changeable(company, row)
    return row
