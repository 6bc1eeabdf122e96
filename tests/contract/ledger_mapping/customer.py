"""Customers in the ledger: a name, an address of mail, a phone, and our own reference."""

from __future__ import annotations

from collections.abc import Mapping

from service.core.editing import EditRule, Standing
from service.core.errors import MappingError
from service.core.fields import owners
from service.core.intent import Operation
from service.core.model import Customer
from service.core.names import flattened_name
from service.core.phone import clean_phone
from service.core.ports import Company, EntityKind, Loss, MappingContext, Payload, Projection, Record, Ref, RemoteRecord
from service.core.reconcile import Flow
from service.core.snapshot import FieldName, Snapshot, clean_email, clean_text

_FIELDS = ("name", "email", "phone", "reference")
_NAME_LIMIT = 80
#: What a row has no column for.
_LEFT_BEHIND = ("mobile", "fax", "website", "vat_number", "billing_address", "shipping_address", "payment_terms")


class CustomerMapper:
    """Translates customers; jobs are rows of their own."""

    kind: EntityKind = EntityKind.CUSTOMER
    identity: tuple[FieldName, ...] = ("reference",)

    @property
    def flows(self) -> Mapping[FieldName, Flow]:
        """Who owns each column."""
        return {name: owners(self.kind)[name] for name in _FIELDS}

    def needs(self, record: Record, context: MappingContext) -> tuple[Ref, ...]:
        """Return nothing: rows stand alone."""
        del record, context
        return ()

    def project(self, record: Record, context: MappingContext) -> Projection:
        """Return the customer as a row."""
        assert isinstance(record, Customer)
        ref = Ref(kind=self.kind, id=record.id)
        wanted = clean_text(context.names.get(ref) or record.full_name)
        if wanted is None:
            raise MappingError("name", "A row needs a name.")
        name = flattened_name((wanted,), limit=_NAME_LIMIT, taken=(), forbidden=frozenset()).name
        person = record.primary_contact
        fields = {
            "name": name,
            "email": clean_email(record.email or (person.email if person else None)),
            "phone": clean_phone(record.phone or (person.phone if person else None)),
        }
        reference = context.references.get(ref)
        if reference:
            fields["reference"] = reference
        losses = [Loss(field=one, reason="The ledger has no column for it.") for one in _LEFT_BEHIND]
        return Projection(
            snapshot=Snapshot(fields=fields, active=not record.archived),
            losses=tuple(loss for loss in losses if getattr(record, loss.field)),
        )

    def body(
        self,
        operation: Operation,
        snapshot: Snapshot,
        *,
        changed: frozenset[FieldName],
        theirs: RemoteRecord | None,
        context: MappingContext,
    ) -> Payload:
        """Return the columns to write."""
        del theirs, context
        names = set(snapshot.fields) if operation is Operation.CREATE else changed & snapshot.fields.keys()
        return {name: str(snapshot.get(name) or "") for name in sorted(names)}

    def read(self, remote: RemoteRecord, context: MappingContext) -> Snapshot:
        """Read a row."""
        del context
        fields: dict[FieldName, str | None] = {name: remote.payload[name] or None for name in _FIELDS}
        return Snapshot(fields={**fields, "phone": clean_phone(fields["phone"])}, active=remote.active)

    def rule_of(self, remote: RemoteRecord) -> EditRule:
        """Let everything be changed."""
        return EditRule(standing=Standing.ACTIVE if remote.active else Standing.ARCHIVED)

    def url(self, remote_id: str, company: Company) -> str | None:
        """Return None: a row has no page."""
        del remote_id, company
        return None
