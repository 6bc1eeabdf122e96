"""What the mappers of QuickBooks do alike, each for its own kind of record."""

from __future__ import annotations

from dataclasses import dataclass

from service.core.editing import EditRule
from service.core.ports import Company, RemoteRecord
from service.mapping.by_kind import KindMapper
from service.mapping.quickbooks import editing, web


@dataclass(frozen=True, slots=True)
class QuickBooksMapper(KindMapper):
    """Answers what follows from the kind of record alone."""

    def rule_of(self, remote: RemoteRecord) -> EditRule:
        """Return what may still be changed of an entity, by how it stands there."""
        return editing.rule_of(self.kind, remote)

    def url(self, remote_id: str, company: Company) -> str | None:
        """Return the address of the entity's page."""
        return web.entity_url(self.kind, remote_id, company)
