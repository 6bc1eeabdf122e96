"""A package's books as values that two runs can be compared by: what a bookkeeper sees, without ids and times."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from sandbox.common.sandbox import Sandbox

#: Members that differ from run to run: ids, moments, what is made of them, numbers that are given as credits arrive.
_VOLATILE = re.compile(r"(^(Id|CreditNoteNumber)$|ID$|^(id|domain|MetaData)$|UTC$|^history$|^mails$|^ClientEntityId$)")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_OWN_REFERENCE = re.compile(r"(?<=-)[0-9a-f]{12}$|^[0-9a-f]{32}$")
_NAMES = ("DisplayName", "DocNumber", "InvoiceNumber", "Name")
_DOCUMENT_IDS = ("TxnId",)


def books_of(sandbox: Sandbox) -> dict[str, list[str]]:
    """Return every record of the first company as one line of text each, sorted, by kind.

    Records name each other by what people call them; the version that a package counts up with every change stays, so
    that a needless write shows.
    """
    company = next(iter(sandbox.dump().values()))
    called = dict(_called(company))
    return {
        kind: sorted(json.dumps(_shown(record, called), sort_keys=True) for record in _records(rows))
        for kind, rows in company.items()
    }


def _records(rows: Any) -> list[Any]:
    return list(rows.values()) if isinstance(rows, dict) else list(rows)


def _called(company: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for rows in company.values():
        for record in _records(rows):
            names = ("Reference", "CreditNoteNumber") if "CreditNoteID" in record else _NAMES
            name = next((str(record[member]) for member in names if record.get(member)), None)
            if name is None:
                continue
            for member in ("ContactID", "InvoiceID", "CreditNoteID"):
                if member in record:
                    yield record[member], name
            if "DocNumber" in record:
                yield f"document {record['Id']}", name


def _shown(value: Any, called: dict[str, str]) -> Any:
    if isinstance(value, dict):
        if set(value) == {"value", "name"}:
            return value["name"]
        shown = {}
        for member, one in value.items():
            if member in _DOCUMENT_IDS:
                shown[member] = called.get(f"document {one}", "another document")
            elif isinstance(one, str) and one in called:
                shown[member] = called[one]
            elif not _VOLATILE.search(member):
                shown[member] = _shown(one, called)
        return shown
    if isinstance(value, list):
        return [_shown(one, called) for one in value]
    if isinstance(value, str):
        return called.get(value) or _OWN_REFERENCE.sub("ours", _UUID.sub("an id", value))
    return value
