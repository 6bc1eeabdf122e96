"""Keeping what a package stored beside what was meant, on the link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from service.core.intent import Intent
from service.core.model import Invoice, InvoiceStatus
from service.core.ports import Capabilities, Loss
from service.core.readback import (
    AMOUNTS,
    Line,
    Reading,
    adopted_amounts,
    line_from_json,
    line_to_json,
    meant_by,
    meant_from_json,
    meant_to_json,
    read_amounts,
    read_back,
    variance_of,
    worst_of,
)
from service.core.snapshot import Snapshot
from service.records.author import Author
from service.records.credits import adopt_amounts
from service.store.plain_link import AnyLink
from service.store.sync_models import LinkRow
from service.sync.planner import Decision


def meant_in(decision: Decision) -> dict[str, Any] | None:
    """Return what the write of an invoice means, to be stored with its intent; None of anything else."""
    record = decision.case.record
    if not isinstance(record, Invoice) or record.status is InvoiceStatus.VOIDED or decision.ours is None:
        return None
    return meant_to_json(meant_by(record, decision.ours))


def noted(
    link: AnyLink, intent: Intent, *, written: Snapshot, stored: Snapshot, package: Capabilities
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


def adopt(session: Session, author: Author, invoice_id: str, readback: Sequence[Mapping[str, Any]]) -> None:
    """Let an invoice of ours follow the amounts that its package works out itself, where that is agreed."""
    if any(line["reading"] == Reading.ADOPTED for line in readback):
        adopt_amounts(session, author, invoice_id, adopted_amounts([line_from_json(line) for line in readback]))


def look_again(session: Session, author: Author, link: LinkRow, decision: Decision, package: Capabilities) -> None:
    """After a comparison: compare the amounts of an invoice that was sent before; they may have been changed there."""
    record = decision.case.record
    if link.readback_state is None or not isinstance(record, Invoice) or record.status is InvoiceStatus.VOIDED:
        return
    if decision.ours is None or decision.theirs is None or not decision.theirs.active:
        return
    amounts = read_amounts(
        meant_by(record, decision.ours), decision.theirs, package=package.package, rounding=package.tax_rounding
    )
    before = [line_from_json(line) for line in link.readback]
    kept = [line for line in before if line.what not in AMOUNTS]
    if _is_taken_over(before, amounts):
        return  # what ours came to by itself stays on record
    for column, value in _kept([*kept, *amounts]).items():
        setattr(link, column, value)
    adopt(session, author, link.record_id, link.readback)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variance:
    """What an invoice comes to here and at a package, as texts of decimal numbers."""

    total_meant: str
    total_stored: str
    tax_meant: str
    tax_stored: str
    difference: str  #: stored less meant, of the total
    reading: Reading
    cause: str  #: a sentence


def variance_in(link: LinkRow) -> Variance:
    """Return the variance of a link that has one."""
    lines = {line.what: line for line in map(line_from_json, link.readback)}
    total, tax = lines["total"], lines.get("tax_total", lines["total"])
    return Variance(
        total_meant=str(total.meant),
        total_stored=str(total.stored),
        tax_meant=str(tax.meant),
        tax_stored=str(tax.stored),
        difference=total.difference or "0",
        reading=total.reading,
        cause=total.cause or "",
    )


def _is_taken_over(before: Sequence[Line], amounts: Sequence[Line]) -> bool:
    """Tell whether ours follows the package's figure already, and the package still says the same."""
    known = {line.what: line.stored for line in before if line.reading is Reading.ADOPTED}
    said = {line.what: line.stored for line in amounts}
    return bool(known) and all(said.get(name) == stored for name, stored in known.items())


def _kept(lines: Sequence[Line]) -> dict[str, Any]:
    variance = variance_of(lines)
    return {
        "readback": [line_to_json(line) for line in lines],
        "readback_state": worst_of(lines).value,
        "variance": None if variance is None else variance[0],
        "variance_kind": None if variance is None else variance[1].value,
    }
