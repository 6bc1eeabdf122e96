"""Batches: up to 30 items, each with its own success or fault, in one answer with status 200.

Items run one after the other but do not see each other: what one creates, another cannot refer to, and queries
answer from before the batch (developer.intuit.com, Batch operations).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sandbox.quickbooks import faults
from sandbox.quickbooks.company import Company
from sandbox.quickbooks.fields import ENTITIES, NAME_LISTS
from sandbox.quickbooks.operations import Write, run
from sandbox.quickbooks.reads import run_query

MOST_ITEMS = 30
#: Longest bId of a batch that carries a requestid.
LONGEST_BATCH_ID = 10

Refusal = Callable[[int, Any], faults.Fault | None]


def items_of(request: Any, *, has_request_id: bool) -> list[Mapping[str, Any]]:
    """Return the items of a batch request.

    :raises Fault: for a batch that is refused as a whole: 1040 above 30 items, 2010, 2020, or 2050 for a long bId.
    """
    items = request.get("BatchItemRequest") if isinstance(request, Mapping) else None
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise faults.missing("BatchItemRequest")
    if len(items) > MOST_ITEMS:
        detail = f"Batch size exceeds allowed limit : The maximum number of items in a batch is {MOST_ITEMS}."
        raise faults.Fault("1040", "Batch size exceeds allowed limit", detail)
    seen = [str(item.get("bId", "")) for item in items]
    if "" in seen:
        raise faults.missing("bId")
    if len(set(seen)) < len(seen):
        raise faults.Fault("2600", "Invalid Request Conflict Element in Request", "bId must be unique.", "bId")
    for batch_id in seen:
        if has_request_id and len(batch_id) > LONGEST_BATCH_ID:
            raise faults.too_long("bId", limit=LONGEST_BATCH_ID, length=len(batch_id))
    return items


def run_items(
    company: Company, items: list[Mapping[str, Any]], *, editor: str, refuse: Refusal
) -> list[dict[str, Any]]:
    """Run the items and return their answers in order; ``refuse`` may put a fault in an item's place."""
    queries = {str(item["bId"]): _attempt(partial(_query, company, item)) for item in items if "Query" in item}
    answers = []
    try:
        for position, item in enumerate(items):
            batch_id = str(item["bId"])
            told = refuse(position, item)
            if told is not None:
                answer: dict[str, Any] = {"Fault": told.body()}
            elif batch_id in queries:
                answer = queries[batch_id]
            else:
                answer = _attempt(partial(_write, company, item, editor=editor))
            answers.append({**answer, "bId": batch_id})
    finally:
        company.hidden.clear()
    return answers


def writes_names(items: list[Mapping[str, Any]]) -> bool:
    """Say whether any item writes to a name list."""
    return any(kind in item for item in items for kind in NAME_LISTS)


def _attempt(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return work()
    except faults.Fault as fault:
        return {"Fault": fault.body()}


def _query(company: Company, item: Mapping[str, Any]) -> dict[str, Any]:
    return {"QueryResponse": run_query(company, str(item["Query"]))}


def _write(company: Company, item: Mapping[str, Any], *, editor: str) -> dict[str, Any]:
    kinds = [kind for kind in ENTITIES.values() if kind in item]
    if len(kinds) != 1 or not isinstance(item[kinds[0]], Mapping):
        raise faults.missing("BatchItemRequest entity")
    kind = kinds[0]
    options = [option.strip() for option in str(item.get("optionsData", "")).split(",") if option.strip()]
    operation = str(item.get("operation", "")).lower()
    if operation not in ("create", "update", "delete", "void"):
        raise faults.unsupported_operation(operation or "missing")
    body: Mapping[str, Any] = item[kind]
    if operation == "create" and body.get("Id") not in (None, ""):
        raise faults.unsupported_property("Id")
    write = Write(
        kind=kind,
        operation="void" if "void" in options and operation == "update" else operation,
        body=body,
        allow_duplicate="allowduplicatedocnum" in options,
    )
    answer = run(company, write, editor=editor)
    if operation == "create":
        company.hidden.add((kind, answer["Id"]))
    return {kind: answer}
