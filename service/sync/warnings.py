"""What a person should know about a connection, though no record is red for it.

A permission that ages, webhooks that do not arrive, calls that run low, drift that waits for a decision, records that
were stored otherwise than meant.
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
from service.sync import inbox, pacing, permission
from service.sync.documents import reference_from_json
from service.sync.platform import Platform

#: Fewer finds than this say nothing about how well webhooks arrive.
_FEW = 20
_LOST_PERCENT = 20
#: Of the calls of a day: fewer left than this are worth a word.
_LOW_PERCENT = 10
#: Of the app's metered reads in a month: more made than this are worth a word.
_READ_PERCENT = 80


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to know, as a sentence."""

    kind: str  #: permission_ends, webhooks_lost, calls_low, reads_low, mapping, drift or readback
    message: str
    at: datetime | None  #: when it will matter


def warnings_of(
    platform: Platform,
    session: Session,
    row: ConnectionRow,
    *,
    purse: pacing.Purse | None = None,
    meter: inbox.Meter | None = None,
) -> list[Notice]:
    """Return what will need a person on a connection.

    :param purse, meter: what it may spend and how webhooks arrive, for whoever has asked already.
    """
    now = platform.clock()
    package = platform.provider(row.provider).package
    found = list(_no_longer_offered(platform, row))
    ageing = permission.warning_of(session, row, now, package=package)
    if ageing is not None:
        found.append(Notice("permission_ends", ageing.message, ageing.ends_at))
    meter = meter or inbox.meter(session, row.id, now)
    if meter.found >= _FEW and (meter.percent_missed or 0) >= _LOST_PERCENT:
        message = (
            f"{meter.missed} of {meter.found} changes were found by reading, although {package} should have told of "
            f"them. Nothing is lost, but changes come later. Check the webhook address in the app's settings there."
        )
        found.append(Notice("webhooks_lost", message, None))
    return [
        *found,
        *_calls(purse or pacing.purse_of(platform, session, row), package),
        *_apart_from_dots(session, row, package),
    ]


def _calls(purse: pacing.Purse, package: str) -> Iterator[Notice]:
    """Yield that calls run low: those of the day, and those that the package charges the app for."""
    left, whole = purse.left_today, purse.per_day
    if left is not None and whole and left * 100 <= whole * _LOW_PERCENT:
        message = (
            f"{left:,} of the {whole:,} calls that {package} allows in 24 hours are left. Syncs come less often until "
            f"there are more; what you send by hand goes first."
        )
        yield Notice("calls_low", message, None)
    reads, allowed = purse.reads, purse.reads_allowed
    if reads is not None and allowed is not None and reads * 100 >= allowed * _READ_PERCENT:
        message = (
            f"{reads:,} of the {allowed:,} reads that {package} allows this app in a month are used up, over all "
            f"companies. Make syncs less frequent, or move to a larger plan."
        )
        yield Notice("reads_low", message, None)


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
