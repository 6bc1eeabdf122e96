"""Sub-contacts with their own billing address or tax level: each is a Xero contact of its own.

A Xero invoice has neither, it takes both from its contact. Like a job it is named by its path: ``Client:First Last``.
Which contacts need one is told by ``service.core.recipients.sub_contact_of``.
"""

from __future__ import annotations

from dataclasses import dataclass

from service.core.intent import Operation
from service.core.model import Contact
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
from service.core.recipients import own_address
from service.core.snapshot import FieldName, Snapshot, Value, clean_text
from service.mapping.xero.address import PHONE_TYPES, project_address, project_phone
from service.mapping.xero.base import XeroMapper
from service.mapping.xero.card import (
    PERSON_NAME_LIMIT,
    project_currency,
    project_name,
    project_reference,
    project_tax,
    project_terms,
    read_card,
    write_card,
)
from service.mapping.xero.customer import inherited, path_of, project_first_email
from service.mapping.xero.link import contact_url
from service.mapping.xero.person import project_email, project_people
from service.mapping.xero.value import Losses


@dataclass(frozen=True, slots=True)
class SubContactMapper(XeroMapper):
    """Translates ``Contact`` records that need a counterpart of their own."""

    kind: EntityKind = EntityKind.CONTACT
    identity: tuple[FieldName, ...] = ("reference",)

    def needs(self, record: Record, context: MappingContext) -> tuple[Ref, ...]:
        """Return nothing: contacts stand alone in Xero."""
        del record, context
        return ()

    def project(self, record: Record, context: MappingContext) -> Projection:
        """Return the sub-contact as Xero can hold it; its customer, from the context, gives what it lacks.

        :raises MappingError: it has no name, or its tax level has no tax rate in the mapping.
        """
        if not isinstance(record, Contact):
            raise TypeError(f"not a contact: {type(record).__name__}")
        losses, company = Losses(), context.reference.company
        customer = context.customers.get(record.customer_id)
        ref = Ref(kind=EntityKind.CONTACT, id=record.id)
        path = path_of(customer) if customer else ()
        person = (clean_text(record.full_name) or clean_text(record.email) or "Contact").replace(":", " ")
        email = project_email(record.email, "email", losses)
        if email is None and customer is not None:
            email = project_first_email(customer, context, losses)
        address = own_address(record, context.job_sites)
        address = address or (inherited(customer, "billing_address", context) if customer else None)
        level = record.tax_level_id or (inherited(customer, "tax_level_id", context) if customer else None)
        fields: dict[FieldName, Value] = {
            "name": project_name(ref, (*path, person), context, losses),
            "first_name": losses.fit(record.first_name, PERSON_NAME_LIMIT, "first_name"),
            "last_name": losses.fit(record.last_name, PERSON_NAME_LIMIT, "last_name"),
            "email": email,
            "billing_address": project_address(address, "billing_address", losses),
            "tax_level": project_tax(level, "tax_level", context),
            "people": project_people([record] if record.other_emails else [], first_email=email, losses=losses),
            **{
                name: project_phone(getattr(record, name), name, losses, region=company.country) for name in PHONE_TYPES
            },
            **project_currency(inherited(customer, "currency", context) if customer else None, company, losses),
            **project_terms(inherited(customer, "payment_terms", context) if customer else None, losses),
            **project_reference(ref, context),
        }
        active = customer is None or not customer.archived
        return Projection(snapshot=Snapshot(fields=fields, active=active), losses=losses.all)

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
        """Read a contact into the same fields that ``project`` fills, and those that belong to customers alone."""
        return read_card(remote, context.reference.company)

    def url(self, remote_id: str, company: Company) -> str | None:
        """Return the address of the contact's page in Xero."""
        return contact_url(remote_id, company)
