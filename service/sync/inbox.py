"""Webhooks: stored before they are answered, looked at later. They only say when to look, and what was merged.

What a body tells is never believed as a value: the change feed is read. Doubled, late, out of order or lost events
therefore do no harm; lost ones cost time until the next sweep, and the meter counts them.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.core.notice import Happening, Notice, is_echo
from service.core.ports import Family, RemoteRecord
from service.store.inbox_models import NoticeRow
from service.store.queries import counterparts, inbox
from service.store.sync_models import ConnectionRow
from service.sync.platform import Platform
from service.sync.work import Work

_log = structlog.get_logger(__name__)

#: News makes a connection sync at once, but not more often than this: a bookkeeper at work makes many events.
_GAP = timedelta(seconds=15)
#: An event may be under way for this long before it counts as lost.
GRACE = timedelta(minutes=10)
#: The meter looks back this far.
METERED = timedelta(days=7)
#: How long what was told and found is kept.
KEPT = timedelta(days=35)


class Unsigned(Exception):
    """The body does not bear the signature of the package; nothing of it is believed."""


class Headers(Protocol):
    """The headers of a request, looked up without regard to case."""

    def get(self, key: str, default: str) -> str:
        """Return a header's value."""
        ...


@dataclass(frozen=True, slots=True)
class Meter:
    """How well webhooks tell what the sweeps find."""

    found: int
    missed: int
    last_heard: datetime | None

    @property
    def percent_missed(self) -> int | None:
        """Share of the finds that no webhook told, rounded; None if nothing was found."""
        return round(self.missed * 100 / self.found) if self.found else None


def receive(platform: Platform, provider: str, raw: bytes, headers: Headers) -> int:
    """Store what a package tells; return how many events were new.

    Events of companies that nobody is connected to are dropped.

    :raises Unsigned: the signature is missing or wrong, or the app has no key for it.
    """
    known = platform.provider(provider)
    signature = headers.get(known.webhook.SIGNATURE_HEADER, "")
    if not known.is_signed(raw, signature, platform.settings.provider(provider)):
        raise Unsigned
    try:
        notices = known.webhook.read_notices(raw)
    except (ValueError, TypeError, KeyError, AttributeError):
        _log.warning("webhook of an unknown form", provider=provider, size=len(raw))
        return 0  # it bears the signature, so sending it again would not help; the sweep finds what it told
    with contextlib.suppress(IntegrityError):
        return _keep(platform, provider, notices)
    return _keep(platform, provider, notices)  # the same delivery came twice at this moment


def _keep(platform: Platform, provider: str, notices: tuple[Notice, ...]) -> int:
    if not notices:
        return 0
    now = platform.clock()
    with platform.database.write() as session:
        rows = inbox.connections_of(session, provider, {notice.tenant_id for notice in notices})
        return sum(
            inbox.keep(session, row, [one for one in notices if one.tenant_id == row.remote_tenant_id], now)
            for row in rows
        )


def due(platform: Platform) -> list[tuple[str, str]]:
    """Return (id, organisation) of connections that webhooks give a reason to sync now.

    The echo of our own writes gives none, and neither does a connection that waits for a person or for its package.
    """
    now = platform.clock()
    with platform.database.read() as session:
        found = list(inbox.waiting(session))
    return [(connection_id, owner) for connection_id, owner in found if _has_news(platform, connection_id, now)]


def _has_news(platform: Platform, connection_id: str, now: datetime) -> bool:
    with platform.database.read() as session:
        row = session.get_one(ConnectionRow, connection_id)
        if row.wait_until is not None and row.wait_until > now:
            return False
        if row.last_sync_at is not None and now < row.last_sync_at + _GAP:
            return False
        if row.brake is not None and not row.brake["released_by"]:
            return False
        news, echoes = _sorted(session, connection_id)
    if echoes and not news:
        with platform.database.write() as session:
            inbox.take(session, connection_id, until=max(row.received_at for row in echoes), now=now)
    return bool(news)


def _sorted(session: Session, connection_id: str) -> tuple[list[NoticeRow], list[NoticeRow]]:
    rows = inbox.untaken(session, connection_id)
    known = inbox.last_changes(session, connection_id, rows)
    news: list[NoticeRow] = []
    echoes: list[NoticeRow] = []
    for row in rows:
        echo = is_echo(_notice(row), known.get((row.family or "", row.remote_id)))
        (echoes if echo else news).append(row)
    return news, echoes


def _notice(row: NoticeRow) -> Notice:
    return Notice(
        key=row.key,
        tenant_id="",
        family=Family(row.family) if row.family else None,
        remote_id=row.remote_id,
        at=row.at,
        happening=Happening(row.happening),
        merged_id=row.merged_id,
    )


def take_in(work: Work, *, until: datetime) -> None:
    """After the feed was read: note what it does not tell, which entity went into which; the rest is known now.

    :param until: when the reading began; what came later waits for the next run.
    """
    with work.platform.database.write() as session:
        row = session.get_one(ConnectionRow, work.connection_id)
        for notice in inbox.merges(session, work.connection_id):
            _merge(session, row, notice)
        inbox.take(session, work.connection_id, until=until, now=work.platform.clock())


def _merge(session: Session, connection: ConnectionRow, notice: NoticeRow) -> None:
    """Tie the entity that is gone to the one it went into, so that the question about it can offer to follow."""
    family = Family(notice.family or Family.CUSTOMER)
    found = counterparts.by_remote_ids(session, connection.id, family, [notice.merged_id or ""])
    lost = found.get(notice.merged_id or "")
    if lost is not None and lost.merged_into is None:
        lost.merged_into, lost.active = notice.remote_id, False
        counterparts.hear(session, connection.id, family, [lost.remote_id])


def note_finds(work: Work, session: Session, connection: ConnectionRow, news: list[RemoteRecord]) -> None:
    """Write down for the meter what a sweep found changed by others, of the families that webhooks tell of.

    Without a key for its webhooks nothing can be told, so that there is nothing to compare with.
    """
    if work.platform.settings.provider(work.provider.name).webhook_secret is None:
        return
    told = work.provider.webhook.TOLD
    finds = [one for one in news if one.family in told and not work.echoes.expects(one)]
    inbox.note_finds(session, connection, finds, work.platform.clock())


def meter(session: Session, connection_id: str, now: datetime) -> Meter:
    """Return how well webhooks tell what the sweeps find."""
    found, missed = inbox.meter(session, connection_id, since=now - METERED, until=now - GRACE)
    return Meter(found, missed, inbox.last_heard(session, connection_id))
