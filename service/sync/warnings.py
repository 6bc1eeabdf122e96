"""What a person should know about a connection, though no record is red for it.

A permission that ages, webhooks that do not arrive, drift that waits for a decision, records that were stored otherwise
than meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.core.readback import Reading
from service.mapping.settings import from_json as settings_from_json
from service.mapping.settings import gone_entries, words
from service.store.queries import drift, tallies
from service.store.sync_models import ConnectionRow
from service.sync import inbox, permission
from service.sync.documents import reference_from_json
from service.sync.platform import Platform

#: Fewer finds than this say nothing about how well webhooks arrive.
_FEW = 20
_LOST_PERCENT = 20


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to know, as a sentence."""

    kind: str  #: permission_ends, webhooks_lost, mapping, drift or readback
    message: str
    at: datetime | None  #: when it will matter


def warnings_of(platform: Platform, session: Session, row: ConnectionRow) -> list[Notice]:
    """Return what will need a person on a connection."""
    now = platform.clock()
    package = platform.provider(row.provider).package
    found = list(_no_longer_offered(platform, row))
    ageing = permission.warning_of(session, row, now, package=package)
    if ageing is not None:
        found.append(Notice("permission_ends", ageing.message, ageing.ends_at))
    meter = inbox.meter(session, row.id, now)
    if meter.found >= _FEW and (meter.percent_missed or 0) >= _LOST_PERCENT:
        message = (
            f"{meter.missed} of {meter.found} changes were found by reading, although {package} should have told of "
            f"them. Nothing is lost, but changes come later. Check the webhook address in the app's settings there."
        )
        found.append(Notice("webhooks_lost", message, None))
    return [*found, *_apart_from_dots(session, row, package)]


def _no_longer_offered(platform: Platform, row: ConnectionRow) -> Iterator[Notice]:
    """Yield what was chosen from the package's lists and has left them since: nothing is sent by it."""
    provider, reference = platform.provider(row.provider), reference_from_json(row.reference)
    gone = gone_entries(settings_from_json(row.mapping), reference, provider.demands)
    if row.reference is not None and gone:
        labels = {dimension.id: dimension.name for dimension in reference.dimensions}
        named = ", ".join(words(entry, labels) for entry in sorted(gone) if not entry.startswith("taxes:"))
        taxes = sum(entry.startswith("taxes:") for entry in gone)
        told = [*([named] if named else []), *([f"{taxes} tax level{'s' if taxes > 1 else ''}"] if taxes else [])]
        message = (
            f"{provider.package} no longer offers what was chosen for {' and '.join(told)}. "
            "Records that need it wait until something else is chosen in the mapping."
        )
        yield Notice("mapping", message, None)


def _apart_from_dots(session: Session, row: ConnectionRow, package: str) -> Iterator[Notice]:
    """Yield what stands beside the dots: values there that nobody here has decided about or asked for."""
    waiting = drift.count_waiting(session, row)
    if waiting:
        fields = "1 field of ours waits" if waiting == 1 else f"{waiting} fields of ours wait"
        message = f"{fields} for a decision: changed in {package}, neither put back nor accepted yet."
        yield Notice("drift", message, None)
    otherwise = tallies.count_readback(session, row.id, Reading.DIFFERS)
    if otherwise:
        records = "1 record" if otherwise == 1 else f"{otherwise} records"
        message = f"{package} stored {records} otherwise than meant: recipients, tax, totals or another field."
        yield Notice("readback", message, None)
