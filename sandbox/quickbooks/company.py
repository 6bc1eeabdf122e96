"""One company file in memory: rows, their versions and times, and the indexes between them.

Rows are replaced, never changed in place. Nothing here takes the lock: whoever calls holds it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.quickbooks import faults
from sandbox.quickbooks.fields import ENTITIES, NAME_LISTS, SALES_FORMS, TRANSACTIONS

Body = dict[str, Any]
Key = tuple[str, str]


@dataclass(slots=True, kw_only=True)
class Row:
    """One stored record."""

    kind: str
    id: str
    token: int  #: SyncToken
    body: Body  #: writable and service-made fields, without those that are computed on the way out
    created: datetime
    updated: datetime  #: LastUpdatedTime; whole seconds, as the service stores it
    editor: str  #: who saved it last; a stale update is told this name

    @property
    def active(self) -> bool:
        """Whether the row is in use; transactions always are."""
        return bool(self.body.get("Active", True))

    @property
    def name(self) -> str:
        """The name under which lists show it; empty for transactions."""
        return str(self.body.get("DisplayName") or self.body.get("Name") or "")


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is left of a deleted or merged record."""

    kind: str
    id: str
    when: datetime  #: from when on the change feed tells of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A change that webhooks tell of."""

    realm: str
    kind: str
    id: str
    operation: str  #: Create, Update, Delete, Merge, Void or Emailed
    when: datetime
    deleted_id: str | None = None


@dataclass(kw_only=True)
class CompanySettings:
    """How the company is set up; a bookkeeper changes it while the sandbox runs."""

    name: str
    country: str = "US"  #: ISO 3166 alpha-2; anything but US has tax codes per line
    currency: str = "USD"
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("America/Los_Angeles"))
    multicurrency: bool = False
    custom_numbers: bool = True  #: DocNumber is the sender's business; off: the service numbers
    warn_duplicate_numbers: bool = True  #: with custom numbers: 6140 on a number in use
    using_sales_tax: bool = True
    automated_sales_tax: bool = False  #: the service computes US tax itself
    books_closed: date | None = None  #: documents up to this day are closed (6210)
    subscribed: bool = True  #: off: writes end in 6190
    class_tracking: str = ""  #: classes: "line", "transaction", or none
    departments: bool = False  #: locations
    default_item: str | None = None  #: Id of the item of a line without ItemRef
    balance_blocks_deactivation: bool = True  #: off: a credit memo evens the balance out, as the pages do
    iso3_countries: bool = True  #: countries come back as ISO 3166 alpha-3
    write_seconds: float = 0.0  #: real seconds that a write to the name lists takes


