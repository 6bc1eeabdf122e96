"""Writing invoices, credit memos and refund receipts: create, update, void, delete, send."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sandbox.quickbooks import addresses, faults, ledger, sales
from sandbox.quickbooks.clean import cleaned, merged
from sandbox.quickbooks.company import Body, Company, Row, ref_id
from sandbox.quickbooks.references import check_references, claimed

#: What a full update does not take away.
KEPT = frozenset({"CurrencyRef", "ExchangeRate"})
FIRST_NUMBER = 1001


def write(
    company: Company, kind: str, request: Mapping[str, Any], *, editor: str, allow_duplicate: bool = False
) -> Row:
    """Create (no Id) or update a sales form.

    :raises Fault: with the code of the rule that the request breaks; nothing is stored then.
    """
    new = cleaned(kind, request)
    for computed in ("TotalAmt", "Balance"):
        new.pop(computed, None)
    before = claimed(company, kind, request)
    if before is not None:
        check_open(company, before.body["TxnDate"])
    sparse = request.get("sparse") is True
    if before is None or not sparse or "Line" in new:
        new["Line"] = sales.checked_lines(new.get("Line") or ())
    old = before.body if before else {}
    body = merged(old, new, entity=kind, sparse=sparse, kept=KEPT) if before else _present(new)
    body.setdefault("TxnDate", company.today())
    check_open(company, body["TxnDate"])
    check_references(company, kind, new)
    customer = customer_of(company, body, old)
    _currency(company, body, customer)
    if kind == "RefundReceipt" and not ref_id(body, "DepositToAccountRef"):
        raise faults.missing("DepositToAccountRef")
    _number(company, kind, body, before, allow_duplicate=allow_duplicate)
    _recipients(body)
    body = _addressed(company, body, new, old, customer)
    if kind == "Invoice":
        _due(company, body)
    if "TxnTaxDetail" not in new and "TxnTaxDetail" in body:
        body["TxnTaxDetail"] = {key: value for key, value in body["TxnTaxDetail"].items() if key == "TxnTaxCodeRef"}
    body["Line"] = sales.numbered([line for line in body["Line"] if _counts(line)], old.get("Line", ()))
    body = sales.priced(company, body, customer)
    if kind == "Invoice":
        body |= company.misstored
        company.misstored.clear()
    if before is not None and kind == "Invoice" and body["TotalAmt"] < ledger.applied(company, before):
        raise faults.business("The total is less than what payments have been applied to this invoice.", "TotalAmt")
    return _stored(company, kind, body, before, customer, editor=editor)


def _present(new: Mapping[str, Any]) -> Body:
    return {key: value for key, value in new.items() if value is not None}


def _counts(line: Mapping[str, Any]) -> bool:
    return bool(line["DetailType"] != "SubTotalLineDetail")


def _stored(company: Company, kind: str, body: Body, before: Row | None, customer: Row, *, editor: str) -> Row:
    if before is None:
        row = company.insert(kind, body, editor=editor)
    else:
        old_customer = company.find("Customer", ref_id(before.body, "CustomerRef"))
        row = company.save(before, body, editor=editor)
        if old_customer is not None:
            company.touch(old_customer)
    company.touch(customer)
    return row


def check_open(company: Company, day: str) -> None:
    """Check that the books are open on a day.

    :raises Fault: 6210 when they are closed up to it.
    """
    closed = company.settings.books_closed
    if closed is not None and date.fromisoformat(day) <= closed:
        raise faults.period_closed()


def customer_of(company: Company, body: Mapping[str, Any], old: Mapping[str, Any]) -> Row:
    """Return the customer of a document.

    :raises Fault: 2020 without one, 2500 when it does not exist, 610 when it is newly named and inactive.
    """
    customer_id = ref_id(body, "CustomerRef")
    if not customer_id:
        raise faults.missing("CustomerRef")
    customer = company.find("Customer", customer_id)
    if customer is None:
        raise faults.bad_reference(f"Names element id {customer_id} not found", "CustomerRef")
    if not customer.active and ref_id(old, "CustomerRef") != customer_id:
        raise faults.not_found(faults.INACTIVE_REFERENCE)
    return customer


def _currency(company: Company, body: Body, customer: Row) -> None:
    own = ref_id(customer.body, "CurrencyRef")
    wanted = ref_id(body, "CurrencyRef") or own
    if wanted != company.settings.currency and not company.settings.multicurrency:
        raise faults.business("Multicurrency should be enabled to perform this operation.", "CurrencyRef")
    if wanted != own:
        raise faults.business(
            "The currency of the transaction is invalid for customer / vendor / account.", "CurrencyRef"
        )
    body["CurrencyRef"] = {"value": wanted}
    if company.settings.multicurrency:
        body.setdefault("ExchangeRate", Decimal(1))
    else:
        body.pop("ExchangeRate", None)


def _number(company: Company, kind: str, body: Body, before: Row | None, *, allow_duplicate: bool) -> None:
    settings = company.settings
    wanted = body.get("DocNumber")
    if wanted == "AUTO_GENERATE" or (wanted is None and not settings.custom_numbers):
        former = before.body.get("DocNumber") if before else None
        body["DocNumber"] = former or _next_number(company, kind)
        return
    if wanted is None or (before is not None and before.body.get("DocNumber") == wanted):
        return
    taken = company.with_number(kind, wanted) - ({before.id} if before else set())
    if taken and settings.custom_numbers and settings.warn_duplicate_numbers and not allow_duplicate:
        raise faults.duplicate_number()


def _next_number(company: Company, kind: str) -> str:
    used = (str(row.body.get("DocNumber", "")) for row in company.rows(kind))
    return str(max((int(number) for number in used if number.isdigit()), default=FIRST_NUMBER - 1) + 1)


def _recipients(body: Body) -> None:
    body.setdefault("EmailStatus", "NotSet")
    if body["EmailStatus"] == "NeedToSend" and not (body.get("BillEmail") or {}).get("Address"):
        detail = "An email address is required for this customer since the delivery type is email."
        raise faults.Fault("6420", "Email address is required", detail, "BillEmail")


def _addressed(company: Company, body: Body, new: Mapping[str, Any], old: Mapping[str, Any], customer: Row) -> Body:
    """Fill addresses from the customer on create; let changed ones flow into free lines on update."""
    body = dict(body)
    for name in addresses.ADDRESS_FIELDS:
        if not old and name not in body and name in customer.body:
            body[name] = {key: value for key, value in customer.body[name].items() if key != "Id"}
    body = addresses.stored(company, body, old)
    if old:
        company_name = customer.body.get("CompanyName")
        for name in addresses.ADDRESS_FIELDS:
            if new.get(name) and body[name] != old.get(name):
                lines = addresses.reflowed(body[name], customer_name=customer.name, company_name=company_name)
                body[name] = {"Id": body[name]["Id"], **lines}
    return body


def _due(company: Company, body: Body) -> None:
    if "DueDate" in body:
        return
    term = company.find("Term", ref_id(body, "SalesTermRef"))
    days = int(term.body.get("DueDays", 0)) if term else 0
    body["DueDate"] = (date.fromisoformat(body["TxnDate"]) + timedelta(days=days)).isoformat()


def void(company: Company, kind: str, request: Mapping[str, Any], *, editor: str) -> Row:
    """Void an invoice: it stays with zero amounts, and what paid it becomes unapplied.

    :raises Fault: 500 for other forms, and the faults of any update.
    """
    if kind != "Invoice":
        raise faults.unsupported_operation(f"void {kind}")
    row = _addressed_row(company, kind, request)
    release(company, row, editor=editor)
    zero = {"Amount": ledger.ZERO}
    lines = []
    for former in row.body["Line"]:
        line = {**former, **zero}
        if sales.ITEM_DETAIL in line:
            line[sales.ITEM_DETAIL] = {**line[sales.ITEM_DETAIL], "Qty": ledger.ZERO}
        lines.append(line)
    note = row.body.get("PrivateNote")
    body = {
        **row.body,
        "Line": lines,
        "TotalAmt": ledger.ZERO,
        "TxnTaxDetail": {"TotalTax": ledger.ZERO},
        "PrivateNote": f"Voided - {note}" if note else "Voided",
    }
    body.pop("Deposit", None)
    return _closed(company, company.save(row, body, editor=editor, operation="Void"))


def delete(company: Company, kind: str, request: Mapping[str, Any], *, editor: str) -> Row:
    """Delete a document for good; what paid it becomes unapplied."""
    row = _addressed_row(company, kind, request)
    release(company, row, editor=editor)
    company.remove(row)
    return _closed(company, row)


def _addressed_row(company: Company, kind: str, request: Mapping[str, Any]) -> Row:
    if request.get("Id") in (None, ""):
        raise faults.missing("Id")
    row = claimed(company, kind, request)
    assert row is not None  # noqa: S101 - an Id was given, so claimed() found the row or raised
    check_open(company, row.body["TxnDate"])
    return row


def _closed(company: Company, row: Row) -> Row:
    customer = company.find("Customer", ref_id(row.body, "CustomerRef"))
    if customer is not None:
        company.touch(customer)
    return row


def release(company: Company, row: Row, *, editor: str) -> None:
    """Take a document off every payment that names it.

    :raises Fault: 6540 when one of them has been deposited.
    """
    payments = [company.require("Payment", payment) for payment in company.applied_to(row.kind, row.id)]
    if any(payment.body.get("Deposited") for payment in payments):
        raise deposited()
    for payment in payments:
        left = [
            line
            for line in payment.body.get("Line", ())
            if not any((one["TxnType"], one["TxnId"]) == (row.kind, row.id) for one in line["LinkedTxn"])
        ]
        company.save(payment, {**payment.body, "Line": left}, editor=editor)


def deposited() -> faults.Fault:
    """Return 6540: money that a bank deposit already contains cannot be changed."""
    detail = (
        "This transaction has been deposited. If you want to change or delete it, you must edit the deposit it "
        "appears on and remove it first."
    )
    return faults.Fault("6540", "Deposited Transaction cannot be changed", detail)


def send(company: Company, kind: str, row_id: str, address: str | None, *, editor: str) -> Row:
    """Mail a document: EmailSent, delivery time, and BillEmail when an address is given.

    :raises Fault: 610 without such a document, 2210 for a bad address, 6420 when there is none.
    """
    row = company.require(kind, row_id)
    body = dict(row.body)
    if address is not None:
        if "@" not in address or "." not in address or " " in address:
            raise faults.invalid_email("sendTo", address)
        body["BillEmail"] = {"Address": address}
    if not (body.get("BillEmail") or {}).get("Address"):
        detail = "An email address is required to send this document."
        raise faults.Fault("6420", "Email address is required", detail, "BillEmail")
    body["EmailStatus"] = "EmailSent"
    body["DeliveryInfo"] = {"DeliveryType": "Email", "DeliveryTime": company.stamp(company.now())}
    company.mails.append({"Id": row.id, "DocNumber": body.get("DocNumber"), **_mailed_to(body)})
    return company.save(row, body, editor=editor, operation="Emailed")


def _mailed_to(body: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return who gets the mail; an address that is none is left out without a word."""
    found = {}
    for name, member in (("To", "BillEmail"), ("Cc", "BillEmailCc"), ("Bcc", "BillEmailBcc")):
        listed = ((body.get(member) or {}).get("Address") or "").split(",")
        found[name] = [one.strip() for one in listed if "@" in one and "." in one and " " not in one.strip()]
    return found
