"""What a run came to, as values that two lives can be compared by: both books, our links, what was told."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from service.store.accounts import Event
from service.store.base import Base
from service.store.credit_models import AllocationRow
from service.store.records import ContactRow, CustomerRow, InvoiceLineRow, InvoiceRow, PaymentRow
from service.store.sync_models import CallRow, CounterpartRow, IntentRow, LinkRow
from tests.sync.ledger import books_of
from tests.sync.office import Office

_RECORDS: tuple[type[Base], ...] = (CustomerRow, ContactRow, InvoiceRow, InvoiceLineRow, PaymentRow, AllocationRow)
#: Columns that differ from life to life without meaning anything.
_VOLATILE = frozenset({"created_at", "updated_at", "sort_key", "reference"})
#: Members of a baseline that hold the package's ids.
_REMOTE = frozenset({"customer", "invoice", "parent", "applied", "credit"})
#: Members that only the package reckons: they are agreed on whenever they happen to be compared.
_RECKONED = frozenset({"amount_due", "amount_paid", "subtotal", "tax_total", "total"})
_SENT = ("sent as new", "sent", "archived there", "restored there", "voided there", "deleted there")

Lines = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How things stand when all has settled; ``writes`` are the requests to write that it took."""

    there: Lines
    here: Lines
    dots: Mapping[str, int]
    writes: int


def outcome_of(office: Office) -> Outcome:
    """Take everything down that must not depend on what went wrong."""
    with office.platform.database.read() as session:
        ranks = dict(_ranks(session))
        here = {table.__tablename__: list(_rows(session, table, ranks)) for table in _RECORDS}
        here["link"] = sorted(_link(link, ranks) for link in session.scalars(select(LinkRow)))
        here["counterpart"] = sorted(
            f"{row.family} {row.name}, active {row.active}, deleted {row.deleted}"
            for row in session.scalars(select(CounterpartRow))
        )
        told = session.execute(select(Event.record_id, Event.verb).where(Event.verb.in_(_SENT)))
        here["told"] = sorted(
            f"{ranks.get(str(record), record)} {verb}, {times} times"
            for (record, verb), times in Counter((record, verb) for record, verb in told).items()
        )
    return Outcome(books_of(office.package.sandbox), here, office.counts(), office.writes())


def left_open(office: Office) -> Iterator[str]:
    """Say what is not closed, tied twice or not tied at all."""
    with office.platform.database.read() as session:
        for table in (CallRow, IntentRow):
            number = session.scalar(select(func.count()).select_from(table).where(table.closed_at.is_(None)))
            if number:
                yield f"{number} rows of {table.__tablename__} are still open"
    links = office.links()
    for what, keys in (
        ("records are tied more than once", [(link.entity, link.record_id) for link in links]),
        ("counterparts are tied more than once", [(link.family, link.remote_id) for link in links if link.remote_id]),
    ):
        if doubled := [key for key, times in Counter(keys).items() if times > 1]:
            yield f"{what}: {doubled}"
    if red := [problem.document for problem in office.problems()]:
        yield f"a person is asked: {red}"


def differences(expected: Outcome, found: Outcome) -> Iterator[str]:
    """Say where two outcomes differ."""
    for side, before, after in (("there", expected.there, found.there), ("here", expected.here, found.here)):
        for kind in before.keys() | after.keys():
            yield from (f"{side}, {kind}: {line}" for line in _compared(before.get(kind, []), after.get(kind, [])))
    if expected.dots != found.dots:
        yield f"dots: {dict(found.dots)} and not {dict(expected.dots)}"


def _compared(expected: Iterable[str], found: Iterable[str]) -> Iterator[str]:
    """Say which lines differ; of two that describe the same record only how."""
    wanted, present = Counter(expected), Counter(found)
    missing, strange = sorted((wanted - present).elements()), sorted((present - wanted).elements())
    if len(missing) == len(strange) and all(line.startswith("{") for line in (*missing, *strange)):
        for before, after in zip(missing, strange, strict=True):
            yield _change(json.loads(before), json.loads(after))
        return
    yield from (f"missing: {line}" for line in missing)
    yield from (f"not expected: {line}" for line in strange)


def _change(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    said = "; ".join(f"{name} is {after.get(name)!r} and not {before.get(name)!r}" for name in names)
    called = (after.get(name) for name in ("record", "id", "Name", "DisplayName", "InvoiceNumber", "DocNumber"))
    return f"{next((one for one in called if one), '?')}: {said}"


def _ranks(session: Any) -> Iterator[tuple[str, str]]:
    """Yield what to call each record: ids grow with time, so the nth of its kind is the same one in every life."""
    for table in _RECORDS:
        if table is InvoiceLineRow:
            continue
        ids = session.scalars(select(table.__table__.c.id).order_by(table.__table__.c.id))
        yield from ((found, f"{table.__tablename__} {rank}") for rank, found in enumerate(ids, start=1))


def _rows(session: Any, what: type[Base], ranks: Mapping[str, str]) -> Iterator[str]:
    table = what.__table__
    for row in session.execute(select(table).order_by(*table.primary_key)).mappings():
        shown = {name: value for name, value in row.items() if name not in _VOLATILE}
        yield json.dumps({name: ranks.get(str(value), str(value)) for name, value in shown.items()})


def _link(link: LinkRow, ranks: Mapping[str, str]) -> str:
    baseline = link.baseline or {"fields": {}}
    fields = {name: value for name, value in baseline["fields"].items() if name not in _REMOTE | _VOLATILE | _RECKONED}
    facts = {
        "record": ranks.get(link.record_id, link.record_id),
        "generation": link.generation,
        "retired": link.retired_why if link.retired_at else None,
        "tied": link.remote_id is not None,
        # A life that is over waits for nothing, whatever is heard of it.
        "waiting": None if link.retired_at else (link.wanted - link.confirmed, link.heard - link.settled),
        "intent": (link.intent_open, link.intent_unknown, link.doubts),
        "losses": link.losses,
        "readback": link.readback,
        "baseline": {**baseline, "fields": fields},
        "named": sorted(_REMOTE & baseline["fields"].keys()),
    }
    return json.dumps(facts, sort_keys=True)