class Company:
    """A company file."""

    def __init__(self, realm: str, settings: CompanySettings, now: Callable[[], datetime]) -> None:
        self.realm = realm
        self.settings = settings
        self.tombstones: list[Tombstone] = []
        self.events: list[Event] = []
        self.mails: list[dict[str, Any]] = []  #: documents that were mailed: Id, DocNumber, To, Cc, Bcc
        self.misstored: dict[str, Any] = {}  #: fields that the next invoice is stored with, whatever it says
        self.hidden: set[Key] = set()  #: rows that the rest of a batch must not see yet
        self.clock = now
        self._tables: dict[str, dict[str, Row]] = {kind: {} for kind in ENTITIES.values()}
        self._counters: defaultdict[str, int] = defaultdict(int)
        self._applied: defaultdict[Key, dict[str, Decimal]] = defaultdict(dict)
        self._documents: defaultdict[str, dict[Key, None]] = defaultdict(dict)
        self._children: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._names: defaultdict[str, set[Key]] = defaultdict(set)
        self._numbers: defaultdict[tuple[str, str], set[str]] = defaultdict(set)

    def copy(self) -> Company:
        """Return the same books as a file of their own; bodies are shared, because they are never changed in place."""
        twin = Company(self.realm, replace(self.settings), self.clock)
        twin.tombstones = list(self.tombstones)
        twin._counters = self._counters.copy()
        for kind, rows in self._tables.items():
            for row_id, row in rows.items():
                twin._tables[kind][row_id] = replace(row)
                twin._index(row)
        return twin

    def now(self) -> datetime:
        """Return the time, UTC, in whole seconds."""
        return self.clock().astimezone(UTC).replace(microsecond=0)

    def stamp(self, when: datetime) -> str:
        """Write a time with the company's offset, in seconds."""
        return when.astimezone(self.settings.zone).isoformat(timespec="seconds")

    def answer_time(self) -> str:
        """Write the current time as answers carry it, in milliseconds."""
        return self.clock().astimezone(self.settings.zone).isoformat(timespec="milliseconds")

    def today(self) -> str:
        """Return the company's current date."""
        return self.clock().astimezone(self.settings.zone).date().isoformat()

    def next_number(self, counter: str) -> str:
        """Count one up in the named series and return the number."""
        self._counters[counter] += 1
        return str(self._counters[counter])

    def rows(self, kind: str) -> list[Row]:
        """Return the rows of one entity by ascending Id."""
        return sorted(self._tables[kind].values(), key=lambda row: int(row.id))

    def find(self, kind: str, row_id: str) -> Row | None:
        """Return the row, or None if there is none or it was made in the batch under way."""
        return None if (kind, row_id) in self.hidden else self._tables[kind].get(row_id)

    def require(self, kind: str, row_id: str) -> Row:
        """Return the row.

        :raises Fault: 2030 for an id that is no number, 610 when there is no such row.
        """
        if not row_id.isdigit():
            raise faults.invalid_id(row_id)
        row = self.find(kind, row_id)
        if row is None:
            name_list = "This object was deleted or merged." if kind not in TRANSACTIONS else None
            raise faults.not_found(name_list) if name_list else faults.not_found()
        return row

    def insert(
        self, kind: str, body: Body, *, editor: str, row_id: str | None = None, when: datetime | None = None
    ) -> Row:
        """Store a new row; without an id it gets the next one of its series."""
        row_id = row_id or self.next_number(_series(kind))
        self._counters[_series(kind)] = max(self._counters[_series(kind)], int(row_id))
        moment = when or self.now()
        row = Row(kind=kind, id=row_id, token=0, body=body, created=moment, updated=moment, editor=editor)
        self._tables[kind][row_id] = row
        self._index(row)
        self.tell(row, "Create")
        return row

    def save(self, row: Row, body: Body, *, editor: str, operation: str = "Update") -> Row:
        """Replace a row's body and raise its SyncToken."""
        self._unindex(row)
        row.body = body
        row.token += 1
        row.updated = max(row.updated, self.now())
        row.editor = editor
        self._index(row)
        self.tell(row, operation)
        return row

    def touch(self, row: Row, *, bump: bool = False) -> None:
        """Move a row's LastUpdatedTime because something it shows has changed; ``bump`` raises SyncToken too."""
        row.updated = max(row.updated, self.now())
        row.token += int(bump)

    def remove(self, row: Row, *, when: datetime | None = None, silent: bool = False) -> None:
        """Delete a row; the change feed tells of it from ``when`` on (default: now)."""
        self._unindex(row)
        del self._tables[row.kind][row.id]
        self.tombstones.append(Tombstone(row.kind, row.id, when or self.now()))
        if not silent:
            self.tell(row, "Delete")

    def tell(self, row: Row, operation: str, deleted_id: str | None = None) -> None:
        """Note a change for the webhooks."""
        self.events.append(
            Event(
                realm=self.realm,
                kind=row.kind,
                id=row.id,
                operation=operation,
                when=self.now(),
                deleted_id=deleted_id,
            )
        )

    def holders_of(self, name: str) -> list[Row]:
        """Return customers, vendors and employees of this display name, active or not, whatever its case."""
        return [self._tables[kind][row_id] for kind, row_id in sorted(self._names[name.strip().casefold()])]

    def with_number(self, kind: str, number: str) -> set[str]:
        """Return the ids of the documents of one entity that carry the number."""
        return self._numbers[kind, number]

    def has_currency(self, code: str) -> bool:
        """Tell whether a foreign currency is switched on."""
        return any(row.body["Code"] == code and row.active for row in self.rows("CompanyCurrency"))

    def children_of(self, customer_id: str) -> list[Row]:
        """Return a customer's direct sub-customers, inactive ones too."""
        return [self._tables["Customer"][child] for child in self._children[customer_id]]

    def documents_of(self, customer_id: str) -> list[Row]:
        """Return a customer's own transactions."""
        return [self._tables[kind][row_id] for kind, row_id in self._documents[customer_id]]

    def applied_to(self, kind: str, row_id: str) -> Mapping[str, Decimal]:
        """Return what each payment (by Id) applies to an invoice or takes from a credit memo."""
        return self._applied[kind, row_id]

    def _index(self, row: Row) -> None:
        for index, key in self._places(row):
            index[key] = None
        if row.kind in NAME_LISTS and row.name:
            self._names[row.name.casefold()].add((row.kind, row.id))
        if row.body.get("DocNumber"):
            self._numbers[row.kind, row.body["DocNumber"]].add(row.id)
        for key, amount in applications(row):
            shares = self._applied[key]
            shares[row.id] = shares.get(row.id, Decimal(0)) + amount

    def _unindex(self, row: Row) -> None:
        for index, key in self._places(row):
            index.pop(key, None)
        if row.kind in NAME_LISTS:
            self._names[row.name.casefold()].discard((row.kind, row.id))
        if row.body.get("DocNumber"):
            self._numbers[row.kind, row.body["DocNumber"]].discard(row.id)
        for key, _ in applications(row):
            self._applied[key].pop(row.id, None)

    def _places(self, row: Row) -> Iterator[tuple[dict[Any, None], Any]]:
        if row.kind in TRANSACTIONS:
            yield self._documents[ref_id(row.body, "CustomerRef")], (row.kind, row.id)
        if row.kind == "Customer" and "ParentRef" in row.body:
            yield self._children[ref_id(row.body, "ParentRef")], row.id


def ref_id(body: Mapping[str, Any], name: str) -> str:
    """Return the id that a reference points to, or the empty string."""
    return str((body.get(name) or {}).get("value", ""))


def applications(row: Row) -> Iterator[tuple[Key, Decimal]]:
    """Yield what a payment's lines apply to which document; nothing for other rows."""
    if row.kind != "Payment":
        return
    for line in row.body.get("Line", ()):
        for linked in line.get("LinkedTxn", ()):
            yield (linked["TxnType"], linked["TxnId"]), line["Amount"]


def _series(kind: str) -> str:
    if kind in NAME_LISTS:
        return "names"
    if kind in SALES_FORMS or kind == "Payment":
        return "transactions"
    return kind
