"""Companies, individuals and jobs as Xero contacts. Xero has no tree: a job is a contact named ``Client:Job``.

The first person of a Xero contact is our primary contact (an individual's own name), with the customer's own address
or else the primary contact's; further contacts are its contact persons. A job takes email, billing address, currency,
terms and tax level from its nearest ancestor where it has none, because in Xero nothing passes them on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from service.core.intent import Operation
from service.core.model import Contact, Customer, CustomerKind, SendTo
from service.core.ports import (
    Company,
    EntityKind,
    MappingContext,
    Payload,
    Projection,
    Record,
    Ref,
    RemoteRecord,
)
from service.core.snapshot import FieldName, Snapshot, Value, clean_text
from service.mapping.xero.address import PHONE_TYPES, project_address, project_phone
from service.mapping.xero.base import XeroMapper
from service.mapping.xero.card import (
    NUMBER_LIMIT,
    PERSON_NAME_LIMIT,
    customer_ref,
    project_currency,
    project_name,
    project_reference,
    project_tax,
    project_terms,
    read_card,
    write_card,
)
from service.mapping.xero.link import contact_url
from service.mapping.xero.person import project_email, project_people
from service.mapping.xero.value import Losses


@dataclass(frozen=True, slots=True)
class CustomerMapper(XeroMapper):
    """Translates ``Customer`` records."""

    kind: EntityKind = EntityKind.CUSTOMER
    identity: tuple[FieldName, ...] = ("reference",)

    def needs(self, record: Record, context: MappingContext) -> tuple[Ref, ...]:
        """Return nothing: contacts stand alone in Xero."""
        del record, context
        return ()

    def project(self, record: Record, context: MappingContext) -> Projection:
        """Return the customer as Xero can hold it.

        :raises MappingError: it has no name, or its tax level has no tax rate in the mapping.
        """
        if not isinstance(record, Customer):
            raise TypeError(f"not a customer: {type(record).__name__}")
        losses, company, ref = Losses(), context.reference.company, customer_ref(record.id)
        first, last = _person_name(record)
        email = project_first_email(record, context, losses)
        people = [contact for contact in record.contacts if not _is_first_person(contact, record, email)]
        addresses = {
            "billing_address": inherited(record, "billing_address", context),
            "shipping_address": record.shipping_address,
        }
        fields: dict[FieldName, Value] = {
            "name": project_name(ref, path_of(record), context, losses),
            "first_name": losses.fit(first, PERSON_NAME_LIMIT, "first_name"),
            "last_name": losses.fit(last, PERSON_NAME_LIMIT, "last_name"),
            "email": email,
            "vat_number": losses.omit_longer(record.vat_number, NUMBER_LIMIT, "vat_number"),
            "number": losses.omit_longer(_number(record, context, losses), NUMBER_LIMIT, "number"),
            "tax_level": project_tax(inherited(record, "tax_level_id", context), "tax_level", context),
            "people": project_people(people, first_email=email, losses=losses),
            **{name: project_address(address, name, losses) for name, address in addresses.items()},
            **{
                name: project_phone(getattr(record, name), name, losses, region=company.country) for name in PHONE_TYPES
            },
            **project_currency(inherited(record, "currency", context), company, losses),
            **project_terms(inherited(record, "payment_terms", context), losses),
            **project_reference(ref, context),
        }
        _declare(record, email, losses)
        return Projection(snapshot=Snapshot(fields=fields, active=not record.archived), losses=losses.all)

    def body(
        self,
        operation: Operation,
        snapshot: Snapshot,
        *,
        changed: frozenset[FieldName],
        theirs: RemoteRecord | None,
        context: MappingContext,
    ) -> Payload:
        """Build the contact's body; the connector adds its ContactID.

        :raises MappingError: for what Xero's API doesn't do with contacts.
        """
        return write_card(operation, snapshot, changed=changed, theirs=theirs, company=context.reference.company)

    def read(self, remote: RemoteRecord, context: MappingContext) -> Snapshot:
        """Read a contact into the same fields that ``project`` fills."""
        return read_card(remote, context.reference.company)

    def url(self, remote_id: str, company: Company) -> str | None:
        """Return the address of the contact's page in Xero."""
        return contact_url(remote_id, company)


