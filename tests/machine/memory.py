"""What people typed, on either side: each value is still there, or an event says who overwrote it and by which rule.

A value that its own side typed over is that person's own doing and is forgotten here. What the other side has never
been shown may not be overwritten by it, unless the field's owner is stated or a person chose.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.core.phone import clean_phone
from service.core.ports import EntityKind
from service.core.snapshot import FieldName, value_to_json
from service.store.accounts import Event
from service.store.records import ContactRow, CustomerRow, InvoiceRow
from service.store.sync_models import ConnectionRow, LinkRow
from service.sync.cases import ground_of
from tests.machine import truth
from tests.machine.law import need
from tests.machine.truth import Where
from tests.machine.world import World

Table = type[CustomerRow] | type[ContactRow] | type[InvoiceRow]
#: Fields of which neither side is the owner; what they hold is overwritten only by somebody who has seen it.
SHARED = frozenset({"phone", "email", "first_name", "website"})


@dataclass(slots=True)
class Typed:
    """A value, and whether the other side may overwrite it: it has been shown it, or a person has chosen since."""

    value: Any
    seen: bool = False


@dataclass(slots=True)
class Memory:
    """The newest value of each field that somebody typed, by side."""

    here: dict[tuple[Table, str, str], Typed] = field(default_factory=dict)
    there: dict[tuple[Where, FieldName], Typed] = field(default_factory=dict)

    def typed_here(self, table: Table, record_id: str, attribute: str, value: Any) -> None:
        """Note what was typed into a field of ours."""
        self.here[table, record_id, attribute] = Typed(value)

    def typed_there(self, where: Where, name: FieldName, value: Any) -> None:
        """Note what was typed into a field of theirs, as the mapper reads it."""
        self.there[where, name] = Typed(value)

    def forget_there(self, *entities: Where) -> None:
        """Forget entities that the bookkeeper has given up."""
        for key in [key for key in self.there if key[0] in entities]:
            del self.there[key]

    def agreed(self, records: Collection[str], entities: Collection[Where]) -> None:
        """Note records and entities of which both sides hold the same just now."""
        for (_, record_id, _), typed in self.here.items():
            typed.seen |= record_id in records
        for (where, _), typed in self.there.items():
            typed.seen |= where in entities

    def chosen(self) -> None:
        """Note that a person answered a question: whatever was typed until now may be overwritten by that."""
        for typed in (*self.here.values(), *self.there.values()):
            typed.seen = True

    def check(self, world: World) -> None:
        """Look for every value.

        :raises Breach: one is gone, and nothing says why.
        """
        with world.office.platform.database.read() as session:
            for (table, record_id, attribute), typed in list(self.here.items()):
                row = session.get(table, record_id)
                if row is None or getattr(row, attribute) == typed.value:
                    continue
                told = f"{attribute} {typed.value!r} typed here is {getattr(row, attribute)!r} now"
                # A person is shown there with the customer, and what is sent of it is on record there.
                records = [record_id, row.customer_id] if isinstance(row, ContactRow) else [record_id]
                self._explained(session, records, attribute, typed.value, typed, told)
                del self.here[table, record_id, attribute]
            if self.there:
                self._check_there(world, session)

    def _check_there(self, world: World, session: Session) -> None:
        ground = ground_of(world.office.platform, session, session.get_one(ConnectionRow, world.connection_id))
        family_of = ground.capabilities.family_of
        kinds = {family_of[kind]: kind for kind in ground.mappers if kind is not EntityKind.CONTACT}
        for (where, name), typed in list(self.there.items()):
            found = truth.entity_of(world.package.sandbox, where)
            if found is None:
                self.forget_there(where)
                continue
            now = ground.mappers[kinds[where[0]]].read(found, ground.reading).get(name)
            if now == typed.value:
                continue
            records = _records_of(session, world.connection_id, where)
            told = f"{name} {typed.value!r} typed there in {found.name} is {now!r} now"
            self._explained(session, records, name, value_to_json(typed.value), typed, told)
            del self.there[where, name]

    def _explained(
        self, session: Session, record_ids: Sequence[str], name: str, value: Any, typed: Typed, told: str
    ) -> None:
        """Require an event that shows the value as what was there before, and says why it went."""
        known = session.scalars(select(Event).where(Event.record_id.in_(record_ids))).all()
        events = [event for event in known if _says(event.before, name, value)]
        by_a_person = any(event.actor.startswith("user:") for event in events)
        # A run that lost its lease is followed by no look at both sides; what it sent or took in is on record.
        typed.seen |= any(
            _says(event.after, name, value)
            or (value is None and event.verb == "sent as new")  # blanks go without words
            for event in known
            if not event.actor.startswith("user:")
        )
        need(by_a_person or any(event.why for event in events), "nothing lost", f"{told}, and no event says why")
        need(by_a_person or typed.seen or name not in SHARED, "nothing lost", f"{told}, and nobody had seen it")


def _says(told: Any, name: str, value: Any) -> bool:
    return isinstance(told, dict) and name in told and _plain(name, told[name]) == _plain(name, value)


def _plain(name: str, value: Any) -> Any:
    """Return a value as both sides compare it: ours shows a phone as people write it."""
    return clean_phone(value) if name == "phone" and isinstance(value, str) else value


def _records_of(session: Session, connection_id: str, where: Where) -> list[str]:
    family, remote_id = where
    query = select(LinkRow.record_id).where(
        LinkRow.connection_id == connection_id, LinkRow.family == family.value, LinkRow.remote_id == remote_id
    )
    return list(session.scalars(query))
