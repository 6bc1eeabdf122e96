"""What a package's webhook says: something about one entity happened. News to look at, never a value to take over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from service.core.ports import Family

#: Clocks of a package's parts differ: an event may be stamped this much later than the entity it tells of.
STAMP_SLACK = timedelta(seconds=2)


class Happening(StrEnum):
    """What is said to have happened; everything but a merge is found out by reading the feed."""

    CHANGED = "changed"  #: created, updated, archived, deleted, voided or sent
    MERGED = "merged"  #: ``remote_id`` survived, ``merged_id`` went into it


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One event of a webhook."""

    key: str  #: the same for the same event, however often it is delivered
    tenant_id: str
    family: Family | None  #: None: a kind of entity that the sync has nothing to do with
    remote_id: str
    at: datetime  #: when it happened, by the package's clock
    happening: Happening = Happening.CHANGED
    merged_id: str | None = None


class WebhookReader(Protocol):
    """How one package tells what happened."""

    SIGNATURE_HEADER: str  #: header with the signature over the body as it came
    TOLD: frozenset[Family]  #: families of whose changes it tells

    def read_notices(self, raw: bytes) -> tuple[Notice, ...]:
        """Return what a body tells.

        :raises ValueError: it is no document of this package.
        """
        ...


def is_echo(notice: Notice, known_at: datetime | None) -> bool:
    """Tell whether what happened is known already: our own write comes back, or the event is late or doubled.

    :param known_at: when the entity was last changed, as far as is known here; None if nothing is known of it.
    """
    return notice.happening is Happening.CHANGED and known_at is not None and notice.at <= known_at + STAMP_SLACK
