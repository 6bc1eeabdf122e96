"""What a person waits for overtakes bulk work: the run under way sends it next, between two of its batches.

One loop owns a connection, so that nothing is handed over: the loop that runs looks for requests before each batch and
while a batch waits for its turn, and sends what is asked for in calls of its own. What was decided before about the
same records is then no longer sent, because their links have had another intent since. A run that applies a plan does
the same: what a person asks for is no part of the plan, whose own records are still compared with it one by one.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from service.core.ports import EntityKind, Ref
from service.store.queries import links, urgents
from service.store.sync_models import ConnectionRow
from service.store.urgent_models import UrgentRow
from service.sync.cases import Ground, needs_of
from service.sync.names import Names
from service.sync.waves import run_wave, waves_of
from service.sync.work import Work

#: Kinds that a document needs to be there before it can be sent.
_FIRST = (EntityKind.CUSTOMER, EntityKind.CONTACT)


class Overtaking:
    """Sends what people asked for, whenever a run calls it between two batches."""

    def __init__(self, work: Work, ground: Ground, names: Names) -> None:
        """Bind to a pass of a run; ``names`` are those that the pass gives away itself."""
        self._work, self._ground, self._names = work, ground, names
        self._busy = False

    def __call__(self) -> None:
        """Send what is asked for, if anything is."""
        if self._busy or self._work.doubt:
            return
        with self._work.platform.database.read() as session:
            asked = urgents.waiting(session, self._work.connection_id)
        if not asked:
            return
        self._busy, self._work.urgent = True, True
        scope, self._work.scope = self._work.scope, None
        try:
            self._send(asked)
        finally:
            self._busy, self._work.urgent, self._work.scope = False, False, scope

    def _send(self, asked: Sequence[UrgentRow]) -> None:
        work = self._work
        with work.holding() as session:
            refs = _complete(session, self._ground, session.get_one(ConnectionRow, work.connection_id), asked)
        for wave in waves_of(work.capabilities, self._ground.kinds):
            only = {ref.id for ref in refs if ref.kind is wave.kind}
            if only and not work.doubt:
                run_wave(work, self._ground, self._names, wave, only=only)
        if not work.doubt:  # else the pass after the probe looks again
            with work.platform.database.write() as session:
                urgents.serve(session, [one.id for one in asked], run_id=work.run_id, now=work.platform.clock())


def _complete(session: Session, ground: Ground, connection: ConnectionRow, asked: Sequence[UrgentRow]) -> set[Ref]:
    """Return what is asked for with what it has to name there, each tied to the connection by a link."""
    refs = {Ref(kind=EntityKind(one.entity), id=one.record_id) for one in asked}
    needed = {
        ref
        for kind in (EntityKind.INVOICE, EntityKind.PAYMENT)
        if kind in ground.mappers
        for found in needs_of(session, ground, kind, [ref.id for ref in refs if ref.kind is kind]).values()
        for ref in found
        if ref.kind in _FIRST
    }
    for ref in sorted(needed - links.linked_ever(session, connection.id, needed), key=lambda ref: ref.id):
        links.add(session, connection, ref, ground.capabilities.family_of[ref.kind], hint="P")
    return refs | needed
