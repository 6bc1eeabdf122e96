"""What QuickBooks still lets anybody change, by how an entity stands there.

QuickBooks facts: developer.intuit.com, Customer and Invoice (CurrencyRef can't be changed), Payment (what is on a bank
deposit can't be changed, fault 6540; a Deposit among its LinkedTxn tells so), Invoice (a total below what payments were
applied to it is refused).
"""

from __future__ import annotations

from collections.abc import Mapping

from service.core.editing import EditRule, Standing
from service.core.ports import EntityKind, RemoteRecord
from service.mapping.quickbooks.body import number, parts, text

_NOTHING: frozenset[str] = frozenset()
_CURRENCY = frozenset({"currency"})
_CUSTOMERS = "developer.intuit.com, Customer: CurrencyRef, Active"
_INVOICES = "developer.intuit.com, Invoice: CurrencyRef, void, linked transactions"
_PAYMENTS = "developer.intuit.com, Payment: void; error code 6540"

_MEMOS = "developer.intuit.com, CreditMemo: delete; by our own caution what it settles is taken back first"
_RECEIPTS = "developer.intuit.com, RefundReceipt: delete"

_WHOSE = _CURRENCY | {"customer"}
_STAYS = "it keeps its customer and its currency; take it back and record another one"
_USED_FIELDS = _WHOSE | {"amount"}
_USED = "some of it settles an invoice there, which has to be taken back first"
_FIXED_CURRENCY = "QuickBooks keeps the currency that it was created in"
_PAID_MORE = "more than its new total is paid there already"
_DEPOSITED = "it is on a bank deposit there and has to be taken off that first"

RULES: Mapping[EntityKind, tuple[EditRule, ...]] = {
    EntityKind.CUSTOMER: (
        EditRule(standing=Standing.ACTIVE, fixed=_CURRENCY, reason=_FIXED_CURRENCY, source=_CUSTOMERS),
        EditRule(standing=Standing.ARCHIVED, fixed=_CURRENCY, reason=_FIXED_CURRENCY, source=_CUSTOMERS),
    ),
    EntityKind.INVOICE: (
        EditRule(standing=Standing.OPEN, fixed=_CURRENCY, reason=_FIXED_CURRENCY, source=_INVOICES),
        EditRule(standing=Standing.PART_PAID, fixed=_CURRENCY, reason=_FIXED_CURRENCY,
                 floor=_PAID_MORE, source=_INVOICES),
        EditRule(standing=Standing.PAID, fixed=_CURRENCY, reason=_FIXED_CURRENCY,
                 floor=_PAID_MORE, source=_INVOICES),
        EditRule(standing=Standing.VOIDED, fields=_NOTHING, withdraws=False,
                 reason="it is voided there, which can't be undone", source=_INVOICES),
    ),
    EntityKind.PAYMENT: (
        EditRule(standing=Standing.RECORDED, fixed=_CURRENCY, reason=_FIXED_CURRENCY, source=_PAYMENTS),
        EditRule(standing=Standing.DEPOSITED, fields=_NOTHING, withdraws=False, reason=_DEPOSITED, source=_PAYMENTS),
        EditRule(standing=Standing.VOIDED, fields=_NOTHING, withdraws=False,
                 reason="it is voided there, which can't be undone", source=_PAYMENTS),
    ),
    EntityKind.CREDIT: (
        EditRule(standing=Standing.OPEN, fixed=_WHOSE, reason=_STAYS, source=_MEMOS),
        EditRule(standing=Standing.PART_PAID, fixed=_USED_FIELDS, withdraws=False, reason=_USED, source=_MEMOS),
        EditRule(standing=Standing.PAID, fixed=_USED_FIELDS, withdraws=False, reason=_USED, source=_MEMOS),
        EditRule(standing=Standing.VOIDED, fields=_NOTHING, withdraws=False,
                 reason="it is voided there, which can't be undone", source=_MEMOS),
    ),
    EntityKind.REFUND: (
        EditRule(standing=Standing.OPEN, fixed=_WHOSE, reason=_STAYS, source=_RECEIPTS),
        EditRule(standing=Standing.VOIDED, fields=_NOTHING, withdraws=False,
                 reason="it is voided there, which can't be undone", source=_RECEIPTS),
    ),
}  # fmt: skip


def rule_of(kind: EntityKind, remote: RemoteRecord) -> EditRule:
    """Return the row that fits how an entity stands there."""
    standing = _standing(kind, remote)
    return next(rule for rule in RULES[kind] if rule.standing is standing)


def _standing(kind: EntityKind, remote: RemoteRecord) -> Standing:
    payload = remote.payload
    if kind is EntityKind.CUSTOMER:
        return Standing.ACTIVE if remote.active else Standing.ARCHIVED
    nothing = not number(payload, "TotalAmt") and not number(payload, "Balance")
    if not remote.active or (nothing and (text(payload, "PrivateNote") or "").startswith("Voided")):
        return Standing.VOIDED  # a memo may begin with that word for other reasons
    if kind is EntityKind.PAYMENT:
        deposited = any(text(one, "TxnType") == "Deposit" for one in parts(payload, "LinkedTxn"))
        return Standing.DEPOSITED if deposited else Standing.RECORDED
    if kind is EntityKind.REFUND:
        return Standing.OPEN
    balance, total = number(payload, "Balance"), number(payload, "TotalAmt")
    if balance is None or total is None or balance == total:
        return Standing.OPEN
    return Standing.PART_PAID if balance else Standing.PAID
