"""Keeping what a package stored beside what was meant, on the link."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service.core.intent import Intent
from service.core.model import Invoice, InvoiceStatus
from service.core.ports import Capabilities, Loss
from service.core.readback import (
    AMOUNTS,
    Line,
    line_from_json,
    line_to_json,
    meant_by,
    meant_from_json,
    meant_to_json,
    read_amounts,
    read_back,
    worst_of,
)
from service.core.snapshot import Snapshot
from service.store.sync_models import LinkRow
from service.sync.planner import Decision


def meant_in(decision: Decision) -> dict[str, Any] | None:
    """Return what the write of an invoice means, to be stored with its intent; None of anything else."""
    record = decision.case.record
    if not isinstance(record, Invoice) or record.status is InvoiceStatus.VOIDED or decision.ours is None:
        return None
    return meant_to_json(meant_by(record, decision.ours))


def noted(
    link: LinkRow, intent: Intent, *, written: Snapshot, stored: Snapshot, package: Capabilities
) -> dict[str, Any]:
    """After a write: compare its answer with what was meant; return what the link keeps of it, by column."""
    lines = read_back(
        None if intent.meant is None else meant_from_json(intent.meant),
        written=written,
        stored=stored,
        losses=[Loss(field=loss["field"], reason=loss["reason"]) for loss in link.losses],
        package=package.package,
        rounding=package.tax_rounding,
    )
    return _kept(lines)


def look_again(link: LinkRow, decision: Decision, package: Capabilities) -> None:
    """After a comparison: compare the amounts of an invoice that was sent before; they may have been changed there."""
    record = decision.case.record
    if link.readback_state is None or not isinstance(record, Invoice) or record.status is InvoiceStatus.VOIDED:
        return
    if decision.ours is None or decision.theirs is None or not decision.theirs.active:
        return
    amounts = read_amounts(
        meant_by(record, decision.ours), decision.theirs, package=package.package, rounding=package.tax_rounding
    )
    kept = [line for line in map(line_from_json, link.readback) if line.what not in AMOUNTS]
    for column, value in _kept([*kept, *amounts]).items():
        setattr(link, column, value)


def _kept(lines: Sequence[Line]) -> dict[str, Any]:
    return {"readback": [line_to_json(line) for line in lines], "readback_state": worst_of(lines).value}
