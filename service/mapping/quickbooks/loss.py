"""What QuickBooks can't hold of our records, by field: every loss that a mapper here declares is of one of these."""

from __future__ import annotations

from collections.abc import Mapping

from service.core.ports import EntityKind
from service.core.snapshot import FieldName
from service.mapping.quickbooks import customer, invoice, lines, payment, single_line

_PERSON = "100 characters, without colons."

#: What is never carried at all; of the rest a part may get lost.
NEVER: Mapping[EntityKind, frozenset[FieldName]] = {
    EntityKind.CUSTOMER: frozenset({"number", "people", "ean_number"}),
    EntityKind.INVOICE: frozenset(),
    EntityKind.PAYMENT: frozenset(),
    EntityKind.CREDIT: frozenset(),
    EntityKind.ALLOCATION: frozenset(),
    EntityKind.REFUND: frozenset({"credit", "invoice"}),
}

LOSSES: Mapping[EntityKind, Mapping[FieldName, str]] = {
    EntityKind.CUSTOMER: {
        "name": f"{customer.NAME_LIMIT} characters, without colons; unique over customers, vendors and employees.",
        "company_name": _PERSON,
        "first_name": _PERSON,
        "last_name": _PERSON,
        "email": "100 characters for all addresses together; whole addresses that find no room are left out.",
        "phone": "30 characters.",
        "mobile": "30 characters.",
        "fax": "30 characters.",
        "website": "Only well-formed web addresses.",
        "billing_address": "Lines of 500 characters, a city of 255, a postal code of 30.",
        "shipping_address": "Lines of 500 characters, a city of 255, a postal code of 30.",
        "vat_number": "With a new customer only, 20 characters; masked afterwards, so that changes stay here.",
        "payment_terms": "Only terms that one of QuickBooks' own is chosen for.",
        "tax_level": "With automated sales tax a customer has none.",
        "currency": "Fixed once set; jobs have their client's; one only without multicurrency.",
        "people": "One person with a customer; others are kept here.",
        "number": "There is no place for our customer number.",
        "ean_number": "There is no place for it.",
    },
    EntityKind.INVOICE: {
        "number": f"{invoice.NUMBER_LIMIT} characters; another one while a former invoice holds it.",
        "reference": "In the first line of the memo, up to 1000 characters.",
        "lines": f"Descriptions of {lines.DESCRIPTION_LIMIT} characters; a discount is a line of its own; an item that "
        "none is chosen for goes as the default one.",
        "tax_inclusive": "Not in the United States: prices stand there without their tax.",
        "to": "100 characters; addresses that find no room go to Cc.",
        "cc": "200 characters; whole addresses that find no room are left out.",
        "billing_address": "Lines of 500 characters, a city of 255, a postal code of 30.",
        "payment_terms": "With a new invoice only; afterwards the due date counts.",
    },
    EntityKind.PAYMENT: {
        "reference": f"{payment.REFERENCE_LIMIT} characters.",
        "method": "Only methods that one of QuickBooks' own is chosen for.",
    },
    EntityKind.CREDIT: {
        "reference": f"In the first line of the memo, up to {single_line.REFERENCE_LIMIT} characters.",
        "tax_level": "Carried by its line; with automated sales tax it goes without, and its amount is the whole one.",
    },
    EntityKind.ALLOCATION: {},
    EntityKind.REFUND: {
        "credit": "A refund stands by itself: a credit is paid out there by hand.",
        "reference": f"In the first line of the memo, up to {single_line.REFERENCE_LIMIT} characters.",
        "tax_level": "Carried by its line; with automated sales tax it goes without, and its amount is the whole one.",
        "invoice": "A refund stands by itself: the invoice stays paid there.",
    },
}
