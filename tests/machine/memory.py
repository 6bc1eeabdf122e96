"""What people typed, on either side: each value is still there, or an event says who overwrote it and by which rule.

A value that its own side typed over is that person's own doing and is forgotten here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.core.ports import EntityKind
from service.core.snapshot import FieldName, value_to_json
from service.store.accounts import Event
from service.store.records import ContactRow, CustomerRow, InvoiceRow
from service.store.sync_models import ConnectionRow, LinkRow
from service.sync.work import ground_of
from tests.machine import truth
from tests.machine.law import need
from tests.machine.truth import Where
from tests.machine.world import World

Table = type[CustomerRow] | type[ContactRow] | type[InvoiceRow]


@dataclass(slots=True)
class Memory:
    """The newest value of each field that somebody typed, by side."""

    here: dict[tuple[Table, str, str], Any] = field(default_factory=dict)
    there: dict[tuple[Where, FieldName], Any] = field(default_factory=dict)

    def typed_here(self, table: Table, record_id: str, attribute: str, value: Any) -> None:
        """Note what was typed into a field of ours."""
        self.here[table, record_id, attribute] = value

    def typed_there(self, where: Where, name: FieldName, value: Any) -> None:
        """Note what was typed into a field of theirs, as the mapper reads it."""
        self.there[where, name] = value

    def forget_there(self, *entities: Where) -> None:
        """Forget entities that the bookkeeper has given up."""
        for key in [key for key in self.there if key[0] in entities]:
            del self.there[key]

    def check(self, world: World) -> None:
        """Look for every value.

        :raises Breach: one is gone, and nothing says why.
        """
        with world.office.platform.database.read() as session:
            for (table, record_id, attribute), value in list(self.here.items()):
                row = session.get(table, record_id)
                if row is None or getattr(row, attribute) == value:
                    continue
                why = _overwritten(session, [record_id], attribute, value)
                need(why, "nothing lost", f"{attribute} {value!r} typed here is {getattr(row, attribute)!r} now")
                del self.here[table, record_id, attribute]
            if self.there:
                self._check_there(world, session)

    def _check_there(self, world: World, session: Session) -> None:
        ground = ground_of(world.office.platform, session, session.get_one(ConnectionRow, world.connection_id))
        family_of = ground.capabilities.family_of
        kinds = {family_of[kind]: kind for kind in ground.mappers if kind is not EntityKind.CONTACT}
        for (where, name), value in list(self.there.items()):
            found = truth.entity_of(world.package.sandbox, where)
            if found is None:
                self.forget_there(where)
                continue
            now = ground.mappers[kinds[where[0]]].read(found, ground.reading).get(name)
            if now == value:
                continue
            records = _records_of(session, world.connection_id, where)
            why = _overwritten(session, records, name, value_to_json(value))
            need(why, "nothing lost", f"{name} {value!r} typed there in {found.name} is {now!r} now")
            del self.there[where, name]


def _records_of(session: Session, connection_id: str, where: Where) -> list[str]:
    family, remote_id = where
    query = select(LinkRow.record_id).where(
        LinkRow.connection_id == connection_id, LinkRow.family == family.value, LinkRow.remote_id == remote_id
    )
    return list(session.scalars(query))


def _overwritten(session: Session, record_ids: Iterable[str], name: str, value: Any) -> bool:
    """Tell whether an event shows the value as what was there before, and says why it went."""
    events = session.scalars(select(Event).where(Event.record_id.in_(list(record_ids))))
    return any(
        isinstance(event.before, dict)
        and event.before.get(name) == value
        and (event.actor.startswith("user:") or event.why)
        for event in events
    )
