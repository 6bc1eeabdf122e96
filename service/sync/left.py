"""Differences that a person leaves as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.core.drift import DriftDecision, DriftStatus
from service.core.snapshot import FieldName, Value, from_json, value_to_json
from service.store.drift_models import DriftRow

if TYPE_CHECKING:
    from service.sync.answering import Asked


def left_row(asked: Asked, name: FieldName, ours: Value, theirs: Value) -> DriftRow:
    """Return the row that keeps a difference as it is, because a person left it so."""
    link = asked.link
    agreed = from_json(link.baseline).get(name) if link.baseline is not None else None
    return DriftRow(
        organisation_id=asked.connection.organisation_id,
        connection_id=asked.connection.id,
        link_id=link.id,
        entity=link.entity,
        record_id=link.record_id,
        label=asked.row.label,
        field=name,
        agreed=value_to_json(agreed),
        ours=value_to_json(ours),
        theirs=value_to_json(theirs),
        found_at=asked.now,
        seen_at=asked.now,
        status=DriftStatus.ACCEPTED.value,
        decision=DriftDecision.ACCEPT.value,
        decided_by=asked.author.actor,
        decided_at=asked.now,
        kept=True,
        closed_at=asked.now,
        closed_by=asked.author.actor,
    )
