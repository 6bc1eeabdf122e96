"""How many calls it takes to look at the other side, out of what is known of it: no call, and nothing written."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.orm import Session

from service.core import forecast, spent
from service.core.errors import CursorExpired
from service.core.kind import families_of
from service.core.model import Customer, Invoice, Payment
from service.core.ports import Capabilities, Connector, Cursor, Family
from service.store.queries import budgets, forecasts
from service.store.sync_models import ConnectionRow
from service.sync.books import lists_outdated
from service.sync.planner import Decision
from service.sync.platform import Platform

#: Calls that reading a package's lists takes, as long as that was never done.
_LISTS = 1


def calls_to_look(
    platform: Platform, session: Session, row: ConnectionRow, connector: Connector, *, full: bool = False
) -> int:
    """Return the calls that a run makes before it compares anything.

    :param full: it reads everything there, not only what changed.
    """
    capabilities = platform.provider(row.provider).capabilities
    lists = _lists(session, row) if full or lists_outdated(row, platform.clock()) else 0
    try:
        starts = {} if row.cursor is None or full else connector.reach(Cursor(row.cursor))
    except CursorExpired:
        starts = {}
    if starts:
        return lists + forecast.feed_calls(capabilities, starts, forecasts.changed_since(session, row.id, starts))
    families = capabilities.names_unique_over | {Family.CUSTOMER}
    if full:
        families |= families_of(capabilities, platform.provider(row.provider).mappers)
        families -= {Family.ALLOCATION}  # told with their credit notes, by no list of their own
    known = forecasts.known(session, row.id)
    return lists + forecast.everything_calls(capabilities, {family: known.get(family, 0) for family in families})


def echoes_of(capabilities: Capabilities, decision: Decision) -> tuple[tuple[Family, str], list[tuple[Family, str]]]:
    """Return what the change feed will show of a write, and what the write moves besides, by our own ids."""
    case = decision.case
    return (capabilities.family_of[case.ref.kind], case.ref.id), list(_moved(decision))


def _moved(decision: Decision) -> Iterator[tuple[Family, str]]:
    record, expected = decision.case.record, decision.expected
    if expected is None or record is None or isinstance(record, Customer):
        return
    if isinstance(record, Invoice | Payment) and isinstance(expected.get("customer"), str):
        yield Family.CUSTOMER, record.customer_id
    invoice = expected.get("invoice")
    if isinstance(record, Payment) and isinstance(invoice, str):
        yield Family.INVOICE, record.invoice_id or invoice


def _lists(session: Session, row: ConnectionRow) -> int:
    known = spent.from_json(budgets.spent(session, row.provider, row.remote_tenant_id or ""))
    return _LISTS if known.lists is None else known.lists
