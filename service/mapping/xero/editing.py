"""What Xero still lets anybody change, by how an entity stands there.

Xero facts: developer.xero.com, "Invoices" (status codes; "Updating invoices": of what is paid in part or in whole only
what refers can change), "Credit Notes", "Payments" (never edited; a reconciled one can't be deleted), "Contacts"
(archived ones can't be edited through the API).
"""

from __future__ import annotations

from collections.abc import Mapping

from service.core.editing import EditRule, Standing
from service.core.ports import EntityKind, Family, RemoteRecord
from service.mapping.xero.value import as_decimal, as_text

_NOTHING: frozenset[str] = frozenset()
_INVOICES = "developer.xero.com, Accounting API, Invoices: updating invoices, status codes"
_PAYMENTS = "developer.xero.com, Accounting API, Payments: deleting payments"
_OVERPAID = EditRule(
    standing=Standing.RECORDED, fields=_NOTHING, withdraws=False,
    reason="an overpayment is changed and taken back in Xero only",
    source="developer.xero.com, Accounting API, Overpayments: read and allocated",
)  # fmt: skip
_NOTES = "developer.xero.com, Accounting API, Credit Notes: updating, allocations"
_CONTACTS = "developer.xero.com, Accounting API, Contacts: archiving contacts"

_PAID_FIELDS = frozenset({"reference", "due_date", "number"})
_WHOSE = frozenset({"customer", "currency"})
_STAYS = "a credit keeps its customer and its currency; take it back and record another one"
_USED_FIELDS = frozenset({"reference"})
_USED = "some of it settles an invoice or was paid out there, so that only its reference can change"

RULES: Mapping[EntityKind, tuple[EditRule, ...]] = {
    EntityKind.CUSTOMER: (
        EditRule(standing=Standing.ACTIVE, source=_CONTACTS),
        EditRule(standing=Standing.ARCHIVED, fields=_NOTHING, withdraws=False,
                 reason="it is archived there, where only a person can make it active again", source=_CONTACTS),
    ),
    EntityKind.INVOICE: (
        EditRule(standing=Standing.DRAFT, source=_INVOICES),
        EditRule(standing=Standing.OPEN, source=_INVOICES),
        EditRule(standing=Standing.PART_PAID, fields=_PAID_FIELDS, withdraws=False,
                 reason="a payment or a credit stands against it there, so that only its number, its reference and its "
                 "due date can change until that is taken back", source=_INVOICES),
        EditRule(standing=Standing.PAID, fields=_PAID_FIELDS, withdraws=False,
                 reason="it is paid there, so that only its number, its reference and its due date can change",
                 source=_INVOICES),
        EditRule(standing=Standing.VOIDED, fields=_NOTHING, withdraws=False,
                 reason="it is voided there, which can't be undone", source=_INVOICES),
    ),
    EntityKind.PAYMENT: (
        EditRule(standing=Standing.RECORDED, fields=_NOTHING,
                 reason="Xero lets nobody change a payment; take it back and record it anew", source=_PAYMENTS),
        EditRule(standing=Standing.RECONCILED, fields=_NOTHING, withdraws=False,
                 reason="it is reconciled with a bank statement there", source=_PAYMENTS),
        EditRule(standing=Standing.VOIDED, fields=_NOTHING, withdraws=False,
                 reason="it is deleted there, which can't be undone", source=_PAYMENTS),
    ),
    EntityKind.CREDIT: (
        EditRule(standing=Standing.DRAFT, fixed=_WHOSE, reason=_STAYS, source=_NOTES),
        EditRule(standing=Standing.OPEN, fixed=_WHOSE, reason=_STAYS, source=_NOTES),
        EditRule(standing=Standing.PART_PAID, fields=_USED_FIELDS, withdraws=False, reason=_USED, source=_NOTES),
        EditRule(standing=Standing.PAID, fields=_USED_FIELDS, withdraws=False, reason=_USED, source=_NOTES),
        EditRule(standing=Standing.VOIDED, fields=_NOTHING, withdraws=False,
                 reason="it is voided there, which can't be undone", source=_NOTES),
    ),
    EntityKind.ALLOCATION: (
        EditRule(standing=Standing.RECORDED, fields=_NOTHING,
                 reason="Xero lets nobody change what a credit note settles; take it back first", source=_NOTES),
        EditRule(standing=Standing.VOIDED, fields=_NOTHING, withdraws=False,
                 reason="it was taken back there", source=_NOTES),
    ),
}  # fmt: skip


def rule_of(kind: EntityKind, remote: RemoteRecord) -> EditRule:
    """Return the row that fits how an entity stands there."""
    if remote.family is Family.OVERPAYMENT and remote.active:
        return _OVERPAID
    listed = {EntityKind.CONTACT: EntityKind.CUSTOMER, EntityKind.REFUND: EntityKind.PAYMENT}.get(kind, kind)
    standing = _standing(listed, remote)
    return next(rule for rule in RULES[listed] if rule.standing is standing)


def _standing(kind: EntityKind, remote: RemoteRecord) -> Standing:  # noqa: PLR0911 - one case per status
    if kind is EntityKind.CUSTOMER:
        return Standing.ACTIVE if remote.active else Standing.ARCHIVED
    if not remote.active:
        return Standing.VOIDED
    payload = remote.payload
    if kind is EntityKind.PAYMENT:
        return Standing.RECONCILED if payload.get("IsReconciled") is True else Standing.RECORDED
    if kind is EntityKind.ALLOCATION:
        return Standing.RECORDED
    status = (as_text(payload.get("Status")) or "").upper()
    if status in {"DRAFT", "SUBMITTED"}:
        return Standing.DRAFT
    if status == "PAID":
        return Standing.PAID
    if kind is EntityKind.CREDIT:
        left, total = as_decimal(payload.get("RemainingCredit")), as_decimal(payload.get("Total"))
        return Standing.OPEN if left is None or left == total else Standing.PART_PAID
    used = any(as_decimal(payload.get(member)) for member in ("AmountPaid", "AmountCredited"))
    return Standing.PART_PAID if used else Standing.OPEN
