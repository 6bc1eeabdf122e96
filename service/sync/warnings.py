"""What will need a person on a connection, but not yet: a permission that ages, webhooks that do not arrive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.store.sync_models import ConnectionRow
from service.sync import inbox, permission
from service.sync.platform import Platform

#: Fewer finds than this say nothing about how well webhooks arrive.
_FEW = 20
_LOST_PERCENT = 20


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to know, as a sentence."""

    kind: str  #: permission_ends or webhooks_lost
    message: str
    at: datetime | None  #: when it will matter


def warnings_of(platform: Platform, session: Session, row: ConnectionRow) -> list[Notice]:
    """Return what will need a person on a connection."""
    now = platform.clock()
    package = platform.provider(row.provider).package
    found = []
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
    return found
