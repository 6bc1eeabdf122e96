"""What the mappers of QuickBooks do alike, each for its own kind of record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from service.core.editing import EditRule
from service.core.fields import owners
from service.core.ports import Company, EntityKind, RemoteRecord
from service.core.reconcile import Flow
from service.core.snapshot import FieldName
from service.mapping.quickbooks import editing, web


@dataclass(frozen=True, slots=True)
class QuickBooksMapper:
    """Answers what follows from the kind of record alone."""

    kind: EntityKind

    @property
    def flows(self) -> Mapping[FieldName, Flow]:
        """Who owns each field unless the connection's settings say otherwise."""
        return owners(self.kind)

    def rule_of(self, remote: RemoteRecord) -> EditRule:
        """Return what may still be changed of an entity, by how it stands there."""
        return editing.rule_of(self.kind, remote)

    def url(self, remote_id: str, company: Company) -> str | None:
        """Return the address of the entity's page."""
        return web.entity_url(self.kind, remote_id, company)
