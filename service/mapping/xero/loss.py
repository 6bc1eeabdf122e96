"""What Xero can't hold of our records, field by field: every loss that a mapper here declares is of one of these."""

from __future__ import annotations

from collections.abc import Mapping

from service.core.ports import EntityKind
from service.core.snapshot import FieldName
from service.mapping.xero import card, credit, invoice, line, payment, person

_PEOPLE: Mapping[FieldName, str] = {
    "name": f"Cut to {card.NAME_LIMIT} characters, without < and >; jobs stand there as Client:Job, each name once.",
    "first_name": f"{card.PERSON_NAME_LIMIT} characters.",
    "last_name": f"{card.PERSON_NAME_LIMIT} characters.",
    "email": "One address of a company, and invoices always go to it; addresses that Xero does not take are left out.",
    "phone": "50 characters.",
    "mobile": "50 characters.",
    "fax": "50 characters.",
    "billing_address": "Lines of 500 characters, countries in letters alone.",
    "shipping_address": "Lines of 500 characters, countries in letters alone.",
    "vat_number": f"Left out if longer than {card.NUMBER_LIMIT} characters.",
    "number": f"Left out if longer than {card.NUMBER_LIMIT} characters; another one while a former contact holds it.",
    "currency": "Only a currency that the organisation uses.",
    "payment_terms": "31 days at most, counted from the invoice or from the end of its month; never taken back.",
    "people": f"{person.MOST_PEOPLE} people besides the first, with name and one address each and without phones; "
    "no Cc; only beside a first one with an address.",
    "company_name": "A contact has one name.",
    "parent": "There is no tree; a job's place stands in its name.",
    "website": "Shown there, but nobody can set it from outside.",
    "ean_number": "There is no place for it.",
}

#: What is never carried at all; of the rest a part may get lost.
NEVER: Mapping[EntityKind, frozenset[FieldName]] = {
    EntityKind.CUSTOMER: frozenset({"company_name", "parent", "website", "ean_number"}),
    EntityKind.CONTACT: frozenset({"company_name", "parent", "website", "ean_number", "shipping_address"}),
    EntityKind.INVOICE: frozenset({"to", "cc", "billing_address", "payment_terms"}),
    EntityKind.PAYMENT: frozenset({"method", "customer"}),
    EntityKind.CREDIT: frozenset(),
    EntityKind.ALLOCATION: frozenset(),
    EntityKind.REFUND: frozenset({"method"}),
}

LOSSES: Mapping[EntityKind, Mapping[FieldName, str]] = {
    EntityKind.CUSTOMER: _PEOPLE,
    EntityKind.CONTACT: {**_PEOPLE, "shipping_address": "A person has one address there, the one for bills."},
    EntityKind.INVOICE: {
        "number": f"{invoice.NUMBER_LIMIT} characters; another one while a former invoice holds it.",
        "reference": f"{invoice.REFERENCE_LIMIT} characters; the job stands before it where jobs go to their client.",
        "lines": f"Descriptions of {line.DESCRIPTION_LIMIT} characters; an item that is not known there is left out.",
        "to": "Xero sends to the contact's addresses; others are reached by Tieout's own mail.",
        "cc": "There is no Cc; Tieout's own mail has one.",
        "billing_address": "That of the contact is printed; a sub-contact with its own is a contact of its own.",
        "payment_terms": "An invoice has a due date and no terms.",
    },
    EntityKind.PAYMENT: {
        "reference": f"{payment.REFERENCE_LIMIT} characters.",
        "method": "There is no payment method; the account can tell by which one it came.",
        "customer": "A payment belongs to its invoice.",
    },
    EntityKind.CREDIT: {
        "reference": f"{credit.REFERENCE_LIMIT} characters.",
        "tax_level": "Carried by its line.",
    },
    EntityKind.ALLOCATION: {},
    EntityKind.REFUND: {
        "reference": f"{credit.REFERENCE_LIMIT} characters.",
        "method": "There is no payment method; the account can tell by which one it came.",
    },
}
