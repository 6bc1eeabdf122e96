"""What every Xero contact of ours has in common, whether it stands for a customer, a job or a sub-contact.

Xero facts: developer.xero.com Contacts, for members, lengths and how they are blanked: an empty text blanks a member, a
member left out keeps its value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.core.errors import MappingError
from service.core.intent import Operation
from service.core.names import flattened_name
from service.core.ports import Company, EntityKind, MappingContext, Payload, Ref, RemoteRecord
from service.core.snapshot import FieldName, Snapshot, Value, clean_email, clean_text
from service.mapping.settings import parse_terms
from service.mapping.xero.address import (
    ADDRESS_TYPES,
    PHONE_TYPES,
    read_addresses,
    read_phones,
    write_addresses,
    write_phones,
)
from service.mapping.xero.person import read_people, write_people
from service.mapping.xero.term import can_hold, read_terms, write_terms
from service.mapping.xero.value import Losses, as_object, as_text

NAME_LIMIT = 255
NAME_FORBIDDEN = frozenset("<>")
NUMBER_LIMIT = 50
PERSON_NAME_LIMIT = 255

#: Fields that are one text member each.
_MEMBERS: Mapping[FieldName, str] = {
    "name": "Name",
    "first_name": "FirstName",
    "last_name": "LastName",
    "email": "EmailAddress",
    "vat_number": "TaxNumber",
    "number": "AccountNumber",
    "reference": "ContactNumber",
    "currency": "DefaultCurrency",
    "tax_level": "AccountsReceivableTaxType",
}


def project_name(ref: Ref, parts: tuple[str, ...], context: MappingContext, losses: Losses) -> str:
    """Return the name chosen for a record, else the one that the rule gives it, as Xero can hold it.

    :raises MappingError: nothing of a name is left.
    """
    ideal = clean_text(":".join(parts))
    given = clean_text(context.names.get(ref)) or ideal
    if given is None:
        raise MappingError("name", "Xero takes no contact without a name.")
    name = flattened_name((given,), limit=NAME_LIMIT, taken=(), forbidden=NAME_FORBIDDEN).name
    if name != ideal:
        losses.add("name", f"It is called {name} in Xero.")
    return name


def project_tax(level_id: str | None, field: FieldName, context: MappingContext) -> str | None:
    """Return Xero's tax type for a tax level.

    :raises MappingError: the mapping has no tax type for it.
    """
    if level_id is None:
        return None
    tax_type = context.settings.taxes.get(level_id)
    if not tax_type:
        level = context.tax_levels.get(level_id, level_id)
        raise MappingError(field, f"No Xero tax rate is chosen for the tax level {level}.", missing=f"taxes:{level_id}")
    return tax_type


def project_currency(currency: str | None, company: Company, losses: Losses) -> dict[FieldName, Value]:
    """Return the field, or nothing where Xero can't hold it: the organisation does not use the currency."""
    wanted = currency or company.base_currency
    if wanted is None:
        return {}
    if company.currencies and wanted not in company.currencies and wanted != company.base_currency:
        losses.add("currency", f"{company.name} does not use {wanted} in Xero, so the contact carries no currency.")
        return {}
    return {"currency": wanted}


def project_terms(code: str | None, losses: Losses) -> dict[FieldName, Value]:
    """Return the field, or nothing where Xero can't hold it: it has no way to take terms back, and 31 days at most."""
    if code is None:
        return {}
    terms = parse_terms(code)
    if terms is None or not can_hold(terms):
        losses.add("payment_terms", f"Xero has no payment terms '{code}'; invoices carry their due date all the same.")
        return {}
    return {"payment_terms": terms.code}


def project_reference(ref: Ref, context: MappingContext) -> dict[FieldName, Value]:
    """Return our own reference for the record, where one was chosen."""
    reference = context.references.get(ref)
    return {"reference": reference} if reference else {}


def write_card(
    operation: Operation,
    snapshot: Snapshot,
    *,
    changed: frozenset[FieldName],
    theirs: RemoteRecord | None,
    company: Company,
) -> Payload:
    """Return the contact's body.

    :raises MappingError: for what Xero's API doesn't do with contacts.
    """
    match operation:
        case Operation.CREATE:
            filled = frozenset(name for name, value in snapshot.fields.items() if value not in {None, ()})
            body = _write(snapshot, filled, theirs={}, company=company)
            if body.get("DefaultCurrency") == company.base_currency:
                del body["DefaultCurrency"]  # it is the default anyway, and small plans refuse the member
            return body
        case Operation.UPDATE:
            return _write(snapshot, changed, theirs=theirs.payload if theirs else {}, company=company)
        case Operation.ARCHIVE:
            return {"ContactStatus": "ARCHIVED"}
        case Operation.RESTORE:
            raise MappingError("active", "Only a person can restore an archived contact, in Xero itself.")
        case _:
            raise MappingError("active", "Xero has no way to delete a contact.")


def read_card(remote: RemoteRecord, company: Company) -> Snapshot:
    """Return every field that Xero tells of a contact."""
    payload = remote.payload
    fields: dict[FieldName, Value] = {field: as_text(payload.get(member)) for field, member in _MEMBERS.items()}
    fields["email"] = clean_email(as_text(payload.get("EmailAddress")))
    fields["currency"] = as_text(payload.get("DefaultCurrency")) or company.base_currency
    fields["payment_terms"] = read_terms(as_object(as_object(payload.get("PaymentTerms")).get("Sales")))
    fields |= read_addresses(payload) | read_phones(payload, region=company.country)
    if "ContactPersons" in payload:
        fields["people"] = read_people(payload)
    return Snapshot(fields=fields, active=remote.active)


def customer_ref(customer_id: str) -> Ref:
    """Return the reference to a customer."""
    return Ref(kind=EntityKind.CUSTOMER, id=customer_id)


def _write(snapshot: Snapshot, changed: frozenset[FieldName], *, theirs: Payload, company: Company) -> dict[str, Any]:
    body: dict[str, Any] = {member: snapshot.get(field) or "" for field, member in _MEMBERS.items() if field in changed}
    if "people" in changed:
        body["ContactPersons"] = write_people(snapshot.get("people"))
    addresses = {field: snapshot.get(field) for field in ADDRESS_TYPES if field in changed}
    if addresses:
        body["Addresses"] = write_addresses(addresses, theirs)
    phones = {field: snapshot.get(field) for field in PHONE_TYPES if field in changed}
    if phones:
        body["Phones"] = write_phones(phones, theirs, region=company.country)
    terms = write_terms(str(snapshot.get("payment_terms"))) if "payment_terms" in changed else {}
    if terms:
        body["PaymentTerms"] = {"Sales": terms}
    return body