def lineage(record: Customer, context: MappingContext) -> Iterator[Customer]:
    """Yield the customer and its ancestors, nearest first, as far as the context knows them."""
    seen: set[str] = set()
    current: Customer | None = record
    while current is not None and current.id not in seen:
        seen.add(current.id)
        yield current
        current = context.customers.get(current.parent_id or "")


def inherited(record: Customer, attribute: str, context: MappingContext) -> Any:
    """Return what is set on the customer or else on its nearest ancestor: a Xero contact inherits nothing itself."""
    own = getattr(record, attribute)
    if own or record.parent_id is None:
        return own or None
    found = (getattr(customer, attribute) for customer in lineage(record, context))
    return next((value for value in found if value), None)


def project_first_email(record: Customer, context: MappingContext, losses: Losses) -> str | None:
    """Return the address of a Xero contact: the customer's, else its primary contact's, else an ancestor's."""
    for customer in lineage(record, context):
        primary = customer.primary_contact
        for email in (customer.email, primary.email if primary else None):
            projected = project_email(email, "email", losses)
            if projected is not None:
                return projected
    return None


def mailed_by_xero(record: Customer, context: MappingContext) -> frozenset[str]:
    """Return the addresses to which Xero sends an invoice of this customer's contact."""
    losses = Losses()
    email = project_first_email(record, context, losses)
    people = [contact for contact in record.contacts if not _is_first_person(contact, record, email)]
    listed = project_people(people, first_email=email, losses=losses)
    persons = listed if isinstance(listed, tuple) else ()
    included = {str(person[2]) for person in persons if isinstance(person, tuple) and person[3]}
    return frozenset(included | ({email} if email else set()))


def path_of(record: Customer) -> tuple[str, ...]:
    """Return the names from the client down to the customer itself."""
    return tuple(part for part in (clean_text(part) for part in record.full_name.split(":")) if part)


def _number(record: Customer, context: MappingContext, losses: Losses) -> str | None:
    """Return its number, or another while the contact it was tied to before holds it: Xero has each number once."""
    number = context.numbers.get(customer_ref(record.id), record.number)
    if number != record.number:
        losses.add("number", f"The contact it was tied to before keeps its number in Xero; it is {number} there now.")
    return number


def _person_name(record: Customer) -> tuple[str | None, str | None]:
    primary = record.primary_contact
    if record.kind is CustomerKind.INDIVIDUAL and (record.first_name or record.last_name):
        return record.first_name, record.last_name
    return (primary.first_name, primary.last_name) if primary else (record.first_name, record.last_name)


def _is_first_person(contact: Contact, record: Customer, email: str | None) -> bool:
    """Tell whether the contact is carried whole by the Xero contact itself: its names, and its address if any."""
    if contact is not record.primary_contact or contact.other_emails:
        return False
    if record.kind is CustomerKind.INDIVIDUAL and _person_name(record) != (contact.first_name, contact.last_name):
        return False
    own = project_email(contact.email, "email", Losses())
    return own is None or own == email


def _declare(record: Customer, email: str | None, losses: Losses) -> None:
    """Declare what no member of a contact can hold."""
    if record.website:
        losses.add("website", "Xero shows a website but lets nobody set it from outside.")
    if record.ean_number:
        losses.add("ean_number", "Xero has no place for an EAN number.")
    if record.other_emails:
        losses.add("email", "Xero keeps one address of a company; further ones stay here.")
    if email and record.email and record.invoice_email is not SendTo.TO:
        losses.add("email", "Xero always sends a contact's invoices to its own address.")
    if any(contact.phone or contact.mobile or contact.fax for contact in record.contacts):
        losses.add("people", "Xero keeps only name and email of a person; phones stay here.")
