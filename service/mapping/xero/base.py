"""What the mappers of Xero do alike, each for its own kind of record."""

from __future__ import annotations

from dataclasses import dataclass

from service.core.editing import EditRule
from service.core.ports import RemoteRecord
from service.mapping.by_kind import KindMapper
from service.mapping.xero import editing


@dataclass(frozen=True, slots=True)
class XeroMapper(KindMapper):
    """Answers what follows from the kind of record alone."""

    def rule_of(self, remote: RemoteRecord) -> EditRule:
        """Return what may still be changed of an entity, by how it stands there."""
        return editing.rule_of(self.kind, remote)
