"""What every mapper answers alike, whatever the package, from the kind of record alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from service.core.fields import owners
from service.core.ports import EntityKind
from service.core.reconcile import Flow
from service.core.snapshot import FieldName


@dataclass(frozen=True, slots=True)
class KindMapper:
    """A mapper of one kind of record; each package adds what it answers alike for all kinds."""

    kind: EntityKind

    @property
    def flows(self) -> Mapping[FieldName, Flow]:
        """Who owns each field unless the connection's settings say otherwise."""
        return owners(self.kind)
