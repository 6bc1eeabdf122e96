"""What the next sync of a connection would look at, found out without writing anything: for plans and forecasts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from service.core.ports import EntityKind, Ref
from service.ids import new_id
from service.store.queries import due, links, untied
from service.store.sync_models import ConnectionRow, LinkRow
from service.sync.cases import Ground, ground_of, needs_of
from service.sync.platform import Platform
from service.sync.waves import DOCUMENTS, Wave, deepest_of, documents_without_link, due_in, waves_of

_CHUNK = 500
_ALL = 1_000_000


def agenda_of(platform: Platform, session: Session, row: ConnectionRow) -> Agenda:
    """Return what the next sync of a connection would look at."""
    return Agenda(session, ground_of(platform, session, row), row, now=platform.clock())


class Agenda:
    """Links that are due, wave by wave, and the records that a sync would tie first; each is asked for once."""

    def __init__(self, session: Session, ground: Ground, row: ConnectionRow, *, now: datetime) -> None:
        """Find out of which kinds anything is due at all: mostly of none or few."""
        self.ground, self.waves = ground, waves_of(ground.capabilities, ground.kinds)
        self._session, self._row, self._now = session, row, now
        self._due = due.kinds_due(session, row.id, now=now)
        self._untied: dict[EntityKind, list[tuple[Ref, int | None]]] = {}
        self._counted: dict[Wave, int] = {}  #: links that are due, once they were counted

    def chunks(self, wave: Wave) -> Iterator[Sequence[LinkRow]]:
        """Yield the links of a wave: those that are due, then those that it would add first, which nobody saves."""
        most = self._counted.get(wave, _ALL) if wave.kind in self._due else 0
        given, after = 0, ""
        while given < most:
            rows = due_in(self._session, self._row.id, wave, now=self._now, after=after)
            if not rows:
                break
            given, after = given + len(rows), rows[-1].id
            yield rows
        new = [self._unsaved(ref) for ref in self.untied(wave)]
        for start in range(0, len(new), _CHUNK):
            yield new[start : start + _CHUNK]

    def waiting(self) -> list[tuple[Wave, list[tuple[str, bool]]]]:
        """Return the records of each wave that has any, each with whether it has a counterpart."""
        found = []
        for wave in self.waves:
            rows: list[tuple[str, bool]] = []
            if wave.kind in self._due:
                rows = due.due_records(
                    self._session, self._row.id, wave.kind, now=self._now, depth=wave.depth, retiring=wave.retiring
                )
            self._counted[wave] = len(rows)
            rows += [(ref.id, False) for ref in self.untied(wave)]
            if rows:
                found.append((wave, rows))
        return found

    def untied(self, wave: Wave) -> list[Ref]:
        """Return the records of a wave that a sync would tie to the connection for the first time."""
        if wave.retiring:
            return []
        if wave.kind not in self._untied:
            self._untied[wave.kind] = self._find_untied(wave.kind)
        return [ref for ref, depth in self._untied[wave.kind] if wave.depth in (None, depth)]

    def _find_untied(self, kind: EntityKind) -> list[tuple[Ref, int | None]]:
        session, ground, row = self._session, self.ground, self._row
        rule = row.settings.get("push", "all")
        if rule == "by_hand" or not ground.settings.sends(kind):
            return []
        left_out = ground.settings.left_out
        if kind is EntityKind.CUSTOMER:
            found = untied.customers(
                session,
                row,
                deepest=deepest_of(ground.capabilities, ground.settings),
                with_documents=rule == "with_documents",
                left_out=left_out,
                limit=_ALL,
            )
            return [(Ref(kind=kind, id=record_id), depth) for record_id, _, depth in found]
        if kind in DOCUMENTS:
            ids = documents_without_link(session, ground, row, kind, limit=_ALL)
            return [(Ref(kind=kind, id=record_id), None) for record_id in ids]
        invoices = untied.invoices(session, row, left_out=left_out, limit=_ALL)
        needs = needs_of(session, ground, EntityKind.INVOICE, invoices)
        people = {ref for found in needs.values() for ref in found if ref.kind is EntityKind.CONTACT}
        return [(ref, None) for ref in people - links.linked_ever(session, row.id, people)]

    def _unsaved(self, ref: Ref) -> LinkRow:
        """Return a link as the sync would add it."""
        return LinkRow(
            id=new_id(),
            organisation_id=self._row.organisation_id,
            connection_id=self._row.id,
            entity=ref.kind.value,
            record_id=ref.id,
            family=self.ground.capabilities.family_of[ref.kind].value,
            generation=1,
            wanted=1,
            confirmed=0,
            heard=0,
            settled=0,
            sequence=0,
        )
