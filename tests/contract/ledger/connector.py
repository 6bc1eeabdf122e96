"""One CSV file as a company: batches with an outcome per element, versions, keys, a change feed by time.

Three files beside it make trouble, each once: ``.lost`` loses the answer of a write that was made, ``.deaf`` loses the
request, ``.busy`` has it come back later. A file ``.closed`` takes the permission away.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from service.core.errors import (
    AuthorizationLost,
    DuplicateName,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    StaleVersion,
    ValidationFailed,
)
from service.core.intent import Operation
from service.core.names import name_key
from service.core.ports import (
    Answer,
    Capabilities,
    ChangePage,
    Company,
    Cursor,
    Element,
    EntityKind,
    Family,
    Lane,
    Limits,
    Outcome,
    Reference,
    RemoteRecord,
    Request,
    Written,
)
from tests.contract.ledger import book

_SIZE = 20
_FAMILIES = frozenset({Family.CUSTOMER, Family.INVOICE})

CAPABILITIES = Capabilities(
    package="Ledger",
    kinds=frozenset({EntityKind.CUSTOMER, EntityKind.INVOICE}),
    family_of={EntityKind.CUSTOMER: Family.CUSTOMER, EntityKind.INVOICE: Family.INVOICE},
    native_depth=1,
    names_unique_over=frozenset({Family.CUSTOMER}),
    name_limit=80,
    inactive_names_block=False,
    name_forbidden=frozenset(),
    key_window=timedelta(hours=1),
    errors_replayed=False,
    page_size=1000,
    limits=Limits(),
)


def connect(
    *, urls: Mapping[str, str], tenant_id: str, access_token: Callable[[], str], timeout: float, clock: Any
) -> LedgerConnector:
    """Return a connector for the file that the tenant id names."""
    del urls, timeout
    return LedgerConnector(Path(tenant_id), access_token, clock)


class LedgerConnector:
    """One file."""

    def __init__(self, path: Path, access_token: Callable[[], str], clock: Callable[[], datetime]) -> None:
        self._path, self._access_token, self._clock = path, access_token, clock
        self._calls = 0

    @property
    def capabilities(self) -> Capabilities:
        """What a file can do."""
        return CAPABILITIES

    @property
    def calls_made(self) -> int:
        """How often the file was opened."""
        return self._calls

    @property
    def calls_left_today(self) -> int | None:
        """None: a file is patient."""
        return None

    def lane(self, element: Element) -> Lane:
        """Tell that everything of one kind rides together."""
        return Lane(element.kind.value, _SIZE)

    def pack(self, elements: Sequence[Element], *, key: str) -> Request:
        """Build a request: one line of JSON per element."""
        lines = [
            {
                "family": CAPABILITIES.family_of[one.kind].value,
                "operation": one.operation.value,
                "id": one.remote_id,
                "version": one.version,
                "body": dict(one.body),
            }
            for one in elements
        ]
        return Request(
            method="POST",
            path="/rows",
            query=(),
            content="\n".join(json.dumps(line) for line in lines),
            content_type="application/jsonl",
            key=key,
        )

    def send(self, request: Request, *, count: int) -> Answer:
        """Write the rows, once for a key."""
        self._open()
        if self._trouble(".busy"):
            raise RateLimited("The file is in use.", retry_after=timedelta(seconds=30))
        if self._trouble(".deaf"):
            raise OutcomeUnknown("The request got lost.")
        lines = [json.loads(line) for line in request.content.split("\n")]
        with book.opened(self._path) as rows:
            outcomes = tuple(
                self._write(rows, line, f"{request.key}:{number}") for number, line in enumerate(lines[:count])
            )
        if self._trouble(".lost"):
            raise OutcomeUnknown("The answer got lost.")
        told = [type(one).__name__ for one in outcomes]
        return Answer(outcomes=outcomes, status=200, request_id=None, content=json.dumps(told))

    def changes(self, since: Cursor, only: frozenset[Family] | None = None) -> Iterator[ChangePage]:
        """Yield the rows written since."""
        self._open()
        now = self._clock()
        rows = [row for row in book.read(self._path) if row["modified"] >= since]
        records = [record for record in map(_record, rows) if only is None or record.family in only]
        yield ChangePage(records=records, cursor=Cursor(now.isoformat()))

    def reach(self, since: Cursor) -> Mapping[Family, datetime]:
        """Return the moment that the cursor is."""
        return dict.fromkeys(_FAMILIES, datetime.fromisoformat(since))

    def everything(self, families: frozenset[Family]) -> Iterator[ChangePage]:
        """Yield all rows of the families."""
        self._open()
        now = self._clock()
        records = [record for record in map(_record, book.read(self._path)) if record.family in families]
        yield ChangePage(records=records, cursor=Cursor(now.isoformat()))

    def fetch(self, family: Family, remote_id: str) -> RemoteRecord | None:
        """Return one row."""
        self._open()
        found = (row for row in book.read(self._path) if (row["family"], row["id"]) == (family.value, remote_id))
        return next((_record(row) for row in found), None)

    def reference(self) -> Reference:
        """Return a company without lists."""
        self._open()
        return Reference(
            company=Company(
                tenant_id=str(self._path), name=self._path.stem, base_currency="USD", currencies=frozenset({"USD"})
            )
        )

    def _open(self) -> None:
        self._calls += 1
        if not self._access_token() or self._path.with_suffix(".closed").exists():
            raise AuthorizationLost("revoked", "The file was taken away.")

    def _trouble(self, kind: str) -> bool:
        mark = self._path.with_suffix(kind)
        if not mark.exists():
            return False
        mark.unlink()
        return True

    def _write(self, rows: list[book.Row], line: dict[str, Any], key: str) -> Outcome:
        """Write one element; a key that was taken before gives what it gave then."""
        before = next((row for row in rows if row["key"] == key), None)
        if before is not None:
            return Written(record=_record(before))
        creates = line["operation"] == Operation.CREATE
        row = None if creates else next((one for one in rows if one["id"] == line["id"]), None)
        if not creates and row is None:
            return NotFound("There is no such row.")
        if row is not None and line["version"] != row["version"]:
            return StaleVersion("Somebody wrote this row meanwhile.")
        changed = {**(row or dict.fromkeys(book.COLUMNS, "")), **line["body"], "family": line["family"]}
        fault = _fault(rows, changed, None if row is None else row["id"])
        if fault is not None:
            return fault
        if line["operation"] != Operation.UPDATE:
            changed["active"] = "no" if line["operation"] == Operation.ARCHIVE else "yes"
        changed["status"] = "voided" if line["operation"] == Operation.VOID else changed["status"]
        changed |= {"id": changed["id"] or uuid4().hex, "key": key, "modified": self._clock().isoformat()}
        changed["version"] = str(int(changed["version"] or 0) + 1)
        if row is None:
            rows.append(changed)
        else:
            row.update(changed)
        return Written(record=_record(changed))


def _fault(rows: list[book.Row], changed: book.Row, own: str | None) -> Outcome | None:
    if not changed["name"]:
        return ValidationFailed("A row needs a name.", field="name")
    taken = (row for row in rows if row["family"] == changed["family"] and row["active"] == "yes" and row["id"] != own)
    if any(name_key(row["name"]) == name_key(changed["name"]) for row in taken):
        return DuplicateName(f"'{changed['name']}' is there already.", field="name")
    return None


def _record(row: book.Row) -> RemoteRecord:
    return RemoteRecord(
        family=Family(row["family"]),
        remote_id=row["id"],
        version=row["version"],
        active=row["active"] == "yes",
        payload=dict(row),
        name=row["name"] or None,
        reference=row["reference"] or None,
        email=row["email"] or None,
        modified_at=datetime.fromisoformat(row["modified"]),
    )
