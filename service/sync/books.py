"""Reading the other side: its lists, everything in it, or what changed since the cursor."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from service.core.errors import ConnectionBroken, CursorExpired, SyncError
from service.core.kind import families_of
from service.core.ports import ChangePage, Cursor, Family
from service.store import leases
from service.store.queries import calls, counterparts, links
from service.store.sync_models import ConnectionRow
from service.sync import hold, inbox, mapping
from service.sync.documents import reference_from_json, reference_to_json
from service.sync.platform import Platform
from service.sync.work import Resting, Work

#: How long the reading of a company for the first time may hold the connection between two pages.
_READING = timedelta(minutes=5)
#: How old the lists may be: a period that was closed or opened there, or a currency, is known within that time.
LISTS_AGE = timedelta(hours=24)
#: What questions say is in the way that facts about the company decide: they are looked at again when those change.
COMPANY_CODES = frozenset({"closed_period", "currency_not_enabled"})


def read_first(platform: Platform, connection_id: str) -> None:
    """Read a company for the first time: its lists, and everybody in it that shares names with customers.

    What can't be read now is read when it is needed next; the connection says why.
    """
    holder = leases.new_holder()
    with platform.database.write() as session:
        now = platform.clock()
        if not leases.take(session, ConnectionRow, connection_id, holder=holder, now=now, span=_READING):
            return
    try:
        work = Work(platform, connection_id, holder=holder)
        read_lists(work)
        with platform.database.read() as session:
            begun = session.get_one(ConnectionRow, connection_id).cursor is not None
        if not begun:
            read_everything(work, first_families(work))
    except (ConnectionBroken, Resting) as error:
        with platform.database.write() as session:
            row = session.get_one(ConnectionRow, connection_id)
            row.problem = {"kind": "not_read_yet", "message": _sentence(error), "since": platform.clock().isoformat()}
    finally:
        with platform.database.write() as session:
            leases.release(session, ConnectionRow, connection_id, holder=holder)


def first_families(work: Work) -> frozenset[Family]:
    """Return what is read of a company on connecting: everybody that shares names with customers."""
    return work.capabilities.names_unique_over | {Family.CUSTOMER}


def all_families(work: Work) -> frozenset[Family]:
    """Return what a full reconciliation reads."""
    return first_families(work) | families_of(work.capabilities, work.provider.mappers)


def lists_outdated(row: ConnectionRow, now: datetime) -> bool:
    """Tell whether the lists have to be read before anything is decided by them."""
    return row.reference is not None and (row.reference_at is None or row.reference_at + LISTS_AGE <= now)


def read_lists(work: Work) -> None:
    """Read the package's lists and make every obvious choice that nobody has made yet."""
    made = work.connector.calls_made
    reference = work.patiently(work.connector.reference)
    work.lists_took(work.connector.calls_made - made)
    with work.platform.database.write() as session:
        row = session.get_one(ConnectionRow, work.connection_id)
        known = None if row.reference is None else reference_from_json(row.reference).company
        row.reference, row.reference_at = reference_to_json(reference), work.platform.clock()
        mapping.complete(work.platform, session, row, reference)
        row.organisation_name = reference.company.name or row.organisation_name
        if known is not None and known != reference.company:
            links.retry_coded(session, row, COMPANY_CODES, now=row.reference_at)


def read_everything(work: Work, families: frozenset[Family]) -> int:
    """Read every entity of the families, and start the change feed from there; return how many were news.

    :raises Braked: nothing of all that is linked is there any more.
    """
    started = work.platform.clock()
    news = work.patiently(lambda: _absorb(work, work.connector.everything(families), everything=True))
    hold.check_seen(work, families, started)
    with work.platform.database.write() as session:
        row = session.get_one(ConnectionRow, work.connection_id)
        return news + counterparts.bury_unseen(session, row, families, started)


def read_feed(work: Work, *, only: frozenset[Family] | None = None) -> int:
    """Read what changed since the cursor; everything, where the feed does not reach that far back.

    :param only: these families suffice, where the others would cost calls of their own.
    """
    with work.platform.database.read() as session:
        cursor = session.get_one(ConnectionRow, work.connection_id).cursor
    if cursor is None:
        return read_everything(work, first_families(work))
    try:
        news = work.patiently(lambda: _absorb(work, work.connector.changes(Cursor(cursor), only), everything=False))
    except CursorExpired:
        # In the middle of a run there is no need yet to know everything; the next run finds out what it takes.
        news = read_everything(work, all_families(work)) if only is None else 0
    if only is None and (asked := _in_doubt(work)):
        return news + read_feed(work, only=asked)
    work.echoes.were_shown(only)
    return news


def _in_doubt(work: Work) -> frozenset[Family]:
    """Return the families that the feed leaves out at times and that some write may have changed."""
    if not work.capabilities.lagging:
        return frozenset()
    with work.platform.database.read() as session:
        doubted = calls.open_families(session, work.connection_id)
    return work.capabilities.lagging if doubted & {one.value for one in work.capabilities.lagging} else frozenset()


def _absorb(work: Work, pages: Iterator[ChangePage], *, everything: bool) -> int:
    """Take in pages as they come. The cursor moves when the last one is in: reading a page twice does no harm."""
    news = 0
    cursor: Cursor | None = None
    for page in pages:
        cursor = page.cursor
        with work.platform.database.write() as session:
            row = session.get_one(ConnectionRow, work.connection_id)
            now = work.platform.clock()
            unexplained = [one for one in page.records if not work.echoes.explains(one)]
            fresh = counterparts.absorb(session, row, unexplained, now)
            counterparts.bury_parts(session, work.connection_id, page.records)
            news += len(fresh)
            if row.state == "live":
                inbox.note_finds(work, session, row, fresh)
            if everything:
                counterparts.saw(session, work.connection_id, page.records, now)
    if cursor is not None:
        with work.platform.database.write() as session:
            session.get_one(ConnectionRow, work.connection_id).cursor = cursor
    return news


def _sentence(error: SyncError) -> str:
    return f"The books could not be read yet: {error}"
