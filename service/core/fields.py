"""The fields that snapshots carry: the words a person reads, and who owns each unless a connection says otherwise."""

from __future__ import annotations

from collections.abc import Mapping

from service.core.ports import EntityKind
from service.core.reconcile import Flow
from service.core.snapshot import FieldName

#: Owners unless changed: names, numbers, hierarchy, terms, tax, recipients and invoices are ours; phones, addresses,
#: website and the people's details belong to both; balances and payment status are theirs.
OWNERS: Mapping[EntityKind, Mapping[FieldName, Flow]] = {
    EntityKind.CUSTOMER: {
        "name": Flow.OURS,
        "company_name": Flow.OURS,
        "number": Flow.OURS,
        "reference": Flow.OURS,
        "parent": Flow.OURS,
        "vat_number": Flow.OURS,
        "currency": Flow.OURS,
        "payment_terms": Flow.OURS,
        "tax_level": Flow.OURS,
        "first_name": Flow.BOTH,
        "last_name": Flow.BOTH,
        "email": Flow.BOTH,
        "phone": Flow.BOTH,
        "mobile": Flow.BOTH,
        "fax": Flow.BOTH,
        "website": Flow.BOTH,
        "billing_address": Flow.BOTH,
        "shipping_address": Flow.BOTH,
        "people": Flow.OURS,
    },
    EntityKind.INVOICE: {
        "number": Flow.OURS,
        "customer": Flow.OURS,
        "issue_date": Flow.OURS,
        "due_date": Flow.OURS,
        "currency": Flow.OURS,
        "reference": Flow.OURS,
        "status": Flow.OURS,
        "tax_inclusive": Flow.OURS,
        "lines": Flow.OURS,
        "to": Flow.OURS,
        "cc": Flow.OURS,
        "billing_address": Flow.OURS,
        "payment_terms": Flow.OURS,
        "tracking": Flow.OURS,
        "subtotal": Flow.THEIRS,
        "tax_total": Flow.THEIRS,
        "total": Flow.THEIRS,
        "amount_paid": Flow.THEIRS,
        "amount_due": Flow.THEIRS,
    },
    EntityKind.PAYMENT: {
        "invoice": Flow.OURS,
        "customer": Flow.OURS,
        "amount": Flow.OURS,
        "date": Flow.OURS,
        "method": Flow.OURS,
        "reference": Flow.OURS,
        "kind": Flow.OURS,
        "active": Flow.BOTH,
    },
    EntityKind.CREDIT: {
        "customer": Flow.OURS,
        "amount": Flow.OURS,
        "currency": Flow.OURS,
        "date": Flow.OURS,
        "reference": Flow.OURS,
        "active": Flow.BOTH,
    },
    EntityKind.ALLOCATION: {
        "credit": Flow.OURS,
        "invoice": Flow.OURS,
        "amount": Flow.OURS,
        "active": Flow.BOTH,
    },
    EntityKind.REFUND: {
        "customer": Flow.OURS,
        "credit": Flow.OURS,
        "amount": Flow.OURS,
        "currency": Flow.OURS,
        "date": Flow.OURS,
        "method": Flow.OURS,
        "reference": Flow.OURS,
        "active": Flow.BOTH,
    },
}

LABELS: Mapping[FieldName, str] = {
    "name": "Name",
    "company_name": "Company name",
    "first_name": "First name",
    "last_name": "Last name",
    "email": "Email",
    "phone": "Phone",
    "mobile": "Mobile",
    "fax": "Fax",
    "website": "Website",
    "billing_address": "Billing address",
    "shipping_address": "Shipping address",
    "vat_number": "VAT number",
    "ean_number": "EAN number",
    "number": "Number",
    "currency": "Currency",
    "payment_terms": "Payment terms",
    "tax_level": "Tax level",
    "parent": "Parent",
    "people": "People",
    "reference": "Reference",
    "customer": "Customer",
    "issue_date": "Invoice date",
    "due_date": "Due date",
    "status": "Status",
    "tax_inclusive": "Prices include tax",
    "lines": "Lines",
    "tracking": "Tracking",
    "to": "To",
    "cc": "Cc",
    "subtotal": "Subtotal",
    "tax_total": "Tax",
    "total": "Total",
    "amount_paid": "Paid",
    "amount_due": "Due",
    "invoice": "Invoice",
    "credit": "Credit",
    "amount": "Amount",
    "date": "Date",
    "method": "Method",
    "account": "Account",
    "kind": "Kind",
}


def owners(kind: EntityKind) -> Mapping[FieldName, Flow]:
    """Return the default owner of each field of a kind; a sub-contact is owned like a customer."""
    return OWNERS[EntityKind.CUSTOMER if kind is EntityKind.CONTACT else kind]


#: Fields whose owner nobody can change: ours, because what they have could not be taken over; or figures of theirs.
_FIXED: Mapping[EntityKind, frozenset[FieldName]] = {
    EntityKind.CUSTOMER: frozenset({"reference", "people", "company_name"}),
    EntityKind.INVOICE: frozenset(OWNERS[EntityKind.INVOICE]) - {"issue_date", "due_date", "reference", "to", "cc"},
}


def fixed_owner(kind: EntityKind, name: FieldName) -> Flow | None:
    """Return the owner of a field that can't have another one; None for a field whose owner can be chosen."""
    default = owners(kind).get(name, Flow.OURS)
    if kind not in {EntityKind.CUSTOMER, EntityKind.CONTACT, EntityKind.INVOICE}:
        return default  # a payment is one side's or the other's as a whole: its list says whose
    fixed = _FIXED[EntityKind.CUSTOMER if kind is EntityKind.CONTACT else kind]
    return default if name in fixed or name not in owners(kind) else None


def label_of(name: FieldName) -> str:
    """Return the word a person reads for a field: ``billing_address`` is "Billing address"."""
    return LABELS.get(name) or name.replace("_", " ").capitalize()
