"""Reads over many rows: the query endpoint and the change feed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sandbox.quickbooks import faults, query
from sandbox.quickbooks.company import Company, Row, Tombstone
from sandbox.quickbooks.fields import ENTITIES, NOT_IN_FEED, is_property
from sandbox.quickbooks.render import rendered, stub

LOOK_BACK = timedelta(days=30)
FEED_LIMIT = 1000


def run_query(company: Company, statement: str) -> dict[str, Any]:
    """Run one statement and return the QueryResponse object.

    :raises Fault: 4000 or 4001 for the statement.
    """
    parsed = query.parse(statement)
    if parsed.entity not in ENTITIES.values():
        raise query.validation_failure(f"{parsed.entity} is not a queryable entity; names are case sensitive.")
    for name in [condition.name for condition in parsed.where] + [name for name, _ in parsed.order]:
        if not is_property(parsed.entity, name):
            raise query.validation_failure(f"Property {name} not found for Entity {parsed.entity}")
    rows = (rendered(company, row) for row in company.rows(parsed.entity))
    found = query.select(rows, parsed, company.settings.zone)
    if parsed.count:
        return {"totalCount": len(found)}
    page = [dict(row) for row in query.page(found, parsed)]
    if parsed.entity == "Item" and "Sku" not in parsed.extra:
        for row in page:
            row.pop("Sku", None)
    if not page:
        return {}
    return {parsed.entity: page, "startPosition": parsed.start, "maxResults": len(page)}


def changes(company: Company, entities: Sequence[str], since: str) -> list[dict[str, Any]]:
    """Return the feed's QueryResponse objects, one per entity in the order asked, newest change first.

    At most 1000 objects are answered in all: the newest ones. Who gets 1000 has missed some.

    :raises Fault: 2000 for an entity the feed does not serve, 2190 for a time past the look-back, 2060 for no time.
    """
    moment = _since(company, since)
    found: list[tuple[datetime, str, Row | Tombstone]] = []
    for entity in entities:
        if entity not in ENTITIES.values() or entity in NOT_IN_FEED:
            raise faults.Fault(
                "2000", "Invalid or unsupported object name", f"The specified object name is unsupported: {entity}"
            )
        found += [(row.updated, entity, row) for row in company.rows(entity) if row.updated >= moment]
    now = company.now()
    found += [
        (grave.when, grave.kind, grave)
        for grave in company.tombstones
        if grave.kind in entities and moment <= grave.when <= now
    ]
    found.sort(key=lambda change: change[0], reverse=True)
    answers: dict[str, list[dict[str, Any]]] = {entity: [] for entity in entities}
    for _, entity, row in found[:FEED_LIMIT]:
        answers[entity].append(stub(company, row) if isinstance(row, Tombstone) else rendered(company, row))
    return [
        {entity: rows, "startPosition": 1, "maxResults": len(rows)} if rows else {} for entity, rows in answers.items()
    ]


def _since(company: Company, since: str) -> datetime:
    try:
        # A plus sign that was not escaped arrives as a blank.
        moment = query.moment(since.replace(" ", "+"), company.settings.zone)
    except ValueError:
        raise faults.invalid_date("changedSince", since) from None
    if moment < company.now() - LOOK_BACK:
        raise faults.Fault(
            "2190", "Invalid Date Range", "changedSince is more than 30 days ago; narrow the window.", "changedSince"
        )
    return moment.replace(microsecond=0)
